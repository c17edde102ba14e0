package activities

import (
	"context"

	"payrecon/erp"
)

// ReadBillRequest names a bill by the ERP's id.
type ReadBillRequest struct {
	Company string `json:"company"`
	ID      string `json:"id"`
}

// BillRead is one bill with its payments, and what the adapter needs to write to it.
type BillRead struct {
	Snapshot erp.Snapshot `json:"snapshot"`
	Read     Read         `json:"read"`
	Requests int          `json:"requests"`
}

// ReadBill reads one bill: to know its payments, before a write, and to see that a write took place. Fails as NotFound.
func (a *Activities) ReadBill(ctx context.Context, request ReadBillRequest) (BillRead, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return BillRead{}, err
	}
	var snapshot erp.Snapshot
	requests, err := a.exchange(ctx, company.Settings.ERP.Interval, func(ctx context.Context) error {
		snapshot, err = company.ERP.ReadBill(ctx, request.ID)
		return err
	})
	if err != nil {
		return BillRead{}, documentError(ctx, SideERP, requests, err)
	}
	return BillRead{Snapshot: snapshot, Read: readHere(ctx), Requests: requests}, nil
}
