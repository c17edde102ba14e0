package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"payrecon/activities"
)

// runs answers like a Temporal server.
type runs func(workflowID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)

func (r runs) DescribeWorkflowExecution(_ context.Context, workflowID, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return r(workflowID)
}

func TestLastRunIsCleanOnlyIfItEndedByItself(t *testing.T) {
	t.Parallel()
	closed := time.Date(2026, 3, 14, 8, 0, 0, 0, time.UTC)
	for status, want := range map[enums.WorkflowExecutionStatus]activities.LastRun{
		enums.WORKFLOW_EXECUTION_STATUS_RUNNING:    {Found: true, Open: true},
		enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:  {Found: true, Ended: closed, Clean: true},
		enums.WORKFLOW_EXECUTION_STATUS_FAILED:     {Found: true, Ended: closed, Clean: true},
		enums.WORKFLOW_EXECUTION_STATUS_CANCELED:   {Found: true, Ended: closed, Clean: true},
		enums.WORKFLOW_EXECUTION_STATUS_TERMINATED: {Found: true, Ended: closed},
		enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:  {Found: true, Ended: closed},
	} {
		t.Run(status.String(), func(t *testing.T) {
			t.Parallel()
			acts := activities.New(nil, activities.Options{Runs: runs(func(id string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
				require.Equal(t, "payrecon.run.acme", id)
				return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
					Status: status, CloseTime: timestamppb.New(closed),
				}}, nil
			})})

			last, err := acts.FindLastRun(t.Context(), activities.LastRunRequest{WorkflowID: "payrecon.run.acme"})

			require.NoError(t, err)
			require.Equal(t, want, last)
		})
	}
}

func TestNoRunBeforeIsNoError(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]activities.Options{
		"none under this name": {Runs: runs(func(string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return nil, serviceerror.NewNotFound("workflow not found")
		})},
		"nowhere to look": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last, err := activities.New(nil, options).FindLastRun(t.Context(), activities.LastRunRequest{WorkflowID: "payrecon.run.acme"})

			require.NoError(t, err)
			require.Equal(t, activities.LastRun{}, last)
		})
	}
}

func TestUnreachableTemporalIsRetried(t *testing.T) {
	t.Parallel()
	unavailable := errors.New("no connection")
	acts := activities.New(nil, activities.Options{Runs: runs(func(string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
		return nil, unavailable
	})})

	_, err := acts.FindLastRun(t.Context(), activities.LastRunRequest{WorkflowID: "payrecon.run.acme"})

	require.ErrorIs(t, err, unavailable)
	require.ErrorContains(t, err, "payrecon.run.acme")
	_, _, known := activities.KindOf(err)
	require.False(t, known, "a plain error is retried by the activity's options")
}
