package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// inERP creates or tags one payment in the ERP.
func (w *writer) inERP(ctx workflow.Context, order reconcile.Write) (fate, error) {
	if w.stop.Err() != nil {
		return w.stopBefore(ctx)
	}
	if workflow.Now(ctx).Sub(w.Read.At) > activities.FreshFor {
		return overtakenOr(w.decideAgain(ctx, true))
	}
	return w.bookInERP(ctx, order, planned, attempts{})
}

// purpose is why something is written in the ERP.
type purpose int

const (
	planned  purpose = iota + 1
	followUp         // the key of a payment just created in Precoro: reported with that one, and not decided again
	claim            // the key of a payment of ours that landed without one: reported as created
)

// bookInERP reads the bill, writes the payment upon it and reads it back, until the key is seen there. Where the ERP makes a
// payment in steps, each is a write of its own, sent only while the payment is still due.
func (w *writer) bookInERP(ctx workflow.Context, order reconcile.Write, why purpose, tried attempts) (fate, error) {
	var seen *activities.BillRead // after a step, the bill as it was read back
	for {
		sent := tried != attempts{}
		bill, became, err := w.checkERP(ctx, order, sent && w.mayBeOurs(tried), why, seen)
		if became != 0 || err != nil {
			return became, err
		}
		step := stepOf(w.Bill, order)
		if why == planned && step == "" {
			w.sent = nil // looked for, and not there
		}
		if w.stop.Err() != nil && why == planned && step == "" {
			return w.stopBefore(ctx)
		}
		if tried.unknown >= maxUnknown {
			return w.abandon(ctx, order, reconcile.Unverified, fmt.Sprintf("sent %d times, and no answer told whether it was carried out", tried.unknown))
		}
		if (sent || w.settings.Knows(activities.CheaperWays)) && why == planned && workflow.Now(ctx).Sub(w.Read.At) > activities.FreshFor {
			// It waited so long that the payment may be gone on the other side.
			if became, err := w.readPrecoro(ctx, order); became != 0 || err != nil {
				return became, err
			}
			if became, err := w.stillDue(ctx, order); became != 0 || err != nil {
				return became, err
			}
		}
		verb := "write"
		switch {
		case order.Adopt:
			verb = "note"
		case step != "":
			verb = "go on with the " + step
		}
		if why != followUp && w.sent == nil {
			w.sent = &order
		}
		_, err = sendERP(ctx, w.run, fmt.Sprintf("%s payment %s on bill %s", verb, order.Amount, w.Bill.ID), act.WriteBill,
			activities.WriteBillRequest{
				Company: w.settings.Ref(), Snapshot: bill.Snapshot, Read: bill.Read, Self: w.self,
				Order: erp.Order{Key: order.Key, Amount: order.Amount, Date: order.Date, Payment: order.Target},
			})
		seen = nil
		if err != nil {
			if became, err := w.afterFailure(ctx, order, err, workflow.Now(ctx), &tried); became != 0 || err != nil {
				return became, err
			}
			continue
		}
		if seen, became, err = w.seenInERP(ctx, order, why, step); became != 0 || err != nil {
			return became, err
		}
		tried = attempts{}
	}
}

// stepOf is how far the order's payment has come that is on its way on the bill, "" if none is.
func stepOf(bill reconcile.Bill, order reconcile.Write) string {
	for _, p := range bill.Payments {
		if p.Tag == order.Key && !p.Cancelled && p.Pending != "" {
			return p.Pending
		}
	}
	return ""
}

// checkERP reads the bill before a write, unless that was just done. It ends the write if its key is there, if somebody
// else's payment may be it, or if the bill moved since the decision and something else is due now.
func (w *writer) checkERP(ctx workflow.Context, order reconcile.Write, sent bool, why purpose, seen *activities.BillRead) (activities.BillRead, fate, error) {
	before, version := paidOf(*w.candidate), w.Bill.Version
	var bill activities.BillRead
	if seen != nil {
		bill, w.Bill = *seen, seen.Snapshot.Bill
	} else {
		var became fate
		var err error
		if bill, became, err = w.readBillFor(ctx, order); became != 0 || err != nil {
			return activities.BillRead{}, became, err
		}
	}
	found, double := appeared(w.Bill.Payments, w.knownERP, order)
	keyed := found != nil && found.Tag == order.Key
	switch {
	case keyed && found.Pending == "":
		w.waited = true
		w.booked(ctx, order, before, why)
		return activities.BillRead{}, carriedOut, nil
	case !order.Adopt && !keyed && (double || found != nil && w.settings.ERP.KeepsKey):
		became, err := w.abandon(ctx, order, reconcile.PossibleDuplicate, "a payment of the same amount appeared while this one was being written")
		return activities.BillRead{}, became, err
	case !order.Adopt && !keyed && found != nil && sent:
		order.Adopt, order.Target = true, found.ID
		became, err := w.bookInERP(ctx, order, claim, attempts{})
		return activities.BillRead{}, became, err
	case version != w.Bill.Version && why == planned:
		if seen != nil {
			w.decisions-- // a step of ours is not the documents changing under the run
		}
		became, err := w.stillDue(ctx, order)
		return bill, became, err
	}
	return bill, 0, nil
}

// seenInERP reads a bill back: an accepted write that does not show was not carried out. A fate of 0 says that one step of
// several is made.
func (w *writer) seenInERP(ctx workflow.Context, order reconcile.Write, why purpose, step string) (*activities.BillRead, fate, error) {
	before := paidOf(*w.candidate)
	read, err := w.readBill(ctx, w.Bill.ID)
	if exception, one := aboutOne(err, billGone); one {
		became, err := w.abandon(ctx, order, reconcile.Unverified, "the payment was accepted, but cannot be seen: "+exception.Note)
		return nil, became, err
	}
	if err != nil {
		return nil, 0, w.giveUp(err)
	}
	if now := stepOf(read.Snapshot.Bill, order); now != "" && now != step {
		return &read, 0, nil
	}
	w.Bill = read.Snapshot.Bill
	found, _ := appeared(w.Bill.Payments, w.knownERP, order)
	var became fate
	switch {
	case w.shows(w.Bill, order):
		w.waited = true
		w.booked(ctx, order, before, why)
		became = carriedOut
	case found != nil && found.Tag == "" && !order.Adopt && !w.settings.ERP.KeepsKey:
		order.Adopt, order.Target = true, found.ID
		became, err = w.bookInERP(ctx, order, claim, attempts{})
	default:
		became, err = w.abandon(ctx, order, reconcile.Rejected, "the ERP accepted the payment, but does not show it")
	}
	return nil, became, err
}

// shows tells whether a bill shows the order as it was written, with all its steps.
func (w *writer) shows(bill reconcile.Bill, order reconcile.Write) bool {
	found, _ := appeared(bill.Payments, w.knownERP, order)
	return found != nil && found.Tag == order.Key && found.Pending == "" && (order.Adopt || found.Amount == order.Amount)
}

// booked takes over a payment that the bill shows now.
func (w *writer) booked(ctx workflow.Context, order reconcile.Write, before report.Paid, why purpose) {
	w.know()
	if why == followUp {
		return
	}
	action := report.Created
	if order.Adopt && why == planned {
		action = report.Adopted
	}
	if earlier, err := money.FromMinor(w.Bill.Paid.Minor()-order.Amount.Minor(), w.Bill.Paid.Currency()); why == claim && err == nil {
		before.ERP = earlier.Number() // it counted before it got its key
	}
	w.addRow(ctx, rowOf(*w.candidate, order, action, before, order.Note))
	w.sent = nil
}
