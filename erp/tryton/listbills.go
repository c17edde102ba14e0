package tryton

import (
	"context"
	"fmt"
	"slices"

	"payrecon/erp"
)

// ListBills goes by id upwards. What changes meanwhile does not move; it is newer than the first part, and so in the next list
// of changes.
//
// Of the changes, a bill shows most by itself. It does not where somebody pays a part of it: by a payment, or by hand against
// one of its instalments. So the list has three stages.
func (a *Adapter) ListBills(ctx context.Context, query erp.ListQuery) (erp.Listed, error) {
	c := a.client
	changes := !query.ChangedSince.IsZero()
	from, err := readPlace(query.Cursor, changes)
	if err != nil {
		return erp.Listed{}, err
	}
	opened, err := c.open(ctx)
	if err != nil {
		return erp.Listed{}, fmt.Errorf("list bills: %w", err)
	}
	got, next, err := c.list(ctx, *opened.books, from, query)
	if err != nil {
		return erp.Listed{}, fmt.Errorf("list bills: %w", err)
	}
	listed := erp.Listed{Next: next.cursor(changes), Total: -1, Time: got.at}
	for _, inv := range got.bills {
		if changes || inv.Link != "" {
			listed.Bills = append(listed.Bills, c.bill(*opened.books, inv))
		}
	}
	return listed, nil
}

// list reads one part, and gives the place of the next.
func (c *client) list(ctx context.Context, b books, from place, query erp.ListQuery) (part, place, error) {
	if query.ChangedSince.IsZero() {
		got, err := c.read(ctx, b, b.bills(where(c.cfg.ExternalIDField, "!=", nil), where("id", ">", from.after)), c.part)
		return got, from.next(got), err
	}
	since := taggedTime(query.ChangedSince)
	changed := domain{
		either(where("write_date", ">=", since), []any{where("write_date", "=", nil), where("create_date", ">=", since)}),
		where("id", ">", from.after),
	}
	if from.stage == stageBills {
		got, err := c.read(ctx, b, b.bills(changed...), c.part)
		return got, from.next(got), err
	}
	seen, err := c.moves(ctx, b, from.stage, changed)
	if err != nil {
		return part{}, place{}, err
	}
	got := part{at: seen.at}
	if len(seen.moves) > 0 {
		if got, err = c.read(ctx, b, b.bills(where("move", "in", seen.moves)), len(seen.moves)); err != nil {
			return part{}, place{}, err
		}
	}
	got.last, got.full, got.at = seen.last, seen.full, seen.at
	return got, from.next(got), nil
}

// changedMoves are the moves of bills of which something has changed.
type changedMoves struct {
	part
	moves []int64
}

// moves looks through the payments, or through the lines of bills that are still open: one that was paid in full shows by
// itself.
func (c *client) moves(ctx context.Context, b books, s stage, changed domain) (changedMoves, error) {
	model, field := "account.payment", "line.move"
	which := append(changed, where("company", "=", b.company), where("line", "!=", nil))
	if s == stageLines {
		model, field = "account.move.line", "move"
		which = append(changed, where("move.company", "=", b.company), where("account.type.payable", "=", true),
			[]any{"move.origin.state", "=", posted, "account.invoice"})
	}
	var rows []struct {
		ID   int64 `json:"id"`
		Move int64 `json:"move"`
		Line *struct {
			Move int64 `json:"move"`
		} `json:"line."`
	}
	at, err := c.search(ctx, b, model, which, c.part, []string{field}, &rows)
	if err != nil {
		return changedMoves{}, err
	}
	seen := changedMoves{part: part{full: len(rows) == c.part, at: at}}
	for _, row := range rows {
		if row.Line != nil {
			row.Move = row.Line.Move
		}
		seen.moves, seen.last = append(seen.moves, row.Move), row.ID
	}
	slices.Sort(seen.moves)
	seen.moves = slices.Compact(seen.moves)
	return seen, nil
}
