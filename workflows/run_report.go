package workflows

import (
	"cmp"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

const (
	// rowsPerMarker bounds one side effect: a history event is not to grow beyond some tens of kilobytes.
	rowsPerMarker = 100
	// rowsPerTask bounds what one workflow task sends to the server at once, which takes 4 MB: packed, so many rows are one.
	rowsPerTask = 20_000
)

// addRow reports one write, or one exception.
func (r *run) addRow(ctx workflow.Context, row report.Row) {
	switch row.Action {
	case report.Created, report.WouldCreate:
		if row.Direction == reconcile.ToERP {
			r.report.Created.ToERP++
		} else {
			r.report.Created.ToPrecoro++
		}
	case report.Adopted, report.WouldAdopt:
		r.report.Adopted++
	case report.HasException:
		r.report.Exceptions[row.Reason]++
	}
	r.pending = append(r.pending, row)
	if len(r.pending) >= rowsPerMarker {
		r.fileRows(ctx)
	}
	r.progress.count(r.report)
}

// fileRows puts the rows into the history, all of them, and into the report as far as it holds them.
func (r *run) fileRows(ctx workflow.Context) {
	if len(r.pending) == 0 {
		return
	}
	rows := r.pending
	workflow.SideEffect(ctx, func(workflow.Context) any { return activities.Packed[report.Row](rows) })
	r.filed += len(rows)
	if r.settings.Knows(activities.CheaperWays) && r.filed/rowsPerTask > (r.filed-len(rows))/rowsPerTask {
		_ = workflow.Sleep(ctx, time.Second) // ends the task; a cancelled run files what it has all the same
	}
	r.report.Rows = append(r.report.Rows, rows[:min(len(rows), report.MaxRows-len(r.report.Rows))]...)
	r.report.Truncated = r.filed > len(r.report.Rows)
	r.pending = nil
}

// except reports an invoice that is left to people.
func (r *run) except(ctx workflow.Context, c candidate, exception reconcile.Exception) {
	paid := paidOf(c)
	r.exceptRow(ctx, c, c.State, report.Row{
		Invoice: c.Invoice.IDN, Bill: c.Bill.ID, Action: report.HasException, Reason: exception.Reason, Note: exception.Note, Before: paid, After: paid,
	})
}

func (r *run) exceptRow(ctx workflow.Context, c candidate, state string, row report.Row) {
	open := r.openOf(ctx, c, row.Reason)
	open.State, open.Row = state, &row
	r.keepOpen(open)
	r.addRow(ctx, row)
}

// openOf is an invoice that stays open for a reason; "" where the run did not get to it.
func (r *run) openOf(ctx workflow.Context, c candidate, reason reconcile.Reason) OpenInvoice {
	return OpenInvoice{
		Invoice: c.Invoice.IDN, ID: c.Invoice.ID, External: c.Invoice.ExternalID, Reason: reason, Since: r.openSince(ctx, c.Invoice.IDN, reason),
	}
}

// keepOpen remembers an open invoice, as far as there is room.
func (r *run) keepOpen(open OpenInvoice) {
	if len(r.open) >= maxOpenRows {
		open.State, open.Row = "", nil
	}
	if r.openNow[open.Invoice] {
		if i := slices.IndexFunc(r.open, func(o OpenInvoice) bool { return o.Invoice == open.Invoice }); i >= 0 {
			if open.Row != nil || r.open[i].Row == nil {
				r.open[i] = open
			}
			return
		}
	}
	if r.openNow[open.Invoice] = true; len(r.open) >= maxOpen {
		r.forgotten = true
		return
	}
	r.open = append(r.open, open)
	delete(r.settled, open.Invoice)
}

// carry keeps what stands as it stood.
func (r *run) carry(ctx workflow.Context, open OpenInvoice) {
	r.keepOpen(open)
	switch {
	case open.Row != nil:
		r.addRow(ctx, *open.Row)
	case open.Reason != "":
		r.addRow(ctx, report.Row{Invoice: open.Invoice, Action: report.HasException, Reason: open.Reason, Note: "found by an earlier run"})
	}
}

// fileReport completes the report.
func (r *run) fileReport(ctx workflow.Context) error {
	r.carryOthers(ctx)
	r.fileRows(ctx)
	r.report.Left = r.left(ctx)
	slices.SortStableFunc(r.report.Rows, func(a, b report.Row) int { return cmp.Compare(a.Invoice, b.Invoice) })
	if r.report.Outcome != "" {
		return nil
	}
	r.report.Outcome = report.Agreed
	if len(r.open) > 0 {
		r.report.Outcome = report.Exceptions
	}
	return nil
}

// carryOthers keeps what was open before on invoices that this run did not look at: it was about other ones, or it
// stopped early.
func (r *run) carryOthers(ctx workflow.Context) {
	if r.decided && r.everything() {
		return
	}
	for _, open := range r.start.Memory.Open {
		judged := r.decided && r.looked[open.Invoice]
		if !judged && !r.openNow[open.Invoice] {
			r.carry(ctx, open)
		}
	}
}

// left is what is left of the quotas, where they are counted.
func (r *run) left(ctx workflow.Context) *report.Left {
	if r.settings.PerHour == 0 || r.settings.PerDay == 0 {
		return nil
	}
	now := workflow.Now(ctx)
	hour, daily := r.quota.precoroLeft(now, r.settings.PerHour, r.settings.PerDay)
	return &report.Left{PrecoroHour: hour, PrecoroDay: daily, ERPHour: r.quota.erpLeft(now, r.settings.ERP.PerHour)}
}

// rowOf describes one write. before and after are what each document says is paid.
func rowOf(c candidate, w reconcile.Write, action report.Action, before report.Paid, note string) report.Row {
	return report.Row{
		Invoice: c.Invoice.IDN, Bill: c.Bill.ID, Action: action, Direction: w.Direction, Key: w.Key, Amount: w.Amount.Number(),
		Currency: string(w.Amount.Currency()), Date: string(w.Date), Before: before, After: paidOf(c), Note: note,
	}
}

func paidOf(c candidate) report.Paid {
	return report.Paid{Precoro: c.Invoice.Paid.Number(), ERP: c.Bill.Paid.Number()}
}
