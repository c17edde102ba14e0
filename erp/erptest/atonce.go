package erptest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
)

// crowd is how many work at once: no more than the most careful of servers lets in.
const crowd = 6

// writersAtOnce: whoever writes at the same time, the books hold no more than was promised, and all that was said to be written.
func writersAtOnce(b *bench) {
	b.run("one order", func(b *bench) {
		for _, amount := range []string{"100.00", "40.00"} {
			bill, order := b.bill("100.00"), b.order(amount)
			snapshots := b.snapshots(bill)
			outcomes := b.together(func(ctx context.Context, i int) error { return Write(ctx, b.writer(i), snapshots[i], order) })
			held := len(b.withKey(bill, order.Key))
			require.LessOrEqual(b.t, held, b.atMost(crowd))
			if slices.Contains(kindsOf(outcomes), none) {
				require.Positive(b.t, held, "somebody was told that it was written")
			}
			require.Equal(b.t, held, carrying(b.agree(bill), order.Key), "whoever looks sees all of them")
			_, err := Pay(b.ctx(), b.Adapter, bill, order)
			require.LessOrEqual(b.t, len(b.withKey(bill, order.Key)), max(held, 1), "what is there is gone on with, and nothing is added: %v", err)
			require.LessOrEqual(b.t, b.agree(bill).Paid.Minor(), b.amount("100.00").Minor())
			if b.subject.Once {
				b.paidOnce(bill, order)
			}
		}
	})
	b.run("one order, from the first read to the end", func(b *bench) {
		bill, order := b.bill("100.00"), b.order("40.00")
		b.together(func(ctx context.Context, i int) error { _, err := Pay(ctx, b.writer(i), bill, order); return err })
		require.LessOrEqual(b.t, len(b.withKey(bill, order.Key)), b.atMost(crowd))
		require.LessOrEqual(b.t, b.agree(bill).Paid.Minor(), b.amount("100.00").Minor())
		if b.subject.Once {
			b.pay(bill, order)
			b.paidOnce(bill, order)
		}
	})
	b.run("orders of their own upon one bill", func(b *bench) {
		bill, orders := b.bill("100.00"), make([]erp.Order, crowd)
		for i := range orders {
			orders[i] = b.order("10.00")
		}
		b.together(func(ctx context.Context, i int) error { _, err := Pay(ctx, b.writer(i), bill, orders[i]); return err })
		for _, order := range orders {
			b.pay(bill, order)
			b.paidOnce(bill, order)
		}
	})
	b.run("bills of their own", func(b *bench) {
		bills, orders := make([]string, crowd), make([]erp.Order, crowd)
		for i := range bills {
			bills[i], orders[i] = b.bill("100.00"), b.order("40.00")
		}
		outcomes := b.together(func(ctx context.Context, i int) error {
			_, err := Pay(ctx, b.writer(i), bills[i], orders[i])
			return err
		})
		for i, bill := range bills {
			require.NoError(b.t, outcomes[i])
			b.paidOnce(bill, orders[i])
		}
	})
	b.run("readers and a writer", func(b *bench) {
		link := b.link()
		bill := b.add(BillSpec{Link: link, Total: b.amount("100.00")})
		outcomes := b.together(func(ctx context.Context, i int) error {
			var err error
			switch { // one writes: what another has moved meanwhile, it may leave alone
			case i == 0:
				_, err = Pay(ctx, b.Adapter, bill, b.order("40.00"))
			case i%3 == 1:
				_, err = b.Adapter.FindBills(ctx, []erp.Link{{Invoice: link}})
			case i%3 == 2:
				_, err = b.Adapter.ListBills(ctx, erp.ListQuery{ChangedSince: b.Now().Add(-time.Hour)})
			default:
				_, err = b.Adapter.ReadBills(ctx, []string{bill})
			}
			return err
		})
		for _, err := range outcomes {
			require.NoError(b.t, err)
		}
	})
}

// writer is the adapter under test or the other login's, in turns.
func (b *bench) writer(i int) erp.Adapter {
	if i%2 == 0 {
		return b.Adapter
	}
	return b.Other
}

// snapshots are what each of the crowd has read, before any of them writes.
func (b *bench) snapshots(bill string) []erp.Snapshot {
	b.t.Helper()
	read := make([]erp.Snapshot, crowd)
	for i := range read {
		var err error
		read[i], err = Read(b.ctx(), b.writer(i), bill)
		require.NoError(b.t, err)
	}
	return read
}

// together lets the crowd work at once, and returns what each of them came to.
func (b *bench) together(work func(ctx context.Context, i int) error) []error {
	var all sync.WaitGroup
	outcomes, begin := make([]error, crowd), make(chan struct{})
	for i := range outcomes {
		all.Go(func() {
			<-begin
			outcomes[i] = work(b.ctx(), i)
		})
	}
	close(begin)
	all.Wait()
	return outcomes
}
