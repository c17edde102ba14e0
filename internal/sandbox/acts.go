package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"payrecon/internal/money"
)

// Act is something that people do at work while both systems are served, as POST /_sandbox/acts takes it: {"acts": [...]},
// at most 1000, done in their order up to the first that cannot be. What people do is not in the ledger.
type Act struct {
	Act string `json:"act"` // pair, pay, paid, cancel, retag or remove

	Total        string `json:"total,omitempty"`         // pair: of the invoice and of its bill
	Currency     string `json:"currency,omitempty"`      // pair
	Bill         string `json:"bill,omitempty"`          // pair: confirmed (default), draft or none
	BillCurrency string `json:"bill_currency,omitempty"` // pair: the bill's, if it is another one
	Status       int    `json:"status,omitempty"`        // pair: the invoice's; default: approved

	Invoice    int64  `json:"invoice,omitempty"`     // pay, remove: database id
	Amount     string `json:"amount,omitempty"`      // pay
	Date       string `json:"date,omitempty"`        // pay: 2026-03-14; default: today
	ExternalID string `json:"external_id,omitempty"` // pay, retag: "" takes it away
	BillID     int64  `json:"bill_id,omitempty"`     // paid
	Paid       *int   `json:"paid,omitempty"`        // paid: 0 or 1
	Payment    int64  `json:"payment,omitempty"`     // cancel, retag: database id
}

// Acted is what came of one act: the ids of what was made or changed.
type Acted struct {
	Invoice int64 `json:"invoice,omitempty"` // database id
	IDN     int64 `json:"idn,omitempty"`     // document number
	Bill    int64 `json:"bill,omitempty"`
	Payment int64 `json:"payment,omitempty"` // database id
}

// maxActs bounds one request.
const maxActs = 1000

// kinds of acts: what each must and may say, and what it does.
var actKinds = map[string]struct {
	must, may []string
	do        func(*Sandbox, Act) (Acted, error)
}{
	"pair":   {[]string{"total", "currency"}, []string{"bill", "bill_currency", "status"}, (*Sandbox).actPair},
	"pay":    {[]string{"invoice", "amount"}, []string{"date", "external_id"}, (*Sandbox).actPay},
	"paid":   {[]string{"bill_id", "paid"}, nil, (*Sandbox).actPaid},
	"cancel": {[]string{"payment"}, nil, (*Sandbox).actCancel},
	"retag":  {[]string{"payment"}, []string{"external_id"}, (*Sandbox).actRetag},
	"remove": {[]string{"invoice"}, nil, (*Sandbox).actRemove},
}

// serveActs does what people are asked to. The answer says what was done, also when one of the acts could not be.
func (s *Sandbox) serveActs(body []byte) reply {
	list, err := readActs(body)
	done := []Acted{}
	for i, act := range list {
		if err != nil {
			break
		}
		var acted Acted
		if acted, err = actKinds[act.Act].do(s, act); err != nil {
			err = fmt.Errorf("acts: number %d, %s: %w", i+1, act.Act, err)
			break
		}
		done = append(done, acted)
	}
	if err != nil {
		return jsonReply(http.StatusBadRequest, map[string]any{"error": err.Error(), "done": done})
	}
	return jsonReply(http.StatusOK, map[string]any{"done": done})
}

// readActs reads all of them before anything is done.
func readActs(body []byte) ([]Act, error) {
	var wire struct {
		Acts []json.RawMessage `json:"acts"`
	}
	if err := strictly(body, &wire); err != nil {
		return nil, fmt.Errorf("acts: %w", err)
	}
	if len(wire.Acts) == 0 || len(wire.Acts) > maxActs {
		return nil, fmt.Errorf("acts: %d of them, want 1 to %d", len(wire.Acts), maxActs)
	}
	list := make([]Act, 0, len(wire.Acts))
	for i, raw := range wire.Acts {
		act, err := readAct(raw)
		if err != nil {
			return nil, fmt.Errorf("acts: number %d: %w", i+1, err)
		}
		list = append(list, act)
	}
	return list, nil
}

func readAct(raw []byte) (Act, error) {
	var act Act
	var fields map[string]json.RawMessage
	if err := errors.Join(strictly(raw, &act), json.Unmarshal(raw, &fields)); err != nil {
		return act, err
	}
	kind, known := actKinds[act.Act]
	if !known {
		return act, fmt.Errorf("act %.40q: want one of %s", act.Act, strings.Join(slices.Sorted(maps.Keys(actKinds)), ", "))
	}
	for _, name := range kind.must {
		if _, given := fields[name]; !given {
			return act, fmt.Errorf("%s: %s is missing", act.Act, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "act" && !slices.Contains(kind.must, name) && !slices.Contains(kind.may, name) {
			return act, fmt.Errorf("%s: %s does not belong to it", act.Act, name)
		}
	}
	return act, nil
}

func strictly(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

// actPair adds an invoice and its bill, linked by the attribute of Demo.
func (s *Sandbox) actPair(a Act) (Acted, error) {
	orText(&a.BillCurrency, a.Currency)
	for _, currency := range []string{a.Currency, a.BillCurrency} {
		if err := positiveAmount(a.Total, currency); err != nil {
			return Acted{}, fmt.Errorf("total: %w", err)
		}
	}
	if _, known := statusNames[a.Status]; !known && a.Status != 0 {
		return Acted{}, fmt.Errorf("status %d: no invoice has that", a.Status)
	}
	confirmed, withBill := 1, true
	switch a.Bill {
	case "", "confirmed":
	case "draft":
		confirmed = 0
	case "none":
		withBill = false
	default:
		return Acted{}, fmt.Errorf("bill %.40q: want confirmed, draft or none", a.Bill)
	}
	i := s.AddInvoice(Invoice{Currency: a.Currency, Total: a.Total, Status: a.Status})
	acted := Acted{Invoice: i.ID, IDN: i.IDN}
	if withBill {
		acted.Bill = s.AddBill(Bill{
			Number: i.Number, Currency: a.BillCurrency, Total: a.Total, Confirmed: confirmed,
			Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(i.ID, 10)},
		}).ID
	}
	return acted, nil
}

func positiveAmount(text, currency string) error {
	amount, err := money.Parse(text, currency)
	if err == nil && amount.Sign() <= 0 {
		err = fmt.Errorf("%.40q is not above 0", text)
	}
	return err
}

func (s *Sandbox) actPay(a Act) (Acted, error) {
	i, found := lookUp(s, func(w *world) (Invoice, bool) { return there(w.invoices[a.Invoice]) })
	if !found {
		return Acted{}, fmt.Errorf("invoice: none has the id %d", a.Invoice)
	}
	if err := positiveAmount(a.Amount, i.Currency); err != nil {
		return Acted{}, fmt.Errorf("amount: %w", err)
	}
	if _, err := time.Parse(dayLayout, a.Date); err != nil && a.Date != "" {
		return Acted{}, fmt.Errorf("date %.40q: want a day such as 2026-03-14", a.Date)
	}
	p := s.AddPayment(Payment{InvoiceID: i.ID, Amount: a.Amount, Date: a.Date, ExternalID: a.ExternalID})
	return Acted{Invoice: i.ID, IDN: i.IDN, Payment: p.ID}, nil
}

func (s *Sandbox) actPaid(a Act) (Acted, error) {
	if a.Paid == nil || *a.Paid != 0 && *a.Paid != 1 {
		return Acted{}, errors.New("paid: want 0 or 1")
	}
	if _, found := lookUp(s, func(w *world) (Bill, bool) { return there(w.bills.byID[a.BillID]) }); !found {
		return Acted{}, fmt.Errorf("bill_id: no bill has the id %d", a.BillID)
	}
	s.EditBill(a.BillID, func(b *Bill) { b.Paid = *a.Paid })
	return Acted{Bill: a.BillID}, nil
}

func (s *Sandbox) actCancel(a Act) (Acted, error) {
	return s.actOnPayment(a, func(p *Payment) { p.Cancelled = true })
}

func (s *Sandbox) actRetag(a Act) (Acted, error) {
	if len(a.ExternalID) > maxExternalID {
		return Acted{}, fmt.Errorf("external_id: %d bytes, want at most %d", len(a.ExternalID), maxExternalID)
	}
	return s.actOnPayment(a, func(p *Payment) { p.ExternalID = a.ExternalID })
}

func (s *Sandbox) actOnPayment(a Act, edit func(*Payment)) (Acted, error) {
	p, found := lookUp(s, func(w *world) (Payment, bool) { return there(w.payments[a.Payment]) })
	if !found {
		return Acted{}, fmt.Errorf("payment: none has the id %d", a.Payment)
	}
	s.EditPayment(p.ID, edit)
	return Acted{Invoice: p.InvoiceID, Payment: p.ID}, nil
}

func (s *Sandbox) actRemove(a Act) (Acted, error) {
	i, found := lookUp(s, func(w *world) (Invoice, bool) { return there(w.invoices[a.Invoice]) })
	if !found {
		return Acted{}, fmt.Errorf("invoice: none has the id %d", a.Invoice)
	}
	s.RemoveInvoice(i.ID)
	return Acted{Invoice: i.ID, IDN: i.IDN}, nil
}

// lookUp finds one document without holding it.
func lookUp[T any](s *Sandbox, find func(*world) (T, bool)) (T, bool) {
	s.mu.LockToLook()
	defer s.mu.Unlock()
	return find(&s.world)
}

func there[T any](document *T) (T, bool) {
	if document == nil {
		return *new(T), false
	}
	return *document, true
}
