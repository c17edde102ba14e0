package erptest

import (
	"context"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
)

// account: an account says who it is and what it can do.
func account(b *bench) {
	b.run("its name is the same for every login and holds no secret", func(b *bench) {
		name := b.Adapter.Account()
		require.NotEmpty(b.t, name)
		require.Equal(b.t, name, b.Other.Account())
		require.Equal(b.t, name, b.Intruder(b.t).Account())
		b.read(b.bill("1.00"))
		require.Equal(b.t, name, b.Adapter.Account())
		for _, secret := range b.Secrets() {
			require.NotContains(b.t, name, secret)
		}
	})
	b.run("capabilities are usable and stay the same", func(b *bench) {
		c := b.Adapter.Capabilities()
		require.Positive(b.t, c.Links)
		require.Positive(b.t, c.Bulk)
		for name, n := range map[string]int{
			"Interval": int(c.Interval), "PerHour": c.PerHour, "Lag": int(c.Lag), "LinkCost": c.LinkCost, "ListCost": c.ListCost,
		} {
			require.GreaterOrEqual(b.t, n, 0, name)
		}
		b.read(b.bill("1.00"))
		require.Equal(b.t, c, b.Adapter.Capabilities())
	})
	b.run("nothing asked for is nothing done", func(b *bench) {
		sent := b.Wire.Count(b.IsWrite)
		snapshots, err := b.Adapter.ReadBills(b.ctx(), nil)
		require.NoError(b.t, err)
		require.Empty(b.t, snapshots)
		require.Empty(b.t, b.Adapter.WritePayments(b.ctx(), nil))
		found, err := b.Adapter.FindBills(b.ctx(), nil)
		require.NoError(b.t, err)
		require.Empty(b.t, found.Bills)
		require.Zero(b.t, sent())
	})
	b.run("a call ends with its context", func(b *bench) {
		bill := b.bill("10.00")
		snapshot, order := b.read(bill), b.order("10.00")
		ctx, cancel := context.WithCancel(b.ctx())
		cancel()
		_, err := b.Adapter.ReadBills(ctx, []string{bill})
		require.Equal(b.t, unavailable, kindOf(err))
		_, err = b.Adapter.FindBills(ctx, []erp.Link{{Bill: bill}})
		require.Equal(b.t, unavailable, kindOf(err))
		_, err = b.Adapter.ListBills(ctx, erp.ListQuery{})
		require.Equal(b.t, unavailable, kindOf(err))
		require.Contains(b.t, []string{notSent, outcomeUnknown}, kindOf(Write(ctx, b.Adapter, snapshot, order)))
		b.pay(bill, order)
		b.paidOnce(bill, order)
	})
}
