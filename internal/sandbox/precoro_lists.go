package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// wrong is a value that the client should have known better: 400 and an alarm.
func (s *Sandbox) wrong(c precoroCall, field, format string, args ...any) reply {
	f := &flaw{field, fmt.Sprintf(format, args...)}
	s.ledger.alarm("precoro: %s: %s %s", c.name, f.field, f.text)
	return fieldErrors(http.StatusBadRequest, f)
}

func (s *Sandbox) listInvoices(c precoroCall) reply {
	fits, flaw := invoiceFilter(c.query)
	if flaw != nil {
		return s.wrong(c, flaw.field, "%s", flaw.text)
	}
	found := s.world.newestInvoices.those(c.filter(), s.mu.changes, fits)
	return page(s, c, found, func(i *Invoice) (int64, any) { return i.ID, s.world.invoiceJSON(i.ID, false) })
}

// invoiceFilter understands the query of GET /invoices. modifiedSince is read in UTC and includes its own second.
func invoiceFilter(query url.Values) (func(*Invoice) bool, *flaw) {
	statuses, f := numbers(query, "status[]", 0)
	kinds, g := numbers(query, "logicType[]", 0)
	ids, h := numbers(query, "id", 1)
	idns, k := numbers(query, "idn", 1)
	for _, flaw := range []*flaw{f, g, h, k} {
		if flaw != nil {
			return nil, flaw
		}
	}
	var since time.Time
	if text := query.Get("modifiedSince"); query.Has("modifiedSince") {
		at, err := time.Parse(modifiedSinceLayout, text)
		if err != nil {
			return nil, &flaw{"modifiedSince", fmt.Sprintf("%.40q is no time such as 2026-03-14T15:09:26", text)}
		}
		since = at
	}
	external := query["external_id[]"]
	return func(i *Invoice) bool {
		return among(statuses, int64(i.Status)) && among(kinds, int64(i.LogicType)) && among(ids, i.ID) && among(idns, i.IDN) &&
			among(external, i.ExternalID) && !i.Updated.Before(since)
	}, nil
}

// among is true for any value where nothing was asked for.
func among[V comparable](wanted []V, value V) bool {
	return len(wanted) == 0 || slices.Contains(wanted, value)
}

func numbers(query url.Values, name string, least int64) ([]int64, *flaw) {
	var list []int64
	for _, text := range query[name] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < least {
			return nil, &flaw{name, fmt.Sprintf("%.40q is no number from %d", text, least)}
		}
		list = append(list, n)
	}
	return list, nil
}

func (s *Sandbox) listPayments(c precoroCall) reply {
	var wanted [3][]int64
	for i, name := range []string{"invoice", "id", "idn"} {
		list, flaw := numbers(c.query, name, 1)
		if flaw != nil {
			return s.wrong(c, flaw.field, "%s", flaw.text)
		}
		wanted[i] = list
	}
	found := s.world.newestPayments.those(c.filter(), s.mu.changes, func(p *Payment) bool {
		return among(wanted[0], s.world.invoices[p.InvoiceID].IDN) && among(wanted[1], p.ID) && among(wanted[2], p.IDN)
	})
	return page(s, c, found, func(p *Payment) (int64, any) { return p.ID, s.world.paymentJSON(p, true) })
}

// filter is the query without the page.
func (c precoroCall) filter() string {
	query := maps.Clone(c.query)
	for _, p := range pageParameters {
		query.Del(p.name)
	}
	return query.Encode()
}

const defaultPerPage = 100

var pageSizes = []int64{10, 20, 50, 100, 200}

// page cuts a page out of a listing. Its meta has the older shape with total_pages or the newer one with has_next_page,
// by the id of its first row.
func page[D any](s *Sandbox, c precoroCall, all []D, row func(D) (int64, any)) reply {
	number, f := numbers(c.query, "page", 1)
	size, g := numbers(c.query, "per_page", 1)
	switch {
	case f != nil:
		return s.wrong(c, f.field, "%s", f.text)
	case g != nil || len(size) > 0 && !slices.Contains(pageSizes, size[0]):
		return s.wrong(c, "per_page", "%.40q is not one of %v", c.query.Get("per_page"), pageSizes)
	}
	current, perPage := int64(1), int64(defaultPerPage)
	if len(number) > 0 {
		current = number[0]
	}
	if len(size) > 0 {
		perPage = size[0]
	}
	count := int64(len(all))
	from := min((min(current, count+1)-1)*perPage, count)
	to := min(from+perPage, count)
	rows, first := []any{}, int64(0)
	for n, document := range all[from:to] {
		id, out := row(document)
		if n == 0 {
			first = id
		}
		rows = append(rows, out)
	}
	pagination := map[string]any{"total": count, "count": len(rows), "per_page": perPage, "current_page": current}
	if coin(first, "pagination") {
		pagination["has_next_page"] = to < count
	} else {
		pagination["total_pages"], pagination["links"] = max((count+perPage-1)/perPage, 1), nothing(first, "links")
	}
	return jsonReply(http.StatusOK, map[string]any{"data": rows, "meta": map[string]any{"pagination": pagination}})
}
