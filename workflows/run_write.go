package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// No API here can be asked to create "this one, once". What makes it once is this file: a write is sent only upon a fresh
// read that does not show it; an answer that was lost is waited out and looked for before anything is sent again; and
// while one write is unresolved, nothing else is written on that invoice.

// write carries out the plan: in bulk where the ERP takes it so, then invoice by invoice. Between two of either the run may
// stop or continue as new.
func (r *run) write(ctx workflow.Context) error {
	r.decided = true
	a := r.newWriting(ctx)
	err := a.carryOut()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errLong):
		return r.continueAsNew(ctx, a.left())
	}
	err = a.tieInTheEnd(err)
	a.leaveRest()
	return err
}

// writing is the part of a run that writes.
type writing struct {
	*run
	writers   []*writer        // one for each candidate
	stop      workflow.Context // cancelled when nothing new is to be begun
	finishing workflow.Context // what has begun is finished, also when the run is cancelled meanwhile
	begun     bool             // something of the plan was dealt with
	inBulk    bool
	size      int  // of a bulk, at most
	failing   bool // the run is about to fail: nothing is waited for that may be left to the next one
}

func (r *run) newWriting(ctx workflow.Context) *writing {
	a := &writing{run: r, stop: ctx, size: r.settings.ERP.Bulk, inBulk: r.writesInBulk()}
	a.finishing, _ = workflow.NewDisconnectedContext(ctx)
	for i := range r.candidates {
		w := &writer{writing: a, candidate: &r.candidates[i]}
		w.know()
		a.writers = append(a.writers, w)
	}
	return a
}

func (a *writing) carryOut() error {
	if err := a.letSettle(); err != nil {
		return err
	}
	passes := []func() error{a.writeSingly}
	if a.inBulk {
		passes = []func() error{a.writeFresh, a.writeSingly, a.writeStale, a.writeSingly, a.tie}
	}
	for _, pass := range passes {
		if err := pass(); err != nil {
			return err
		}
		if a.stopped {
			return errStopped
		}
	}
	return nil
}

// letSettle waits, in a run that goes on for one that was reset, for what that one had begun before: it may not have sent
// anything since, and then it has not been told.
func (a *writing) letSettle() error {
	if a.start.Resume == nil || !a.start.Resume.Reset {
		return nil
	}
	err := a.waitUntil(a.stop, workflow.Now(a.stop).Add(a.settings.Settle), "until what this run had begun before its reset has settled")
	if a.stop.Err() != nil {
		return errStopped
	}
	return err
}

// writeSingly settles invoice by invoice what is not left to a bulk.
func (a *writing) writeSingly() error {
	for _, w := range a.writers {
		if len(w.Writes) == 0 || w.forBulk() {
			continue
		}
		if err := a.safePoint(); err != nil {
			return err
		}
		if err := w.settle(a.finishing); err != nil {
			return err
		}
		a.dealtWith()
	}
	return nil
}

// errLong ends a run whose history has grown long: it continues as new.
var errLong = errors.New("the history is long")

// safePoint stands before anything new is begun: there the run may stop or continue as new.
func (a *writing) safePoint() error {
	if a.stop.Err() == nil && a.begun && a.long(a.stop) {
		if err := a.tie(); err != nil {
			return err
		}
		if a.stop.Err() == nil {
			return errLong
		}
	}
	if a.stop.Err() != nil {
		return errStopped
	}
	return nil
}

// long tells whether the history has grown so long that the run goes on as a new one. What was read of a large company fills
// a good part of it, so that the server's own suggestion comes too early: each invoice that is carried over is read again.
func (r *run) long(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	if !r.settings.Knows(activities.CheaperWays) {
		return info.GetContinueAsNewSuggested()
	}
	return info.GetCurrentHistoryLength() > maxEvents || info.GetCurrentHistorySize() > maxHistory
}

// dealtWith shows how many invoices are left.
func (a *writing) dealtWith() {
	a.begun = true
	a.progress.InvoicesLeft = 0
	for _, w := range a.writers {
		if len(w.Writes) > 0 {
			a.progress.InvoicesLeft++
		}
	}
	a.show(a.stop)
}

// left are the invoices on which something is still to be written.
func (a *writing) left() []candidate {
	var left []candidate
	for _, w := range a.writers {
		if len(w.Writes) > 0 {
			left = append(left, *w.candidate)
		}
	}
	return left
}

// leaveRest remembers what is left, also the halves that are not tied, so that the next run looks at it in any case; and
// tells of what was sent and could not be looked for.
func (a *writing) leaveRest() {
	for _, w := range a.writers {
		if w.sent != nil && a.settings.Knows(activities.EveryWriteTold) {
			w.unresolved()
			continue
		}
		if len(w.Writes) > 0 || w.untied != nil {
			a.leave(a.finishing, *w.candidate)
		}
	}
}

// unresolved is the row of a write of which the run had no time to see what became of it.
func (w *writer) unresolved() {
	note := "sent, and the run ended before it could see whether it was carried out; the next one looks"
	if step := stepOf(w.Bill, *w.sent); step != "" {
		note = fmt.Sprintf("begun in the ERP, where it is %s now, and the run ended; the next one goes on", step)
	}
	row := rowOf(*w.candidate, *w.sent, report.HasException, paidOf(*w.candidate), note)
	row.Reason = reconcile.Unverified
	w.exceptRow(w.finishing, *w.candidate, "", row)
}

// continueAsNew carries the invoices that are left. Their lists were read by this run ID, so the next one reads each
// again before it writes.
func (r *run) continueAsNew(ctx workflow.Context, left []candidate) error {
	r.fileRows(ctx)
	start := r.start
	start.Memory.KeepsKey, start.Memory.Seen = r.keepsKey, r.seen
	start.Memory.Open = slices.Clone(start.Memory.Open)
	for i, open := range start.Memory.Open {
		if r.everything() || r.looked[open.Invoice] {
			start.Memory.Open[i].State, start.Memory.Open[i].Row = "", nil // judged by now
		}
	}
	start.Memory.Quota = r.quota
	start.Resume = r.resume()
	start.Resume.Reset = r.wasReset(ctx)
	for _, c := range left {
		start.Resume.Candidates = append(start.Resume.Candidates, candidate{
			Invoice: c.Invoice, Bill: reconcile.Bill{ID: c.Bill.ID}, Got: r.readAt[c.Invoice.IDN], Reread: true, Writes: c.Writes, State: c.State,
		})
	}
	return workflow.NewContinueAsNewError(ctx, TypeRun, start)
}

// writer carries out the writes of one invoice.
type writer struct {
	*writing
	*candidate
	decisions int
	careful   bool             // something is to be looked into that a bulk does not
	waited    bool             // a write was seen there, and with it what else has happened: what is left is decided again upon that
	untied    *reconcile.Write // the key that the ERP's half of a payment created in Precoro is still to get
	sent      *reconcile.Write // what was sent, and nobody has seen yet what became of it
	// known are the payments of both sides that the standing decision was made on.
	knownPrecoro, knownERP []string
}

// fate is what became of one write.
type fate int

const (
	carriedOut fate = iota + 1 // it is there now, with its key
	overtaken                  // the documents changed: what is left was decided again
	abandoned                  // an exception, or the run stops: nothing else is done on this invoice
)

func (w *writer) settle(ctx workflow.Context) error {
	if w.Reread {
		became, err := overtakenOr(w.decideAgain(ctx, true))
		if err != nil {
			return err
		}
		w.took(became)
	}
	for len(w.Writes) > 0 {
		if w.waited && w.settings.Knows(activities.EveryWriteTold) {
			if err := w.decideRest(ctx); err != nil {
				return err
			}
			continue
		}
		next := w.Writes[0]
		send := w.inPrecoro
		if next.Direction == reconcile.ToERP {
			send = w.inERP
		}
		became, err := send(ctx, next)
		if err != nil {
			return err
		}
		w.took(became)
	}
	return nil
}

// decideRest decides what is left upon what a write was seen with. That is not the documents changing under the run.
func (w *writer) decideRest(ctx workflow.Context) error {
	w.waited = false
	w.decisions--
	became, err := overtakenOr(w.decideAgain(ctx, false))
	if err == nil {
		w.took(became)
	}
	return err
}

// took goes on to the next write, or to none.
func (w *writer) took(became fate) {
	w.sent = nil
	switch became {
	case carriedOut:
		if w.Writes = w.Writes[1:]; len(w.Writes) == 0 {
			w.run.settle(w.asListed())
		}
	case overtaken:
	case abandoned:
		w.Writes, w.untied = nil, nil
	}
}

// asListed is the invoice as Precoro will list it after our writes: its feed names every invoice that we have paid.
func (c *candidate) asListed() reconcile.Invoice {
	inv := c.Invoice
	switch {
	case inv.Paid == inv.Total:
		inv.Status = reconcile.StatusPaid
	case inv.Paid.Sign() > 0:
		inv.Status = reconcile.StatusPartlyPaid
	default:
	}
	return inv
}

// attempts counts how often one write was tried.
type attempts struct {
	unknown, notSent int
	onItsWay         bool // this run, or one before its reset, may have sent it
}

// afterFailure waits as the failed write demands, from when it failed on, so that the check that follows sees the truth. A
// fate other than 0 is final.
func (w *writer) afterFailure(ctx workflow.Context, order reconcile.Write, err error, at time.Time, tried *attempts) (fate, error) {
	kind, failure, ok := activities.KindOf(err)
	if !ok {
		return 0, err
	}
	switch kind {
	case activities.StaleRead, activities.NotSent, activities.Refused, activities.Unauthorized, activities.Forbidden, activities.InvalidRequest:
		if w.sent != nil && w.sent.Adopt == order.Adopt && stepOf(w.Bill, order) == "" {
			w.sent = nil // it surely was not carried out; a payment of ours that lacks its key was, or one that is begun
		}
	default:
	}
	switch kind {
	case activities.StaleRead:
		tried.notSent++
		tried.onItsWay = tried.onItsWay || failure.Wait > 0
		if failure.RunID != "" {
			w.self = activities.Self{RunID: failure.RunID, Since: at.Add(failure.Wait)}
		}
		if err := w.waitUntil(ctx, at.Add(failure.Wait), "because another run may have sent the write"); err != nil {
			return 0, err
		}
	case activities.NotSent:
		// Nothing is under way, so that a run that is to stop need not wait for a quota.
		tried.notSent++
		err := w.waitUntil(w.stop, at.Add(max(w.settings.SameGet, failure.Wait)), "because the write was not sent: "+failure.Text)
		if w.stop.Err() != nil {
			return w.stopBefore(ctx)
		}
		if err != nil {
			return 0, err
		}
	case activities.Refused:
		return w.abandon(ctx, order, reconcile.Rejected, failure.Text)
	case activities.Unauthorized, activities.Forbidden, activities.InvalidRequest:
		return 0, w.giveUp(err)
	default:
		tried.unknown++
		tried.onItsWay = true
		err := w.waitUntil(ctx, at.Add(w.settings.Settle), "because nobody knows yet whether the write took effect: "+failure.Text)
		if err != nil {
			return 0, err
		}
	}
	if tried.notSent >= maxNotSent {
		return w.abandon(ctx, order, reconcile.Rejected, fmt.Sprintf("could not be sent in %d tries: %s", tried.notSent, failure.Text))
	}
	return 0, nil
}

// mayBeOurs tells whether a payment without a key that has come up may be the one that was sent. Where nothing was sent it is
// somebody else's, and what is due is decided again.
func (w *writer) mayBeOurs(tried attempts) bool {
	return tried.onItsWay || !w.settings.Knows(activities.EveryWriteTold)
}

// appeared finds what may be the order's payment. double says that there are two, and nobody can tell.
func appeared(payments []reconcile.Payment, known []string, order reconcile.Write) (found *reconcile.Payment, double bool) {
	for i, p := range payments {
		if p.Tag == order.Key && !p.Cancelled {
			return &payments[i], false
		}
	}
	for i, p := range payments {
		if p.Cancelled || p.Tag != "" || p.Derived || p.Amount != order.Amount || slices.Contains(known, p.ID) {
			continue
		}
		if found != nil {
			return nil, true
		}
		found = &payments[i]
	}
	return found, false
}

// stillDue decides again upon what was just read, and tells whether the order still stands. 0 says it does.
func (w *writer) stillDue(ctx workflow.Context, order reconcile.Write) (fate, error) {
	became, err := overtakenOr(w.decideAgain(ctx, false))
	if became == overtaken && w.Writes[0] == order {
		return 0, nil
	}
	return became, err
}

func overtakenOr(ended bool, err error) (fate, error) {
	switch {
	case err != nil:
		return 0, err
	case ended:
		return abandoned, nil
	}
	return overtaken, nil
}

// decideAgain judges the invoice anew, after reading both sides again if asked to. Only what was planned is written: a
// payment that has come up since is the next run's, so that caps and approvals hold. ended says that nothing is left.
func (w *writer) decideAgain(ctx workflow.Context, reread bool) (ended bool, err error) {
	if w.decisions++; w.decisions > maxDecisions {
		_, err := w.abandon(ctx, w.Writes[0], reconcile.Rejected, fmt.Sprintf("the documents changed %d times while this was being written", maxDecisions))
		return true, err
	}
	if reread {
		if became, err := w.readPrecoro(ctx, w.Writes[0]); became != 0 || err != nil {
			return true, err
		}
		if became, err := w.refreshBill(ctx, w.Writes[0]); became != 0 || err != nil {
			return true, err
		}
	}
	if w.Invoice.Problem == "" && (w.Invoice.LeftOut || !takesPart(w.Invoice.Status)) {
		w.report.Notes = append(w.report.Notes, fmt.Sprintf("invoice %d: has status %d by now; nothing was written", w.Invoice.IDN, w.Invoice.Status))
		return true, nil
	}
	if exception := w.linked(*w.candidate); exception != nil {
		w.except(ctx, *w.candidate, *exception)
		return true, nil
	}
	decision := reconcile.Decide(w.policy(w.Bill.ID), w.Invoice, w.Payments, w.Bill)
	if decision.Exception != nil {
		w.except(ctx, *w.candidate, *decision.Exception)
		return true, nil
	}
	plan := w.Writes
	w.Writes = slices.DeleteFunc(slices.Clone(decision.Writes), func(now reconcile.Write) bool {
		return !slices.ContainsFunc(plan, func(then reconcile.Write) bool { return within(now, then) })
	})
	w.know()
	if len(w.Writes) < len(decision.Writes) {
		w.report.Notes = append(w.report.Notes, fmt.Sprintf("invoice %d: changed while it was being written; the next run looks at it again", w.Invoice.IDN))
		w.leave(ctx, *w.candidate)
	}
	return len(w.Writes) == 0, nil
}

// linked looks whether the bill is still the invoice's.
func (r *run) linked(c candidate) *reconcile.Exception {
	bills := reconcile.NewBills()
	bills.Add(c.Bill)
	bill, exception := r.settings.Linking.Link(c.Invoice, bills)
	if bill == nil && exception == nil {
		exception = &reconcile.Exception{Reason: reconcile.AmbiguousBill, Note: fmt.Sprintf("bill %s was linked to the invoice, and is no longer", c.Bill.ID)}
	}
	return exception
}

// within tells whether a write is one that was planned, or less: a smaller amount, or a key where a payment was planned.
func within(now, then reconcile.Write) bool {
	return now.Key == then.Key && now.Direction == then.Direction && !larger(now.Amount, then.Amount) &&
		(!then.Adopt || now.Adopt && now.Target == then.Target)
}

// refreshBill reads the bill anew. A bill that is gone ends the invoice.
func (w *writer) refreshBill(ctx workflow.Context, order reconcile.Write) (fate, error) {
	_, became, err := w.readBillFor(ctx, order)
	return became, err
}

func (w *writer) readBillFor(ctx workflow.Context, order reconcile.Write) (activities.BillRead, fate, error) {
	read, err := w.readBill(ctx, w.Bill.ID)
	if exception, one := aboutOne(err, billGone); one {
		became, err := w.abandon(ctx, order, exception.Reason, exception.Note)
		return activities.BillRead{}, became, err
	}
	if err != nil {
		return activities.BillRead{}, 0, w.giveUp(err)
	}
	w.Bill = read.Snapshot.Bill
	return read, 0, nil
}

func larger(a, b money.Amount) bool {
	return a.Currency() != b.Currency() || a.Minor() > b.Minor()
}

// know notes the payments that the standing decision was made on.
func (w *writer) know() {
	w.knownPrecoro, w.knownERP = ids(w.Payments), ids(w.Bill.Payments)
}

func ids(payments []reconcile.Payment) []string {
	all := make([]string, 0, len(payments))
	for _, p := range payments {
		all = append(all, p.ID)
	}
	return all
}

// abandon leaves the invoice to people.
func (w *writer) abandon(ctx workflow.Context, order reconcile.Write, reason reconcile.Reason, note string) (fate, error) {
	if step := stepOf(w.Bill, order); step != "" {
		note = joined(note, fmt.Sprintf("the ERP holds it, %s", step))
	}
	row := rowOf(*w.candidate, order, report.HasException, paidOf(*w.candidate), note)
	row.Reason = reason
	w.exceptRow(ctx, *w.candidate, "", row)
	return abandoned, nil
}

// stopBefore ends the invoice because the run is to stop, with nothing under way. A payment of ours may be there that still
// lacks its key.
func (w *writer) stopBefore(ctx workflow.Context) (fate, error) {
	w.stopped = true
	if w.sent != nil && w.settings.Knows(activities.NoKeyUntold) {
		w.unresolved()
		return abandoned, nil
	}
	w.leave(ctx, *w.candidate)
	return abandoned, nil
}

// leaveOpen remembers invoices that the run did not get to, so that the next one looks at them in any case.
func (r *run) leaveOpen(ctx workflow.Context, left []candidate) {
	for _, c := range left {
		r.leave(ctx, c)
	}
}

func (r *run) leave(ctx workflow.Context, c candidate) {
	r.keepOpen(r.openOf(ctx, c, ""))
}

// add books an order that was carried out, or would be, in the run's own picture of the documents.
func (c *candidate) add(order reconcile.Write) {
	paid := &c.Invoice.Paid
	if order.Direction == reconcile.ToERP {
		paid = &c.Bill.Paid
	}
	if sum, err := paid.Add(order.Amount); err == nil { // one currency: decided so
		*paid = sum
	}
}

func joined(note, more string) string {
	if note == "" {
		return more
	}
	return note + "; " + more
}
