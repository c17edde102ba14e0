package activities

import (
	"context"
	"time"

	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// FindBillsRequest asks for the bills of at most Capabilities.Links links.
type FindBillsRequest struct {
	Company string     `json:"company"`
	Links   []erp.Link `json:"links"`
}

// BillsFound are the bills that fit any of the links.
type BillsFound struct {
	Bills    Packed[reconcile.Bill] `json:"bills"`
	Time     time.Time              `json:"time,omitzero"` // the ERP's clock
	Read     Read                   `json:"read"`
	Requests int                    `json:"requests"`
	Cost     int                    `json:"cost,omitempty"`
}

// FindBills looks up bills in bulk.
func (a *Activities) FindBills(ctx context.Context, request FindBillsRequest) (BillsFound, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return BillsFound{}, err
	}
	var found erp.Found
	used, err := a.exchange(ctx, company.Settings.ERP.Interval, func(ctx context.Context) error {
		found, err = company.ERP.FindBills(ctx, request.Links)
		return err
	})
	if err != nil {
		return BillsFound{}, company.readError(SideERP, used, err)
	}
	return BillsFound{Bills: found.Bills, Time: found.Time, Read: readHere(ctx), Requests: used.requests, Cost: used.cost}, nil
}
