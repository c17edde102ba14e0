package activities

import (
	"context"
	"time"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/precoro"
)

// ListPaymentsRequest asks for one page, from 1, of all payments.
type ListPaymentsRequest struct {
	Company string `json:"company"`
	Page    int    `json:"page"`
}

// PaymentPage is one page of the list of all payments.
type PaymentPage struct {
	Payments Packed[ListedPayment] `json:"payments"`
	Total    int                   `json:"total"` // of all pages, -1 where the answer does not say
	More     bool                  `json:"more"`
	Date     time.Time             `json:"date"` // Precoro's clock
	Read     Read                  `json:"read"`
	Requests int                   `json:"requests"`
}

// ListedPayment is a payment as the list of all of them shows it. Its amount has no currency there: it is the invoice's.
type ListedPayment struct {
	InvoiceID  int64             `json:"i,omitempty"` // database id, 0 where the row does not say
	InvoiceIDN int64             `json:"n,omitempty"`
	Sum        string            `json:"s,omitempty"` // a plain decimal number, "" where unreadable
	Payment    reconcile.Payment `json:"p"`           // without its amount
}

// In is the payment with its amount in the invoice's currency.
func (l ListedPayment) In(currency money.Currency) reconcile.Payment {
	payment := l.Payment
	amount, err := currency.Parse(l.Sum)
	if err != nil && payment.Problem == "" {
		payment.Problem = "sumPaid: " + err.Error()
	}
	payment.Amount = amount
	return payment
}

// ListPayments reads one page of the list of all payments: it is cheaper than one GET an invoice where many differ.
func (a *Activities) ListPayments(ctx context.Context, request ListPaymentsRequest) (PaymentPage, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return PaymentPage{}, err
	}
	var page precoro.PaymentPage
	used, err := a.exchange(ctx, company.Slot, func(ctx context.Context) error {
		page, err = company.Precoro.ListPayments(ctx, precoro.PaymentFilter{}, request.Page)
		return err
	})
	if err != nil {
		return PaymentPage{}, company.readError(SidePrecoro, used, err)
	}
	out := PaymentPage{
		Total: page.Total, More: page.More, Date: page.Date, Read: readHere(ctx), Requests: used.requests, Payments: make([]ListedPayment, 0, len(page.Payments)),
	}
	for _, payment := range page.Payments {
		out.Payments = append(out.Payments, ListedPayment{
			InvoiceID: payment.InvoiceID, InvoiceIDN: payment.InvoiceIDN, Sum: payment.Sum, Payment: precoroPayment(payment),
		})
	}
	return out, nil
}
