// Package check asks both sides of a company whether they can be reached with its credentials, and whether they show what
// a run needs to see. It only reads, and sends a side whose requests are scarce at most two, whatever happens.
package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"payrecon/erp"
	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
	"payrecon/precoro"
)

const (
	// maxRequests of a side where they are scarce: Precoro answers two listings; an ERP may want a login before it answers one
	// search.
	maxRequests = 2
	// maxFreeRequests of an ERP that has no quota: Tryton answers six requests before the first search, which takes five, and
	// five more where somebody pays in the middle of it.
	maxFreeRequests = 20
)

// paymentsAsked is another size of page than a run asks for: Precoro refuses the same GET within a minute, and a run that
// follows a check would send it.
const paymentsAsked = 100

// Company is a company to be checked.
type Company struct {
	Name    string
	Precoro *precoro.Client
	Slot    time.Duration // least time from one Precoro request to the next
	ERP     erp.Adapter
	System  string // the adapter's name in the configuration
	Linking reconcile.Linking
}

// erpTable is where the ERP's settings stand in the configuration.
func (c Company) erpTable() string { return "[company.erp." + c.System + "]" }

// allowance is how many requests the ERP may be sent.
func (c Company) allowance() int {
	if c.ERP.Capabilities().PerHour > 0 {
		return maxRequests
	}
	return maxFreeRequests
}

// Checker checks companies, one after another.
type Checker struct {
	now  func() time.Time
	wait func(context.Context, time.Duration) error
}

// New takes this machine's clock, and what waits for the end of a slot.
func New(now func() time.Time, wait func(context.Context, time.Duration) error) *Checker {
	return &Checker{now: now, wait: wait}
}

// Check asks both sides of one company. What fails is in the result.
func (c *Checker) Check(ctx context.Context, company Company) Result {
	side, invoices := c.precoro(ctx, company)
	return Result{Company: company.Name, Precoro: side, ERP: c.erp(ctx, company, invoices)}
}

// statuses are those of a run, in another order: Precoro refuses the same GET twice within a minute, and whoever starts a
// run after a check should not wait for that.
var statuses = []int{reconcile.StatusPaid, reconcile.StatusPartlyPaid, reconcile.StatusApproved}

// precoro reads the first page of the invoices and the first page of the payments, whose rights may differ. It returns
// the invoices that a run would work on, newest first.
func (c *Checker) precoro(ctx context.Context, company Company) (side Precoro, invoices []reconcile.Invoice) {
	ctx, used := remote.WithAllowance(ctx, maxRequests)
	defer func() { side.Requests = used.Sent() }()
	var page precoro.InvoicePage
	err := c.paced(ctx, company.Slot, func() (err error) {
		page, err = company.Precoro.ListInvoices(ctx, precoro.InvoiceFilter{Statuses: statuses}, 1)
		side.compareClocks("Precoro", page.Date, c.now())
		return err
	})
	if err != nil {
		side.fail("list of invoices", err, used, precoroHint)
		return side, nil
	}
	side.Invoices = invoiceRows(page)
	side.Invoices.judge(&side.Side, "invoices")
	if len(page.Invoices) == 0 {
		side.warn("No invoice of status 2 (approved), 4 (partly paid) or 5 (paid) is visible. If there are any, look at the roles of the token's user in Precoro.")
	}
	var payments precoro.PaymentPage
	err = c.paced(ctx, company.Slot, func() (err error) {
		payments, err = company.Precoro.ListPayments(ctx, precoro.PaymentFilter{PerPage: paymentsAsked}, 1)
		return err
	})
	if err != nil {
		side.fail("list of payments", err, used, precoroHint)
		return side, takingPart(page.Invoices)
	}
	side.Outcome = OK
	side.Payments = paymentRows(payments)
	side.Payments.judge(&side.Side, "payments")
	return side, takingPart(page.Invoices)
}

// paced keeps the slot of a request: it returns no earlier than that after it was sent, also when it failed, so that
// whatever comes next, a run among it, is not too fast.
func (c *Checker) paced(ctx context.Context, slot time.Duration, call func() error) error {
	sent := c.now()
	err := call()
	if left := sent.Add(slot).Sub(c.now()); left > 0 {
		_ = c.wait(ctx, left) // a check that was interrupted is not looked at
	}
	return err
}

func invoiceRows(page precoro.InvoicePage) *Rows {
	rows := Rows{Total: page.Total, Read: len(page.Invoices)}
	for _, inv := range page.Invoices {
		rows.add(inv.IDN, inv.ExternalID, inv.Problem)
	}
	return &rows
}

func paymentRows(page precoro.PaymentPage) *Rows {
	rows := Rows{Total: page.Total, Read: len(page.Payments)}
	for _, payment := range page.Payments {
		rows.add(payment.IDN, payment.ExternalID, payment.Problem)
	}
	return &rows
}

// takingPart leaves out what no run works on: credit notes, split-cost children, rows that cannot be read.
func takingPart(page []precoro.Invoice) []reconcile.Invoice {
	var invoices []reconcile.Invoice
	for _, inv := range page {
		if inv.Problem == "" && !inv.CreditNote() && !inv.SplitChild {
			invoices = append(invoices, reconcile.Invoice{ID: inv.ID, IDN: inv.IDN, Total: inv.Total, ExternalID: inv.ExternalID})
		}
	}
	return invoices
}

// judge says what a run would stumble over, though Precoro answered.
func (r *Rows) judge(side *Side, what string) {
	if r.Unreadable > 0 {
		side.warn("%d of the newest %d %s cannot be read. The first is number %d: %s", r.Unreadable, r.Read, what, r.First, r.Problem)
	}
}

// erp looks for the bills of as many of the newest invoices as one call of the port takes. Without any, it asks for a bill
// that need not exist: whether the ERP can be reached does not depend on Precoro.
func (c *Checker) erp(ctx context.Context, company Company, invoices []reconcile.Invoice) (side ERP) {
	ctx, used := remote.WithAllowance(ctx, company.allowance())
	defer func() { side.Requests = used.Sent() }()
	asked, links := company.links(invoices)
	if len(links) == 0 {
		links = []erp.Link{{Invoice: "1"}}
	}
	found, err := company.ERP.FindBills(ctx, links)
	if err != nil {
		side.fail("search for bills", err, used, company.erpHint)
		return side
	}
	side.Outcome, side.UniqueKeys = OK, found.Unique
	side.compareClocks("The ERP", found.Time, c.now())
	switch {
	case len(asked) > 0:
		side.Bills = company.billsOf(asked, found.Bills)
		side.judge(company, asked)
	case len(invoices) > 0:
		side.warn("No bill could be looked for: company.match.link trusts the invoices' external ID alone, and none of the newest %d has one.", len(invoices))
	}
	return side
}

// links asks for the bill of each invoice by every side that is trusted, as far as one call goes.
func (c Company) links(invoices []reconcile.Invoice) (asked []reconcile.Invoice, links []erp.Link) {
	for _, inv := range invoices {
		var own []erp.Link
		if c.trusts(reconcile.LinkERP) {
			own = append(own, erp.Link{Invoice: c.Linking.Key(inv)})
		}
		if c.trusts(reconcile.LinkPrecoro) && inv.ExternalID != "" {
			own = append(own, erp.Link{Bill: inv.ExternalID})
		}
		if len(links)+len(own) > c.ERP.Capabilities().Links {
			break
		}
		if len(own) > 0 {
			asked, links = append(asked, inv), append(links, own...)
		}
	}
	return asked, links
}

func (c Company) trusts(side string) bool { return slices.Contains(c.Linking.Sides, side) }

// billsOf counts what was found by what it means to a run.
func (c Company) billsOf(asked []reconcile.Invoice, found []reconcile.Bill) *Bills {
	bills := Bills{Invoices: len(asked)}
	known := reconcile.NewBills()
	known.Add(found...)
	for _, inv := range asked {
		bill, exception := c.Linking.Link(inv, known)
		switch {
		case exception != nil:
			bills.Ambiguous++
		case bill == nil:
			bills.Missing++
		default:
			bills.count(inv, *bill)
			if c.trusts(reconcile.LinkERP) && bill.Link == c.Linking.Key(inv) {
				bills.ByERP++
			}
		}
	}
	return &bills
}

func (b *Bills) count(inv reconcile.Invoice, bill reconcile.Bill) {
	b.Linked++
	if bill.Problem != "" {
		b.note(bill)
		return
	}
	if !bill.Confirmed {
		b.Drafts++
	}
	if bill.Total != inv.Total { // also where the currencies differ
		b.Differ++
	}
}

func (b *Bills) note(bill reconcile.Bill) {
	if b.Unreadable == 0 {
		b.First, b.Problem = bill.ID, remote.Words(bill.Problem)
	}
	b.Unreadable++
}

// judge says what a run would stumble over, though the ERP answered.
func (e *ERP) judge(company Company, asked []reconcile.Invoice) {
	b := e.Bills
	if b.Unreadable > 0 {
		e.warn("%d of %d bills cannot be read. The first is bill %s: %s", b.Unreadable, b.Linked, b.First, b.Problem)
	}
	// A handful may have found their bills by the other link.
	unused := company.trusts(reconcile.LinkERP) && b.ByERP == 0 && b.Missing > b.Linked
	switch {
	case unused, b.Missing == b.Invoices:
		e.warn("No bill was found for %d of the newest %s. %s", b.Missing, counted(b.Invoices, "invoice"), strings.Join(company.whyUnlinked(asked[0]), " "))
	case b.Differ*2 > b.Linked:
		e.warn("%d of %d bills have another total or currency than their invoice. Is company.match.precoro_key (%s) right?", b.Differ, b.Linked, company.Linking.PrecoroKey)
	}
}

// whyUnlinked says where to look, by the example of one invoice.
func (c Company) whyUnlinked(inv reconcile.Invoice) []string {
	var why []string
	if c.trusts(reconcile.LinkERP) {
		why = append(why, fmt.Sprintf(
			"The bill of invoice %d should carry %s: is company.match.precoro_key (%s) right, and in %s the field that holds it (with Erply invoice_attribute, with Tryton external_id_field)?",
			inv.IDN, c.Linking.Key(inv), c.Linking.PrecoroKey, c.erpTable()))
	}
	if c.trusts(reconcile.LinkPrecoro) {
		why = append(why, "In Precoro, an invoice's external ID should be the id of its bill.")
	}
	return why
}
