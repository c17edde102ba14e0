package tryton

import (
	"encoding/json"
	"fmt"
	"slices"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// step is a write: one of those that make a payment, or the one that puts a key on a payment that is there.
type step int

const (
	putKey step = iota + 1
	create
	approve
	process
	succeed
)

// nextStep is by the state that a payment is in.
var nextStep = map[string]step{draft: approve, approved: process, processing: succeed}

// job is one step upon one bill.
type job struct {
	step    step
	key     string
	amount  money.Amount
	date    money.Date
	bill    int64
	version string  // of the bill as it was read
	payment record  // the zero record for one that is to be created
	journal int64   // in which it is made
	party   int64   // of the bill
	line    int64   // that a new payment pays
	lines   []int64 // of the bill that are open
}

// plan is the next write that the order takes upon the bill as it was read, nil for none, or why it takes none.
func plan(snapshot erp.Snapshot, order erp.Order) (*job, error) {
	bill := snapshot.Bill
	var kept upon
	if bill.Problem != "" {
		return nil, refuse("bill", "%s: %s", bill.ID, bill.Problem)
	}
	if json.Unmarshal(snapshot.Raw, &kept) != nil || kept.Party == 0 {
		return nil, refuse("bill", "%s was not read by this adapter", bill.ID)
	}
	if err := checkOrder(bill, order); err != nil {
		return nil, err
	}
	id, _ := recordID(bill.ID) // it was read by this adapter
	j := &job{bill: id, version: bill.Version, key: order.Key, amount: order.Amount, date: order.Date, party: kept.Party}
	for _, line := range kept.Lines {
		j.lines = append(j.lines, line.ID)
	}
	holder, err := holderOf(bill, order.Key)
	if err != nil {
		return nil, err
	}
	switch {
	case order.Payment != "":
		return j.tag(bill, kept, holder, order.Payment)
	case holder != nil:
		return j.advance(bill, kept, *holder)
	}
	return j.create(bill, kept)
}

func checkOrder(bill reconcile.Bill, order erp.Order) error {
	if !reconcile.ValidKey(order.Key) {
		return refuse("key", "%.40q; accepted are 1 to 128 of A-Z, a-z, 0-9, dot and dash", order.Key)
	}
	if !bill.Confirmed {
		return refuse("state", "bill %s is a draft", bill.ID)
	}
	if order.Amount.Sign() <= 0 || order.Amount.Currency() != bill.Total.Currency() {
		return refuse("amount", "%q; accepted is more than zero in %s", order.Amount, bill.Total.Currency())
	}
	if _, err := money.ParseDate(string(order.Date)); err != nil {
		return refuse("date", "%v", err)
	}
	for _, payment := range bill.Payments {
		if payment.Problem != "" {
			return refuse("bill", "payment %s: %s", payment.ID, payment.Problem)
		}
	}
	return nil
}

// holderOf is the payment that carries the key, nil for none.
func holderOf(bill reconcile.Bill, key string) (*reconcile.Payment, error) {
	var holder *reconcile.Payment
	for i, payment := range bill.Payments {
		if payment.Tag != key {
			continue
		}
		if holder != nil {
			return nil, refuse("key", "payments %s and %s both carry %s", holder.ID, payment.ID, key)
		}
		holder = &bill.Payments[i]
	}
	return holder, nil
}

// tag puts the key on a payment that is there and has none.
func (j *job) tag(bill reconcile.Bill, kept upon, holder *reconcile.Payment, target string) (*job, error) {
	i := slices.IndexFunc(bill.Payments, func(p reconcile.Payment) bool { return p.ID == target })
	if i < 0 {
		return nil, erp.Stale{What: fmt.Sprintf("payment %s of bill %s", target, bill.ID)}
	}
	payment := bill.Payments[i]
	record, there := kept.Payments[target]
	switch {
	case payment.Tag == j.key:
		return nil, nil //nolint:nilnil // it has the key
	case holder != nil:
		return nil, refuse("key", "payment %s carries %s", holder.ID, j.key)
	case payment.Fixed || !there:
		return nil, refuse("payment", "%s is no record that can hold a key", target)
	case payment.Pending != "":
		return nil, refuse("payment", "%s is %s", target, payment.Pending)
	case payment.Tag != "":
		return nil, refuse("payment", "%s has %.60q already", target, payment.Tag)
	}
	j.step, j.payment = putKey, record
	return j, nil
}

// advance takes our own payment one step further.
func (j *job) advance(bill reconcile.Bill, kept upon, holder reconcile.Payment) (*job, error) {
	record, there := kept.Payments[holder.ID]
	switch {
	case holder.Cancelled:
		return nil, refuse("key", "payment %s, which carries %s, has failed", holder.ID, j.key)
	case holder.Amount != j.amount:
		return nil, refuse("key", "%s is there with %s", j.key, holder.Amount)
	case holder.Pending == "":
		return nil, nil //nolint:nilnil // it is made
	case !there:
		return nil, refuse("bill", "%s was not read by this adapter", bill.ID)
	case !slices.Contains(j.lines, record.Line):
		return nil, refuse("amount", "what payment %s is for was paid otherwise", holder.ID)
	}
	if err := j.room(bill); err != nil {
		return nil, err
	}
	j.step, j.payment = nextStep[holder.Pending], record
	j.date = holder.Date
	return j, nil
}

// create makes a payment of the first line that is due and has enough open: a payment is of one line.
func (j *job) create(bill reconcile.Bill, kept upon) (*job, error) {
	if err := j.room(bill); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(kept.Lines, func(line openLine) bool { return line.Open.Minor() >= j.amount.Minor() })
	if i < 0 {
		return nil, refuse("amount", "%s fits none of the %d open instalments, less what payments of others that are not made yet claim", j.amount, len(kept.Lines))
	}
	j.step, j.line = create, kept.Lines[i].ID
	return j, nil
}

// room checks that the payment fits into what is open.
func (j *job) room(bill reconcile.Bill) error {
	if open := bill.Total.Minor() - bill.Paid.Minor(); j.amount.Minor() > open {
		return refuse("amount", "%s is more than what is open: %s of %s are paid", j.amount, bill.Paid, bill.Total)
	}
	return nil
}
