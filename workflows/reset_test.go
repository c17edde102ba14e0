package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// Target: the run after one that was reset. Injection: the one that was reset ends without any write, in each way. Expected: it
// says that it was reset, so that the next one waits for what it had begun.
func TestRunThatWasResetSaysSoHoweverItEnds(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*world){
		"with nothing to do": func(w *world) { w.invoices = w.invoices[:0] },
		"over the caps":      func(w *world) { w.settings.Caps.Payments = 0 },
		"as an error": func(w *world) {
			w.on("ReadInvoice", fault{err: kind(activities.Unauthorized, activities.SidePrecoro, "Precoro: unauthorized", 0)})
		},
	} {
		for _, renamed := range []string{"", "after-the-reset"} {
			t.Run(name+renamed, func(t *testing.T) {
				t.Parallel()
				w := oneForPrecoro()
				w.renamed = renamed
				prepare(w)

				end, err := w.attempt(t, apply())

				var application *temporal.ApplicationError
				if err != nil {
					require.ErrorAs(t, err, &application)
					require.NoError(t, application.Details(&end))
				}
				require.Empty(t, w.writes())
				require.Equal(t, renamed != "", end.Reset)
			})
		}
	}
}

func TestWhatARunHadBegunBeforeItsResetIsWaitedForByTheNext(t *testing.T) {
	t.Parallel()
	for _, reset := range []bool{true, false} {
		o := newOffice()
		o.ended = []workflows.RunEnd{{Report: report.Report{Outcome: report.Agreed}, Complete: true, Reset: reset}}
		o.at(0, func() { o.ticket("a", job("apply", reconcile.Both)) })
		o.at(time.Minute*5, func() { o.ticket("b", job("plan", reconcile.Both)) })

		o.open(t, workflows.CompanyState{}, time.Hour)

		require.Equal(t, !reset, o.begun[1].Memory.LastClean)
		require.Equal(t, reset, o.begun[1].Memory.Untied)
	}
}

// Target: a run that was reset and goes on as a new one before it has sent anything. Injection: its predecessor's write lands.
// Expected: the new one waits before it reads.
func TestResetIsNotForgottenByContinuingAsNew(t *testing.T) {
	t.Parallel()
	w := missingInERP(2, 5)
	w.renamed = "after-the-reset"
	_, err := w.attempt(t, apply(), suggested)
	next := continued(t, err)
	require.True(t, next.Resume.Reset)

	w.renamed = ""
	w.forget()
	began := w.clock
	_, err = w.attempt(t, next, suggested)
	require.True(t, continued(t, err).Resume.Reset, "nor by the one after it")
	require.GreaterOrEqual(t, w.clock.Sub(began), settle)
	require.GreaterOrEqual(t, w.events[0].at, settle, "%v", w.events[0])
}

// Target: a payment that landed in the ERP without its key. Injection: nobody may put the key on it. Expected: the report tells
// of the payment.
func TestPaymentThatLandedWithoutItsKeyIsToldWhenTheRunEnds(t *testing.T) {
	t.Parallel()
	for _, bulk := range []int{1, 100} {
		t.Run(fmt.Sprintf("bulk of %d", bulk), func(t *testing.T) {
			t.Parallel()
			w := missingInERP(bulk, 2)
			w.settings.ERP.KeepsKey = false
			w.lax = true
			gone := fault{err: kind(activities.Unauthorized, activities.SideERP, "ERP: unauthorized: 1054", 0)}
			w.on("write B2", fault{err: unknown(), landed: true}, gone)

			_, err := w.attempt(t, apply())

			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			var end workflows.RunEnd
			require.NoError(t, application.Details(&end))
			require.Contains(t, lines(end.Report), "2 exception unverified")
			w.run(t, w.after(end, apply()))
			require.Len(t, w.bill("B2").Payments, 1)
		})
	}
}

// Target: a post that went nowhere. Injection: it was looked for, was not there, and then the ERP lets nobody in. Expected: no
// row says that nobody knows.
func TestWhatWasLookedForAndNotThereIsNotUnverified(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.on("PostPayment", fault{err: unknown()})
	w.on("ReadBill", fault{}, fault{err: kind(activities.Unauthorized, activities.SideERP, "ERP: unauthorized", 0)})

	_, err := w.attempt(t, apply())

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	var end workflows.RunEnd
	require.NoError(t, application.Details(&end))
	require.Empty(t, lines(end.Report))
	require.Equal(t, []int64{1042}, openOf(end))
}
