package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// inPrecoro creates or tags one payment in Precoro.
func (w *writer) inPrecoro(ctx workflow.Context, order reconcile.Write) (fate, error) {
	if order.Adopt {
		return w.tagInPrecoro(ctx, order)
	}
	var tried attempts
	for {
		if became, err := w.awaitTurn(ctx); became != 0 || err != nil {
			return became, err
		}
		before := paidOf(*w.candidate)
		w.sent = &order
		posted, err := sendPrecoro(ctx, w.run, fmt.Sprintf("POST payment %s on invoice %d", order.Amount, w.Invoice.IDN), act.PostPayment,
			activities.PostPaymentRequest{
				Company: w.settings.Ref(), InvoiceID: w.Invoice.ID, Key: order.Key, Amount: order.Amount, Date: order.Date, Read: w.Read, Self: w.self,
			})
		if err == nil {
			w.keepsKey = w.keepsKey || posted.Payment.Tag == order.Key
			return w.created(ctx, order, posted.Payment, before)
		}
		if became, err := w.afterFailure(ctx, order, err, workflow.Now(ctx), &tried); became != 0 || err != nil {
			return became, err
		}
		found, became, err := w.checkPrecoro(ctx, order, w.mayBeOurs(tried))
		if err != nil || became != 0 {
			return became, err
		}
		if found != nil {
			w.waited = true
			return w.created(ctx, order, *found, before)
		}
		if w.settings.Knows(activities.EveryWriteTold) && cancelledSince(w.Payments, order.Key) {
			return w.abandon(ctx, order, reconcile.Reversed, "it was created, and somebody has cancelled it since")
		}
		w.sent = nil // looked for, and not there
		if tried.unknown >= maxUnknown {
			return w.abandon(ctx, order, reconcile.Unverified, fmt.Sprintf("sent %d times, and no answer told whether it was carried out", tried.unknown))
		}
		if became, err := w.refreshBill(ctx, order); became != 0 || err != nil {
			return became, err
		}
		if became, err := w.stillDue(ctx, order); became != 0 || err != nil {
			return became, err
		}
	}
}

// created takes over a payment that is in Precoro now: it gets its key if the answer did not show it, and the ERP's half
// gets the new one's.
func (w *writer) created(ctx workflow.Context, order reconcile.Write, payment reconcile.Payment, before report.Paid) (fate, error) {
	keyed := payment.Tag == order.Key
	note := order.Note
	tag := reconcile.Write{
		Adopt: true, Direction: reconcile.ToERP, Key: reconcile.KeyInERP(payment.ID), Amount: order.Amount, Date: order.Date,
		Source: payment.ID, Target: order.Source,
	}
	if !keyed {
		note = joined(note, "key set by a second request")
	}
	if order.TagBack {
		note = joined(note, fmt.Sprintf("bill %s gets %s for it", w.Bill.ID, tag.Key))
	}
	payment.Tag = order.Key
	if i := slices.IndexFunc(w.Payments, func(p reconcile.Payment) bool { return p.ID == payment.ID }); i >= 0 {
		w.Payments[i] = payment // a check found it, and took over what the invoice says is paid
	} else {
		w.Payments = append(w.Payments, payment)
		w.add(order)
	}
	w.knownPrecoro = append(w.knownPrecoro, payment.ID)
	delete(w.seen, w.Bill.ID)
	w.addRow(ctx, rowOf(*w.candidate, order, report.Created, before, note))
	w.sent = nil
	if !keyed {
		if became, err := w.putKey(ctx, order, payment.Ref); became != carriedOut || err != nil {
			return became, err
		}
	}
	if !order.TagBack {
		return carriedOut, nil
	}
	return w.tieTo(ctx, tag)
}

// awaitTurn waits until a request may be sent to Precoro. Nothing is under way yet, so that a run that is to stop does not wait.
func (w *writer) awaitTurn(ctx workflow.Context) (fate, error) {
	if err := w.awaitQuota(w.stop, w.precoroOpens(ctx)); err != nil && w.stop.Err() == nil {
		return 0, err
	}
	if w.stop.Err() != nil {
		return w.stopBefore(ctx)
	}
	return 0, nil
}

// tagInPrecoro adopts a payment that is there.
func (w *writer) tagInPrecoro(ctx workflow.Context, order reconcile.Write) (fate, error) {
	if became, err := w.awaitTurn(ctx); became != 0 || err != nil {
		return became, err
	}
	if workflow.Now(ctx).Sub(w.Read.At) > activities.FreshFor {
		return overtakenOr(w.decideAgain(ctx, true))
	}
	before := paidOf(*w.candidate)
	became, err := w.putKey(ctx, order, order.Ref)
	if became == carriedOut {
		for i := range w.Payments {
			if w.Payments[i].ID == order.Target {
				w.Payments[i].Tag = order.Key
			}
		}
		w.addRow(ctx, rowOf(*w.candidate, order, report.Adopted, before, order.Note))
	}
	return became, err
}

// putKey sets a payment's external ID in Precoro. It does not take a bare success for one, and looks before it tries again:
// meanwhile somebody may have put their own there.
func (w *writer) putKey(ctx workflow.Context, order reconcile.Write, ref string) (fate, error) {
	var tried attempts
	for {
		became, err := w.patchKey(ctx, order, ref, &tried)
		if became != 0 || err != nil {
			return became, err
		}
		if became, err := w.readPrecoro(ctx, order); became != 0 || err != nil {
			return became, err
		}
		i := slices.IndexFunc(w.Payments, func(p reconcile.Payment) bool { return p.Ref == ref && !p.Cancelled })
		switch {
		case i < 0:
			return w.abandon(ctx, order, reconcile.Reversed, "the payment that was to get the key is gone")
		case w.Payments[i].Tag == order.Key:
			return carriedOut, nil
		case w.Payments[i].Tag != "":
			return w.abandon(ctx, order, reconcile.Rejected, "somebody else has put a key there")
		case tried.unknown >= maxUnknown:
			return w.abandon(ctx, order, reconcile.Rejected, "Precoro accepted the key, but does not show it")
		}
	}
}

// patchKey sends the key once. A fate of 0 says that it has to be looked for.
func (w *writer) patchKey(ctx workflow.Context, order reconcile.Write, ref string, tried *attempts) (fate, error) {
	if err := w.awaitQuota(ctx, w.precoroOpens(ctx)); err != nil {
		return 0, err
	}
	if order.Adopt {
		w.sent = &order // a payment that was created is told of already
	}
	tagged, err := sendPrecoro(ctx, w.run, fmt.Sprintf("PATCH key %s on payment %s of invoice %d", order.Key, ref, w.Invoice.IDN), act.TagPayment,
		activities.TagPaymentRequest{Company: w.settings.Ref(), Payment: ref, Key: order.Key, Currency: order.Amount.Currency(), Self: w.self})
	kind, failure, _ := activities.KindOf(err)
	switch {
	case kind == activities.Refused:
		return w.abandon(ctx, order, reconcile.Rejected, "the key was refused: "+failure.Text)
	case err != nil:
		return w.afterFailure(ctx, order, err, workflow.Now(ctx), tried)
	case tagged.Payment.Tag == order.Key:
		return carriedOut, nil
	}
	tried.unknown++
	return 0, nil
}

// checkPrecoro looks whether the payment is there: with its key, or untagged, equal and new. The latter is ours if
// Precoro is not known to keep the key in the call that creates; otherwise somebody else made it at the same time.
func (w *writer) checkPrecoro(ctx workflow.Context, order reconcile.Write, mayBeOurs bool) (*reconcile.Payment, fate, error) {
	if became, err := w.readPrecoro(ctx, order); became != 0 || err != nil {
		return nil, became, err
	}
	found, double := appeared(w.Payments, w.knownPrecoro, order)
	switch {
	case found == nil && !double, found != nil && found.Tag == order.Key:
		return found, 0, nil
	case !mayBeOurs:
		return nil, 0, nil
	case double || w.keepsKey:
		became, err := w.abandon(ctx, order, reconcile.PossibleDuplicate, "a payment of the same amount appeared while this one was being written")
		return nil, became, err
	}
	return found, 0, nil
}

// cancelledSince tells whether the payment of this key was made and then cancelled.
func cancelledSince(payments []reconcile.Payment, key string) bool {
	return slices.ContainsFunc(payments, func(p reconcile.Payment) bool { return p.Tag == key && p.Cancelled })
}

// readPrecoro reads the invoice anew. One that cannot be had ends with its order unverified: nobody can say whether that
// was carried out.
func (w *writer) readPrecoro(ctx workflow.Context, order reconcile.Write) (fate, error) {
	read, err := w.readInvoice(ctx, w.Invoice.IDN)
	if exception, one := aboutOne(err, invoiceGone); one {
		return w.abandon(ctx, order, reconcile.Unverified, exception.Note)
	}
	if err != nil {
		return 0, w.giveUp(err)
	}
	w.Invoice, w.Payments = read.Invoice, read.Payments
	w.Read = read.Read
	return 0, nil
}
