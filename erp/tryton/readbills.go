package tryton

import (
	"context"
	"fmt"
	"slices"

	"payrecon/erp"
)

// ReadBills asks for all of them at once. What cannot be the id of a record is not asked for: there is no such bill.
func (a *Adapter) ReadBills(ctx context.Context, ids []string) ([]erp.Snapshot, error) {
	if len(ids) > maxBulk {
		return nil, refuse("ids", "%d of them; accepted are at most %d", len(ids), maxBulk)
	}
	var wanted []int64
	for _, text := range ids {
		if id, ok := recordID(text); ok && !slices.Contains(wanted, id) {
			wanted = append(wanted, id)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	c := a.client
	opened, err := c.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("read bills: %w", err)
	}
	got, err := c.read(ctx, *opened.books, opened.books.bills(where("id", "in", wanted)), len(wanted))
	if err != nil {
		return nil, fmt.Errorf("read bills: %w", err)
	}
	snapshots := make([]erp.Snapshot, 0, len(got.bills))
	for _, inv := range got.bills {
		snapshot, err := c.snapshot(*opened.books, inv)
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, snapshot)
	}
	return snapshots, nil
}
