package tryton

import (
	"cmp"
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

// invoiceRow is an account.invoice with all that pays it. One call reads it, and so one transaction: whatever people do at
// the same time, its parts belong together.
type invoiceRow struct {
	ID        int64     `json:"id"`
	State     string    `json:"state"`
	Currency  *coded    `json:"currency."`
	Move      int64     `json:"move"` // 0 for a draft
	Party     int64     `json:"party"`
	Timestamp string    `json:"_timestamp"` // moves upon any write
	Own       []lineRow `json:"lines_to_pay."`
	Payers    []lineRow `json:"payment_lines."` // that people have put to it
	Link      string    `json:"link"`           // what the external-ID field holds
	// Total is computed, and asked for only where there is no move yet.
	Total decimal `json:"total_amount"`
}

// lineRow is an account.move.line.
type lineRow struct {
	ID             int64   `json:"id"`
	Debit          decimal `json:"debit"` // in the company's currency, as is Credit
	Credit         decimal `json:"credit"`
	Second         decimal `json:"amount_second_currency"` // of the sign of debit less credit
	SecondCurrency *coded  `json:"second_currency."`
	Reconciliation int64   `json:"reconciliation"` // 0 while it is open

	// Of what is owed, an instalment.
	Maturity date         `json:"maturity_date"`
	Payments []paymentRow `json:"payments."`
	Settled  *struct {
		DelegateTo int64     `json:"delegate_to"` // the line that is owed instead, after several were grouped; 0 for none
		Lines      []lineRow `json:"lines."`      // those that it was reconciled with, and itself
	} `json:"reconciliation."`

	// Of what pays.
	Move int64 `json:"move"`
	In   struct {
		Date   date   `json:"date"`
		Origin string `json:"origin"` // account.invoice,5 or ""
	} `json:"move."`
}

// paymentRow is an account.payment.
type paymentRow struct {
	ID      int64   `json:"id"`
	Kind    string  `json:"kind"`
	State   string  `json:"state"`
	Amount  decimal `json:"amount"`
	Journal struct {
		ID       int64  `json:"id"`
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

// fields are those of the rows above. All but the total are stored, or read by one query for all: what Tryton computes bill
// by bill costs it 25 times as much.
func (c *client) fields(b books) []string {
	fields := []string{"state", "currency.code", "move", "party", "_timestamp", c.cfg.ExternalIDField}
	add := func(prefix string, names ...string) {
		for _, name := range names {
			fields = append(fields, prefix+name)
		}
	}
	amounts := []string{"debit", "credit", "amount_second_currency", "second_currency.code", "reconciliation"}
	payer := slices.Concat(amounts, []string{"move", "move.date", "move.origin"})
	add("lines_to_pay.", slices.Concat(amounts, []string{"maturity_date"})...)
	add("lines_to_pay.reconciliation.", "delegate_to")
	add("lines_to_pay.reconciliation.lines.", payer...)
	add("payment_lines.", payer...)
	add("lines_to_pay.payments.", "kind", "state", "amount", "journal.currency.code", "date", "description", "_timestamp")
	if b.unique {
		add("lines_to_pay.payments.", keyField)
	}
	if b.clearing {
		add("lines_to_pay.payments.", "clearing_move")
	}
	return fields
}

// part is what one search for bills gave.
type part struct {
	bills []invoiceRow
	last  int64 // id of the last that was looked at, 0 for none
	full  bool  // there may be more
	at    time.Time
}

// read gives the bills of a domain, at most limit of them, by id upwards.
func (c *client) read(ctx context.Context, b books, which domain, limit int) (part, error) {
	var raw json.RawMessage
	field := c.cfg.ExternalIDField
	at, err := c.search(ctx, b, "account.invoice", which, limit, c.fields(b), &raw)
	if err != nil {
		return part{}, err
	}
	p := part{at: at}
	var named []map[string]json.RawMessage
	if decode(raw, &p.bills) != nil || decode(raw, &named) != nil {
		return part{}, unreadable(false, errors.New("the records are no invoices"))
	}
	p.full = len(p.bills) == limit
	var drafts []int64
	for i := range p.bills {
		inv := &p.bills[i]
		var link *string
		if json.Unmarshal(named[i][field], &link) == nil && link != nil {
			inv.Link = *link
		}
		if inv.Move == 0 {
			drafts = append(drafts, inv.ID)
		}
		inv.sort()
		p.last = inv.ID
	}
	return p, c.totals(ctx, b, p.bills, drafts)
}

// sort puts everything into an order that does not change by itself.
func (inv *invoiceRow) sort() {
	slices.SortFunc(inv.Own, byMaturity)
	slices.SortFunc(inv.Payers, lineRow.compare)
	for _, line := range inv.Own {
		slices.SortFunc(line.Payments, func(a, b paymentRow) int { return cmp.Compare(a.ID, b.ID) })
		if line.Settled != nil {
			slices.SortFunc(line.Settled.Lines, lineRow.compare)
		}
	}
}

func (l lineRow) compare(other lineRow) int { return cmp.Compare(l.ID, other.ID) }

// byMaturity is the order in which instalments are due; those without a day come last.
func byMaturity(a, b lineRow) int {
	if (a.Maturity.Date == "") != (b.Maturity.Date == "") {
		return cmp.Compare(b.Maturity.Date, a.Maturity.Date)
	}
	return cmp.Or(cmp.Compare(a.Maturity.Date, b.Maturity.Date), a.compare(b))
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
