package erptest

import (
	"slices"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
)

// people: what people do shows, with the right amount and no key.
func people(b *bench) {
	for name, way := range b.Ways {
		b.run(name+": in whole", func(b *bench) {
			bill, paid := b.paidBy(way)
			require.Equal(b.t, b.amount("120.00"), b.agree(bill).Paid)
			require.Equal(b.t, b.amount("120.00"), paid.Amount)
			require.Empty(b.t, paid.Tag)
			require.Equal(b.t, way.Fixed, paid.Fixed)
		})
		b.run(name+": the rest, after ours", func(b *bench) {
			bill, order := b.bill("120.00"), b.order("50.00")
			b.pay(bill, order)
			way.Pay(b.t, bill, b.amount("70.00"))
			require.Equal(b.t, []string{"70.00"}, untagged(b.agree(bill)))
			b.paidOnce(bill, order)
		})
		b.run(name+": nothing is left for ours", func(b *bench) {
			bill, paid := b.paidBy(way)
			_ = b.write(bill, b.order("10.00")) // where a flag says that all is paid, it may become the record of a part
			read := b.agree(bill)
			require.Equal(b.t, b.amount("120.00"), read.Paid)
			if !paid.Derived {
				require.Equal(b.t, []string{"120.00"}, untagged(read))
			}
		})
		b.run(name+": a part, then ours, then the rest", func(b *bench) {
			if way.Whole {
				b.t.Skip("it pays in whole")
			}
			bill, order := b.bill("120.00"), b.order("50.00")
			way.Pay(b.t, bill, b.amount("19.99"))
			require.Equal(b.t, b.amount("19.99"), b.agree(bill).Paid)
			b.pay(bill, order)
			way.Pay(b.t, bill, b.amount("50.01"))
			require.ElementsMatch(b.t, []string{"19.99", "50.01"}, untagged(b.agree(bill)))
			b.paidOnce(bill, order)
		})
		b.run(name+": taken back", func(b *bench) {
			if way.TakeBack == nil {
				b.t.Skip("nobody can")
			}
			bill, order := b.bill("120.00"), b.order("50.00")
			b.pay(bill, order)
			way.Pay(b.t, bill, b.amount("70.00"))
			way.TakeBack(b.t, bill)
			read := b.agree(bill)
			require.Equal(b.t, b.amount("50.00"), read.Paid)
			require.Empty(b.t, untagged(read))
			for _, p := range read.Payments {
				require.Empty(b.t, p.Pending, "nobody may go on with it")
			}
			b.paidOnce(bill, order)
		})
		b.run(name+": between our reading and our writing", func(b *bench) {
			bill, order := b.bill("120.00"), b.order("120.00")
			b.Wire.Before(b.IsWrite, func() { way.Pay(b.t, bill, b.amount("120.00")) })
			_, _ = Pay(b.ctx(), b.Adapter, bill, order) // where the ERP can tell, it refuses
			require.LessOrEqual(b.t, carrying(b.agree(bill), order.Key), 1, "whoever looks sees what the books hold")
		})
	}
	b.run("ours taken back", func(b *bench) {
		b.needs(OwnReversal)
		bill, order := b.bill("120.00"), b.order("120.00")
		b.pay(bill, order)
		b.TakeBack(b.t, bill, order.Key)
		read := b.agree(bill)
		require.Zero(b.t, read.Paid.Sign())
		for _, p := range read.Payments {
			require.True(b.t, p.Cancelled, "it is gone, or it says that it was taken back")
			require.Empty(b.t, p.Pending, "nobody may go on with it")
		}
	})
}

// untagged are the amounts of what counts without a key.
func untagged(bill reconcile.Bill) (amounts []string) {
	for _, p := range bill.Payments {
		if p.Tag == "" && !p.Cancelled && p.Pending == "" {
			amounts = append(amounts, p.Amount.Number())
		}
	}
	slices.Sort(amounts)
	return amounts
}
