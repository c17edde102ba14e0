package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// Read says when, and by which run, the lists were read that a write was decided on.
type Read struct {
	At    time.Time `json:"at"` // by the Temporal server's clock, before the request was sent
	RunID string    `json:"run_id"`
}

// readHere is recorded by every read that a write may rest on. A workflow could not tell: it sees an answer when a worker
// takes up its next task, which may be hours later; and when it is reset, it replays what the old run has read under the
// new run's ID.
func readHere(ctx context.Context) Read {
	info := activity.GetInfo(ctx)
	return Read{At: info.StartedTime, RunID: info.WorkflowExecution.RunID}
}

// Self is the run that a write is of, as its workflow knows. A workflow cannot see that it was reset, as it has the same
// history then: the first write of a run that was reset is refused and tells it.
type Self struct {
	RunID string `json:"run_id,omitempty"` // "" if an older build sends it: nothing is checked
	// Since is when what the run had begun before its reset has settled. Nothing is written upon what was read before.
	Since time.Time `json:"since,omitzero"`
}

const (
	// FreshFor is how old a read may be when something is sent because of it.
	FreshFor = 15 * time.Minute
	// promptWithin is how long a write may lie in a queue. What was held up longer met an outage or a stopped worker,
	// and the world has gone on.
	promptWithin = 20 * time.Second
)

// stale refuses a write whose read is not this run's own (a reset, or a new run), too old, or that was itself held up; and
// whatever a run that was reset sends first, as it may have read again while a request of its was still on its way.
// It compares times of the Temporal server only, never two machines' clocks. What another run has begun may still take
// effect: its outcome is waited for as that of a lost answer.
func (c Company) stale(ctx context.Context, side string, read Read, self Self) error {
	if f, stale := c.staleRead(ctx, side, read, self); stale {
		return f.final()
	}
	return nil
}

func (c Company) staleRead(ctx context.Context, side string, read Read, self Self) (fault, bool) {
	info := activity.GetInfo(ctx)
	f := fault{kind: StaleRead, side: side}
	switch {
	case self.RunID != "" && self.RunID != info.WorkflowExecution.RunID:
		f.text, f.wait, f.runID = "the run was reset", c.Settings.Settle, info.WorkflowExecution.RunID
	case read.RunID != info.WorkflowExecution.RunID:
		f.text, f.wait = "the read was made by another run", c.Settings.Settle
	case read.At.Before(self.Since):
		f.text = "the read was made before what the run had begun has settled"
	case info.StartedTime.Sub(read.At) > FreshFor:
		f.text = "the read is older than " + FreshFor.String()
	case info.StartedTime.Sub(info.ScheduledTime) > promptWithin:
		f.text = "the write was held up for more than " + promptWithin.String()
	default:
		return fault{}, false
	}
	f.text = "not sent: " + f.text
	return f, true
}
