//go:build unix

package trytond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"payrecon/internal/money"
)

// Books is somebody at work in one database, in a session of their own. They say yes to every warning. Ids are what Tryton
// numbers its records with, in decimal.
type Books struct {
	c *client

	company                     int
	payable, expense            int // accounts
	purchases, method, writeOff int
	currencies                  map[string]int
	terms                       []int
	keyed                       bool // payments have the field of the module payrecon
}

// Bill is a supplier's invoice as it arrives.
type Bill struct {
	Reference   string
	Total       string     // "120.00"
	Currency    string     // "EUR" if empty
	Date        money.Date // today if empty
	Supplier    string     // one of Suppliers, the first if empty
	Instalments int        // 1 or 2; 1 if 0
	Draft       bool       // not posted yet
}

// Payment is a payment record of Tryton's.
type Payment struct {
	Bill        string // id
	Amount      string // all of the bill's next instalment that no payment record asks for yet if empty
	Date        money.Date
	Description string
	State       string // how far it is taken: draft, approved, processing or succeeded; succeeded if empty
}

// Books logs in as Admin, who may do everything.
func (d *Database) Books(ctx context.Context) (*Books, error) {
	return d.books(ctx, Admin, AdminPassword)
}

func (d *Database) books(ctx context.Context, user, password string) (*Books, error) {
	c := d.client(user, password)
	b := &Books{c: c, currencies: map[string]int{}}
	var preferences struct{ Company int }
	if err := c.signedIn(ctx, &preferences, "model.res.user.get_preferences", true, object{}); err != nil {
		return nil, err
	}
	b.company = preferences.Company
	c.context = object{"company": b.company, "language": "en"}
	for target, find := range map[*int]struct {
		model string
		by    list
	}{
		&b.payable:   {"account.account", list{"name", "=", payableAccount}},
		&b.expense:   {"account.account", list{"name", "=", expenseAccount}},
		&b.purchases: {"account.journal", list{"type", "=", "expense"}},
		&b.method:    {"account.invoice.payment.method", list{"name", "=", paymentMethod}},
		&b.writeOff:  {"account.move.reconcile.write_off", list{"name", "=", writeOff}},
	} {
		id, err := c.one(ctx, find.model, find.by)
		if err != nil {
			return nil, err
		}
		*target = id
	}
	for _, name := range terms {
		id, err := c.one(ctx, "account.invoice.payment_term", list{"name", "=", name})
		if err != nil {
			return nil, err
		}
		b.terms = append(b.terms, id)
	}
	var found []struct {
		ID   int
		Code string
	}
	if err := c.model(ctx, &found, "currency.currency", "search_read", list{}, 0, nil, nil, []string{"code"}); err != nil {
		return nil, err
	}
	for _, currency := range found {
		b.currencies[currency.Code] = currency.ID
	}
	var fields map[string]any
	if err := c.model(ctx, &fields, "account.payment", "fields_get", []string{"payrecon_key"}); err != nil {
		return nil, err
	}
	b.keyed = len(fields) > 0
	return b, nil
}

// AddBill enters a bill and returns its id.
func (b *Books) AddBill(ctx context.Context, bill Bill) (string, error) {
	values, err := b.bill(ctx, bill)
	if err != nil {
		return "", err
	}
	id, err := b.c.create(ctx, "account.invoice", values)
	if err != nil {
		return "", err
	}
	if bill.Draft {
		return strconv.Itoa(id), nil
	}
	return strconv.Itoa(id), b.Post(ctx, strconv.Itoa(id))
}

func (b *Books) bill(ctx context.Context, bill Bill) (object, error) {
	if bill.Currency == "" {
		bill.Currency = homeCurrency
	}
	if bill.Supplier == "" {
		bill.Supplier = Suppliers[0]
	}
	currency, ok := b.currencies[bill.Currency]
	if !ok {
		return nil, fmt.Errorf("there is no currency %q", bill.Currency)
	}
	term := max(bill.Instalments, 1) - 1
	if term >= len(b.terms) {
		return nil, fmt.Errorf("want at most %d instalments", len(b.terms))
	}
	supplier, err := b.c.one(ctx, "party.party", list{"name", "=", bill.Supplier})
	if err != nil {
		return nil, err
	}
	address, err := b.c.one(ctx, "party.address", list{"party", "=", supplier})
	if err != nil {
		return nil, err
	}
	date := bill.Date
	if date == "" {
		if date, err = b.Today(ctx); err != nil {
			return nil, err
		}
	}
	return object{
		"type": "in", "company": b.company, "currency": currency, "party": supplier, "invoice_address": address,
		"journal": b.purchases, "account": b.payable, "payment_term": b.terms[term], "invoice_date": day(date),
		"reference": bill.Reference,
		"lines": list{list{"create", list{object{
			"type": "line", "company": b.company, "currency": currency, "quantity": 1, "account": b.expense, "unit_price": decimal(bill.Total), "description": "as agreed",
		}}}},
	}, nil
}

// Call is whatever else can be done in Tryton: a method of a model with its parameters, the context excepted, and where to
// put what it returns, which may be nil.
func (b *Books) Call(ctx context.Context, result any, model, method string, parameters ...any) error {
	return b.c.model(ctx, result, model, method, parameters...)
}

// Today is the day that Tryton's clock shows.
func (b *Books) Today(ctx context.Context) (money.Date, error) {
	var today day
	err := b.c.model(ctx, &today, "ir.date", "today")
	return money.Date(today), err
}

// Post confirms a draft.
func (b *Books) Post(ctx context.Context, bill string) error {
	return b.button(ctx, "account.invoice", "post", bill, "posted", "paid")
}

// CancelBill cancels a bill; one that was posted keeps its number, and its move is reversed.
func (b *Books) CancelBill(ctx context.Context, bill string) error {
	return b.button(ctx, "account.invoice", "cancel", bill, "cancelled")
}

// SetReference changes the external id of a draft; that of a posted bill can not be changed any more.
func (b *Books) SetReference(ctx context.Context, bill, reference string) error {
	id, err := number(bill)
	if err != nil {
		return err
	}
	return b.c.model(ctx, nil, "account.invoice", "write", []int{id}, object{"reference": reference})
}

// PayByRecord makes a payment record, takes it as far as it says, and returns its id: the only way to pay that leaves one.
func (b *Books) PayByRecord(ctx context.Context, p Payment) (string, error) {
	line, err := b.openLine(ctx, p.Bill)
	if err != nil {
		return "", err
	}
	if p.Amount == "" {
		p.Amount = string(line.Payment)
	}
	if p.Date == "" {
		if p.Date, err = b.Today(ctx); err != nil {
			return "", err
		}
	}
	journal, err := b.c.one(ctx, "account.payment.journal", list{"name", "=", Journal}, list{"currency", "=", line.currency})
	if err != nil {
		return "", err
	}
	id, err := b.c.create(ctx, "account.payment", object{
		"company": b.company, "journal": journal, "kind": "payable", "party": line.party, "line": line.ID,
		"amount": decimal(p.Amount), "date": day(p.Date), "description": p.Description,
	})
	if err != nil {
		return "", err
	}
	return strconv.Itoa(id), b.take(ctx, id, p.Date, p.State)
}

// take takes a draft payment to a state, one button after another.
func (b *Books) take(ctx context.Context, payment int, date money.Date, state string) error {
	id := strconv.Itoa(payment)
	steps := []struct {
		state string
		press func() error
	}{
		{"draft", func() error { return nil }},
		{"approved", func() error { return b.button(ctx, "account.payment", "approve", id, "approved") }},
		{"processing", func() error {
			return b.fill(ctx, "account.payment.process", "process", payment, object{}, "processing")
		}},
		{"succeeded", func() error {
			return b.fill(ctx, "account.payment.succeed", "succeed", payment, object{"date": day(date)}, "succeeded")
		}},
	}
	for _, step := range steps {
		if err := step.press(); err != nil {
			return err
		}
		if step.state == state {
			return nil
		}
	}
	if state != "" {
		return fmt.Errorf("%q is no state that a payment is taken to", state)
	}
	return nil
}

// Fail says that a payment did not come about: what it paid is open again.
func (b *Books) Fail(ctx context.Context, payment string) error {
	return b.button(ctx, "account.payment", "fail", payment, "failed")
}

// DeleteDraft deletes a payment that is a draft. It leaves no trace.
func (b *Books) DeleteDraft(ctx context.Context, payment string) error {
	id, err := number(payment)
	if err != nil {
		return err
	}
	return b.c.model(ctx, nil, "account.payment", "delete", []int{id})
}

// PayByWizard pays with the button "Pay" on the bill, which leaves a payable line and no payment record. An empty amount is
// all that is open, an empty date today.
func (b *Books) PayByWizard(ctx context.Context, bill, amount string, date money.Date) error {
	return b.paying(ctx, bill, amount, date, func(i invoice, amount decimal, date money.Date) error {
		w, err := b.c.open(ctx, "account.invoice.pay", "account.invoice", i.ID)
		if err != nil {
			return err
		}
		start, err := w.press(ctx, w.first)
		if err != nil {
			return err
		}
		form := start.values()
		form["amount"], form["date"], form["payment_method"], form["description"] = amount, day(date), b.method, nil
		w.forms["start"] = form
		// A form that comes back asks what the rest is; nothing is paid before that is answered.
		ask, err := b.press(ctx, w, "choice")
		if err == nil && ask != nil {
			w.forms["ask"] = ask.values()
			_, err = b.press(ctx, w, "pay")
		}
		return errors.Join(err, w.close(ctx))
	})
}

// PayByStatement enters a bank statement with one line that pays the bill, and posts it. It leaves a payable line and no
// payment record. An empty amount is all that is open, an empty date today.
func (b *Books) PayByStatement(ctx context.Context, bill, amount string, date money.Date) error {
	return b.paying(ctx, bill, amount, date, func(i invoice, amount decimal, date money.Date) error {
		journal, err := b.c.one(ctx, "account.statement.journal", list{"currency", "=", i.Currency})
		if err != nil {
			return err
		}
		id, err := b.c.create(ctx, "account.statement", object{
			"name": "Statement of " + string(date), "company": b.company, "journal": journal, "date": day(date), "number_of_lines": 1,
			"lines": list{list{"create", list{object{
				"date": day(date), "amount": "-" + amount, "party": i.Party, "account": b.payable, "invoice": i.ID,
			}}}},
		})
		if err != nil {
			return err
		}
		if err := b.button(ctx, "account.statement", "validate_statement", strconv.Itoa(id), "validated"); err != nil {
			return err
		}
		return b.button(ctx, "account.statement", "post", strconv.Itoa(id), "posted")
	})
}

// paying fills in what was left empty, and makes sure that the bill was paid: that Tryton did not object says nothing.
func (b *Books) paying(ctx context.Context, bill, amount string, date money.Date, pay func(invoice, decimal, money.Date) error) error {
	before, err := b.invoice(ctx, bill)
	if err != nil {
		return err
	}
	if amount == "" {
		amount = string(before.Open)
	}
	if date == "" {
		if date, err = b.Today(ctx); err != nil {
			return err
		}
	}
	if err := pay(before, decimal(amount), date); err != nil {
		return err
	}
	after, err := b.invoice(ctx, bill)
	if err != nil {
		return err
	}
	if len(after.PaymentLines) != len(before.PaymentLines)+1 {
		return fmt.Errorf("bill %s was not paid: it has %d payable lines that pay it, and had %d", bill, len(after.PaymentLines), len(before.PaymentLines))
	}
	return nil
}

// Credit enters the supplier's credit note for the whole bill, which is paid by it from then on. It returns the note's id.
func (b *Books) Credit(ctx context.Context, bill string) (string, error) {
	i, err := b.invoice(ctx, bill)
	if err != nil {
		return "", err
	}
	w, err := b.c.open(ctx, "account.invoice.credit", "account.invoice", i.ID)
	if err != nil {
		return "", err
	}
	today, err := b.Today(ctx)
	if err != nil {
		return "", err
	}
	w.forms["start"] = object{"with_refund": false, "invoice_date": day(today)}
	if _, err := w.press(ctx, "credit"); err != nil {
		return "", err
	}
	if err := w.close(ctx); err != nil {
		return "", err
	}
	notes, err := b.c.ids(ctx, "account.invoice", list{list{"type", "=", "in"}, list{"state", "=", "draft"}, list{"lines.origin.invoice.id", "=", i.ID, "account.invoice.line"}})
	if err != nil {
		return "", err
	}
	if len(notes) != 1 {
		return "", fmt.Errorf("bill %s has %d credit notes that are drafts, want one", bill, len(notes))
	}
	note := strconv.Itoa(notes[0])
	if err := b.Post(ctx, note); err != nil {
		return "", err
	}
	credit, err := b.invoice(ctx, note)
	if err != nil {
		return "", err
	}
	return note, b.reconcile(ctx, slices.Concat(i.LinesToPay, credit.LinesToPay))
}

// WriteOff settles a bill with all that has paid it, and writes off what is left, which may be nothing. Tryton settles by itself
// only when a payment is made that fits: a bill that was paid in parts by payment records stays posted until somebody does this.
func (b *Books) WriteOff(ctx context.Context, bill string) error {
	i, err := b.invoice(ctx, bill)
	if err != nil {
		return err
	}
	cleared, err := b.c.ids(ctx, "account.move.line", list{
		list{"account", "=", b.payable}, list{"move.origin.line", "in", i.LinesToPay, "account.payment"},
	})
	if err != nil {
		return err
	}
	return b.reconcile(ctx, slices.Concat(i.LinesToPay, i.PaymentLines, cleared))
}

// reconcile settles payable lines with each other, and writes off what is left.
func (b *Books) reconcile(ctx context.Context, lines []int) error {
	open, err := b.c.ids(ctx, "account.move.line", list{list{"id", "in", lines}, list{"reconciliation", "=", nil}})
	if err != nil {
		return err
	}
	w, err := b.c.open(ctx, "account.move.reconcile_lines", "account.move.line", open...)
	if err != nil {
		return err
	}
	form, err := w.press(ctx, w.first)
	if err == nil && form != nil {
		values := form.values()
		values["writeoff"] = b.writeOff
		w.forms["writeoff"] = values
		_, err = b.press(ctx, w, "reconcile")
	}
	return errors.Join(err, w.close(ctx))
}

// invoice is what acts need of a bill.
type invoice struct {
	ID           int
	Party        int
	Currency     int
	State        string
	Open         decimal `json:"amount_to_pay"`
	LinesToPay   []int   `json:"lines_to_pay"`
	PaymentLines []int   `json:"payment_lines"`
}

func (b *Books) invoice(ctx context.Context, bill string) (invoice, error) {
	id, err := number(bill)
	if err != nil {
		return invoice{}, err
	}
	return read[invoice](ctx, b.c, "account.invoice", id, "party", "currency", "state", "amount_to_pay", "lines_to_pay", "payment_lines")
}

type openLine struct {
	ID             int
	Payment        decimal `json:"payment_amount"` // what no payment record asks for yet
	Reconciliation *int
	party          int
	currency       int
}

// openLine is the bill's first instalment that is not settled, one that payment records do not ask for in full if there is one.
func (b *Books) openLine(ctx context.Context, bill string) (openLine, error) {
	i, err := b.invoice(ctx, bill)
	if err != nil {
		return openLine{}, err
	}
	var lines []openLine
	if err := b.c.model(ctx, &lines, "account.move.line", "read", i.LinesToPay, []string{"payment_amount", "reconciliation"}); err != nil {
		return openLine{}, err
	}
	var found *openLine
	for n, line := range lines {
		free := strings.Trim(string(line.Payment), "0.") != "" && !strings.HasPrefix(string(line.Payment), "-")
		if line.Reconciliation == nil && (found == nil || free) {
			found = &lines[n]
		}
		if found != nil && free {
			break
		}
	}
	if found == nil {
		return openLine{}, fmt.Errorf("bill %s has nothing to pay", bill)
	}
	found.party, found.currency = i.Party, i.Currency
	return *found, nil
}

// fill presses a button on the first form of a wizard upon a payment, and sees that the payment is then in the state.
func (b *Books) fill(ctx context.Context, name, button string, payment int, form object, state string) error {
	w, err := b.c.open(ctx, name, "account.payment", payment)
	if err != nil {
		return err
	}
	w.forms["start"] = form
	if _, err := b.press(ctx, w, button); err != nil {
		return err
	}
	if err := w.close(ctx); err != nil {
		return err
	}
	return b.isIn(ctx, "account.payment", payment, button, state)
}

// press presses a wizard's button, and once more after every warning.
func (b *Books) press(ctx context.Context, w *wizard, button string) (next *view, err error) {
	return next, b.yes(ctx, func() error {
		next, err = w.press(ctx, button)
		return err
	})
}

// button presses a record's button, and sees that the record is then in one of the states: where a button is not offered,
// pressing it does nothing and is no error.
func (b *Books) button(ctx context.Context, model, button, record string, states ...string) error {
	id, err := number(record)
	if err != nil {
		return err
	}
	if err := b.yes(ctx, func() error { return b.c.model(ctx, nil, model, button, []int{id}) }); err != nil {
		return err
	}
	return b.isIn(ctx, model, id, button, states...)
}

func (b *Books) isIn(ctx context.Context, model string, id int, after string, states ...string) error {
	row, err := read[struct{ State string }](ctx, b.c, model, id, "state")
	if err != nil {
		return err
	}
	if !slices.Contains(states, row.State) {
		return fmt.Errorf("%s %d is %s after %s", model, id, row.State, after)
	}
	return nil
}

const maxWarnings = 5

// yes does something again after each warning that it met.
func (b *Books) yes(ctx context.Context, do func() error) error {
	for range maxWarnings {
		err := do()
		var warning *Fault
		if !errors.As(err, &warning) || warning.Kind != "UserWarning" {
			return err
		}
		if _, err := b.c.create(ctx, "res.user.warning", object{"user": b.c.id, "name": warning.name, "always": false}); err != nil {
			return err
		}
	}
	return do()
}

func number(id string) (int, error) {
	n, err := strconv.Atoi(id)
	if err != nil {
		return 0, fmt.Errorf("%q is no id of Tryton's", id)
	}
	return n, nil
}
