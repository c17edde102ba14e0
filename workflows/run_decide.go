package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// compareTotals sorts the invoices by what the documents alone say, then reads the payment lists of those that differ.
func (r *run) compareTotals(ctx workflow.Context) error {
	differing := r.sortByTotals(ctx)
	r.progress.Differing = len(differing)
	r.show(ctx)
	listed, err := r.listPayments(ctx, differing)
	if err != nil {
		return err
	}
	for _, c := range differing {
		if ctx.Err() != nil {
			return errStopped
		}
		switch exception, err := r.readPayments(ctx, &c, listed); {
		case err != nil:
			return err
		case exception != nil:
			r.except(ctx, c, *exception)
		default:
			r.candidates = append(r.candidates, c)
		}
		r.progress.PaymentsRead++
		r.show(ctx)
	}
	return nil
}

// sortByTotals settles what needs no payment list, and returns the rest.
func (r *run) sortByTotals(ctx workflow.Context) []candidate {
	var differing []candidate
	for i, match := range r.settings.Linking.MatchAll(r.settings.Tolerance, r.invoices, r.bills) {
		inv, bill, verdict, exception := r.invoices[i], match.Bill, match.Verdict, match.Exception
		c := candidate{Invoice: inv}
		if bill != nil {
			c.Bill = *bill
		}
		open, before := r.openBefore[inv.IDN]
		switch {
		case before && (r.sharedBefore(open) || r.asBefore(open, c)):
			r.carry(ctx, open)
		case verdict == reconcile.Excepted:
			c.State = r.stateOf(c)
			r.except(ctx, c, *exception)
		case verdict == reconcile.Unlinked:
			r.report.Unlinked++
			r.agrees(inv)
		case verdict == reconcile.InSync && !before && r.start.Job.Scope != ScopeDeep && !r.mayBeUntied(c) && !c.Bill.Begun():
			// Equal totals can hide changes that cancel out, a half of a pair that was not tagged in time, and a payment that
			// was begun beside the one that was made: what was open is closed by its payment lists only.
			delete(r.seen, c.Bill.ID)
			r.report.InSync++
			r.agrees(inv)
		default:
			c.State = r.stateOf(c)
			differing = append(differing, c)
		}
	}
	return differing
}

// sharedBefore: that a bill is the bill of two invoices cannot be seen by a run that looks at one of them. What a full run
// has found stands until the next full one.
func (r *run) sharedBefore(open OpenInvoice) bool {
	return !r.everything() && open.Reason == reconcile.AmbiguousBill
}

// everything tells whether this run reads all invoices.
func (r *run) everything() bool {
	return r.report.Scope != scopeInvoices && r.report.Scope != ScopeChanges
}

// mayBeUntied: a run that was cut off may have created a payment in Precoro without giving the ERP's half its key. Totals do
// not show that, and a half that vanishes would not be noticed.
func (r *run) mayBeUntied(c candidate) bool {
	cutOff := r.start.Memory.Untied || r.settings.Reset
	return cutOff && r.settings.Knows(activities.CheaperWays) && c.Invoice.Paid.Sign() != 0 && c.Bill.PaymentsRead && c.Bill.ForPrecoro()
}

// agrees remembers an invoice that needs nothing. A full run only keeps what was known: of all invoices, those that
// Precoro's feed will list are few.
func (r *run) agrees(inv reconcile.Invoice) {
	mark, known := r.start.Memory.Settled[inv.IDN]
	if r.report.Scope == ScopeChanges || known && mark == fingerprint(inv) {
		r.settle(inv)
	}
}

// settledByLists are the reasons that documents and payment lists alone decide: with the same documents they are the same
// again.
var settledByLists = []reconcile.Reason{
	reconcile.TotalMismatch, reconcile.Overpaid, reconcile.PossibleDuplicate, reconcile.DuplicatePayment, reconcile.AmountMismatch,
	reconcile.Reversed, reconcile.ListMismatch, reconcile.UnsupportedPayment, reconcile.CurrencyMismatch, reconcile.NotConfirmed,
}

// asBefore: an open exception whose documents are what they were is not read again, unless somebody asks for it.
func (r *run) asBefore(open OpenInvoice, c candidate) bool {
	return open.Row != nil && open.State != "" && open.State == r.stateOf(c) && slices.Contains(settledByLists, open.Reason) &&
		r.start.Job.Scope != ScopeDeep && len(r.start.Job.Invoices) == 0
}

func (r *run) stateOf(c candidate) string {
	return reconcile.State(r.policy(c.Bill.ID), c.Invoice, c.Bill)
}

// readPayments completes a candidate with both payment lists. A document that cannot be had is an exception of its own.
func (r *run) readPayments(ctx workflow.Context, c *candidate, listed *paymentList) (*reconcile.Exception, error) {
	read, there := listed.of(c.Invoice)
	if there && r.listed.At.Before(read.Read.At) {
		read.Read.At = r.listed.At // the invoice itself is as old as its listing
	}
	if !there {
		read, there = r.given[c.Invoice.IDN]
	}
	if !there {
		var err error
		read, err = r.readInvoice(ctx, c.Invoice.IDN)
		if exception, one := aboutOne(err, invoiceGone); one {
			return exception, nil
		}
		if err != nil {
			return nil, r.giveUp(err)
		}
	}
	c.Invoice, c.Payments, c.Read = read.Invoice, read.Payments, read.Read
	if c.Bill.PaymentsRead && r.billsRead.Before(c.Read.At) {
		c.Read.At = r.billsRead
	}
	if !c.Bill.PaymentsRead {
		bill, err := r.readBill(ctx, c.Bill.ID)
		if exception, one := aboutOne(err, billGone); one {
			return exception, nil
		}
		if err != nil {
			return nil, r.giveUp(err)
		}
		c.Bill = bill.Snapshot.Bill
	}
	return nil, nil
}

// What it means that a document is not there: an invoice was listed a moment ago.
const (
	invoiceGone = reconcile.Unreadable
	billGone    = reconcile.NoBill
)

// readBill reads one bill. A write upon it, and reading it back, are to fit into the ERP's hour too.
func (r *run) readBill(ctx workflow.Context, id string) (activities.BillRead, error) {
	return askERP(ctx, r, 3*r.settings.ERP.LinkCost, "read bill "+id, act.ReadBill, activities.ReadBillRequest{Company: r.settings.Ref(), ID: id})
}

// decide settles every differing invoice on paper, before anything is written.
func (r *run) decide(ctx workflow.Context) error {
	var planned []candidate
	for _, c := range r.candidates {
		if r.judge(ctx, &c) {
			planned = append(planned, c)
		}
	}
	r.candidates = planned
	r.report.Digest = reconcile.Digest(plan(planned))
	return nil
}

// judge decides one invoice and counts what comes of it. It returns whether something is to be written.
func (r *run) judge(ctx workflow.Context, c *candidate) bool {
	if c.Invoice.Problem == "" && (c.Invoice.LeftOut || !takesPart(c.Invoice.Status)) {
		r.report.LeftOut++ // it moved on while the run was reading
		r.report.Invoices--
		return false
	}
	// The bill was found first, and read with its payments later: somebody may have linked it elsewhere in between.
	if exception := r.linked(*c); exception != nil && r.settings.Knows(activities.EveryWriteTold) {
		r.except(ctx, *c, *exception)
		return false
	}
	policy := r.policy(c.Bill.ID)
	r.rememberSeen(*c, policy.Today)
	decision := reconcile.Decide(policy, c.Invoice, c.Payments, c.Bill)
	if decision.Exception != nil {
		r.except(ctx, *c, *decision.Exception)
		return false
	}
	r.report.BeforeStart += decision.BeforeStart
	r.report.OtherDirection += decision.OtherDirection
	if len(decision.Writes) == 0 {
		if decision.BeforeStart+decision.OtherDirection == 0 {
			r.report.InSync++
		}
		if decision.OtherDirection == 0 {
			r.agrees(c.Invoice)
		}
		return false
	}
	c.Writes = decision.Writes
	return true
}

// rememberSeen keeps the day on which a paid flag was first seen that no payment explains, so that the payment that will
// is dated by it, and a plan is the same tomorrow.
func (r *run) rememberSeen(c candidate, today money.Date) {
	if slices.ContainsFunc(c.Bill.Payments, func(p reconcile.Payment) bool { return p.Derived }) {
		r.seen[c.Bill.ID] = today
	}
}

func plan(candidates []candidate) []reconcile.Planned {
	var all []reconcile.Planned
	for _, c := range candidates {
		for _, w := range c.Writes {
			all = append(all, reconcile.Planned{Invoice: c.Invoice.IDN, Bill: c.Bill.ID, Write: w})
		}
	}
	return all
}

// holdCaps ends the run before the first write if it is a plan, or over the caps and not approved.
func (r *run) holdCaps(ctx workflow.Context) error {
	over, err := r.overCaps()
	if err != nil {
		return err
	}
	approve := r.start.Job.Approve
	switch {
	case approve != "" && approve != r.report.Digest && len(r.candidates) > 0:
		over = append(over, fmt.Sprintf("the plan is no longer the one approved (%s)", approve))
	case approve != "":
		over = nil
	}
	if len(over) > 0 {
		r.report.Outcome = report.NeedsApproval
		r.report.Notes = append(r.report.Notes, over...)
	}
	if r.start.Job.writes() && len(over) == 0 {
		r.leaveForNext(ctx)
		return nil
	}
	for _, c := range r.candidates {
		for _, w := range c.Writes {
			r.wouldWrite(ctx, &c, w)
		}
	}
	r.candidates = nil
	return nil
}

// leaveForNext keeps the run to what it can carry over when it continues as new.
func (r *run) leaveForNext(ctx workflow.Context) {
	if len(r.candidates) <= maxWritten {
		return
	}
	r.report.Notes = append(r.report.Notes, fmt.Sprintf("%d more invoices differ than one run writes; the next run goes on", len(r.candidates)-maxWritten))
	r.leaveOpen(ctx, r.candidates[maxWritten:])
	r.candidates = r.candidates[:maxWritten]
}

// overCaps says which caps the complete plan exceeds.
func (r *run) overCaps() (over []string, err error) {
	payments := 0
	sums := map[money.Currency]money.Amount{}
	var currencies []money.Currency
	for _, p := range plan(r.candidates) {
		if p.Write.Adopt {
			continue
		}
		payments++
		currency := p.Write.Amount.Currency()
		sum, there := sums[currency]
		if !there {
			currencies = append(currencies, currency)
			sums[currency] = p.Write.Amount
			continue
		}
		if sums[currency], err = sum.Add(p.Write.Amount); err != nil {
			return nil, fmt.Errorf("adding up the plan: %w", err)
		}
	}
	caps := r.settings.Caps
	if payments > caps.Payments {
		over = append(over, fmt.Sprintf("%d payments are more than the cap of %d", payments, caps.Payments))
	}
	slices.Sort(currencies)
	for _, currency := range currencies {
		if most, capped := caps.Amount[currency]; capped && sums[currency].Minor() > most.Minor() {
			over = append(over, fmt.Sprintf("%s are more than the cap of %s", sums[currency], most))
		}
	}
	return over, nil
}

// wouldWrite reports a write that is not carried out.
func (r *run) wouldWrite(ctx workflow.Context, c *candidate, w reconcile.Write) {
	action := report.WouldCreate
	if w.Adopt {
		action = report.WouldAdopt
	}
	before := paidOf(*c)
	if !w.Adopt {
		c.add(w)
	}
	r.addRow(ctx, rowOf(*c, w, action, before, w.Note))
}

// openSince is when an invoice became open for this reason.
func (r *run) openSince(ctx workflow.Context, idn int64, reason reconcile.Reason) time.Time {
	if open, before := r.openBefore[idn]; before && open.Reason == reason {
		return open.Since
	}
	return workflow.Now(ctx)
}
