package workflows_test

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

func startAs(id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: id, TaskQueue: "payrecon"}
}

// office is one company at work. Its runs do nothing but take a minute.
type office struct {
	*testsuite.TestWorkflowEnvironment
	world  *world
	begun  []workflows.RunStart
	ended  []workflows.RunEnd // what the runs give back, in turn; after the last one an empty report
	failed map[int]error      // by the number of the run
	told   []string           // every message to a trigger, with its time
	gone   map[string]bool    // triggers that are not there any more
	takes  time.Duration      // each run, if not runTakes
	amid   func()             // done while the first result is being delivered
}

const runTakes = time.Minute

func newOffice() *office {
	o := &office{TestWorkflowEnvironment: newEnvironment(), world: newWorld(), failed: map[int]error{}, gone: map[string]bool{}}
	o.SetStartTime(epoch)
	o.SetStartWorkflowOptions(startAs(workflows.CompanyID("acme")))
	o.RegisterWorkflowWithOptions(workflows.Company, workflow.RegisterOptions{Name: workflows.TypeCompany})
	o.RegisterWorkflowWithOptions(o.run, workflow.RegisterOptions{Name: workflows.TypeRun})
	o.RegisterActivity(&backend{o.world})
	return o
}

// listen takes the messages to triggers. Nothing can be registered after it.
func (o *office) listen() {
	o.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(
		func(_, workflowID, runID, signal string, message any) error {
			if o.gone[workflowID] {
				return fmt.Errorf("workflow %s is not there", workflowID)
			}
			text := fmt.Sprintf("%s %s/%s %s", o.Now().Sub(epoch), workflowID, runID, signal)
			if result, is := message.(workflows.Result); is {
				if o.amid != nil {
					o.amid()
					o.amid = nil
				}
				switch {
				case result.Failure != nil:
					text += " " + result.Failure.Type + ": " + result.Failure.Text
				default:
					text += " " + string(result.Report.Outcome)
				}
			}
			o.told = append(o.told, text)
			return nil
		})
}

func (o *office) run(ctx workflow.Context, start workflows.RunStart) (workflows.RunEnd, error) {
	n := len(o.begun)
	o.begun = append(o.begun, start)
	end := workflows.RunEnd{Report: report.Report{Outcome: report.Agreed}}
	if n < len(o.ended) {
		end = o.ended[n]
	}
	if err := workflow.Sleep(ctx, cmp.Or(o.takes, runTakes)); err != nil {
		end.Report.Outcome = report.Stopped
	}
	return end, o.failed[n]
}

// at does something when so much time has passed.
func (o *office) at(d time.Duration, do func()) { o.RegisterDelayedCallback(do, d) }

func (o *office) ticket(id string, job workflows.Job) {
	o.SignalWorkflow("ticket", workflows.Ticket{ID: id, Workflow: "of-" + id, Job: job})
}

func (o *office) withdraw(id string) {
	o.SignalWorkflow("withdraw", workflows.Ticket{ID: id, Workflow: "of-" + id})
}

// open lets the company work until it is closed by a cancellation.
func (o *office) open(t *testing.T, state workflows.CompanyState, until time.Duration) {
	t.Helper()
	o.listen()
	o.at(until, o.CancelWorkflow)
	state.Company = "acme"
	o.ExecuteWorkflow(workflows.TypeCompany, state)
	require.True(t, o.IsWorkflowCompleted())
	require.True(t, temporal.IsCanceledError(o.GetWorkflowError()), "%v", o.GetWorkflowError())
}

// modes are what was run, in order.
func (o *office) modes() []string {
	var all []string
	for _, start := range o.begun {
		all = append(all, fmt.Sprintf("%s %s", start.Job.Mode, start.Job.Direction))
	}
	return all
}

func job(mode string, direction reconcile.Direction) workflows.Job {
	return workflows.Job{Mode: mode, Scope: workflows.ScopeFull, Direction: direction}
}

func TestTicketsAreServedInTheirOrder(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.at(0, func() {
		o.ticket("a", job("plan", reconcile.Both))
		o.ticket("b", job("apply", reconcile.Both))
		o.ticket("c", job("plan", reconcile.ToERP))
	})

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.Equal(t, []string{"plan both", "apply both", "plan to_erp"}, o.modes())
	require.Equal(t, []string{
		"0s of-a/a began", "1m0s of-a/a result agreed", "1m0s of-b/b began", "2m0s of-b/b result agreed", "2m0s of-c/c began", "3m0s of-c/c result agreed",
	}, o.told)
}

func TestEqualTicketsThatWaitShareOneRun(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.at(0, func() { o.ticket("a", job("plan", reconcile.Both)) })
	o.at(30*time.Second, func() {
		o.ticket("b", job("apply", reconcile.Both))
		o.ticket("c", job("plan", reconcile.Both))
		o.ticket("d", job("apply", reconcile.Both))
	})

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.Equal(t, []string{"plan both", "apply both", "plan both"}, o.modes(), "one that already runs may have read too early for those who come later")
	require.Equal(t, []string{"of-b", "of-d"}, []string{o.begun[1].Waiting[0].Workflow, o.begun[1].Waiting[1].Workflow})
	require.Equal(t, []string{
		"0s of-a/a began", "1m0s of-a/a result agreed",
		"1m0s of-b/b began", "1m0s of-d/d began", "2m0s of-b/b result agreed", "2m0s of-d/d result agreed",
		"2m0s of-c/c began", "3m0s of-c/c result agreed",
	}, o.told)
}

func TestTicketsThatDifferInAnythingDoNotShareARun(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*workflows.Job){
		"mode":      func(j *workflows.Job) { j.Mode = workflows.ModePlan },
		"scope":     func(j *workflows.Job) { j.Scope = workflows.ScopeDeep },
		"since":     func(j *workflows.Job) { j.Since = "2026-03-14T00:00:00Z" },
		"direction": func(j *workflows.Job) { j.Direction = reconcile.ToERP },
		"invoices":  func(j *workflows.Job) { j.Invoices = []int64{1042} },
		"approve":   func(j *workflows.Job) { j.Approve = "9f2c00000000aaaa" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice()
			other := job("apply", reconcile.Both)
			change(&other)
			o.at(0, func() {
				o.ticket("a", job("apply", reconcile.Both))
				o.ticket("b", other)
			})

			o.open(t, workflows.CompanyState{}, time.Hour)

			require.Len(t, o.begun, 2)
		})
	}
}

func TestTicketThatIsSentAgainRunsOnce(t *testing.T) {
	t.Parallel()
	o := newOffice()
	for _, when := range []time.Duration{0, time.Second, 30 * time.Second, 10 * time.Minute} {
		o.at(when, func() {
			o.ticket("a", job("plan", reconcile.Both))
			o.ticket("a", job("plan", reconcile.Both))
		})
	}

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.Len(t, o.begun, 1)
	require.Equal(t, []string{"0s of-a/a began", "1m0s of-a/a result agreed"}, o.told)
}

func TestWithdrawnTicketDoesNotRun(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.at(0, func() {
		o.ticket("a", job("plan", reconcile.Both))
		o.ticket("b", job("apply", reconcile.Both))
	})
	o.at(30*time.Second, func() { o.withdraw("b") })

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.Equal(t, []string{"plan both"}, o.modes())
}

func TestRunThatNobodyWaitsForStopsAndAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.at(0, func() { o.ticket("a", job("apply", reconcile.Both)) })
	o.at(30*time.Second, func() { o.withdraw("a") })

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.Equal(t, []string{"0s of-a/a began", "30s of-a/a result stopped"}, o.told)
}

func TestRunGoesOnForOthersWhoWait(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.at(0, func() {
		o.ticket("a", job("apply", reconcile.Both))
		o.ticket("b", job("apply", reconcile.Both))
	})
	o.at(30*time.Second, func() { o.withdraw("a") })

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.Equal(t, []string{
		"0s of-a/a began", "0s of-b/b began", "30s of-a/a result RunEnded: withdrawn; the run goes on for others who wait for it", "1m0s of-b/b result agreed",
	}, o.told)
}

func TestWithdrawalOfAStrangerIsAnsweredAndChangesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.at(0, func() { o.ticket("a", job("apply", reconcile.Both)) })
	o.at(30*time.Second, func() { o.withdraw("z") })

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.Equal(t, []string{
		"0s of-a/a began", "30s of-z/z result RunEnded: withdrawn; the company knows no run of it", "1m0s of-a/a result agreed",
	}, o.told)
}

func TestFailureReachesAllWhoWaitAndTheNextRuns(t *testing.T) {
	t.Parallel()
	terminated := temporal.GetDefaultFailureConverter().FailureToError(&failure.Failure{FailureInfo: &failure.Failure_TerminatedFailureInfo{
		TerminatedFailureInfo: &failure.TerminatedFailureInfo{},
	}})
	for name, test := range map[string]struct {
		err   error
		told  string
		clean bool
	}{
		"of its own":    {temporal.NewNonRetryableApplicationError("Precoro: unauthorized", string(activities.Unauthorized), nil), "Unauthorized: Precoro: unauthorized", true},
		"a termination": {terminated, "RunEnded: the run was terminated; what it had begun is found by the next one", false},
		"a time-out":    {temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil), "RunEnded: the run timed out: ", false},
		"a crash":       {errSurprise, "surprise", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice()
			o.failed[0] = test.err
			o.at(0, func() {
				o.ticket("a", job("apply", reconcile.Both))
				o.ticket("b", job("apply", reconcile.Both))
				o.ticket("c", job("plan", reconcile.Both))
			})
			remembered := []workflows.OpenInvoice{{Invoice: 77, Reason: reconcile.NoBill}}

			o.open(t, workflows.CompanyState{Memory: workflows.Memory{Open: remembered}}, time.Hour)

			require.Len(t, o.told, 6)
			require.Contains(t, o.told[2], "1m0s of-a/a result ")
			require.Contains(t, o.told[2], test.told)
			require.Contains(t, o.told[3], "1m0s of-b/b result ")
			require.Contains(t, o.told[5], "2m0s of-c/c result agreed")
			require.Equal(t, test.clean, o.begun[1].Memory.LastClean)
			require.Equal(t, remembered, o.begun[1].Memory.Open, "a failed run moves nothing")
		})
	}
}

func TestTriggerThatIsGoneKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.gone["of-a"] = true
	o.at(0, func() {
		o.ticket("a", job("apply", reconcile.Both))
		o.ticket("b", job("plan", reconcile.Both))
	})

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.Equal(t, []string{"1m0s of-b/b began", "2m0s of-b/b result agreed"}, o.told)
}

func TestWhatARunLearnedIsGivenToTheNext(t *testing.T) {
	t.Parallel()
	o := newOffice()
	open := []workflows.OpenInvoice{{Invoice: 77, Reason: reconcile.NoBill, Since: epoch}}
	seen := map[string]money.Date{"B1": "2026-03-14"}
	o.ended = []workflows.RunEnd{{Report: report.Report{Outcome: report.Exceptions}, Open: open, KeepsKey: true, Seen: seen, Full: true}}
	o.at(0, func() {
		o.ticket("a", job("apply", reconcile.Both))
		o.ticket("b", job("plan", reconcile.Both))
	})

	o.open(t, workflows.CompanyState{}, time.Hour)

	memory := o.begun[1].Memory
	require.Equal(t, open, memory.Open)
	require.Equal(t, seen, memory.Seen)
	require.True(t, memory.KeepsKey)
	require.True(t, memory.LastClean)
	require.WithinDuration(t, epoch.Add(runTakes), memory.LastEnd, 0)
	require.WithinDuration(t, epoch.Add(runTakes), memory.LastFull, 0)
	require.Empty(t, memory.Answered, "no run needs it")
}

// Target: what is unfinished. Injection: a plan is made while an invoice is open. Expected: the plan settles nothing, so it
// forgets nothing.
func TestPlanForgetsNothingThatIsOpen(t *testing.T) {
	t.Parallel()
	o := newOffice()
	open := []workflows.OpenInvoice{{Invoice: 77}}
	o.at(0, func() {
		o.ticket("a", job("plan", reconcile.Both))
		o.ticket("b", job("apply", reconcile.Both))
	})

	o.open(t, workflows.CompanyState{Memory: workflows.Memory{Open: open}}, time.Hour)

	require.Equal(t, open, o.begun[1].Memory.Open)
}

func TestOnlyARunThatSaysSoIsTheLastFullOne(t *testing.T) {
	t.Parallel()
	for _, full := range []bool{true, false} {
		o := newOffice()
		o.ended = []workflows.RunEnd{{Report: report.Report{Outcome: report.Agreed}, Full: full}}
		o.at(0, func() { o.ticket("a", job("apply", reconcile.Both)) })
		o.at(time.Minute*5, func() { o.ticket("b", job("plan", reconcile.Both)) })

		o.open(t, workflows.CompanyState{}, time.Hour)

		require.Equal(t, full, !o.begun[1].Memory.LastFull.IsZero())
	}
}

func TestCompanyWithoutMemoryAsksForTheLastRun(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.world.last = activities.LastRun{Found: true, Ended: epoch.Add(-time.Second)}
	o.at(0, func() { o.ticket("a", job("apply", reconcile.Both)) })

	o.open(t, workflows.CompanyState{}, time.Hour)

	require.WithinDuration(t, epoch.Add(-time.Second), o.begun[0].Memory.LastEnd, 0)
	require.False(t, o.begun[0].Memory.LastClean)
	require.True(t, o.begun[0].Memory.Untied, "what that run left open is not remembered")
}

// Target: the lock. Injection: the company is new, but a run of its predecessor is still at work. Expected: the ticket
// waits for it, and its run learns when and how the other one ended.
func TestRunOfAPredecessorIsWaitedFor(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.SetStartWorkflowOptions(startAs("driver"))
	o.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		earlier := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: workflows.RunID("acme")}), workflows.TypeRun, workflows.RunStart{})
		if err := earlier.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return err
		}
		own, stop := workflow.WithCancel(ctx)
		company := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(own, workflow.ChildWorkflowOptions{WorkflowID: workflows.CompanyID("acme"), WaitForCancellation: true}),
			workflows.TypeCompany, workflows.CompanyState{Company: "acme", Queue: []workflows.Ticket{{ID: "a", Workflow: "of-a", Job: job("apply", reconcile.Both)}}})
		if err := workflow.Sleep(ctx, 30*time.Second); err != nil {
			return err
		}
		o.world.last = activities.LastRun{Found: true, Ended: epoch.Add(runTakes), Clean: true}
		if err := workflow.Sleep(ctx, time.Hour); err != nil {
			return err
		}
		stop()
		if err := company.Get(ctx, nil); !temporal.IsCanceledError(err) {
			return fmt.Errorf("company: %w", err)
		}
		return nil
	}, workflow.RegisterOptions{Name: "Driver"})
	o.listen()

	o.ExecuteWorkflow("Driver")

	require.NoError(t, o.GetWorkflowError())
	require.Len(t, o.begun, 2, "one after another")
	require.Len(t, o.told, 2)
	require.WithinDuration(t, epoch.Add(runTakes), o.begun[1].Memory.LastEnd, 0)
	require.True(t, o.begun[1].Memory.LastClean)
}

// Target: signals that come at the end of a long history. Injection: tickets arrive while a run works and while its result
// is delivered, and the server suggests to continue as new. Expected: every one is carried over, with the memory.
func TestSignalsAreTakenInBeforeContinuingAsNew(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.ended = []workflows.RunEnd{{Report: report.Report{Outcome: report.Agreed}, KeepsKey: true, Open: []workflows.OpenInvoice{{Invoice: 77}}}}
	o.at(0, func() { o.ticket("a", job("apply", reconcile.Both)) })
	o.at(30*time.Second, func() {
		o.SetContinueAsNewSuggested(true)
		o.ticket("b", job("plan", reconcile.Both))
		o.ticket("c", job("apply", reconcile.ToERP))
		o.ticket("d", job("apply", reconcile.ToPrecoro))
		o.withdraw("c")
	})
	o.amid = func() { o.ticket("e", job("plan", reconcile.ToERP)) }
	o.listen()

	o.ExecuteWorkflow(workflows.TypeCompany, workflows.CompanyState{Company: "acme"})

	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, o.GetWorkflowError(), &next)
	require.Equal(t, workflows.TypeCompany, next.WorkflowType.Name)
	var state workflows.CompanyState
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &state))
	require.Equal(t, "acme", state.Company)
	require.Equal(t, []workflows.Ticket{
		{ID: "b", Workflow: "of-b", Job: job("plan", reconcile.Both)},
		{ID: "d", Workflow: "of-d", Job: job("apply", reconcile.ToPrecoro)},
		{ID: "e", Workflow: "of-e", Job: job("plan", reconcile.ToERP)},
	}, state.Queue)
	require.Equal(t, []string{"a"}, state.Memory.Answered)
	require.True(t, state.Memory.KeepsKey)
	require.Equal(t, []workflows.OpenInvoice{{Invoice: 77}}, state.Memory.Open)
	require.WithinDuration(t, epoch.Add(runTakes), state.Memory.LastEnd, 0)
	require.Len(t, o.begun, 1)
}

func TestLongHistoryIsLeftBehindWhileIdle(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.SetCurrentHistoryLength(4001)
	o.listen()

	o.ExecuteWorkflow(workflows.TypeCompany, workflows.CompanyState{Company: "acme"})

	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, o.GetWorkflowError(), &next)
}

func TestCancelledCompanyStopsItsRunAndAnswersEverybody(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.at(0, func() {
		o.ticket("a", job("apply", reconcile.Both))
		o.ticket("b", job("plan", reconcile.Both))
	})

	o.open(t, workflows.CompanyState{}, 30*time.Second)

	require.Equal(t, []string{
		"0s of-a/a began", "30s of-a/a result stopped", "30s of-b/b result RunEnded: company acme was cancelled",
	}, o.told)
}

func TestAnsweredTicketsAreRememberedWithinBounds(t *testing.T) {
	t.Parallel()
	o := newOffice()
	for n := range 60 {
		o.at(time.Duration(n)*5*time.Minute, func() { o.ticket(fmt.Sprintf("t%d", n), job("plan", reconcile.Both)) })
	}
	var state workflows.CompanyState
	o.at(5*time.Hour+30*time.Minute, func() {
		answer, err := o.QueryWorkflow(workflows.QueryProgress)
		if err == nil {
			err = answer.Get(&state)
		}
		if err != nil {
			o.told = append(o.told, err.Error())
		}
	})

	o.open(t, workflows.CompanyState{}, 6*time.Hour)

	require.Len(t, o.told, 120)
	require.Len(t, state.Memory.Answered, 50)
	require.Equal(t, "t59", state.Memory.Answered[49])
}
