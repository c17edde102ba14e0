package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// The fast path for an ERP that takes many writes in one request: read - write - read back, for up to a hundred bills at
// a time. It is for what is clear only. Whatever is not goes to the careful path of run_write.go, which reads again by
// itself; and nothing that was sent leaves its bulk before it is known what became of it, however the run ends.

func (r *run) writesInBulk() bool {
	return r.settings.ERP.Bulk > 1 && r.settings.Knows(activities.CheaperWays)
}

// forBulk tells whether the next write on the invoice is left to a bulk.
func (w *writer) forBulk() bool {
	return w.inBulk && !w.careful && len(w.Writes) > 0 && w.Writes[0].Direction == reconcile.ToERP
}

// stale tells whether the invoice has to be decided again before a write.
func (w *writer) stale() bool {
	before := !w.self.Since.IsZero() && (w.Read.RunID != w.self.RunID || w.Read.At.Before(w.self.Since)) // the run's reset
	return w.Reread || before || workflow.Now(w.finishing).Sub(w.Read.At) > activities.FreshFor
}

// writeFresh writes what may be written as it was decided, as long as it may.
func (a *writing) writeFresh() error {
	return a.writeChunks(func(w *writer) bool { return w.forBulk() && !w.stale() })
}

// writeStale writes the rest. It comes last, as the invoices are read again for it, one a second.
func (a *writing) writeStale() error {
	return a.writeChunks((*writer).forBulk)
}

func (a *writing) writeChunks(which func(*writer) bool) error {
	for {
		chunk := a.chunk(which)
		if len(chunk) == 0 {
			return nil
		}
		if err := a.safePoint(); err != nil {
			return err
		}
		if err := a.awaitRoom(len(chunk)); err != nil {
			return err
		}
		if err := a.writeChunk(chunk); err != nil {
			return err
		}
		a.dealtWith()
	}
}

// awaitRoom waits until a whole bulk fits into the ERP's hour: to read, to write and to read back.
func (a *writing) awaitRoom(writes int) error {
	err := a.awaitQuota(a.stop, a.erpOpens(a.finishing, (writes+2)*a.settings.ERP.LinkCost))
	if a.stop.Err() != nil {
		return errStopped
	}
	return err
}

// chunk is as many as a bulk may hold.
func (a *writing) chunk(which func(*writer) bool) []*writer {
	var chunk []*writer
	for _, w := range a.writers {
		if len(chunk) < a.size && which(w) {
			chunk = append(chunk, w)
		}
	}
	return chunk
}

// writeChunk writes one payment upon each of these bills, and another as long as all of them are clear: what was read back
// is then what the next one rests on.
func (a *writing) writeChunk(chunk []*writer) error {
	if err := a.rereadInvoices(chunk); err != nil {
		return err
	}
	chunk = slices.DeleteFunc(chunk, notForBulk)
	chunk, bills, err := a.readBefore(chunk)
	for err == nil {
		var entries []*entry
		entries, err = a.due(chunk, bills)
		if a.stop.Err() != nil {
			entries, _ = parted(entries, (*entry).begun) // what has begun is finished
		}
		if len(entries) == 0 || err != nil {
			return err
		}
		if bills, err = a.send(entries); bills == nil {
			return err
		}
		chunk = slices.DeleteFunc(chunk, notForBulk)
	}
	return err
}

func notForBulk(w *writer) bool { return !w.forBulk() }

// rereadInvoices reads those anew whose decision is too old, for due to make it again. Until then they count as stale.
func (a *writing) rereadInvoices(chunk []*writer) error {
	for _, w := range chunk {
		if !w.stale() {
			continue
		}
		if a.stop.Err() != nil {
			return errStopped
		}
		w.Reread = true
		became, err := w.readPrecoro(a.finishing, w.Writes[0])
		if err != nil {
			return err
		}
		w.took(became)
	}
	return nil
}

// readBefore reads the bills of a chunk. What does not fit into the answer is left to another, smaller chunk.
func (a *writing) readBefore(chunk []*writer) ([]*writer, billReads, error) {
	if len(chunk) == 0 {
		return nil, nil, nil
	}
	bills := billReads{}
	read, err := a.readBills(billsOf(chunk))
	if _, one := aboutOne(err, billGone); one {
		return chunk, bills, nil // the careful path finds out which one it is
	}
	if err != nil {
		return nil, nil, a.giveUp(err)
	}
	if bills.add(read); len(bills) == 0 || len(read.Rest) == 0 {
		return chunk, bills, nil
	}
	a.size = len(bills)
	return slices.DeleteFunc(chunk, func(w *writer) bool { return slices.Contains(read.Rest, w.Bill.ID) }), bills, nil
}

// entry is one write in a bulk.
type entry struct {
	*writer
	order   reconcile.Write
	why     purpose
	bill    activities.BillRead // as it was read before
	step    string              // how far the payment had come before, where the ERP makes it in several
	failure error               // of the write; nil says no more than that the ERP did not refuse it
	tried   attempts
}

func (e *entry) begun() bool { return e.step != "" }

// due are the writes that nothing speaks against. Whatever is not clear is looked into by the careful path.
func (a *writing) due(chunk []*writer, bills billReads) ([]*entry, error) {
	var entries []*entry
	for _, w := range chunk {
		bill, there := bills[w.Bill.ID]
		if there && w.waited && !w.Reread && a.settings.Knows(activities.EveryWriteTold) {
			w.Bill = bill.Snapshot.Bill
			if err := w.decideRest(a.finishing); err != nil {
				return nil, err
			}
			if notForBulk(w) {
				continue
			}
		}
		if there && w.Reread {
			if err := w.decideUpon(bill); err != nil {
				return nil, err
			}
			if notForBulk(w) {
				continue
			}
		}
		if there && w.clear(bill.Snapshot.Bill, w.Writes[0], planned) {
			w.Bill = bill.Snapshot.Bill
			entries = append(entries, &entry{writer: w, order: w.Writes[0], why: planned, bill: bill, step: stepOf(w.Bill, w.Writes[0])})
			continue
		}
		w.careful = true
	}
	return entries, nil
}

// decideUpon makes a decision again, upon an invoice and a bill that were just read.
func (w *writer) decideUpon(bill activities.BillRead) error {
	w.Bill = bill.Snapshot.Bill
	became, err := overtakenOr(w.decideAgain(w.finishing, false))
	if err != nil {
		return err
	}
	w.Reread = false
	w.took(became)
	return nil
}

// clear tells whether nothing has happened to the bill since the decision: no key of the order's and no payment that may
// be it has come up, nor was anything else edited. A payment that is on its way with the order's key is the order's own.
func (w *writer) clear(bill reconcile.Bill, order reconcile.Write, why purpose) bool {
	found, double := appeared(bill.Payments, w.knownERP, order)
	return (found == nil || stepOf(bill, order) != "") && !double && (why != planned || bill.Version == w.Bill.Version)
}

// end takes note of what became of the write.
func (e *entry) end(became fate) {
	if e.why == followUp && became == carriedOut {
		e.untied = nil
		return
	}
	e.took(became)
}

// send writes a bulk and finds out what became of each write: none leaves it unresolved. If all went well, it returns the
// bills as they were read back.
func (a *writing) send(entries []*entry) (billReads, error) {
	a.writeBills(entries)
	answered := workflow.Now(a.finishing)
	failed, accepted := parted(entries, func(e *entry) bool { return e.failure != nil })
	unseen, bills, err := a.look(accepted)
	if len(failed) == 0 && len(unseen) == 0 {
		return bills, nil
	}
	// However the run ends: what may still take effect is waited for first.
	unresolved, fatal := a.afterFailures(failed, answered)
	missing, read, lookErr := a.look(unresolved)
	for _, e := range missing {
		bill, there := read[e.Bill.ID]
		if found, double := appeared(bill.Snapshot.Bill.Payments, e.knownERP, e.order); there && found == nil && !double {
			e.sent = nil // it did not take effect, and will not any more
		}
	}
	if err := cmp.Or(fatal, err, lookErr); err != nil || a.failing {
		return nil, err
	}
	return nil, a.carefully(missing, unseen)
}

// afterFailures waits once for all that failed. It returns those of which it is not known whether they were carried out,
// and the error that ends the run.
func (a *writing) afterFailures(failed []*entry, answered time.Time) (unresolved []*entry, fatal error) {
	for _, e := range failed {
		if kind, _, _ := activities.KindOf(e.failure); a.failing && kind == activities.NotSent {
			continue // only keys are still tied then
		}
		became, err := e.afterFailure(a.finishing, e.order, e.failure, answered, &e.tried)
		switch {
		case err != nil:
			fatal = cmp.Or(fatal, err)
		case became != 0:
			e.end(became)
		default:
			unresolved = append(unresolved, e)
		}
	}
	return unresolved, fatal
}

// look reads bills back and books what they show. It returns the entries that do not show.
func (a *writing) look(entries []*entry) (unseen []*entry, bills billReads, err error) {
	bills, err = a.readBack(entries)
	for _, e := range entries {
		bill, there := bills[e.Bill.ID]
		if step := stepOf(bill.Snapshot.Bill, e.order); step != "" && step != e.step {
			e.Bill, e.waited = bill.Snapshot.Bill, true // the next step, if it is still due
			continue
		}
		if !there || !e.shows(bill.Snapshot.Bill, e.order) {
			unseen = append(unseen, e)
			continue
		}
		before := paidOf(*e.candidate)
		e.Bill = bill.Snapshot.Bill
		e.waited = true
		e.booked(a.finishing, e.order, before, e.why)
		e.end(carriedOut)
	}
	return unseen, bills, err
}

// carefully hands over one by one what a bulk has left: what is missing is checked and sent again, what was accepted and
// does not show is only looked for.
func (a *writing) carefully(missing, unseen []*entry) error {
	for _, e := range missing {
		became, err := e.bookInERP(a.finishing, e.order, e.why, e.tried)
		if err != nil {
			return err
		}
		e.end(became)
	}
	for _, e := range unseen {
		_, became, err := e.seenInERP(a.finishing, e.order, e.why, e.step)
		if became == 0 && err == nil {
			became, err = e.bookInERP(a.finishing, e.order, e.why, attempts{})
		}
		if err != nil {
			return err
		}
		e.end(became)
	}
	return nil
}

// tieTo gives the ERP's half of a payment that was just created in Precoro its key: at once, or in bulk with others. While
// it waits, nothing else is written on the invoice.
func (w *writer) tieTo(ctx workflow.Context, tag reconcile.Write) (fate, error) {
	if !w.inBulk {
		return w.bookInERP(ctx, tag, followUp, attempts{})
	}
	w.untied = &tag
	if len(w.Writes) == 1 && len(w.chunk((*writer).isUntied)) < w.size {
		return carriedOut, nil
	}
	if err := w.tie(); err != nil {
		return 0, err
	}
	if len(w.Writes) == 0 {
		return abandoned, nil
	}
	return carriedOut, nil
}

func (w *writer) isUntied() bool { return w.untied != nil }

// tie writes the keys that were gathered.
func (a *writing) tie() error {
	for {
		chunk := a.chunk((*writer).isUntied)
		if len(chunk) == 0 {
			return nil
		}
		if err := a.tieChunk(chunk); err != nil || a.failing {
			return err
		}
	}
}

func (a *writing) tieChunk(chunk []*writer) error {
	chunk, bills, err := a.readBefore(chunk)
	if err != nil {
		return err
	}
	var all []*entry
	for _, w := range chunk {
		all = append(all, &entry{writer: w, order: *w.untied, why: followUp, bill: bills[w.Bill.ID]})
	}
	due, unclear := parted(all, func(e *entry) bool {
		return e.bill.Snapshot.Bill.ID != "" && e.clear(e.bill.Snapshot.Bill, e.order, followUp)
	})
	if len(due) > 0 {
		_, err = a.send(due)
	}
	if err != nil || a.failing {
		return err
	}
	return a.carefully(unclear, nil)
}

// tieInTheEnd ties what it can when the run ends early.
func (a *writing) tieInTheEnd(err error) error {
	a.failing = !errors.Is(err, errStopped)
	if tieErr := a.tie(); tieErr != nil && !a.failing {
		return tieErr
	}
	return err
}

// readBills is one request for many bills.
func (a *writing) readBills(ids []string) (activities.BillsRead, error) {
	summary, request := fmt.Sprintf("read %d bills", len(ids)), activities.ReadBillsRequest{Company: a.settings.Ref(), IDs: ids}
	if !a.failing {
		return askERP(a.finishing, a.run, a.settings.ERP.LinkCost, summary, act.ReadBills, request)
	}
	options := readOptions(a.settings.SameGet, summary)
	options.RetryPolicy.MaximumAttempts = 1
	read, err := call(a.finishing, a.options(options), act.ReadBills, request)
	a.sentERP(a.finishing, read, err)
	return read, err
}

// readBack reads the bills of all entries, in as many requests as there are answers to hold them. One that is gone, or
// keeps the others from being read, is left out.
func (a *writing) readBack(entries []*entry) (billReads, error) {
	bills := billReads{}
	for ids := billsOf(entries); len(ids) > 0; {
		read, err := a.readBills(ids)
		if _, one := aboutOne(err, billGone); one {
			return bills, nil
		}
		if err != nil {
			return bills, a.giveUp(err)
		}
		if bills.add(read); len(read.Rest) >= len(ids) {
			return bills, nil
		}
		ids = read.Rest
	}
	return bills, nil
}

// writeBills is one request for many writes, sent once. What became of each is in its entry.
func (a *writing) writeBills(entries []*entry) {
	request := activities.WriteBillsRequest{Company: a.settings.Ref(), Self: a.self}
	for _, e := range entries {
		read := e.Read // of what was decided on: older than the bill
		if e.why != planned {
			read = e.bill.Read
		}
		request.Writes = append(request.Writes, activities.BillWrite{
			Snapshot: e.bill.Snapshot, Read: read,
			Order: erp.Order{Key: e.order.Key, Amount: e.order.Amount, Date: e.order.Date, Payment: e.order.Target},
		})
	}
	written, err := sendERP(a.finishing, a.run, fmt.Sprintf("write payments on %d bills", len(entries)), act.WriteBills, request)
	if _, _, known := activities.KindOf(err); err != nil && !known {
		err = failed(activities.Unknown, activities.Failure{Text: err.Error()})
	} else if err == nil && len(written.Outcomes) != len(entries) {
		err = failed(activities.Unknown, activities.Failure{Text: fmt.Sprintf("%d outcomes for %d writes", len(written.Outcomes), len(entries))})
	}
	for i, e := range entries {
		if e.why != followUp {
			e.sent = &e.order
		}
		if e.failure = err; err == nil && written.Outcomes[i].Kind != "" {
			e.failure = failed(written.Outcomes[i].Kind, written.Outcomes[i].Failure)
		}
	}
}

// failed is the failure of one write in a bulk, as a single one would have failed.
func failed(kind activities.Kind, failure activities.Failure) error {
	return temporal.NewNonRetryableApplicationError(failure.Text, string(kind), nil, failure)
}

// billReads are bills as they were read last, by their ids.
type billReads map[string]activities.BillRead

func (b billReads) add(read activities.BillsRead) {
	for _, snapshot := range read.Snapshots {
		b[snapshot.Bill.ID] = activities.BillRead{Snapshot: snapshot, Read: read.Read}
	}
}

// billsOf are the ids of the bills to read.
func billsOf[W interface{ billID() string }](writers []W) []string {
	ids := make([]string, 0, len(writers))
	for _, w := range writers {
		ids = append(ids, w.billID())
	}
	return ids
}

func (w *writer) billID() string { return w.Bill.ID }

// parted splits a list in two, each in its order.
func parted[T any](all []T, which func(T) bool) (those, others []T) {
	for _, one := range all {
		if which(one) {
			those = append(those, one)
		} else {
			others = append(others, one)
		}
	}
	return those, others
}
