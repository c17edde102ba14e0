//go:build unix

package cost

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"payrecon/internal/bounds"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// patience bounds one run.
const patience = 30 * time.Minute

// run lets payrecon do one run, and counts.
func (f *field) run(ctx context.Context, clock func() time.Time, scope string, changedSince time.Time) (Row, error) {
	world := f.State()
	work, err := bounds.Before(world, changedSince)
	if err != nil {
		return Row{}, err
	}
	actions, err := f.temporal.SettledActions(ctx) // which takes longer than the same GET may not be sent again
	if err != nil {
		return Row{}, err
	}
	began := clock()
	if err := f.reconcile(ctx, scope); err != nil {
		return Row{}, fmt.Errorf("%w\n%s", err, f.complaints())
	}
	row := Row{Took: clock().Sub(began)}
	now, err := f.temporal.SettledActions(ctx)
	if err != nil {
		return Row{}, err
	}
	after := f.Counters()
	row.Work, row.Spent, row.Kinds = work.And(world.Counters, after), bounds.Requests(world.Counters, after), now.Since(actions)
	row.Actions = row.Kinds.Total()
	row.Events, row.Bytes, err = f.history(ctx)
	return row, errors.Join(err, f.agrees())
}

// reconcile starts a run as people and schedules do, and waits for its report.
func (f *field) reconcile(ctx context.Context, scope string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	started, err := f.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: taskQueue}, workflows.TypeReconcilePayments,
		workflows.Request{Company: company, Scope: scope})
	if err != nil {
		return err
	}
	var r report.Report
	if err := started.Get(ctx, &r); err != nil {
		return fmt.Errorf("the run failed: %w", err)
	}
	if r.Outcome != report.Agreed {
		return fmt.Errorf("the run ended as %q with %v and %v, want %q", r.Outcome, r.Exceptions, r.Notes, report.Agreed)
	}
	return nil
}

// agrees holds the world against what the run was for.
func (f *field) agrees() error {
	world := f.State()
	differing, err := bounds.Differing(world)
	switch {
	case err != nil:
		return err
	case differing > 0:
		return fmt.Errorf("%d invoices differ after the run", differing)
	case len(world.Alarms) > 0:
		return fmt.Errorf("the sandbox is alarmed: %s", world.Alarms[0])
	case len(world.Throttled) > 0:
		return fmt.Errorf("the sandbox refused requests: %v", world.Throttled)
	}
	return nil
}

// history is the length of the last run in events and bytes, all its executions together if it continued as new.
func (f *field) history(ctx context.Context) (events, bytes int64, err error) {
	id := workflows.RunID(company)
	last, err := f.client.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return 0, 0, err
	}
	for run := last.GetWorkflowExecutionInfo().GetFirstRunId(); run != ""; {
		described, err := f.client.DescribeWorkflowExecution(ctx, id, run)
		if err != nil {
			return 0, 0, err
		}
		events += described.GetWorkflowExecutionInfo().GetHistoryLength()
		bytes += described.GetWorkflowExecutionInfo().GetHistorySizeBytes()
		closing, err := f.client.GetWorkflowHistory(ctx, id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT).Next()
		if err != nil {
			return 0, 0, err
		}
		run = closing.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	}
	return events, bytes, nil
}
