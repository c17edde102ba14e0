//go:build unix

package tryout

import (
	"context"
	"fmt"
	"strconv"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/sandbox"
	"payrecon/internal/trytond"
)

// Case is an invoice in Precoro with its bill in Tryton, and what people have paid of it.
type Case struct {
	Invoice sandbox.Invoice
	Bill    string // Tryton's id, "" for none
	Facts   []*Fact
	// Except is why no machine may write on it, "" if one may. Nothing is due then.
	Except reconcile.Reason

	instalments int
	judged      bool // since people have paid
}

// Fact is one payment that people made, wherever they have entered it: on one side, so that payrecon owes it to the other, or
// on both.
type Fact struct {
	Amount  money.Amount
	Date    money.Date
	Precoro int64  // id of the payment there, 0 if nobody has entered it there
	Tryton  string // "p" and the id of a payment record, or "l" and the id of a line of the ledger, "" if nobody has
}

// Document is what a case begins with.
type Document struct {
	Total       string
	Currency    string // "EUR" if empty
	Instalments int
	Draft       bool   // nobody has posted the bill
	BillTotal   string // another than the invoice's
	NoBill      bool
}

// Way is how people pay in Tryton.
type Way string

// The three ways. Only the first leaves a payment record; the others are lines of the ledger.
const (
	ByRecord    Way = "by a payment record"
	ByWizard    Way = "by the Pay wizard"
	ByStatement Way = "by a bank statement"
)

// Ways are all of them.
func Ways() []Way { return []Way{ByRecord, ByWizard, ByStatement} }

// Enter puts an invoice into Precoro and its bill into Tryton.
func (c *Company) Enter(ctx context.Context, d Document) (*Case, error) {
	if d.Currency == "" {
		d.Currency = "EUR"
	}
	one := &Case{Invoice: c.AddInvoice(sandbox.Invoice{Currency: d.Currency, Total: d.Total}), instalments: d.Instalments}
	switch {
	case d.NoBill:
		one.Except = reconcile.NoBill
	case d.BillTotal != "":
		one.Except = reconcile.TotalMismatch
	case d.Draft:
		one.Except = reconcile.NotConfirmed
	}
	if d.BillTotal == "" {
		d.BillTotal = d.Total
	}
	if !d.NoBill {
		c.alive.RLock()
		defer c.alive.RUnlock()
		var err error
		one.Bill, err = c.Books.AddBill(ctx, trytond.Bill{
			Reference: strconv.FormatInt(one.Invoice.ID, 10), Total: d.BillTotal, Currency: d.Currency, Date: c.day(-60),
			Instalments: d.Instalments, Draft: d.Draft,
		})
		if err != nil {
			return nil, fmt.Errorf("enter a bill: %w", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cases = append(c.cases, one)
	return one, nil
}

func (c *Case) amount(number string) (money.Amount, error) {
	return money.Parse(number, c.Invoice.Currency)
}

// PayInPrecoro lets a person pay there, so many days from today.
func (c *Company) PayInPrecoro(one *Case, number string, day int) (*Fact, error) {
	amount, err := one.amount(number)
	if err != nil {
		return nil, err
	}
	f := &Fact{Amount: amount, Date: c.day(day)}
	f.Precoro = c.AddPayment(sandbox.Payment{InvoiceID: one.Invoice.ID, Amount: f.Amount.Number(), Date: string(f.Date)}).ID
	if f.Precoro == 0 {
		return nil, fmt.Errorf("nobody could pay invoice %d in Precoro", one.Invoice.IDN)
	}
	c.did("paid in Precoro")
	c.mu.Lock()
	defer c.mu.Unlock()
	one.Facts, one.judged = append(one.Facts, f), false
	return f, nil
}

// PayInTryton lets a person pay there, so many days from today.
func (c *Company) PayInTryton(ctx context.Context, one *Case, way Way, number string, day int) (*Fact, error) {
	amount, err := one.amount(number)
	if err != nil {
		return nil, err
	}
	f := &Fact{Amount: amount, Date: c.day(day)}
	if err := c.EnterInTryton(ctx, one, f, way); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one.Facts, one.judged = append(one.Facts, f), false
	return f, nil
}

// EnterInTryton lets a person enter a payment there that stands in Precoro.
func (c *Company) EnterInTryton(ctx context.Context, one *Case, f *Fact, way Way) error {
	id, err := c.pay(ctx, one, f, way)
	if err != nil {
		return fmt.Errorf("pay %s: %w", way, err)
	}
	c.did("paid in Tryton " + string(way))
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Tryton, one.judged = id, false
	return nil
}

// pay gives what Fact.Tryton names it by.
func (c *Company) pay(ctx context.Context, one *Case, f *Fact, way Way) (string, error) {
	c.alive.RLock()
	defer c.alive.RUnlock()
	var err error
	switch way {
	case ByRecord:
		id, err := c.Books.PayByRecord(ctx, trytond.Payment{Bill: one.Bill, Amount: f.Amount.Number(), Date: f.Date})
		return "p" + id, err
	case ByWizard:
		err = c.Books.PayByWizard(ctx, one.Bill, f.Amount.Number(), f.Date)
	default:
		err = c.Books.PayByStatement(ctx, one.Bill, f.Amount.Number(), f.Date)
	}
	if err != nil {
		return "", err
	}
	ledger, err := c.Books.Ledger(ctx, one.Bill)
	if err != nil {
		return "", err
	}
	return "l" + ledger.Lines[len(ledger.Lines)-1].ID, nil // Books has seen that it is there
}

func (c *Company) did(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acts[what]++
}
