package erply

import (
	"fmt"

	"payrecon/erp"
)

const (
	// A list is read in parts of so many pages, one bulk call each: 2000 documents are some 4 MiB of JSON. The first part
	// is small, as it tells whether the others are worth their price; and there is little that changed of late.
	partPages         = 20
	firstPages        = 10
	firstChangedPages = 1

	// maxPages bounds a list: a million documents.
	maxPages = 10_000
)

// place is where a list is read on. The zero place is behind its end.
type place struct {
	page    int // from 1 on
	total   int // recordsTotal when the page before was read
	size    int // of a page: Erply may give fewer documents than it is asked for; 0 before the first part
	overlap int // how many pages, from page on, the part before has read too
}

// readPlace reads a cursor; "" is the beginning.
func readPlace(cursor string) (place, error) {
	if cursor == "" {
		return place{page: 1}, nil
	}
	var p place
	_, err := fmt.Sscanf(cursor, "%d.%d.%d.%d", &p.page, &p.total, &p.size, &p.overlap)
	if err != nil || p.cursor() != cursor || p.page < 1 || p.size < 1 || p.size > pageSize || p.page > p.last() || p.overlap < 0 || p.overlap > 1 {
		return place{}, refuse("cursor", "%.60q; accepted is what the part before gave", cursor)
	}
	return p, nil
}

func (p place) cursor() string {
	if p.page == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d.%d", p.page, p.total, p.size, p.overlap)
}

// last is the number of the last page.
func (p place) last() int { return pagesOf(p.total, p.size) }

func pagesOf(documents, size int) int { return (documents + size - 1) / size }

// pages is how many of them the next part has.
func (p place) pages(changed bool) int {
	switch {
	case p.size > 0:
		return min(partPages, p.last()-p.page+1)
	case changed:
		return firstChangedPages
	}
	return firstPages
}

// read goes over the pages of a part and returns the place behind it. It is Unavailable where they do not add up to what
// Erply says there is, or repeat themselves.
func (p place) read(pages []Page) (place, error) {
	if p.size == 0 {
		p.total = pages[0].Total
	}
	if p.page == 1 {
		p.size = sizeOf(pages[0])
	}
	next := place{page: p.page + len(pages), total: p.total, size: p.size, overlap: p.overlap}
	moved, before := 0, 0 // how many documents moved up, perhaps to before which page
	seen := make(map[Text]bool)
	for i, page := range pages {
		if page.Err != nil {
			return place{}, page.Err
		}
		gone := next.total - page.Total
		if i == 0 {
			gone -= p.overlap * p.size
		}
		if gone > 0 {
			if moved == 0 {
				before = p.page + i
			}
			moved += gone
		}
		next.total = page.Total
		if next.last() > maxPages {
			return place{}, erp.Refused{Field: getPurchaseDocuments, Code: "too many", Text: fmt.Sprintf(
				"there are %d purchase documents; accepted are at most %d", next.total, maxPages*next.size)}
		}
		if err := check(page, p.page+i, p.size, seen); err != nil {
			return place{}, err
		}
	}
	if moved > 0 {
		next.page, next.overlap = before-pagesOf(moved, p.size), 1
	}
	if max(1, next.page) > next.last() {
		return place{total: next.total}, nil
	}
	next.page = max(1, next.page-next.overlap)
	return next, nil
}

// sizeOf tells by the first page of all how many documents a page holds.
func sizeOf(first Page) int {
	if n := len(first.received); n > 0 && n < min(pageSize, first.Total) {
		return n
	}
	return pageSize
}

// check holds a page against its own recordsTotal. Behind the last page nothing comes, or the last page again.
func check(page Page, number, size int, seen map[Text]bool) error {
	want := min(size, max(0, page.Total-(number-1)*size))
	fresh := 0
	for _, id := range page.received {
		if !seen[id] {
			fresh++
		}
		seen[id] = true
	}
	switch {
	case want == 0 && fresh == 0:
		return nil
	case len(page.received) != want:
		return erp.Unavailable{Cause: fmt.Errorf(
			"page %d brings %d purchase documents instead of %d, as there are %d", number, len(page.received), want, page.Total)}
	case fresh == 0:
		return erp.Unavailable{Cause: fmt.Errorf("page %d of %d purchase documents brings nothing new", number, page.Total)}
	}
	return nil
}
