package tryton

import (
	"context"
	"fmt"

	"payrecon/erp"
)

// FindBills asks for all links at once. What cannot be the id of a record, or stand in a field, is none: in Precoro, people
// may type anything there.
func (a *Adapter) FindBills(ctx context.Context, links []erp.Link) (erp.Found, error) {
	if len(links) > maxLinks {
		return erp.Found{}, refuse("links", "%d of them; accepted are at most %d", len(links), maxLinks)
	}
	invoices, ids := []string{}, []int64{} // never nil: that is null in JSON, and no list
	for _, link := range links {
		if (link.Invoice == "") == (link.Bill == "") {
			return erp.Found{}, refuse("links", "invoice %.40q, bill %.40q; accepted is exactly one of them", link.Invoice, link.Bill)
		}
		if id, ok := recordID(link.Bill); ok {
			ids = append(ids, id)
		} else if isName(link.Invoice) {
			invoices = append(invoices, link.Invoice)
		}
	}
	c := a.client
	opened, err := c.open(ctx)
	if err != nil {
		return erp.Found{}, fmt.Errorf("find bills: %w", err)
	}
	b := *opened.books
	found := erp.Found{Unique: b.unique}
	if len(invoices)+len(ids) == 0 {
		return found, nil
	}
	field := c.cfg.ExternalIDField
	got, err := c.read(ctx, b, b.bills(either(where(field, "in", invoices), where("id", "in", ids))), maxFound)
	if err != nil {
		return erp.Found{}, fmt.Errorf("find bills: %w", err)
	}
	if got.full {
		return erp.Found{}, refuse("external_id_field", "%d bills and more carry these %d invoices in %s; accepted are fewer", maxFound, len(invoices), field)
	}
	found.Time = got.at
	for _, inv := range got.bills {
		found.Bills = append(found.Bills, c.bill(b, inv))
	}
	return found, nil
}

// maxFound bounds an answer: some bills for each link.
const maxFound = 4 * maxLinks
