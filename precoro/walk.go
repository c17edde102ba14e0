package precoro

import (
	"context"
	"fmt"
	"iter"
)

// maxPages bounds a listing at 200 000 rows, a third of the requests of a day.
const maxPages = 1000

// walkable is a page that an iterator can judge.
type walkable[P any] interface {
	// unseen is the page without the rows that are already in seen, and adds the others.
	unseen(seen map[int64]bool) P
	extent() (rows, total int, more bool)
}

// walk reads one page after another and hands each out before it asks for the next. A row that moved to a later page
// while the listing was read is left out there. What could mean missed rows or an endless loop is an error.
func walk[P walkable[P]](ctx context.Context, pause func(context.Context) error, read func(context.Context, int) (P, error)) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		var none P
		seen := make(map[int64]bool)
		before := -1
		for number := 1; ; number++ {
			page, err := read(ctx, number)
			if err != nil {
				yield(none, err)
				return
			}
			rows, total, more := page.extent()
			page = page.unseen(seen)
			if err := judgeWalk(number, rows, before, total, more, page); err != nil {
				yield(none, err)
				return
			}
			if !yield(page, nil) || !more {
				return
			}
			before = total
			if err := pause(ctx); err != nil {
				yield(none, fmt.Errorf("wait before page %d: %w", number+1, Unavailable{Cause: err}))
				return
			}
		}
	}
}

func judgeWalk[P walkable[P]](number, rows, before, total int, more bool, page P) error {
	left, _, _ := page.extent()
	switch {
	case rows > 0 && left == 0:
		return Unavailable{Cause: fmt.Errorf("page %d repeats rows of the pages before it and brings none of its own", number)}
	case total >= 0 && total < before:
		return Unavailable{Cause: fmt.Errorf("listing shrank from %d to %d rows while it was read: some may have been missed", before, total)}
	case more && number == maxPages:
		return Unavailable{Cause: fmt.Errorf("listing has more than %d pages", maxPages)}
	}
	return nil
}

// unseen keeps the rows whose id is new; a row whose id could not be read cannot be told from others and stays.
func unseen[R any](rows []R, seen map[int64]bool, id func(R) int64) []R {
	fresh := make([]R, 0, len(rows))
	for _, row := range rows {
		if n := id(row); n == 0 || !seen[n] {
			seen[n] = true
			fresh = append(fresh, row)
		}
	}
	return fresh
}
