package workflows

import (
	"cmp"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/report"
)

// CompanyState is what Company carries from one execution to the next.
type CompanyState struct {
	Company string   `json:"company"`
	Queue   []Ticket `json:"queue,omitempty"`
	Memory  Memory   `json:"memory"`
}

// Memory outlives runs, and any retention.
type Memory struct {
	LastEnd   time.Time `json:"last_end,omitzero"`  // when the last run ended
	LastClean bool      `json:"last_clean"`         // it ended by itself: no write of its is on its way
	LastFull  time.Time `json:"last_full,omitzero"` // when everything was read and written last; what scope auto goes by
	// KeepsKey: an answer has shown that Precoro keeps the key in the call that creates a payment.
	KeepsKey bool `json:"keeps_key,omitempty"`
	// Open are the exceptions and unfinished invoices.
	Open []OpenInvoice `json:"open,omitempty"`
	// Seen is the day on which a bill's paid flag was first seen without payments, by bill: a derived payment is dated by it.
	Seen  map[string]money.Date `json:"seen,omitempty"`
	Quota Quota                 `json:"quota"` // what was spent of both sides' quotas
	Sizes Sizes                 `json:"sizes,omitzero"`
	Marks Marks                 `json:"marks,omitzero"` // what scope changes goes by
	// Settled are invoices with which nothing is left to do, by idn, and a fingerprint of how Precoro showed them.
	Settled map[int64]uint32 `json:"settled,omitempty"`
	Numbers Numbers          `json:"numbers,omitempty"`
	// Untied: a run that wrote was cut off, so that halves of payments may have been left without their key.
	Untied bool `json:"untied,omitempty"`
	// Answered are the tickets that were answered last, so that a late copy of one does not run again.
	Answered []string `json:"answered,omitempty"`
}

// maxAnswered bounds Memory.Answered; a copy comes at most one renewal late.
const maxAnswered = 50

// Company is the lock and the memory of one company: it runs its requests one after another and answers each.
// It lives for ever, continued as new between runs.
func Company(ctx workflow.Context, state CompanyState) error {
	c := &company{CompanyState: state}
	if err := c.setup(ctx); err != nil {
		return err
	}
	for {
		c.drain(ctx)
		if ctx.Err() != nil {
			return c.leave(ctx)
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() || workflow.GetInfo(ctx).GetCurrentHistoryLength() > longHistory {
			return workflow.NewContinueAsNewError(ctx, TypeCompany, c.CompanyState)
		}
		if len(c.Queue) == 0 {
			c.show(ctx, "Idle.")
			c.awaitSignal(ctx, nil)
			continue
		}
		if err := c.runNext(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

type company struct {
	CompanyState
	tickets   workflow.ReceiveChannel
	withdraws workflow.ReceiveChannel
	running   []Ticket  // served by the present run
	began     time.Time // when it was started
	stop      workflow.CancelFunc
}

func (c *company) setup(ctx workflow.Context) error {
	c.tickets = workflow.GetSignalChannel(ctx, signalTicket)
	c.withdraws = workflow.GetSignalChannel(ctx, signalWithdraw)
	return workflow.SetQueryHandler(ctx, QueryProgress, func() (CompanyState, error) { return c.CompanyState, nil })
}

// drain takes in every signal that has arrived, so that none is lost when the company continues as new.
func (c *company) drain(ctx workflow.Context) {
	for {
		var ticket Ticket
		var withdrawn Ticket
		switch {
		case c.tickets.ReceiveAsync(&ticket):
			c.enqueue(ticket)
		case c.withdraws.ReceiveAsync(&withdrawn):
			c.withdraw(ctx, withdrawn)
		default:
			return
		}
	}
}

// awaitSignal blocks until a signal comes, or until also is ready.
func (c *company) awaitSignal(ctx workflow.Context, also workflow.Future) {
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(c.tickets, func(workflow.ReceiveChannel, bool) {})
	selector.AddReceive(c.withdraws, func(workflow.ReceiveChannel, bool) {})
	if also != nil {
		selector.AddFuture(also, func(workflow.Future) {})
	} else {
		selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	}
	selector.Select(ctx)
	c.drain(ctx)
}

func (c *company) enqueue(ticket Ticket) {
	is := func(other Ticket) bool { return other.ID == ticket.ID }
	if slices.ContainsFunc(c.Queue, is) || slices.ContainsFunc(c.running, is) || slices.Contains(c.Memory.Answered, ticket.ID) {
		return
	}
	c.Queue = append(c.Queue, ticket)
}

// withdraw drops a ticket. A run that nobody waits for any more stops at its next safe point. Who withdraws a ticket that a
// predecessor of this company had taken is told that nothing comes of it.
func (c *company) withdraw(ctx workflow.Context, withdrawn Ticket) {
	is := func(ticket Ticket) bool { return ticket.ID == withdrawn.ID }
	if slices.ContainsFunc(c.Queue, is) {
		c.Queue = slices.DeleteFunc(c.Queue, is)
		return
	}
	if !slices.ContainsFunc(c.running, is) {
		if !slices.Contains(c.Memory.Answered, withdrawn.ID) {
			c.answer(ctx, withdrawn, Result{Failure: &Failure{Type: RunEnded, Text: "withdrawn; the company knows no run of it"}})
		}
		return
	}
	if len(c.running) == 1 {
		c.stop() // its report still goes to the one who cancelled
		return
	}
	i := slices.IndexFunc(c.running, is)
	c.answer(ctx, c.running[i], Result{Failure: &Failure{Type: RunEnded, Text: "withdrawn; the run goes on for others who wait for it"}})
	c.running = slices.Delete(c.running, i, i+1)
}

// runNext serves the first in the queue, and everybody who waits for the same.
func (c *company) runNext(ctx workflow.Context) error {
	if err := c.recall(ctx); err != nil {
		return err
	}
	c.drain(ctx)
	if len(c.Queue) == 0 {
		return nil // withdrawn meanwhile
	}
	job := c.Queue[0].Job
	c.running, c.Queue = split(c.Queue, job)
	c.began = workflow.Now(ctx)
	child := c.start(ctx, job)
	defer c.stop()

	var execution workflow.Execution
	err := child.GetChildWorkflowExecution().Get(ctx, &execution)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		c.show(ctx, "Waiting for an earlier run to end.")
		c.Queue, c.running = append(c.running, c.Queue...), nil
		c.Memory.LastEnd, c.Memory.LastClean = time.Time{}, false
		return workflow.Sleep(ctx, tellEvery)
	}
	if err == nil {
		c.show(ctx, "Running `"+execution.ID+"` / `"+execution.RunID+"`.")
		for _, ticket := range c.running {
			c.tell(ctx, ticket, signalBegan, Began{Workflow: execution.ID, Run: execution.RunID})
		}
		for !child.IsReady() {
			c.awaitSignal(ctx, child)
		}
	}
	var ended RunEnd
	if err == nil {
		err = child.Get(ctx, &ended)
	}
	c.remember(ctx, job, ended, err)
	return nil
}

func split(queue []Ticket, job Job) (same, rest []Ticket) {
	for _, ticket := range queue {
		if ticket.Job.same(job) {
			same = append(same, ticket)
		} else {
			rest = append(rest, ticket)
		}
	}
	return same, rest
}

// recall finds out how the last run ended: a company that was terminated, or reset to a time before that, must still not
// run into a write of its predecessor.
func (c *company) recall(ctx workflow.Context) error {
	last, err := callLocal(ctx, memoryOptions("look up the last run"), act.FindLastRun, activities.LastRunRequest{WorkflowID: RunID(c.Company)})
	if err != nil {
		return err
	}
	if last.Ended.After(c.Memory.LastEnd) {
		// What that run left is not remembered, so that halves which it did not tie are not among what is open.
		c.Memory.LastEnd, c.Memory.LastClean, c.Memory.Untied = last.Ended, last.Clean, true
	}
	return nil
}

func (c *company) start(ctx workflow.Context, job Job) workflow.ChildWorkflowFuture {
	childCtx, cancel := workflow.WithCancel(ctx)
	c.stop = cancel
	return workflow.ExecuteChildWorkflow(workflow.WithChildOptions(childCtx, workflow.ChildWorkflowOptions{
		WorkflowID:            RunID(c.Company),
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WaitForCancellation:   true,
		StaticSummary:         summaryOf(c.Company, job),
	}), TypeRun, RunStart{Company: c.Company, Job: job, Memory: c.Memory.forRun(), Waiting: c.running})
}

// forRun is what a run needs of the memory.
func (m Memory) forRun() Memory {
	m.Answered = nil
	return m
}

// remember takes over what the run has learned, and answers everybody who waited for it.
func (c *company) remember(ctx workflow.Context, job Job, ended RunEnd, err error) {
	c.Memory.LastEnd, c.Memory.LastClean = workflow.Now(ctx), true
	result := Result{Report: &ended.Report}
	knows := err == nil
	if err != nil {
		failure, clean := failureOf(err)
		c.Memory.LastClean = clean
		c.Memory.Untied = c.Memory.Untied || !clean && job.writes()
		result = Result{Failure: &failure}
		if knows = lastWords(err, &ended); knows && ended.Decided {
			result.Report = &ended.Report
		}
	}
	if knows {
		c.Memory.learn(job, ended)
	}
	if ended.Reset {
		c.Memory.LastClean = false
		c.Memory.Untied = c.Memory.Untied || job.writes()
	}
	if ended.Full {
		c.Memory.LastFull = c.Memory.LastEnd
	}
	c.count(ctx, ended)
	for _, ticket := range c.running {
		c.answer(ctx, ticket, result)
	}
	c.running = nil
}

// learn takes over what a run has to hand on.
func (m *Memory) learn(job Job, ended RunEnd) {
	m.KeepsKey, m.Seen = ended.KeepsKey, ended.Seen
	if job.writes() && ended.Report.Outcome != report.NeedsApproval {
		m.Open = ended.Open // a run that only says what it would do settles nothing
	}
	if ended.Quota == nil {
		return // of an older build, which knows nothing of the following
	}
	m.Untied = m.Untied && !ended.Complete
	m.Sizes, m.Marks, m.Settled, m.Numbers = ended.Sizes, ended.Marks, ended.Settled, ended.Numbers
}

// count takes over what a run has spent. One of an older build says so in its report. One that was cut off cannot say: it has
// sent no more than one request a second, and no more than an hour's. If it was more after all, Precoro will say so.
func (c *company) count(ctx workflow.Context, ended RunEnd) {
	quota, now := &c.Memory.Quota, workflow.Now(ctx)
	switch {
	case ended.Quota != nil:
		*quota = *ended.Quota
	case ended.Report.Company != "":
		quota.spendPrecoro(now, ended.Report.Requests.Precoro)
	default:
		quota.spendPrecoro(now, min(int(now.Sub(c.began)/time.Second), cmp.Or(quota.PerHour, mostPerHour)))
	}
}

// mostPerHour is what Precoro allows an hour.
const mostPerHour = 1500

func (c *company) answer(ctx workflow.Context, ticket Ticket, result Result) {
	c.tell(ctx, ticket, signalResult, result)
	c.Memory.Answered = append(c.Memory.Answered, ticket.ID)
	if extra := len(c.Memory.Answered) - maxAnswered; extra > 0 {
		c.Memory.Answered = c.Memory.Answered[extra:]
	}
}

// tell signals a trigger. One that is gone hears nothing, and nobody else is kept waiting for it.
func (c *company) tell(ctx workflow.Context, ticket Ticket, signal string, message any) {
	disconnected, _ := workflow.NewDisconnectedContext(ctx)
	if err := workflow.SignalExternalWorkflow(disconnected, ticket.Workflow, ticket.ID, signal, message).Get(disconnected, nil); err != nil {
		workflow.GetLogger(ctx).Info("Nobody waits for this answer any more", "workflow", ticket.Workflow, "signal", signal, "reason", err)
	}
}

// leave answers everybody when somebody cancels the company. Its run has been asked to stop and has ended by now.
func (c *company) leave(ctx workflow.Context) error {
	for _, ticket := range c.Queue {
		c.answer(ctx, ticket, Result{Failure: &Failure{Type: RunEnded, Text: "company " + c.Company + " was cancelled"}})
	}
	return ctx.Err()
}

func (c *company) show(ctx workflow.Context, markdown string) {
	workflow.SetCurrentDetails(ctx, markdown)
}
