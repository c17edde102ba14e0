package activities

import (
	"context"
	"time"

	"payrecon/internal/reconcile"
	"payrecon/precoro"
)

// ListInvoicesRequest asks for one page, from 1.
type ListInvoicesRequest struct {
	Company string `json:"company"`
	Page    int    `json:"page"`
}

// InvoicePage is one page of the invoices of status 2, 4 and 5.
type InvoicePage struct {
	Invoices []reconcile.Invoice `json:"invoices"`
	Total    int                 `json:"total"` // of all pages, -1 where the answer does not say
	More     bool                `json:"more"`
	Date     time.Time           `json:"date"` // Precoro's clock
	Requests int                 `json:"requests"`
}

// ListInvoices reads one page of the one listing that a run makes: our own writes move invoices between these three
// statuses, but never out of them, so the listing holds still under us.
func (a *Activities) ListInvoices(ctx context.Context, request ListInvoicesRequest) (InvoicePage, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return InvoicePage{}, err
	}
	filter := precoro.InvoiceFilter{Statuses: []int{reconcile.StatusApproved, reconcile.StatusPartlyPaid, reconcile.StatusPaid}}
	var page precoro.InvoicePage
	requests, err := a.exchange(ctx, company.Slot, func(ctx context.Context) error {
		page, err = company.Precoro.ListInvoices(ctx, filter, request.Page)
		return err
	})
	if err != nil {
		return InvoicePage{}, readError(SidePrecoro, requests, err)
	}
	out := InvoicePage{Total: page.Total, More: page.More, Date: page.Date, Requests: requests, Invoices: make([]reconcile.Invoice, 0, len(page.Invoices))}
	for _, inv := range page.Invoices {
		out.Invoices = append(out.Invoices, compact(inv))
	}
	return out, nil
}

// compact keeps of an invoice what a decision needs.
func compact(inv precoro.Invoice) reconcile.Invoice {
	return reconcile.Invoice{
		ID: inv.ID, IDN: inv.IDN, Status: inv.Status, Total: inv.Total, Paid: inv.Paid, ExternalID: inv.ExternalID,
		LeftOut: inv.CreditNote() || inv.SplitChild, Problem: inv.Problem,
	}
}
