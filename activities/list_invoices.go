package activities

import (
	"context"
	"time"

	"payrecon/internal/reconcile"
	"payrecon/precoro"
)

// ListInvoicesRequest asks for one page, from 1, of the invoices of status 2, 4 and 5.
type ListInvoicesRequest struct {
	Company string `json:"company"`
	Page    int    `json:"page"`
	// At most one of these narrows the listing.
	Since       time.Time `json:"since,omitzero"`         // only those that changed since
	ID          int64     `json:"id,omitempty"`           // only the one with this database id
	ExternalIDs []string  `json:"external_ids,omitempty"` // only those that carry one of these, at most 200
}

// InvoicePage is one page of the invoices of status 2, 4 and 5.
type InvoicePage struct {
	Invoices Packed[reconcile.Invoice] `json:"invoices"`
	Total    int                       `json:"total"` // of all pages, -1 where the answer does not say
	More     bool                      `json:"more"`
	Date     time.Time                 `json:"date"` // Precoro's clock
	Read     Read                      `json:"read,omitzero"`
	Requests int                       `json:"requests"`
}

// ListInvoices reads one page of a listing. The whole of it holds still under a run's own writes: they move invoices
// between these three statuses, but never out of them.
func (a *Activities) ListInvoices(ctx context.Context, request ListInvoicesRequest) (InvoicePage, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return InvoicePage{}, err
	}
	filter := precoro.InvoiceFilter{
		Statuses:      []int{reconcile.StatusApproved, reconcile.StatusPartlyPaid, reconcile.StatusPaid},
		ModifiedSince: request.Since, ID: request.ID, ExternalIDs: request.ExternalIDs,
	}
	var page precoro.InvoicePage
	used, err := a.exchange(ctx, company.Slot, func(ctx context.Context) error {
		page, err = company.Precoro.ListInvoices(ctx, filter, request.Page)
		return err
	})
	if err != nil {
		return InvoicePage{}, company.readError(SidePrecoro, used, err)
	}
	out := InvoicePage{
		Total: page.Total, More: page.More, Date: page.Date, Read: readHere(ctx), Requests: used.requests,
		Invoices: make([]reconcile.Invoice, 0, len(page.Invoices)),
	}
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
