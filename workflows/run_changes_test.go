package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// recordsWorld is a world whose ERP gives payments with its bills, as Erply does, and knows prices.
func recordsWorld() *world {
	w := newWorld()
	w.lists = true
	w.settings.ERP.LinkCost, w.settings.ERP.ListCost = 100, 1
	w.settings.ERP.Lag = 5 * time.Minute
	return w
}

func changes() workflows.RunStart {
	start := apply()
	start.Job.Scope = workflows.ScopeChanges
	return start
}

// next is the run that follows, a quarter of an hour later.
func (w *world) next(end workflows.RunEnd, start workflows.RunStart) workflows.RunStart {
	start = w.after(end, start)
	w.clock = w.clock.Add(15 * time.Minute)
	w.now = nil
	w.forget()
	return start
}

func TestQuietChangesCostOneRequestToPrecoro(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1042, "120.00", payments{tagged(pay("5512", "120.00", "2026-03-01"), "")}, payments{tagged(pay("E1", "120.00", "2026-03-01"), "pr.5512")})
	first := w.run(t, apply())
	require.True(t, first.Full)

	end := w.run(t, w.next(first, changes()))

	require.Equal(t, workflows.ScopeChanges, end.Report.Scope)
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, []string{"GET changes 1", "list bills  changed"}, w.sent())
	require.True(t, end.Decided)
	require.False(t, end.Full)
}

func TestOwnWritesAreNoChanges(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1042, "120.00", payments{pay("5512", "120.00", "2026-03-01")}, nil)
	w.add(1043, "80.00", nil, payments{{ID: "B1043.paid", Amount: eur("80.00"), Derived: true}})
	first := w.run(t, apply())
	require.Equal(t, report.ByDirection{ToERP: 1, ToPrecoro: 1}, first.Report.Created)

	end := w.run(t, w.next(first, changes()))

	require.Equal(t, []string{"GET changes 1", "list bills  changed", "find 1"}, w.sent(),
		"the bills that were written carry our keys, and the invoice that was paid is looked up in the ERP once, because its bill changed too")
	require.Equal(t, report.Agreed, end.Report.Outcome)

	w.clock = w.clock.Add(15 * time.Minute) // the ERP's feed no longer names the bill, Precoro's still does
	quiet := w.run(t, w.next(end, changes()))
	require.Equal(t, []string{"GET changes 1", "list bills  changed"}, w.sent())
	require.Equal(t, 1, quiet.Report.Unchanged)
}

func TestPaymentInTheERPIsFoundByItsFeed(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1042, "120.00", nil, nil)
	w.add(1043, "80.00", nil, nil)
	start := apply()
	start.Memory.Sizes = workflows.Sizes{}
	first := w.run(t, start)
	next := w.next(first, changes())
	next.Memory.Sizes.Invoices = 100_000
	w.payInERP(1043, pay("E7", "80.00", "2026-03-14"))

	end := w.run(t, next)

	require.Equal(t, []string{"1043 created to_precoro er.E7 80.00"}, lines(end.Report))
	require.Equal(t, []string{
		"GET changes 1", "list bills  changed", "GET 1043", "find 1", "POST 1043 er.E7 80.00", "bill B1043", "note B1043 pr.601 80.00", "bill B1043",
	}, w.sent(), "its number is known from the full run")
	require.Equal(t, end.Marks.Precoro, epoch.Add(15*time.Minute))
}

func TestInvoiceWhoseNumberIsNotKnownIsLookedUpByItsID(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1043, "80.00", nil, payments{pay("E7", "80.00", "2026-03-14")})
	w.changed["B1043"] = epoch
	start := changes()
	start.Memory.Marks = workflows.Marks{Precoro: epoch.Add(-time.Hour), ERP: epoch.Add(-time.Hour)}

	end := w.run(t, start)

	require.Equal(t, []string{"1043 created to_precoro er.E7 80.00"}, lines(end.Report))
	require.Equal(t, []string{"GET changes 1", "list bills  changed", "GET id 8043", "find 1", "GET 1043"}, w.sent()[:5])
}

// A bill that carries no invoice may be named by one.
func TestInvoiceOfABillWithoutLinkIsLookedUpByTheBill(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1043, "80.00", nil, payments{pay("E7", "80.00", "2026-03-14")})
	w.bill("B1043").Link = ""
	w.numbered(1043).ExternalID = "B1043"
	w.changed["B1043"] = epoch
	start := changes()
	start.Memory.Marks = workflows.Marks{Precoro: epoch.Add(-time.Hour), ERP: epoch.Add(-time.Hour)}

	end := w.run(t, start)

	require.Equal(t, []string{"1043 created to_precoro er.E7 80.00"}, lines(end.Report))
	require.Equal(t, []string{"GET changes 1", "list bills  changed", "GET external B1043"}, w.sent()[:3])
}

func TestPaymentInPrecoroIsFoundByItsFeed(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1042, "120.00", nil, nil)
	w.add(1043, "80.00", nil, nil)
	first := w.run(t, apply())
	next := w.next(first, changes())
	w.payInPrecoro(1043, pay("77", "80.00", "2026-03-14"))

	end := w.run(t, next)

	require.Equal(t, []string{"1043 created to_erp pr.77 80.00"}, lines(end.Report))
	require.Equal(t, []string{"GET changes 1", "list bills  changed", "find 1", "GET 1043", "bill B1043", "write B1043 pr.77 80.00", "bill B1043"}, w.sent())
}

// Target: what neither feed names. Injection: a record goes away on the ERP's side without a trace. Expected: the changes miss
// it, the full run of the day finds it.
func TestWhatTheFeedsMissTheFullRunFinds(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1042, "120.00", payments{pay("5512", "120.00", "2026-03-01")}, nil)
	auto := apply()
	auto.Job.Scope = workflows.ScopeAuto
	first := w.run(t, auto)
	require.Equal(t, workflows.ScopeFull, first.Report.Scope, "nothing is known yet")
	next := w.next(first, auto)
	bill := w.bill("B1042")
	bill.Payments, bill.Paid = nil, eur("0.00") // lastModified does not move

	missed := w.run(t, next)
	require.Equal(t, workflows.ScopeChanges, missed.Report.Scope)
	require.Equal(t, report.Agreed, missed.Report.Outcome)

	next = w.next(missed, auto)
	next.Memory.LastFull = epoch
	w.clock = epoch.Add(24*time.Hour + time.Minute)
	found := w.run(t, next)
	require.Equal(t, workflows.ScopeFull, found.Report.Scope)
	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(found.Report))
}

func TestOpenInvoicesAreCarriedUntilTheyAreClosed(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.invoice(1042, "120.00", pay("5512", "120.00", "2026-03-01")) // nothing in the ERP
	w.add(1043, "80.00", nil, nil)
	first := w.run(t, apply())
	require.Equal(t, []string{"1042 exception no_bill"}, lines(first.Report))

	quiet := w.run(t, w.next(first, changes()))
	require.Equal(t, []string{"1042 exception no_bill"}, lines(quiet.Report), "nothing has changed: it is not asked for again")
	require.Equal(t, report.Exceptions, quiet.Report.Outcome)
	require.Equal(t, first.Open, quiet.Open, "since when it is open, too")
	require.Equal(t, []string{"GET changes 1", "list bills  changed"}, w.sent())

	next := w.next(quiet, changes())
	w.bills = append(w.bills, &reconcile.Bill{ID: "B1", Link: "8042", Total: eur("120.00"), Paid: eur("0.00"), Confirmed: true, Version: "1", PaymentsRead: true})
	w.changed["B1"] = w.clock
	closed := w.run(t, next)
	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(closed.Report), "its bill has come")
	require.Empty(t, closed.Open)
}

// Target: an invoice that the run did not finish. Injection: the run is stopped before its write. Expected: the next one looks
// at it though neither feed names it any more.
func TestUnfinishedInvoiceIsReadByTheChanges(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.add(1042, "120.00", payments{pay("5512", "120.00", "2026-03-01")}, nil)
	first := w.run(t, apply())
	next := w.next(first, changes())
	next.Memory.Open = []workflows.OpenInvoice{{Invoice: 1042, ID: 8042, Since: epoch}}
	w.book(w.bill("B1042"), nil)
	w.changed["B1042"] = time.Time{} // long ago

	end := w.run(t, next)

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Equal(t, []string{"GET changes 1", "list bills  changed", "GET 1042", "find 1", "bill B1042", "write B1042 pr.5512 120.00", "bill B1042"}, w.sent())
	require.Empty(t, end.Open)
}

func TestInvoiceThatIsGoneIsNoLongerOpen(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	start := changes()
	start.Memory.Marks = workflows.Marks{Precoro: epoch.Add(-time.Hour), ERP: epoch.Add(-time.Hour)}
	start.Memory.Open = []workflows.OpenInvoice{{Invoice: 7, Since: epoch}}

	end := w.run(t, start)

	require.Empty(t, end.Open)
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, []string{"invoice 7: Precoro has none of this number"}, end.Report.Notes)
}

// The feeds are read from the marks less their overlaps, and the marks are the servers' times of the first page.
func TestMarksMoveOnlyAfterACompleteRun(t *testing.T) {
	t.Parallel()
	known := workflows.Marks{Precoro: epoch.Add(-time.Hour), ERP: epoch.Add(-2 * time.Hour)}
	for name, test := range map[string]struct {
		change func(*workflows.RunStart)
		moves  bool
	}{
		"changes":              {func(*workflows.RunStart) {}, true},
		"full":                 {func(s *workflows.RunStart) { s.Job.Scope = workflows.ScopeFull }, true},
		"deep":                 {func(s *workflows.RunStart) { s.Job.Scope = workflows.ScopeDeep }, true},
		"a plan":               {func(s *workflows.RunStart) { s.Job.Mode = workflows.ModePlan }, false},
		"one direction":        {func(s *workflows.RunStart) { s.Job.Direction = reconcile.ToERP }, false},
		"some invoices":        {func(s *workflows.RunStart) { s.Job.Invoices = []int64{1042} }, false},
		"since before them":    {func(s *workflows.RunStart) { s.Job.Since = "2026-03-01T00:00:00Z" }, true},
		"since after them":     {func(s *workflows.RunStart) { s.Job.Since = "2026-03-14T08:30:00Z" }, false},
		"since beside a full":  {func(s *workflows.RunStart) { s.Job.Scope, s.Job.Since = workflows.ScopeFull, "2026-03-14T08:30:00Z" }, true},
		"too much to remember": {func(s *workflows.RunStart) { s.Memory.Open = make([]workflows.OpenInvoice, 5001) }, false},
		"over the caps": {func(s *workflows.RunStart) {
			s.Job.Scope, s.Job.Approve = workflows.ScopeFull, "0000000000000000"
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := recordsWorld()
			w.add(1042, "120.00", payments{pay("5512", "120.00", "2026-03-01")}, nil)
			start := changes()
			start.Memory.Marks = known
			test.change(&start)
			for i := range start.Memory.Open {
				start.Memory.Open[i] = workflows.OpenInvoice{Invoice: int64(5000 + i), Reason: reconcile.NoBill}
			}

			end := w.run(t, start)

			want := known
			if test.moves {
				want = workflows.Marks{Precoro: epoch, ERP: epoch}
			}
			require.Equal(t, want, end.Marks)
			require.Equal(t, test.moves && start.Job.Scope != workflows.ScopeChanges, end.Full)
		})
	}
}

func TestFeedsAreReadWithTheirOverlaps(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn, ago := range map[int64]time.Duration{1: 25*time.Hour - time.Second, 2: 25*time.Hour + time.Second} {
		w.add(idn, "10.00", nil, nil)
		w.modified[idn] = epoch.Add(-ago)
	}
	for idn, ago := range map[int64]time.Duration{3: 65*time.Minute - time.Second, 4: 65*time.Minute + time.Second} {
		w.add(idn, "10.00", nil, payments{pay("E", "10.00", "2026-03-01")})
		w.changed[billOf(idn)] = epoch.Add(-ago)
	}
	start := changes()
	start.Memory.Marks = workflows.Marks{Precoro: epoch.Add(-time.Hour), ERP: epoch.Add(-time.Hour)}

	end := w.run(t, start)

	require.Equal(t, 2, end.Report.Invoices)
	require.Equal(t, []string{"3 created to_precoro er.E 10.00"}, lines(end.Report))
}

func TestWithoutMarksChangesAreReadInFull(t *testing.T) {
	t.Parallel()
	w := recordsWorld()

	end := w.run(t, changes())

	require.Equal(t, workflows.ScopeFull, end.Report.Scope)
}

// Many bills changed, whose invoices Precoro's feed does not name: the whole list is cheaper than one request for each.
func TestManyLookUpsBecomeOneListing(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	for idn := range int64(5) {
		w.add(100+idn, "10.00", nil, nil)
	}
	first := w.run(t, apply())
	next := w.next(first, changes())
	next.Memory.Numbers, next.Memory.Sizes.Payments = nil, 10
	for idn := range int64(3) {
		w.payInERP(100+idn, pay("E"+billOf(idn), "10.00", "2026-03-14"))
	}

	end := w.run(t, next)

	require.Equal(t, report.ByDirection{ToPrecoro: 3}, end.Report.Created)
	require.Equal(t, []string{"GET changes 1", "list bills  changed", "GET page 1", "find 3"}, w.sent()[:4])
	require.Equal(t, report.Way{What: "invoices", Way: "by the list", Cost: 2000, Instead: "one by one", InsteadCost: 6000}, end.Report.Ways[0])
	require.Equal(t, workflows.ScopeChanges, end.Report.Scope)
}
