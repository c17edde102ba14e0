package erply

import (
	"context"
	"encoding/json"
	"fmt"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// ReadBills asks for all of them in one request of a bulk call, see FindBills. What cannot be the id of a document is not
// asked for: there is no such bill. Nor is a document of a type that takes no payments one.
func (a *Adapter) ReadBills(ctx context.Context, ids []string) ([]erp.Snapshot, error) {
	if len(ids) > maxIDs {
		return nil, refuse("ids", "%d of them; accepted are at most %d", len(ids), maxIDs)
	}
	var q Query
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if isID(id) && !seen[id] {
			q.IDs = append(q.IDs, id)
		}
		seen[id] = true
	}
	if len(q.IDs) == 0 {
		return nil, nil
	}
	pages, _, err := a.ask(ctx, []Query{q})
	if err != nil {
		return nil, fmt.Errorf("read bills: %w", err)
	}
	var snapshots []erp.Snapshot
	for _, d := range a.client.cfg.bills(pages) {
		snapshot, err := a.client.snapshot(d)
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, snapshot)
	}
	return snapshots, nil
}

// snapshot keeps the header, which goes back with a write. The attributes are in the bill, as far as they matter.
//
// What is kept stands in histories. A header with a credential in it is not kept, and without it nothing is written.
func (c *Client) snapshot(d PurchaseDocument) (erp.Snapshot, error) {
	bill := c.bill(d)
	d.Attributes = nil
	for _, value := range d.values() {
		switch {
		case len(value) > remote.MaxSearched:
			bill = unreadable(bill, "a field of the document, such as its notes, is over 64 KiB: shorten it")
			return erp.Snapshot{Bill: bill}, nil
		case c.secrets.In(value):
			bill = unreadable(bill, "a field of the document, such as its notes, holds the login or the password that payrecon uses: take it out")
			return erp.Snapshot{Bill: bill}, nil
		}
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return erp.Snapshot{}, fmt.Errorf("keep the header of purchase document %s: %w", d.ID, err)
	}
	return erp.Snapshot{Bill: bill, Raw: raw}, nil
}
