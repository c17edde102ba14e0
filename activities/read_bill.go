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
	Cost     int          `json:"cost,omitempty"`
}

// ReadBill reads one bill: to know its payments, before a write, and to see that a write took place. Fails as NotFound.
func (a *Activities) ReadBill(ctx context.Context, request ReadBillRequest) (BillRead, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return BillRead{}, err
	}
	var found []erp.Snapshot
	used, err := a.exchange(ctx, company.Settings.ERP.Interval, func(ctx context.Context) error {
		found, err = company.ERP.ReadBills(ctx, []string{request.ID})
		if err == nil && len(found) == 0 {
			err = erp.NotFound{What: "bill " + request.ID}
		}
		return err
	})
	if err != nil {
		return BillRead{}, company.documentError(ctx, SideERP, used, err)
	}
	return BillRead{Snapshot: found[0], Read: readHere(ctx), Requests: used.requests, Cost: used.cost}, nil
}
