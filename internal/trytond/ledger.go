//go:build unix

package trytond

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"payrecon/internal/money"
)

// Ledger is what Tryton's own books hold of one bill: this is what tests judge by.
type Ledger struct {
	Reference string
	State     string // draft, validated, posted, paid or cancelled
	Total     money.Amount
	// Paid is the sum of the payment records that succeeded and of all lines in the bill's currency. Of a bill that is paid
	// and was never written off in another currency it is the total.
	Paid     money.Amount
	Payments []Record // by id
	Lines    []Line   // by id
}

// Record is a payment record that names the bill.
type Record struct {
	ID          string
	State       string // draft, approved, processing, succeeded or failed
	Amount      money.Amount
	Date        money.Date
	Description string
	Key         string // "" without one, and where the module payrecon is not there
	Cleared     bool   // it has its move in the ledger
}

// Line is a debit on the payable account that pays the bill and belongs to none of its payment records: from the Pay wizard, a
// bank statement, a credit note, a write-off, the bill's own cancellation, or whatever else was settled with it.
type Line struct {
	ID     string
	Amount money.Amount // in the bill's currency where the line has one, else in the company's
	Date   money.Date
	Origin string // what its move was made from, such as "account.invoice,5" or "account.statement,3"; "" from nothing
}

// wireBill is what Ledger reads of a bill.
type wireBill struct {
	Reference    *string
	State        string
	Total        decimal `json:"total_amount"`
	Currency     int
	Account      int
	Move         *int
	LinesToPay   []int `json:"lines_to_pay"`
	PaymentLines []int `json:"payment_lines"`
}

type wireRecord struct {
	ID           int
	State        string
	Amount       decimal
	Currency     int
	Date         day
	Description  *string
	ClearingMove *int    `json:"clearing_move"`
	PayreconKey  *string `json:"payrecon_key"`
}

type wireLine struct {
	ID             int
	Debit          decimal
	Second         *decimal `json:"amount_second_currency"`
	SecondCurrency *int     `json:"second_currency"`
	Date           day
	Origin         *string `json:"move_origin"`
	Reconciliation *int
}

// Ledger reads the books anew.
func (b *Books) Ledger(ctx context.Context, bill string) (Ledger, error) {
	id, err := number(bill)
	if err != nil {
		return Ledger{}, err
	}
	wire, err := read[wireBill](ctx, b.c, "account.invoice", id,
		"reference", "state", "total_amount", "currency", "account", "move", "lines_to_pay", "payment_lines")
	if err != nil {
		return Ledger{}, err
	}
	l := Ledger{Reference: text(wire.Reference), State: wire.State}
	if l.Total, err = b.amount(wire.Total, wire.Currency); err != nil {
		return Ledger{}, err
	}
	if l.Payments, err = b.records(ctx, wire); err != nil {
		return Ledger{}, err
	}
	if l.Lines, err = b.lines(ctx, wire, l.Payments); err != nil {
		return Ledger{}, err
	}
	if l.Paid, err = money.FromMinor(0, l.Total.Currency()); err != nil {
		return Ledger{}, err
	}
	for _, record := range l.Payments {
		if record.State == "succeeded" {
			if l.Paid, err = l.Paid.Add(record.Amount); err != nil {
				return Ledger{}, err
			}
		}
	}
	for _, line := range l.Lines {
		if line.Amount.Currency() == l.Paid.Currency() {
			if l.Paid, err = l.Paid.Add(line.Amount); err != nil {
				return Ledger{}, err
			}
		}
	}
	return l, nil
}

// records are the payment records upon the bill's instalments.
func (b *Books) records(ctx context.Context, bill wireBill) ([]Record, error) {
	fields := []string{"state", "amount", "currency", "date", "description", "clearing_move"}
	if b.keyed {
		fields = append(fields, "payrecon_key")
	}
	var rows []wireRecord
	if err := b.list(ctx, &rows, "account.payment", list{list{"line", "in", bill.LinesToPay}}, fields); err != nil {
		return nil, err
	}
	records := make([]Record, 0, len(rows))
	for _, row := range rows {
		amount, err := b.amount(row.Amount, row.Currency)
		if err != nil {
			return nil, err
		}
		records = append(records, Record{
			ID: strconv.Itoa(row.ID), State: row.State, Amount: amount, Date: money.Date(row.Date),
			Description: text(row.Description), Key: text(row.PayreconKey), Cleared: row.ClearingMove != nil,
		})
	}
	return records, nil
}

// lines are those that Tryton lists as paying the bill, and those that were settled with one of its instalments.
func (b *Books) lines(ctx context.Context, bill wireBill, records []Record) ([]Line, error) {
	var instalments []wireLine
	if err := b.list(ctx, &instalments, "account.move.line", list{list{"id", "in", bill.LinesToPay}}, []string{"reconciliation"}); err != nil {
		return nil, err
	}
	settled := []int{}
	for _, line := range instalments {
		if line.Reconciliation != nil {
			settled = append(settled, *line.Reconciliation)
		}
	}
	var rows []wireLine
	if err := b.list(ctx, &rows, "account.move.line", list{
		list{"account", "=", bill.Account},
		list{"move", "!=", bill.Move},
		list{"debit", ">", 0},
		list{"OR", list{"id", "in", bill.PaymentLines}, list{"reconciliation", "in", settled}},
	}, []string{"debit", "amount_second_currency", "second_currency", "date", "move_origin"}); err != nil {
		return nil, err
	}
	lines := make([]Line, 0, len(rows))
	for _, row := range rows {
		origin := text(row.Origin)
		if slices.ContainsFunc(records, func(r Record) bool { return origin == "account.payment,"+r.ID }) {
			continue
		}
		amount, err := b.lineAmount(row, bill.Currency)
		if err != nil {
			return nil, err
		}
		lines = append(lines, Line{ID: strconv.Itoa(row.ID), Amount: amount, Date: money.Date(row.Date), Origin: origin})
	}
	return lines, nil
}

func (b *Books) lineAmount(line wireLine, currency int) (money.Amount, error) {
	if line.SecondCurrency != nil && *line.SecondCurrency == currency && line.Second != nil {
		return b.amount(*line.Second, currency)
	}
	return b.amount(line.Debit, b.currencies[homeCurrency])
}

func (b *Books) amount(number decimal, currency int) (money.Amount, error) {
	for code, id := range b.currencies {
		if id == currency {
			return money.Parse(string(number), code)
		}
	}
	return money.Amount{}, fmt.Errorf("there is no currency %d", currency)
}

// list reads fields of all records that a domain finds, by id.
func (b *Books) list(ctx context.Context, rows any, model string, domain list, fields []string) error {
	return b.c.model(ctx, rows, model, "search_read", domain, 0, nil, list{list{"id", "ASC"}}, fields)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
