package workflows_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// What a hostile world may do between any two requests of a run.

// A quota holds the write for an hour; meanwhile the payment is cancelled in Precoro.
func TestPaymentCancelledDuringAQuotaWaitIsNotBooked(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("WriteBill", fault{err: kind(activities.NotSent, activities.SideERP, "quota", 55*time.Minute), meanwhile: func() {
		w.numbered(1042).payments[0].Cancelled = true
		w.numbered(1042).settle()
	}})
	w.run(t, apply())
	require.Empty(t, w.bill("B1042").Payments, "a payment cancelled 55 minutes ago was booked in the ERP")
}

// One invoice of the listing is gone when its payments are asked for.
func TestInvoiceThatIsGoneStopsNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00", payments{pay("5512", "120.00", "2026-03-10")}, nil)
	w.add(1043, "240.00", payments{pay("5513", "120.00", "2026-03-10")}, nil)
	w.on("ReadInvoice", fault{err: kind(activities.NotFound, activities.SidePrecoro, "Precoro: invoice 1042 not found", 0)})
	_, err := w.attempt(t, apply())
	require.NoError(t, err)
	require.Len(t, w.bill("B1043").Payments, 1)
}

// A bill disappears between a write and its read-back.
func TestBillThatIsGoneAtTheReadBackIsAnException(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.lists = true
	w.add(1042, "240.00", payments{pay("5512", "120.00", "2026-03-10")}, nil)
	w.add(1043, "240.00", payments{pay("5513", "120.00", "2026-03-10")}, nil)
	w.add(1044, "240.00", payments{pay("5514", "120.00", "2026-03-10")}, nil)
	w.on("ReadBill", fault{}, fault{}, fault{}, fault{err: kind(activities.NotFound, activities.SideERP, "gone", 0)})
	_, err := w.attempt(t, apply())
	require.NoError(t, err)
}

// What was planned as a key needs no cap, and must not turn into a payment.
func TestPlannedKeyNeverBecomesAPayment(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.lists = false
	w.settings.Caps.Payments = 0
	w.settings.ERP.KeepsKey = true
	w.add(1042, "240.00", payments{pay("5512", "120.00", "2026-03-10")}, payments{pay("E1", "120.00", "2026-03-10")})
	start := apply()
	start.Job.Scope = workflows.ScopeDeep
	w.on("ReadBill", fault{}, fault{meanwhile: func() { w.book(w.bill("B1042"), nil) }})
	w.run(t, start)
	require.Empty(t, w.writes())
}

// Two mismatches that cancel out are found by deep; the next full run must not forget them.
func TestExceptionBehindEqualTotalsStaysOpen(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00",
		payments{tagged(pay("1", "60.00", "2026-03-10"), "er.E1"), pay("2", "60.00", "2026-03-10")},
		payments{tagged(pay("E1", "50.00", "2026-03-10"), "pr.1"), tagged(pay("E2", "70.00", "2026-03-10"), "pr.2")})
	start := apply()
	start.Job.Scope = workflows.ScopeDeep
	end := w.run(t, start)
	require.Equal(t, report.Exceptions, end.Report.Outcome)
	end = w.run(t, w.after(end, apply()))
	require.Equal(t, report.Exceptions, end.Report.Outcome, "nothing changed, and nothing is open any more: %v", lines(end.Report))
}

// Nothing is under way while a quota is waited for.
func TestCancelledRunDoesNotWaitForAQuota(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("WriteBill", fault{err: kind(activities.NotSent, activities.SideERP, "quota", 20*time.Hour)})
	before := w.clock
	end := w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(env.CancelWorkflow, 5*time.Minute)
	})
	require.Equal(t, report.Stopped, end.Report.Outcome)
	require.Less(t, w.clock.Sub(before), time.Hour)
}

// The invoice names one bill, another bill names the invoice.
func TestLinksThatDisagreeAreSeenInEitherOrder(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.settings.Linking.Sides = []string{reconcile.LinkPrecoro, reconcile.LinkERP}
	w.add(1042, "240.00", payments{pay("5512", "120.00", "2026-03-10")}, nil) // bill B1042 carries the invoice's id
	w.bills = append(w.bills, &reconcile.Bill{ID: "B9", Total: eur("240.00"), Paid: eur("0.00"), Confirmed: true, Version: "1", PaymentsRead: true})
	w.numbered(1042).ExternalID = "B9"
	end := w.run(t, apply())
	require.Equal(t, []string{"1042 exception ambiguous_bill"}, lines(end.Report))
}

// Somebody links the bill to another invoice between decision and write.
func TestBillThatWasLinkedElsewhereIsNotPaid(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("ReadBill", fault{}, fault{meanwhile: func() { w.bill("B1042").Link = "99999"; w.bill("B1042").Version += "'" }})
	w.run(t, apply())
	require.Empty(t, w.writes())
}

// A full run has found the bill to be that of two invoices.
func TestSharedBillIsNotPaidByARunThatSeesOneOfItsInvoices(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.settings.Linking.Sides = []string{reconcile.LinkPrecoro}
	w.invoice(1042, "240.00", pay("5512", "120.00", "2026-03-10"))
	w.invoice(1043, "240.00", pay("5513", "120.00", "2026-03-11"))
	w.numbered(1042).ExternalID, w.numbered(1043).ExternalID = "B9", "B9"
	w.bills = append(w.bills, &reconcile.Bill{ID: "B9", Total: eur("240.00"), Paid: eur("0.00"), Confirmed: true, Version: "1", PaymentsRead: true})
	full := w.run(t, plan())
	start := w.after(full, apply())
	start.Job.Invoices = []int64{1042}
	w.run(t, start)
	require.Empty(t, w.writes())
}

// What is missing became more than was planned, while the write waited.
func TestWriteThatGrewIsLeftToTheNextRun(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.lists = true
	w.add(1042, "240.00", payments{}, payments{pay("E1", "120.00", "2026-03-10")})
	w.on("PostPayment", fault{err: kind(activities.NotSent, activities.SidePrecoro, "429", 0), meanwhile: func() {
		w.book(w.bill("B1042"), payments{pay("E1", "130.00", "2026-03-10")})
	}})

	end := w.run(t, apply())

	require.Equal(t, report.Exceptions, end.Report.Outcome, "it is not agreed")
	require.Equal(t, []int64{1042}, openOf(end))
	require.Len(t, end.Report.Notes, 1)
}

// Payloads end at 2 MiB.
func TestManyWritesFitIntoAContinuedRun(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.lists = true
	w.settings.Caps.Payments = 100000
	for i := range 4000 {
		idn := int64(100000 + i)
		w.invoice(idn, "12345.00", pay(fmt.Sprint(50000+idn), "12345.00", "2026-03-10"))
		w.bills = append(w.bills, &reconcile.Bill{ID: fmt.Sprint(idn), Link: fmt.Sprint(idn + 7000), Total: eur("12345.00"), Paid: eur("0.00"), Confirmed: true, Version: "1773480000", PaymentsRead: true})
	}
	_, err := w.attempt(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		env.SetTestTimeout(5 * time.Minute)
		env.SetCurrentHistoryLength(10_001)
	})
	next := continued(t, err)
	raw, _ := json.Marshal(next)
	require.Less(t, len(raw), 2<<20)
}

// Payloads end at 2 MiB.
func TestManyOpenExceptionsFitIntoAContinuedRun(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.lists = true
	const n = 2700
	for i := range n {
		idn := int64(100000 + i)
		w.invoice(idn, "12345.00", pay(fmt.Sprint(idn), "12345.00", "2026-03-10"))
		total := "12345.10"
		if i >= n-2 {
			total = "12345.00"
		}
		w.bills = append(w.bills, &reconcile.Bill{ID: fmt.Sprint(idn), Link: fmt.Sprint(idn + 7000), Total: eur(total), Paid: eur("0.00"), Confirmed: true, Version: "1773480000", PaymentsRead: true})
	}
	w.settings.Caps.Payments = 1
	first := w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) { env.SetTestTimeout(5 * time.Minute) })
	require.Equal(t, report.NeedsApproval, first.Report.Outcome)
	w.settings.Caps.Payments = 100
	_, err := w.attempt(t, w.after(first, apply()), func(env *testsuite.TestWorkflowEnvironment) {
		env.SetTestTimeout(5 * time.Minute)
		env.SetCurrentHistoryLength(10_001)
	})
	raw, _ := json.Marshal(continued(t, err))
	require.Less(t, len(raw), 2<<20)
}

// Somebody deletes the invoice while a post waits to be sent again.
func TestInvoiceThatIsGoneWhileItsWriteWaitsIsAnException(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.lists = true
	w.add(1042, "240.00", nil, payments{pay("E1", "120.00", "2026-03-10")})
	w.add(1043, "240.00", nil, payments{pay("E2", "120.00", "2026-03-10")})
	w.add(1044, "240.00", nil, payments{pay("E3", "120.00", "2026-03-10")})
	w.on("PostPayment", fault{}, fault{err: kind(activities.NotSent, activities.SidePrecoro, "429", 0), meanwhile: func() {
		w.invoices = append(w.invoices[:1:1], w.invoices[2:]...)
	}})
	_, err := w.attempt(t, apply())
	require.NoError(t, err)
}

// The credentials are refused after a payment was made.
func TestFailedRunStillTellsWhatItWrote(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.lists = true
	w.add(1042, "240.00", nil, payments{pay("E1", "120.00", "2026-03-10")})
	w.add(1043, "240.00", nil, payments{pay("E2", "120.00", "2026-03-10")})
	w.on("PostPayment", fault{}, fault{err: kind(activities.Unauthorized, activities.SidePrecoro, "401", 0)})

	_, err := w.attempt(t, apply())

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, "Unauthorized", application.Type())
	var end workflows.RunEnd
	require.NoError(t, application.Details(&end))
	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00"}, lines(end.Report))
	require.Equal(t, []int64{1043}, openOf(end), "the rest is looked at by the next run")
}

// Somebody puts their own key on the payment while ours waits for a quota.
func TestForeignKeyThatAppearsIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.settings.ERP.Tags = false
	w.add(1042, "240.00", payments{pay("1", "60.00", "2026-03-10"), pay("2", "10.00", "2026-03-10")}, payments{pay("E1", "60.00", "2026-03-10"), pay("E2", "20.00", "2026-03-10")})
	w.numbered(1042).payments = w.numbered(1042).payments[:1]
	w.numbered(1042).settle()
	w.on("TagPayment", fault{err: kind(activities.Throttled, activities.SidePrecoro, "429", 5*time.Hour), meanwhile: func() {
		w.numbered(1042).payments[0].Tag = "INV-BOOK-77"
	}})
	w.run(t, apply())
	require.Equal(t, "INV-BOOK-77", w.numbered(1042).payments[0].Tag)
}

// The run was reset to its beginning: what its predecessor had sent may still take effect.
func TestResetRunLetsItsPredecessorSettle(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.settings.Reset = true

	w.run(t, apply())

	require.GreaterOrEqual(t, w.events[0].at, w.settings.Settle)
}

// Somebody edits the bill after a payment of the same invoice was adopted in Precoro.
func TestAdoptionIsRememberedWhenTheRestIsDecidedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.settings.ERP.Tags = false
	w.add(1042, "240.00", payments{pay("1", "60.00", "2026-03-10"), pay("2", "40.00", "2026-03-10")}, payments{pay("E1", "60.00", "2026-03-10")})
	w.on("ReadBill", fault{}, fault{meanwhile: func() { w.bill("B1042").Version += "'" }})

	end := w.run(t, apply())

	require.Equal(t, report.Agreed, end.Report.Outcome, end.Report.Notes)
	require.Equal(t, 1, end.Report.Adopted)
	require.Equal(t, 1, end.Report.Created.ToERP)
}

// Somebody links the bill elsewhere after it was found, and before its payments are read.
func TestBillThatWasLinkedElsewhereWhileItWasReadIsNotPaid(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("ReadBill", fault{meanwhile: func() { w.bill("B1042").Link = "99999"; w.bill("B1042").Version += "'" }})
	end := w.run(t, apply())
	require.Empty(t, w.writes())
	require.Equal(t, []string{"1042 exception ambiguous_bill"}, lines(end.Report))
}
