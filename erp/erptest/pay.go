package erptest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"payrecon/erp"
	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
)

const (
	// maxSteps is how many writes one payment may take.
	maxSteps = 8
	// maxTries is how often a payment goes on after a write of which nobody knows, or that was not sent, or a read that failed.
	maxTries = 3
)

// ErrSteps: the payment was not made by the number of writes that are accepted.
var ErrSteps = fmt.Errorf("the payment is not made after %d writes", maxSteps)

// Pay writes an order as workflows do: it reads the bill, writes, and reads again, until the payment with the key is there
// and not Pending. A write whose outcome is not known is looked for before it is sent again. It returns the bill as it was
// read last; the error is one of the port's, or ErrSteps.
func Pay(ctx context.Context, adapter erp.Adapter, bill string, order erp.Order) (reconcile.Bill, error) {
	var snapshot erp.Snapshot
	for tries, steps := 0, 0; ; {
		read, err := Read(ctx, adapter, bill)
		if err == nil {
			if snapshot = read; made(snapshot.Bill, order.Key) {
				return snapshot.Bill, nil
			}
			if steps++; steps > maxSteps {
				return snapshot.Bill, ErrSteps
			}
			err = Write(ctx, adapter, snapshot, order)
		}
		if err == nil {
			continue
		}
		if tries++; tries >= maxTries || !passing(err) {
			return snapshot.Bill, err
		}
	}
}

// Read reads one bill; the error is NotFound where there is none.
func Read(ctx context.Context, adapter erp.Adapter, bill string) (erp.Snapshot, error) {
	snapshots, err := adapter.ReadBills(ctx, []string{bill})
	if err != nil {
		return erp.Snapshot{}, err
	}
	if len(snapshots) != 1 || snapshots[0].Bill.ID != bill {
		return erp.Snapshot{}, erp.NotFound{What: "bill " + bill}
	}
	return snapshots[0], nil
}

// Write takes one order one step further upon the bill as it was read.
func Write(ctx context.Context, adapter erp.Adapter, snapshot erp.Snapshot, order erp.Order) error {
	outcomes := adapter.WritePayments(ctx, []erp.Write{{Bill: snapshot, Order: order}})
	if len(outcomes) != 1 {
		return errors.New("one write has not one outcome")
	}
	return outcomes[0]
}

// made tells whether the payment with the key is there and complete.
func made(bill reconcile.Bill, key string) bool {
	return slices.ContainsFunc(bill.Payments, func(p reconcile.Payment) bool { return p.Tag == key && p.Pending == "" })
}

// passing tells whether it is worth looking again.
func passing(err error) bool {
	_, unavailable := remote.As[erp.Unavailable](err)
	_, notSent := remote.As[erp.NotSent](err)
	_, unknown := remote.As[erp.OutcomeUnknown](err)
	return unavailable || notSent || unknown
}
