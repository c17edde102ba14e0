package sandbox

// State is what the sandbox saw and holds, a copy. GET /_sandbox/state gives the same as JSON.
type State struct {
	// Requests counts by side and then by route ("GET /invoices/{idn}") or call ("savePurchaseDocument"). A bulk call of
	// Erply is one "bulk", and each of its parts counts as "bulk/<call>".
	Requests map[string]map[string]int `json:"requests"`
	// Throttled counts refusals by the real limiters (scripted ones are not the client's fault): in all by side
	// ("precoro"), and by limiter ("precoro second", "precoro overlap", "precoro same_get", "precoro hour", "precoro day",
	// "erply hour", "erply burst", "erply parallel").
	Throttled map[string]int `json:"throttled"`
	// ErplyTenths is what all Erply calls so far have cost, in tenths of a request.
	ErplyTenths int       `json:"erply_tenths"`
	Ledger      []Write   `json:"ledger"`
	Invoices    []Invoice `json:"invoices"` // by id
	Payments    []Payment `json:"payments"` // by id
	Bills       []Bill    `json:"bills"`    // by id
	// Alarms are a client's mistakes, in words: unknown parameters, wrong types, the trap, header fields that a save
	// changed without naming them.
	Alarms []string `json:"alarms"`
}

// State takes a snapshot.
func (s *Sandbox) State() State { return State{} }
