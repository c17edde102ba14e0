package erply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
)

// WritePayments sets the record of each payment, and the paid flag once the records reach the total, in one save of each
// document and one bulk call of all saves. It does not matter whether an order is for a new payment or gives a key to what
// the paid flag stands for: both are a record. A flag that is set stays set, and none is ever taken back.
//
// Every header field goes back as it was read, see SavePurchaseDocument. Where Erply answers that one of them is locked
// because the document is confirmed (1017, 1121), it has carried nothing out, and these saves go out once more with the
// fewest fields, in a second bulk call: two requests, one write.
//
// An order is Refused before anything is sent if the document is not confirmed, not of a type that takes part, in another
// currency, not readable or marked as taken back, if the records would exceed its total, or if its record of this key has
// another amount. It is Stale if the payment that is to get the key is no longer there, and NotSent if the call has no
// room for it, see SavePurchaseDocuments. The others are sent.
//
// savePayment, getPayments and deletePayment are never called: in classic Erply they belong to sales documents, whose
// ids are counted apart, so that they would pay somebody's sales invoice that happens to have the same id.
func (a *Adapter) WritePayments(ctx context.Context, writes []erp.Write) []error {
	outcomes := make([]error, len(writes))
	var places []int
	var updates []SavePurchaseDocument
	for i, w := range writes {
		update, err := a.update(w.Bill, w.Order)
		if outcomes[i] = err; err == nil {
			places, updates = append(places, i), append(updates, update)
		}
	}
	var again []int
	var shorter []SavePurchaseDocument
	for n, saved := range a.client.SavePurchaseDocuments(ctx, updates) {
		outcomes[places[n]] = saved.Err
		if locked(saved.Err) {
			again, shorter = append(again, places[n]), append(shorter, fewest(updates[n]))
		}
	}
	for n, saved := range a.client.SavePurchaseDocuments(ctx, shorter) {
		outcomes[again[n]] = saved.Err
	}
	for i, err := range outcomes {
		outcomes[i] = a.client.secrets.Error(err) // some say what was read
	}
	return outcomes
}

// locked tells whether the save was refused for what it said beside the payment.
func locked(err error) bool {
	refusal, ok := remote.As[erp.Refused](err)
	return ok && (refusal.Code == strconv.Itoa(codeConfirmed) || refusal.Code == strconv.Itoa(codeTypeLocked))
}

// fewest leaves what makes the payment and what the documentation calls required.
func fewest(d SavePurchaseDocument) SavePurchaseDocument {
	return SavePurchaseDocument{
		ID: d.ID, CurrencyCode: d.CurrencyCode, No: d.No, SupplierID: d.SupplierID, Paid: d.Paid, Attributes: d.Attributes,
	}
}

// update is the save that carries the order out, or why there is none.
func (a *Adapter) update(snapshot erp.Snapshot, order erp.Order) (SavePurchaseDocument, error) {
	name, err := recordName(order.Key)
	if err != nil {
		return SavePurchaseDocument{}, err
	}
	document, err := a.writable(snapshot)
	if err != nil {
		return SavePurchaseDocument{}, err
	}
	if err = checkOrder(snapshot.Bill, order); err != nil {
		return SavePurchaseDocument{}, err
	}
	complete, err := room(snapshot.Bill, order)
	if err != nil {
		return SavePurchaseDocument{}, err
	}
	update, err := header(document)
	if err != nil {
		return SavePurchaseDocument{}, err
	}
	if complete {
		update.Paid = new(true)
	}
	update.Attributes = []Attribute{{Name: Text(name), Type: "text", Value: Text(recordValue(order.Amount, order.Date))}}
	return update, nil
}

// writable checks the document and returns its header as it was read.
func (a *Adapter) writable(snapshot erp.Snapshot) (PurchaseDocument, error) {
	bill := snapshot.Bill
	var document PurchaseDocument
	switch {
	case bill.Problem != "":
		return document, refuse("bill", "%s: %s", bill.ID, bill.Problem)
	case json.Unmarshal(snapshot.Raw, &document) != nil || string(document.ID) != bill.ID:
		return document, refuse("bill", "%s was not read by this adapter", bill.ID)
	case !a.client.cfg.payable(document.Type):
		return document, refuse("type", "%.40q takes no payments", string(document.Type))
	case !bill.Confirmed:
		// An update may confirm it, and take goods into stock.
		return document, refuse("confirmed", "document %s is a draft", bill.ID)
	}
	return document, nil
}

func checkOrder(bill reconcile.Bill, order erp.Order) error {
	if order.Amount.Sign() <= 0 || order.Amount.Currency() != bill.Total.Currency() {
		return refuse("amount", "%q; accepted is more than zero in %s", order.Amount, bill.Total.Currency())
	}
	if _, err := money.ParseDate(string(order.Date)); err != nil {
		return refuse("date", "%v", err)
	}
	for _, payment := range bill.Payments {
		switch {
		case payment.Problem != "":
			return refuse("bill", "payment %s: %s", payment.ID, payment.Problem)
		case payment.Cancelled:
			return refuse("paid", "is 0 although the records of document %s are complete: somebody took it back", bill.ID)
		case payment.Tag == order.Key && payment.Amount != order.Amount:
			return refuse("key", "%s is there with %s", order.Key, payment.Amount)
		}
	}
	return checkTarget(bill, order)
}

// checkTarget: only the derived payment can be given a key, by way of a record. A record has had its own from the start.
func checkTarget(bill reconcile.Bill, order erp.Order) error {
	there := slices.ContainsFunc(bill.Payments, func(p reconcile.Payment) bool { return p.Tag == order.Key })
	if order.Payment == "" || there {
		return nil
	}
	i := slices.IndexFunc(bill.Payments, func(p reconcile.Payment) bool { return p.ID == order.Payment })
	if i < 0 {
		return erp.Stale{What: fmt.Sprintf("payment %s of document %s", order.Payment, bill.ID)}
	}
	if !bill.Payments[i].Derived {
		return refuse("payment", "%s has the key %s already", order.Payment, bill.Payments[i].Tag)
	}
	return nil
}

// room checks that the records with this one fit into the total, and tells whether they reach it.
func room(bill reconcile.Bill, order erp.Order) (complete bool, err error) {
	sum := order.Amount
	for _, payment := range bill.Payments {
		if payment.Derived || payment.Tag == order.Key {
			continue
		}
		if sum, err = sum.Add(payment.Amount); err != nil {
			return false, refuse("amount", "%v", err)
		}
	}
	if sum.Minor() > bill.Total.Minor() {
		return false, refuse("amount", "%s would make %s of %s", order.Amount, sum, bill.Total)
	}
	return sum == bill.Total, nil
}
