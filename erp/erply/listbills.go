package erply

import (
	"context"
	"fmt"

	"payrecon/erp"
)

// ListBills asks for a part of all purchase documents, by id upwards, and gives those that can be paid; of a list of all,
// those that carry a link.
//
// It ends by recordsTotal, never by a short page. If that has shrunk, documents went away and those behind them moved up,
// perhaps past the place from which the list is read on: the next part begins as much before that place. From then on
// parts overlap by a page, so that somebody who deletes many documents does not hold the list up. What goes away in the
// moment in which something new is made does not show; what is missed by that is in the next list.
func (a *Adapter) ListBills(ctx context.Context, query erp.ListQuery) (erp.Listed, error) {
	from, err := readPlace(query.Cursor)
	if err != nil {
		return erp.Listed{}, err
	}
	changed := !query.ChangedSince.IsZero()
	queries := make([]Query, from.pages(changed))
	for i := range queries {
		queries[i] = Query{ChangedSince: query.ChangedSince, Page: from.page + i}
	}
	pages, at, err := a.client.GetPurchaseDocuments(ctx, queries)
	if err != nil {
		return erp.Listed{}, fmt.Errorf("list bills: %w", err)
	}
	next, err := from.read(pages)
	if err != nil {
		return erp.Listed{}, fmt.Errorf("list bills: %w", err)
	}
	listed := erp.Listed{Next: next.cursor(), Total: next.total, Time: at}
	for _, d := range a.client.cfg.bills(pages) {
		if bill := a.client.bill(d); changed || bill.Link != "" {
			listed.Bills = append(listed.Bills, bill)
		}
	}
	return listed, nil
}
