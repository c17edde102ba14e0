package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

type payments = []reconcile.Payment

// oneForPrecoro is a world in which one payment of the ERP is missing in Precoro. The ERP cannot be tagged, so that
// nothing but Precoro is written to.
func oneForPrecoro() *world {
	w := newWorld()
	w.settings.ERP.Tags = false
	w.add(1042, "240.00", nil, payments{pay("E1", "120.00", "2026-03-10")})
	return w
}

func created(t *testing.T, end workflows.RunEnd) {
	t.Helper()
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00"}, lines(end.Report))
	require.Equal(t, report.Paid{Precoro: "0.00", ERP: "120.00"}, end.Report.Rows[0].Before)
	require.Equal(t, report.Paid{Precoro: "120.00", ERP: "120.00"}, end.Report.Rows[0].After)
}

func TestFreshReadIsPostedUponWithoutAFurtherCheck(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []string{"GET page 1", "find 1", "GET 1042", "bill B1042", "POST 1042 er.E1 120.00"}, w.sent())
	require.True(t, end.KeepsKey, "the answer showed the key")
	require.Equal(t, report.Requests{Precoro: 3, ERP: 2, ERPCost: 2000}, end.Report.Requests)
}

func TestAnswerWithoutTheKeyIsFollowedByATag(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.keepsKey = false

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []string{"0s POST 1042 er.E1 120.00", "0s PATCH 9601 er.E1"}, w.tail())
	require.False(t, end.KeepsKey)
	require.Equal(t, "er.E1", w.numbered(1042).payments[0].Tag)
}

// Target: a write decided on before an outage. Injection: the activity says StaleRead. Expected: a new read, then one post.
func TestStaleReadIsReadAgainAndThenPosted(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: kind(activities.StaleRead, activities.SidePrecoro, "not sent: held up", 0)})

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []string{"0s POST 1042 er.E1 120.00", "1m1s GET 1042", "1m1s bill B1042", "1m1s POST 1042 er.E1 120.00"}, w.tail())
}

// Target: a stale read that hides a payment. Injection: StaleRead, and the payment is there by then. Expected: not posted.
func TestStaleReadThatFindsThePaymentPostsNothing(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{
		err:       kind(activities.StaleRead, activities.SidePrecoro, "not sent: held up", 0),
		meanwhile: func() { w.payInPrecoro(1042, tagged(pay("5512", "120.00", "2026-03-10"), "er.E1")) },
	})

	w.run(t, apply())

	require.Len(t, w.numbered(1042).payments, 1)
	require.Len(t, w.writes(), 1, "only the one that was not sent")
}

func TestReadThatGrewOldIsCheckedBeforeThePost(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.add(1043, "50.00", nil, payments{pay("E2", "50.00", "2026-03-11")})
	w.on("PostPayment", fault{err: unknown()}, fault{err: unknown()}) // 20 minutes pass on invoice 1042

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00", "1043 created to_precoro er.E2 50.00"}, lines(end.Report))
	require.Equal(t, []string{
		"0s POST 1042 er.E1 120.00", "10m0s GET 1042", "10m0s bill B1042", "10m0s POST 1042 er.E1 120.00",
		"20m0s GET 1042", "20m0s bill B1042", "20m0s POST 1042 er.E1 120.00",
		"20m0s stale", "20m0s GET 1043", "20m0s bill B1043", "20m0s POST 1043 er.E2 50.00",
	}, w.tail())
}

// Target: a write that surely did not go out. Injection: NotSent with a quota's wait. Expected: waits, checks, posts.
func TestUnsentPostWaitsChecksAndIsPosted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		quota, waits time.Duration
	}{
		"for the quota":                   {40 * time.Minute, 40 * time.Minute},
		"until the GET may be sent again": {2 * time.Second, sameGet},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := oneForPrecoro()
			w.on("PostPayment", fault{err: kind(activities.NotSent, activities.SidePrecoro, "Precoro: throttled", test.quota)})

			end := w.run(t, apply())

			created(t, end)
			require.Equal(t, []string{
				"0s POST 1042 er.E1 120.00", test.waits.String() + " GET 1042", test.waits.String() + " bill B1042", test.waits.String() + " POST 1042 er.E1 120.00",
			}, w.tail())
		})
	}
}

func TestPostThatNeverGoesOutIsGivenUp(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	for range 10 {
		w.on("PostPayment", fault{err: kind(activities.NotSent, activities.SidePrecoro, "Precoro: connection refused", 0)})
	}

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception rejected"}, lines(end.Report))
	require.Equal(t, "could not be sent in 10 tries: Precoro: connection refused", end.Report.Rows[0].Note)
	require.Len(t, w.writes(), 10)
	require.Empty(t, w.numbered(1042).payments)
}

// Target: I1. Injection: the answer to the post is lost after the write. Expected: found after the settle time, not posted
// again.
func TestLostAnswerIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown(), landed: true})

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []string{"0s POST 1042 er.E1 120.00", "10m0s GET 1042"}, w.tail())
	require.Len(t, w.numbered(1042).payments, 1)
}

// Target: I1 where Precoro does not keep the key. Injection: the answer is lost, the payment stands there without key.
// Expected: it is ours, because nothing says that Precoro keeps keys: it is tagged.
func TestLostAnswerWithoutKeyIsTaggedAsOurs(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.keepsKey = false
	w.on("PostPayment", fault{err: unknown(), landed: true})

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []string{"0s POST 1042 er.E1 120.00", "10m0s GET 1042", "10m0s PATCH 9601 er.E1"}, w.tail())
	require.Equal(t, "key set by a second request", end.Report.Rows[0].Note)
	require.False(t, end.KeepsKey)
}

// Target: I4. Injection: the post is lost before it arrives. Expected: posted again after settle and check.
func TestLostPostIsPostedAgain(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown()})

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []string{"0s POST 1042 er.E1 120.00", "10m0s GET 1042", "10m0s bill B1042", "10m0s POST 1042 er.E1 120.00"}, w.tail())
}

// Target: every kind of lost answer. Injection: Temporal's own time-outs, after the write. Expected: as any lost answer.
func TestTimeoutOfTemporalIsALostAnswer(t *testing.T) {
	t.Parallel()
	for _, timeout := range []enums.TimeoutType{enums.TIMEOUT_TYPE_START_TO_CLOSE, enums.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE} {
		t.Run(timeout.String(), func(t *testing.T) {
			t.Parallel()
			w := oneForPrecoro()
			w.on("PostPayment", fault{err: temporal.NewTimeoutError(timeout, nil), landed: true})

			end := w.run(t, apply())

			created(t, end)
			require.Equal(t, []string{"0s POST 1042 er.E1 120.00", "10m0s GET 1042"}, w.tail())
		})
	}
}

// Target: a write that takes effect late, but within the settle time. Injection: it lands one second before that is over.
// Expected: found.
func TestWriteThatLandsWithinTheSettleTimeIsFound(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown()})
	w.on("ReadInvoice", fault{}, fault{meanwhile: func() { w.payInPrecoro(1042, tagged(pay("601", "120.00", "2026-03-10"), "er.E1")) }})

	end := w.run(t, apply())

	created(t, end)
	require.Len(t, w.writes(), 1)
}

// Target: somebody else's payment. Injection: the post is lost, and an equal one without key appears, though Precoro is
// known to keep keys. Expected: nobody can say whose it is for sure; people are asked, nothing is tagged or posted.
func TestEqualPaymentThatAppearsIsSomebodyElsesIfKeysAreKept(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown(), meanwhile: func() { w.payInPrecoro(1042, pay("5512", "120.00", "2026-03-10")) }})
	start := apply()
	start.Memory.KeepsKey = true

	end := w.run(t, start)

	require.Equal(t, []string{"1042 exception possible_duplicate"}, lines(end.Report))
	require.Equal(t, []string{"POST 1042 er.E1 120.00"}, w.writes())
	require.Empty(t, w.numbered(1042).payments[0].Tag)
}

// Target: keys are known to be kept since this very run. Injection: the second invoice's post is lost, an equal payment
// appears. Expected: possible_duplicate.
func TestKeepingOfKeysIsLearnedWithinTheRun(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.add(1043, "50.00", nil, payments{pay("E2", "50.00", "2026-03-11")})
	w.on("PostPayment", fault{}, fault{err: unknown(), meanwhile: func() { w.payInPrecoro(1043, pay("5512", "50.00", "2026-03-11")) }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00", "1043 exception possible_duplicate"}, lines(end.Report))
}

// Target: two equal payments appear at once. Injection: ours lands without key, and somebody makes another. Expected:
// possible_duplicate, nothing is tagged.
func TestTwoEqualPaymentsThatAppearAreNotToldApart(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.keepsKey = false
	w.on("PostPayment", fault{err: unknown(), landed: true, meanwhile: func() { w.payInPrecoro(1042, pay("5512", "120.00", "2026-03-10")) }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception possible_duplicate"}, lines(end.Report))
	require.Equal(t, []string{"POST 1042 er.E1 120.00"}, w.writes())
}

// Target: the same, where the key tells. Injection: ours lands with its key beside an equal one. Expected: ours is found.
func TestKeyTellsOursFromAnEqualPayment(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown(), landed: true, meanwhile: func() { w.payInPrecoro(1042, pay("5512", "120.00", "2026-03-10")) }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00"}, lines(end.Report))
	require.Len(t, w.writes(), 1)
}

// Target: a reset. Injection: what was read is replayed under another run's ID, whose post landed without key. Expected:
// nothing is sent upon it; the payment is found and tagged.
func TestResetRunFindsWhatItsPredecessorPosted(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.keepsKey = false
	w.on("ReadInvoice", fault{runID: "before-the-reset"}, fault{meanwhile: func() { w.payInPrecoro(1042, pay("601", "120.00", "2026-03-10")) }})

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []string{"0s stale", "10m0s GET 1042", "10m0s PATCH 9601 er.E1"}, w.tail())
}

// Target: a reset to a time before the reading. Injection: the run reads everything again, and only then its predecessor's post
// lands. Expected: what it was about to send is refused, the payment is waited for, looked for, and found; on no invoice is
// anything sent upon what was read before.
func TestResetRunThatReadsAgainFindsWhatItsPredecessorStillPosted(t *testing.T) {
	t.Parallel()
	for _, landsOn := range []int64{1042, 1043} {
		w := oneForPrecoro()
		w.add(1043, "50.00", nil, payments{pay("E2", "50.00", "2026-03-11")})
		w.renamed = "after-the-reset"
		late := map[int64]reconcile.Payment{1042: tagged(pay("601", "120.00", "2026-03-10"), "er.E1"), 1043: tagged(pay("601", "50.00", "2026-03-11"), "er.E2")}
		w.on("ReadInvoice", fault{}, fault{}, fault{meanwhile: func() { w.payInPrecoro(landsOn, late[landsOn]) }})

		end := w.run(t, apply())

		require.Equal(t, []string{"1042 created to_precoro er.E1 120.00", "1043 created to_precoro er.E2 50.00"}, lines(end.Report))
		for _, idn := range []int64{1042, 1043} {
			require.Len(t, w.numbered(idn).payments, 1)
		}
		require.Equal(t, []string{"0s stale", "10m0s GET 1042"}, w.tail()[:2])
		require.Contains(t, w.tail(), "10m0s stale", "what was read before it had settled is not written upon")
	}
}

// Target: the same in the ERP, where a late write brings an old header. Expected: nothing is sent before it has settled.
func TestResetRunThatReadsAgainWritesNoBillBeforeItsPredecessorHasSettled(t *testing.T) {
	t.Parallel()
	for _, bulk := range []int{1, 100} {
		w := missingInERP(bulk, 3)
		w.renamed = "after-the-reset"

		end := w.run(t, apply())

		require.Equal(t, report.ByDirection{ToERP: 3}, end.Report.Created)
		w.onceEach(t)
		for _, e := range w.events {
			if strings.HasPrefix(e.what, "write ") {
				require.GreaterOrEqual(t, e.at, settle)
			}
		}
	}
}

// Target: a reset to the beginning. Expected: the run has waited by then, and does not wait again.
func TestRunThatWasResetToItsBeginningWaitsOnce(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.renamed, w.settings.Reset, w.settings.RunID = "after-the-reset", true, "after-the-reset"

	end := w.run(t, apply())

	created(t, end)
	require.NotContains(t, w.requests(), "stale")
}

func TestResetRunReadsAnewBeforeItWrites(t *testing.T) {
	t.Parallel()
	w := two()
	w.settings.ERP.Tags = false
	w.on("ReadInvoice", fault{runID: "before-the-reset"}, fault{runID: "before-the-reset"})
	w.on("ReadBill", fault{runID: "before-the-reset"}, fault{runID: "before-the-reset"}, fault{runID: "before-the-reset"})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00", "1043 created to_precoro er.E1 80.00"}, lines(end.Report))
	require.Equal(t, []string{
		"0s stale", "10m0s bill B1042", "10m0s write B1042 pr.5512 120.00", "10m0s bill B1042",
		"10m0s stale", "20m0s GET 1043", "20m0s bill B1043", "20m0s POST 1043 er.E1 80.00",
	}, w.tail())
}

func TestPostOfUnknownOutcomeIsLeftToPeopleAfterThreeTries(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.add(1043, "50.00", nil, payments{pay("E2", "50.00", "2026-03-11")})
	w.on("PostPayment", fault{err: unknown()}, fault{err: unknown()}, fault{err: unknown()})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception unverified", "1043 created to_precoro er.E2 50.00"}, lines(end.Report))
	require.Equal(t, []string{
		"0s POST 1042 er.E1 120.00", "10m0s GET 1042", "10m0s bill B1042",
		"10m0s POST 1042 er.E1 120.00", "20m0s GET 1042", "20m0s bill B1042",
		"20m0s POST 1042 er.E1 120.00", "30m0s GET 1042",
	}, w.tail()[:8], "each try has its settle time and its check, the last one too")
	require.Len(t, w.writes(), 4)
}

func TestThirdLostAnswerIsStillFound(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown()}, fault{err: unknown()}, fault{err: unknown(), landed: true})

	end := w.run(t, apply())

	created(t, end)
	require.Len(t, w.writes(), 3)
}

func TestRefusedPostLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.add(1043, "50.00", nil, payments{pay("E2", "50.00", "2026-03-11")})
	w.on("PostPayment", fault{err: kind(activities.Refused, activities.SidePrecoro, "Precoro: refused (422): sumPaid: too much", 0)})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception rejected", "1043 created to_precoro er.E2 50.00"}, lines(end.Report))
	require.Equal(t, "Precoro: refused (422): sumPaid: too much", end.Report.Rows[0].Note)
	require.Equal(t, report.Exceptions, end.Report.Outcome)
	require.Equal(t, []int64{1042}, openOf(end))
	require.Len(t, w.writes(), 2)
}

func TestRejectedSecondPaymentLeavesTheFirstInTheReport(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.payInERP(1042, pay("E2", "30.00", "2026-03-11"))
	w.on("PostPayment", fault{}, fault{err: kind(activities.Refused, activities.SidePrecoro, "Precoro: no", 0)})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00", "1042 exception rejected"}, lines(end.Report))
	require.Equal(t, report.ByDirection{ToPrecoro: 1}, end.Report.Created)
}

func TestRefusedCredentialsEndTheRunPlainly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		activity string
		err      error
		text     string
	}{
		"Precoro's, at a post":      {"PostPayment", kind(activities.Unauthorized, activities.SidePrecoro, "Precoro: unauthorized: bad token", 0), "Precoro: unauthorized: bad token; check the credentials in the configuration"},
		"Precoro's, at a read":      {"ReadInvoice", kind(activities.Unauthorized, activities.SidePrecoro, "Precoro: unauthorized: bad token", 0), "Precoro: unauthorized: bad token; check the credentials in the configuration"},
		"Precoro's, at the listing": {"ListInvoices", kind(activities.Forbidden, activities.SidePrecoro, "Precoro: forbidden: no", 0), "Precoro: forbidden: no; check what the user may see and do there"},
		"the ERP's, at a search":    {"FindBills", kind(activities.Unauthorized, activities.SideERP, "ERP: unauthorized: 1051", 0), "ERP: unauthorized: 1051; check the credentials in the configuration"},
		"the ERP's, at a read":      {"ReadBill", kind(activities.Forbidden, activities.SideERP, "ERP: forbidden: 1060", 0), "ERP: forbidden: 1060; check what the user may see and do there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := oneForPrecoro()
			w.add(1043, "50.00", nil, payments{pay("E2", "50.00", "2026-03-11")})
			w.on(test.activity, fault{err: test.err})

			_, err := w.attempt(t, apply())

			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			require.True(t, application.NonRetryable())
			require.Equal(t, test.text, application.Message())
			require.LessOrEqual(t, len(w.writes()), 1, "nothing follows")
		})
	}
}

// Target: what is written is still due. Injection: while a lost post settles, the ERP's payment is cancelled. Expected: not
// posted again.
func TestPaymentThatIsNoLongerDueIsNotPostedAgain(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown(), meanwhile: func() {
		gone := pay("E1", "120.00", "2026-03-10")
		gone.Cancelled = true
		w.book(w.bill("B1042"), payments{gone})
	}})

	end := w.run(t, apply())

	require.Empty(t, lines(end.Report))
	require.Equal(t, []string{"POST 1042 er.E1 120.00"}, w.writes())
}

// Target: I6. Injection: while a lost post settles, the invoice leaves the three statuses. Expected: not posted again.
func TestInvoiceThatTakesNoPartAnyMoreIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown()})
	w.on("ReadInvoice", fault{}, fault{meanwhile: func() { w.numbered(1042).Status = 7 }})

	end := w.run(t, apply())

	require.Len(t, w.writes(), 1)
	require.Equal(t, []string{"invoice 1042: has status 7 by now; nothing was written"}, end.Report.Notes)
}

// Target: the ERP's half of a pair. Injection: none. Expected: after a creation in Precoro the ERP's payment names it, so
// that a half that vanishes is noticed.
func TestPaymentCreatedInPrecoroIsNamedInTheERP(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00", nil, payments{pay("E1", "120.00", "2026-03-10")})

	end := w.run(t, apply())

	created(t, end)
	require.Equal(t, []string{"POST 1042 er.E1 120.00", "note B1042 pr.601 120.00"}, w.writes())
	require.Equal(t, "pr.601", w.bill("B1042").Payments[0].Tag)
	require.Equal(t, "bill B1042 gets pr.601 for it", end.Report.Rows[0].Note)
}

func TestTagBackThatIsRefusedIsAnExceptionBesideTheCreation(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00", nil, payments{pay("E1", "120.00", "2026-03-10")})
	w.on("WriteBill", fault{err: kind(activities.Refused, activities.SideERP, "ERP: closed", 0)})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00", "1042 exception rejected"}, lines(end.Report))
	require.Len(t, w.numbered(1042).payments, 1)

	again := w.run(t, w.after(end, apply()))

	require.Equal(t, []string{"1042 adopted to_erp pr.601 120.00"}, lines(again.Report), "the open invoice is looked at although the totals agree")
}

func TestTwoEqualPaymentsOfADayAreBothCreated(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00", nil, payments{pay("E1", "120.00", "2026-03-10"), pay("E2", "120.00", "2026-03-10")})
	w.keepsKey = false
	w.on("PostPayment", fault{}, fault{err: unknown(), landed: true})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_precoro er.E1 120.00", "1042 created to_precoro er.E2 120.00"}, lines(end.Report))
	require.Len(t, w.numbered(1042).payments, 2)
	require.Equal(t, 2, end.Report.Created.ToPrecoro)
}

func TestAdoptionInPrecoroSetsAKeyAndCreatesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.settings.ERP.Tags = false
	w.add(1042, "240.00", payments{pay("5512", "100.00", "2026-03-09")}, payments{pay("E1", "100.00", "2026-03-10"), pay("E2", "20.00", "2026-03-11")})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 adopted to_precoro er.E1 100.00", "1042 created to_precoro er.E2 20.00"}, lines(end.Report))
	require.Equal(t, []string{"PATCH 95512 er.E1", "POST 1042 er.E2 20.00"}, w.writes())
}

func TestKeyThatPrecoroRefusesOrHidesIsAnException(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(*world)
		note    string
	}{
		"refused": {func(w *world) {
			w.on("TagPayment", fault{err: kind(activities.Refused, activities.SidePrecoro, "Precoro: too long", 0)})
		}, "the key was refused: Precoro: too long"},
		"hidden": {func(w *world) { w.mute = true }, "Precoro accepted the key, but does not show it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := oneForPrecoro()
			w.keepsKey = false
			test.prepare(w)

			end := w.run(t, apply())

			require.Equal(t, []string{"1042 created to_precoro er.E1 120.00", "1042 exception rejected"}, lines(end.Report))
			require.Equal(t, test.note, end.Report.Rows[1].Note)
			require.Len(t, w.numbered(1042).payments, 1)
		})
	}
}

func openOf(end workflows.RunEnd) []int64 {
	var all []int64
	for _, open := range end.Open {
		all = append(all, open.Invoice)
	}
	return all
}

// Target: the second of two payments on an invoice. Injection: the first one's answer is lost, and while it is waited for
// somebody pays a part. Expected: the first is found, and what is left is decided again upon what was read: the second would take
// the invoice above its total by now.
func TestWhatIsLeftIsDecidedAgainAfterALostAnswer(t *testing.T) {
	t.Parallel()
	for name, bulk := range map[string]int{"to Precoro": 1, "to the ERP": 1, "to the ERP in bulk": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.lax = true
			w.settings.ERP.Bulk = bulk
			halves := payments{pay("1", "100.00", "2026-03-10"), pay("2", "100.00", "2026-03-11")}
			if name == "to Precoro" {
				w.add(1042, "200.00", nil, halves)
				w.on("PostPayment", fault{err: unknown(), landed: true, meanwhile: func() { w.payInPrecoro(1042, pay("9", "60.00", "2026-03-12")) }})
			} else {
				w.add(1042, "200.00", halves, nil)
				w.on("write B1042", fault{err: unknown(), landed: true, meanwhile: func() { w.book(w.bill("B1042"), append(w.bill("B1042").Payments, pay("9", "60.00", "2026-03-12"))) }})
			}

			end := w.run(t, apply())

			require.Equal(t, 1, end.Report.Created.ToERP+end.Report.Created.ToPrecoro)
			require.Len(t, end.Report.Rows, 2)
			require.Equal(t, reconcile.Overpaid, end.Report.Rows[1].Reason)
		})
	}
}

// Somebody cancels a payment of ours before its lost answer was looked for.
func TestPaymentThatWasCancelledBeforeItWasFoundIsToldWithItsKey(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown(), landed: true})
	w.on("ReadInvoice", fault{}, fault{meanwhile: func() {
		made := w.numbered(1042).payments
		made[len(made)-1].Cancelled = true
		w.numbered(1042).settle()
	}})

	end := w.run(t, apply())

	require.Len(t, end.Report.Rows, 1)
	require.Equal(t, reconcile.Reversed, end.Report.Rows[0].Reason)
	require.NotEmpty(t, end.Report.Rows[0].Key)
	require.Len(t, w.writes(), 1)
}

// Target: a post that was never sent, because what it was decided on had grown old. Injection: meanwhile somebody pays the same
// in Precoro, and in one case the payment is cancelled in the ERP too. Expected: the new payment is nobody's of ours; what is
// due is decided again.
func TestWhatSomebodyPaidIsNotTakenForAPostThatWasNeverSent(t *testing.T) {
	t.Parallel()
	for name, cancelled := range map[string]bool{"adopted": false, "left alone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := oneForPrecoro()
			w.keepsKey = false
			w.settings.ERP.Tags = false
			w.on("PostPayment", fault{err: kind(activities.StaleRead, activities.SidePrecoro, "not sent: the read is older than 15m0s", 0)})
			w.on("ReadInvoice", fault{}, fault{meanwhile: func() {
				w.payInPrecoro(1042, pay("601", "120.00", "2026-03-10"))
				if cancelled {
					w.bill("B1042").Payments[0].Cancelled = true
					w.book(w.bill("B1042"), w.bill("B1042").Payments)
				}
			}})

			end := w.run(t, apply())

			require.Zero(t, end.Report.Created.ToPrecoro)
			if cancelled {
				require.Equal(t, []string{"POST 1042 er.E1 120.00"}, w.writes(), "the one that was refused before it was sent")
				return
			}
			require.Equal(t, []string{"1042 adopted to_precoro er.E1 120.00"}, lines(end.Report))
		})
	}
}
