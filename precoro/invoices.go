package precoro

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"payrecon/internal/money"
	"payrecon/internal/remote"
)

// maxPayments bounds the payments inside one invoice. Nobody pays an invoice in so many parts.
const maxPayments = 500

// InvoiceFilter narrows a listing of invoices; the zero value asks for all. Precoro applies it, so compare what comes.
type InvoiceFilter struct {
	Statuses      []int     // 2 approved, 4 partly paid, 5 paid; none for every status
	ModifiedSince time.Time // created or updated since, sent in UTC: Precoro does not say in which time zone it reads it
	ID            int64     // the database id
	ExternalIDs   []string  // at most 200
}

// InvoicePage is one page of a listing.
type InvoicePage struct {
	Invoices []Invoice
	Page     int
	Total    int       // rows of the whole listing, -1 where the answer does not say
	More     bool      // another page follows
	Date     time.Time // the server's clock, zero where it does not say
}

// Invoice is a Precoro invoice. Rows of a listing and the single document are read alike.
type Invoice struct {
	ID             int64 // database id: what a payment is created with. 0 where unreadable
	IDN            int64 // document number: what people and paths use. 0 where unreadable
	Status         int   // -1 where unreadable
	LogicType      int   // 0 an ordinary invoice, also where the answer does not say; -1 where unreadable
	Currency       string
	Total          money.Amount // gross, never negative
	Paid           money.Amount // by all payments so far, never negative
	ExternalID     string       // "" for none
	SplitChild     bool         // part of a split-cost invoice, which is exported by its parent alone
	Payments       []Payment
	PaymentsListed bool   // the answer held a collection of payments, be it an empty one
	Problem        string // what could not be read: field, value, what is accepted. "" if all could
}

// CreditNote tells whether the row is a credit note: production connectors know the logic types 1 and 5 as such.
func (i Invoice) CreditNote() bool { return i.LogicType == 1 || i.LogicType == 5 }

// ListInvoices reads one page, from 1, of at most 200 invoices, newest first.
func (c *Client) ListInvoices(ctx context.Context, filter InvoiceFilter, page int) (InvoicePage, error) {
	query, err := filter.query(page)
	if err != nil {
		return InvoicePage{}, fmt.Errorf("list invoices: %w", err)
	}
	answer, err := c.send(ctx, remote.Request{Method: http.MethodGet, Path: "/invoices", Query: query}, "list of invoices")
	if err != nil {
		return InvoicePage{}, fmt.Errorf("list invoices, page %d: %w", page, err)
	}
	list, err := decodePage(answer.Body, page, c.secrets, c.readInvoice)
	if err != nil {
		return InvoicePage{}, fmt.Errorf("list invoices, page %d: %w", page, Unavailable{Cause: err})
	}
	return InvoicePage{Invoices: list.rows, Page: page, Total: list.total, More: list.more, Date: answer.Date}, nil
}

func (f InvoiceFilter) query(page int) (url.Values, error) {
	query := pageQuery(page, perPage)
	if err := checkPage(page); err != nil {
		return nil, err
	}
	if f.ID < 0 {
		return nil, badInput("id", fmt.Sprintf("%d: want a number above 0", f.ID))
	}
	if len(f.ExternalIDs) > perPage {
		return nil, badInput("external_id", fmt.Sprintf("%d of them: at most %d are accepted", len(f.ExternalIDs), perPage))
	}
	for _, status := range f.Statuses {
		query.Add("status[]", strconv.Itoa(status))
	}
	for _, id := range f.ExternalIDs {
		if id == "" {
			return nil, badInput("external_id", "is empty: want the id of a document")
		}
		query.Add("external_id[]", id)
	}
	if f.ID > 0 {
		query.Set("id", decimalText(f.ID))
	}
	if !f.ModifiedSince.IsZero() {
		query.Set("modifiedSince", f.ModifiedSince.UTC().Format("2006-01-02T15:04:05"))
	}
	return query, nil
}

// Invoices reads the whole listing, one request a page, and pauses between two. It asks for a page only when the one
// before has been consumed, leaves out rows that were given before, and ends with an error if the listing repeats
// itself, shrinks or does not end.
func (c *Client) Invoices(ctx context.Context, filter InvoiceFilter) iter.Seq2[InvoicePage, error] {
	return walk(ctx, c.pause, func(ctx context.Context, page int) (InvoicePage, error) {
		return c.ListInvoices(ctx, filter, page)
	})
}

func (p InvoicePage) extent() (rows, total int, more bool) { return len(p.Invoices), p.Total, p.More }

func (p InvoicePage) unseen(seen map[int64]bool) InvoicePage {
	p.Invoices = unseen(p.Invoices, seen, func(i Invoice) int64 { return i.ID })
	return p
}

// Invoice reads the invoice with this document number and its payments. It may have a Problem, as a row may; an answer
// about another invoice is Unavailable.
func (c *Client) Invoice(ctx context.Context, idn int64) (Invoice, error) {
	invoice, err := c.invoice(ctx, idn)
	if err != nil {
		return Invoice{}, fmt.Errorf("read invoice %d: %w", idn, err)
	}
	return invoice, nil
}

func (c *Client) invoice(ctx context.Context, idn int64) (Invoice, error) {
	if idn <= 0 {
		return Invoice{}, badInput("idn", "want a number above 0")
	}
	answer, err := c.send(ctx, remote.Request{Method: http.MethodGet, Path: "/invoices/" + decimalText(idn)}, "invoice "+decimalText(idn))
	if err != nil {
		return Invoice{}, err
	}
	if _, err := document(answer.Body); err != nil {
		return Invoice{}, Unavailable{Cause: err, Unreadable: true}
	}
	invoice := c.readInvoice(answer.Body)
	if invoice.IDN != idn {
		return Invoice{}, Unavailable{Cause: fmt.Errorf("answer is about the invoice with idn %d", invoice.IDN), Unreadable: true}
	}
	return invoice, nil
}

func (c *Client) readInvoice(raw json.RawMessage) Invoice {
	r := newReader(raw, c.secrets)
	if r.fields == nil {
		return Invoice{Status: -1, LogicType: -1, Problem: *r.problem}
	}
	currency := r.currency("currency")
	i := Invoice{
		ID:         r.id("id"),
		IDN:        r.id("idn"),
		Status:     r.number("status", -1),
		LogicType:  r.number("logicType", 0),
		Currency:   string(currency),
		Total:      r.amount("sum", currency),
		Paid:       r.amount("sumPaid", currency),
		ExternalID: r.externalID(),
		SplitChild: splitChild(r.fields["parentData"]),
	}
	switch {
	case i.Status < 0:
		r.fail("status", "is missing: want a whole number from 0")
	case i.Total.Sign() < 0:
		r.fail("sum", i.Total.Number()+" is negative: want 0 or more")
	case i.Paid.Sign() < 0:
		r.fail("sumPaid", i.Paid.Number()+" is negative: want 0 or more")
	}
	rows, listed, err := collection(r.fields["payments"], maxPayments)
	if err != nil {
		r.fail("payments", err.Error())
	}
	i.PaymentsListed = listed
	for _, row := range rows {
		i.Payments = append(i.Payments, c.readPayment(row).of(i, currency))
	}
	i.Problem = *r.problem
	return i
}

// splitChild: children of a split-cost invoice name their parent's idn. What is there and cannot be read counts as one,
// because a child must not be paid beside its parent.
func splitChild(parent json.RawMessage) bool {
	if empty(parent) {
		return false
	}
	fields, err := object(parent)
	return err != nil || !empty(fields["idn"])
}
