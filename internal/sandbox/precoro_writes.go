package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"payrecon/internal/money"
)

const maxExternalID = 255

func (s *Sandbox) getInvoice(c precoroCall) reply {
	i := s.world.invoiceByIDN[c.idn]
	if i == nil {
		return notFound()
	}
	return jsonReply(http.StatusOK, s.world.invoiceJSON(i.ID, true))
}

func (s *Sandbox) getPayment(c precoroCall) reply {
	p := s.world.paymentByIDN[c.idn]
	if p == nil {
		return notFound()
	}
	return jsonReply(http.StatusOK, s.world.paymentJSON(p, false))
}

func (s *Sandbox) patchInvoice(c precoroCall) reply {
	i := s.world.invoiceByIDN[c.idn]
	if i == nil {
		return notFound()
	}
	key, flaw := externalID(c)
	if flaw != nil {
		return *flaw
	}
	before := i.ExternalID
	i.ExternalID, i.Updated = key, s.now()
	s.ledger.write(s.tag(c, i, before, Write{ID: i.ID, Key: key, Currency: i.Currency}))
	return jsonReply(http.StatusOK, s.world.invoiceJSON(i.ID, true))
}

func (s *Sandbox) patchPayment(c precoroCall) reply {
	p := s.world.paymentByIDN[c.idn]
	if p == nil {
		return notFound()
	}
	key, flaw := externalID(c)
	if flaw != nil {
		return *flaw
	}
	i, before := s.world.invoices[p.InvoiceID], p.ExternalID
	p.ExternalID, i.Updated = key, s.now()
	s.ledger.write(s.tag(c, i, before, Write{ID: p.ID, Key: key, Amount: p.Amount, Currency: i.Currency, Date: p.Date}))
	return jsonReply(http.StatusOK, s.world.paymentJSON(p, false))
}

func externalID(c precoroCall) (string, *reply) {
	key := c.form.Get("externalId")
	if utf8.RuneCountInString(key) > maxExternalID {
		refused := refuse("externalId", "This value is too long. It should have %d characters or less.", maxExternalID)
		return "", &refused
	}
	return key, nil
}

// tag completes the ledger's entry of a changed external ID.
func (s *Sandbox) tag(c precoroCall, i *Invoice, before string, w Write) Write {
	w.At, w.Side, w.Op, w.Document = s.now(), precoroSide, c.name, strconv.FormatInt(i.IDN, 10)
	w.Before, w.After = before, w.Key
	w.Changes = []Change{{Field: "externalId", Before: before, After: w.Key}}
	return w
}

func (s *Sandbox) postPayment(c precoroCall) reply {
	i, refused := s.payable(c)
	if refused != nil {
		return *refused
	}
	day, err := time.Parse(time.RFC3339, c.form.Get("payDate"))
	if err != nil || day.Year() < 2000 || day.Year() > 2100 {
		return refuse("payDate", "This value is not a valid date.")
	}
	if c.form.Get("logicType") != "0" {
		return refuse("logicType", "A payment of an invoice has the type 0.")
	}
	amount, refused := s.payableSum(i, c.form.Get("sumPaid"))
	if refused != nil {
		return *refused
	}
	key, refused := externalID(c)
	if refused != nil {
		return *refused
	}
	kept := key
	if s.opts.IgnoreExternalIDOnPost {
		kept = ""
	}
	before, statusBefore := s.world.paid(i), i.Status
	p := s.addPayment(Payment{
		InvoiceID: i.ID, Amount: amount, Date: day.UTC().Format(dayLayout), ExternalID: kept, By: "api",
	})
	after := s.world.paid(i)
	s.ledger.write(Write{
		At: s.now(), Side: precoroSide, Op: c.name, Document: strconv.FormatInt(i.IDN, 10), ID: p.ID,
		Key: key, Amount: p.Amount, Currency: i.Currency, Date: p.Date, Before: before, After: after,
		Changes: []Change{
			{Field: "sumPaid", Before: before, After: after},
			{Field: "status", Before: strconv.Itoa(statusBefore), After: strconv.Itoa(i.Status)},
		},
	})
	return jsonReply(http.StatusCreated, s.world.paymentJSON(p, false))
}

// payable finds the invoice by its database id. Approved and partly paid ones take payments; a paid one refuses by its
// sum, as the text there says.
func (s *Sandbox) payable(c precoroCall) (*Invoice, *reply) {
	id, ok := positive(c.form.Get("invoice[id]"))
	i := s.world.invoices[id]
	refused := refuse("invoice", "This value is not valid.")
	if !ok || i == nil {
		return nil, &refused
	}
	if !slices.Contains([]int{statusApproved, statusPartlyPaid, statusPaid}, i.Status) {
		refused = refuse("invoice", "The invoice is %s and cannot be paid.", statusNames[i.Status])
		return nil, &refused
	}
	return i, nil
}

// payableSum: production connectors know that a sum above the remainder is refused by this field, with two texts.
func (s *Sandbox) payableSum(i *Invoice, text string) (string, *reply) {
	amount, err := money.Parse(text, i.Currency)
	if err != nil || amount.Sign() <= 0 {
		refused := refuse("sumPaid", "%.40q is not an amount above 0 of %s.", text, i.Currency)
		return "", &refused
	}
	if s.opts.LaxOverpay {
		return amount.Number(), nil
	}
	left := less(i.Currency, i.Total, s.world.paid(i))
	if sign(i.Currency, left) < 0 {
		left = "0"
	}
	if sign(i.Currency, less(i.Currency, left, text)) >= 0 {
		return amount.Number(), nil
	}
	refused := refuse("sumPaid", "The amount must lie between 0 and %s.", left)
	if i.Status == statusPaid && coin(i.ID, "fully paid") {
		refused = refuse("sumPaid", "The invoice is fully paid.")
	}
	return "", &refused
}
