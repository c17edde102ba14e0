package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// Read says when, and by which run, the lists were read that a write was decided on.
type Read struct {
	At    time.Time `json:"at"` // workflow time
	RunID string    `json:"run_id"`
}

// runID is recorded by every read that a write may rest on. A workflow could not tell: when it is reset, it replays what
// the old run has read under the new run's ID.
func runID(ctx context.Context) string { return activity.GetInfo(ctx).WorkflowExecution.RunID }

const (
	// FreshFor is how old a read may be when something is sent because of it.
	FreshFor = 15 * time.Minute
	// promptWithin is how long a write may lie in a queue. What was held up longer met an outage or a stopped worker,
	// and the world has gone on.
	promptWithin = 20 * time.Second
)

// stale refuses a write whose read is not this run's own (a reset, or a new run), too old, or that was itself held up.
// It compares times of the Temporal server only, never two machines' clocks.
func stale(ctx context.Context, side string, read Read) error {
	info := activity.GetInfo(ctx)
	var text string
	switch {
	case read.RunID != runID(ctx):
		text = "the read was made by another run"
	case info.StartedTime.Sub(read.At) > FreshFor:
		text = "the read is older than " + FreshFor.String()
	case info.StartedTime.Sub(info.ScheduledTime) > promptWithin:
		text = "the write was held up for more than " + promptWithin.String()
	default:
		return nil
	}
	return fault{kind: StaleRead, side: side, text: "not sent: " + text}.final()
}
