package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// What one run has spent, the next one knows, however the first ended.
func TestCompanyCountsFromRunToRun(t *testing.T) {
	t.Parallel()
	spent := workflows.Quota{}
	spent.SpendPrecoro(epoch, 40)
	decided := workflows.RunEnd{Report: report.Report{Outcome: report.Agreed}, Quota: &spent, Marks: workflows.Marks{Precoro: epoch, ERP: epoch}}
	failure := temporal.NewNonRetryableApplicationError("Precoro: unauthorized", "Unauthorized", nil, workflows.RunEnd{Quota: &spent, Open: []workflows.OpenInvoice{{Invoice: 77}}})
	for name, test := range map[string]struct {
		ended  workflows.RunEnd
		failed error
		left   int
	}{
		"it ended":                {decided, nil, 60},
		"it failed":               {workflows.RunEnd{}, failure, 60},
		"it was terminated":       {workflows.RunEnd{}, temporal.NewTimeoutError(0, nil), 40}, // no more than one a second of the minute that it took
		"it is of an older build": {workflows.RunEnd{Report: report.Report{Company: "acme", Outcome: report.Agreed, Requests: report.Requests{Precoro: 7}}}, nil, 93},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice()
			o.ended = []workflows.RunEnd{test.ended}
			o.failed[0] = test.failed
			o.at(0, func() {
				o.ticket("a", job("apply", reconcile.Both))
				o.ticket("b", job("plan", reconcile.Both))
			})

			o.open(t, workflows.CompanyState{}, time.Hour)

			hour, _ := o.begun[1].Memory.Quota.PrecoroLeft(epoch.Add(runTakes), 100, 1000)
			require.Equal(t, test.left, hour)
		})
	}
}

// A run that came to no decision has nothing to show: whoever waits for it gets the failure alone.
func TestFailureBeforeAnyDecisionComesWithoutAReport(t *testing.T) {
	t.Parallel()
	open := []workflows.OpenInvoice{{Invoice: 77, Reason: reconcile.NoBill}}
	marks := workflows.Marks{Precoro: epoch, ERP: epoch}
	nothing := workflows.RunEnd{Quota: &workflows.Quota{}, Open: open, Marks: marks}
	o := newOffice()
	o.failed[0] = temporal.NewNonRetryableApplicationError("Precoro: unauthorized", "Unauthorized", nil, nothing)
	o.at(0, func() {
		o.ticket("a", job("apply", reconcile.Both))
		o.ticket("b", job("plan", reconcile.Both))
	})

	o.open(t, workflows.CompanyState{Memory: workflows.Memory{Open: open, Marks: marks}}, time.Hour)

	require.Equal(t, open, o.begun[1].Memory.Open, "and nothing is forgotten")
	require.Equal(t, marks, o.begun[1].Memory.Marks)
	require.Contains(t, o.told, "1m0s of-a/a result Unauthorized: Precoro: unauthorized")
}

// A run that waited for hours before it was terminated has not sent a request each second of them.
func TestRunThatWasCutOffHasSpentAnHoursQuotaAtMost(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.takes = 10 * time.Hour
	o.failed[0] = temporal.NewTimeoutError(0, nil)
	o.at(0, func() {
		o.ticket("a", job("apply", reconcile.Both))
		o.ticket("b", job("plan", reconcile.Both))
	})

	o.open(t, workflows.CompanyState{}, 30*time.Hour)

	hour, day := o.begun[1].Memory.Quota.PrecoroLeft(epoch.Add(10*time.Hour), 1500, 3000)
	require.Equal(t, []int{0, 1500}, []int{hour, day})
	require.True(t, o.begun[1].Memory.Untied)
}
