package tryton

import (
	"cmp"
	"context"
	"slices"
	"time"

	"payrecon/internal/reconcile"
)

// entry is a bill with everything that belongs to it.
type entry struct {
	Invoice  invoiceRow
	Own      []lineRow    // what is owed: its move's lines on its own account, one for each instalment
	Payments []paymentRow // that pay these lines
	Ledger   []lineRow    // what else pays them
}

// complete reads what belongs to the invoices, in three queries.
func (c *client) complete(ctx context.Context, b books, invoices []invoiceRow) ([]entry, error) {
	var moves, accounts, payers []int64
	for _, inv := range invoices {
		if inv.Move != 0 {
			moves, accounts = append(moves, inv.Move), append(accounts, inv.Account)
		}
		payers = append(payers, inv.PaymentLines...)
	}
	var own, ledger []lineRow
	var payments []paymentRow
	var err error
	if len(moves) > 0 {
		if own, err = c.lines(ctx, b, domain{where("move", "in", moves), where("account", "in", unique(accounts))}); err != nil {
			return nil, err
		}
	}
	var owed, reconciliations []int64
	for _, line := range own {
		owed = append(owed, line.ID)
		if line.Reconciliation != 0 {
			reconciliations = append(reconciliations, line.Reconciliation)
		}
	}
	if len(owed) > 0 {
		if payments, err = c.payments(ctx, b, domain{where("line", "in", owed)}); err != nil {
			return nil, err
		}
	}
	if len(payers)+len(reconciliations) > 0 {
		if ledger, err = c.lines(ctx, b, domain{either(where("id", "in", unique(payers)), where("reconciliation", "in", unique(reconciliations)))}); err != nil {
			return nil, err
		}
	}
	return assemble(invoices, own, payments, ledger), nil
}

// unique sorts ids and drops those that are there twice.
func unique(ids []int64) []int64 {
	ids = append([]int64{}, ids...) // never nil: that is null in JSON, and no list
	slices.Sort(ids)
	return slices.Compact(ids)
}

// assemble gives each invoice its own.
func assemble(invoices []invoiceRow, own []lineRow, payments []paymentRow, ledger []lineRow) []entry {
	lines, paying := map[int64][]lineRow{}, map[int64][]paymentRow{}
	for _, line := range own {
		lines[line.Move] = append(lines[line.Move], line)
	}
	for _, payment := range payments {
		paying[payment.Line] = append(paying[payment.Line], payment)
	}
	byID, groups := map[int64]lineRow{}, map[int64][]lineRow{}
	for _, line := range ledger {
		byID[line.ID] = line
		groups[line.Reconciliation] = append(groups[line.Reconciliation], line)
	}
	entries := make([]entry, 0, len(invoices))
	for _, inv := range invoices {
		e := entry{Invoice: inv}
		taken, cleared := map[int64]bool{}, map[int64]bool{} // lines of the ledger; moves that are the payments' own
		for _, line := range lines[inv.Move] {
			if line.Account != inv.Account {
				continue
			}
			e.Own, taken[line.ID] = append(e.Own, line), true
			for _, payment := range paying[line.ID] {
				e.Payments, cleared[payment.ClearingMove] = append(e.Payments, payment), true
			}
		}
		var candidates []lineRow
		for _, id := range inv.PaymentLines {
			if line, there := byID[id]; there {
				candidates = append(candidates, line)
			}
		}
		for _, line := range e.Own {
			if line.Reconciliation != 0 {
				candidates = append(candidates, groups[line.Reconciliation]...)
			}
		}
		for _, line := range candidates {
			if !taken[line.ID] && !cleared[line.Move] {
				e.Ledger, taken[line.ID] = append(e.Ledger, line), true
			}
		}
		slices.SortFunc(e.Ledger, func(a, b lineRow) int { return cmp.Compare(a.ID, b.ID) })
		slices.SortFunc(e.Own, byMaturity)
		entries = append(entries, e)
	}
	return entries
}

// byMaturity is the order in which Tryton takes instalments to be due.
func byMaturity(a, b lineRow) int {
	if (a.Maturity.Date == "") != (b.Maturity.Date == "") {
		return cmp.Compare(b.Maturity.Date, a.Maturity.Date) // those without a day last
	}
	return cmp.Or(cmp.Compare(a.Maturity.Date, b.Maturity.Date), cmp.Compare(a.ID, b.ID))
}

// judged is an entry in the port's terms.
type judged struct {
	entry
	bill reconcile.Bill
	torn bool // its parts contradict each other
}

// part is what one search for bills gave.
type part struct {
	bills []judged
	last  int64 // id of the last that was looked at, 0 for none
	full  bool  // there may be more
	at    time.Time
}

// read gives the bills of a domain with everything that belongs to them, at most limit of them, by id upwards.
//
// Its queries are transactions of their own, and somebody may pay in between. What contradicts itself is read once more; what
// still does so then is as it is.
func (c *client) read(ctx context.Context, b books, which domain, limit int) (part, error) {
	first, err := c.readOnce(ctx, b, which, limit)
	if err != nil {
		return part{}, err
	}
	var torn []int64
	for _, one := range first.bills {
		if one.torn {
			torn = append(torn, one.Invoice.ID)
		}
	}
	if len(torn) == 0 {
		return first, nil
	}
	again, err := c.readOnce(ctx, b, b.bills(where("id", "in", torn)), len(torn))
	if err != nil {
		return part{}, err
	}
	first.bills = append(slices.DeleteFunc(first.bills, func(one judged) bool { return one.torn }), again.bills...)
	return first, nil
}

func (c *client) readOnce(ctx context.Context, b books, which domain, limit int) (part, error) {
	invoices, at, err := c.invoices(ctx, b, which, limit)
	if err != nil {
		return part{}, err
	}
	entries, err := c.complete(ctx, b, invoices)
	if err != nil {
		return part{}, err
	}
	p := part{full: len(invoices) == limit, at: at}
	for _, e := range entries {
		p.bills, p.last = append(p.bills, c.judge(b, e)), e.Invoice.ID
	}
	return p, nil
}
