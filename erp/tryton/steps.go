package tryton

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"payrecon/erp"
)

// ids of the jobs' payments.
func ids(jobs []*job) []int64 {
	list := make([]int64, 0, len(jobs))
	for _, j := range jobs {
		list = append(list, j.payment.ID)
	}
	return list
}

// unchanged is a context in which Tryton declines to write a payment that was changed since it was read. It matters:
// processing or succeeding what has failed meanwhile would undo that.
func (b books) unchanged(jobs []*job) map[string]any {
	stamps := make(map[string]string, len(jobs))
	for _, j := range jobs {
		stamps[fmt.Sprintf("account.payment,%d", j.payment.ID)] = j.payment.Timestamp
	}
	settings := b.context()
	settings["_timestamp"] = stamps
	return settings
}

// putKeys writes several records with different values.
func (w *writing) putKeys(ctx context.Context, b books, jobs []*job) error {
	var params []any
	for _, j := range jobs {
		params = append(params, []int64{j.payment.ID}, map[string]string{b.keyName(): j.key})
	}
	_, err := w.do(ctx, call{
		method: "model.account.payment.write", params: append(params, b.unchanged(jobs)), write: true,
	})
	return err
}

// create makes drafts that carry their keys.
func (w *writing) create(ctx context.Context, b books, jobs []*job) error {
	values := make([]map[string]any, 0, len(jobs))
	for _, j := range jobs {
		day, err := taggedDate(j.date)
		if err != nil {
			return erp.NotSent{Cause: err}
		}
		one := map[string]any{
			"company": b.company, "journal": j.journal, "kind": payable, "party": j.party, "line": j.line,
			"amount": taggedAmount(j.amount), "date": day, "description": j.key,
		}
		if b.unique {
			one[keyField], one["description"] = j.key, described(j.key)
		}
		values = append(values, one)
	}
	_, err := w.do(ctx, call{method: "model.account.payment.create", params: []any{values, b.context()}, write: true})
	return err
}

// described is the key in words for people.
func described(key string) string {
	if id, ours := strings.CutPrefix(key, "pr."); ours {
		return "Precoro payment " + id
	}
	return key
}

// press is a button of the payments.
func (w *writing) press(ctx context.Context, button string, jobs []*job, settings map[string]any) error {
	_, err := w.do(ctx, call{method: "model.account.payment." + button, params: []any{ids(jobs), settings}, write: true})
	return err
}

// process puts the payments into a group, by the wizard that does so: a session of its own, within which one call writes.
func (w *writing) process(ctx context.Context, b books, jobs []*job) error {
	const wizard = "wizard.account.payment.process."
	var session []any
	if _, err := w.do(ctx, call{method: wizard + "create", params: []any{b.context()}, into: &session}); err != nil {
		return beforeWrite(err)
	}
	if len(session) == 0 {
		return erp.NotSent{Cause: fmt.Errorf("%screate gives no session", wizard)}
	}
	settings := b.unchanged(jobs)
	settings["active_model"], settings["active_id"], settings["active_ids"] = "account.payment", jobs[0].payment.ID, ids(jobs)
	_, err := w.do(ctx, call{
		method: wizard + "execute", params: []any{session[0], map[string]any{"start": map[string]any{}}, "process", settings}, write: true,
	})
	if err == nil || declined(err) {
		_, _ = w.do(ctx, call{method: wizard + "delete", params: []any{session[0], b.context()}}) // Tryton forgets it by itself too
	}
	return err
}

// succeed writes the ledger, on the payments' own day.
func (w *writing) succeed(ctx context.Context, b books, jobs []*job) error {
	day, err := taggedDate(jobs[0].date)
	if err != nil {
		return erp.NotSent{Cause: err}
	}
	settings := b.unchanged(jobs)
	settings["clearing_date"] = day
	return w.press(ctx, "succeed", jobs, settings)
}

// isThere tells whether Tryton declined because the payment is there already, made by another who is as late as we are.
func (w *writing) isThere(ctx context.Context, b books, j *job) bool {
	if j.step != create && j.step != putKey {
		return false
	}
	var rows []struct {
		ID   int64 `json:"id"`
		Line int64 `json:"line"`
	}
	_, err := w.search(ctx, b, "account.payment", domain{where(keyField, "=", j.key)}, nil, []string{"line"}, &rows)
	if err != nil || len(rows) != 1 {
		return false
	}
	if j.step == putKey {
		return rows[0].ID == j.payment.ID
	}
	return slices.Contains(j.lines, rows[0].Line)
}
