package precoro

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"payrecon/internal/remote"
)

// perPage is the largest page that Precoro offers.
const perPage = 200

// pageSizes are those that Precoro offers.
var pageSizes = []int{10, 20, 50, 100, perPage}

// listing is one page of rows.
type listing[R any] struct {
	rows  []R
	total int // -1 where the answer does not say
	more  bool
}

func pageQuery(page, size int) url.Values {
	return url.Values{"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(size)}}
}

func checkPage(page int) error {
	if page < 1 {
		return badInput("page", fmt.Sprintf("%d: want a number from 1", page))
	}
	return nil
}

// decodePage reads a page of a listing. A page that does not fit what was asked for is an error as a whole; a row that
// cannot be read is not.
func decodePage[R any](body []byte, asked int, s *remote.Secrets, row func(json.RawMessage) R) (listing[R], error) {
	fields, err := document(body)
	if err != nil {
		return listing[R]{}, err
	}
	raw, listed, err := collection(fields["data"], perPage)
	if err != nil {
		return listing[R]{}, fmt.Errorf("data %w", err)
	}
	if !listed {
		return listing[R]{}, errors.New("answer holds no data")
	}
	page, err := readPagination(fields["meta"], asked, len(raw), s)
	if err != nil {
		return listing[R]{}, err
	}
	l := listing[R]{total: page.total, more: page.more, rows: make([]R, 0, len(raw))}
	for _, r := range raw {
		l.rows = append(l.rows, row(r))
	}
	return l, nil
}

type pagination struct {
	total int
	more  bool
}

// readPagination understands both shapes of Precoro's meta.pagination: the newer has_next_page, and the older
// current_page with total_pages. Where neither is there, a full page is followed by another.
func readPagination(meta json.RawMessage, asked, rows int, s *remote.Secrets) (pagination, error) {
	r := reader{fields: map[string]json.RawMessage{"meta": meta}, secrets: s, partial: true, problem: new(string)}.
		within("meta").within("pagination")
	var (
		current = r.number("current_page", asked)
		pages   = r.number("total_pages", -1)
		size    = min(r.number("per_page", perPage), perPage)
		p       = pagination{total: r.number("total", -1)}
	)
	switch next := r.fields["has_next_page"]; kind(next) {
	case "a boolean":
		p.more = string(next) == "true"
	case "":
		p.more = pages < 0 && rows >= max(size, 1) || current < pages
	default:
		r.fail("has_next_page", "is "+kind(next)+", want a boolean")
	}
	switch {
	case *r.problem != "":
		return pagination{}, errors.New(*r.problem)
	case current != asked:
		return pagination{}, fmt.Errorf("answer is page %d, page %d was asked for", current, asked)
	case p.more && rows == 0:
		return pagination{}, fmt.Errorf("page %d is empty and says that more follow", asked)
	}
	return p, nil
}
