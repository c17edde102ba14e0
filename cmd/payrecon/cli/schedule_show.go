package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"payrecon/internal/remote"
	"payrecon/internal/report"
	"payrecon/internal/schedule"
)

const (
	shownStarts = 3 // of the last and of the next starts
	lookTime    = 5 * time.Second
)

// outcomeOf is how a run that a schedule started ended.
func outcomeOf(ctx context.Context, from Temporal, start schedule.Start) string {
	if start.Running {
		return "running"
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var r report.Report
	err := from.GetWorkflow(ctx, start.Workflow, start.Run).Get(ctx, &r)
	var application *temporal.ApplicationError
	var missing *serviceerror.NotFound
	var cancelled *temporal.CanceledError
	var terminated *temporal.TerminatedError
	switch {
	case err == nil:
		return strings.ReplaceAll(remote.Words(string(r.Outcome)), "_", " ")
	case ctx.Err() != nil:
		return "running"
	case errors.As(err, &application):
		return "failed: " + remote.Words(application.Message())
	case errors.As(err, &missing):
		return "no longer kept by Temporal"
	case errors.As(err, &cancelled):
		return "cancelled"
	case errors.As(err, &terminated):
		return "terminated"
	}
	return "unknown: " + remote.Words(err.Error())
}

// scheduleBlock is one schedule for people. What comes from Temporal may have been written by anybody: it is shown without
// control characters.
func scheduleBlock(v schedule.View, names names, now time.Time, color bool) string {
	const yellow, green, reset = "\x1b[33m", "\x1b[32m", "\x1b[0m"
	state, shade := "active", green
	if v.Paused {
		state, shade = "paused", yellow
	}
	does := v.Does
	if does == "" {
		does = "changed by other means than payrecon; payrecon schedule set makes it whole again"
	}
	if color {
		state = shade + state + reset
	}
	lines := []string{fmt.Sprintf("%s: %s; %s", remote.Words(v.Company), state, does)}
	line := func(name, value string) { lines = append(lines, fmt.Sprintf("  %-8s  %s", name, value)) }
	if !names.has(v.Company) {
		line("Warning", fmt.Sprintf("%s is not in %s, so that its runs fail; to remove the schedule: payrecon schedule delete --company %s",
			remote.Words(v.Company), names.path, remote.Words(v.Company)))
	}
	line("Note", remote.Words(v.Note))
	for i, at := range v.Next[:min(len(v.Next), shownStarts)] {
		line(first(i, "Next"), moment(at)+", in "+at.Sub(now).Round(time.Second).String())
	}
	for i, start := range v.Last {
		line(first(i, "Last"), fmt.Sprintf("%s, %s ago, %s: %s", moment(start.At), now.Sub(start.At).Round(time.Second), remote.Words(start.Workflow), start.Outcome))
	}
	line("So far", fmt.Sprintf("%d started, %d skipped as the one before was still going, %d missed while Temporal was down", v.Starts, v.Skipped, v.Missed))
	line("Policy", fmt.Sprintf("jitter %s, catch-up %s, task queue %s", v.Jitter, v.CatchUp, remote.Words(v.TaskQueue)))
	line("Schedule", remote.Words(v.Schedule))
	return strings.Join(lines, "\n")
}

// first names the first of several lines only.
func first(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
