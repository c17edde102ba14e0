package sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// company is one company of a world: Precoro's sandbox, an ERP, the people who work on both, and a judge.
type company struct {
	*judge
	name    string
	sandbox *sandbox.Sandbox
	erp     books
	now     func() time.Time
	story   func(*company, workflow.Context) error
	idns    map[string]int64 // the invoice that each bill was for when it was first seen
	figures Figures
	trace   []string

	plot  *rand.Rand // of the driver: what is asked for, and when
	bumps *rand.Rand // of everything that happens between two requests

	mu     sync.Mutex
	read   int             // entries of the sandbox's ledger that were judged
	posted map[int64]bool  // payments in Precoro that payrecon made
	ended  map[string]bool // runs, by ID
	storm  bool            // faults and people are about
	held   time.Duration
	turns  map[string]time.Duration // how long the first step of a trigger takes
	dying  bool
}

// books are what an ERP holds, for people and for the judge.
type books interface {
	// some is the id of any bill, "" if there is none.
	some(r *rand.Rand) string
	// work lets a person do something with a bill, and says what; "" is nothing.
	work(r *rand.Rand, bill string) (what string)
	// wrote tells whether there are entries that the sandbox's ledger does not hold.
	wrote() bool
	// entries are the writes of payrecon's since the last call. ledger is what the sandbox has written since.
	entries(ledger []sandbox.Write) []entry
	// view is every bill as it stands.
	view() []bill
	// plague scripts faults; calm takes those back that have not struck.
	plague(r *rand.Rand)
	calm()
	faults() map[string]int
}

const (
	lateWrites   = 4 * time.Hour // by then the latest of all late writes has landed
	longestPause = 3 * time.Hour
	maxApprovals = 5
	maxBursts    = 6
	maxTriggers  = 4
	// apart is how far the first steps of triggers that start at once lie apart: the test environment does such things side
	// by side by the wall's clock, and then no seed would play the same twice.
	apart = 700 * time.Millisecond
)

// storm is the story of a company that is drawn: some bursts of triggers while everything goes wrong, then calm.
func storm(c *company, ctx workflow.Context) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	c.setStorm(true)
	for burst := range 2 + c.plot.IntN(maxBursts-1) {
		c.plague(c.bumps)
		if err := workflow.Sleep(ctx, time.Duration(c.plot.Int64N(int64(longestPause)))); err != nil {
			return err
		}
		if err := c.burst(ctx, burst); err != nil {
			return err
		}
	}
	return c.calm(ctx, pick(c.plot, workflows.ScopeFull, workflows.ScopeDeep))
}

// open starts the company's lock and memory before its triggers, as on most days: the environment cannot signal what has
// not begun.
func (c *company) open(ctx workflow.Context) error {
	lock := workflow.ExecuteChildWorkflow(child(ctx, workflows.CompanyID(c.name)), workflows.TypeCompany, workflows.CompanyState{Company: c.name})
	return lock.GetChildWorkflowExecution().Get(ctx, nil)
}

// calm ends all faults and lets what is late land. Then one run has to settle everything, and one more has nothing to do.
func (c *company) calm(ctx workflow.Context, scope string) error {
	c.setStorm(false)
	if err := workflow.Sleep(ctx, lateWrites); err != nil {
		return err
	}
	settled, err := c.settle(ctx, scope, "settles")
	if err != nil {
		return err
	}
	before := c.written()
	again, err := c.settle(ctx, scope, "again")
	if err != nil {
		return err
	}
	c.atTheEnd(settled, again, c.written()-before)
	return nil
}

// burst starts some triggers at nearly the same time; some of them think better of it.
func (c *company) burst(ctx workflow.Context, number int) error {
	var running []workflow.ChildWorkflowFuture
	order := c.plot.Perm(1 + c.plot.IntN(maxTriggers))
	for n, turn := range order {
		cancellable, cancel := workflow.WithCancel(ctx)
		id := triggerID(c.name, number, n)
		c.setTurn(id, time.Duration(turn+1)*apart)
		running = append(running, workflow.ExecuteChildWorkflow(child(cancellable, id), workflows.TypeReconcilePayments, c.request()))
		if c.plot.IntN(7) == 0 {
			patience := time.Duration(c.plot.Int64N(int64(40 * time.Minute)))
			workflow.Go(ctx, func(ctx workflow.Context) {
				_ = workflow.Sleep(ctx, patience) // nobody cancels the driver
				cancel()
			})
		}
		if c.plot.IntN(2) == 0 {
			if err := workflow.Sleep(ctx, time.Duration(c.plot.Int64N(int64(3*time.Minute)))); err != nil {
				return err
			}
		}
	}
	for _, trigger := range running {
		var r report.Report
		if err := trigger.Get(ctx, &r); err != nil {
			c.noSecrets(err.Error()) // how it ended is its run's business
		}
	}
	return nil
}

func triggerID(company string, burst, n int) string {
	return fmt.Sprintf("%s-%d-%d", company, burst, n)
}

func (c *company) setTurn(trigger string, after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turns[trigger] = after
}

func (c *company) turn(trigger string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turns[trigger]
}

// request is anything that somebody might ask for.
func (c *company) request() workflows.Request {
	request := workflows.Request{Company: c.name, Wait: "24h"}
	request.Mode = pick(c.plot, workflows.ModeApply, workflows.ModeApply, workflows.ModeApply, workflows.ModeApply, workflows.ModePlan)
	request.Scope = pick(c.plot, "", workflows.ScopeAuto, workflows.ScopeChanges, workflows.ScopeFull, workflows.ScopeFull, workflows.ScopeDeep)
	request.Direction = pick(c.plot, "", "", "", reconcile.Both, reconcile.ToERP, reconcile.ToPrecoro)
	if c.plot.IntN(6) == 0 {
		request.Scope = ""
		for _, inv := range c.sandbox.State().Invoices {
			if c.plot.IntN(4) == 0 && len(request.Invoices) < 20 {
				request.Invoices = append(request.Invoices, inv.IDN)
			}
		}
	}
	if c.plot.IntN(5) == 0 {
		request.Wait = pick(c.plot, "0s", "5m", "1h")
	}
	return request
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// settle runs until everything is written that may be: a plan over the caps is approved.
func (c *company) settle(ctx workflow.Context, scope, name string) (report.Report, error) {
	request := workflows.Request{Company: c.name, Scope: scope, Wait: "24h"}
	for n := range maxApprovals {
		var r report.Report
		id := fmt.Sprintf("%s-%s-%d", c.name, name, n)
		if err := workflow.ExecuteChildWorkflow(child(ctx, id), workflows.TypeReconcilePayments, request).Get(ctx, &r); err != nil {
			return r, fmt.Errorf("a run without faults: %w", err)
		}
		if r.Outcome != report.NeedsApproval {
			return r, nil
		}
		request.Approve = r.Digest
	}
	return report.Report{}, fmt.Errorf("a plan wants more than %d approvals", maxApprovals)
}

func (c *company) setStorm(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.storm = on
	if !on {
		c.erp.calm()
		c.sandbox.Calm()
	}
}

// plague scripts faults on both sides.
func (c *company) plague(r *rand.Rand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range sandbox.Draw(r, r.IntN(25)) {
		c.sandbox.Fail(f)
	}
	c.erp.plague(r)
}

// hold is how much longer than usual the next activity has to wait for a worker.
func (c *company) hold() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.dying = 0, false
	if !c.storm {
		return 0
	}
	switch c.bumps.IntN(60) {
	case 0:
		c.held = time.Duration(21+c.bumps.IntN(300)) * time.Second
	case 1:
		c.held = time.Duration(c.bumps.IntN(19)) * time.Second
	case 2:
		c.dying = true
	}
	return c.held
}

func (c *company) heldUp() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// dies tells whether the worker dies after the request, before it has handed in the answer.
func (c *company) dies() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dying {
		c.count("answer_not_handed_in")
	}
	return c.dying
}

func (c *company) count(fault string) {
	c.figures.Faults = sum(c.figures.Faults, map[string]int{fault: 1})
}

// between is where people work: before each request, to either side.
func (c *company) between(_, route string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.storm {
		return
	}
	var what string
	var idn int64
	onBill := false
	switch {
	case route == "GET /invoices" && c.bumps.IntN(3) == 0:
		what, idn = c.shift(c.bumps)
	case c.bumps.IntN(12) != 0:
	case c.bumps.IntN(2) == 0:
		what, idn = c.workInPrecoro(c.bumps)
	default:
		if bill := c.erp.some(c.bumps); bill != "" {
			idn, onBill = c.idns[bill], true
			what = c.erp.work(c.bumps, bill)
		}
	}
	if what == "" {
		return
	}
	c.touchedBy(idn, onBill, what, c.now())
	c.figures.People = sum(c.figures.People, map[string]int{what: 1})
	c.note("%s somebody: %s, invoice %d", c.now().Format(time.DateTime), what, idn)
}

// over tells whether a run has ended.
func (c *company) over(run string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended[run]
}

func (c *company) note(format string, args ...any) {
	c.trace = append(c.trace, c.name+" "+fmt.Sprintf(format, args...))
}

// requested notes an activity in the trace.
func (c *company) requested(info activity.Info, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	outcome := "done"
	if err != nil {
		outcome = err.Error()
	}
	c.note("%s %s attempt %d: %s", c.now().Format("15:04:05.000"), info.ActivityType.Name, info.Attempt, outcome)
}

// runBegins and runEnds are told by the environment.
func (c *company) runBegins(id string, start workflows.RunStart) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jobs[id] = start.Job
	if start.Resume == nil {
		c.figures.Runs++
	}
	c.note("%s run %s/%s %s %v", c.now().Format(time.DateTime), start.Job.Mode, start.Job.Scope, start.Job.Direction, start.Job.Invoices)
}

func (c *company) runEnds(id string, end workflows.RunEnd, err error) {
	c.look(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[id] = true
	if err != nil {
		c.figures.Failed++
		c.noSecrets(err.Error())
		c.note("%s failed: %v", c.now().Format(time.DateTime), err)
	}
	text, marshalErr := json.Marshal(end)
	if marshalErr != nil {
		c.breach(Reported, "a report cannot be written as JSON: %v", marshalErr)
	}
	c.noSecrets(string(text))
	c.against(id, end)
	c.note("%s ended: %s %v %v", c.now().Format(time.DateTime), end.Report.Outcome, end.Report.Created, end.Report.Exceptions)
}

func secretIn(text string) string {
	for _, secret := range []string{precoroToken, precoroEmail, erplyPassword} {
		if strings.Contains(text, secret) {
			return secret
		}
	}
	return ""
}
