package erply

import (
	"fmt"
	"strings"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// Types of purchase documents that are owed and can be paid. Orders and waybills owe nothing, and returns are negative.
const (
	typeInvoice     = "PRCINVOICE"     // invoice and waybill in one
	typeInvoiceOnly = "PRCINVOICEONLY" // invoice for what came with waybills
	typeCash        = "CASHPRCINVOICE" // receipt
)

// payable tells whether documents of this type take part.
func (c Config) payable(kind Text) bool {
	switch kind {
	case typeInvoice, typeInvoiceOnly:
		return true
	case typeCash:
		return c.CashInvoices
	}
	return false
}

// bill is the document in the port's terms. One that cannot be judged has a Problem, and then no amounts.
func (c Config) bill(d PurchaseDocument) reconcile.Bill {
	bill := reconcile.Bill{
		ID: string(d.ID), Link: d.attribute(c.InvoiceAttribute), Version: string(d.LastModified), PaymentsRead: true,
	}
	if err := fill(&bill, d); err != nil {
		bill = unreadable(bill, err.Error())
		bill.Total, bill.Paid, bill.Payments = money.Amount{}, money.Amount{}, nil
	}
	return bill
}

// unreadable gives the bill a Problem, and a Version of its own: lastModified may be the same as when it could be read, which
// only a read tells that looks at the whole header, and what was decided then is to be decided again.
func unreadable(bill reconcile.Bill, problem string) reconcile.Bill {
	bill.Problem = problem
	bill.Version += " unreadable"
	return bill
}

// bill is the document in the port's terms, without the credentials that somebody may have put into it.
func (c *Client) bill(d PurchaseDocument) reconcile.Bill {
	bill := c.cfg.bill(d)
	bill.Link, bill.Version, bill.Problem = c.secrets.ID(bill.Link), c.secrets.ID(bill.Version), c.secrets.Words(bill.Problem)
	for i, p := range bill.Payments {
		if p.Problem != "" {
			bill.Payments[i].ID, bill.Payments[i].Problem = c.secrets.ID(p.ID), c.secrets.Words(p.Problem)
		}
	}
	return bill
}

func fill(bill *reconcile.Bill, d PurchaseDocument) error {
	if d.Problem != "" {
		return fmt.Errorf("%s", d.Problem)
	}
	currency, err := money.ParseCurrency(string(d.CurrencyCode))
	if err != nil {
		return fmt.Errorf("currencyCode: %w", err)
	}
	if bill.Total, err = currency.Parse(string(d.Total)); err != nil {
		return fmt.Errorf("total: %w", err)
	}
	if err = checkAccounting(d, bill.Total); err != nil {
		return err
	}
	if bill.Confirmed, err = d.Confirmed.flag(); err != nil {
		return fmt.Errorf("confirmed: %w", err)
	}
	paid, err := d.Paid.flag()
	if err != nil {
		return fmt.Errorf("paid: %w", err)
	}
	bill.Payments = records(d, currency)
	return settle(bill, paid)
}

// checkAccounting: where the books are kept with another total, nobody here can say which of the two is owed.
func checkAccounting(d PurchaseDocument, total money.Amount) error {
	if unset(d.TotalForAccounting) {
		return nil
	}
	booked, err := total.Currency().Parse(string(d.TotalForAccounting))
	if err != nil {
		return fmt.Errorf("totalForAccounting: %w", err)
	}
	if booked != total {
		return fmt.Errorf("total is %s, totalForAccounting %s", total, booked)
	}
	return nil
}

// unset: an optional number that nobody has set is absent, empty or some spelling of zero.
func unset(t Text) bool { return strings.Trim(string(t), "-0.") == "" }

// settle says what is paid, from the flag and the records.
//
// Set, the flag says that the whole is paid, and what the records do not account for is one derived payment. Not set
// although the records are complete, somebody took it back: the records are listed as cancelled, and nothing is paid.
func settle(bill *reconcile.Bill, paid bool) error {
	sum, readable, err := sumOf(bill.Payments, bill.Total.Currency())
	if err != nil {
		return err
	}
	open := bill.Total.Minor() - sum.Minor()
	switch {
	case paid && open > 0:
		bill.Paid = bill.Total
		if !readable {
			return nil // what is left beyond the records is not known
		}
		rest, err := money.FromMinor(open, bill.Total.Currency())
		if err != nil {
			return fmt.Errorf("what is paid beyond the records: %w", err)
		}
		bill.Payments = append(bill.Payments, reconcile.Payment{ID: bill.ID + reconcile.DerivedSuffix, Amount: rest, Derived: true})
	case !paid && open <= 0 && len(bill.Payments) > 0:
		for i := range bill.Payments {
			bill.Payments[i].Cancelled = true
		}
		bill.Paid, err = money.FromMinor(0, bill.Total.Currency())
	default:
		bill.Paid = sum
	}
	return err
}

// sumOf adds up what can be read, and tells whether that was all.
func sumOf(payments []reconcile.Payment, currency money.Currency) (sum money.Amount, readable bool, err error) {
	sum, err = money.FromMinor(0, currency)
	readable = true
	for _, payment := range payments {
		if payment.Problem != "" {
			readable = false
			continue
		}
		if err == nil {
			sum, err = sum.Add(payment.Amount)
		}
	}
	if err != nil {
		return money.Amount{}, false, fmt.Errorf("sum of the payment records: %w", err)
	}
	return sum, readable, nil
}
