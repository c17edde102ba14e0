package workflows_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// two is a world with one payment missing on either side.
func two() *world {
	w := newWorld()
	w.add(1042, "240.00", payments{pay("5512", "120.00", "2026-03-10")}, nil)
	w.add(1043, "240.00", nil, payments{pay("E1", "80.00", "2026-03-10")})
	return w
}

func TestPlanWritesNothingAndSaysWhatItWould(t *testing.T) {
	t.Parallel()
	w := two()
	w.add(1044, "100.00", payments{pay("5513", "40.00", "2026-03-10"), pay("5514", "5.00", "2026-03-10")}, payments{pay("E2", "40.00", "2026-03-12")})

	end := w.run(t, plan())

	require.Empty(t, w.writes())
	require.Equal(t, []string{
		"1042 would_create to_erp pr.5512 120.00", "1043 would_create to_precoro er.E1 80.00",
		"1044 would_adopt to_erp pr.5513 40.00", "1044 would_create to_erp pr.5514 5.00",
	}, lines(end.Report))
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 2, ToPrecoro: 1}, end.Report.Created)
	require.Regexp(t, `^[0-9a-f]{16}$`, end.Report.Digest)
	require.Equal(t, report.Paid{Precoro: "120.00", ERP: "120.00"}, end.Report.Rows[0].After)
	require.Equal(t, workflows.ModePlan, end.Report.Mode)
}

func TestPlanOverTheCapsNeedsApprovalAndIsWrittenWithIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		caps activities.Caps
		note string
	}{
		"payments": {activities.Caps{Payments: 1}, "2 payments are more than the cap of 1"},
		"amount":   {activities.Caps{Payments: 500, Amount: capOf("199.99")}, "200.00 EUR are more than the cap of 199.99 EUR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := two()
			w.settings.Caps = test.caps

			over := w.run(t, apply())

			require.Equal(t, report.NeedsApproval, over.Report.Outcome)
			require.Equal(t, []string{test.note}, over.Report.Notes)
			require.Empty(t, w.writes())
			require.Equal(t, []string{"1042 would_create to_erp pr.5512 120.00", "1043 would_create to_precoro er.E1 80.00"}, lines(over.Report))

			approved := w.after(over, apply())
			approved.Job.Approve = over.Report.Digest
			end := w.run(t, approved)

			require.Equal(t, report.Agreed, end.Report.Outcome)
			require.Equal(t, report.ByDirection{ToERP: 1, ToPrecoro: 1}, end.Report.Created)
		})
	}
}

func capOf(amount string) map[money.Currency]money.Amount {
	return map[money.Currency]money.Amount{"EUR": eur(amount)}
}

func TestPlanWithinTheCapsNeedsNoApproval(t *testing.T) {
	t.Parallel()
	w := two()
	w.settings.Caps = activities.Caps{Payments: 2, Amount: capOf("200.00")}
	w.add(1044, "100.00", payments{pay("5513", "40.00", "2026-03-10"), pay("5514", "0.01", "2026-01-01")}, payments{pay("E2", "40.00", "2026-03-12"), pay("E3", "0.01", "2026-01-01")})

	end := w.run(t, apply())

	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 1, ToPrecoro: 1}, end.Report.Created)
}

func TestApprovalOfAnotherPlanWritesNothing(t *testing.T) {
	t.Parallel()
	w := two()
	w.settings.Caps = activities.Caps{Payments: 1}
	over := w.run(t, apply())
	w.add(1044, "10.00", payments{pay("5513", "5.00", "2026-03-10")}, nil)
	approved := w.after(over, apply())
	approved.Job.Approve = over.Report.Digest

	end := w.run(t, approved)

	require.Equal(t, report.NeedsApproval, end.Report.Outcome)
	require.Empty(t, w.writes())
	require.NotEqual(t, over.Report.Digest, end.Report.Digest)
	require.Contains(t, end.Report.Notes, fmt.Sprintf("the plan is no longer the one approved (%s)", over.Report.Digest))
}

func TestApprovalOfAPlanThatIsDoneChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	start := apply()
	start.Job.Approve = "0123456789abcdef"

	end := w.run(t, start)

	require.Equal(t, report.Agreed, end.Report.Outcome)
}

func TestChosenDirectionIsTheOnlyOneWritten(t *testing.T) {
	t.Parallel()
	for direction, want := range map[reconcile.Direction][]string{
		reconcile.ToERP:     {"1042 created to_erp pr.5512 120.00"},
		reconcile.ToPrecoro: {"1043 created to_precoro er.E1 80.00"},
	} {
		t.Run(string(direction), func(t *testing.T) {
			t.Parallel()
			w := two()
			start := apply()
			start.Job.Direction = direction

			end := w.run(t, start)

			require.Equal(t, want, lines(end.Report))
			require.Len(t, w.writes(), 1)
			require.Equal(t, 1, end.Report.OtherDirection)
		})
	}
}

func TestInvoicesAreCountedByWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.invoice(1, "10.00")                                                                                   // unlinked
	w.invoice(2, "10.00", pay("11", "5.00", "2026-03-01"))                                                  // no bill
	w.add(3, "10.00", payments{pay("12", "5.00", "2026-03-01")}, payments{pay("E1", "5.00", "2026-03-01")}) // in sync
	w.add(4, "10.00", payments{pay("13", "5.00", "2025-12-31")}, nil)                                       // before the start
	w.invoice(5, "10.00")
	w.numbered(5).LeftOut = true
	w.add(6, "10.00", payments{pay("14", "5.00", "2026-03-01")}, nil) // draft
	w.bill("B6").Confirmed = false
	w.add(7, "10.00", nil, nil) // claimed twice
	w.invoice(8, "10.00")
	w.numbered(8).ExternalID = "B7"
	w.numbered(7).ExternalID = "B7"
	w.bill("B7").Link = ""
	w.invoice(9, "10.00")
	w.numbered(9).Problem = "sum is missing"

	end := w.run(t, apply())

	r := end.Report
	require.Equal(t, 8, r.Invoices)
	require.Equal(t, []int{1, 1, 1, 1}, []int{r.Unlinked, r.InSync, r.LeftOut, r.BeforeStart})
	require.Equal(t, report.Exceptions, r.Outcome)
	require.Equal(t, 1, r.Exceptions[reconcile.NoBill])
	require.Equal(t, 1, r.Exceptions[reconcile.NotConfirmed])
	require.Equal(t, 2, r.Exceptions[reconcile.AmbiguousBill])
	require.Equal(t, 1, r.Exceptions[reconcile.Unreadable])
	require.Empty(t, w.writes())
}

func TestInvoiceThatMovesOnWhileItIsReadIsLeftOut(t *testing.T) {
	t.Parallel()
	w := two()
	w.on("ReadInvoice", fault{meanwhile: func() { w.numbered(1042).Status = 7 }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1043 created to_precoro er.E1 80.00"}, lines(end.Report))
	require.Equal(t, []int{1, 1}, []int{end.Report.Invoices, end.Report.LeftOut})
}

func TestRunWaitsForTheLastOnesRequestsToFade(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ended time.Duration // before this run
		clean bool
		begin time.Duration
	}{
		"never":                       {0, false, 0},
		"by itself, just now":         {time.Second, true, sameGet - time.Second},
		"by itself, long ago":         {time.Hour, true, 0},
		"terminated, just now":        {time.Second, false, settle - time.Second},
		"terminated, some time ago":   {5 * time.Minute, false, settle - 5*time.Minute},
		"terminated, long ago enough": {settle, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			start := apply()
			if test.ended > 0 {
				start.Memory.LastEnd, start.Memory.LastClean = epoch.Add(-test.ended), test.clean
			}

			w.run(t, start)

			require.Equal(t, []event{{test.begin, "GET page 1"}}, w.events)
		})
	}
}

func TestReadIsRepeatedNoEarlierThanTheSameGetMayBe(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	passing := kind(activities.Unavailable, activities.SidePrecoro, "Precoro: unavailable: 502", 0)
	w.on("ListInvoices", fault{err: passing})
	w.on("ReadInvoice", fault{err: passing}, fault{err: passing})

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []event{
		{0, "GET page 1"},
		{sameGet, "GET page 1"},
		{sameGet, "find 1"},
		{sameGet, "GET 1042"},
		{2 * sameGet, "GET 1042"},
		{3 * sameGet, "GET 1042"},
		{3 * sameGet, "bill B1042"},
		{3 * sameGet, "POST 1042 er.E1 120.00"},
	}, w.events)
}

func throttled(limiter string, wait time.Duration) error {
	text := "Precoro: throttled by " + limiter
	return temporal.NewNonRetryableApplicationError(text, string(activities.Throttled), nil,
		activities.Failure{Side: activities.SidePrecoro, Text: text, Wait: wait, Limiter: limiter, Requests: 1})
}

func TestThrottledReadWaitsForItsQuotaAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.on("ListInvoices", fault{err: throttled("Daily limiter", 20*time.Hour)})

	end := w.run(t, apply())

	require.Equal(t, []event{{0, "GET page 1"}, {20 * time.Hour, "GET page 1"}}, w.events)
	require.Equal(t, []report.Wait{{Until: epoch.Add(20 * time.Hour), Why: "Precoro allows no more before: Daily limiter"}}, end.Report.Waits)
	require.Equal(t, 2, end.Report.Requests.Precoro)
}

func TestReadThatIsThrottledForADayAndAHalfEndsTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.on("ListInvoices", fault{err: throttled("Daily limiter", 20*time.Hour)}, fault{err: throttled("Daily limiter", 17*time.Hour)})

	end, err := w.attempt(t, apply())

	require.ErrorContains(t, err, "Precoro: throttled")
	require.Len(t, w.events, 2)
	require.Empty(t, end.Open)
}

func TestUnknownTimezoneEndsTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.settings.Timezone = "Mars/Olympus"

	_, err := w.attempt(t, apply())

	require.ErrorContains(t, err, `timezone: "Mars/Olympus" is not known on this worker`)
}

// suggested makes the history so long that the run has to continue as new.
func suggested(env *testsuite.TestWorkflowEnvironment) { env.SetCurrentHistoryLength(10_001) }

// Target: a history that grows too long. Injection: the server suggests to continue as new. Expected: between two invoices
// the rest is carried over, read again, and each payment is written once.
func TestContinuingAsNewCarriesTheRestAndReadsItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.settings.ERP.Tags = false
	for idn := int64(1); idn <= 3; idn++ {
		w.add(idn, "100.00", nil, payments{pay(fmt.Sprintf("E%d", idn), "10.00", "2026-03-10")})
	}
	w.invoice(4, "10.00", pay("5512", "5.00", "2026-03-01"))
	start := apply()
	start.Memory.Open = []workflows.OpenInvoice{{Invoice: 77, Reason: reconcile.NoBill}}

	_, err := w.attempt(t, start, suggested)
	next := continued(t, err)
	require.Equal(t, []string{"POST 1 er.E1 10.00"}, w.writes())
	require.True(t, next.Memory.KeepsKey, "what was learned is carried over")
	w.forget()
	_, err = w.attempt(t, next, suggested)
	require.Equal(t, []string{"GET 2", "bill B2", "POST 2 er.E2 10.00"}, w.sent())
	end := w.run(t, continued(t, err))

	require.Equal(t, []string{
		"1 created to_precoro er.E1 10.00", "2 created to_precoro er.E2 10.00", "3 created to_precoro er.E3 10.00", "4 exception no_bill",
	}, lines(end.Report))
	require.Equal(t, 4, end.Report.Invoices)
	require.Equal(t, 3, end.Report.Created.ToPrecoro)
	require.Equal(t, []int64{4}, openOf(end))
	require.Equal(t, report.Exceptions, end.Report.Outcome)
	require.True(t, end.KeepsKey)
	require.Equal(t, 9, end.Report.Requests.Precoro, "counted over all of it")
}

// Target: what only the first part of the run knew. Injection: as above, with a paid flag. Expected: the day is carried.
func TestPaidFlagIsDatedAfterContinuingAsNew(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for idn := int64(1); idn <= 2; idn++ {
		w.add(idn, "100.00", nil, payments{{ID: billOf(idn) + reconcile.DerivedSuffix, Amount: eur("100.00"), Derived: true}})
	}

	_, err := w.attempt(t, apply(), suggested)
	end := w.run(t, continued(t, err))

	require.Equal(t, []string{"1 created to_precoro er.B1.paid 100.00", "2 created to_precoro er.B2.paid 100.00"}, lines(end.Report))
	require.Equal(t, "2026-03-14", end.Report.Rows[1].Date)
}

func TestSettledInvoiceIsNotOpenAfterContinuingAsNew(t *testing.T) {
	t.Parallel()
	w := two()
	start := apply()
	start.Job.Invoices = []int64{1042, 1043}
	start.Memory.Open = []workflows.OpenInvoice{{Invoice: 1042, Reason: reconcile.Rejected}, {Invoice: 77, Reason: reconcile.NoBill}}

	_, err := w.attempt(t, start, suggested)
	end := w.run(t, continued(t, err))

	require.Equal(t, []int64{77}, openOf(end))
	require.Equal(t, []string{
		"77 exception no_bill", "1042 created to_erp pr.5512 120.00", "1043 created to_precoro er.E1 80.00",
	}, lines(end.Report), "by invoice")
}

func TestCancelledRunStopsBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	w := two()

	end := w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		w.on("ReadInvoice", fault{meanwhile: env.CancelWorkflow})
	})

	require.Equal(t, report.Stopped, end.Report.Outcome)
	require.Empty(t, w.writes())
}

// Target: a write that has begun. Injection: the run is cancelled while the answer to the post is lost. Expected: it is
// found and tagged back; the other invoices are left open.
func TestCancelledRunFinishesTheWriteThatHasBegun(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00", nil, payments{pay("E1", "120.00", "2026-03-10"), pay("E2", "60.00", "2026-03-11")})
	w.add(1043, "240.00", nil, payments{pay("E3", "80.00", "2026-03-10")})

	end := w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		w.on("PostPayment", fault{err: unknown(), landed: true, meanwhile: env.CancelWorkflow})
	})

	require.Equal(t, report.Stopped, end.Report.Outcome)
	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00"}, lines(end.Report))
	require.Equal(t, []string{"POST 1042 er.E1 120.00", "note B1042 pr.601 120.00"}, w.writes())
	require.Equal(t, []int64{1042, 1043}, openOf(end))

	next := w.run(t, w.after(end, apply()))

	require.Equal(t, []string{"1042 created to_precoro er.E2 60.00", "1043 created to_precoro er.E3 80.00"}, lines(next.Report))
	require.Empty(t, next.Open)
}

// Target: a stop while nobody knows. Injection: cancelled, and the post did not arrive. Expected: the check is made, and
// nothing more is sent.
func TestCancelledRunDoesNotSendAgain(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()

	end := w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		w.on("PostPayment", fault{err: unknown(), meanwhile: env.CancelWorkflow})
	})

	require.Equal(t, report.Stopped, end.Report.Outcome)
	require.Equal(t, []string{"0s POST 1042 er.E1 120.00", "10m0s GET 1042"}, w.tail()[:2])
	require.Len(t, w.writes(), 1)
	require.Equal(t, []int64{1042}, openOf(end))
}

func TestCancelledRunFinishesAWriteInTheERP(t *testing.T) {
	t.Parallel()
	w := two()

	end := w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		w.on("WriteBill", fault{meanwhile: env.CancelWorkflow})
	})

	require.Equal(t, report.Stopped, end.Report.Outcome)
	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Equal(t, []int64{1043}, openOf(end))
}

func TestCancelledRunStopsWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld()
	start := apply()
	start.Memory.LastEnd = epoch
	start.Memory.Open = []workflows.OpenInvoice{{Invoice: 77, Reason: reconcile.NoBill}, {Invoice: 78}}

	end := w.run(t, start, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	})

	require.Equal(t, report.Stopped, end.Report.Outcome)
	require.Empty(t, w.events)
	require.Equal(t, []int64{77, 78}, openOf(end), "what was open stays so")
	require.WithinDuration(t, epoch.Add(time.Minute), w.clock, 0)
}

// Target: the report of a run that stops early. Injection: cancelled after an invoice that was open was settled. Expected:
// it is not reported as open.
func TestStoppedRunDoesNotReportAsOpenWhatItSettled(t *testing.T) {
	t.Parallel()
	w := two()
	start := apply()
	start.Memory.Open = []workflows.OpenInvoice{{Invoice: 1042, Reason: reconcile.Rejected}}

	end := w.run(t, start, func(env *testsuite.TestWorkflowEnvironment) {
		w.on("WriteBill", fault{meanwhile: env.CancelWorkflow})
	})

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Equal(t, []int64{1043}, openOf(end))
}

// ambiguous is a world with an exception that payment lists decide.
func ambiguous() *world {
	w := newWorld()
	w.add(1042, "240.00", payments{pay("5512", "100.00", "2026-03-10")}, payments{pay("E1", "60.00", "2026-03-10"), pay("E2", "40.00", "2026-03-10"), pay("E3", "1.00", "2026-03-10")})
	return w
}

func TestOpenExceptionIsNotReadAgainWhileItsDocumentsStandStill(t *testing.T) {
	t.Parallel()
	w := ambiguous()
	first := w.run(t, apply())
	require.Equal(t, []string{"1042 exception possible_duplicate"}, lines(first.Report))
	w.clock = w.clock.Add(24 * time.Hour)
	w.forget()

	second := w.run(t, w.after(first, apply()))

	require.Equal(t, []string{"GET page 1", "find 1"}, w.sent())
	require.Equal(t, first.Report.Rows, second.Report.Rows)
	require.Equal(t, first.Open, second.Open, "open since then")
	require.Equal(t, report.Exceptions, second.Report.Outcome)
	require.Equal(t, 1, second.Report.Exceptions[reconcile.PossibleDuplicate])
}

func TestOpenExceptionIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world, *workflows.RunStart){
		"if a total moved":         func(w *world, _ *workflows.RunStart) { w.payInPrecoro(1042, pay("5513", "2.00", "2026-03-11")) },
		"if the bill was edited":   func(w *world, _ *workflows.RunStart) { w.bill("B1042").Version = "2" },
		"if the settings changed":  func(w *world, _ *workflows.RunStart) { w.settings.AdoptDays = 1 },
		"in a deep run":            func(_ *world, s *workflows.RunStart) { s.Job.Scope = workflows.ScopeDeep },
		"if the invoice is named":  func(_ *world, s *workflows.RunStart) { s.Job.Invoices = []int64{1042} },
		"in the other direction":   func(_ *world, s *workflows.RunStart) { s.Job.Direction = reconcile.ToERP },
		"if nothing is remembered": func(_ *world, s *workflows.RunStart) { s.Memory.Open = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ambiguous()
			first := w.run(t, apply())
			w.clock = w.clock.Add(24 * time.Hour)
			w.forget()
			start := w.after(first, apply())
			change(w, &start)

			w.run(t, start)

			require.Contains(t, w.sent(), "GET 1042")
		})
	}
}

func TestRejectedInvoiceIsTriedAgainByTheNextRun(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: kind(activities.Refused, activities.SidePrecoro, "Precoro: period closed", 0)})
	first := w.run(t, apply())
	require.Equal(t, []string{"1042 exception rejected"}, lines(first.Report))

	end := w.run(t, w.after(first, apply()))

	created(t, end)
	require.Empty(t, end.Open)
}

func TestDeepRunComparesListsBehindEqualTotals(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00",
		payments{tagged(pay("5512", "60.00", "2026-03-10"), "er.E1"), pay("5513", "40.00", "2026-03-10")}, payments{pay("E1", "50.00", "2026-03-10"), pay("E2", "50.00", "2026-03-10")})
	full := w.run(t, apply())
	require.Equal(t, 1, full.Report.InSync)

	start := w.after(full, apply())
	start.Job.Scope = workflows.ScopeDeep
	end := w.run(t, start)

	require.Equal(t, []string{"1042 exception amount_mismatch"}, lines(end.Report))
	require.Equal(t, workflows.ScopeDeep, end.Report.Scope)
}

func TestNamedInvoicesAreReadAloneAndOthersStayOpen(t *testing.T) {
	t.Parallel()
	w := two()
	w.invoice(1044, "10.00", pay("5513", "5.00", "2026-03-01"))
	first := w.run(t, plan())
	w.forget()
	start := w.after(first, apply())
	start.Job.Invoices = []int64{1043, 9999}

	end := w.run(t, start)

	require.Equal(t, []string{"GET 1043", "GET 9999", "find 1", "bill B1043", "POST 1043 er.E1 80.00"}, w.sent()[:5])
	require.Equal(t, "invoices", end.Report.Scope)
	require.Equal(t, 1, end.Report.Invoices)
	require.Equal(t, []string{"invoice 9999: Precoro has none of this number"}, end.Report.Notes)
	require.Equal(t, []string{"1043 created to_precoro er.E1 80.00", "1044 exception no_bill"}, lines(end.Report))
	require.Equal(t, []int64{1044}, openOf(end))
	require.Equal(t, report.Exceptions, end.Report.Outcome)
	require.Empty(t, w.bill("B1042").Payments, "not asked for")
}

func TestNamedInvoiceOfAnotherStatusIsLeftOut(t *testing.T) {
	t.Parallel()
	w := two()
	w.numbered(1042).Status = 1
	start := apply()
	start.Job.Invoices = []int64{1042}

	end := w.run(t, start)

	require.Equal(t, []string{"invoice 1042: has status 1; only 2 (approved), 4 (partly paid) and 5 (paid) take part"}, end.Report.Notes)
	require.Empty(t, w.writes())
	require.Equal(t, 1, end.Report.LeftOut)
}

func TestFullRunForgetsWhatIsSettled(t *testing.T) {
	t.Parallel()
	w := newWorld()
	start := apply()
	start.Memory.Open = []workflows.OpenInvoice{{Invoice: 77, Reason: reconcile.NoBill}}

	end := w.run(t, start)

	require.Empty(t, end.Open)
	require.Equal(t, report.Agreed, end.Report.Outcome)
}

func TestBillsAreLookedForByTheOtherLinkWhereTheFirstHasNone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00", payments{pay("5512", "120.00", "2026-03-10")}, nil)
	w.bill("B1042").Link = ""
	w.numbered(1042).ExternalID = "B1042"
	w.settings.ERP.Links = 1
	w.invoice(1043, "10.00")
	w.invoice(1044, "10.00")

	end := w.run(t, apply())

	require.Equal(t, []string{"GET page 1", "find 1", "find 1", "find 1", "find 1", "GET 1042"}, w.sent()[:6], "three by their key, one by the bill's id")
	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
}

func TestReportHoldsAtMostSoManyRows(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for idn := int64(1); idn <= report.MaxRows+30; idn++ {
		w.invoice(idn, "10.00", pay(fmt.Sprint(idn), "5.00", "2026-03-01"))
	}

	end := w.run(t, apply())

	require.Len(t, end.Report.Rows, report.MaxRows)
	require.True(t, end.Report.Truncated)
	require.Equal(t, report.MaxRows+30, end.Report.Exceptions[reconcile.NoBill])
	require.Len(t, end.Open, report.MaxRows+30)
}

func TestRowThatMovedToTheNextPageIsTakenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for idn := int64(1); idn <= 401; idn++ {
		w.invoice(idn, "10.00")
	}
	w.on("ListInvoices", fault{}, fault{meanwhile: func() {
		w.invoice(999, "10.00")
		w.invoices = append([]*invoice{w.numbered(999)}, w.invoices[:401]...)
	}})

	end := w.run(t, apply())

	require.Equal(t, 401, end.Report.Invoices, "the new one is the next run's")
	require.Equal(t, []string{"GET page 1", "GET page 2", "GET page 3"}, w.sent()[:3])
}

// Target: a listing that shrinks while it is read. Injection: a row of page 1 is removed after it was read. Expected: the
// row that moved left is not missed; the page before is read again, no earlier than it may be.
func TestRowThatMovedToThePageBeforeIsNotMissed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for idn := int64(1); idn <= 401; idn++ {
		w.invoice(idn, "10.00")
	}
	w.on("ListInvoices", fault{}, fault{meanwhile: func() { w.invoices = slices.Delete(w.invoices, 0, 1) }})

	end := w.run(t, apply())

	require.Equal(t, []event{{0, "GET page 1"}, {0, "GET page 2"}, {sameGet, "GET page 1"}, {sameGet, "GET page 2"}}, w.events[:4])
	require.Equal(t, 401, end.Report.Invoices)
	require.NotNil(t, w.numbered(201))
}

func TestProgressIsAnsweredWhileTheRunWaits(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown()})
	var seen workflows.Progress

	w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			answer, err := env.QueryWorkflow(workflows.QueryProgress)
			if err == nil {
				err = answer.Get(&seen)
			}
			if err != nil {
				w.wrong = append(w.wrong, err.Error())
			}
		}, time.Minute)
	})

	require.Equal(t, workflows.PhaseWrite, seen.Phase)
	require.Equal(t, "acme", seen.Company)
	require.Equal(t, 1, seen.Differing)
	require.Contains(t, seen.Waiting, "until 2026-03-14T09:10:00Z, because nobody knows yet whether the write took effect")
	require.Contains(t, seen.Details(), "### acme: writing payments")
}
