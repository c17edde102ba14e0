package schedule

import (
	"fmt"
	"reflect"
	"strings"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"payrecon/workflows"
)

// found is a schedule as Temporal has it.
type found struct {
	client.Schedule
	action  client.ScheduleWorkflowAction
	request *workflows.Request // nil if its input is not one request, or cannot be decoded here
}

func read(schedule client.Schedule, payloads converter.DataConverter) found {
	f := found{Schedule: schedule}
	if action, is := schedule.Action.(*client.ScheduleWorkflowAction); is {
		f.action = *action
	}
	if len(f.action.Args) != 1 {
		return f
	}
	payload, is := f.action.Args[0].(*common.Payload)
	var request workflows.Request
	if is && payloads.FromPayload(payload, &request) == nil {
		f.request = &request
	}
	return f
}

// wish is what would have to be asked for to get this schedule; ok is false if it is none that can be asked for.
func (f found) wish() (w Wish, ok bool) {
	if f.request == nil || len(f.Spec.Intervals) != 1 || f.Policy == nil {
		return Wish{}, false
	}
	w = Wish{
		Company: f.request.Company, TaskQueue: f.action.TaskQueue, Every: f.Spec.Intervals[0].Every, Jitter: f.Spec.Jitter,
		CatchUp: f.Policy.CatchupWindow, Mode: f.request.Mode, Scope: f.request.Scope, Direction: f.request.Direction,
	}
	return w, len(f.otherThan(w)) == 0
}

// words say what the schedule does; "" if it was changed by other means, so that no words fit.
func (f found) words() string {
	w, ok := f.wish()
	if !ok {
		return ""
	}
	return w.Words()
}

// otherThan lists in words what has to change for this schedule to be as wished. What no wish can ask for counts too.
func (f found) otherThan(w Wish) []string {
	changes := append(f.otherTimes(w), f.otherPolicy(w)...)
	changes = append(changes, f.otherAction(w)...)
	if w.Paused && !f.State.Paused {
		changes = append(changes, "paused")
	}
	return changes
}

func (f found) otherTimes(w Wish) (changes []string) {
	want, have := w.spec(), *f.Spec
	if len(have.Intervals) == 1 && have.Intervals[0].Offset == 0 {
		changes = differ(changes, "every", short(have.Intervals[0].Every), short(w.Every))
	} else {
		changes = append(changes, "times → every "+short(w.Every))
	}
	changes = differ(changes, "jitter", short(have.Jitter), short(w.Jitter))
	if len(have.Calendars)+len(have.CronExpressions)+len(have.Skip) > 0 || !have.StartAt.IsZero() || !have.EndAt.IsZero() || have.TimeZoneName != want.TimeZoneName {
		changes = append(changes, "other times removed")
	}
	return changes
}

func (f found) otherPolicy(w Wish) (changes []string) {
	changes = differ(changes, "overlap", f.Policy.Overlap.String(), overlap.String())
	changes = differ(changes, "catch-up", short(f.Policy.CatchupWindow), short(w.CatchUp))
	if f.Policy.PauseOnFailure {
		changes = append(changes, "pause on failure removed")
	}
	if f.State.LimitedActions {
		changes = append(changes, "limit of starts removed")
	}
	return changes
}

func (f found) otherAction(w Wish) (changes []string) {
	want, have := w.action(), f.action
	changes = differ(changes, "workflow type", fmt.Sprint(have.Workflow), fmt.Sprint(want.Workflow))
	changes = differ(changes, "workflow ID", have.ID, want.ID)
	changes = differ(changes, "task queue", have.TaskQueue, want.TaskQueue)
	asked := w.request()
	switch before := len(changes); {
	case f.request == nil:
		changes = append(changes, "request")
	case !reflect.DeepEqual(*f.request, asked):
		changes = differ(changes, "mode", f.request.Mode, asked.Mode)
		changes = differ(changes, "scope", f.request.Scope, asked.Scope)
		changes = differ(changes, "direction", string(f.request.Direction), string(asked.Direction))
		if len(changes) == before {
			changes = append(changes, "request")
		}
	}
	if have.StaticSummary != want.StaticSummary || have.StaticDetails != "" || have.RetryPolicy != nil || have.VersioningOverride != nil ||
		have.WorkflowExecutionTimeout+have.WorkflowRunTimeout+have.WorkflowTaskTimeout != 0 || have.Priority != (temporal.Priority{}) ||
		len(have.Memo)+len(have.UntypedSearchAttributes)+have.TypedSearchAttributes.Size() > 0 {
		changes = append(changes, "how the workflow is started")
	}
	return changes
}

func differ(changes []string, what, have, want string) []string {
	if have == want {
		return changes
	}
	if strings.TrimSpace(have) == "" {
		have = "none"
	}
	return append(changes, fmt.Sprintf("%s %s → %s", what, have, want))
}
