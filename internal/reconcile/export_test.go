package reconcile

// MatchAllCounting is MatchAll, and how many bills it went through to say which ones carry the same link.
func MatchAllCounting(l Linking, t Tolerance, invoices []Invoice, bills *Bills) (matches []Match, passed int) {
	m := newMatcher(l, t, bills)
	return m.match(invoices), m.passed
}

// Searches is how many ids and links the index holds, and how many slots are looked at to find each of them once.
func (b *Bills) Searches() (numbers, slots int) {
	for _, t := range []*table{b.ids, b.links} {
		size := uint64(len(t.slots))
		for i, s := range t.slots {
			if s.first != 0 {
				numbers++
				slots += int((uint64(i)-t.home(s.key)+size)%size) + 1
			}
		}
	}
	return numbers, slots
}
