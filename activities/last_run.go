package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// Runs looks up workflow executions; a Temporal client is one.
type Runs interface {
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
}

// LastRunRequest names the workflow ID under which a company's runs take place.
type LastRunRequest struct {
	WorkflowID string `json:"workflow_id"`
}

// LastRun is how the newest execution under a workflow ID stands.
type LastRun struct {
	Found bool      `json:"found"`
	Open  bool      `json:"open"`  // still running
	Ended time.Time `json:"ended"` // zero if none
	Clean bool      `json:"clean"` // it ended by itself, so that none of its writes is on its way
}

// FindLastRun asks Temporal for the newest run of a company that has no memory of one. It is a local activity.
func (a *Activities) FindLastRun(ctx context.Context, request LastRunRequest) (LastRun, error) {
	if a.runs == nil {
		return LastRun{}, nil
	}
	answer, err := a.runs.DescribeWorkflowExecution(ctx, request.WorkflowID, "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return LastRun{}, nil
	}
	if err != nil {
		return LastRun{}, fmt.Errorf("looking up the last run %s: %w", request.WorkflowID, err)
	}
	info := answer.GetWorkflowExecutionInfo()
	last := LastRun{Found: true, Open: info.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING}
	if !last.Open {
		last.Ended = info.GetCloseTime().AsTime()
	}
	switch info.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		last.Clean = true
	default:
	}
	return last, nil
}
