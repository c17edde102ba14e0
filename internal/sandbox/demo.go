package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// Demo fills a world with that many invoices in every state that matters; the same seed gives the same world. There are
// about 30 states and at least one invoice of each, if there are as many invoices. An invoice's Name says its state. The
// company's start date is 2026-01-01, the attribute that links a bill is "precoroInvoiceID" and holds the invoice's id.
func Demo(seed int64, invoices int) func(*Sandbox) {
	return func(s *Sandbox) {
		d := &demo{sandbox: s, random: rand.New(rand.NewPCG(uint64(seed), 2026))} //nolint:gosec // a demo is to be repeatable
		for _, state := range d.plan(invoices) {
			d.name = state.name
			d.day = d.random.IntN(60)
			state.build(d)
			d.built++
		}
	}
}

// demo builds one invoice after another.
type demo struct {
	sandbox *Sandbox
	random  *rand.Rand
	name    string
	day     int // of the invoice, after 2026-01-05
	built   int
	lastIDN int64
}

// demoState is one state that an invoice can be in, and how often it is among a hundred or so.
type demoState struct {
	name   string
	weight int
	build  func(*demo)
}

var demoStates = []demoState{
	{"in sync, paid", 40, (*demo).inSyncPaid},
	{"in sync, unpaid", 14, func(d *demo) { d.bill(d.invoice(), nil) }},
	{"in sync, partly paid", 8, (*demo).inSyncPartly},
	{"in sync, created from the paid flag", 4, (*demo).inSyncDerived},
	{"missing in the ERP", 8, (*demo).missingInERP},
	{"missing in the ERP, a part", 4, (*demo).missingPart},
	{"missing in the ERP, two equal on a day", 3, (*demo).twoEqual},
	{"missing in the ERP, one of two known", 3, (*demo).oneOfTwo},
	{"missing in the ERP, yen", 1, (*demo).yen},
	{"missing in the ERP, linked by the invoice", 4, (*demo).linkedByInvoice},
	{"missing in Precoro", 8, (*demo).missingInPrecoro},
	{"missing in Precoro, linked by the invoice", 3, (*demo).paidLinkedByInvoice},
	{"missing in Precoro, the rest", 3, (*demo).missingRest},
	{"adoption: paid on both sides, not recorded", 3, (*demo).unrecorded},
	{"unlinked", 4, func(d *demo) { d.invoice() }},
	{"no bill", 2, func(d *demo) { d.payAll(d.invoice()) }},
	{"ambiguous: two bills", 1, (*demo).twoBills},
	{"ambiguous: the links disagree", 1, (*demo).linksDisagree},
	{"currency mismatch", 1, (*demo).currencyMismatch},
	{"total mismatch", 1, (*demo).totalMismatch},
	{"draft bill", 1, (*demo).draftBill},
	{"draft in Precoro", 1, func(d *demo) { d.bill(d.add(Invoice{Currency: "EUR", Status: 1}), nil) }},
	{"overpaid", 1, (*demo).overpaid},
	{"duplicate payment", 1, (*demo).duplicate},
	{"reversed in Precoro", 1, (*demo).reversedInPrecoro},
	{"reversed in the ERP", 1, (*demo).reversedInERP},
	{"amount mismatch", 1, (*demo).amountMismatch},
	{"list mismatch", 1, (*demo).listMismatch},
	{"unsupported payment", 1, (*demo).unsupported},
	{"before the start", 2, (*demo).beforeStart},
	{"credit note", 2, func(d *demo) { d.add(Invoice{Currency: "EUR", LogicType: 1}) }},
	{"split-cost child", 2, func(d *demo) { d.add(Invoice{Currency: "EUR", ParentIDN: d.lastIDN}) }},
}

// plan takes every state once and then by weight, in random order; the first stays first, so that a split-cost child has
// a parent.
func (d *demo) plan(invoices int) []demoState {
	var weighted, states []demoState
	for _, state := range demoStates {
		for range state.weight {
			weighted = append(weighted, state)
		}
	}
	for n := range invoices {
		if n < len(demoStates) {
			states = append(states, demoStates[n])
			continue
		}
		states = append(states, weighted[d.random.IntN(len(weighted))])
	}
	if len(states) > 1 {
		rest := states[1:]
		d.random.Shuffle(len(rest), func(a, b int) { rest[a], rest[b] = rest[b], rest[a] })
	}
	return states
}

func (d *demo) invoice() Invoice { return d.add(Invoice{Currency: "EUR"}) }

func (d *demo) add(in Invoice) Invoice {
	in.Name = fmt.Sprintf("%d: %s", d.built+1, d.name)
	in.Created = time.Date(2026, 1, 5, 9, 0, d.built, 0, time.UTC).AddDate(0, 0, d.day)
	if in.Total == "" {
		in.Total = d.amount(2000, 500_000)
	}
	added := d.sandbox.AddInvoice(in)
	if in.ParentIDN == 0 && in.LogicType == 0 {
		d.lastIDN = added.IDN
	}
	return added
}

// amount is an even number of cents, so that it has two halves.
func (d *demo) amount(from, to int64) string { return cents((from + d.random.Int64N(to-from)) / 2 * 2) }

func cents(n int64) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// part is a share of an amount of whole cents.
func part(amount string, of, divisor int64) string {
	whole, err := strconv.ParseInt(amount[:len(amount)-3]+amount[len(amount)-2:], 10, 64)
	if err != nil {
		return "0.00"
	}
	return cents(whole * of / divisor)
}

// bill is the confirmed bill of the invoice, linked by its attribute, with what edit makes of it.
func (d *demo) bill(i Invoice, edit func(*Bill)) Bill {
	b := Bill{
		Type: "PRCINVOICE", Number: i.Number, Currency: i.Currency, Total: i.Total, Confirmed: 1, SupplierID: 3 + i.ID%5,
		Date: i.Created.Format(dayLayout), Added: i.Created.Unix(), ReferenceNumber: strconv.FormatInt(1_000_000+i.IDN, 10),
		Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(i.ID, 10)},
	}
	if i.ID%4 == 0 {
		b.Type = "PRCINVOICEONLY"
	}
	if edit != nil {
		edit(&b)
	}
	return d.sandbox.AddBill(b)
}

func (d *demo) pay(i Invoice, amount string) Payment { return d.payWith(i, Payment{Amount: amount}) }

func (d *demo) payAll(i Invoice) Payment { return d.pay(i, i.Total) }

// payWith pays some days after the invoice was made.
func (d *demo) payWith(i Invoice, p Payment) Payment {
	p.InvoiceID = i.ID
	p.Created = i.Created.AddDate(0, 0, 2+d.random.IntN(20))
	orText(&p.Date, p.Created.Format(dayLayout))
	return d.sandbox.AddPayment(p)
}

// recorded is the bill's attribute for a payment, as an earlier run would have left it.
func recorded(b *Bill, p Payment, amount, currency string) {
	b.Attributes["payrecon-"+strconv.FormatInt(p.ID, 10)] = amount + " " + currency + " " + p.Date
}

func (d *demo) inSyncPaid() {
	i := d.invoice()
	p := d.payAll(i)
	d.bill(i, func(b *Bill) { b.Paid = 1; recorded(b, p, i.Total, i.Currency) })
}

func (d *demo) inSyncPartly() {
	i := d.invoice()
	p := d.pay(i, part(i.Total, 1, 3))
	d.bill(i, func(b *Bill) { recorded(b, p, p.Amount, i.Currency) })
}

func (d *demo) inSyncDerived() {
	i := d.invoice()
	b := d.bill(i, func(b *Bill) { b.Paid = 1 })
	p := d.payWith(i, Payment{Amount: i.Total, ExternalID: derivedKey(b.ID), By: "api"})
	d.sandbox.EditBill(b.ID, func(b *Bill) { recorded(b, p, i.Total, i.Currency) })
}

func derivedKey(bill int64) string { return fmt.Sprintf("er.%d.paid", bill) }

func (d *demo) missingInERP() {
	i := d.invoice()
	d.payAll(i)
	d.bill(i, nil)
}

func (d *demo) missingInPrecoro() { d.bill(d.invoice(), func(b *Bill) { b.Paid = 1 }) }

func (d *demo) missingPart() {
	i := d.invoice()
	d.pay(i, part(i.Total, 1, 4))
	d.bill(i, nil)
}

func (d *demo) twoEqual() {
	i := d.invoice()
	first := d.pay(i, part(i.Total, 1, 2))
	d.payWith(i, Payment{Amount: first.Amount, Date: first.Date})
	d.bill(i, nil)
}

func (d *demo) oneOfTwo() {
	i := d.invoice()
	known := d.pay(i, part(i.Total, 1, 2))
	d.pay(i, part(i.Total, 1, 2))
	d.bill(i, func(b *Bill) { recorded(b, known, known.Amount, i.Currency) })
}

func (d *demo) yen() {
	i := d.add(Invoice{Currency: "JPY", Total: strconv.Itoa(1000 + d.random.IntN(90_000))})
	d.payAll(i)
	d.bill(i, nil)
}

func (d *demo) linkedByInvoice() { d.payAll(d.linkBack(d.invoice(), 0)) }

func (d *demo) paidLinkedByInvoice() { d.linkBack(d.invoice(), 1) }

// linkBack makes a bill that the invoice names, not the other way round.
func (d *demo) linkBack(i Invoice, paid int) Invoice {
	b := d.bill(i, func(b *Bill) { b.Attributes, b.Paid = nil, paid })
	d.sandbox.link(i.ID, b.ID)
	return i
}

// link sets an invoice's external ID as a person at work does.
func (s *Sandbox) link(invoice, bill int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.invoices[invoice].ExternalID = strconv.FormatInt(bill, 10)
}

func (d *demo) missingRest() {
	i := d.invoice()
	d.pay(i, part(i.Total, 1, 2))
	d.bill(i, func(b *Bill) { b.Paid = 1 })
}

func (d *demo) unrecorded() {
	i := d.invoice()
	d.payAll(i)
	d.bill(i, func(b *Bill) { b.Paid = 1 })
}

func (d *demo) twoBills() {
	i := d.invoice()
	d.payAll(i)
	d.bill(i, nil)
	d.bill(i, nil)
}

func (d *demo) linksDisagree() {
	i := d.invoice()
	d.payAll(i)
	d.bill(i, nil)
	d.linkBack(i, 0)
}

func (d *demo) currencyMismatch() {
	i := d.invoice()
	d.payAll(i)
	d.bill(i, func(b *Bill) { b.Currency = "USD" })
}

func (d *demo) totalMismatch() {
	i := d.invoice()
	d.pay(i, part(i.Total, 1, 2))
	d.bill(i, func(b *Bill) { b.Total = total("EUR", i.Total, "0.02") })
}

func (d *demo) draftBill() {
	i := d.invoice()
	d.payAll(i)
	d.bill(i, func(b *Bill) { b.Confirmed = 0 })
}

func (d *demo) overpaid() {
	i := d.invoice()
	d.pay(i, part(i.Total, 3, 4))
	d.pay(i, part(i.Total, 1, 2))
	d.bill(i, nil)
}

func (d *demo) duplicate() {
	i := d.invoice()
	b := d.bill(i, func(b *Bill) { b.Paid = 1 })
	for range 2 {
		d.payWith(i, Payment{Amount: part(i.Total, 1, 4), ExternalID: derivedKey(b.ID), By: "api"})
	}
}

func (d *demo) reversedInPrecoro() {
	i := d.invoice()
	p := d.pay(i, part(i.Total, 1, 2))
	d.bill(i, func(b *Bill) { recorded(b, p, p.Amount, i.Currency) })
	d.sandbox.CancelPayment(p.ID)
}

func (d *demo) reversedInERP() {
	i := d.invoice()
	p := d.payAll(i)
	d.bill(i, func(b *Bill) { recorded(b, p, i.Total, i.Currency) })
}

func (d *demo) amountMismatch() {
	i := d.invoice()
	p := d.pay(i, part(i.Total, 1, 2))
	d.bill(i, func(b *Bill) { recorded(b, p, part(i.Total, 1, 4), i.Currency) })
}

func (d *demo) listMismatch() {
	i := d.add(Invoice{Currency: "EUR", Total: "300.00", PaidOverride: "200.00"})
	d.pay(i, "100.00")
	d.bill(i, nil)
}

func (d *demo) unsupported() {
	i := d.invoice()
	d.payWith(i, Payment{Amount: part(i.Total, 1, 2), LogicType: 2})
	d.bill(i, nil)
}

func (d *demo) beforeStart() {
	i := d.invoice()
	d.payWith(i, Payment{Amount: part(i.Total, 1, 2), Date: "2025-12-15"})
	d.bill(i, nil)
}
