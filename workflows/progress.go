package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// Phase is where a run stands, in words for people.
type Phase string

// Phases, in their order.
const (
	PhaseQueued   Phase = "waiting for its turn"
	PhaseSettings Phase = "taking the settings"
	PhaseInvoices Phase = "reading invoices"
	PhaseBills    Phase = "finding bills"
	PhaseTotals   Phase = "comparing totals"
	PhaseDecide   Phase = "deciding"
	PhaseCaps     Phase = "holding against the caps"
	PhaseWrite    Phase = "writing payments"
	PhaseReport   Phase = "reporting"
)

// Progress is what the query `progress` answers.
type Progress struct {
	Company      string                   `json:"company"`
	Mode         string                   `json:"mode,omitempty"`
	Phase        Phase                    `json:"phase"`
	Waiting      string                   `json:"waiting,omitempty"` // until when and why, if the run waits
	Pages        int                      `json:"pages"`
	Invoices     int                      `json:"invoices"`
	Changed      int                      `json:"changed,omitempty"` // bills that the ERP's feed names
	Linked       int                      `json:"linked"`            // invoices whose bill was looked for
	Differing    int                      `json:"differing"`
	PaymentsRead int                      `json:"payments_read"` // invoices whose payment lists were read
	InvoicesLeft int                      `json:"invoices_left"` // still to be written
	Created      report.ByDirection       `json:"created"`
	Adopted      int                      `json:"adopted"`
	Exceptions   map[reconcile.Reason]int `json:"exceptions,omitempty"`
	Requests     report.Requests          `json:"requests"`
	Left         *report.Left             `json:"left,omitempty"` // of the quotas, where they are counted
}

// count takes over the report's counters.
func (p *Progress) count(r report.Report) {
	p.Created, p.Adopted, p.Exceptions, p.Requests = r.Created, r.Adopted, r.Exceptions, r.Requests
}

// Details is the progress as Markdown for the Temporal UI.
func (p Progress) Details() string {
	lines := []string{fmt.Sprintf("### %s: %s", p.Company, p.Phase), ""}
	if p.Waiting != "" {
		lines = append(lines, "**Waiting** "+p.Waiting, "")
	}
	lines = append(lines, "| | so far |", "|---|---|")
	for _, line := range []struct {
		name  string
		value int
	}{
		{"pages read", p.Pages},
		{"invoices", p.Invoices},
		{"bills that changed", p.Changed},
		{"bills looked for", p.Linked},
		{"invoices that differ", p.Differing},
		{"payment lists read", p.PaymentsRead},
		{"invoices left to write", p.InvoicesLeft},
		{"payments created in the ERP", p.Created.ToERP},
		{"payments created in Precoro", p.Created.ToPrecoro},
		{"payments adopted", p.Adopted},
		{"requests to Precoro", p.Requests.Precoro},
		{"requests to the ERP", p.Requests.ERP},
	} {
		if line.value > 0 {
			lines = append(lines, fmt.Sprintf("| %s | %d |", line.name, line.value))
		}
	}
	if p.Left != nil {
		lines = append(lines, fmt.Sprintf("| requests left to Precoro, this hour and today | %d, %d |", p.Left.PrecoroHour, p.Left.PrecoroDay))
	}
	for _, reason := range reconcile.Reasons() {
		if n := p.Exceptions[reason]; n > 0 {
			lines = append(lines, fmt.Sprintf("| exceptions `%s` | %d |", reason, n))
		}
	}
	return strings.Join(lines, "\n")
}

// reportDetails is a report as Markdown for the Temporal UI.
func reportDetails(r report.Report) string {
	p := Progress{Company: r.Company, Phase: Phase("ended, " + strings.ReplaceAll(string(r.Outcome), "_", " ")), Invoices: r.Invoices}
	p.count(r)
	p.Left = r.Left
	text := p.Details()
	for _, note := range r.Notes {
		text += "\n* " + note
	}
	return text
}

// enter begins a phase.
func (r *run) enter(ctx workflow.Context, phase Phase) {
	r.progress.Phase = phase
	r.show(ctx)
}

// show puts the progress where people look: on the run's page, and now and then on the pages of the triggers that wait.
func (r *run) show(ctx workflow.Context) {
	r.progress.count(r.report)
	r.progress.Left = r.left(ctx)
	workflow.SetCurrentDetails(ctx, r.progress.Details())
	if workflow.Now(ctx).Sub(r.told) < tellEvery {
		return
	}
	r.told = workflow.Now(ctx)
	for _, trigger := range r.start.Waiting {
		// Not waited for: a trigger that is gone needs no news.
		workflow.SignalExternalWorkflow(ctx, trigger.Workflow, trigger.ID, signalDoing, r.progress)
	}
}

// summaryOf is a run in one line.
func summaryOf(company string, job Job) string {
	text := job.Mode + " " + company
	if job.Scope != ScopeAuto && job.Scope != "" {
		text += ", " + job.Scope
	}
	if job.Direction != reconcile.Both {
		text += ", " + strings.ReplaceAll(string(job.Direction), "_", " ")
	}
	if n := len(job.Invoices); n > 0 {
		text += fmt.Sprintf(", %d invoices", n)
	}
	return text
}
