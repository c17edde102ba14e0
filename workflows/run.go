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
	Settings   activities.Settings            `json:"settings"`
	Today      money.Date                     `json:"today"`
	Candidates activities.Packed[candidate]   `json:"candidates"`
	Report     report.Report                  `json:"report"`
	Filed      int                            `json:"filed"`
	Open       activities.Packed[OpenInvoice] `json:"open,omitempty"`
	Marks      Marks                          `json:"marks,omitzero"`
	Sizes      Sizes                          `json:"sizes,omitzero"`
	Settled    map[int64]uint32               `json:"settled,omitempty"`
	Forgotten  bool                           `json:"forgotten,omitempty"`
	Looked     []int64                        `json:"looked,omitempty"` // of those that were open before
	Reset      bool                           `json:"reset,omitempty"`  // what this run's predecessor began before its reset may still be on its way
	Numbers    Numbers                        `json:"numbers,omitempty"`
}

// RunEnd is the result of Run: the report, and what Company is to remember.
type RunEnd struct {
	Report   report.Report         `json:"report"`
	Open     []OpenInvoice         `json:"open,omitempty"`
	KeepsKey bool                  `json:"keeps_key,omitempty"`
	Seen     map[string]money.Date `json:"seen,omitempty"`
	Quota    *Quota                `json:"quota,omitempty"` // nil: the run is of an older build, and did not count
	Sizes    Sizes                 `json:"sizes,omitzero"`
	Marks    Marks                 `json:"marks,omitzero"`
	Settled  map[int64]uint32      `json:"settled,omitempty"`
	Numbers  Numbers               `json:"numbers,omitempty"`
	// Decided: the run came to its decisions, so that it may have written and its report says something.
	Decided bool `json:"decided,omitempty"`
	// Reset: the run was reset, so that what it had begun before may still be on its way, or may have been left half done.
	Reset bool `json:"reset,omitempty"`
	// Complete: what was read is settled or listed. Full: and that was everything.
	Complete bool `json:"complete,omitempty"`
	Full     bool `json:"full,omitempty"`
}

// OpenInvoice is an invoice that a run could not bring to agreement.
type OpenInvoice struct {
	Invoice  int64            `json:"invoice"`            // idn
	ID       int64            `json:"id,omitempty"`       // database id, 0 where it was not read
	External string           `json:"external,omitempty"` // what its external-ID field holds
	Reason   reconcile.Reason `json:"reason"`             // "" if the run did not get to it
	Since    time.Time        `json:"since"`
	// State is that of both documents when payment lists were read and judged; as long as it is the same they need not be
	// read again.
	State string      `json:"state,omitempty"`
	Row   *report.Row `json:"row,omitempty"` // nil if the run did not get to it
}

// invoice is what a bill may name it by.
func (o OpenInvoice) invoice() reconcile.Invoice {
	return reconcile.Invoice{ID: o.ID, IDN: o.Invoice, ExternalID: o.External}
}

// What is remembered of open invoices, and carried over when a run continues as new, stays below Temporal's 2 MiB a
// payload: a row is about 500 bytes, an entry without one 90, a candidate 350.
const (
	// maxOpenRows: beyond, an exception is read again by each run.
	maxOpenRows = 1000
	// maxOpen: beyond, an exception is found again by the next run, which reads in full; only since when it was open is
	// forgotten.
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
	self     activities.Self // which run this is, as far as is known: it may have been reset
	today    money.Date

	invoices   []reconcile.Invoice
	given      map[int64]activities.InvoiceRead // single invoices come with their payments
	listed     activities.Read                  // of the first page of the invoices
	bills      *reconcile.Bills
	billsRead  time.Time
	candidates []candidate
	openBefore map[int64]OpenInvoice
	readAt     map[int64]time.Time // when GET /invoices/{idn} was last answered
	looked     map[int64]bool      // invoices that this run has judged, by idn
	quota      Quota
	marks      Marks // of this run: when its first pages were read
	sizes      Sizes

	report  report.Report
	filed   int // rows that stand in the history
	pending []report.Row
	open    []OpenInvoice
	openNow map[int64]bool
	settled map[int64]uint32 // invoices with which nothing is left to do, and how their listing showed them
	// forgotten: there was no room to remember every open invoice.
	forgotten bool
	keepsKey  bool
	seen      map[string]money.Date
	decided   bool // every invoice was looked at
	stopped   bool // while an invoice was being written
	reset     bool // known when the run ends

	progress Progress
	told     time.Time
}

func newRun(ctx workflow.Context, start RunStart) (*run, error) {
	r := &run{
		start: start, given: map[int64]activities.InvoiceRead{}, bills: reconcile.NewBills(),
		openBefore: map[int64]OpenInvoice{}, readAt: map[int64]time.Time{}, looked: map[int64]bool{},
		openNow: map[int64]bool{}, settled: map[int64]uint32{}, quota: start.Memory.Quota.clone(), sizes: start.Memory.Sizes,
		keepsKey: start.Memory.KeepsKey, seen: maps.Clone(start.Memory.Seen),
		self:     activities.Self{RunID: workflow.GetInfo(ctx).OriginalRunID},
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
		r.report, r.filed, r.open, r.forgotten = resume.Report, resume.Filed, resume.Open, resume.Forgotten
		r.marks, r.sizes = resume.Marks, resume.Sizes
		if resume.Settled != nil {
			r.settled = maps.Clone(resume.Settled)
		}
		for _, idn := range resume.Looked {
			r.looked[idn] = true
		}
		for _, open := range resume.Open {
			r.openNow[open.Invoice] = true
		}
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
	r.report.Scope = r.scope(ctx)
	r.quota.PerHour = r.settings.PerHour
	if r.settings.Reset {
		if r.settings.RunID != "" {
			r.self.RunID = r.settings.RunID
		}
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

// resume is what the next part of this run needs, but for the candidates that are left.
func (r *run) resume() *Resume {
	resume := &Resume{
		Settings: r.settings, Today: r.today, Report: r.report, Filed: r.filed, Open: r.open, Marks: r.marks, Sizes: r.sizes,
		Settled: r.settled, Forgotten: r.forgotten, Numbers: r.numbers(),
	}
	for _, open := range r.start.Memory.Open {
		if r.looked[open.Invoice] {
			resume.Looked = append(resume.Looked, open.Invoice)
		}
	}
	return resume
}

// scopeInvoices is reported where single invoices were named.
const scopeInvoices = "invoices"

// scope is what this run reads. Without marks there is nothing to read changes by.
func (r *run) scope(ctx workflow.Context) string {
	job, memory := r.start.Job, r.start.Memory
	switch {
	case len(job.Invoices) > 0:
		return scopeInvoices
	case job.Scope == ScopeDeep || job.Scope == ScopeFull:
		return job.Scope
	case !r.settings.Knows(activities.CheaperWays):
		return ScopeFull
	case job.Since != "":
		return ScopeChanges
	case !memory.Marks.known():
		return ScopeFull
	case job.Scope == ScopeAuto && workflow.Now(ctx).Sub(memory.LastFull) > day:
		return ScopeFull
	default:
		return ScopeChanges
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
	r.reset = r.wasReset(ctx)
	failed := err != nil && !errors.Is(err, errStopped) && !temporal.IsCanceledError(err)
	if workflow.IsContinueAsNewError(err) {
		return RunEnd{}, err
	}
	if failed && !r.decided {
		return RunEnd{}, r.failure(err, r.nothing())
	}
	if err != nil {
		r.report.Outcome = report.Stopped
		disconnected, _ := workflow.NewDisconnectedContext(ctx)
		if err := r.fileReport(disconnected); err != nil {
			return RunEnd{}, err
		}
	}
	if failed {
		return RunEnd{}, r.failure(err, r.result())
	}
	return r.result(), nil
}

// wasReset tells whether this run, or the one that it goes on for, was reset. Nothing may be decided by it before the end: a
// run that is reset replays what another one did, under its own ID.
func (r *run) wasReset(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.OriginalRunID != "" && info.WorkflowExecution.RunID != info.OriginalRunID || r.start.Resume != nil && r.start.Resume.Reset
}

// failure is an error that carries what must not be lost: what was written, and what was sent.
func (r *run) failure(err error, end RunEnd) error {
	failure, _ := failureOf(err)
	return temporal.NewNonRetryableApplicationError(failure.Text, failure.Type, nil, end)
}

func (r *run) result() RunEnd {
	return RunEnd{
		Report: r.report, Open: r.open, Reset: r.reset, KeepsKey: r.keepsKey, Seen: r.seen, Quota: &r.quota, Sizes: r.sizes, Marks: r.newMarks(),
		Settled: r.settledMarks(), Numbers: r.numbers(), Decided: true, Complete: r.complete(), Full: r.complete() && r.report.Scope != ScopeChanges,
	}
}

// nothing is the result of a run that came to no decision: everything is as it was, but for the requests.
func (r *run) nothing() RunEnd {
	memory := r.start.Memory
	return RunEnd{
		Report: r.report, Open: memory.Open, Reset: r.reset, KeepsKey: memory.KeepsKey, Seen: memory.Seen, Quota: &r.quota, Sizes: memory.Sizes,
		Marks: memory.Marks, Settled: memory.Settled, Numbers: memory.Numbers,
	}
}

// numbers are those of all open invoices after a full run, and otherwise what was known, and what was read beside.
func (r *run) numbers() Numbers {
	var before Numbers
	switch {
	case r.start.Resume != nil:
		return r.start.Resume.Numbers
	case !r.everything() || !r.decided:
		before = r.start.Memory.Numbers
	}
	return numbered(before, r.invoices)
}

// settledMarks are kept by a run that is complete. Any other says nothing of what it did not look at.
func (r *run) settledMarks() map[int64]uint32 {
	if !r.complete() {
		return r.start.Memory.Settled
	}
	return r.settled
}
