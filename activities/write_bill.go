package activities

import (
	"context"
	"fmt"

	"payrecon/erp"
)

// WriteBillRequest is one payment to write in the ERP, upon the bill as it was just read.
type WriteBillRequest struct {
	Company  string       `json:"company"`
	Snapshot erp.Snapshot `json:"snapshot"`
	Order    erp.Order    `json:"order"`
	Read     Read         `json:"read"`
	Self     Self         `json:"self,omitzero"`
}

// BillWritten says no more than that the ERP did not refuse: the bill is read back.
type BillWritten struct {
	Requests int `json:"requests"`
	Cost     int `json:"cost,omitempty"`
}

// WriteBill writes one payment in the ERP. It is attempted once. Fails as StaleRead or NotSent (surely nothing happened),
// Unknown, or Refused.
func (a *Activities) WriteBill(ctx context.Context, request WriteBillRequest) (BillWritten, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return BillWritten{}, err
	}
	if err := company.stale(ctx, SideERP, request.Read, request.Self); err != nil {
		return BillWritten{}, err
	}
	used, err := a.exchange(ctx, company.Settings.ERP.Interval, func(ctx context.Context) error {
		outcomes := company.ERP.WritePayments(ctx, []erp.Write{{Bill: request.Snapshot, Order: request.Order}})
		if len(outcomes) != 1 {
			return fmt.Errorf("%d outcomes for one write", len(outcomes))
		}
		return outcomes[0]
	})
	if err != nil {
		return BillWritten{}, writeError(SideERP, used, err)
	}
	return BillWritten{Requests: used.requests, Cost: used.cost}, nil
}
