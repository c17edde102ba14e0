package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.temporal.io/sdk/client"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// rowsOfAKind is how many rows of each kind a report shows here; Temporal's Web UI has them all.
const rowsOfAKind = 2

// show is the performance, step by step.
type show struct {
	*world
	out   io.Writer
	width int // of its lines, 0 is no limit
}

// evidence is what the performance is judged by: the reports, and how many writes the books of both sides show after each.
type evidence struct {
	plan, first, second                            report.Report
	beforePlan, afterPlan, afterFirst, afterSecond int
}

// play plans, does the real thing and does it again. An error says what did not go as it should.
func (s *show) play(ctx context.Context) error {
	s.introduce()
	var e evidence
	var err error
	if e.beforePlan, err = s.writes(ctx); err != nil {
		return err
	}

	s.say("\n=== 1. A plan: what would be written. Nothing is.\n\n")
	if e.plan, err = s.reconcile(ctx, "demo-plan", workflows.Request{Mode: "plan"}); err != nil {
		return err
	}
	if e.afterPlan, err = s.writes(ctx); err != nil {
		return err
	}

	s.say("\n=== 2. The real thing.\n\n")
	request := workflows.Request{}
	if e.plan.Outcome == report.NeedsApproval {
		s.say("The plan is over the company's caps. Whoever has read it approves it, by its digest.\n\n")
		request.Approve = e.plan.Digest
	}
	if e.first, err = s.reconcile(ctx, "demo-run", request); err != nil {
		return err
	}
	if e.afterFirst, err = s.writes(ctx); err != nil {
		return err
	}

	s.say("\n=== 3. The same again: nothing is left to do.\n\n")
	if e.second, err = s.reconcile(ctx, "demo-again", workflows.Request{Scope: "full"}); err != nil {
		return err
	}
	if e.afterSecond, err = s.writes(ctx); err != nil {
		return err
	}

	s.say("\nThe ledgers of both sides hold %d writes after the plan, %d after the real thing and %d after the second run.\n",
		e.afterPlan-e.beforePlan, e.afterFirst-e.beforePlan, e.afterSecond-e.beforePlan)
	if err := errors.Join(e.judge(), s.complaints()); err != nil {
		return err
	}
	s.say("No request was refused, and there was no alarm. All is as it should be.\n")
	return nil
}

func (s *show) introduce() {
	limits := s.config.Companies[0].Precoro.Limits
	s.say(`payrecon demo: %s, Temporal is real, and so is the worker.

  Temporal Web UI   %s
  Temporal          %s
  sandbox           %s/_sandbox/state
  configuration     %s
  worker's log      %s

Turned down, so that nobody has to wait: the same GET is sent again after %s (really 61s), a lost answer is settled
after %s (really 10m), and Precoro takes %d requests a second (really 1).
`, s.other.introduction(), s.temporal.UIURL(), s.temporal.Address(), s.url, s.config.Path, s.logPath(), limits.SameGet, limits.Settle, limits.PerSecond)
}

func (s *show) lookAround() {
	s.say(`
Everything is still running:

  * %[1]s shows each run, request by request.
  * Start one there: "Start Workflow", any workflow ID, task queue %[2]s, workflow type %[3]s,
    input {"mode":"plan"} or none.
  * Or from another terminal, in this directory:
    TEMPORAL_ADDRESS=%[4]s go run ./cmd/payrecon plan --config %[5]s

Ctrl-C stops it and removes what it made.
`, s.temporal.UIURL(), s.config.TaskQueue, workflows.TypeReconcilePayments, s.temporal.Address(), s.config.Path)
}

// judge says what is not as it should be.
func (e evidence) judge() error {
	var problems []error
	should := func(is bool, format string, args ...any) {
		if !is {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	should(e.afterPlan == e.beforePlan, "the plan wrote %d times, it must not write", e.afterPlan-e.beforePlan)
	should(e.first.Created.ToERP > 0, "the run created no payment in the ERP")
	should(e.first.Created.ToPrecoro > 0, "the run created no payment in Precoro")
	should(len(e.first.Exceptions) > 0, "the run found no exception")
	should(e.first.Writes() == e.plan.Writes(), "the run wrote %d payments and tags, its plan had %d", e.first.Writes(), e.plan.Writes())
	should(e.second.Writes() == 0, "the second run reports %d payments and tags", e.second.Writes())
	should(e.afterSecond == e.afterFirst, "the second run wrote %d times, nothing was left to write", e.afterSecond-e.afterFirst)
	return errors.Join(problems...)
}

// reconcile starts the workflow as anybody would, waits, and shows the report.
func (s *show) reconcile(ctx context.Context, id string, request workflows.Request) (report.Report, error) {
	run, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: s.config.TaskQueue}, workflows.TypeReconcilePayments, request)
	if err != nil {
		return report.Report{}, fmt.Errorf("start %s: %w", id, err)
	}
	s.say("Watch it: %s/namespaces/default/workflows/%s/%s/history\n\n", s.temporal.UIURL(), run.GetID(), run.GetRunID())
	var result report.Report
	if err := run.Get(ctx, &result); err != nil {
		return report.Report{}, fmt.Errorf("run %s: %w", id, err)
	}
	if err := sample(result).Table(s.out, s.width, false); err != nil {
		return report.Report{}, err
	}
	return result, nil
}

// sample keeps a few rows of each kind.
func sample(r report.Report) report.Report {
	type kind struct {
		action    report.Action
		direction reconcile.Direction
		reason    reconcile.Reason
	}
	seen := map[kind]int{}
	var kept []report.Row
	for _, row := range r.Rows {
		k := kind{row.Action, row.Direction, row.Reason}
		if seen[k]++; seen[k] <= rowsOfAKind {
			kept = append(kept, row)
		}
	}
	r.Truncated = r.Truncated || len(kept) < len(r.Rows)
	r.Rows = kept
	return r
}

// say writes to the spectator, whose absence is no reason to stop.
func (s *show) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format, args...) }
