package workflows

import (
	"time"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// Marks are from when on the feeds have to be read: times of the two servers, not ours.
type Marks struct {
	Precoro time.Time `json:"precoro,omitzero"`
	ERP     time.Time `json:"erp,omitzero"`
}

func (m Marks) known() bool { return !m.Precoro.IsZero() && !m.ERP.IsZero() }

// precoro takes the time of the first page: what changes after it may be missing in the later ones.
func (m *Marks) precoro(first activities.InvoicePage) {
	if m.Precoro.IsZero() {
		m.Precoro = clockOr(first.Date, first.Read)
	}
}

// erp takes the time of the first answer.
func (m *Marks) erp(first activities.Read, clock time.Time) {
	if m.ERP.IsZero() {
		m.ERP = clockOr(clock, first)
	}
}

// clockOr is the other side's clock, or Temporal's where that has none.
func clockOr(clock time.Time, read activities.Read) time.Time {
	if clock.IsZero() {
		return read.At
	}
	return clock
}

// precoroOverlap is by how much Precoro's feed is read too far back: in which time zone it reads modifiedSince is not
// known.
const precoroOverlap = 24 * time.Hour

// since is from when on both feeds are read: the request's own time, or the marks, each less its overlap.
func (r *run) since() Marks {
	from := r.start.Memory.Marks
	if own, err := time.Parse(time.RFC3339, r.start.Job.Since); err == nil {
		from = Marks{own, own}
	}
	return Marks{Precoro: from.Precoro.Add(-precoroOverlap), ERP: from.ERP.Add(-r.settings.ERP.Lag)}
}

// complete tells whether what this run has read is settled or stands in its report and among the open invoices, so that
// the next one need not look further back.
func (r *run) complete() bool {
	job, outcome := r.start.Job, r.report.Outcome
	if !job.writes() || job.Direction != reconcile.Both || len(job.Invoices) > 0 || r.forgotten || outcome != report.Agreed && outcome != report.Exceptions {
		return false
	}
	if own, err := time.Parse(time.RFC3339, job.Since); err == nil && r.report.Scope == ScopeChanges {
		before := r.start.Memory.Marks
		return before.known() && !own.After(before.Precoro) && !own.After(before.ERP)
	}
	return true
}

// newMarks are the marks that the next run goes by.
func (r *run) newMarks() Marks {
	if !r.complete() {
		return r.start.Memory.Marks
	}
	return r.marks
}
