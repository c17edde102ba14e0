package precoro

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"payrecon/internal/money"
	"payrecon/internal/remote"
)

// NewPayment is a payment to be created. All fields are needed.
type NewPayment struct {
	InvoiceID  int64        // the invoice's database id, not its document number
	Amount     money.Amount // above zero, in the invoice's currency
	Date       money.Date
	ExternalID string // [A-Za-z0-9.-], at most 128
}

// CreatePayment creates a payment, once. The answer's own words are given back, for the caller to compare: production
// connectors set the external ID by a second request, so whether Precoro keeps it here is not sure. A field that
// the answer does not name is zero (LogicType: -1). An answer that does not name the payment, or is about another
// sum or invoice, is OutcomeUnknown.
func (c *Client) CreatePayment(ctx context.Context, order NewPayment) (Payment, error) {
	payment, err := c.createPayment(ctx, order)
	if err != nil {
		return Payment{}, fmt.Errorf("create payment on the invoice with id %d: %w", order.InvoiceID, err)
	}
	return payment, nil
}

func (c *Client) createPayment(ctx context.Context, order NewPayment) (Payment, error) {
	if err := order.check(); err != nil {
		return Payment{}, err
	}
	payment, err := c.write(ctx, order.Amount.Currency(), "invoice with id "+decimalText(order.InvoiceID), remote.Request{
		Method: http.MethodPost, Path: "/payments", Form: order.form(),
	})
	switch {
	case err != nil:
		return Payment{}, err
	case payment.Amount.Valid() && payment.Amount != order.Amount:
		return Payment{}, OutcomeUnknown{Cause: fmt.Errorf("answer says %s, sent was %s", payment.Amount, order.Amount)}
	case differ(payment.InvoiceID, order.InvoiceID):
		return Payment{}, OutcomeUnknown{Cause: fmt.Errorf("answer is about the invoice with id %d", payment.InvoiceID)}
	}
	return payment, nil
}

func (o NewPayment) check() error {
	_, err := money.ParseDate(string(o.Date))
	switch {
	case o.InvoiceID <= 0:
		return badInput("invoice[id]", fmt.Sprintf("%d: want a number above 0", o.InvoiceID))
	case o.Amount.Sign() <= 0:
		return badInput("sumPaid", fmt.Sprintf("%q: want an amount above 0", o.Amount))
	case err != nil:
		return badInput("payDate", err.Error())
	}
	return checkKey(o.ExternalID)
}

var key = regexp.MustCompile(`^[A-Za-z0-9.-]{1,128}$`)

func checkKey(externalID string) error {
	if !key.MatchString(externalID) {
		return badInput("externalId", fmt.Sprintf("%.40q: want 1 to 128 characters of A-Z, a-z, 0-9, point and hyphen", externalID))
	}
	return nil
}

// form is the payload that production connectors are known to send, and the external ID. The time is noon UTC so that
// no account's time zone from -12 to +11 moves the day.
func (o NewPayment) form() url.Values {
	return url.Values{
		"invoice[id]": {decimalText(o.InvoiceID)},
		"sumPaid":     {o.Amount.Number()},
		"payDate":     {string(o.Date) + "T12:00:00+00:00"},
		"logicType":   {"0"},
		"externalId":  {o.ExternalID},
	}
}

// SetPaymentExternalID replaces the external ID of the payment with this document number. Sending it twice changes
// nothing. The answer is given back as by CreatePayment; currency is that of the payment's invoice.
func (c *Client) SetPaymentExternalID(ctx context.Context, paymentIDN int64, externalID string, currency money.Currency) (Payment, error) {
	payment, err := c.setPaymentExternalID(ctx, paymentIDN, externalID, currency)
	if err != nil {
		return Payment{}, fmt.Errorf("set external ID of payment %d: %w", paymentIDN, err)
	}
	return payment, nil
}

func (c *Client) setPaymentExternalID(ctx context.Context, idn int64, externalID string, currency money.Currency) (Payment, error) {
	if idn <= 0 {
		return Payment{}, badInput("idn", "want a number above 0")
	}
	if known, err := money.ParseCurrency(string(currency)); err != nil || known != currency {
		return Payment{}, badInput("currency", fmt.Sprintf("%.40q: want an active ISO 4217 code such as EUR", currency))
	}
	if err := checkKey(externalID); err != nil {
		return Payment{}, err
	}
	payment, err := c.write(ctx, currency, "payment "+decimalText(idn), remote.Request{
		Method: http.MethodPatch, Path: "/payments/" + decimalText(idn), Form: url.Values{"externalId": {externalID}},
	})
	switch {
	case err != nil:
		return Payment{}, err
	case differ(payment.IDN, idn):
		return Payment{}, OutcomeUnknown{Cause: fmt.Errorf("answer is about payment %d", payment.IDN)}
	}
	return payment, nil
}

// write sends a write and reads the payment out of its answer. A status alone proves nothing.
func (c *Client) write(ctx context.Context, currency money.Currency, what string, r remote.Request) (Payment, error) {
	r.Write = true
	answer, err := c.send(ctx, r, what)
	if err != nil {
		return Payment{}, err
	}
	fields, err := document(answer.Body)
	if err != nil {
		return Payment{}, OutcomeUnknown{Cause: err}
	}
	payment := takePayment(reader{fields: fields, secrets: c.secrets, partial: true, problem: new(string)})
	if payment.Sum != "" {
		payment = payment.in(currency)
	}
	switch {
	case payment.Problem != "":
		return Payment{}, OutcomeUnknown{Cause: fmt.Errorf("answer: %s", payment.Problem)}
	case payment.ID == 0:
		return Payment{}, OutcomeUnknown{Cause: errors.New("answer does not name the payment's id")}
	}
	return payment, nil
}
