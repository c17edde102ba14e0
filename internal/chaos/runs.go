//go:build unix

package chaos

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"

	"payrecon/activities"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// passes reads the runs of a company that have ended and are not known yet.
func (c *campaign) passes(ctx context.Context, company string, known map[string]Pass) error {
	query := fmt.Sprintf("WorkflowId = '%s'", workflows.RunID(company))
	var next []byte
	for {
		answer, err := c.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, NextPageToken: next})
		if err != nil {
			return fmt.Errorf("list the runs of %s: %w", company, err)
		}
		for _, info := range answer.GetExecutions() {
			id := info.GetExecution().GetRunId()
			if _, is := known[id]; is || info.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
				continue
			}
			one := Pass{ID: id, Started: info.GetStartTime().AsTime(), Done: info.GetCloseTime().AsTime()}
			if err := c.read(ctx, company, &one); err != nil {
				return fmt.Errorf("run %s of %s: %w", id, company, err)
			}
			known[id] = one
		}
		if next = answer.GetNextPageToken(); len(next) == 0 {
			return nil
		}
	}
}

// read takes what a run says out of its history.
func (c *campaign) read(ctx context.Context, company string, into *Pass) error {
	var filed, reported []report.Row
	begun := map[int64]time.Time{} // writes that have not ended, by the event that scheduled them
	events := c.client.GetWorkflowHistory(ctx, workflows.RunID(company), into.ID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return err
		}
		rows, end, err := said(event)
		if err != nil {
			return err
		}
		filed = append(filed, rows...)
		if end != nil {
			into.Reported, reported = true, end.Report.Rows
		}
		switch at := event.GetEventTime().AsTime(); event.GetEventType() {
		case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			if slices.Contains(writes, event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()) {
				begun[event.GetEventId()] = at
			}
		case enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, enums.EVENT_TYPE_ACTIVITY_TASK_FAILED, enums.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
			enums.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
			id := scheduledBy(event)
			if began, wrote := begun[id]; wrote && !refusedAsStale(event) {
				into.Writing = append(into.Writing, Span{began, at})
			}
			delete(begun, id)
		case enums.EVENT_TYPE_WORKFLOW_TASK_FAILED:
			if failed := event.GetWorkflowTaskFailedEventAttributes(); failed.GetCause() == enums.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW {
				into.Base = failed.GetBaseRunId()
				into.Writing, begun = nil, map[int64]time.Time{} // what it goes on with it must not send
			}
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
			into.Cut = true
		default:
		}
	}
	for _, began := range begun {
		into.Writing = append(into.Writing, Span{began, into.Done})
	}
	into.Rows = filed
	if into.Reported {
		into.Rows = reported
	}
	return nil
}

// writes are the types of the activities that write.
var writes = []string{"PostPayment", "TagPayment", "WriteBill", "WriteBills"}

// scheduledBy is the event that scheduled the activity that an event ends.
func scheduledBy(event *history.HistoryEvent) int64 {
	return cmp.Or(
		event.GetActivityTaskCompletedEventAttributes().GetScheduledEventId(),
		event.GetActivityTaskFailedEventAttributes().GetScheduledEventId(),
		event.GetActivityTaskTimedOutEventAttributes().GetScheduledEventId(),
		event.GetActivityTaskCanceledEventAttributes().GetScheduledEventId(),
	)
}

// refusedAsStale: nothing was sent. The first write of a run that was reset ends so, while that of its base may be under way.
func refusedAsStale(event *history.HistoryEvent) bool {
	failure := event.GetActivityTaskFailedEventAttributes().GetFailure()
	return failure.GetApplicationFailureInfo().GetType() == string(activities.StaleRead)
}

// said is what one event of a history holds of rows and of a result.
func said(event *history.HistoryEvent) (rows []report.Row, end *workflows.RunEnd, err error) {
	switch event.GetEventType() {
	case enums.EVENT_TYPE_MARKER_RECORDED:
		marker := event.GetMarkerRecordedEventAttributes()
		if marker.GetMarkerName() != "SideEffect" {
			return nil, nil, nil
		}
		var packed activities.Packed[report.Row]
		err := decode(marker.GetDetails()["data"], &packed)
		return packed, nil, err
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		end = &workflows.RunEnd{}
		err := decode(event.GetWorkflowExecutionCompletedEventAttributes().GetResult(), end)
		return nil, end, err
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		details := event.GetWorkflowExecutionFailedEventAttributes().GetFailure().GetApplicationFailureInfo().GetDetails()
		if len(details.GetPayloads()) == 0 {
			return nil, nil, nil
		}
		end = &workflows.RunEnd{}
		err := decode(details, end)
		return nil, end, err
	default:
		return nil, nil, nil
	}
}

func decode(payloads *common.Payloads, into any) error {
	if len(payloads.GetPayloads()) == 0 {
		return fmt.Errorf("no payload for a %T", into)
	}
	return json.Unmarshal(payloads.GetPayloads()[0].GetData(), into)
}
