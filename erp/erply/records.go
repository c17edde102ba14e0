package erply

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// A payment record is an attribute of the document: named payrecon-<Precoro payment id>, its value 120.00 EUR 2026-03-14.
// Erply sets attributes by name, so that one that is written twice is there once.
const recordPrefix = "payrecon-"

// keyPrefix begins the key of a Precoro payment.
const keyPrefix = "pr."

var paymentID = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// recordName is the attribute that holds the payment with this key.
func recordName(key string) (string, error) {
	id, ours := strings.CutPrefix(key, keyPrefix)
	if !ours || !paymentID.MatchString(id) {
		return "", refuse("key", "%.40q; accepted is %s and the id of a Precoro payment", key, keyPrefix)
	}
	return recordPrefix + id, nil
}

// recordValue is what the attribute holds.
func recordValue(amount money.Amount, date money.Date) string {
	return amount.String() + " " + string(date)
}

// parseRecordValue reads what recordValue wrote, or what somebody has made of it since.
func parseRecordValue(text string) (money.Amount, money.Date, error) {
	parts := strings.Split(text, " ")
	if len(parts) != 3 {
		return money.Amount{}, "", fmt.Errorf("%.60q is not a record such as 120.00 EUR 2026-03-14", text)
	}
	amount, err := money.Parse(parts[0], parts[1])
	if err != nil {
		return money.Amount{}, "", err
	}
	if amount.Sign() <= 0 {
		return money.Amount{}, "", fmt.Errorf("amount %s is not above zero", amount)
	}
	date, err := money.ParseDate(parts[2])
	return amount, date, err
}

// records are the payments that the document's attributes hold. What cannot be read is a payment with a Problem, so that
// nothing is decided without it.
func records(d PurchaseDocument, currency money.Currency) []reconcile.Payment {
	var payments []reconcile.Payment
	seen := make(map[Text]bool)
	for _, attribute := range d.Attributes {
		id, ours := strings.CutPrefix(string(attribute.Name), recordPrefix)
		if !ours {
			continue
		}
		payment, err := record(id, string(attribute.Value), currency)
		if seen[attribute.Name] {
			err = errors.New("stands twice in the document")
		}
		seen[attribute.Name] = true
		payment.ID = string(d.ID) + "." + string(attribute.Name)
		if err != nil {
			payment.Problem = fmt.Sprintf("attribute %.60q: %v", string(attribute.Name), err)
		}
		payments = append(payments, payment)
	}
	return payments
}

func record(id, value string, currency money.Currency) (reconcile.Payment, error) {
	if !paymentID.MatchString(id) {
		return reconcile.Payment{}, errors.New("does not name a Precoro payment")
	}
	amount, date, err := parseRecordValue(value)
	if err == nil && amount.Currency() != currency {
		err = fmt.Errorf("is in %s, the document in %s", amount.Currency(), currency)
	}
	if err != nil {
		return reconcile.Payment{Tag: keyPrefix + id}, err
	}
	return reconcile.Payment{Tag: keyPrefix + id, Amount: amount, Date: date}, nil
}
