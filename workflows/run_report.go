package workflows

import (
	"cmp"
	"slices"

	"go.temporal.io/sdk/workflow"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// rowsPerMarker bounds one side effect: a history event is not to grow beyond some tens of kilobytes.
const rowsPerMarker = 100

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
	workflow.SideEffect(ctx, func(workflow.Context) any { return rows })
	r.filed += len(rows)
	r.report.Rows = append(r.report.Rows, rows[:min(len(rows), report.MaxRows-len(r.report.Rows))]...)
	r.report.Truncated = r.filed > len(r.report.Rows)
	r.pending = nil
}

// except reports an invoice that is left to people.
func (r *run) except(ctx workflow.Context, c candidate, exception reconcile.Exception) {
	paid := paidOf(c)
	r.exceptRow(ctx, c.State, report.Row{
		Invoice: c.Invoice.IDN, Bill: c.Bill.ID, Action: report.HasException, Reason: exception.Reason, Note: exception.Note, Before: paid, After: paid,
	})
}

func (r *run) exceptRow(ctx workflow.Context, state string, row report.Row) {
	r.keepOpen(OpenInvoice{Invoice: row.Invoice, Reason: row.Reason, Since: r.openSince(ctx, row.Invoice, row.Reason), State: state, Row: &row})
	r.addRow(ctx, row)
}

// keepOpen remembers an open invoice, as far as there is room.
func (r *run) keepOpen(open OpenInvoice) {
	if len(r.open) >= maxOpenRows {
		open.State, open.Row = "", nil
	}
	if len(r.open) < maxOpen {
		r.open = append(r.open, open)
	}
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
	looked := map[int64]bool{}
	if r.decided {
		for _, idn := range r.start.Job.Invoices {
			looked[idn] = true
		}
	}
	for _, open := range r.open {
		looked[open.Invoice] = true
	}
	everything := len(r.start.Job.Invoices) == 0 && r.decided
	for _, open := range r.start.Memory.Open {
		if everything || looked[open.Invoice] {
			continue
		}
		r.carry(ctx, open)
	}
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
