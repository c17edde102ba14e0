package tryton

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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

// isName tells whether a field of Tryton's can hold the text as it is read here, see name.
func isName(text string) bool {
	return text != "" && len(text) <= maxName && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

// recordID reads the id of a record of Tryton's.
func recordID(text string) (int64, bool) {
	id, err := strconv.ParseInt(text, 10, 32)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == text
}

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
