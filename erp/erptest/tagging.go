package erptest

import (
	"slices"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/faulty"
	"payrecon/internal/reconcile"
)

// tagging: a payment that is there gets a key, and nothing else about it changes.
func tagging(b *bench) {
	b.needs(Tags)
	for name, way := range b.Ways {
		b.run(name, func(b *bench) {
			bill, paid := b.paidBy(way)
			order := tag(b.order("120.00"), paid)
			if way.Fixed {
				require.True(b.t, paid.Fixed)
				b.unchanged(bill, func() { require.Equal(b.t, refused, kindOf(b.write(bill, order))) })
				return
			}
			b.tags(bill, order)
			b.unchanged(bill, func() { b.pay(bill, order) })
		})
		if way.Fixed {
			continue
		}
		b.run(name+", whatever becomes of the answer", func(b *bench) {
			for _, kind := range interruptions {
				bill, paid := b.paidBy(way)
				b.fail(faulty.Fault{Kind: kind}, b.IsWrite)
				b.tags(bill, tag(b.order("120.00"), paid))
			}
		})
	}
	b.run("a payment that has a key keeps it", func(b *bench) {
		bill, first := b.bill("100.00"), b.order("40.00")
		ours := b.pay(bill, first).Payments[0]
		b.unchanged(bill, func() { require.Equal(b.t, refused, kindOf(b.write(bill, tag(b.order("40.00"), ours)))) })
		b.paidOnce(bill, first)
	})
	b.run("a text of somebody else's stays", func(b *bench) {
		b.needs(ForeignTags)
		bill := b.bill("100.00")
		b.PayTagged(b.t, bill, "bank ref 17/2")
		theirs := b.agree(bill).Payments[0]
		require.Equal(b.t, "bank ref 17/2", theirs.Tag)
		b.unchanged(bill, func() { require.Equal(b.t, refused, kindOf(b.write(bill, tag(b.order("100.00"), theirs)))) })
	})
	b.run("a payment that is gone is stale", func(b *bench) {
		bill := b.bill("100.00")
		for _, id := range []string{"999999999", bill, "x", bill + reconcile.DerivedSuffix} {
			order := b.order("100.00")
			order.Payment = id
			b.unchanged(bill, func() { require.Equal(b.t, stale, kindOf(b.write(bill, order)), id) })
		}
	})
	b.run("a payment of another bill is stale", func(b *bench) {
		bill, other := b.bill("100.00"), b.bill("100.00")
		order := tag(b.order("40.00"), b.pay(other, b.order("40.00")).Payments[0])
		b.unchanged(other, func() {
			b.unchanged(bill, func() { require.Equal(b.t, stale, kindOf(b.write(bill, order))) })
		})
	})
}

func tag(order erp.Order, payment reconcile.Payment) erp.Order {
	order.Payment = payment.ID
	if payment.Date != "" {
		order.Date = payment.Date
	}
	return order
}

// paidBy is a bill of 120.00 that somebody has paid in whole, and the payment.
func (b *bench) paidBy(way Way) (bill string, paid reconcile.Payment) {
	b.t.Helper()
	bill = b.bill("120.00")
	way.Pay(b.t, bill, b.amount("120.00"))
	read := b.agree(bill)
	require.Len(b.t, read.Payments, 1)
	return bill, read.Payments[0]
}

// tags gives the payment of an order the key, and checks that it is the same payment.
func (b *bench) tags(bill string, order erp.Order) {
	b.t.Helper()
	before := b.agree(bill)
	after := b.pay(bill, order)
	require.Equal(b.t, before.Paid, after.Paid)
	require.Len(b.t, after.Payments, len(before.Payments))
	i := slices.IndexFunc(after.Payments, func(p reconcile.Payment) bool { return p.Tag == order.Key })
	require.GreaterOrEqual(b.t, i, 0)
	require.Equal(b.t, order.Amount, after.Payments[i].Amount)
	b.paidOnce(bill, order)
}
