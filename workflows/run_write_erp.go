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

// bookInERP reads the bill, writes the payment upon it and reads it back, until the key is seen there.
func (w *writer) bookInERP(ctx workflow.Context, order reconcile.Write, why purpose, tried attempts) (fate, error) {
	for {
		sent := tried != attempts{}
		bill, became, err := w.checkERP(ctx, order, sent && w.mayBeOurs(tried), why)
		if became != 0 || err != nil {
			return became, err
		}
		if why == planned {
			w.sent = nil // looked for, and not there
		}
		if w.stop.Err() != nil && why == planned {
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
		if order.Adopt {
			verb = "note"
		}
		if why != followUp && w.sent == nil {
			w.sent = &order
		}
		_, err = sendERP(ctx, w.run, fmt.Sprintf("%s payment %s on bill %s", verb, order.Amount, w.Bill.ID), act.WriteBill,
			activities.WriteBillRequest{
				Company: w.settings.Ref(), Snapshot: bill.Snapshot, Read: bill.Read, Self: w.self,
				Order: erp.Order{Key: order.Key, Amount: order.Amount, Date: order.Date, Payment: order.Target},
			})
		if err != nil {
			if became, err := w.afterFailure(ctx, order, err, workflow.Now(ctx), &tried); became != 0 || err != nil {
				return became, err
			}
			continue
		}
		return w.seenInERP(ctx, order, why)
	}
}

// checkERP reads the bill before a write. It ends the write if its key is there, if somebody else's payment may be it, or
// if the bill moved since the decision and something else is due now.
func (w *writer) checkERP(ctx workflow.Context, order reconcile.Write, sent bool, why purpose) (activities.BillRead, fate, error) {
	before, version := paidOf(*w.candidate), w.Bill.Version
	bill, became, err := w.readBillFor(ctx, order)
	if became != 0 || err != nil {
		return activities.BillRead{}, became, err
	}
	found, double := appeared(w.Bill.Payments, w.knownERP, order)
	switch {
	case found != nil && found.Tag == order.Key:
		w.waited = true
		became, err := w.booked(ctx, order, before, why)
		return activities.BillRead{}, became, err
	case !order.Adopt && (double || found != nil && w.settings.ERP.KeepsKey):
		became, err := w.abandon(ctx, order, reconcile.PossibleDuplicate, "a payment of the same amount appeared while this one was being written")
		return activities.BillRead{}, became, err
	case !order.Adopt && found != nil && sent:
		order.Adopt, order.Target = true, found.ID
		became, err := w.bookInERP(ctx, order, claim, attempts{})
		return activities.BillRead{}, became, err
	case version != w.Bill.Version && why == planned:
		became, err := w.stillDue(ctx, order)
		return bill, became, err
	}
	return bill, 0, nil
}

// seenInERP reads a bill back: an accepted write that does not show was not carried out.
func (w *writer) seenInERP(ctx workflow.Context, order reconcile.Write, why purpose) (fate, error) {
	before := paidOf(*w.candidate)
	read, err := w.readBill(ctx, w.Bill.ID)
	if exception, one := aboutOne(err, billGone); one {
		return w.abandon(ctx, order, reconcile.Unverified, "the payment was accepted, but cannot be seen: "+exception.Note)
	}
	if err != nil {
		return 0, w.giveUp(err)
	}
	w.Bill = read.Snapshot.Bill
	found, _ := appeared(w.Bill.Payments, w.knownERP, order)
	switch {
	case w.shows(w.Bill, order):
		w.waited = true
		return w.booked(ctx, order, before, why)
	case found != nil && found.Tag == "" && !order.Adopt && !w.settings.ERP.KeepsKey:
		order.Adopt, order.Target = true, found.ID
		return w.bookInERP(ctx, order, claim, attempts{})
	}
	return w.abandon(ctx, order, reconcile.Rejected, "the ERP accepted the payment, but does not show it")
}

// shows tells whether a bill shows the order as it was written.
func (w *writer) shows(bill reconcile.Bill, order reconcile.Write) bool {
	found, _ := appeared(bill.Payments, w.knownERP, order)
	return found != nil && found.Tag == order.Key && (order.Adopt || found.Amount == order.Amount)
}

// booked takes over a payment that the bill shows now.
func (w *writer) booked(ctx workflow.Context, order reconcile.Write, before report.Paid, why purpose) (fate, error) {
	w.know()
	if why == followUp {
		return carriedOut, nil
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
	return carriedOut, nil
}
