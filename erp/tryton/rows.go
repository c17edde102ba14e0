package tryton

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// domain is a condition on records, as Tryton reads it: a list of clauses that all hold, unless it begins with OR.
type domain []any

func where(field, operator string, value any) []any { return []any{field, operator, value} }

func either(clauses ...any) []any { return append([]any{"OR"}, clauses...) }

var byID = [][]string{{"id", "ASC"}}

// invoiceRow is an account.invoice, stored columns only: what Tryton has to compute costs it 25 times as much.
type invoiceRow struct {
	ID           int64   `json:"id"`
	State        string  `json:"state"`
	Currency     *coded  `json:"currency."`
	Account      int64   `json:"account"`
	Move         int64   `json:"move"` // 0 for a draft
	Party        int64   `json:"party"`
	PaymentLines []int64 `json:"payment_lines"` // ids of lines of the ledger
	Timestamp    string  `json:"_timestamp"`    // moves upon any write
	Link         string  `json:"link"`          // what the external-ID field holds
	// Total is computed, and asked for only where there is no move yet.
	Total decimal `json:"total_amount"`
}

// lineRow is an account.move.line.
type lineRow struct {
	ID             int64   `json:"id"`
	Move           int64   `json:"move"`
	Account        int64   `json:"account"`
	Debit          decimal `json:"debit"` // in the company's currency, as is Credit
	Credit         decimal `json:"credit"`
	Second         decimal `json:"amount_second_currency"` // of the sign of debit less credit
	SecondCurrency *coded  `json:"second_currency."`
	Reconciliation int64   `json:"reconciliation"` // 0 while it is open
	Maturity       date    `json:"maturity_date"`
	In             struct {
		Date   date   `json:"date"`
		Origin string `json:"origin"` // account.invoice,5 or ""
	} `json:"move."`
}

// paymentRow is an account.payment.
type paymentRow struct {
	ID      int64   `json:"id"`
	Line    int64   `json:"line"` // that it pays
	Kind    string  `json:"kind"`
	State   string  `json:"state"`
	Amount  decimal `json:"amount"`
	Journal struct {
		Currency *coded `json:"currency."`
	} `json:"journal."`
	Date         date   `json:"date"`
	Description  string `json:"description"`
	Key          string `json:"payrecon_key"`  // "" where there is no such field
	ClearingMove int64  `json:"clearing_move"` // 0 where it has not reached the ledger
	Timestamp    string `json:"_timestamp"`
}

// search reads the records of a domain, by id upwards. Without a limit all come: Tryton has none of its own.
func (c *client) search(ctx context.Context, b books, model string, which domain, limit any, fields []string, into any) (time.Time, error) {
	return c.do(ctx, call{
		method: "model." + model + ".search_read", params: []any{which, 0, limit, byID, fields, b.context()}, into: into,
	})
}

// bills are the documents that can be owed: cancelled ones are none.
func (b books) bills(clauses ...any) domain {
	return append(domain{
		where("type", "=", "in"), where("company", "=", b.company), where("state", "in", []string{"draft", "validated", "posted", "paid"}),
	}, clauses...)
}

// invoices reads at most limit of them.
func (c *client) invoices(ctx context.Context, b books, which domain, limit int) ([]invoiceRow, time.Time, error) {
	var raw json.RawMessage
	field := c.cfg.ExternalIDField
	at, err := c.search(ctx, b, "account.invoice", which, limit,
		[]string{"state", "currency.code", "account", "move", "party", "payment_lines", "_timestamp", field}, &raw)
	if err != nil {
		return nil, at, err
	}
	var rows []invoiceRow
	var named []map[string]json.RawMessage
	if decode(raw, &rows) != nil || decode(raw, &named) != nil {
		return nil, at, unreadable(false, errors.New("the records are no invoices"))
	}
	var drafts []int64
	for i := range rows {
		var link *string
		if json.Unmarshal(named[i][field], &link) == nil && link != nil {
			rows[i].Link = *link
		}
		slices.Sort(rows[i].PaymentLines) // they come in no order
		if rows[i].Move == 0 {
			drafts = append(drafts, rows[i].ID)
		}
	}
	return rows, at, c.totals(ctx, b, rows, drafts)
}

// totals reads those of drafts.
func (c *client) totals(ctx context.Context, b books, rows []invoiceRow, drafts []int64) error {
	if len(drafts) == 0 {
		return nil
	}
	var computed []invoiceRow
	if _, err := c.search(ctx, b, "account.invoice", domain{where("id", "in", drafts)}, nil, []string{"total_amount"}, &computed); err != nil {
		return err
	}
	totals := make(map[int64]decimal, len(computed))
	for _, one := range computed {
		totals[one.ID] = one.Total
	}
	for i := range rows {
		if rows[i].Move == 0 {
			rows[i].Total = totals[rows[i].ID]
		}
	}
	return nil
}

func (c *client) lines(ctx context.Context, b books, which domain) ([]lineRow, error) {
	var rows []lineRow
	_, err := c.search(ctx, b, "account.move.line", which, nil, []string{
		"move", "account", "debit", "credit", "amount_second_currency", "second_currency.code", "reconciliation", "maturity_date", "move.date", "move.origin",
	}, &rows)
	return rows, err
}

func (c *client) payments(ctx context.Context, b books, which domain) ([]paymentRow, error) {
	fields := []string{"line", "kind", "state", "amount", "journal.currency.code", "date", "description", "_timestamp"}
	if b.unique {
		fields = append(fields, keyField)
	}
	if b.clearing {
		fields = append(fields, "clearing_move")
	}
	var rows []paymentRow
	_, err := c.search(ctx, b, "account.payment", which, nil, fields, &rows)
	return rows, err
}
