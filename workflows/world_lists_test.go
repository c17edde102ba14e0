package workflows_test

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"payrecon/activities"
	"payrecon/internal/reconcile"
)

// ListPayments lists all payments of the world, newest first by their order in it.
func (w *backend) ListPayments(ctx context.Context, in activities.ListPaymentsRequest) (activities.PaymentPage, error) {
	f := w.begin("ListPayments", "GET payments %d", in.Page)
	defer w.end()
	if f.err != nil {
		return activities.PaymentPage{}, f.err
	}
	var all []activities.ListedPayment
	for _, i := range w.invoices {
		for _, p := range i.payments {
			row := activities.ListedPayment{InvoiceID: i.ID, InvoiceIDN: i.IDN, Sum: p.Amount.Number(), Payment: p}
			row.Payment.Amount = eur("0.00")
			all = append(all, row)
		}
	}
	rows, more := pageOfRows(all, in.Page, 200)
	return activities.PaymentPage{
		Payments: rows, Total: len(all), More: more, Read: activities.Read{At: w.now(), RunID: cmp.Or(f.runID, w.runID(ctx))}, Requests: 1,
	}, nil
}

// ListBills lists the bills of the world, ten in a part: those that carry a link, or those that changed.
func (w *backend) ListBills(_ context.Context, in activities.ListBillsRequest) (activities.BillsListed, error) {
	since := in.Query.ChangedSince
	f := w.begin("ListBills", "list bills %s%s", in.Query.Cursor, map[bool]string{true: "", false: " changed"}[since.IsZero()])
	defer w.end()
	if f.err != nil {
		return activities.BillsListed{}, f.err
	}
	var all []reconcile.Bill
	for _, bill := range w.bills {
		if since.IsZero() && bill.Link != "" || !since.IsZero() && w.changed[bill.ID].After(since) {
			all = append(all, *bill)
		}
	}
	part, _ := strconv.Atoi(cmp.Or(in.Query.Cursor, "1"))
	rows, more := pageOfRows(all, part, 10)
	listed := activities.BillsListed{
		Bills: slices.Clone(rows), Total: len(all), Time: w.now(), Read: activities.Read{At: w.now()}, Requests: 1, Cost: 100,
	}
	if more {
		listed.Next = strconv.Itoa(part + 1)
	}
	return listed, nil
}

func pageOfRows[R any](all []R, page, size int) (rows []R, more bool) {
	from, to := min((page-1)*size, len(all)), min(page*size, len(all))
	return all[from:to], to < len(all)
}
