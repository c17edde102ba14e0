package activities

import (
	"context"
	"errors"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/precoro"
)

// PostPaymentRequest is one payment to create in Precoro.
type PostPaymentRequest struct {
	Company   string       `json:"company"`
	InvoiceID int64        `json:"invoice_id"` // database id
	Key       string       `json:"key"`
	Amount    money.Amount `json:"amount"`
	Date      money.Date   `json:"date"`
	Read      Read         `json:"read"`
	Self      Self         `json:"self,omitzero"`
}

// Posted is the payment as the answer names it.
type Posted struct {
	Payment  reconcile.Payment `json:"payment"` // Tag is what Precoro kept of the key
	Requests int               `json:"requests"`
}

// PostPayment creates a payment. It is sent once and attempted once. Fails as StaleRead or NotSent (surely nothing
// happened), Unknown, or Refused.
func (a *Activities) PostPayment(ctx context.Context, request PostPaymentRequest) (Posted, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return Posted{}, err
	}
	if err := company.stale(ctx, SidePrecoro, request.Read, request.Self); err != nil {
		return Posted{}, err
	}
	var payment precoro.Payment
	used, err := a.exchange(ctx, company.Slot, func(ctx context.Context) error {
		payment, err = company.Precoro.CreatePayment(ctx, precoro.NewPayment{
			InvoiceID: request.InvoiceID, Amount: request.Amount, Date: request.Date, ExternalID: request.Key,
		})
		if err == nil && (!payment.Amount.Valid() || payment.IDN == 0) {
			err = precoro.OutcomeUnknown{Cause: errors.New("the answer does not name the payment and its amount")}
		}
		return err
	})
	if err != nil {
		return Posted{}, writeError(SidePrecoro, used, err)
	}
	return Posted{Payment: precoroPayment(payment), Requests: used.requests}, nil
}
