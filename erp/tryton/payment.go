package tryton

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// States of a payment.
const (
	draft      = "draft"
	approved   = "approved"
	processing = "processing"
	succeeded  = "succeeded"
	failed     = "failed"
)

// payable is the kind of payments that go to suppliers.
const payable = "payable"

// payment is the line as a payment of the invoice. What people pay by its Pay wizard or by a bank statement is one; a credit
// note, a write-off or whatever else it was reconciled with counts, and is none.
func (l lineRow) payment(b books, bill money.Currency, inv invoiceRow) reconcile.Payment {
	payment := reconcile.Payment{ID: "l" + strconv.FormatInt(l.ID, 10), Date: l.In.Date.Date, Fixed: true}
	var err error
	if payment.Amount, err = l.paid(b, bill); err != nil {
		payment.Problem = err.Error()
	}
	wizard := l.In.Origin == "account.invoice,"+strconv.FormatInt(inv.ID, 10)
	statement := strings.HasPrefix(l.In.Origin, "account.statement,")
	payment.Unsupported = !wizard && !statement || payment.Amount.Sign() <= 0
	return payment
}

// payment is the record in the port's terms.
func (r paymentRow) payment(b books) reconcile.Payment {
	payment := reconcile.Payment{ID: r.id(), Tag: r.tag(b), Date: r.Date.Date}
	switch r.State {
	case draft, approved, processing:
		payment.Pending = r.State
	case failed:
		payment.Cancelled = true
	case succeeded:
		if r.ClearingMove == 0 {
			payment.Problem = "succeeded without a move in the ledger: whether that is paid cannot be told; give its journal a clearing account"
		}
	default:
		payment.Problem = fmt.Sprintf("its state is %.40q", r.State)
	}
	amount, err := r.amount()
	if err != nil {
		payment.Problem = err.Error()
	}
	payment.Amount, payment.Unsupported = amount, r.Kind != payable
	return payment
}

func (r paymentRow) id() string { return "p" + strconv.FormatInt(r.ID, 10) }

// tag is the payment's key, or what people have put into its place. Keys from before there was a field for them stand in the
// description.
func (r paymentRow) tag(b books) string {
	if b.unique && (r.Key != "" || !ourKey.MatchString(r.Description)) {
		return r.Key
	}
	return r.Description
}

// ourKey is the key of a Precoro payment.
var ourKey = regexp.MustCompile(`^pr\.[0-9]{1,19}$`)

func (r paymentRow) amount() (money.Amount, error) {
	currency, err := money.ParseCurrency(r.Journal.Currency.code())
	if err != nil {
		return money.Amount{}, err
	}
	amount, err := r.Amount.in(currency)
	if err != nil || r.Kind == payable {
		return amount, err
	}
	return money.FromMinor(-amount.Minor(), currency)
}
