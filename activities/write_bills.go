package activities

import (
	"context"
	"fmt"

	"payrecon/erp"
)

// BillWrite is one payment to write upon one bill.
type BillWrite struct {
	Snapshot erp.Snapshot `json:"snapshot"` // as it was just read
	Order    erp.Order    `json:"order"`
	Read     Read         `json:"read"` // of what the write was decided on
}

// WriteBillsRequest is at most Capabilities.Bulk payments, each upon another bill.
type WriteBillsRequest struct {
	Company string            `json:"company"`
	Writes  Packed[BillWrite] `json:"writes"`
	Self    Self              `json:"self,omitzero"`
}

// BillOutcome is what became of one of several writes. A Kind of "" says no more than that the ERP did not refuse it: the
// bill is read back. The others are those that a single write fails with.
type BillOutcome struct {
	Kind    Kind    `json:"kind,omitempty"`
	Failure Failure `json:"failure,omitzero"`
}

// BillsWritten holds one outcome for each write, in their order.
type BillsWritten struct {
	Outcomes []BillOutcome `json:"outcomes"`
	Requests int           `json:"requests"`
	Cost     int           `json:"cost,omitempty"`
}

// WriteBills writes one payment upon each of several bills, in one request. It is attempted once, and fails as a whole only
// where nothing was sent. A write whose read is stale is not sent; the others are.
func (a *Activities) WriteBills(ctx context.Context, request WriteBillsRequest) (BillsWritten, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return BillsWritten{}, err
	}
	out := BillsWritten{Outcomes: make([]BillOutcome, len(request.Writes))}
	var sent []int // places in request.Writes
	var writes []erp.Write
	for i, w := range request.Writes {
		if old, stale := company.staleRead(ctx, SideERP, w.Read, request.Self); stale {
			out.Outcomes[i] = BillOutcome{old.kind, old.failure()}
			continue
		}
		sent, writes = append(sent, i), append(writes, erp.Write{Bill: w.Snapshot, Order: w.Order})
	}
	if len(writes) == 0 {
		return out, nil
	}
	var errs []error
	used, err := a.exchange(ctx, company.Settings.ERP.Interval, func(ctx context.Context) error {
		errs = company.ERP.WritePayments(ctx, writes)
		if len(errs) != len(writes) {
			return fmt.Errorf("%d outcomes for %d writes", len(errs), len(writes))
		}
		return nil
	})
	out.Requests, out.Cost = used.requests, used.cost
	for n, i := range sent {
		outcome := err
		if err == nil {
			outcome = errs[n]
		}
		if outcome != nil {
			f := writeFault(SideERP, usage{}, outcome)
			out.Outcomes[i] = BillOutcome{f.kind, f.failure()}
		}
	}
	return out, nil
}
