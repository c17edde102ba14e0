package sandbox

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Scale fills an empty world with that many invoices, each with its bill, of which exactly `differing` lack a payment on one
// side: every other one is paid in Precoro and not recorded in the ERP, the rest carry Erply's paid flag and no payment in
// Precoro. Of the others 85 in 100 are paid and recorded, one in ten of them by two payments; the rest are unpaid. It is for
// worlds that are larger than life: nothing in them is wrong but what is missing, and nothing was touched since
// 2026-04-01. Names and linking are those of Demo; the same seed gives the same world.
func Scale(seed int64, invoices, differing int) func(*Sandbox) {
	return func(s *Sandbox) {
		d := &demo{sandbox: s, random: rand.New(rand.NewPCG(uint64(seed), 2026))} //nolint:gosec // a world is to be repeatable
		differs := make([]bool, invoices)
		for _, n := range d.random.Perm(invoices)[:min(max(differing, 0), invoices)] {
			differs[n] = true
		}
		made := 0
		for n := range invoices {
			state := d.agreeing()
			if differs[n] {
				state = missingStates[made%len(missingStates)]
				made++
			}
			d.name, d.day = state.name, d.random.IntN(60)
			state.build(d)
			s.rest(d.lastIDN)
			d.built++
		}
	}
}

var missingStates = []demoState{
	{name: "missing in the ERP", build: (*demo).missingInERP},
	{name: "missing in Precoro", build: (*demo).missingInPrecoro},
}

// agreeing is a state in which nothing is missing.
func (d *demo) agreeing() demoState {
	switch n := d.random.IntN(1000); {
	case n < 765:
		return demoState{name: "in sync, paid", build: (*demo).inSyncPaid}
	case n < 850:
		return demoState{name: "in sync, paid by two", build: (*demo).inSyncTwice}
	default:
		return demoState{name: "in sync, unpaid", build: func(d *demo) { d.bill(d.invoice(), nil) }}
	}
}

func (d *demo) inSyncTwice() {
	i := d.invoice()
	first, second := d.pay(i, part(i.Total, 1, 2)), d.pay(i, part(i.Total, 1, 2))
	d.bill(i, func(b *Bill) {
		b.Paid = 1
		recorded(b, first, first.Amount, i.Currency)
		recorded(b, second, second.Amount, i.Currency)
	})
}

// rest lets an invoice have been touched last when its last payment was made.
func (s *Sandbox) rest(idn int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.world.invoiceByIDN[idn]
	i.Updated = i.Created
	for _, p := range s.world.paymentsOf[i.ID] {
		if p.Created.After(i.Updated) {
			i.Updated = p.Created
		}
	}
}

// Pay lets people pay that many unpaid invoices of a world of Scale now, in turns in Precoro alone and in Erply alone. The same
// seed takes the same ones of the same world. It is an alarm if fewer are unpaid.
func Pay(seed int64, invoices int) func(*Sandbox) {
	return func(s *Sandbox) {
		unpaid := s.unpaid()
		if len(unpaid) < invoices {
			s.mu.Lock()
			s.ledger.alarm("Pay: %d invoices are to be paid, and %d are unpaid", invoices, len(unpaid))
			s.mu.Unlock()
		}
		random := rand.New(rand.NewPCG(uint64(seed), 2027)) //nolint:gosec // a world is to be repeatable
		random.Shuffle(len(unpaid), func(a, b int) { unpaid[a], unpaid[b] = unpaid[b], unpaid[a] })
		for n, pair := range unpaid[:min(invoices, len(unpaid))] {
			if n%2 == 0 {
				s.AddPayment(Payment{InvoiceID: pair.invoice, Amount: pair.total})
			} else {
				s.EditBill(pair.bill, func(b *Bill) { b.Paid = 1 })
			}
		}
	}
}

// linkedPair is an invoice and its bill.
type linkedPair struct {
	invoice, bill int64
	total         string
}

// unpaid are the linked pairs, by the invoice's id, of which neither half knows of a payment.
func (s *Sandbox) unpaid() []linkedPair {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pairs []linkedPair
	for _, b := range s.world.bills.byID {
		id, err := strconv.ParseInt(b.Attributes["precoroInvoiceID"], 10, 64)
		i := s.world.invoices[id]
		if err == nil && i != nil && i.Status == statusApproved && b.Paid == 0 && len(b.Attributes) == 1 {
			pairs = append(pairs, linkedPair{invoice: id, bill: b.ID, total: i.Total})
		}
	}
	slices.SortFunc(pairs, func(a, b linkedPair) int { return cmp.Compare(a.invoice, b.invoice) })
	return pairs
}
