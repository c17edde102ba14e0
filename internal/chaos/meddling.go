//go:build unix

package chaos

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"payrecon/internal/remote"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// What people do to workflows by hand, in the Temporal UI or by its command line.

// Workflows of a lane that people meddle with.
const (
	theTrigger = "the trigger"
	theCompany = "the company"
	theRun     = "the run"
)

const namespace = "default"

func (t *trial) idOf(who string) string {
	switch who {
	case theCompany:
		return workflows.CompanyID(t.name)
	case theRun:
		return workflows.RunID(t.name)
	default:
		return t.started[0]
	}
}

// meddle cancels, terminates or resets one of the workflows while it works, and lets a new run follow.
func meddle(ctx context.Context, t *trial, how, who string) error {
	met, err := t.arrive(ctx, t.somePoint(), t.programs.newer)
	if err != nil {
		return err
	}
	if !met {
		return t.finish(ctx)
	}
	done, err := t.do(ctx, how, t.idOf(who))
	if err != nil {
		return err
	}
	t.runWasReset = done && how == "reset" && who == theRun
	return t.follow(ctx)
}

// follow lets a new run begin and end. What became of the first one's trigger is not asked: it may wait for ten minutes.
func (t *trial) follow(ctx context.Context) error {
	if err := t.dawdle(ctx, time.Second); err != nil {
		return err
	}
	var err error
	for n := range follows {
		_, err = t.reconcile(ctx, fmt.Sprintf("after%d", n), workflows.ScopeAuto)
		var application *temporal.ApplicationError
		if !errors.As(err, &application) || application.Type() != workflows.RunEnded {
			break
		}
	}
	return err
}

// follows is how many new runs may be told that the company, or its run, was stopped by hand: their tickets were there already.
const follows = 3

// do meddles with a workflow. It is not done if the workflow has just ended, or has not begun.
func (t *trial) do(ctx context.Context, how, id string) (done bool, err error) {
	err = t.reach(ctx, func(ctx context.Context) (err error) {
		done = true
		switch how {
		case "cancel":
			return t.client.CancelWorkflow(ctx, id, "")
		case "terminate":
			return t.client.TerminateWorkflow(ctx, id, "", "by hand")
		default:
			done, err = t.reset(ctx, id)
			return err
		}
	})
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		t.count(func(f *Figures) { f.Missed[how+" "+id[:strings.LastIndex(id, ".")+1]+"*"]++ })
		return false, nil
	}
	return done && err == nil, err
}

// reset takes a workflow back to a random workflow task that is completed, if there is one.
func (t *trial) reset(ctx context.Context, id string) (done bool, err error) {
	described, err := t.client.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return false, err
	}
	run := described.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	var completed []int64
	events := t.client.GetWorkflowHistory(ctx, id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return false, err
		}
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			completed = append(completed, event.GetEventId())
		}
	}
	if len(completed) == 0 {
		return false, nil // it has not begun
	}
	_, err = t.client.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: namespace, WorkflowExecution: &common.WorkflowExecution{WorkflowId: id, RunId: run}, Reason: "by hand",
		RequestId: fmt.Sprintf("%s-%d-%s", t.name, t.round, id), WorkflowTaskFinishEventId: completed[t.random.IntN(len(completed))],
	})
	return err == nil, err
}

func terminateBoth(ctx context.Context, t *trial) error {
	met, err := t.arrive(ctx, t.somePoint(), t.programs.newer)
	if err != nil {
		return err
	}
	if !met {
		return t.finish(ctx)
	}
	for _, id := range []string{workflows.CompanyID(t.name), workflows.RunID(t.name)} {
		if _, err := t.do(ctx, "terminate", id); err != nil {
			return err
		}
	}
	return t.follow(ctx)
}

func resetEnded(ctx context.Context, t *trial) error {
	if err := errors.Join(t.staffed(ctx, t.programs.newer), t.begin(ctx)); err != nil {
		return err
	}
	if err := t.finish(ctx); err != nil {
		return err
	}
	if _, err := t.do(ctx, "reset", workflows.RunID(t.name)); err != nil {
		return err
	}
	return t.follow(ctx)
}

// resetActivity resets a read that fails and is tried again.
func resetActivity(ctx context.Context, t *trial) error {
	again := point{
		name: "while a read is retried", met: asked("precoro", "GET /invoices"),
		faults: []sandbox.Fault{{Side: "precoro", Match: "GET /invoices", Times: 3, Kind: sandbox.Error500Before}},
	}
	met, err := t.arrive(ctx, again, t.programs.newer)
	if err != nil {
		return err
	}
	if !met {
		return t.finish(ctx)
	}
	if err := t.dawdle(ctx, 2*time.Second); err != nil {
		return err
	}
	err = t.reach(ctx, func(ctx context.Context) error {
		_, err := t.client.WorkflowService().ResetActivity(ctx, &workflowservice.ResetActivityRequest{
			Namespace: namespace, Execution: &common.WorkflowExecution{WorkflowId: workflows.RunID(t.name)},
			Activity: &workflowservice.ResetActivityRequest_MatchAll{MatchAll: true},
		})
		return err
	})
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return err
	}
	return errors.Join(t.finish(ctx), t.follow(ctx))
}

// pauseWrite pauses a write that is under way, kills its worker, and lets it go on after the time that an attempt has.
func pauseWrite(ctx context.Context, t *trial) error {
	p := []point{postHeld, saveHeld}[t.random.IntN(2)]
	met, err := t.arrive(ctx, p, t.programs.newer)
	if err != nil {
		return err
	}
	if !met {
		return t.finish(ctx)
	}
	run := &common.WorkflowExecution{WorkflowId: workflows.RunID(t.name)}
	described, err := t.client.DescribeWorkflowExecution(ctx, run.GetWorkflowId(), "")
	if err != nil {
		return err
	}
	var ids []string
	for _, pending := range described.GetPendingActivities() {
		ids = append(ids, pending.GetActivityId())
	}
	for _, id := range ids {
		if _, err := t.client.WorkflowService().PauseActivity(ctx, &workflowservice.PauseActivityRequest{
			Namespace: namespace, Execution: run, Activity: &workflowservice.PauseActivityRequest_Id{Id: id}, Reason: "by hand",
		}); err != nil {
			return fmt.Errorf("pause activity: %w", err)
		}
	}
	if err := t.kill("while a write is paused"); err != nil {
		return err
	}
	if err := t.hire(ctx, t.programs.newer); err != nil {
		return err
	}
	if err := remote.Wait(ctx, attempt+2*time.Second); err != nil {
		return err
	}
	for _, id := range ids {
		err := t.reach(ctx, func(ctx context.Context) error {
			_, err := t.client.WorkflowService().UnpauseActivity(ctx, &workflowservice.UnpauseActivityRequest{
				Namespace: namespace, Execution: run, Activity: &workflowservice.UnpauseActivityRequest_Id{Id: id}, ResetAttempts: t.random.IntN(2) == 0,
			})
			return err
		})
		var gone *serviceerror.NotFound
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("unpause activity: %w", err)
		}
	}
	return t.finish(ctx)
}

// attempt is how long one attempt of an activity may take.
const attempt = time.Minute

// threeStarts starts three runs at once: by a schedule, by the command line, and under an ID of somebody's own.
func threeStarts(ctx context.Context, t *trial) error {
	if err := t.staffed(ctx, t.programs.newer); err != nil {
		return err
	}
	id := fmt.Sprintf("%s-%d-schedule", t.name, t.round)
	schedule, err := t.client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: id, TriggerImmediately: true,
		Action: &client.ScheduleWorkflowAction{ID: id, Workflow: workflows.TypeReconcilePayments, TaskQueue: t.queue, Args: []any{workflows.Request{Company: t.name}}},
	})
	if err != nil {
		return fmt.Errorf("create a schedule: %w", err)
	}
	typed := make(chan error, 1)
	go func() { typed <- t.typed(ctx) }()
	if err := t.begin(ctx); err != nil {
		return err
	}
	if t.random.IntN(2) == 0 {
		if err := t.dawdle(ctx, time.Second); err != nil {
			return err
		}
		if !t.over() {
			if err := errors.Join(t.kill("of three runs at once"), t.hire(ctx, t.programs.newer)); err != nil {
				return err
			}
		}
	}
	return errors.Join(t.finish(ctx), <-typed, t.scheduled(ctx, id), schedule.Delete(ctx))
}

// typed runs `payrecon run`, and again if it came while the server was away.
func (t *trial) typed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		cmd := exec.CommandContext(ctx, t.programs.newer, "run", "--config", t.config, "--output", "json") //nolint:gosec // the program under test
		cmd.Env = append(cmd.Environ(), "TEMPORAL_ADDRESS="+t.temporal.Address)
		output, err := cmd.CombinedOutput()
		var code *exec.ExitError
		switch {
		case err == nil, errors.As(err, &code) && code.ExitCode() == exitExceptions:
			return nil
		case !strings.Contains(string(output), "connecting to Temporal"):
			return fmt.Errorf("%s: %w\n%s", cmd, err, output)
		}
		if err := remote.Wait(ctx, time.Second); err != nil {
			return err
		}
	}
}

// exitExceptions is what `payrecon run` exits with if differences are left to people.
const exitExceptions = 3

// scheduled waits for the run that a schedule has started.
func (t *trial) scheduled(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		var done bool
		err := t.reach(ctx, func(ctx context.Context) error {
			answer, err := t.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf("WorkflowId STARTS_WITH '%s-'", id)})
			if err != nil {
				return err
			}
			for _, info := range answer.GetExecutions() {
				switch info.GetStatus() {
				case enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
				case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
					done = true
				default:
					return fmt.Errorf("the scheduled run ended as %s", info.GetStatus())
				}
			}
			return nil
		})
		if err != nil || done {
			return err
		}
		if err := remote.Wait(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("the schedule's run: %w", err)
		}
	}
}

// look says what the lane's workflows are at.
func (l *lane) look(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var text strings.Builder
	for _, id := range append([]string{workflows.CompanyID(l.name), workflows.RunID(l.name)}, l.started...) {
		described, err := l.client.DescribeWorkflowExecution(ctx, id, "")
		if err != nil {
			fmt.Fprintf(&text, "%s: %v\n", id, err)
			continue
		}
		info := described.GetWorkflowExecutionInfo()
		fmt.Fprintf(&text, "%s / %s: %s, %d events\n", id, info.GetExecution().GetRunId(), info.GetStatus(), info.GetHistoryLength())
		for _, pending := range described.GetPendingActivities() {
			fmt.Fprintf(&text, "  activity %s %s, attempt %d: %s\n", pending.GetActivityType().GetName(), pending.GetState(), pending.GetAttempt(), pending.GetLastFailure().GetMessage())
		}
		if task := described.GetPendingWorkflowTask(); task != nil {
			fmt.Fprintf(&text, "  workflow task %s, attempt %d\n", task.GetState(), task.GetAttempt())
		}
	}
	return text.String() + tail(filepath.Join(l.folder, "worker.log"), 2000)
}
