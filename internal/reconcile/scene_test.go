package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// scene is one invoice and its bill, both of 100.00 EUR unless a test changes them. What is paid follows from the payments.
type scene struct {
	policy       reconcile.Policy
	inv          reconcile.Invoice
	bill         reconcile.Bill
	precoro, erp []reconcile.Payment
}

// change is what one test needs to be otherwise.
type change func(*scene)

func newScene(precoro, erp []reconcile.Payment, changes ...change) scene {
	s := scene{
		policy:  reconcile.Policy{Start: "2026-01-01", AdoptDays: 7, Direction: reconcile.Both, TagsERP: true, Today: "2026-04-01"},
		inv:     reconcile.Invoice{ID: 7, IDN: 1042, Status: reconcile.StatusApproved, Total: eur("100")},
		bill:    reconcile.Bill{ID: "8842", Link: "7", Total: eur("100"), Confirmed: true, PaymentsRead: true},
		precoro: precoro,
		erp:     erp,
	}
	s.inv.Paid, s.bill.Paid = sum(s.precoro), sum(s.erp)
	for _, change := range changes {
		change(&s)
	}
	return s
}

func (s scene) decide() reconcile.Decision {
	s.bill.Payments = s.erp
	return reconcile.Decide(s.policy, s.inv, s.precoro, s.bill)
}

// told is a decision in words, one clause for each thing in it, in order.
func told(d reconcile.Decision) string {
	var clauses []string
	if d.Exception != nil {
		clauses = append(clauses, "exception "+string(d.Exception.Reason))
	}
	for _, w := range d.Writes {
		side := map[reconcile.Direction]string{reconcile.ToERP: "ERP", reconcile.ToPrecoro: "Precoro"}[w.Direction]
		clause := fmt.Sprintf("create %s %s of %s in %s", w.Key, w.Amount, w.Date, side)
		if w.Adopt {
			clause = fmt.Sprintf("tag %s with %s in %s", w.Target, w.Key, side)
		}
		if w.TagBack {
			clause += " and tag " + w.Source + " back"
		}
		clauses = append(clauses, clause)
	}
	if d.BeforeStart > 0 {
		clauses = append(clauses, fmt.Sprintf("%d before the start", d.BeforeStart))
	}
	if d.OtherDirection > 0 {
		clauses = append(clauses, fmt.Sprintf("%d in the other direction", d.OtherDirection))
	}
	if len(clauses) == 0 {
		return "nothing"
	}
	return strings.Join(clauses, "; ")
}

// tale is a scene and what comes of it.
type tale struct {
	name         string
	precoro, erp []reconcile.Payment
	changes      []change
	want         string
}

func tell(t *testing.T, tales []tale) {
	t.Helper()
	for _, c := range tales {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newScene(c.precoro, c.erp, c.changes...).decide()
			require.Equal(t, c.want, told(d), "%+v", d.Exception)
		})
	}
}

type payments = []reconcile.Payment

// pay is a payment of so many euros.
func pay(id, amount string, day money.Date, more ...func(*reconcile.Payment)) reconcile.Payment {
	p := reconcile.Payment{ID: id, Amount: eur(amount), Date: day}
	for _, set := range more {
		set(&p)
	}
	return p
}

func tagged(tag string) func(*reconcile.Payment) {
	return func(p *reconcile.Payment) { p.Tag = tag }
}

func known(ref string) func(*reconcile.Payment) {
	return func(p *reconcile.Payment) { p.Ref = ref }
}

func cancelled(p *reconcile.Payment)   { p.Cancelled = true }
func unsupported(p *reconcile.Payment) { p.Unsupported = true }

func broken(p *reconcile.Payment) { p.Problem, p.Amount = "sum: is not a number", money.Amount{} }

func in(currency money.Currency) func(*reconcile.Payment) {
	return func(p *reconcile.Payment) { p.Amount = of(p.Amount.Number(), currency) }
}

// paidFlag is what a paid flag says beyond the records.
func paidFlag(amount string) reconcile.Payment {
	return reconcile.Payment{ID: "8842.paid", Amount: eur(amount), Derived: true}
}

func totals(invoice, bill string) change {
	return func(s *scene) { s.inv.Total, s.bill.Total = eur(invoice), eur(bill) }
}

func tolerance(amount string) change {
	return func(s *scene) { s.policy.Tolerance = reconcile.Tolerance{"EUR": eur(amount)} }
}

func direction(d reconcile.Direction) change { return func(s *scene) { s.policy.Direction = d } }

func draft(s *scene)      { s.bill.Confirmed = false }
func holdsNoTag(s *scene) { s.policy.TagsERP = false }

func eur(text string) money.Amount { return of(text, "EUR") }

// of is for amounts that are written down here: one that is none stands out as the zero value.
func of(text string, currency money.Currency) money.Amount {
	amount, err := currency.Parse(text)
	if err != nil {
		return money.Amount{}
	}
	return amount
}

// sum is what counts of a list in euros.
func sum(list []reconcile.Payment) money.Amount {
	total := eur("0")
	for _, p := range list {
		if p.Cancelled || p.Pending != "" {
			continue
		}
		if more, err := total.Add(p.Amount); err == nil {
			total = more
		}
	}
	return total
}
