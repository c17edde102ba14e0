package workflows

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
)

// act names activities by method; it is never called.
var act *activities.Activities

// call runs an activity; its types are checked by the compiler.
func call[In, Out any](ctx workflow.Context, options workflow.ActivityOptions, activity func(context.Context, In) (Out, error), in In) (Out, error) {
	var out Out
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activity, in).Get(ctx, &out)
	return out, err
}

// callLocal runs a local activity.
func callLocal[In, Out any](ctx workflow.Context, options workflow.LocalActivityOptions, activity func(context.Context, In) (Out, error), in In) (Out, error) {
	var out Out
	err := workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, options), activity, in).Get(ctx, &out)
	return out, err
}

// sleepUntil waits durably; a time that has passed costs nothing.
func sleepUntil(ctx workflow.Context, at time.Time, summary string) error {
	d := at.Sub(workflow.Now(ctx))
	if d <= 0 {
		return nil
	}
	return workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: summary}).Get(ctx, nil)
}
