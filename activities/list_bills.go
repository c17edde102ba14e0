package activities

import (
	"context"
	"time"

	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// ListBillsRequest asks for the next part of all bills, or of those that changed.
type ListBillsRequest struct {
	Company string        `json:"company"`
	Query   erp.ListQuery `json:"query"`
}

// BillsListed is one part of a list of bills.
type BillsListed struct {
	Bills    Packed[reconcile.Bill] `json:"bills"`
	Next     string                 `json:"next,omitempty"` // cursor of the next part, "" after the last
	Total    int                    `json:"total"`          // how many bills the list looks through, -1 where the ERP does not say
	Time     time.Time              `json:"time,omitzero"`  // the ERP's clock
	Read     Read                   `json:"read"`
	Requests int                    `json:"requests"`
	Cost     int                    `json:"cost,omitempty"`
}

// ListBills reads one part of a list of bills.
func (a *Activities) ListBills(ctx context.Context, request ListBillsRequest) (BillsListed, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return BillsListed{}, err
	}
	var listed erp.Listed
	used, err := a.exchange(ctx, company.Settings.ERP.Interval, func(ctx context.Context) error {
		listed, err = company.ERP.ListBills(ctx, request.Query)
		return err
	})
	if err != nil {
		return BillsListed{}, company.readError(SideERP, used, err)
	}
	return BillsListed{
		Bills: listed.Bills, Next: listed.Next, Total: listed.Total, Time: listed.Time, Read: readHere(ctx), Requests: used.requests, Cost: used.cost,
	}, nil
}
