package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"payrecon/activities"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// bySteps is a world whose ERP makes a payment in four writes, and in which one payment of Precoro is missing there.
func bySteps(bulk int) *world {
	w := oneForERP()
	w.steps, w.lists = []string{"draft", "approved", "processing"}, true
	w.settings.ERP.Bulk = bulk
	return w
}

// inBoth runs a test with the careful path and with bulks.
func inBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, bulk := range []int{1, 100} {
		t.Run(fmt.Sprintf("bulk %d", bulk), func(t *testing.T) {
			t.Parallel()
			test(t, bySteps(bulk))
		})
	}
}

const step = "write B1042 pr.5512 120.00"

func TestAPaymentIsCarriedThroughAllItsSteps(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, w *world) {
		t.Helper()
		end := w.run(t, apply())

		require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
		require.Equal(t, []string{step, step, step, step}, w.writes())
		require.Len(t, w.bill("B1042").Payments, 1)
		require.Empty(t, w.bill("B1042").Payments[0].Pending)
		require.Equal(t, report.Paid{Precoro: "120.00", ERP: "0.00"}, end.Report.Rows[0].Before)
		require.Equal(t, report.Paid{Precoro: "120.00", ERP: "120.00"}, end.Report.Rows[0].After)
		require.Equal(t, report.ByDirection{ToERP: 1}, end.Report.Created)
	})
}

// Every step is read back once, and what was read is what the next one rests on.
func TestAStepIsReadBackOnce(t *testing.T) {
	t.Parallel()
	w := bySteps(1)

	w.run(t, apply())

	require.Equal(t, []string{
		"GET page 1", "find 1", "GET 1042", "bill B1042", step, "bill B1042", step, "bill B1042", step, "bill B1042", step, "bill B1042",
	}, w.sent())
}

// Target: I1. Injection: the answer to each step in turn is lost, carried out or not. Expected: it is looked for after the
// settle time, and gone on with from where it is.
func TestALostAnswerAtEachStepIsLookedFor(t *testing.T) {
	t.Parallel()
	for lost := range 4 {
		for _, landed := range []bool{true, false} {
			t.Run(fmt.Sprintf("step %d, carried out %t", lost+1, landed), func(t *testing.T) {
				t.Parallel()
				inBoth(t, func(t *testing.T, w *world) {
					t.Helper()
					faults := make([]fault, lost, lost+1)
					w.on("WriteBill", append(faults, fault{err: unknown(), landed: landed})...)

					end := w.run(t, apply())

					require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
					writes := 4
					if !landed {
						writes = 5
					}
					require.Len(t, w.writes(), writes)
					require.Len(t, w.bill("B1042").Payments, 1)
					require.Empty(t, w.bill("B1042").Payments[0].Pending)
					sent := w.tail()[0]
					require.Contains(t, sent, "0s write", "the settle time lies between the lost answer and what follows")
				})
			})
		}
	}
}

// Target: I2. Injection: somebody pays the bill after one of the steps. Expected: no further step; the report says what of ours
// is left there.
func TestAStepThatIsNoLongerDueIsNotTaken(t *testing.T) {
	t.Parallel()
	for before := 1; before <= 3; before++ {
		t.Run(fmt.Sprintf("before step %d", before+1), func(t *testing.T) {
			t.Parallel()
			inBoth(t, func(t *testing.T, w *world) {
				t.Helper()
				name := "ReadBill"
				reads := make([]fault, before+1) // the one before the first write, and those that read back
				if w.settings.ERP.Bulk > 1 {
					name = "ReadBills"
				}
				reads[before] = fault{meanwhile: func() { w.payInERP(1042, pay("E9", "200.00", "2026-03-12")) }}
				w.on(name, reads...)

				end := w.run(t, apply())

				require.Equal(t, []string{"1042 exception overpaid"}, lines(end.Report))
				require.Contains(t, end.Report.Rows[0].Note, "for pr.5512 is begun and "+w.steps[before-1])
				require.Len(t, w.writes(), before)
			})
		})
	}
}

// Target: a crash between two steps. Injection: a run before has begun the payment. Expected: this one ends it, and makes none
// beside it.
func TestWhatAnEarlierRunHasBegunIsFinished(t *testing.T) {
	t.Parallel()
	for done, state := range []string{"draft", "approved", "processing"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			inBoth(t, func(t *testing.T, w *world) {
				t.Helper()
				begun := tagged(pay("E1", "120.00", "2026-03-10"), "pr.5512")
				begun.Pending = state
				w.payInERP(1042, begun)

				end := w.run(t, apply())

				require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
				require.Len(t, w.writes(), 3-done)
				require.Len(t, w.bill("B1042").Payments, 1)
				require.Equal(t, eur("120.00"), w.bill("B1042").Paid)
			})
		})
	}
}

// A bill whose totals agree is looked at all the same if a payment of ours is begun on it: it stands beside the one made.
func TestAPaymentThatWasBegunTwiceIsReported(t *testing.T) {
	t.Parallel()
	w := bySteps(1)
	second := tagged(pay("E2", "120.00", "2026-03-10"), "pr.5512")
	second.Pending = "draft"
	w.payInERP(1042, tagged(pay("E1", "120.00", "2026-03-10"), "pr.5512"), second)

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception duplicate_payment"}, lines(end.Report))
	require.Empty(t, w.writes())
}

// An ERP that takes a step and stays where it was has not taken it.
func TestAnAcceptedStepThatDoesNotShowIsRejected(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, w *world) {
		t.Helper()
		begun := tagged(pay("E1", "120.00", "2026-03-10"), "pr.5512")
		begun.Pending = "approved"
		w.payInERP(1042, begun)
		w.blind = true

		end := w.run(t, apply())

		require.Equal(t, []string{"1042 exception rejected"}, lines(end.Report))
		require.Contains(t, end.Report.Rows[0].Note, "the ERP holds it, approved")
		require.Len(t, w.writes(), 1)
	})
}

// Target: a stop between two steps. Injection: the run is cancelled while the first is read back. Expected: what has begun is
// finished, and reported; what a bulk has begun beside it too.
func TestAStopLetsAPaymentThatHasBegunBeFinished(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, w *world) {
		t.Helper()
		w.add(1043, "50.00", payments{pay("5513", "50.00", "2026-03-10")}, nil)
		var env *testsuite.TestWorkflowEnvironment
		w.on("WriteBill", fault{meanwhile: func() { env.CancelWorkflow() }})

		end := w.run(t, apply(), func(e *testsuite.TestWorkflowEnvironment) { env = e })

		for _, bill := range w.bills {
			for _, p := range bill.Payments {
				require.Empty(t, p.Pending, "nothing is left on its way")
			}
		}
		require.Contains(t, lines(end.Report), "1042 created to_erp pr.5512 120.00")
		require.Equal(t, eur("120.00"), w.bill("B1042").Paid)
	})
}

// Target: I4. Injection: the credentials are refused between two steps. Expected: the run fails, and tells how far the payment
// has come; the next one finishes it.
func TestARunThatFailsBetweenTwoStepsTellsOfIt(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, w *world) {
		t.Helper()
		w.on("WriteBill", fault{}, fault{err: kind(activities.Unauthorized, activities.SideERP, "ERP: unauthorized", 0)})

		_, err := w.attempt(t, apply())
		require.ErrorContains(t, err, "unauthorized")
		require.Len(t, w.writes(), 2)
		var application *temporal.ApplicationError
		require.ErrorAs(t, err, &application)
		var told workflows.RunEnd
		require.NoError(t, application.Details(&told))
		require.Equal(t, []string{"1042 exception unverified"}, lines(told.Report))
		require.Contains(t, told.Report.Rows[0].Note, "begun in the ERP, where it is draft now")
		w.clock = w.clock.Add(time.Hour)

		again := w.run(t, apply())

		require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(again.Report))
		require.Len(t, w.bill("B1042").Payments, 1)
	})
}

// A payment of many steps does not use up how often the documents may change under a run.
func TestStepsAreNotChangesOfTheDocuments(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, w *world) {
		t.Helper()
		for n := range 5 {
			w.payInPrecoro(1042, pay(fmt.Sprint(5600+n), "10.00", "2026-03-11"))
		}

		end := w.run(t, apply())

		require.Len(t, end.Report.Rows, 6)
		require.Equal(t, report.Agreed, end.Report.Outcome)
		require.Len(t, w.writes(), 24)
	})
}

// What people have begun is neither copied nor taken for ours.
func TestAPaymentOnItsWayInTheERPIsNotCopied(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.lists = true
	draft := pay("E1", "70.00", "2026-03-10")
	draft.Pending = "draft"
	w.add(1042, "240.00", nil, payments{draft})

	end := w.run(t, apply())

	require.Empty(t, end.Report.Rows)
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Empty(t, w.writes())
}
