package workflows_test

import (
	"fmt"
	"slices"
	"strings"
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

// unknownSizes is a full run that knows nothing of the company yet.
func unknownSizes() workflows.RunStart {
	start := apply()
	start.Memory.Sizes = workflows.Sizes{}
	return start
}

// ways are the choices of a run in short.
func ways(r report.Report) []string {
	var all []string
	for _, w := range r.Ways {
		all = append(all, fmt.Sprintf("%s %s %d, not %s %d", w.What, w.Way, w.Cost, w.Instead, w.InsteadCost))
	}
	return all
}

// lookups are the requests to Precoro that only read.
func (w *world) lookups() []string {
	return slices.DeleteFunc(w.sent(), func(what string) bool { return !strings.HasPrefix(what, "GET ") })
}

func TestManyDifferencesAreReadFromTheListOfAllPayments(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn := range int64(3) {
		w.add(100+idn, "100.00", payments{pay(fmt.Sprint(5500+idn), "40.00", "2026-03-01"), pay(fmt.Sprint(5600+idn), "60.00", "2026-03-02")}, nil)
	}

	end := w.run(t, unknownSizes())

	require.Equal(t, report.ByDirection{ToERP: 6}, end.Report.Created)
	require.Equal(t, []string{"GET page 1", "GET payments 1"}, w.lookups())
	require.Contains(t, ways(end.Report), "payments by the list 1000, not one by one 3000")
	require.Equal(t, 6, end.Sizes.Payments)
}

func TestFewDifferencesAreReadOneByOne(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(100, "100.00", payments{pay("5500", "100.00", "2026-03-01")}, nil)

	end := w.run(t, unknownSizes())

	require.Equal(t, []string{"GET page 1", "GET 100"}, w.lookups())
	require.Contains(t, ways(end.Report), "payments one by one 1000, not by the list 1000")
}

// Target: a list that turns out longer than was thought. Injection: many payments that do not count, on one invoice. Expected: the
// rest of the list is not read.
func TestListThatTurnsOutLongIsGivenUp(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn := range int64(2) {
		w.add(100+idn, "100.00", payments{pay(fmt.Sprint(5500+idn), "100.00", "2026-03-01")}, nil)
	}
	var cancelled payments
	for n := range 900 {
		p := pay(fmt.Sprint(7000+n), "1.00", "2026-03-01")
		p.Cancelled = true
		cancelled = append(cancelled, p)
	}
	w.add(200, "100.00", cancelled, nil)

	end := w.run(t, unknownSizes())

	require.Equal(t, []string{"GET page 1", "GET payments 1", "GET 100", "GET 101"}, w.lookups())
	require.Contains(t, ways(end.Report), "payments one by one 2000, not by the list 5000")
	require.Equal(t, report.ByDirection{ToERP: 2}, end.Report.Created)
	require.Equal(t, 902, end.Sizes.Payments, "and the next run knows")
}

// Target: a payment made between the two readings. Injection: somebody pays once the invoices are listed. Expected: the list is
// not believed where it does not add up; the invoice is read by itself, and no exception is made of it.
func TestListIsBelievedOnlyWhereItAddsUp(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn := range int64(3) {
		w.add(100+idn, "100.00", payments{pay(fmt.Sprint(5500+idn), "40.00", "2026-03-01")}, nil)
	}
	w.on("ListPayments", fault{meanwhile: func() { w.payInPrecoro(101, pay("9", "60.00", "2026-03-14")) }})

	end := w.run(t, unknownSizes())

	require.Equal(t, []string{"GET page 1", "GET payments 1", "GET 101"}, w.lookups())
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 4}, end.Report.Created)
}

// Target: a list that nobody has promised. Injection: Precoro does not know it, or the user may not see it. Expected: a note, and
// the invoices one by one.
func TestWithoutAListOfPaymentsInvoicesAreReadOneByOne(t *testing.T) {
	t.Parallel()
	for _, refused := range []activities.Kind{activities.NotFound, activities.Refused, activities.Forbidden} {
		w := recordsWorld()
		for idn := range int64(3) {
			w.add(100+idn, "100.00", payments{pay(fmt.Sprint(5500+idn), "40.00", "2026-03-01")}, nil)
		}
		w.on("ListPayments", fault{err: kind(refused, activities.SidePrecoro, "Precoro: no such list", 0)})

		end := w.run(t, unknownSizes())

		require.Equal(t, []string{"GET page 1", "GET payments 1", "GET 100", "GET 101", "GET 102"}, w.lookups())
		require.Equal(t, report.ByDirection{ToERP: 3}, end.Report.Created)
		require.Equal(t, []string{"the list of all payments cannot be had, so that invoices are read one by one: Precoro: no such list"}, end.Report.Notes)
	}
}

func TestDeepRunComparesAllListsAtThePriceOfOne(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn := range int64(20) {
		w.add(100+idn, "100.00", payments{pay(fmt.Sprint(5500+idn), "40.00", "2026-03-01")}, payments{tagged(pay(fmt.Sprint("E", idn), "40.00", "2026-03-01"), fmt.Sprint("pr.", 5500+idn))})
	}
	// Equal totals hide that one payment was replaced by another.
	w.bill("B105").Payments[0].Tag = "pr.1"
	start := unknownSizes()
	start.Job.Scope = workflows.ScopeDeep

	end := w.run(t, start)

	require.Equal(t, []string{"GET page 1", "GET payments 1"}, w.lookups())
	require.Equal(t, []string{"105 exception possible_duplicate"}, lines(end.Report))
	require.Equal(t, 19, end.Report.InSync)
}

func TestBillsAreScannedWhereThatIsCheaper(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn := range int64(25) {
		w.add(100+idn, "10.00", nil, nil)
	}

	end := w.run(t, unknownSizes())

	require.Equal(t, []string{"GET page 1", "list bills ", "list bills 2", "list bills 3"}, w.sent())
	require.Equal(t, []string{"bills by scan 100, not by link 2500"}, ways(end.Report))
	require.Equal(t, 25, end.Report.InSync)
	require.Equal(t, 25, end.Sizes.Bills)
	require.Equal(t, report.Requests{Precoro: 1, ERP: 3, ERPCost: 300}, end.Report.Requests)
}

func TestFewInvoicesAmongManyBillsAreLookedUp(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]int{"known": 5000, "found out": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := recordsWorld()
			w.settings.ERP.ListCost = 50
			for idn := range int64(4) {
				w.add(100+idn, "10.00", nil, nil)
			}
			for n := range 30 {
				w.bills = append(w.bills, &reconcile.Bill{ID: fmt.Sprint("other", n), Link: fmt.Sprint(n + 1), Total: eur("1.00"), Paid: eur("0.00"), PaymentsRead: true})
			}
			start := unknownSizes()
			start.Memory.Sizes.Bills = known

			end := w.run(t, start)

			asked := []string{"GET page 1", "find 4"}
			if known == 0 {
				asked = []string{"GET page 1", "list bills ", "find 4"}
			}
			require.Equal(t, asked, w.sent())
			require.Equal(t, 4, end.Report.InSync)
		})
	}
}

// What the invoice names is asked for where the scan of what bills carry has not answered.
func TestBillsThatOnlyInvoicesNameAreFoundBesideAScan(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn := range int64(5) {
		w.add(100+idn, "10.00", nil, nil)
	}
	w.bill("B103").Link = ""
	w.numbered(103).ExternalID = "B103"

	end := w.run(t, unknownSizes())

	require.Equal(t, []string{"GET page 1", "list bills ", "find 1"}, w.sent())
	require.Equal(t, 5, end.Report.InSync)
}

func TestCompanyThatIsTooLargeIsRefusedAtItsFirstPage(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.claims = 200_001

	_, err := w.attempt(t, apply())

	require.ErrorContains(t, err, "Precoro lists 200001 invoices of status 2, 4 and 5; one company may have at most 200000")
	require.ErrorContains(t, err, "1000 requests and 17 minutes")
	require.Equal(t, []string{"GET page 1"}, w.sent())
}

// What ran on a worker that knew no cheaper ways goes on as it began.
func TestOlderEditionReadsAsItAlwaysDid(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.settings.Edition = 0
	w.settings.ERP.Bulk = 100
	for idn := range int64(3) {
		w.add(100+idn, "100.00", payments{pay(fmt.Sprint(5500+idn), "100.00", "2026-03-01")}, nil)
	}
	start := unknownSizes()
	start.Job.Scope = workflows.ScopeChanges
	start.Memory.Marks = workflows.Marks{Precoro: epoch, ERP: epoch}

	end := w.run(t, start)

	require.Equal(t, workflows.ScopeFull, end.Report.Scope)
	require.Equal(t, []string{"GET page 1", "find 3", "GET 100", "GET 101", "GET 102", "bill B100", "write B100 pr.5500 100.00"}, w.sent()[:7])
	require.False(t, activities.Settings{}.Knows(activities.CheaperWays))
}

// Target: replay. Injection: an older run meets the ERP's hour. Expected: no timer that its history does not have.
func TestOlderEditionWaitsForNoQuota(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.settings.Edition, w.settings.ERP.PerHour, w.settings.PerHour, w.settings.PerDay = 0, 1, 1, 1
	w.add(1042, "100.00", payments{pay("5512", "100.00", "2026-03-01")}, nil)

	end := w.run(t, unknownSizes())

	require.Equal(t, report.ByDirection{ToERP: 1}, end.Report.Created)
	require.Zero(t, w.events[len(w.events)-1].at)
}

// Target: what a write rests on. Injection: the listing takes long, and an invoice that it showed changes meanwhile. Expected:
// though the list of payments is fresh, the invoice is read once more before the write.
func TestListingThatIsOldIsNotWrittenUpon(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn := range int64(3) {
		w.add(100+idn, "100.00", payments{pay(fmt.Sprint(5500+idn), "40.00", "2026-03-01")}, nil)
	}
	w.on("ListPayments", fault{err: throttled("Hourly limiter", 20*time.Minute), meanwhile: func() { w.numbered(101).Status = 8 }})

	end := w.run(t, unknownSizes())

	require.Equal(t, []string{"100 created to_erp pr.5500 40.00", "102 created to_erp pr.5502 40.00"}, lines(end.Report))
	require.Equal(t, []string{"GET page 1", "GET payments 1", "GET payments 1", "GET 100", "GET 101", "GET 102"}, w.lookups())
}

// Target: the key of the ERP's half. Injection: the run was cut off after it had created a payment in Precoro. Expected: totals
// agree, but the next run that writes looks, and ties the two.
func TestHalvesThatACutOffRunLeftUntiedAreTied(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1042, "100.00", payments{tagged(pay("601", "100.00", "2026-03-14"), "er.B1042.paid")},
		payments{{ID: "B1042.paid", Amount: eur("100.00"), Derived: true}})
	w.add(1043, "100.00", payments{pay("5512", "100.00", "2026-03-01")}, payments{tagged(pay("E1", "100.00", "2026-03-01"), "pr.5512")})

	untouched := w.run(t, unknownSizes())
	require.Empty(t, w.writes())

	start := w.next(untouched, apply())
	start.Memory.Untied = true
	end := w.run(t, start)

	require.Equal(t, []string{"note B1042 pr.601 100.00"}, w.writes())
	require.True(t, end.Complete)
}

// Target: what one task sends to Temporal. Injection: a first run over many paid invoices without bills. Expected: every row is in
// the history, and they leave in more than one task.
func TestManyExceptionsLeaveInSeveralTasks(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	const many = 20_100
	for idn := range int64(many) {
		w.invoice(1+idn, "10.00", pay(fmt.Sprint(100_000+idn), "10.00", "2026-03-01"))
	}

	end := w.run(t, apply())

	require.Equal(t, many, end.Report.Exceptions[reconcile.NoBill])
	require.True(t, end.Report.Truncated)
	require.Equal(t, time.Second, w.clock.Sub(epoch), "one pause")
	require.Equal(t, workflows.Marks{}, end.Marks, "more are open than can be remembered: the next run reads in full again")
}

// Target: what a write in the ERP rests on. Injection: the ERP's quota is waited for before the bill is read, and meanwhile the
// payment is cancelled in Precoro. Expected: the invoice is looked at again, and nothing is booked.
func TestPaymentCancelledWhileTheERPWasWaitedForIsNotBooked(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1042, "120.00", payments{pay("5512", "120.00", "2026-03-01")}, nil)
	hour := temporal.NewNonRetryableApplicationError("ERP: throttled", string(activities.Throttled), nil,
		activities.Failure{Side: activities.SideERP, Text: "ERP: throttled", Wait: time.Hour, Requests: 1})
	w.on("ReadBill", fault{err: hour, meanwhile: func() {
		w.numbered(1042).payments[0].Cancelled = true
		w.numbered(1042).settle()
	}})

	end := w.run(t, apply())

	require.Empty(t, w.writes())
	require.Zero(t, end.Report.Created)
}

// Target: a key in Precoro. Injection: the hour's quota is waited for before it is set, and meanwhile somebody else sets one.
// Expected: theirs stays.
func TestKeySetWhileTheQuotaWasWaitedForIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.settings.ERP.Tags = false
	w.settings.PerHour, w.settings.PerDay = 2, 1000
	w.add(1042, "120.00", payments{pay("5512", "60.00", "2026-03-01"), pay("5513", "20.00", "2026-03-01")}, payments{pay("E1", "60.00", "2026-03-01")})

	w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { w.numbered(1042).payments[0].Tag = "theirs" }, 30*time.Minute)
	})

	require.Equal(t, "theirs", w.numbered(1042).payments[0].Tag)
	require.NotContains(t, strings.Join(w.writes(), "\n"), "PATCH")
}
