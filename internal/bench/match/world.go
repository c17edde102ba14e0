//go:build unix

package match

import (
	"math/rand/v2"
	"strconv"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// The shares of what comes up in a world, of 1000 invoices. The rest, 950, is in sync.
const (
	differing = 20
	unlinked  = 10 // no bill, and nothing is paid
	noBill    = 10
	twoBills  = 4 // carry the invoice
	disagree  = 2 // the invoice's link and the bill's
	contested = 2 // two invoices name one bill
	dollars   = 2 // the bill is in another currency
)

// Of linked invoices, in percent: those that only the invoice's field links, and those that both do.
const (
	byInvoice = 10
	byBoth    = 20
)

// world is what both sides list, the same for the same size, and the bills in no order. Invoice ids, document numbers and
// bill ids are numbers, as they are in both systems.
type world struct {
	invoices []reconcile.Invoice
	bills    []reconcile.Bill
}

type generator struct {
	world
	*rand.Rand
	contested string // a bill that one invoice names so far
}

func newWorld(size int) world {
	g := &generator{Rand: rand.New(rand.NewPCG(2026, uint64(size)))} //nolint:gosec // it has to be the same each time
	for range size {
		g.invoice()
	}
	g.Shuffle(len(g.bills), func(i, j int) { g.bills[i], g.bills[j] = g.bills[j], g.bills[i] })
	return g.world
}

func (g *generator) invoice() {
	total := 100 + g.Int64N(1_000_000)
	paid := total * g.Int64N(3) / 2 // nothing, half, or all
	inv := reconcile.Invoice{
		ID: int64(500_000 + 2*len(g.invoices)), IDN: int64(1 + len(g.invoices)), Status: reconcile.StatusPartlyPaid,
		Total: amount(total, "EUR"), Paid: amount(paid, "EUR"),
	}
	among, kind := 1000, g.IntN(1000)
	is := func(share int) bool {
		among -= share
		return kind >= among && kind < among+share
	}
	switch {
	case is(differing):
		g.link(&inv, amount(total, "EUR"), amount(total-paid+1, "EUR"))
	case is(unlinked):
		inv.Paid = amount(0, "EUR")
	case is(noBill):
		inv.Paid = inv.Total
	case is(twoBills):
		g.bill(inv, key(inv))
		g.bill(inv, key(inv))
	case is(disagree):
		inv.ExternalID = g.bill(inv, "")
		g.bill(inv, key(inv))
	case is(contested):
		if g.contested == "" {
			g.contested = g.bill(inv, "")
			inv.ExternalID = g.contested
		} else {
			inv.ExternalID, g.contested = g.contested, ""
		}
	case is(dollars):
		inv.Paid = inv.Total
		g.link(&inv, amount(total, "USD"), amount(total, "USD"))
	default:
		g.link(&inv, inv.Total, inv.Paid)
	}
	g.invoices = append(g.invoices, inv)
}

// link gives the invoice a bill of its own.
func (g *generator) link(inv *reconcile.Invoice, total, paid money.Amount) {
	of := *inv
	of.Total, of.Paid = total, paid
	switch how := g.IntN(100); {
	case how < byInvoice:
		inv.ExternalID = g.bill(of, "")
	case how < byInvoice+byBoth:
		inv.ExternalID = g.bill(of, key(of))
	default:
		g.bill(of, key(of))
	}
}

// bill adds one with the invoice's amounts, and returns its id.
func (g *generator) bill(of reconcile.Invoice, carries string) string {
	id := strconv.Itoa(8_000_000 + 3*len(g.bills))
	g.bills = append(g.bills, reconcile.Bill{ID: id, Link: carries, Total: of.Total, Paid: of.Paid, Confirmed: true})
	return id
}

func key(inv reconcile.Invoice) string { return strconv.FormatInt(inv.ID, 10) }

func amount(minor int64, currency money.Currency) money.Amount {
	a, err := money.FromMinor(minor, currency)
	if err != nil {
		return money.Amount{}
	}
	return a
}
