package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Numbers that decide how long things take. What depends on the company stands in its Settings: same_get and settle.
const (
	// startToClose bounds one attempt of an activity: two HTTP time-outs (an expired session is renewed on the way) of
	// 30 s less what is never used up of them. It is below worker.StopTimeout, so that a worker that stops gracefully
	// ends what it has begun.
	startToClose = 60 * time.Second

	// scheduleToClose bounds an activity with all its waiting. The daily quota is the longest wait; past a day and a
	// half the run ends plainly, its state unmoved, and the next one starts clean.
	scheduleToClose = 36 * time.Hour

	// maxUnknown is how often a write of unknown outcome is sent before people are asked.
	maxUnknown = 3

	// maxNotSent is how often a write that surely did not go out is tried again in one run.
	maxNotSent = 10

	// maxDecisions is how often one invoice is decided again because it changed under the run.
	maxDecisions = 10

	// defaultWait is how long a trigger waits for its run to begin.
	defaultWait = "1h"

	// renewEvery is how often a waiting trigger sends its ticket again, in case Company was terminated meanwhile.
	renewEvery = 10 * time.Minute

	// maxStarts is how often a trigger starts a company that is gone again before it could be told.
	maxStarts = 10

	// tellEvery is how often a run tells its triggers what it is doing. Each time is a billed action.
	tellEvery = 30 * time.Second

	// maxEvents and maxHistory are when a run goes on as a new one: a fifth of the events and less than half of the bytes that
	// Temporal allows a history (51 200 and 50 MiB). Between two safe points a run adds some hundred events.
	maxEvents  = 10_000
	maxHistory = 20 << 20

	// longHistory is when Company continues as new: a few hundred runs.
	longHistory = 4000
)

// readOptions are for what may be repeated. A retry waits until the same GET may be sent again.
func readOptions(sameGet time.Duration, summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout:    startToClose,
		ScheduleToCloseTimeout: scheduleToClose,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: max(sameGet, time.Second), BackoffCoefficient: 1},
		Summary:                summary,
	}
}

// writeOptions are for what may not be repeated: one attempt, and a cancelled run waits for it.
func writeOptions(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout:    startToClose,
		ScheduleToCloseTimeout: scheduleToClose,
		WaitForCancellation:    true,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                summary,
	}
}

// memoryOptions are for local activities: they read the worker's memory or ask Temporal itself.
func memoryOptions(summary string) workflow.LocalActivityOptions {
	return workflow.LocalActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
		Summary:             summary,
	}
}
