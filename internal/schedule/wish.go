// Package schedule keeps one Temporal Schedule for each company: it starts ReconcilePayments every so often.
package schedule

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"payrecon/internal/reconcile"
	"payrecon/workflows"
)

const prefix = workflows.Reserved + "schedule."

// ID is the schedule ID of a company's schedule.
func ID(company string) string { return prefix + company }

// workflowID is what the runs of a company's schedule are called; Temporal appends the time. The prefix `payrecon.` would make
// each of them fail.
func workflowID(company string) string { return "reconcile-" + company + "-scheduled" }

// Wish is the schedule of one company as somebody asks for it.
type Wish struct {
	Company   string
	TaskQueue string
	Every     time.Duration // from one start to the next, counted from midnight UTC
	Jitter    time.Duration // each start comes later by up to so much, so that companies do not start together
	CatchUp   time.Duration // how late a start may be made up for that Temporal missed while it was down
	Mode      string        // of workflows.Request, as the next two
	Scope     string
	Direction reconcile.Direction
	Paused    bool // pause it; if false, one that is paused stays so
}

// Bounds of a wish.
const (
	LeastEvery   = time.Minute // one run after another: more often they only skip each other
	MostEvery    = 7 * 24 * time.Hour
	leastCatchUp = 10 * time.Second     // Temporal takes less for this
	mostCatchUp  = 365 * 24 * time.Hour // Temporal's own default
)

// DefaultJitter is a tenth of the interval, in whole seconds.
func DefaultJitter(every time.Duration) time.Duration { return (every / 10).Truncate(time.Second) }

// DefaultCatchUp is an hour, or the interval if that is longer: what one start has missed the next one reads anyway.
func DefaultCatchUp(every time.Duration) time.Duration { return max(time.Hour, every) }

var companyPattern = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// Validate names the first field that is not accepted, its value and what is accepted.
func (w Wish) Validate() error {
	if !companyPattern.MatchString(w.Company) {
		return fmt.Errorf("company: %q is not accepted, accepted are up to 40 of the characters a-z, 0-9 and -", w.Company)
	}
	for _, bound := range []struct {
		field              string
		value, least, most time.Duration
	}{
		{"every", w.Every, LeastEvery, MostEvery},
		{"jitter", w.Jitter, 0, w.Every},
		{"catch-up", w.CatchUp, leastCatchUp, mostCatchUp},
	} {
		if bound.value < bound.least || bound.value > bound.most || bound.value%time.Second != 0 {
			return fmt.Errorf("%s: %s is not accepted, accepted are whole seconds from %s to %s",
				bound.field, short(bound.value), short(bound.least), short(bound.most))
		}
	}
	return nil
}

// Words say what the schedule does, as its note begins.
func (w Wish) Words() string {
	words := "every " + interval(w.Every) + ", "
	switch {
	case w.Scope == workflows.ScopeDeep:
		words += "everything, and every payment list"
	case w.Scope == workflows.ScopeFull, w.Scope == workflows.ScopeAuto && w.Every > 24*time.Hour:
		words += "everything"
	case w.Scope == workflows.ScopeChanges:
		words += "changes since the last run"
	default:
		words += "changes since the last run, full once a day"
	}
	switch w.Direction {
	case reconcile.ToERP:
		words += ", creating payments in the ERP only"
	case reconcile.ToPrecoro:
		words += ", creating payments in Precoro only"
	default:
	}
	if w.Mode == workflows.ModePlan {
		words += ", as a plan that writes nothing"
	}
	return words
}

// request is the input of the runs that the schedule starts.
func (w Wish) request() workflows.Request {
	return workflows.Request{Company: w.Company, Mode: w.Mode, Scope: w.Scope, Direction: w.Direction}
}

func (w Wish) spec() client.ScheduleSpec {
	return client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: w.Every}}, Jitter: w.Jitter}
}

func (w Wish) action() *client.ScheduleWorkflowAction {
	return &client.ScheduleWorkflowAction{
		ID: workflowID(w.Company), Workflow: workflows.TypeReconcilePayments, Args: []any{w.request()}, TaskQueue: w.TaskQueue,
		StaticSummary: "payrecon, scheduled",
	}
}

// overlap: a run that is still going does what the next one would.
const overlap = enums.SCHEDULE_OVERLAP_POLICY_SKIP

// interval is a duration in words, behind "every".
func interval(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := d / unit.length; {
		case d%unit.length != 0 || n == 0:
		case n == 1:
			return unit.name
		default:
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return short(d)
}

// short is a duration as people type it: 15m and not 15m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
