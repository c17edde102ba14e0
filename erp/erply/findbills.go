package erply

import (
	"context"
	"fmt"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// FindBills asks for up to 100 links in one bulk call: a search by attribute for each invoice, and one request for all
// bills that are named by id. If any of these fails, FindBills fails: a bill that is not known of is paid twice.
//
// Whether Erply refuses a list of ids for one that does not exist is not documented. If it does, each of them is asked
// for by itself, in a second bulk call.
func (a *Adapter) FindBills(ctx context.Context, links []erp.Link) (erp.Found, error) {
	queries, err := a.queries(links)
	if err != nil || len(queries) == 0 {
		return erp.Found{}, err
	}
	pages, at, err := a.ask(ctx, queries)
	if err != nil {
		return erp.Found{}, fmt.Errorf("find bills: %w", err)
	}
	found := erp.Found{Time: at}
	for _, d := range a.client.cfg.bills(pages) {
		found.Bills = append(found.Bills, a.client.bill(d))
	}
	return found, nil
}

// queries puts each link once. What cannot be the id of a document is none: in Precoro, people may type anything there.
func (a *Adapter) queries(links []erp.Link) ([]Query, error) {
	if len(links) > MaxBulk {
		return nil, refuse("links", "%d of them; accepted are at most %d", len(links), MaxBulk)
	}
	var queries []Query
	var ids []string
	seen := make(map[erp.Link]bool, len(links))
	for _, link := range links {
		if (link.Invoice == "") == (link.Bill == "") {
			return nil, refuse("links", "invoice %.40q, bill %.40q; accepted is exactly one of them", link.Invoice, link.Bill)
		}
		switch {
		case seen[link]:
		case link.Invoice != "":
			queries = append(queries, Query{Attribute: a.client.cfg.InvoiceAttribute, Value: link.Invoice})
		case isID(link.Bill):
			ids = append(ids, link.Bill)
		}
		seen[link] = true
	}
	if len(ids) > 0 {
		queries = append(queries, Query{IDs: ids})
	}
	return queries, nil
}

// bills are the documents that can be paid, each once.
func (c Config) bills(pages []Page) []PurchaseDocument {
	var bills []PurchaseDocument
	seen := make(map[Text]bool)
	for _, page := range pages {
		for _, d := range page.Documents {
			if !seen[d.ID] && c.payable(d.Type) {
				bills = append(bills, d)
			}
			seen[d.ID] = true
		}
	}
	return bills
}

// ask sends the queries in one bulk call.
func (a *Adapter) ask(ctx context.Context, queries []Query) ([]Page, time.Time, error) {
	pages, at, err := a.client.GetPurchaseDocuments(ctx, queries)
	if err != nil {
		return nil, time.Time{}, err
	}
	var singly []Query
	for i, q := range queries {
		err := pages[i].Err
		if _, gone := remote.As[erp.NotFound](err); gone {
			singly = append(singly, q.split()...)
			continue
		}
		if err == nil {
			err = q.enough(pages[i])
		}
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("%s: %w", q, err)
		}
	}
	if len(singly) == 0 {
		return pages, at, nil
	}
	more, _, err := a.ask(ctx, singly)
	return append(pages, more...), at, err
}

// split asks for each of several ids by itself; one alone, or an attribute, leaves nothing more to ask.
func (q Query) split() []Query {
	if len(q.IDs) < 2 {
		return nil
	}
	queries := make([]Query, 0, len(q.IDs))
	for _, id := range q.IDs {
		queries = append(queries, Query{IDs: []string{id}})
	}
	return queries
}
