package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/report"
)

// ReconcilePayments is what people and schedules start: it validates the request, hands it to the company, waits, and
// returns the report. Its own workflow ID may be anything outside the reserved prefix.
func ReconcilePayments(ctx workflow.Context, request Request) (report.Report, error) {
	t := &trigger{ticket: Ticket{ID: workflow.GetInfo(ctx).WorkflowExecution.RunID, Workflow: workflow.GetInfo(ctx).WorkflowExecution.ID}}
	if err := t.setup(ctx, request); err != nil {
		return report.Report{}, err
	}
	if err := t.awaitTurn(ctx); err != nil {
		return report.Report{}, err
	}
	return t.awaitResult(ctx)
}

type trigger struct {
	company  string
	settings activities.Settings
	ticket   Ticket
	wait     time.Duration
	began    *Began
	result   *Result
	progress Progress
	alarm    workflow.Future // wakes the trigger when it has heard nothing; kept from one message to the next
}

// Result is how a run ended, for those who wait.
type Result struct {
	Report  *report.Report `json:"report,omitempty"` // also beside a failure, if the run had begun to write
	Failure *Failure       `json:"failure,omitempty"`
}

func (t *trigger) setup(ctx workflow.Context, request Request) (err error) {
	if strings.HasPrefix(t.ticket.Workflow, Reserved) {
		return invalid("workflow ID: %q begins with %q, which is reserved; start %s under any other ID", t.ticket.Workflow, Reserved, TypeReconcilePayments)
	}
	if t.ticket.Job, t.wait, err = request.job(); err != nil {
		return err
	}
	settings, err := callLocal(ctx, memoryOptions("look up the company"), act.ReadSettings, activities.SettingsRequest{Company: request.Company})
	if kind, failure, ok := activities.KindOf(err); ok && kind == activities.InvalidRequest {
		return invalid("%s", failure.Text)
	}
	if err != nil {
		return err
	}
	t.company, t.settings = settings.Company, settings
	t.progress = Progress{Company: t.company, Phase: PhaseQueued}
	return workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) { return t.progress, nil })
}

// enqueue makes sure that the company is there and has the ticket; doing it again changes nothing. As it is there nearly
// always, it is signalled first: a start in vain is two billed actions. A company that ends just between the two, because
// somebody cancelled or terminated it, is started again.
func (t *trigger) enqueue(ctx workflow.Context) error {
	there := t.settings.Knows(activities.CheaperWays)
	for try := 1; ; try++ {
		if !there {
			if err := t.startCompany(ctx); err != nil {
				return err
			}
		}
		err := workflow.SignalExternalWorkflow(ctx, CompanyID(t.company), "", signalTicket, t.ticket).Get(ctx, nil)
		var gone *temporal.UnknownExternalWorkflowExecutionError
		if !errors.As(err, &gone) || try == maxStarts {
			return err
		}
		if there {
			there = false
			continue
		}
		if err := sleepUntil(ctx, workflow.Now(ctx).Add(time.Second), "the company has just ended"); err != nil {
			return err
		}
	}
}

// startCompany starts the company unless it is there. It is started outside of this trigger's cancellation: what is
// cancelled is one wish, not the company that serves them all.
func (t *trigger) startCompany(ctx workflow.Context) error {
	disconnected, _ := workflow.NewDisconnectedContext(ctx)
	company := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(disconnected, workflow.ChildWorkflowOptions{
		WorkflowID:            CompanyID(t.company),
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "Queue, lock and memory of company " + t.company,
	}), TypeCompany, CompanyState{Company: t.company})
	err := company.GetChildWorkflowExecution().Get(disconnected, nil)
	if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return fmt.Errorf("starting %s: %w", CompanyID(t.company), err)
	}
	return nil
}

// awaitTurn waits until the run begins: at most the request's `wait`.
func (t *trigger) awaitTurn(ctx workflow.Context) error {
	deadline := workflow.Now(ctx).Add(t.wait)
	t.show(ctx, fmt.Sprintf("Waiting for its turn at company **%s**, at most %s.", t.company, t.wait))
	for t.began == nil && t.result == nil {
		err := t.enqueue(ctx)
		if err == nil {
			t.listen(ctx, min(deadline.Sub(workflow.Now(ctx)), renewEvery))
		}
		if ctx.Err() != nil {
			return t.takeBack(ctx, ctx.Err())
		}
		if err != nil {
			return err
		}
		if t.began == nil && t.result == nil && !workflow.Now(ctx).Before(deadline) {
			return t.takeBack(ctx, temporal.NewNonRetryableApplicationError(
				fmt.Sprintf("wait: the run did not begin within %s; workflow %s shows what the company is at", t.wait, CompanyID(t.company)), NotStarted, nil))
		}
	}
	return nil
}

// awaitResult waits for the run to end, however long that takes. Cancelling asks the run to stop at the next safe point;
// what it has done by then is in the report.
func (t *trigger) awaitResult(ctx workflow.Context) (report.Report, error) {
	for t.result == nil && ctx.Err() == nil {
		t.listen(ctx, renewEvery)
		if t.result == nil && t.alarm == nil && ctx.Err() == nil {
			if err := t.renew(ctx); err != nil {
				return report.Report{}, err
			}
		}
	}
	if t.result == nil {
		if t.withdraw(ctx) != nil {
			return report.Report{}, ctx.Err()
		}
		t.show(ctx, "Cancelled: the run stops at the next safe point.")
		t.alarm = nil // it was cancelled too
		stopping, _ := workflow.NewDisconnectedContext(ctx)
		for t.result == nil {
			t.listen(stopping, renewEvery)
			if t.alarm == nil && t.result == nil && t.withdraw(ctx) != nil {
				return report.Report{}, ctx.Err() // nobody is left who could answer
			}
		}
	}
	if t.result.Failure != nil {
		t.show(ctx, "Failed: "+t.result.Failure.Text)
		return report.Report{}, t.result.Failure.err(t.result.Report)
	}
	t.show(ctx, reportDetails(*t.result.Report))
	return *t.result.Report, nil
}

// renew sends the ticket again if nothing was heard for a while. A company that is at work ignores it.
func (t *trigger) renew(ctx workflow.Context) error {
	if err := t.enqueue(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// listen takes the next message for this trigger, or gives up after about d. The timer is kept from one message to the
// next: every timer is a billed action.
func (t *trigger) listen(ctx workflow.Context, d time.Duration) {
	if t.alarm == nil {
		t.alarm = workflow.NewTimerWithOptions(ctx, max(d, time.Millisecond), workflow.TimerOptions{Summary: "wait for news of the run"})
	}
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(workflow.GetSignalChannel(ctx, signalBegan), func(c workflow.ReceiveChannel, _ bool) {
		var began Began
		c.Receive(ctx, &began)
		t.began = &began
		t.show(ctx, fmt.Sprintf("Done by workflow `%s`, run `%s`.", began.Workflow, began.Run))
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, signalDoing), func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, &t.progress)
		t.show(ctx, t.progress.Details())
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, signalResult), func(c workflow.ReceiveChannel, _ bool) {
		var result Result
		c.Receive(ctx, &result)
		t.result = &result
	})
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	selector.AddFuture(t.alarm, func(workflow.Future) { t.alarm = nil })
	selector.Select(ctx)
}

// withdraw takes the ticket back, also when this trigger was cancelled. It fails if there is no company to tell.
func (t *trigger) withdraw(ctx workflow.Context) error {
	disconnected, _ := workflow.NewDisconnectedContext(ctx)
	err := workflow.SignalExternalWorkflow(disconnected, CompanyID(t.company), "", signalWithdraw, t.ticket).Get(disconnected, nil)
	if err != nil {
		workflow.GetLogger(ctx).Warn("Ticket not withdrawn", "company", t.company, "error", err)
	}
	return err
}

// takeBack ends the trigger for a reason, before its run began. A company that cannot be told has no ticket to drop.
func (t *trigger) takeBack(ctx workflow.Context, reason error) error {
	_ = t.withdraw(ctx)
	return reason
}

// show is what a person reads on the trigger's page.
func (t *trigger) show(ctx workflow.Context, markdown string) {
	if t.began != nil && !strings.Contains(markdown, t.began.Run) {
		markdown += fmt.Sprintf("\n\nRun: `%s` / `%s`", t.began.Workflow, t.began.Run)
	}
	workflow.SetCurrentDetails(ctx, markdown)
}
