package reconcile

import "fmt"

// Match is what the documents alone say about one invoice, before any payment list is read.
type Match struct {
	Bill      *Bill // nil if there is none. It is the index's own: not to be changed
	Verdict   Verdict
	Exception *Exception // with the verdict Excepted; invoices may share one
	place     int32      // of the bill
}

// MatchAll finds the bill of every invoice and compares what the two say is paid. The matches stand in the order of the
// invoices. A bill that is found for several invoices is nobody's.
//
// It takes time in proportion to invoices and bills, whatever they carry, and allocates nothing for an invoice without
// exception.
func (l Linking) MatchAll(t Tolerance, invoices []Invoice, bills *Bills) []Match {
	return newMatcher(l, t, bills).match(invoices)
}

type matcher struct {
	*linker
	tolerance Tolerance
	claims    []int32 // how many invoices found the bill, by its place
	contested bool    // several found one
	fetched   int     // means nothing: it keeps the compiler from leaving fetchBills out
}

func newMatcher(l Linking, t Tolerance, bills *Bills) *matcher {
	return &matcher{linker: newLinker(l, bills), tolerance: t, claims: make([]int32, len(bills.all)+1)}
}

func (m *matcher) match(invoices []Invoice) []Match {
	matches := make([]Match, len(invoices))
	for from := 0; from < len(invoices); from += atOnce {
		to := min(from+atOnce, len(invoices))
		m.matchSome(invoices[from:to], matches[from:to])
	}
	if m.contested {
		m.contest(invoices, matches)
	}
	return matches
}

// matchSome takes few enough invoices that what was fetched for them is still near when it is used.
func (m *matcher) matchSome(invoices []Invoice, matches []Match) {
	m.fetchLinks(invoices)
	for i := range invoices {
		m.find(&invoices[i], &matches[i])
	}
	m.fetchBills(matches)
	for i := range invoices {
		m.judge(&invoices[i], &matches[i])
	}
}

func (m *matcher) fetchLinks(invoices []Invoice) {
	var keys [atOnce]int64
	for i := range invoices {
		keys[i] = m.key(&invoices[i])
	}
	m.bills.links.fetch(keys[:len(invoices)])
}

func (m *matcher) fetchBills(matches []Match) {
	for i := range matches {
		if bill := matches[i].Bill; bill != nil {
			m.fetched += bill.Total.Sign() + len(bill.Problem)
		}
	}
}

func (m *matcher) find(inv *Invoice, match *Match) {
	match.place, match.Exception = m.link(inv)
	if match.place != 0 {
		match.Bill = m.bills.at(match.place).Bill
	}
}

func (m *matcher) judge(inv *Invoice, match *Match) {
	if match.Bill != nil {
		m.claims[match.place]++
		m.contested = m.contested || m.claims[match.place] > 1
	}
	match.Verdict = Excepted
	if match.Exception == nil || inv.Problem != "" {
		match.Verdict, match.Exception = compare(m.tolerance, inv, match.Bill)
	}
}

// contest makes exceptions of the invoices that share a bill, unless they cannot even be read.
func (m *matcher) contest(invoices []Invoice, matches []Match) {
	said := map[int32]*Exception{}
	for i := range matches {
		match := &matches[i]
		if m.claims[match.place] < 2 || invoices[i].Problem != "" {
			continue
		}
		if said[match.place] == nil {
			said[match.place] = &Exception{AmbiguousBill, fmt.Sprintf("bill %s is the bill of %d invoices", match.Bill.ID, m.claims[match.place])}
		}
		match.Verdict, match.Exception = Excepted, said[match.place]
	}
}
