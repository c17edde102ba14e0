package workflows

import (
	"errors"
	"maps"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// Run is one reconciliation of one company. Nothing is written before everything is read and decided.
func Run(ctx workflow.Context, start RunStart) (RunEnd, error) {
	r, err := newRun(ctx, start)
	if err != nil {
		return RunEnd{}, err
	}
	steps := []step{
		{PhaseSettings, r.takeSettings},
		{PhaseInvoices, r.readInvoices},
		{PhaseBills, r.findBills},
		{PhaseTotals, r.compareTotals},
		{PhaseDecide, r.decide},
		{PhaseCaps, r.holdCaps},
		{PhaseWrite, r.write},
		{PhaseReport, r.fileReport},
	}
	if start.Resume != nil {
		steps = steps[6:] // read and decided before it continued as new
	}
	for _, step := range steps {
		r.enter(ctx, step.phase)
		if err := step.do(ctx); err != nil {
			return r.end(ctx, err)
		}
	}
	return r.end(ctx, nil)
}

type step struct {
	phase Phase
	do    func(workflow.Context) error
}

// RunStart is the input of Run.
type RunStart struct {
	Company string   `json:"company"`
	Job     Job      `json:"job"`
	Memory  Memory   `json:"memory"`
	Waiting []Ticket `json:"waiting,omitempty"` // whose triggers wait for this run
	Resume  *Resume  `json:"resume,omitempty"`  // set where the run continued as new between two invoices
}

// Resume is what a run carries over when it continues as new: the invoices that are left, and what it has to report.
type Resume struct {
	Settings   activities.Settings `json:"settings"`
	Today      money.Date          `json:"today"`
	Candidates []candidate         `json:"candidates"`
	Report     report.Report       `json:"report"`
	Filed      int                 `json:"filed"`
	Open       []OpenInvoice       `json:"open,omitempty"`
}

// RunEnd is the result of Run: the report, and what Company is to remember.
type RunEnd struct {
	Report   report.Report         `json:"report"`
	Open     []OpenInvoice         `json:"open,omitempty"`
	KeepsKey bool                  `json:"keeps_key,omitempty"`
	Seen     map[string]money.Date `json:"seen,omitempty"`
}

// OpenInvoice is an invoice that a run could not bring to agreement.
type OpenInvoice struct {
	Invoice int64            `json:"invoice"` // idn
	Reason  reconcile.Reason `json:"reason"`  // "" if the run did not get to it
	Since   time.Time        `json:"since"`
	// State is that of both documents when payment lists were read and judged; as long as it is the same they need not be
	// read again.
	State string      `json:"state,omitempty"`
	Row   *report.Row `json:"row,omitempty"` // nil if the run did not get to it
}

// What is remembered of open invoices, and carried over when a run continues as new, stays below Temporal's 2 MiB a
// payload: a row is about 500 bytes, an entry without one 90, a candidate 350.
const (
	// maxOpenRows: beyond, an exception is read again by each run.
	maxOpenRows = 1000
	// maxOpen: beyond, an exception is found again by the next run; only since when it was open is forgotten.
	maxOpen = 5000
	// maxWritten bounds the invoices that one run writes. The next one goes on.
	maxWritten = 1500
)

// candidate is an invoice on which something may have to be written.
type candidate struct {
	Invoice  reconcile.Invoice   `json:"invoice"`
	Payments []reconcile.Payment `json:"payments,omitempty"`
	Bill     reconcile.Bill      `json:"bill"`
	Read     activities.Read     `json:"read"`             // of the older of the two lists
	Got      time.Time           `json:"got,omitzero"`     // in a Resume: when the invoice was read last, as the same GET has to wait
	Reread   bool                `json:"reread,omitempty"` // another run read the lists: they are read again before a write
	Writes   []reconcile.Write   `json:"writes,omitempty"` // what is left of the plan
	State    string              `json:"state,omitempty"`  // of both documents as the listings showed them
}

// errStopped ends a run that was cancelled, at a safe point.
var errStopped = errors.New("stopped")

type run struct {
	start    RunStart
	settings activities.Settings
	today    money.Date

	invoices   []reconcile.Invoice
	given      map[int64]activities.InvoiceRead // single invoices come with their payments
	bills      *reconcile.Bills
	billsRead  time.Time
	candidates []candidate
	openBefore map[int64]OpenInvoice
	readAt     map[int64]time.Time // when GET /invoices/{idn} was last answered

	report   report.Report
	filed    int // rows that stand in the history
	pending  []report.Row
	open     []OpenInvoice
	keepsKey bool
	seen     map[string]money.Date
	decided  bool // every invoice was looked at
	stopped  bool // while an invoice was being written

	progress Progress
	told     time.Time
}

func newRun(ctx workflow.Context, start RunStart) (*run, error) {
	r := &run{
		start: start, given: map[int64]activities.InvoiceRead{}, bills: reconcile.NewBills(),
		openBefore: map[int64]OpenInvoice{}, readAt: map[int64]time.Time{},
		keepsKey: start.Memory.KeepsKey, seen: maps.Clone(start.Memory.Seen),
		told:     workflow.Now(ctx),
		progress: Progress{Company: start.Company, Mode: start.Job.Mode},
		report: report.Report{
			Company: start.Company, Mode: start.Job.Mode, Exceptions: map[reconcile.Reason]int{}, Rows: []report.Row{},
		},
	}
	if r.seen == nil {
		r.seen = map[string]money.Date{}
	}
	for _, open := range start.Memory.Open {
		r.openBefore[open.Invoice] = open
	}
	if resume := start.Resume; resume != nil {
		r.settings, r.today, r.candidates = resume.Settings, resume.Today, resume.Candidates
		r.report, r.filed, r.open = resume.Report, resume.Filed, resume.Open
		for _, c := range resume.Candidates {
			r.readAt[c.Invoice.IDN] = c.Got
		}
	}
	return r, workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) { return r.progress, nil })
}

// takeSettings fixes the configuration for this run, and lets the last one's requests and late writes fade.
func (r *run) takeSettings(ctx workflow.Context) error {
	var err error
	r.settings, err = callLocal(ctx, memoryOptions("read the settings"), act.ReadSettings,
		activities.SettingsRequest{Company: r.start.Company, RunID: workflow.GetInfo(ctx).OriginalRunID})
	if err != nil {
		return r.giveUp(err)
	}
	zone, err := time.LoadLocation(r.settings.Timezone)
	if err != nil {
		return invalid("timezone: %q is not known on this worker", r.settings.Timezone)
	}
	r.today = money.DateOf(workflow.Now(ctx), zone)
	r.report.Scope = r.scope()
	if r.settings.Reset {
		return r.waitUntil(ctx, workflow.Now(ctx).Add(r.settings.Settle), "until what this run had begun before its reset has settled")
	}
	memory, pause := r.start.Memory, r.settings.SameGet
	if memory.LastEnd.IsZero() {
		return nil
	}
	if !memory.LastClean {
		pause = r.settings.Settle
	}
	return r.waitUntil(ctx, memory.LastEnd.Add(pause), "until the last run's requests have faded")
}

// scope is what this run really reads. The feeds of scope `changes` are contained in a full reading.
func (r *run) scope() string {
	switch {
	case len(r.start.Job.Invoices) > 0:
		return "invoices"
	case r.start.Job.Scope == ScopeDeep:
		return ScopeDeep
	default:
		return ScopeFull
	}
}

// policy is what decisions on a bill depend on.
func (r *run) policy(bill string) reconcile.Policy {
	today := r.today
	if seen, before := r.start.Memory.Seen[bill]; before {
		today = seen
	}
	return reconcile.Policy{
		Start: r.settings.Start, AdoptDays: r.settings.AdoptDays, Tolerance: r.settings.Tolerance,
		Direction: r.start.Job.Direction, TagsERP: r.settings.ERP.Tags, Today: today,
	}
}

// waitUntil waits durably and shows until when and why.
func (r *run) waitUntil(ctx workflow.Context, at time.Time, why string) error {
	if !at.After(workflow.Now(ctx)) {
		return nil
	}
	r.progress.Waiting = "until " + at.UTC().Format(time.RFC3339) + ", " + why
	r.show(ctx)
	defer func() { r.progress.Waiting = "" }()
	return sleepUntil(ctx, at, why)
}

// end turns the way the steps ended into the run's result.
func (r *run) end(ctx workflow.Context, err error) (RunEnd, error) {
	failed := err != nil && !errors.Is(err, errStopped) && !temporal.IsCanceledError(err)
	if workflow.IsContinueAsNewError(err) || failed && !r.decided {
		return RunEnd{}, err
	}
	if err != nil {
		r.report.Outcome = report.Stopped
		disconnected, _ := workflow.NewDisconnectedContext(ctx)
		if err := r.fileReport(disconnected); err != nil {
			return RunEnd{}, err
		}
	}
	if failed {
		// Something may have been written: the error carries what must not be lost.
		failure, _ := failureOf(err)
		return RunEnd{}, temporal.NewNonRetryableApplicationError(failure.Text, failure.Type, nil, r.result())
	}
	return r.result(), nil
}

func (r *run) result() RunEnd {
	return RunEnd{Report: r.report, Open: r.open, KeepsKey: r.keepsKey, Seen: r.seen}
}
