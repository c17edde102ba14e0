package precoro

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"payrecon/internal/money"
	"payrecon/internal/remote"
)

// PaymentFilter narrows a listing of payments; the zero value asks for all. Precoro applies it, so compare what comes.
type PaymentFilter struct {
	InvoiceIDN int64 // document number of the invoice
	PerPage    int   // 10, 20, 50, 100 or 200 rows a page; 0 for 200
}

// PaymentPage is one page of a listing.
type PaymentPage struct {
	Payments []Payment
	Page     int
	Total    int       // rows of the whole listing, -1 where the answer does not say
	More     bool      // another page follows
	Date     time.Time // the server's clock, zero where it does not say
}

// Payment is one payment of an invoice. Precoro's payments have no currency of their own, it is the invoice's.
type Payment struct {
	ID         int64 // 0 where unreadable
	IDN        int64 // document number, what paths use; 0 where unreadable
	InvoiceID  int64 // 0 where the answer does not say, such as for a prepayment on an order
	InvoiceIDN int64
	Sum        string       // the amount as a plain decimal number, without currency; "" where unreadable
	Amount     money.Amount // of any sign; only where the currency is known: not in listings of payments, see In
	Date       money.Date   // the day as written; "" where unreadable
	ExternalID string       // "" for none
	LogicType  int          // 0 a plain payment, others are credits, prepayments and unknown kinds; -1 where the answer does not say
	Cancelled  bool         // canceledBy is set
	Problem    string       // what could not be read: field, value, what is accepted. "" if all could
}

// In is the amount in the currency of the payment's invoice. It fails if the sum was unreadable or has more decimals than
// the currency, or if the payment is known to be in another currency.
func (p Payment) In(currency money.Currency) (money.Amount, error) {
	switch {
	case p.Amount.Valid() && p.Amount.Currency() == currency:
		return p.Amount, nil
	case p.Amount.Valid():
		return money.Amount{}, fmt.Errorf("payment of %s is not in %s", p.Amount, currency)
	case p.Sum == "":
		return money.Amount{}, errors.New("sumPaid could not be read")
	}
	return currency.Parse(p.Sum)
}

// of puts a payment into the invoice that lists it.
func (p Payment) of(i Invoice, currency money.Currency) Payment {
	foreign := differ(p.InvoiceID, i.ID) || differ(p.InvoiceIDN, i.IDN)
	if foreign && p.Problem == "" {
		p.Problem = fmt.Sprintf("invoice.id %d, idn %d: want those of the invoice that lists it", p.InvoiceID, p.InvoiceIDN)
	}
	if !foreign {
		p.InvoiceID, p.InvoiceIDN = i.ID, i.IDN
	}
	return p.in(currency)
}

// differ tells whether two ids that were both read are not the same.
func differ(a, b int64) bool { return a != 0 && b != 0 && a != b }

// in fills Amount.
func (p Payment) in(currency money.Currency) Payment {
	amount, err := p.In(currency)
	if err != nil && p.Problem == "" {
		p.Problem = "sumPaid: " + err.Error()
	}
	p.Amount = amount
	return p
}

// ListPayments reads one page, from 1, of at most 200 payments, newest first. Its rows have a Sum and no Amount.
func (c *Client) ListPayments(ctx context.Context, filter PaymentFilter, page int) (PaymentPage, error) {
	list, date, err := c.listPayments(ctx, filter, page)
	if err != nil {
		return PaymentPage{}, fmt.Errorf("list payments, page %d: %w", page, err)
	}
	return PaymentPage{Payments: list.rows, Page: page, Total: list.total, More: list.more, Date: date}, nil
}

func (c *Client) listPayments(ctx context.Context, filter PaymentFilter, page int) (listing[Payment], time.Time, error) {
	query := pageQuery(page, cmp.Or(filter.PerPage, perPage))
	if err := checkPage(page); err != nil {
		return listing[Payment]{}, time.Time{}, err
	}
	if filter.PerPage != 0 && !slices.Contains(pageSizes, filter.PerPage) {
		return listing[Payment]{}, time.Time{}, badInput("per_page", fmt.Sprintf("%d: want one of %v", filter.PerPage, pageSizes))
	}
	if filter.InvoiceIDN < 0 {
		return listing[Payment]{}, time.Time{}, badInput("invoice", fmt.Sprintf("%d: want a number above 0", filter.InvoiceIDN))
	}
	if filter.InvoiceIDN > 0 {
		query.Set("invoice", decimalText(filter.InvoiceIDN))
	}
	answer, err := c.send(ctx, remote.Request{Method: http.MethodGet, Path: "/payments", Query: query}, "list of payments")
	if err != nil {
		return listing[Payment]{}, time.Time{}, err
	}
	list, err := decodePage(answer.Body, page, c.secrets, c.readPayment)
	if err != nil {
		return listing[Payment]{}, time.Time{}, Unavailable{Cause: err}
	}
	return list, answer.Date, nil
}

// Payments reads the whole listing, in the way of Invoices.
func (c *Client) Payments(ctx context.Context, filter PaymentFilter) iter.Seq2[PaymentPage, error] {
	return walk(ctx, c.pause, func(ctx context.Context, page int) (PaymentPage, error) {
		return c.ListPayments(ctx, filter, page)
	})
}

func (p PaymentPage) extent() (rows, total int, more bool) { return len(p.Payments), p.Total, p.More }

func (p PaymentPage) unseen(seen map[int64]bool) PaymentPage {
	p.Payments = unseen(p.Payments, seen, func(p Payment) int64 { return p.ID })
	return p
}

func (c *Client) readPayment(raw json.RawMessage) Payment {
	return takePayment(newReader(raw, c.secrets))
}

func takePayment(r reader) Payment {
	p := Payment{
		ID:         r.id("id"),
		IDN:        r.id("idn"),
		Sum:        r.sum("sumPaid"),
		Date:       r.day("payDate"),
		ExternalID: r.externalID(),
		LogicType:  r.number("logicType", -1),
		Cancelled:  !empty(r.fields["canceledBy"]),
	}
	invoice := r.within("invoice")
	p.InvoiceID, p.InvoiceIDN = invoice.id("id"), invoice.id("idn")
	p.Problem = *r.problem
	return p
}
