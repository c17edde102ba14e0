package activities

import (
	"context"
	"encoding/json"
	"fmt"

	"payrecon/erp"
)

// ReadBillsRequest names at most Capabilities.Bulk bills by the ERP's ids.
type ReadBillsRequest struct {
	Company string   `json:"company"`
	IDs     []string `json:"ids"`
}

// BillsRead are the bills that are there. Of those in Rest nothing is known: there was no room for them.
type BillsRead struct {
	Snapshots Packed[erp.Snapshot] `json:"snapshots"`
	Rest      []string             `json:"rest,omitempty"`
	Read      Read                 `json:"read"`
	Requests  int                  `json:"requests"`
	Cost      int                  `json:"cost,omitempty"`
}

// maxResult bounds what one activity gives back: Temporal takes 2 MiB, and what was read here goes out again in a write.
const maxResult = 1 << 20

// ReadBills reads several bills at once: before they are written to, and to see that they were.
func (a *Activities) ReadBills(ctx context.Context, request ReadBillsRequest) (BillsRead, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return BillsRead{}, err
	}
	var snapshots []erp.Snapshot
	used, err := a.exchange(ctx, company.Settings.ERP.Interval, func(ctx context.Context) error {
		snapshots, err = company.ERP.ReadBills(ctx, request.IDs)
		return err
	})
	if err != nil {
		return BillsRead{}, company.documentError(ctx, SideERP, used, err)
	}
	out := BillsRead{Read: readHere(ctx), Requests: used.requests, Cost: used.cost}
	for out.Snapshots = snapshots; len(out.Snapshots) > 1; {
		size, err := json.Marshal(out.Snapshots)
		if err != nil {
			return BillsRead{}, fmt.Errorf("encoding bills: %w", err)
		}
		if len(size) <= maxResult {
			break
		}
		half := len(out.Snapshots) / 2
		for _, left := range out.Snapshots[half:] {
			out.Rest = append(out.Rest, left.Bill.ID)
		}
		out.Snapshots = out.Snapshots[:half]
	}
	return out, nil
}
