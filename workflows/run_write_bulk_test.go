package workflows_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// inBulk is a world whose ERP takes so many writes in one request, and gives payments with the bills that it finds.
func inBulk(size int) *world {
	w := newWorld()
	w.settings.ERP.Bulk, w.lists = size, true
	return w
}

// missingInERP is such a world with invoices 1 to n, of each of which one payment of 10.00 is missing in the ERP.
func missingInERP(size int, n int64) *world {
	w := inBulk(size)
	for idn := int64(1); idn <= n; idn++ {
		w.add(idn, "100.00", payments{pay(fmt.Sprint(5000+idn), "10.00", "2026-03-10")}, nil)
	}
	return w
}

// missingInPrecoro is the same with the payment missing in Precoro.
func missingInPrecoro(size int, n int64) *world {
	w := inBulk(size)
	for idn := int64(1); idn <= n; idn++ {
		w.add(idn, "100.00", nil, payments{pay(fmt.Sprintf("E%d", idn), "10.00", "2026-03-10")})
	}
	return w
}

// requests are those to the ERP's bills, without the single writes of a bulk and without what was read for the decision.
func (w *world) requests() []string {
	var all []string
	inBulk := 0
	for _, what := range w.sent() {
		verb, _, _ := strings.Cut(what, " ")
		switch {
		case verb == "bulk":
			_, err := fmt.Sscanf(what, "bulk %d", &inBulk)
			if err != nil {
				w.wrong = append(w.wrong, what)
			}
		case inBulk > 0 && (verb == "write" || verb == "note"):
			inBulk--
			continue
		case verb == "GET" || verb == "find":
			continue
		default:
			inBulk = 0
		}
		all = append(all, what)
	}
	return all
}

// onceEach requires that each bill has its one payment, with its key.
func (w *world) onceEach(t *testing.T) {
	t.Helper()
	for _, bill := range w.bills {
		require.Len(t, bill.Payments, 1, bill.ID)
		require.NotEmpty(t, bill.Payments[0].Tag, bill.ID)
	}
}

// Target: the price of a write. Injection: none. Expected: three requests for a hundred payments, a fifth of a request each.
func TestManyMissingPaymentsAreWrittenInBulk(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 250)

	end := w.run(t, apply())

	require.Equal(t, []string{
		"bills 100", "bulk 100", "bills 100", "bills 100", "bulk 100", "bills 100", "bills 50", "bulk 50", "bills 50",
	}, w.requests())
	require.LessOrEqual(t, w.price, 250*200+1000)
	require.Equal(t, 3+9, end.Report.Requests.ERP, "three searches, three times three for the chunks")
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 250}, end.Report.Created)
	require.Equal(t, "1 created to_erp pr.5001 10.00", lines(end.Report)[0])
	require.Equal(t, report.Paid{Precoro: "10.00", ERP: "0.00"}, end.Report.Rows[0].Before)
	require.Equal(t, report.Paid{Precoro: "10.00", ERP: "10.00"}, end.Report.Rows[0].After)
	w.onceEach(t)
	w.forget()

	w.run(t, w.after(end, apply()))

	require.Empty(t, w.requests(), "the next run has nothing to do")
}

func TestERPThatTakesNoBulkIsWrittenToOneByOne(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1} {
		w := missingInERP(size, 2)

		w.run(t, apply())

		require.Equal(t, []string{
			"bill B1", "write B1 pr.5001 10.00", "bill B1", "bill B2", "write B2 pr.5002 10.00", "bill B2",
		}, w.requests(), size)
	}
}

// Target: several payments of one bill. Injection: none. Expected: one of them a bulk, and what was read back is what the
// next bulk rests on.
func TestSecondPaymentOfABillIsWrittenByTheNextBulk(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 3)
	w.payInPrecoro(2, pay("6002", "20.00", "2026-03-11"))
	w.payInPrecoro(2, pay("7002", "20.00", "2026-03-11"))

	end := w.run(t, apply())

	require.Equal(t, []string{"bills 3", "bulk 3", "bills 3", "bulk 1", "bills 1", "bulk 1", "bills 1"}, w.requests())
	require.Equal(t, []string{
		"1 created to_erp pr.5001 10.00", "2 created to_erp pr.5002 10.00", "2 created to_erp pr.6002 20.00",
		"2 created to_erp pr.7002 20.00", "3 created to_erp pr.5003 10.00",
	}, lines(end.Report))
	require.Len(t, w.bill("B2").Payments, 3)
	require.LessOrEqual(t, w.price, 5*200+1000)
	require.Equal(t, report.Paid{Precoro: "50.00", ERP: "30.00"}, end.Report.Rows[2].After)
}

func TestKeysOfAdoptedPaymentsAreWrittenInBulk(t *testing.T) {
	t.Parallel()
	w := inBulk(100)
	for idn := int64(1); idn <= 3; idn++ {
		w.add(idn, "100.00", payments{pay(fmt.Sprint(5000+idn), "10.00", "2026-03-10"), pay(fmt.Sprint(6000+idn), "3.00", "2026-03-10")},
			payments{pay(fmt.Sprintf("E%d", idn), "10.00", "2026-03-12")})
	}

	end := w.run(t, apply())

	require.Equal(t, []string{"bills 3", "bulk 3", "bills 3", "bulk 3", "bills 3"}, w.requests())
	require.Equal(t, []string{"note B1 pr.5001 10.00", "note B2 pr.5002 10.00", "note B3 pr.5003 10.00"}, w.writes()[:3])
	require.Equal(t, []string{"1 adopted to_erp pr.5001 10.00", "1 created to_erp pr.6001 3.00"}, lines(end.Report)[:2])
	require.Equal(t, 3, end.Report.Adopted)
	require.Equal(t, "pr.5001", w.bill("B1").Payments[0].Tag)
}

// Target: I1. Injection: the answer to a bulk is lost, as an error or as any time-out of Temporal (the worker died); all of
// it was carried out. Expected: one settle time for all, one request that finds them, nothing is sent again.
func TestLostAnswerOfABulkIsWaitedOutOnce(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]error{
		"no answer":                  unknown(),
		"the worker died":            temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil),
		"no worker took it":          temporal.NewTimeoutError(enums.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, nil),
		"something that has no name": errSurprise,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInERP(100, 30)
			w.lax = true
			w.on("WriteBills", fault{err: lost, landed: true})

			end := w.run(t, apply())

			require.Equal(t, []string{"bills 30", "bulk 30", "bills 30"}, w.requests())
			require.Equal(t, event{settle, "bills 30"}, w.events[len(w.events)-1])
			require.Equal(t, report.ByDirection{ToERP: 30}, end.Report.Created)
			require.Equal(t, report.Agreed, end.Report.Outcome)
			w.onceEach(t)
		})
	}
}

// Target: I1, I4. Injection: a part of a bulk is carried out, then all answers are lost; or there are fewer answers than
// writes. Expected: that part is found, the rest is checked and written one by one.
func TestPartOfALostBulkIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]fault{
		"all answers lost": {err: unknown(), landed: true, only: 2},
		"too few answers":  {only: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInERP(100, 4)
			w.lax = true
			w.on("WriteBills", lost)

			end := w.run(t, apply())

			require.Equal(t, []string{
				"bills 4", "bulk 4", "bills 4", "bill B3", "write B3 pr.5003 10.00", "bill B3", "bill B4", "write B4 pr.5004 10.00", "bill B4",
			}, w.requests())
			require.Equal(t, settle, w.events[len(w.events)-1].at)
			require.Equal(t, report.ByDirection{ToERP: 4}, end.Report.Created)
			w.onceEach(t)
		})
	}
}

func TestRowTellsWhatWasPaidBeforeTheBulk(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 2)
	w.on("bill B2", fault{meanwhile: func() { // an ERP whose version does not show payments
		w.payInERP(2, pay("E9", "5.00", "2026-01-10"))
		w.bill("B2").Version = "1"
	}})

	end := w.run(t, apply())

	require.Equal(t, report.Paid{Precoro: "10.00", ERP: "5.00"}, end.Report.Rows[1].Before)
	require.Equal(t, report.Paid{Precoro: "10.00", ERP: "15.00"}, end.Report.Rows[1].After)
}

// Target: I1. Injection: a bulk of which every write takes effect within the settle time, but late. Expected: found, not
// made again, although the ERP would not notice.
func TestBulkThatTakesEffectLateIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*world){
		"all answers are lost": func(w *world) {
			w.on("WriteBills", fault{err: unknown(), landed: true})
			w.on("WriteBill", fault{after: settle - time.Second}, fault{after: settle - time.Second}, fault{after: time.Second})
		},
		"two answers are lost": func(w *world) {
			w.on("WriteBill", fault{}, fault{err: unknown(), landed: true, after: settle - time.Second}, fault{err: unknown(), landed: true, after: time.Second})
		},
		"and the ERP drops keys": func(w *world) {
			w.settings.ERP.KeepsKey = false
			w.on("WriteBill", fault{}, fault{err: unknown(), landed: true, after: settle - time.Second}, fault{err: unknown(), landed: true, after: time.Second})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInERP(100, 3)
			w.lax = true
			prepare(w)

			end := w.run(t, apply())

			require.Equal(t, report.ByDirection{ToERP: 3}, end.Report.Created)
			w.land(w.clock.Add(time.Hour))
			w.onceEach(t)
		})
	}
}

// Target: the others. Injection: one write of a bulk fails. Expected: the others are booked at once, and that one as it
// would be alone.
func TestOneFailureInABulkLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	single := []string{"bills 1", "bill B2", "write B2 pr.5002 10.00", "bill B2"}
	for name, test := range map[string]struct {
		fault fault
		line  string
		then  []string
		after time.Duration
	}{
		"refused":               {fault{err: kind(activities.Refused, "", "ERP: closed period", 0)}, "2 exception rejected", nil, 0},
		"lost":                  {fault{err: unknown()}, "2 created to_erp pr.5002 10.00", single, settle},
		"lost, carried out":     {fault{err: unknown(), landed: true}, "2 created to_erp pr.5002 10.00", []string{"bills 1"}, settle},
		"not sent":              {fault{err: kind(activities.NotSent, "", "ERP: throttled", 3*sameGet)}, "2 created to_erp pr.5002 10.00", single, 3 * sameGet},
		"stale":                 {fault{err: kind(activities.StaleRead, "", "held up", 0)}, "2 created to_erp pr.5002 10.00", single, 0},
		"edited meanwhile":      {fault{err: kind(activities.StaleRead, "", "edited", 0)}, "2 created to_erp pr.5002 10.00", single, 0},
		"nobody knows the kind": {fault{err: kind("Newfangled", "", "?", 0)}, "2 created to_erp pr.5002 10.00", single, settle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInERP(100, 3)
			w.on("write B2", test.fault)
			if name == "edited meanwhile" {
				w.faults["write B2"][0].meanwhile = func() { w.bill("B2").Version += "'" }
			}

			end := w.run(t, apply())

			require.Equal(t, []string{"1 created to_erp pr.5001 10.00", test.line, "3 created to_erp pr.5003 10.00"}, lines(end.Report))
			one := "bills 2"
			require.Equal(t, append([]string{"bills 3", "bulk 3", one}, test.then...), w.requests())
			require.Equal(t, test.after, w.events[len(w.events)-1].at)
			require.Len(t, w.bill("B1").Payments, 1)
			require.Len(t, w.bill("B3").Payments, 1)
		})
	}
}

func TestWriteThatStaysUnknownIsLeftToPeopleAfterThreeTriesInAll(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 2)
	w.on("write B1", fault{err: unknown()}, fault{err: unknown()}, fault{err: unknown()})

	end := w.run(t, apply())

	require.Equal(t, []string{"1 exception unverified", "2 created to_erp pr.5002 10.00"}, lines(end.Report))
	require.Len(t, w.writes(), 4)
}

func TestBulkThatNeverGoesOutIsGivenUpAfterTenTriesInAll(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 2)
	for range 10 {
		w.on("write B1", fault{err: kind(activities.NotSent, "", "ERP: connection refused", 0)})
	}

	end := w.run(t, apply())

	require.Equal(t, []string{"1 exception rejected", "2 created to_erp pr.5002 10.00"}, lines(end.Report))
	require.Len(t, w.writes(), 11)
}

// Target: the check before the bulk. Injection: something happens to one bill after the decision. Expected: nothing is sent
// for it in the bulk; it is looked into as it would be alone.
func TestBillThatIsNotAsDecidedUponIsLeftOutOfTheBulk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		keepsKey bool
		happens  func(*world)
		line     string
		payments int
	}{
		"gone":                      {true, func(w *world) { w.bills = slices.Delete(w.bills, 1, 2) }, "2 exception no_bill", 0},
		"its key is there":          {true, func(w *world) { w.payInERP(2, tagged(pay("E9", "10.00", "2026-03-10"), "pr.5002")) }, "2 created to_erp pr.5002 10.00", 1},
		"an equal payment":          {true, func(w *world) { w.payInERP(2, pay("E9", "10.00", "2026-03-10")) }, "2 exception possible_duplicate", 1},
		"an equal one without keys": {false, func(w *world) { w.payInERP(2, pay("E9", "10.00", "2026-03-10")) }, "2 adopted to_erp pr.5002 10.00", 1},
		"two equal ones": {false, func(w *world) {
			w.payInERP(2, pay("E8", "10.00", "2026-03-10"), pay("E9", "10.00", "2026-03-10"))
		}, "2 exception possible_duplicate", 2},
		"two equal, same version": {true, func(w *world) {
			w.payInERP(2, pay("E8", "10.00", "2026-03-10"), pay("E9", "10.00", "2026-03-10"))
			w.bill("B2").Version = "1"
		}, "2 exception possible_duplicate", 2},
		"too much else":       {true, func(w *world) { w.payInERP(2, pay("E9", "95.00", "2026-03-10")) }, "2 exception overpaid", 1},
		"edited":              {true, func(w *world) { w.bill("B2").Version = "edited" }, "2 created to_erp pr.5002 10.00", 1},
		"linked elsewhere":    {true, func(w *world) { w.bill("B2").Link, w.bill("B2").Version = "99999", "edited" }, "2 exception ambiguous_bill", 0},
		"equal, same version": {true, func(w *world) { w.payInERP(2, pay("E9", "10.00", "2026-03-10")); w.bill("B2").Version = "1" }, "2 exception possible_duplicate", 1},
		"booked, same version": {true, func(w *world) {
			w.payInERP(2, tagged(pay("E9", "10.00", "2026-03-10"), "pr.5002"))
			w.bill("B2").Version = "1"
		}, "2 created to_erp pr.5002 10.00", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInERP(100, 3)
			w.settings.ERP.KeepsKey = test.keepsKey
			w.lax = true
			w.on("bill B2", fault{meanwhile: func() { test.happens(w) }})

			end := w.run(t, apply())

			require.Equal(t, "bulk 2", w.requests()[1])
			require.Contains(t, lines(end.Report), test.line)
			require.Len(t, end.Report.Rows, 3)
			if bill := w.bill("B2"); bill != nil {
				require.Len(t, bill.Payments, test.payments)
			}
		})
	}
}

// Target: the moment between read and write. Injection: a person pays a bill then; the adapter says that it has changed.
// Expected: nothing is written on that one.
func TestPersonWhoPaysBetweenReadAndBulkIsNoticed(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 3)
	w.on("write B2", fault{meanwhile: func() { w.payInERP(2, pay("E9", "10.00", "2026-03-10")) }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1 created to_erp pr.5001 10.00", "2 exception possible_duplicate", "3 created to_erp pr.5003 10.00"}, lines(end.Report))
	w2 := w.bill("B2").Payments
	require.Len(t, w2, 1)
	require.Empty(t, w2[0].Tag, "somebody else's is not given our key")
}

// Target: an ERP that drops keys. Injection: none, or a lost answer. Expected: the payment is ours and is given its key,
// once; two of them are left to people.
func TestBulkInAnERPWithoutKeysIsClaimedOnce(t *testing.T) {
	t.Parallel()
	another := func(w *world) {
		w.bill("B2").Payments = append(w.bill("B2").Payments, pay("E9", "10.00", "2026-03-10"))
	}
	for name, test := range map[string]struct {
		prepare func(*world)
		line    string
	}{
		"accepted":         {func(*world) {}, "2 created to_erp pr.5002 10.00"},
		"all answers lost": {func(w *world) { w.on("WriteBills", fault{err: unknown(), landed: true}) }, "2 created to_erp pr.5002 10.00"},
		"its answer lost":  {func(w *world) { w.on("write B2", fault{err: unknown(), landed: true}) }, "2 created to_erp pr.5002 10.00"},
		"lost, and another": {func(w *world) {
			w.on("write B2", fault{err: unknown(), landed: true, meanwhile: func() { another(w) }})
		}, "2 exception possible_duplicate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInERP(100, 3)
			w.settings.ERP.KeepsKey = false
			w.lax = true
			test.prepare(w)

			end := w.run(t, apply())

			require.Equal(t, []string{"1 created to_erp pr.5001 10.00", test.line, "3 created to_erp pr.5003 10.00"}, lines(end.Report))
			require.Len(t, slices.DeleteFunc(w.writes(), func(what string) bool { return !strings.HasPrefix(what, "write") }), 3)
			require.Len(t, w.bill("B1").Payments, 1)
			require.Equal(t, "pr.5001", w.bill("B1").Payments[0].Tag)
			require.Equal(t, report.Paid{Precoro: "10.00", ERP: "0.00"}, end.Report.Rows[0].Before)
		})
	}
}

func TestBulkThatDoesNotShowIsNoSuccess(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 2)
	w.blind = true

	end := w.run(t, apply())

	require.Equal(t, []string{"1 exception rejected", "2 exception rejected"}, lines(end.Report))
	require.Equal(t, "the ERP accepted the payment, but does not show it", end.Report.Rows[0].Note)
	require.Len(t, w.writes(), 2, "nothing is sent again")
}

// Target: a reset. Injection: what was decided on was read by another run, which may have sent. Expected: nothing is sent
// upon it; one settle time, and each is checked.
func TestResetRunSendsNoBulkUponWhatItsPredecessorRead(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 3)
	for range 3 {
		w.on("ReadInvoice", fault{runID: "before-the-reset"})
	}

	end := w.run(t, apply())

	require.Equal(t, []string{"bills 3", "bulk 3", "stale", "stale", "stale"}, w.requests()[:5])
	require.Equal(t, report.ByDirection{ToERP: 3}, end.Report.Created)
	w.onceEach(t)
}

// Target: decisions that grew old while others were read. Injection: 20 minutes pass before the third invoice is read; what
// the first paid is cancelled meanwhile. Expected: what is fresh is written at once; the rest is read and decided again,
// in bulk too.
func TestDecisionsThatGrewOldAreMadeAgainForABulk(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 4)
	w.lists = false // else the bills were read first, and all of it is old
	w.on("ReadInvoice", fault{}, fault{}, fault{meanwhile: func() {
		w.numbered(1).payments[0].Cancelled = true
		w.numbered(1).settle()
	}, err: temporal.NewApplicationErrorWithOptions("throttled", string(activities.Throttled), temporal.ApplicationErrorOptions{NextRetryDelay: 20 * time.Minute})})

	end := w.run(t, apply())

	require.Equal(t, []string{"2 created to_erp pr.5002 10.00", "3 created to_erp pr.5003 10.00", "4 created to_erp pr.5004 10.00"}, lines(end.Report))
	require.Equal(t, []string{
		"GET 3", "bill B3", "GET 4", "bill B4", "bills 2", "bulk 2", "write B3 pr.5003 10.00", "write B4 pr.5004 10.00", "bills 2",
		"GET 1", "GET 2", "bills 2", "bulk 1", "write B2 pr.5002 10.00", "bills 1",
	}, w.sent()[7:])
	require.Empty(t, w.bill("B1").Payments)
	require.Equal(t, report.Agreed, end.Report.Outcome)
}

// Target: answers that have no room for all. Injection: two bills an answer. Expected: the chunks shrink to that; nobody is
// taken to be gone, and nothing is written one by one.
func TestAnswersWithoutRoomMakeSmallerBulks(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 5)
	w.room = 2

	end := w.run(t, apply())

	require.Equal(t, []string{
		"bills 5", "bulk 2", "bills 2", "bills 2", "bulk 2", "bills 2", "bills 1", "bulk 1", "bills 1",
	}, w.requests())
	require.Equal(t, report.ByDirection{ToERP: 5}, end.Report.Created)
	w.onceEach(t)
}

func TestBillsAreReadBackInAsManyAnswersAsItTakes(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 5)
	w.on("WriteBills", fault{meanwhile: func() { w.room = 2 }}) // they have grown

	end := w.run(t, apply())

	require.Equal(t, []string{"bills 5", "bulk 5", "bills 5", "bills 3", "bills 1"}, w.requests())
	require.Equal(t, report.ByDirection{ToERP: 5}, end.Report.Created)
}

func TestOldDecisionThatFoundNoRoomIsNotWrittenUnmade(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 3)
	w.room = 1
	_, err := w.attempt(t, apply(), suggested)
	next := continued(t, err)
	w.on("bill B2", fault{meanwhile: func() { // read for the bulk of which only its first bill had room
		w.numbered(3).payments[0].Cancelled = true
		w.numbered(3).settle()
	}})

	end := w.run(t, next)

	require.Equal(t, []string{"1 created to_erp pr.5001 10.00", "2 created to_erp pr.5002 10.00"}, lines(end.Report))
	require.Empty(t, w.bill("B3").Payments)
}

// Target: what a bulk rests on. Injection: one answer is lost, and while it settles a person makes the second payment of
// another bill. Expected: what was read back before is not written upon; that payment gets the key.
func TestBillsAreReadAgainAfterABulkThatWasNotClean(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 3)
	w.lax = true
	w.payInPrecoro(1, pay("6001", "20.00", "2026-03-11"))
	w.on("write B2", fault{err: unknown()})

	end := w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { w.payInERP(1, pay("E9", "20.00", "2026-03-11")) }, settle/2)
	})

	require.Contains(t, lines(end.Report), "1 adopted to_erp pr.6001 20.00")
	require.Len(t, w.bill("B1").Payments, 2)
}

func TestBulkReadThatFailsForAWhileIsRepeated(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 2)
	w.on("ReadBills", fault{err: kind(activities.Unavailable, activities.SideERP, "ERP: 502", 0)}, fault{}, fault{err: kind(activities.Unavailable, activities.SideERP, "ERP: 502", 0)})

	end := w.run(t, apply())

	require.Equal(t, []string{"bills 2", "bills 2", "bulk 2", "bills 2", "bills 2"}, w.requests())
	require.Equal(t, report.ByDirection{ToERP: 2}, end.Report.Created)
}

// Target: one bill that the ERP cannot give. Injection: it makes every answer fail that it is part of. Expected: the others
// are written one by one.
func TestBulkReadThatIsRefusedIsMadeOneByOne(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]fault{
		"before the write": {{err: kind(activities.Refused, activities.SideERP, "ERP: 1016", 0)}},
		"after the write":  {{}, {err: kind(activities.Unreadable, activities.SideERP, "ERP: unreadable", 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInERP(100, 3)
			w.on("ReadBills", faults...)

			end := w.run(t, apply())

			require.Equal(t, report.ByDirection{ToERP: 3}, end.Report.Created)
			require.Len(t, w.writes(), 3)
			w.onceEach(t)
		})
	}
}

// Target: a bulk that ends the run. Injection: the session ends within it, one answer is lost. Expected: what was accepted
// is in the report; the run ends no earlier than the lost one has settled; the next one looks at the rest.
func TestBulkThatEndsTheRunSettlesFirst(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 5)
	w.lax = true
	w.on("write B2", fault{err: kind(activities.Unauthorized, activities.SideERP, "ERP: unauthorized: 1054", 0)})
	w.on("write B3", fault{err: unknown(), landed: true, after: settle - time.Second})
	w.on("write B4", fault{err: unknown()})

	_, err := w.attempt(t, apply())

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, "ERP: unauthorized: 1054; check the credentials in the configuration", application.Message())
	require.GreaterOrEqual(t, w.clock.Sub(epoch), settle)
	var end workflows.RunEnd
	require.NoError(t, application.Details(&end))
	require.Equal(t, []string{
		"1 created to_erp pr.5001 10.00", "3 created to_erp pr.5003 10.00", "5 created to_erp pr.5005 10.00",
	}, lines(end.Report))
	require.Equal(t, []int64{2, 4}, openOf(end))
	require.Len(t, w.writes(), 5, "nothing follows")

	w.run(t, w.after(end, apply()))
	w.onceEach(t)
}

func TestReadBackThatEndsTheRunSettlesFirst(t *testing.T) {
	t.Parallel()
	w := missingInERP(100, 2)
	w.lax = true
	w.on("write B2", fault{err: unknown(), landed: true, after: settle - time.Second})
	gone := fault{err: kind(activities.Unauthorized, activities.SideERP, "ERP: unauthorized: 1054", 0)}
	w.on("ReadBills", fault{}, gone, gone)

	_, err := w.attempt(t, apply())

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.GreaterOrEqual(t, w.clock.Sub(epoch), settle)
	var end workflows.RunEnd
	require.NoError(t, application.Details(&end))
	require.Equal(t, []int64{1, 2}, openOf(end))

	w.run(t, w.after(end, apply()))
	w.onceEach(t)
}

// Target: a stop. Injection: the run is cancelled in the middle of a chunk. Expected: what has been sent is finished, the
// rest is left open, each once.
func TestCancelledRunFinishesItsBulk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at      string
		fault   fault
		created int
		open    []int64
		writes  int
	}{
		"while it reads":           {"ReadBills", fault{}, 0, []int64{1, 2, 3, 4, 5}, 0},
		"while it writes":          {"WriteBills", fault{}, 2, []int64{3, 4, 5}, 2},
		"and the answer is lost":   {"WriteBills", fault{err: unknown(), landed: true}, 2, []int64{3, 4, 5}, 2},
		"and a part is not done":   {"WriteBills", fault{err: unknown(), landed: true, only: 1}, 1, []int64{2, 3, 4, 5}, 1},
		"and nothing is done":      {"WriteBills", fault{err: unknown()}, 0, []int64{1, 2, 3, 4, 5}, 0},
		"and a quota is used up":   {"write B2", fault{err: kind(activities.NotSent, "", "ERP: throttled", 20*time.Hour)}, 1, []int64{2, 3, 4, 5}, 2},
		"and one was edited under": {"write B2", fault{err: kind(activities.StaleRead, "", "edited", 0)}, 1, []int64{2, 3, 4, 5}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInERP(2, 5)

			end := w.run(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
				test.fault.meanwhile = env.CancelWorkflow
				w.on(test.at, test.fault)
			})

			require.Equal(t, report.Stopped, end.Report.Outcome)
			require.Equal(t, test.created, end.Report.Created.ToERP)
			require.ElementsMatch(t, test.open, openOf(end))
			require.Len(t, w.writes(), test.writes)
			require.Less(t, w.clock.Sub(epoch), time.Hour)

			w.run(t, w.after(end, apply()))
			w.onceEach(t)
		})
	}
}

// Target: a history that grows too long. Injection: the server suggests to continue as new, always. Expected: after each
// chunk the rest is carried over, read again and written in bulk.
func TestRunContinuesAsNewBetweenBulks(t *testing.T) {
	t.Parallel()
	w := missingInERP(2, 5)

	_, err := w.attempt(t, apply(), suggested)
	next := continued(t, err)
	require.Len(t, next.Resume.Candidates, 3)
	w.forget()
	_, err = w.attempt(t, next, suggested)
	require.Equal(t, []string{"GET 3", "GET 4", "bills 2", "bulk 2", "write B3 pr.5003 10.00", "write B4 pr.5004 10.00", "bills 2"}, w.sent())
	end := w.run(t, continued(t, err), suggested)

	require.Equal(t, report.ByDirection{ToERP: 5}, end.Report.Created)
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Len(t, lines(end.Report), 5)
	require.Empty(t, end.Open)
	w.onceEach(t)
	require.LessOrEqual(t, w.price, 5*200+1000)
}

// Target: the ERP's half of a pair. Injection: none. Expected: the keys are gathered and written in bulk.
func TestKeysOfPaymentsCreatedInPrecoroAreGathered(t *testing.T) {
	t.Parallel()
	w := missingInPrecoro(100, 3)

	end := w.run(t, apply())

	require.Equal(t, []string{
		"POST 1 er.E1 10.00", "POST 2 er.E2 10.00", "POST 3 er.E3 10.00", "bills 3", "bulk 3", "bills 3",
	}, w.requests())
	require.Equal(t, []string{"note B1 pr.601 10.00", "note B2 pr.602 10.00", "note B3 pr.603 10.00"}, w.writes()[3:])
	require.Equal(t, []string{"1 created to_precoro er.E1 10.00", "2 created to_precoro er.E2 10.00", "3 created to_precoro er.E3 10.00"}, lines(end.Report))
	require.Equal(t, "bill B1 gets pr.601 for it", end.Report.Rows[0].Note)
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.LessOrEqual(t, w.price, 3*200+1000)
	w.onceEach(t)
}

func TestKeysAreWrittenWhenABulkIsFull(t *testing.T) {
	t.Parallel()
	w := missingInPrecoro(2, 5)

	w.run(t, apply())

	require.Equal(t, []string{
		"POST 1 er.E1 10.00", "POST 2 er.E2 10.00", "bills 2", "bulk 2", "bills 2",
		"POST 3 er.E3 10.00", "POST 4 er.E4 10.00", "bills 2", "bulk 2", "bills 2",
		"POST 5 er.E5 10.00", "bills 1", "bulk 1", "bills 1",
	}, w.requests())
	w.onceEach(t)
}

// Target: two payments of one invoice. Injection: none. Expected: while a half is to be tied nothing else is written on the
// invoice.
func TestKeyIsWrittenBeforeTheNextPaymentOfItsInvoice(t *testing.T) {
	t.Parallel()
	w := missingInPrecoro(100, 2)
	w.payInERP(2, pay("E22", "20.00", "2026-03-11"))

	w.run(t, apply())

	require.Equal(t, []string{
		"POST 1 er.E1 10.00", "POST 2 er.E2 10.00", "bills 2", "bulk 2", "bills 2", "POST 2 er.E22 20.00", "bills 1", "bulk 1", "bills 1",
	}, w.requests())
	require.Equal(t, "pr.603", w.bill("B2").Payments[1].Tag)
}

// Target: a key that cannot be written. Injection: refused, once or for the first of two payments. Expected: an exception
// beside the creation, and nothing more on that invoice.
func TestGatheredKeyThatIsRefusedIsAnExceptionBesideTheCreation(t *testing.T) {
	t.Parallel()
	w := missingInPrecoro(100, 3)
	w.payInERP(2, pay("E22", "20.00", "2026-03-11"))
	w.on("write B2", fault{err: kind(activities.Refused, activities.SideERP, "ERP: closed", 0)})

	end := w.run(t, apply())

	require.Equal(t, []string{
		"1 created to_precoro er.E1 10.00", "2 created to_precoro er.E2 10.00", "2 exception rejected", "3 created to_precoro er.E3 10.00",
	}, lines(end.Report))
	require.Equal(t, []int64{2}, openOf(end))
	require.Equal(t, "pr.601", w.bill("B1").Payments[0].Tag)

	again := w.run(t, w.after(end, apply()))

	require.Equal(t, []string{"2 adopted to_erp pr.602 10.00", "2 created to_precoro er.E22 20.00"}, lines(again.Report))
}

func TestGatheredKeysSurviveALostAnswer(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]fault{
		"nothing done": {err: unknown()},
		"a part done":  {err: unknown(), landed: true, only: 2},
		"all done":     {err: unknown(), landed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInPrecoro(100, 3)
			w.on("WriteBills", lost)

			end := w.run(t, apply())

			require.Equal(t, report.Agreed, end.Report.Outcome)
			require.Len(t, lines(end.Report), 3)
			require.Equal(t, settle, w.clock.Sub(epoch))
			w.onceEach(t)
		})
	}
}

// Target: a bill that moved under the key. Injection: it is edited, or has the key by then. Expected: looked at alone.
func TestGatheredKeyOfABillThatMovedIsWrittenToo(t *testing.T) {
	t.Parallel()
	w := missingInPrecoro(100, 3)
	w.on("bill B1", fault{meanwhile: func() { w.bill("B1").Version += "'" }})
	w.on("bill B2", fault{meanwhile: func() { w.bill("B2").Payments[0].Tag = "pr.602" }})

	end := w.run(t, apply())

	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, []string{"note B1 pr.601 10.00", "note B3 pr.603 10.00"}, w.writes()[3:])
	w.onceEach(t)
}

// Target: keys that were gathered when the run ends early. Injection: it is cancelled, or Precoro's credentials are
// refused. Expected: they are written before it ends.
func TestGatheredKeysAreWrittenHoweverTheRunEnds(t *testing.T) {
	t.Parallel()
	for name, third := range map[string]fault{
		"cancelled": {},
		"failed":    {err: kind(activities.Unauthorized, activities.SidePrecoro, "Precoro: 401", 0)},
		"refused":   {err: kind(activities.Refused, activities.SidePrecoro, "Precoro: no", 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInPrecoro(100, 4)

			_, err := w.attempt(t, apply(), func(env *testsuite.TestWorkflowEnvironment) {
				if name == "cancelled" {
					third.meanwhile = env.CancelWorkflow
				}
				w.on("PostPayment", fault{}, fault{}, third)
			})

			require.Equal(t, name == "failed", err != nil)
			require.Equal(t, "pr.601", w.bill("B1").Payments[0].Tag)
			require.Equal(t, "pr.602", w.bill("B2").Payments[0].Tag)
		})
	}
}

// Target: keys that cannot be written before the run ends. Injection: Precoro's credentials are refused, and the ERP does
// not answer, or does not take the keys. Expected: nothing is waited for but what may still take effect; the invoices stay
// open, and the next run ties the halves.
func TestGatheredKeysThatCannotBeWrittenStayOpen(t *testing.T) {
	t.Parallel()
	down := kind(activities.Unavailable, activities.SideERP, "ERP: 502", 0)
	for name, test := range map[string]struct {
		at   string
		err  error
		took time.Duration
	}{
		"it cannot be read":  {"ReadBills", down, 0},
		"it is not sent":     {"WriteBill", kind(activities.NotSent, activities.SideERP, "ERP: throttled", time.Hour), 0},
		"nobody knows":       {"WriteBill", unknown(), settle},
		"nobody knows of it": {"WriteBills", unknown(), settle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := missingInPrecoro(100, 3)
			w.on("PostPayment", fault{}, fault{}, fault{err: kind(activities.Unauthorized, activities.SidePrecoro, "Precoro: 401", 0)})
			w.on(test.at, fault{err: test.err}, fault{err: test.err})

			_, err := w.attempt(t, apply())

			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			require.Equal(t, "Precoro: 401; check the credentials in the configuration", application.Message())
			var end workflows.RunEnd
			require.NoError(t, application.Details(&end))
			require.Equal(t, []string{"1 created to_precoro er.E1 10.00", "2 created to_precoro er.E2 10.00"}, lines(end.Report))
			require.Equal(t, []int64{1, 2, 3}, openOf(end))
			require.Equal(t, test.took, w.clock.Sub(epoch))
			w.faults = map[string][]fault{}

			next := w.run(t, w.after(end, apply()))

			require.Equal(t, []string{"1 adopted to_erp pr.601 10.00", "2 adopted to_erp pr.602 10.00", "3 created to_precoro er.E3 10.00"}, lines(next.Report))
			w.onceEach(t)
		})
	}
}

func TestGatheredKeysAreWrittenBeforeTheRunContinuesAsNew(t *testing.T) {
	t.Parallel()
	w := missingInPrecoro(100, 3)

	_, err := w.attempt(t, apply(), suggested)
	next := continued(t, err)
	require.Equal(t, []string{"POST 1 er.E1 10.00", "bills 1", "bulk 1", "bills 1"}, w.requests())
	_, err = w.attempt(t, next, suggested)
	end := w.run(t, continued(t, err), suggested)

	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Len(t, lines(end.Report), 3)
	w.onceEach(t)
}

// Target: a run that is stopped at the wrong moment. Injection: cancelled while it ties halves before it would continue as
// new. Expected: it stops; a continued run would have forgotten that it was cancelled.
func TestRunThatIsCancelledBeforeItContinuesAsNewStops(t *testing.T) {
	t.Parallel()
	w := missingInPrecoro(100, 3)

	end := w.run(t, apply(), suggested, func(env *testsuite.TestWorkflowEnvironment) {
		w.on("WriteBills", fault{meanwhile: env.CancelWorkflow})
	})

	require.Equal(t, report.Stopped, end.Report.Outcome)
	require.Equal(t, []int64{2, 3}, openOf(end))
	require.Equal(t, "pr.601", w.bill("B1").Payments[0].Tag)
}

// Target: the same ends by either path. Injection: what happens to one of three invoices, by bill and not by request.
// Expected: the same rows, and the same ledgers on both sides.
func TestBulkAndSinglePathComeToTheSame(t *testing.T) {
	t.Parallel()
	edit := func(w *world, idn int64) func() { return func() { w.bill(billOf(idn)).Version += "'" } }
	for name, prepare := range map[string]func(*world){
		"nothing":                func(*world) {},
		"lost":                   func(w *world) { w.on("write B2", fault{err: unknown()}) },
		"lost, carried out":      func(w *world) { w.on("write B2", fault{err: unknown(), landed: true}) },
		"lost, carried out late": func(w *world) { w.on("write B2", fault{err: unknown(), landed: true, after: settle - 1}) },
		"lost twice":             func(w *world) { w.on("write B2", fault{err: unknown()}, fault{err: unknown()}) },
		"lost three times":       func(w *world) { w.on("write B2", fault{err: unknown()}, fault{err: unknown()}, fault{err: unknown()}) },
		"lost three times, done": func(w *world) {
			w.on("write B2", fault{err: unknown()}, fault{err: unknown()}, fault{err: unknown(), landed: true})
		},
		"refused":                    func(w *world) { w.on("write B2", fault{err: kind(activities.Refused, "", "ERP: no", 0)}) },
		"not sent":                   func(w *world) { w.on("write B2", fault{err: kind(activities.NotSent, "", "ERP: no", time.Hour)}) },
		"edited before the read":     func(w *world) { w.on("bill B2", fault{meanwhile: edit(w, 2)}) },
		"edited before the write":    func(w *world) { w.on("write B2", fault{meanwhile: edit(w, 2)}) },
		"edited before the readback": func(w *world) { w.on("bill B2", fault{}, fault{meanwhile: edit(w, 2)}) },
		"gone before the read":       func(w *world) { w.on("bill B2", fault{meanwhile: func() { w.bills = slices.Delete(w.bills, 1, 2) }}) },
		"gone before the readback": func(w *world) {
			w.on("bill B2", fault{}, fault{meanwhile: func() { w.bills = slices.Delete(w.bills, 1, 2) }})
		},
		"paid before the read": func(w *world) {
			w.on("bill B2", fault{meanwhile: func() { w.payInERP(2, pay("E9", "10.00", "2026-03-10")) }})
		},
		"paid before the write": func(w *world) {
			w.on("write B2", fault{meanwhile: func() { w.payInERP(2, pay("E9", "10.00", "2026-03-10")) }})
		},
		"paid after the write": func(w *world) {
			w.on("bill B2", fault{}, fault{meanwhile: func() { w.payInERP(2, pay("E9", "10.00", "2026-03-10")) }})
		},
		"the ERP books nothing": func(w *world) { w.blind = true },
		"Precoro's is lost":     func(w *world) { w.on("PostPayment", fault{err: unknown(), landed: true}) },
	} {
		for _, keeps := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, keys kept %t", name, keeps), func(t *testing.T) {
				t.Parallel()
				var rows, ledgers [][]string
				for _, size := range []int{0, 100} {
					w := missingInERP(size, 3)
					w.settings.ERP.KeepsKey = keeps
					w.payInPrecoro(2, pay("6002", "20.00", "2026-03-11"))
					w.payInERP(2, pay("E2", "5.00", "2026-01-10"))
					prepare(w)
					end := w.run(t, apply())
					rows, ledgers = append(rows, lines(end.Report)), append(ledgers, w.ledger())
				}
				require.Equal(t, rows[0], rows[1])
				require.Equal(t, ledgers[0], ledgers[1])
			})
		}
	}
}

// ledger is every payment that there is on either side.
func (w *world) ledger() []string {
	var all []string
	for _, i := range w.invoices {
		for _, p := range i.payments {
			all = append(all, fmt.Sprintf("%d %s %s", i.IDN, p.Amount.Number(), p.Tag))
		}
	}
	for _, b := range w.bills {
		for _, p := range b.Payments {
			all = append(all, fmt.Sprintf("%s %s %s", b.ID, p.Amount.Number(), p.Tag))
		}
	}
	slices.Sort(all)
	return all
}

// Target: I1, I3, I4. Injection: at random, whatever may happen to a write or to a run, in an ERP that does not look twice.
// Expected: no payment is ever made twice, and once faults stop each is on both sides.
func TestNoPaymentIsMadeTwiceWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, 2026))
			w := inBulk([]int{0, 2, 3, 100}[dice.IntN(4)])
			w.lax, w.lists, w.keepsKey, w.settings.ERP.KeepsKey = dice.IntN(2) == 0, dice.IntN(2) == 0, dice.IntN(3) > 0, dice.IntN(3) > 0
			w.scatter(dice)
			start := apply()
			for range 4 {
				w.harm(dice)
				end, next := w.stumble(t, dice, start)
				start = next(end)
				w.noneTwice(t)
			}
			w.faults = map[string][]fault{}
			var end workflows.RunEnd
			for range 3 {
				end = w.run(t, start)
				start = w.after(end, apply())
				w.noneTwice(t)
			}
			w.forget()
			w.run(t, start)
			require.Empty(t, w.writes(), "the last run has nothing to do")
			if len(end.Open) == 0 {
				w.eachOnBothSides(t)
			}
			require.False(t, w.settings.ERP.KeepsKey && w.keepsKey && len(end.Open) > 0, "open: %v", lines(end.Report))
		})
	}
}

// scatter puts invoices into the world. No two payments on one side of an invoice are of the same amount.
func (w *world) scatter(dice *rand.Rand) {
	for idn := range int64(1 + dice.IntN(8)) {
		var inPrecoro, inERP []reconcile.Payment
		for n := range 1 + dice.IntN(4) {
			amount, date := fmt.Sprintf("%d.00", 1<<n), fmt.Sprintf("2026-03-%02d", 1+n)
			where := dice.IntN(5)
			if where < 3 {
				inPrecoro = append(inPrecoro, pay(fmt.Sprintf("%d%d", 5000+idn, n), amount, date))
			}
			if where > 1 {
				inERP = append(inERP, pay(fmt.Sprintf("E%d-%d", idn, n), amount, date))
			}
		}
		w.add(1+idn, "1000.00", inPrecoro, inERP)
	}
}

// harm queues faults for writes and reads.
func (w *world) harm(dice *rand.Rand) {
	w.faults = map[string][]fault{}
	edit := func(b *reconcile.Bill) func() { return func() { b.Version += "'" } }
	mishap := func(b *reconcile.Bill) fault {
		return []fault{
			{},
			{},
			{err: unknown()},
			{err: unknown(), landed: true},
			{err: unknown(), landed: true, after: time.Duration(1 + dice.Int64N(int64(settle)-1))},
			{err: temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil), landed: true},
			{err: kind(activities.NotSent, "", "not sent", time.Duration(dice.Int64N(int64(time.Hour))))},
			{err: kind(activities.StaleRead, "", "stale", 0)},
			{err: kind(activities.Refused, "", "refused", 0)},
			{meanwhile: edit(b)},
		}[dice.IntN(10)]
	}
	for _, b := range w.bills {
		for range dice.IntN(4) {
			w.on("write "+b.ID, mishap(b))
		}
		for range dice.IntN(4) {
			w.on("bill "+b.ID, []fault{{}, {}, {meanwhile: edit(b)}}[dice.IntN(3)])
		}
	}
	for range dice.IntN(4) {
		w.on("WriteBills", []fault{{}, {}, {err: unknown()}, {err: unknown(), landed: true}, {err: unknown(), landed: true, only: 1 + dice.IntN(3)}}[dice.IntN(5)])
		w.on("PostPayment", []fault{{}, {}, {err: unknown()}, {err: unknown(), landed: true}, {err: kind(activities.NotSent, "", "429", 0)}}[dice.IntN(5)])
		w.on("ReadBills", []fault{{}, {}, {err: kind(activities.Unavailable, "", "502", 0)}, {err: kind(activities.Refused, "", "no", 0)}}[dice.IntN(4)])
	}
	for _, name := range []string{"WriteBills", "ReadBills", "PostPayment", "ReadBill"} {
		if dice.IntN(12) == 0 {
			w.on(name, fault{}, fault{err: kind(activities.Unauthorized, "", "401", 0)})
		}
	}
}

// stumble is a run that may fail, be cancelled or continue as new. It returns how the next one starts.
func (w *world) stumble(t *testing.T, dice *rand.Rand, start workflows.RunStart) (workflows.RunEnd, func(workflows.RunEnd) workflows.RunStart) {
	t.Helper()
	end, err := w.attempt(t, start, func(env *testsuite.TestWorkflowEnvironment) {
		switch dice.IntN(4) {
		case 0:
			env.SetCurrentHistoryLength(10_001)
		case 1:
			env.RegisterDelayedCallback(env.CancelWorkflow, sameGet+time.Duration(dice.Int64N(int64(settle))))
		case 2:
			w.on([]string{"WriteBills", "PostPayment", "WriteBill", "ReadBills"}[dice.IntN(4)], fault{}, fault{meanwhile: env.CancelWorkflow})
		default:
		}
	})
	if workflow.IsContinueAsNewError(err) {
		return end, func(workflows.RunEnd) workflows.RunStart { return continued(t, err) }
	}
	var application *temporal.ApplicationError
	if errors.As(err, &application) && !application.HasDetails() {
		return end, func(workflows.RunEnd) workflows.RunStart { // nothing was decided yet
			start.Memory.LastEnd, start.Memory.LastClean = w.clock, true
			return start
		}
	}
	if err != nil {
		require.ErrorAs(t, err, &application)
		require.NoError(t, application.Details(&end))
	}
	return end, func(end workflows.RunEnd) workflows.RunStart { return w.after(end, apply()) }
}

func (w *world) noneTwice(t *testing.T) {
	t.Helper()
	for _, i := range w.invoices {
		for _, side := range [][]reconcile.Payment{i.payments, w.bill(billOf(i.IDN)).Payments} {
			amounts := map[string]bool{}
			for _, p := range side {
				require.False(t, amounts[p.Amount.Number()], "invoice %d: %s is there twice: %v", i.IDN, p.Amount, side)
				amounts[p.Amount.Number()] = true
			}
		}
	}
}

func (w *world) eachOnBothSides(t *testing.T) {
	t.Helper()
	for _, i := range w.invoices {
		require.Equal(t, i.Paid, w.bill(billOf(i.IDN)).Paid, "invoice %d", i.IDN)
		require.Len(t, w.bill(billOf(i.IDN)).Payments, len(i.payments))
	}
}

// Target: a run that ends as an error. Injection: two writes' outcome is unknown, or was accepted, and then nobody may read any
// more. Expected: the report tells of both; one was carried out, and the next run says which.
func TestWhatWasSentAndNotSeenIsToldWhenTheRunEnds(t *testing.T) {
	t.Parallel()
	for _, bulk := range []int{1, 100} {
		t.Run(fmt.Sprintf("bulk of %d", bulk), func(t *testing.T) {
			t.Parallel()
			w := missingInERP(bulk, 2)
			w.lax = true
			w.on("write B2", fault{err: unknown(), landed: true})
			gone := fault{err: kind(activities.Unauthorized, activities.SideERP, "ERP: unauthorized: 1054", 0)}
			w.on("ReadBills", fault{}, gone, gone, gone)
			w.on("ReadBill", fault{}, fault{}, fault{}, gone, gone)

			_, err := w.attempt(t, apply())

			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			var end workflows.RunEnd
			require.NoError(t, application.Details(&end))
			rows := lines(end.Report)
			require.Contains(t, rows, "2 exception unverified")
			require.Contains(t, openOf(end), int64(2))
			for _, row := range end.Report.Rows {
				if row.Invoice == 2 {
					require.Equal(t, "pr.5002", row.Key)
					require.Contains(t, row.Note, "the run ended before it could see")
				}
			}

			after := w.run(t, w.after(end, apply()))
			require.Equal(t, report.Agreed, after.Report.Outcome)
			w.onceEach(t)
		})
	}
}

// The same in Precoro, where the payment is posted.
func TestWhatWasPostedAndNotSeenIsToldWhenTheRunEnds(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown(), landed: true})
	w.on("ReadInvoice", fault{}, fault{err: kind(activities.Unauthorized, activities.SidePrecoro, "Precoro: unauthorized", 0)})

	_, err := w.attempt(t, apply())

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	var end workflows.RunEnd
	require.NoError(t, application.Details(&end))
	require.Len(t, end.Report.Rows, 1)
	require.Equal(t, reconcile.Unverified, end.Report.Rows[0].Reason)
	require.NotEmpty(t, end.Report.Rows[0].Key)

	after := w.run(t, w.after(end, apply()))
	require.Equal(t, report.Agreed, after.Report.Outcome)
	w.audit(t)
}
