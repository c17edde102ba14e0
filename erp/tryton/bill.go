package tryton

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// States of an invoice that is booked.
const (
	posted   = "posted"
	paidFull = "paid"
)

// maxRows bounds what belongs to one bill, so that no sum overflows.
const maxRows = 500

// bill is the invoice in the port's terms. One that cannot be judged has a Problem, and then no amounts.
func (c *client) bill(b books, inv invoiceRow) reconcile.Bill {
	bill := reconcile.Bill{
		ID: strconv.FormatInt(inv.ID, 10), Link: c.name(inv.Link), Version: inv.version(), PaymentsRead: true,
		Confirmed: inv.State == posted || inv.State == paidFull,
	}
	if err := b.fill(&bill, inv); err != nil {
		bill.Problem = c.secrets.Words(err.Error())
		bill.Total, bill.Paid, bill.Payments = money.Amount{}, money.Amount{}, nil
	}
	for i, p := range bill.Payments {
		bill.Payments[i].Tag, bill.Payments[i].Problem = c.name(p.Tag), c.secrets.Words(p.Problem)
	}
	return bill
}

// version changes with everything that a decision rests on.
func (inv invoiceRow) version() string {
	encoded, err := json.Marshal(inv)
	if err != nil {
		return "" // texts and numbers can be encoded
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:16])
}

// fill sets what is owed and what is paid of it. Tryton itself computes both from the same rows.
//
// A line that is reconciled is paid. One that is not may be so in part, or in full by several payments: Tryton reconciles a
// line with one payment only. All lines of a reconciliation add up to nothing, and so what is paid is what the payments of a
// bill add up to.
func (b books) fill(bill *reconcile.Bill, inv invoiceRow) error {
	currency, err := money.ParseCurrency(inv.Currency.code())
	if err != nil {
		return err
	}
	if inv.Move == 0 {
		if bill.Total, err = inv.Total.in(currency); err == nil {
			bill.Paid, err = money.FromMinor(0, currency)
		}
		return err
	}
	if len(inv.Own) == 0 {
		return errors.New("nothing is owed by its move in the ledger")
	}
	s := sums{books: b, currency: currency}
	ledger := inv.ledger()
	if n := len(inv.Own) + len(inv.payments()) + len(ledger); n > maxRows {
		return fmt.Errorf("%d lines and payments belong to it; accepted are %d", n, maxRows)
	}
	settled := map[int64]bool{0: true} // reconciliations of what is owed; 0 is none
	for _, line := range inv.Own {
		if err := s.owe(line); err != nil {
			return fmt.Errorf("line %d: %w", line.ID, err)
		}
		settled[line.Reconciliation] = true
	}
	for _, line := range ledger {
		if err := s.add(line, inv, !settled[line.Reconciliation]); err != nil {
			return fmt.Errorf("line %d: %w", line.ID, err)
		}
	}
	switch {
	case b.currency() != string(currency) && !s.mixed:
		s.paid = s.listed // Tryton settles in its company's currency: what a line is over may be a little off what was paid of it
	case inv.State == paidFull:
		s.paid = max(s.paid, s.total) // it may be more: what pays a line that is reconciled with another payment
	}
	bill.Payments = s.payments
	if s.listed != s.paid {
		// Else what is in another currency is the difference that exchanging has made.
		bill.Payments = append(bill.Payments, s.foreign...)
	}
	if bill.Total, err = money.FromMinor(s.total, currency); err == nil {
		bill.Paid, err = money.FromMinor(s.paid, currency)
	}
	return err
}

// payments are the records that pay the invoice.
func (inv invoiceRow) payments() (rows []paymentRow) {
	for _, line := range inv.Own {
		rows = append(rows, line.Payments...)
	}
	return rows
}

// ledger are the lines that pay the invoice: those that people have put to it, and those that its own were reconciled with;
// but not those that records of payments have made.
func (inv invoiceRow) ledger() (lines []lineRow) {
	taken, cleared := map[int64]bool{}, map[int64]bool{}
	for _, line := range inv.Own {
		taken[line.ID] = true
	}
	for _, payment := range inv.payments() {
		cleared[payment.ClearingMove] = true
	}
	found := slices.Clone(inv.Payers)
	for _, line := range inv.Own {
		if line.Settled != nil {
			found = append(found, line.Settled.Lines...)
		}
	}
	for _, line := range found {
		if !taken[line.ID] && !cleared[line.Move] {
			lines, taken[line.ID] = append(lines, line), true
		}
	}
	slices.SortFunc(lines, lineRow.compare)
	return lines
}

// sums are of one bill, in minor units of its currency.
type sums struct {
	books
	currency            money.Currency
	total, paid, listed int64 // listed is what the payments add up to

	payments []reconcile.Payment
	foreign  []reconcile.Payment // lines of the ledger in another currency that are nobody's payment
	mixed    bool                // there are lines in another currency
}

// owe adds a line of what is owed, and the records that pay it.
func (s *sums) owe(line lineRow) error {
	credited, err := line.paid(s.books, s.currency)
	if err != nil {
		return err
	}
	if credited.Currency() != s.currency {
		return fmt.Errorf("is in %s, the bill in %s", credited.Currency(), s.currency)
	}
	if line.Settled != nil && line.Settled.DelegateTo != 0 {
		return errors.New("was grouped with others, so that what is paid of it cannot be told")
	}
	s.total -= credited.Minor()
	if line.Reconciliation != 0 {
		s.paid -= credited.Minor()
	}
	for _, row := range line.Payments {
		payment := row.payment(s.books)
		s.payments = append(s.payments, payment)
		if payment.Cancelled || payment.Pending != "" || payment.Amount.Currency() != s.currency {
			continue
		}
		s.listed += payment.Amount.Minor()
		if line.Reconciliation == 0 || !line.settledBy(row.ClearingMove) {
			s.paid += payment.Amount.Minor()
		}
	}
	return nil
}

// settledBy tells whether a move is among what the line was reconciled with.
func (l lineRow) settledBy(move int64) bool {
	return l.Settled != nil && slices.ContainsFunc(l.Settled.Lines, func(other lineRow) bool { return other.Move == move })
}

// add adds a line of the ledger that pays. One that was undone is reconciled with what undid it, and with nothing that is owed.
func (s *sums) add(line lineRow, inv invoiceRow, undone bool) error {
	payment := line.payment(s.books, s.currency, inv)
	if payment.Problem == "" && payment.Amount.Currency() != s.currency {
		if line.Reconciliation == 0 {
			// Tryton does not hold it against the debt yet. Taken for nothing, what it paid would be paid again.
			return fmt.Errorf("pays in %s, the bill is in %s: what is paid of it cannot be told", payment.Amount.Currency(), s.currency)
		}
		s.mixed = true
		if payment.Unsupported {
			s.foreign = append(s.foreign, payment)
		} else {
			s.payments = append(s.payments, payment)
		}
		return nil
	}
	payment.Cancelled = undone
	s.payments = append(s.payments, payment)
	if undone {
		return nil
	}
	s.listed += payment.Amount.Minor()
	if line.Reconciliation == 0 {
		s.paid += payment.Amount.Minor()
	}
	return nil
}

// paid is what the line takes off a debt: in the bill's currency where it says so, else in its own.
func (l lineRow) paid(b books, bill money.Currency) (money.Amount, error) {
	company, err := money.ParseCurrency(b.currency())
	if err != nil {
		return money.Amount{}, err
	}
	if second := l.SecondCurrency.code(); second != "" && bill != company {
		currency, err := money.ParseCurrency(second)
		if err != nil {
			return money.Amount{}, err
		}
		return l.Second.in(currency)
	}
	debit, err := l.Debit.in(company)
	if err != nil {
		return money.Amount{}, fmt.Errorf("debit: %w", err)
	}
	credit, err := l.Credit.in(company)
	if err != nil {
		return money.Amount{}, fmt.Errorf("credit: %w", err)
	}
	return money.FromMinor(debit.Minor()-credit.Minor(), company)
}
