package schedule

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/client"

	"payrecon/workflows"
)

// View is a company's schedule for people and machines.
type View struct {
	Company   string             `json:"company"`
	Schedule  string             `json:"schedule"` // its ID
	Paused    bool               `json:"paused"`
	Note      string             `json:"note"`
	Does      string             `json:"does"` // in words; "" if it was changed by other means than payrecon
	Every     string             `json:"every,omitempty"`
	Jitter    string             `json:"jitter"`
	CatchUp   string             `json:"catch_up"`
	TaskQueue string             `json:"task_queue"`
	Request   *workflows.Request `json:"request,omitempty"` // nil if it cannot be read
	Next      []time.Time        `json:"next"`              // of the next starts; empty while it is paused
	Last      []Start            `json:"last"`              // newest first
	Starts    int                `json:"starts"`            // so far
	Skipped   int                `json:"skipped"`           // as the run before was still going
	Missed    int                `json:"missed"`            // as Temporal was down for longer than the catch-up
}

// Start is one run that the schedule started, also by RunNow.
type Start struct {
	At       time.Time `json:"at"`
	Workflow string    `json:"workflow"`
	Run      string    `json:"run"`
	Running  bool      `json:"running"`
	Outcome  string    `json:"outcome,omitempty"` // filled in by who looks at the run
}

// Look describes the company's schedule.
func (k Keeper) Look(ctx context.Context, company string) (View, error) {
	description, err := k.handle(ctx, company).Describe(ctx)
	if err != nil {
		return View{}, known(err)
	}
	have, info := read(description.Schedule, k.Payloads), description.Info
	v := View{
		Company: company, Schedule: ID(company), Paused: have.State.Paused, Note: have.State.Note, Does: have.words(),
		Jitter: short(have.Spec.Jitter), CatchUp: short(have.Policy.CatchupWindow), TaskQueue: have.action.TaskQueue, Request: have.request,
		Next: []time.Time{}, Last: starts(info),
		Starts: info.NumActions, Skipped: info.NumActionsSkippedOverlap, Missed: info.NumActionsMissedCatchupWindow,
	}
	if len(have.Spec.Intervals) == 1 {
		v.Every = short(have.Spec.Intervals[0].Every)
	}
	if !v.Paused {
		v.Next = append(v.Next, info.NextActionTimes...)
	}
	return v, nil
}

func starts(info client.ScheduleInfo) []Start {
	list := []Start{}
	for _, action := range slices.Backward(info.RecentActions) {
		if action.StartWorkflowResult == nil {
			continue
		}
		one := Start{At: action.ActualTime, Workflow: action.StartWorkflowResult.WorkflowID, Run: action.StartWorkflowResult.FirstExecutionRunID}
		one.Running = slices.ContainsFunc(info.RunningWorkflows, func(e client.ScheduleWorkflowExecution) bool { return e.WorkflowID == one.Workflow })
		list = append(list, one)
	}
	return list
}

// Now is what came of RunNow.
type Now struct {
	Start *Start // what was started; nil if it cannot be told yet
	Busy  *Start // the run that is still going, so that none was started
}

// RunNow starts the schedule's run at once, also while it is paused, unless its last one is still going.
func (k Keeper) RunNow(ctx context.Context, company string) (Now, error) {
	handle := k.handle(ctx, company)
	before, err := handle.Describe(ctx)
	if err != nil {
		return Now{}, known(err)
	}
	if err := handle.Trigger(ctx, client.ScheduleTriggerOptions{Overlap: overlap}); err != nil {
		return Now{}, known(err)
	}
	after, err := handle.Describe(ctx)
	if err != nil {
		return Now{}, known(err)
	}
	list := starts(after.Info)
	switch {
	case after.Info.NumActions > before.Info.NumActions && len(list) > 0:
		return Now{Start: &list[0]}, nil
	case after.Info.NumActionsSkippedOverlap > before.Info.NumActionsSkippedOverlap:
		busy := Start{}
		if len(after.Info.RunningWorkflows) > 0 {
			busy.Workflow = after.Info.RunningWorkflows[0].WorkflowID
		}
		return Now{Busy: &busy}, nil
	}
	return Now{}, nil
}
