//go:build unix

package devserver_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/internal/devserver"
)

const actionQueue = "actions"

// each is a workflow for every kind of action: Temporal's page on pricing says what each costs.
var each = []struct {
	name string
	do   func(workflow.Context) error
	want devserver.Actions // beside the start
}{
	{"nothing", func(workflow.Context) error { return nil }, devserver.Actions{}},
	{"an activity", func(ctx workflow.Context) error {
		return workflow.ExecuteActivity(ctx, idle).Get(ctx, nil)
	}, devserver.Actions{"command_ScheduleActivityTask": 1}},
	{"an activity that is tried twice", func(ctx workflow.Context) error {
		return workflow.ExecuteActivity(ctx, failOnce).Get(ctx, nil)
	}, devserver.Actions{"command_ScheduleActivityTask": 1, "activity_retry": 1}},
	{"local activities and a side effect in one workflow task", func(ctx workflow.Context) error {
		one, other := workflow.ExecuteLocalActivity(ctx, idle), workflow.ExecuteLocalActivity(ctx, idle)
		workflow.SideEffect(ctx, func(workflow.Context) any { return 1 })
		return errors.Join(one.Get(ctx, nil), other.Get(ctx, nil))
	}, devserver.Actions{"command_BatchMarkers": 1}},
	{"a timer", func(ctx workflow.Context) error {
		return workflow.Sleep(ctx, 10*time.Millisecond)
	}, devserver.Actions{"command_StartTimer": 1}},
	{"a child", func(ctx workflow.Context) error {
		return workflow.ExecuteChildWorkflow(ctx, "nothing").Get(ctx, nil)
	}, devserver.Actions{"command_StartChildWorkflowExecution": 1, "command_StartChildWorkflowExecution_Extra": 1}},
	{"a child that runs already", func(ctx workflow.Context) error {
		ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: "listener"})
		if err := workflow.ExecuteChildWorkflow(ctx, "listener").Get(ctx, nil); !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			return fmt.Errorf("want that it runs already, got %w", err)
		}
		return nil
	}, devserver.Actions{"command_StartChildWorkflowExecution": 1, "command_StartChildWorkflowExecution_Extra": 1}},
	{"a signal to a workflow", func(ctx workflow.Context) error {
		return workflow.SignalExternalWorkflow(ctx, "listener", "", "hello", nil).Get(ctx, nil)
	}, devserver.Actions{"command_SignalExternalWorkflowExecution": 1}},
	{"continued as new", func(ctx workflow.Context) error {
		if workflow.GetInfo(ctx).ContinuedExecutionRunID != "" {
			return nil
		}
		return workflow.NewContinueAsNewError(ctx, "continued as new")
	}, devserver.Actions{"command_ContinueAsNewWorkflowExecution": 1}},
	{"details and a query handler", func(ctx workflow.Context) error {
		workflow.SetCurrentDetails(ctx, "busy")
		return workflow.SetQueryHandler(ctx, "progress", func() (int, error) { return 1, nil })
	}, devserver.Actions{}},
}

func idle(context.Context) error { return nil }

func failOnce(ctx context.Context) error {
	if activity.GetInfo(ctx).Attempt == 1 {
		return errors.New("once")
	}
	return nil
}

func TestTheServerCountsActionsAsTemporalPricesThem(t *testing.T) {
	t.Parallel()
	server := devserver.Start(t, devserver.Options{Metrics: true})
	c := dial(t, server.Address)
	w := worker.New(c, actionQueue, worker.Options{})
	for _, one := range each {
		w.RegisterWorkflowWithOptions(bounded(one.do), workflow.RegisterOptions{Name: one.name})
	}
	w.RegisterActivity(idle)
	w.RegisterActivity(failOnce)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "listener", TaskQueue: "nobody"}, "listener")
	require.NoError(t, err)

	for _, one := range each {
		before, err := server.Actions(t.Context())
		require.NoError(t, err)
		run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: actionQueue}, one.name)
		require.NoError(t, err, one.name)
		first := run.GetRunID()
		require.NoError(t, run.Get(t.Context(), nil), one.name)

		want := devserver.Actions{"grpc_StartWorkflowExecution": 1}
		for kind, n := range one.want {
			want[kind] = n
		}
		require.Equal(t, want, since(t, server, before), one.name)
		require.Equal(t, want.Total()-one.want["activity_retry"], inHistory(t, c, run.GetID(), first, run.GetRunID()), one.name)
	}

	before, err := server.Actions(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.SignalWorkflow(t.Context(), "listener", "", "hello", nil))
	require.Equal(t, devserver.Actions{"grpc_SignalWorkflowExecution": 1}, since(t, server, before))
}

func TestAServerWithoutMetricsCountsNoActions(t *testing.T) {
	t.Parallel()
	_, err := devserver.Start(t, devserver.Options{}).Actions(t.Context())
	require.ErrorContains(t, err, "serves no metrics")
}

func bounded(do func(workflow.Context) error) func(workflow.Context) error {
	return func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{InitialInterval: 10 * time.Millisecond},
		})
		return do(workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute}))
	}
}

func since(t *testing.T, server *devserver.Server, before devserver.Actions) devserver.Actions {
	t.Helper()
	now, err := server.SettledActions(t.Context())
	require.NoError(t, err)
	return now.Since(before)
}

// inHistory counts the actions that can be seen in histories, as Temporal's Web UI does. An activity's retries cannot.
func inHistory(t *testing.T, c client.Client, id string, runs ...string) int {
	t.Helper()
	actions, last := 0, ""
	for _, run := range runs {
		if run == last {
			continue
		}
		last = run
		markers := map[int64]bool{}
		events := c.GetWorkflowHistory(t.Context(), id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)
			actions += costs(event, markers)
		}
	}
	return actions
}

func costs(event *history.HistoryEvent, markers map[int64]bool) int {
	switch event.GetEventType() {
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, enums.EVENT_TYPE_TIMER_STARTED,
		enums.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
		return 1
	case enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
		return 2 // the child's own start among them
	case enums.EVENT_TYPE_MARKER_RECORDED:
		task := event.GetMarkerRecordedEventAttributes().GetWorkflowTaskCompletedEventId()
		if markers[task] {
			return 0
		}
		markers[task] = true
		return 1
	default:
		return 0
	}
}
