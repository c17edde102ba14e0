package workflows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// counter is a trigger at a company that does as the test says.
type counter struct {
	*testsuite.TestWorkflowEnvironment
	signals []string // what the company was sent, with the time
}

// newCounter opens a company that lets serve answer each ticket, once. It closes when that is done, or when the ticket is
// taken back.
func newCounter(serve func(ctx workflow.Context, ticket workflows.Ticket)) *counter {
	c := &counter{TestWorkflowEnvironment: newEnvironment()}
	c.SetStartTime(epoch)
	c.SetStartWorkflowOptions(startAs("nightly"))
	c.RegisterActivity(&backend{newWorld()})
	c.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ workflows.CompanyState) error {
		serving, closing := false, false
		served := workflow.NewChannel(ctx)
		for known := false; !closing || serving; {
			selector := workflow.NewSelector(ctx)
			selector.AddReceive(workflow.GetSignalChannel(ctx, "ticket"), func(ch workflow.ReceiveChannel, _ bool) {
				var ticket workflows.Ticket
				ch.Receive(ctx, &ticket)
				c.signals = append(c.signals, fmt.Sprintf("%s ticket", workflow.Now(ctx).Sub(epoch)))
				if serve != nil && !known {
					serving = true
					workflow.Go(ctx, func(ctx workflow.Context) {
						serve(ctx, ticket)
						served.Send(ctx, true)
					})
				}
				known = true
			})
			selector.AddReceive(workflow.GetSignalChannel(ctx, "withdraw"), func(ch workflow.ReceiveChannel, _ bool) {
				ch.Receive(ctx, nil)
				c.signals = append(c.signals, fmt.Sprintf("%s withdraw", workflow.Now(ctx).Sub(epoch)))
				closing = true
			})
			selector.AddReceive(served, func(ch workflow.ReceiveChannel, _ bool) {
				ch.Receive(ctx, nil)
				serving, closing = false, true
			})
			selector.Select(ctx)
		}
		return nil
	}, workflow.RegisterOptions{Name: workflows.TypeCompany})
	noCompany(c.TestWorkflowEnvironment)
	return c
}

// noCompany lets signals find nobody as long as the company has not been started.
func noCompany(env *testsuite.TestWorkflowEnvironment) {
	env.OnSignalExternalWorkflow(mock.Anything, workflows.CompanyID("acme"), mock.Anything, mock.Anything, mock.Anything).
		Return(&temporal.UnknownExternalWorkflowExecutionError{})
}

func tell(ctx workflow.Context, ticket workflows.Ticket, signal string, message any) {
	// A trigger that is gone shows in what the test expects.
	_ = workflow.SignalExternalWorkflow(ctx, ticket.Workflow, "", signal, message).Get(ctx, nil)
}

func wait(ctx workflow.Context, d time.Duration) {
	_ = workflow.Sleep(ctx, d) // nobody cancels the company here
}

var began = workflows.Began{Workflow: "payrecon.run.acme", Run: "run-1"}

func (c *counter) ask(request workflows.Request) (report.Report, error) {
	c.ExecuteWorkflow(workflows.TypeReconcilePayments, request)
	var r report.Report
	if err := c.GetWorkflowError(); err != nil {
		return r, err
	}
	err := c.GetWorkflowResult(&r)
	return r, err
}

func TestReportOfTheRunIsTheTriggersResult(t *testing.T) {
	t.Parallel()
	want := report.Report{Company: "acme", Outcome: report.Agreed, Digest: "9f2c00000000aaaa", Rows: []report.Row{{Invoice: 1042, Action: report.Created}}}
	c := newCounter(func(ctx workflow.Context, ticket workflows.Ticket) {
		tell(ctx, ticket, "began", began)
		wait(ctx, 3*time.Hour)
		tell(ctx, ticket, "result", workflows.Result{Report: &want})
	})

	r, err := c.ask(workflows.Request{})

	require.NoError(t, err)
	require.Equal(t, want, r)
}

func TestFailureOfTheRunIsTheTriggers(t *testing.T) {
	t.Parallel()
	c := newCounter(func(ctx workflow.Context, ticket workflows.Ticket) {
		tell(ctx, ticket, "began", began)
		tell(ctx, ticket, "result", workflows.Result{Failure: &workflows.Failure{Type: string(activities.Unauthorized), Text: "Precoro: unauthorized; check the credentials in the configuration"}})
	})

	_, err := c.ask(workflows.Request{})

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, string(activities.Unauthorized), application.Type())
	require.Equal(t, "Precoro: unauthorized; check the credentials in the configuration", application.Message())
	require.True(t, application.NonRetryable())
}

func TestTriggerWaitsItsTimeForItsTurnAndNoLonger(t *testing.T) {
	t.Parallel()
	for wait, ends := range map[string]time.Duration{"": time.Hour, "15m": 15 * time.Minute, "0s": time.Millisecond} {
		t.Run(wait, func(t *testing.T) {
			t.Parallel()
			c := newCounter(nil)

			_, err := c.ask(workflows.Request{Wait: wait})

			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			require.Equal(t, workflows.NotStarted, application.Type())
			require.Contains(t, application.Message(), "workflow payrecon.company.acme shows what the company is at")
			require.Equal(t, ends.String()+" withdraw", c.signals[len(c.signals)-1])
			require.WithinDuration(t, epoch.Add(ends), c.Now(), 0)
		})
	}
}

// Target: a company that was terminated with a ticket in its queue. Injection: nobody answers. Expected: the ticket is sent
// again every ten minutes.
func TestWaitingTriggerSendsItsTicketAgain(t *testing.T) {
	t.Parallel()
	c := newCounter(nil)

	_, err := c.ask(workflows.Request{Wait: "25m"})

	require.Error(t, err)
	require.Equal(t, []string{"0s ticket", "10m0s ticket", "20m0s ticket", "25m0s withdraw"}, c.signals)
}

// Target: the bill for Temporal's actions. Injection: a run of half an hour tells what it does every 30 s. Expected: the
// ticket is not sent again for each of these messages.
func TestNewsOfTheRunDoNotSendTheTicketAgain(t *testing.T) {
	t.Parallel()
	c := newCounter(func(ctx workflow.Context, ticket workflows.Ticket) {
		tell(ctx, ticket, "began", began)
		for range 60 {
			wait(ctx, 30*time.Second)
			tell(ctx, ticket, "doing", workflows.Progress{Company: "acme", Phase: workflows.PhaseWrite})
		}
		tell(ctx, ticket, "result", workflows.Result{Report: &report.Report{Outcome: report.Agreed}})
	})

	_, err := c.ask(workflows.Request{})

	require.NoError(t, err)
	require.LessOrEqual(t, len(c.signals), 1+3, "%v", c.signals)
}

func TestTriggerThatIsCancelledWhileItWaitsTakesItsTicketBack(t *testing.T) {
	t.Parallel()
	c := newCounter(nil)
	c.RegisterDelayedCallback(c.CancelWorkflow, 5*time.Minute)

	_, err := c.ask(workflows.Request{})

	require.True(t, temporal.IsCanceledError(err))
	require.Equal(t, []string{"0s ticket", "5m0s withdraw"}, c.signals)
}

func TestTriggerThatIsCancelledWhileItsRunWorksReportsWhatWasDone(t *testing.T) {
	t.Parallel()
	stopped := report.Report{Company: "acme", Outcome: report.Stopped, Created: report.ByDirection{ToERP: 3}}
	c := newCounter(func(ctx workflow.Context, ticket workflows.Ticket) {
		tell(ctx, ticket, "began", began)
		wait(ctx, 20*time.Minute) // a write settles
		tell(ctx, ticket, "result", workflows.Result{Report: &stopped})
	})
	c.RegisterDelayedCallback(c.CancelWorkflow, 5*time.Minute)

	r, err := c.ask(workflows.Request{})

	require.NoError(t, err)
	require.Equal(t, stopped.Created, r.Created)
	require.Equal(t, report.Stopped, r.Outcome)
	require.Contains(t, c.signals, "5m0s withdraw")
}

func TestTriggerShowsWhatItsRunIsDoing(t *testing.T) {
	t.Parallel()
	c := newCounter(func(ctx workflow.Context, ticket workflows.Ticket) {
		wait(ctx, time.Minute)
		tell(ctx, ticket, "began", began)
		tell(ctx, ticket, "doing", workflows.Progress{Company: "acme", Phase: workflows.PhaseInvoices, Pages: 3})
		wait(ctx, 5*time.Minute)
		tell(ctx, ticket, "result", workflows.Result{Report: &report.Report{Outcome: report.Agreed}})
	})
	var seen []workflows.Progress
	for _, when := range []time.Duration{30 * time.Second, 2 * time.Minute} {
		c.RegisterDelayedCallback(func() {
			var progress workflows.Progress
			if answer, err := c.QueryWorkflow(workflows.QueryProgress); err == nil && answer.Get(&progress) == nil {
				seen = append(seen, progress)
			}
		}, when)
	}

	_, err := c.ask(workflows.Request{})

	require.NoError(t, err)
	require.Len(t, seen, 2)
	require.Equal(t, workflows.PhaseQueued, seen[0].Phase)
	require.Equal(t, workflows.PhaseInvoices, seen[1].Phase)
	require.Equal(t, 3, seen[1].Pages)
}

// Target: the whole of it. Injection: three triggers at once, two of them alike, with the real company, the real run and a
// world in which a payment is missing on either side; a post's answer is lost. Expected: two runs, one after another; each
// payment is created once.
func TestTriggersOfOneCompanyShareOneLock(t *testing.T) {
	t.Parallel()
	env := newEnvironment()
	env.SetStartTime(epoch)
	env.SetDetachedChildWait(false)
	env.SetStartWorkflowOptions(startAs("driver"))
	env.RegisterWorkflowWithOptions(workflows.Company, workflow.RegisterOptions{Name: workflows.TypeCompany})
	env.RegisterWorkflowWithOptions(workflows.Run, workflow.RegisterOptions{Name: workflows.TypeRun})
	w := two()
	w.now = env.Now
	w.on("PostPayment", fault{err: unknown(), landed: true})
	env.RegisterActivity(&backend{w})
	reports := map[string]report.Report{}
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		// The environment cannot signal what has not begun: the company is there before its triggers, as on most days.
		company := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: workflows.CompanyID("acme"), ParentClosePolicy: enums.PARENT_CLOSE_POLICY_TERMINATE,
		}), workflows.TypeCompany, workflows.CompanyState{Company: "acme"})
		if err := company.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return err
		}
		running := map[string]workflow.ChildWorkflowFuture{}
		ids := []string{"first", "second", "third"}
		for i, request := range []workflows.Request{{}, {Mode: workflows.ModePlan}, {}} {
			running[ids[i]] = workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
				WorkflowID: ids[i], ParentClosePolicy: enums.PARENT_CLOSE_POLICY_TERMINATE,
			}), workflows.TypeReconcilePayments, request)
		}
		for _, id := range ids {
			var r report.Report
			if err := running[id].Get(ctx, &r); err != nil {
				return err
			}
			reports[id] = r
		}
		return nil
	}, workflow.RegisterOptions{Name: "Driver"})

	env.ExecuteWorkflow("Driver")

	require.NoError(t, env.GetWorkflowError())
	w.audit(t)
	var applied, planned int
	for id, r := range reports {
		require.Equal(t, report.Agreed, r.Outcome, id)
		switch r.Mode {
		case workflows.ModeApply:
			applied += r.Created.ToERP + r.Created.ToPrecoro
		case workflows.ModePlan:
			planned++
		}
	}
	require.Equal(t, 1, planned)
	require.Contains(t, []int{2, 4}, applied, "both of the equal ones report the run they shared, or one came when it was done")
	require.Equal(t, 1, strings.Count(strings.Join(w.writes(), ","), "POST"))
	require.Equal(t, 1, strings.Count(strings.Join(w.writes(), ","), "write"))
	require.Len(t, w.numbered(1043).payments, 1)
	require.Len(t, w.bill("B1042").Payments, 1)
}
