//go:build unix

package e2e_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// One invoice for every reason that Erply can show. Each stops itself only: the last one is paid.
func TestEveryReasonErplyCanShowIsReportedAndStopsNobodyElse(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	want := map[int64]reconcile.Reason{}

	noBill := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "10.00"})
	acme.paid(noBill, "10.00", "2026-03-01")
	want[noBill.IDN] = reconcile.NoBill

	twoBills, _ := acme.pair("20.00")
	acme.bill(twoBills)
	want[twoBills.IDN] = reconcile.AmbiguousBill

	disagree, _ := acme.pair("20.00")
	_, other := acme.pair("20.00")
	acme.RemoveInvoice(disagree.ID)
	disagree.ExternalID = strconv.FormatInt(other.ID, 10)
	disagree = acme.AddInvoice(disagree)
	want[disagree.IDN] = reconcile.AmbiguousBill

	dollars, dollarBill := acme.pair("30.00")
	acme.EditBill(dollarBill.ID, func(b *sandbox.Bill) { b.Currency = "USD" })
	acme.paid(dollars, "30.00", "2026-03-01")
	want[dollars.IDN] = reconcile.CurrencyMismatch

	cent, centBill := acme.pair("40.00")
	acme.EditBill(centBill.ID, func(b *sandbox.Bill) { b.Total = "40.01" })
	acme.paid(cent, "40.00", "2026-03-01")
	want[cent.IDN] = reconcile.TotalMismatch

	over, _ := acme.pair("50.00")
	acme.paid(over, "50.00", "2026-03-01")
	acme.paid(over, "50.00", "2026-03-20")
	want[over.IDN] = reconcile.Overpaid

	edited, editedBill := acme.pair("60.00")
	p := acme.paid(edited, "25.00", "2026-03-01")
	acme.record(editedBill, p, "20.00 EUR 2026-03-01")
	want[edited.IDN] = reconcile.AmountMismatch

	double, doubleBill := acme.pair("70.00")
	acme.AddPayment(sandbox.Payment{InvoiceID: double.ID, Amount: "35.00", Date: "2026-03-01", ExternalID: "er." + strconv.FormatInt(doubleBill.ID, 10) + ".paid"})
	acme.AddPayment(sandbox.Payment{InvoiceID: double.ID, Amount: "30.00", Date: "2026-03-01", ExternalID: "er." + strconv.FormatInt(doubleBill.ID, 10) + ".paid"})
	acme.setPaid(doubleBill, 1)
	want[double.IDN] = reconcile.DuplicatePayment

	unpaid, unpaidBill := acme.pair("80.00")
	q := acme.paid(unpaid, "80.00", "2026-03-01")
	acme.record(unpaidBill, q, "80.00 EUR 2026-03-01")
	want[unpaid.IDN] = reconcile.Reversed

	cancelled, cancelledBill := acme.pair("85.00")
	gone := acme.paid(cancelled, "85.00", "2026-03-01")
	acme.record(cancelledBill, gone, "85.00 EUR 2026-03-01")
	acme.setPaid(cancelledBill, 1)
	acme.CancelPayment(gone.ID)
	want[cancelled.IDN] = reconcile.Reversed

	list := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "90.00", PaidOverride: "45.00", Status: 4})
	acme.bill(list)
	acme.paid(list, "40.00", "2026-03-01")
	want[list.IDN] = reconcile.ListMismatch

	credit, _ := acme.pair("100.00")
	acme.AddPayment(sandbox.Payment{InvoiceID: credit.ID, Amount: "10.00", Date: "2026-03-01", LogicType: 3})
	want[credit.IDN] = reconcile.UnsupportedPayment

	draft, draftBill := acme.pair("110.00")
	acme.EditBill(draftBill.ID, func(b *sandbox.Bill) { b.Confirmed = 0 })
	acme.paid(draft, "110.00", "2026-03-01")
	want[draft.IDN] = reconcile.NotConfirmed

	absurd := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "12.345", PaidOverride: "0.00", Status: 2})
	acme.bill(absurd)
	want[absurd.IDN] = reconcile.Unreadable

	fine, fineBill := acme.pair("120.00")
	acme.paid(fine, "120.00", "2026-03-01")

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Exceptions, r.Outcome)
	got := map[int64]reconcile.Reason{}
	for _, row := range r.Rows {
		if row.Action == report.HasException {
			got[row.Invoice] = row.Reason
		}
	}
	require.Equal(t, want, got)
	require.Equal(t, 1, acme.writes(), "only the one that is fine was written")
	require.Equal(t, 1, acme.billNow(t, fineBill).Paid)
	require.Equal(t, 1, r.Created.ToERP)
	acme.quiet(t)

	again := f.run(t, workflows.Request{})
	require.Equal(t, r.Exceptions, again.Exceptions, "open exceptions stay open")
	require.Equal(t, 1, acme.writes())
	require.Less(t, again.Requests.Precoro, r.Requests.Precoro, "what has not changed is not read again")
}

// record writes one of our payment records on a bill.
func (c *company) record(bill sandbox.Bill, p sandbox.Payment, value string) {
	c.EditBill(bill.ID, func(b *sandbox.Bill) { b.Attributes["payrecon-"+strconv.FormatInt(p.ID, 10)] = value })
}

// What Erply cannot show, on an ERP with payment records.
func TestEveryReasonThatNeedsPaymentRecords(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	e := f.useRecordERP(acme, false)
	want := map[int64]reconcile.Reason{}

	similar := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "100.00"})
	acme.paid(similar, "40.00", "2026-03-01")
	e.add(t, "B1", similar.ID, "100.00",
		reconcile.Payment{ID: "B1-1", Amount: amount(t, "15.00"), Date: "2026-05-01"},
		reconcile.Payment{ID: "B1-2", Amount: amount(t, "25.00"), Date: "2026-05-01"},
		reconcile.Payment{ID: "B1-3", Amount: amount(t, "10.00"), Date: "2026-05-01"})
	want[similar.IDN] = reconcile.PossibleDuplicate

	twice := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "100.00"})
	p := acme.paid(twice, "50.00", "2026-03-01")
	key := "pr." + strconv.FormatInt(p.ID, 10)
	e.add(t, "B2", twice.ID, "100.00",
		reconcile.Payment{ID: "B2-1", Tag: key, Amount: amount(t, "50.00"), Date: "2026-03-01"},
		reconcile.Payment{ID: "B2-2", Tag: key, Amount: amount(t, "50.00"), Date: "2026-03-01"})
	want[twice.IDN] = reconcile.DuplicatePayment

	failed := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "100.00"})
	q := acme.paid(failed, "50.00", "2026-03-01")
	e.add(t, "B3", failed.ID, "100.00",
		reconcile.Payment{ID: "B3-1", Tag: "pr." + strconv.FormatInt(q.ID, 10), Amount: amount(t, "50.00"), Date: "2026-03-01", Cancelled: true})
	want[failed.IDN] = reconcile.Reversed

	declined := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "100.00"})
	acme.paid(declined, "50.00", "2026-03-01")
	e.add(t, "B4", declined.ID, "100.00")
	want[declined.IDN] = reconcile.Rejected

	silent := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "100.00"})
	acme.paid(silent, "60.00", "2026-03-01")
	e.add(t, "B5", silent.ID, "100.00")
	want[silent.IDN] = reconcile.Unverified

	// Invoices are written in the order of their numbers: B4, then B5 three times.
	e.outcomes = []outcome{refusedOutcome, unknownOutcome, unknownOutcome, unknownOutcome}

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Exceptions, r.Outcome)
	got := map[int64]reconcile.Reason{}
	for _, row := range r.Rows {
		got[row.Invoice] = row.Reason
	}
	require.Equal(t, want, got)
	require.Empty(t, e.orders)
	require.Zero(t, acme.writes())
	require.Contains(t, rowsOf(r, declined)[0].Note, "the period is closed", "the other side's words are kept")
}

func TestEqualUntaggedPaymentsAreAdoptedNotCreatedAgain(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	e := f.useRecordERP(acme, true)
	inv := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "100.00"})
	first := acme.paid(inv, "30.00", "2026-03-01")
	second := acme.paid(inv, "30.00", "2026-03-01")
	acme.paid(inv, "20.00", "2026-03-20")
	e.add(t, "B1", inv.ID, "100.00",
		reconcile.Payment{ID: "B1-1", Amount: amount(t, "30.00"), Date: "2026-03-03"},
		reconcile.Payment{ID: "B1-2", Amount: amount(t, "30.00"), Date: "2026-03-02"})

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, []int{2, 1, 0}, []int{r.Adopted, r.Created.ToERP, r.Created.ToPrecoro})
	tags := map[string]bool{}
	for _, p := range e.now("B1").Payments {
		tags[p.Tag] = true
	}
	require.Contains(t, tags, "pr."+strconv.FormatInt(first.ID, 10))
	require.Contains(t, tags, "pr."+strconv.FormatInt(second.ID, 10))
	require.Equal(t, "80.00 EUR", e.now("B1").Paid.String())
	require.Zero(t, acme.writes(), "one tag suffices, and the ERP holds it")
}
