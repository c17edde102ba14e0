package reconcile

import (
	"fmt"

	"payrecon/internal/money"
)

// Tolerance is how far two totals, or the two amounts of a pair, may lie apart and still be equal. It never makes a
// write larger. A currency that is not named has none.
type Tolerance map[money.Currency]money.Amount

// of is the tolerance in minor units.
func (t Tolerance) of(c money.Currency) int64 {
	if amount, ok := t[c]; ok && amount.Currency() == c {
		return amount.Minor()
	}
	return 0
}

// equal compares two amounts of one currency.
func (t Tolerance) equal(a, b money.Amount) bool {
	return a.Currency() == b.Currency() && distance(a.Minor(), b.Minor()) <= t.of(a.Currency())
}

func distance(a, b int64) int64 {
	if a < b {
		return b - a
	}
	return a - b
}

// Verdict is what the totals alone say about an invoice.
type Verdict int

// Verdicts.
const (
	InSync   Verdict = iota + 1 // both sides say that the same is paid
	Unlinked                    // no bill and no payment
	Differs                     // the payment lists must be read
	Excepted                    // for people
)

// Compare judges an invoice by what both documents say is paid, before any payment list is read. bill is nil where none
// was found.
func Compare(t Tolerance, inv Invoice, bill *Bill) (Verdict, *Exception) {
	return compare(t, &inv, bill)
}

func compare(t Tolerance, inv *Invoice, bill *Bill) (Verdict, *Exception) {
	if inv.Problem != "" {
		return Excepted, &Exception{Unreadable, inv.Problem}
	}
	if bill == nil {
		if inv.Paid.Sign() == 0 {
			return Unlinked, nil
		}
		return Excepted, &Exception{Reason: NoBill}
	}
	if bill.Problem != "" {
		return Excepted, &Exception{Unreadable, fmt.Sprintf("bill %s: %s", bill.ID, bill.Problem)}
	}
	for _, sums := range [][2]money.Amount{{inv.Total, inv.Paid}, {bill.Total, bill.Paid}} {
		if total, paid := sums[0], sums[1]; total.Currency() != paid.Currency() {
			return Excepted, &Exception{CurrencyMismatch, fmt.Sprintf("%s is paid of %s", paid, total)}
		}
	}
	if inv.Total.Currency() != bill.Total.Currency() {
		if inv.Paid.Sign() == 0 && bill.Paid.Sign() == 0 {
			return InSync, nil
		}
		return Excepted, &Exception{CurrencyMismatch, fmt.Sprintf("invoice of %s, bill of %s", inv.Total, bill.Total)}
	}
	if t.equal(inv.Paid, bill.Paid) {
		return InSync, nil
	}
	return Differs, nil
}
