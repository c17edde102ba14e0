package erptest

import (
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// writing: what is ordered is in the ERP's books, once.
func writing(b *bench) {
	b.run("in full", func(b *bench) {
		bill, order := b.bill("120.00"), b.order("120.00")
		require.Equal(b.t, order.Amount, b.pay(bill, order).Paid)
		b.paidOnce(bill, order)
		require.Len(b.t, b.Books(b.t, bill).Payments, 1)
	})
	b.run("a part, then the rest", func(b *bench) {
		bill, part, rest := b.bill("120.00"), b.order("19.99"), b.order("100.01")
		require.Equal(b.t, part.Amount, b.pay(bill, part).Paid)
		require.Equal(b.t, b.amount("120.00"), b.pay(bill, rest).Paid)
		b.paidOnce(bill, part)
		b.paidOnce(bill, rest)
	})
	b.run("two equal ones with keys of their own", func(b *bench) {
		bill, one, two := b.bill("100.00"), b.order("50.00"), b.order("50.00")
		b.pay(bill, one)
		b.pay(bill, two)
		b.paidOnce(bill, one)
		b.paidOnce(bill, two)
	})
	b.run("step by step, one write a step", writingSteps)
	b.run("again, and nothing changes", func(b *bench) {
		for _, amount := range []string{"100.00", "40.00"} {
			bill, order := b.bill("100.00"), b.order(amount)
			b.pay(bill, order)
			b.unchanged(bill, func() {
				_ = b.write(bill, order) // that it is there may be said or not
				b.pay(bill, order)
			})
			b.paidOnce(bill, order)
		}
	})
	b.run("again upon the bill as it was before", func(b *bench) {
		bill, order := b.bill("100.00"), b.order("40.00")
		before := b.read(bill)
		b.pay(bill, order)
		_ = Write(b.ctx(), b.Adapter, before, order) // the books say what came of it
		require.LessOrEqual(b.t, len(b.withKey(bill, order.Key)), b.atMost(2))
		require.Equal(b.t, len(b.withKey(bill, order.Key)), carrying(b.agree(bill), order.Key), "whoever looks sees all of them")
	})
	b.run("with another amount under a key that is there", func(b *bench) {
		bill, order := b.bill("100.00"), b.order("40.00")
		b.pay(bill, order)
		other := order
		other.Amount = b.amount("41.00")
		b.unchanged(bill, func() { _ = b.write(bill, other) })
	})
	b.run("by the hundred, each with its own outcome", writingInBulk)
}

// writingSteps: every write but the last leaves one payment with the key that is Pending and counts nowhere.
func writingSteps(b *bench) {
	bill, order := b.bill("120.00"), b.order("70.00")
	for range maxSteps {
		sent := b.Wire.Count(b.IsWrite)
		require.NoError(b.t, b.write(bill, order))
		require.LessOrEqual(b.t, sent(), 1)
		read := b.agree(bill)
		require.Equal(b.t, 1, carrying(read, order.Key))
		if made(read, order.Key) {
			b.paidOnce(bill, order)
			return
		}
		require.Zero(b.t, read.Paid.Sign())
		require.Empty(b.t, slices.DeleteFunc(b.withKey(bill, order.Key), func(e Entry) bool { return !e.Counted }))
	}
	require.Fail(b.t, ErrSteps.Error())
}

// writingInBulk: one that is refused does not keep the others, be it by the adapter or by the ERP.
func writingInBulk(b *bench) {
	n := min(b.Adapter.Capabilities().Bulk, 5)
	bills, orders := make([]string, n), make([]erp.Order, n)
	for i := range bills {
		bills[i], orders[i] = b.bill("100.00"), b.order("40.00")
	}
	if n < 3 {
		return
	}
	writes := b.writes(bills, orders)
	writes[1].Order.Amount = b.amount("100.01")
	gone := n
	if b.Remove != nil {
		gone = n - 2
		b.Remove(b.t, bills[gone])
	}
	for i, kind := range kindsOf(b.Adapter.WritePayments(b.ctx(), writes)) {
		switch i {
		case 1:
			require.Equal(b.t, refused, kind)
		case gone:
			require.NotEqual(b.t, none, kind, "what is gone takes no payment")
		default:
			require.Equal(b.t, none, kind, "outcome %d of %d", i, n)
			require.Len(b.t, b.withKey(bills[i], orders[i].Key), 1)
			b.pay(bills[i], orders[i])
			b.paidOnce(bills[i], orders[i])
		}
	}
	require.Empty(b.t, b.withKey(bills[1], orders[1].Key))
}

// writes are the orders upon their bills as they are read now.
func (b *bench) writes(bills []string, orders []erp.Order) []erp.Write {
	b.t.Helper()
	snapshots, err := b.Adapter.ReadBills(b.ctx(), bills)
	require.NoError(b.t, err)
	require.Len(b.t, snapshots, len(bills))
	writes := make([]erp.Write, len(bills))
	for _, snapshot := range snapshots {
		i := slices.Index(bills, snapshot.Bill.ID)
		writes[i] = erp.Write{Bill: snapshot, Order: orders[i]}
	}
	return writes
}

// atMost is how many payments so many writes of one order may make that did not see one another.
func (b *bench) atMost(writes int) int {
	if b.subject.Once {
		return 1
	}
	return writes
}

// carrying is how many payments carry the key.
func carrying(bill reconcile.Bill, key string) (n int) {
	for _, p := range bill.Payments {
		if p.Tag == key {
			n++
		}
	}
	return n
}

// refusing: what must not be written is Refused, and changes nothing.
func refusing(b *bench) {
	bill := b.bill("100.00")
	b.pay(bill, b.order("30.00"))
	refuses := func(name string, change func(o *erp.Order)) {
		b.run(name, func(b *bench) {
			order := b.order("10.00")
			change(&order)
			b.unchanged(bill, func() { require.Equal(b.t, refused, kindOf(b.write(bill, order))) })
		})
	}
	for _, amount := range []string{"70.01", "100.00", "1000000.00", "0.00", "-0.01", "-10.00"} {
		refuses("amount "+amount, func(o *erp.Order) { o.Amount = b.amount(amount) })
	}
	refuses("no amount", func(o *erp.Order) { o.Amount = money.Amount{} })
	refuses("another currency", func(o *erp.Order) { o.Amount = b.in(b.foreignCurrency(), "10") })
	for _, date := range []string{"", "soon", "2025-02-29", "2026-13-01", "2026-3-1", "0000-00-00", "2026-03-14T00:00:00Z"} {
		refuses("date "+date, func(o *erp.Order) { o.Date = money.Date(date) })
	}
	for _, key := range []string{"", " ", "pr 1", "pr.1\n", "pr.ü", "pr_1", "pr.1'", strings.Repeat("k", 129)} {
		refuses("key "+key[:min(len(key), 8)], func(o *erp.Order) { o.Key = key })
	}
	b.run("a draft", func(b *bench) {
		b.needs(Drafts)
		draft := b.add(BillSpec{Link: b.link(), Total: b.amount("100.00"), Draft: true})
		require.False(b.t, b.read(draft).Bill.Confirmed)
		b.unchanged(draft, func() { require.Equal(b.t, refused, kindOf(b.write(draft, b.order("10.00")))) })
		require.False(b.t, b.read(draft).Bill.Confirmed)
	})
	b.run("a bill that was not read", func(b *bench) {
		for _, id := range []string{"", "999999999", "x' OR 1=1"} {
			unread := erp.Snapshot{Bill: reconcile.Bill{ID: id, Total: b.amount("100.00"), Paid: b.amount("0"), Confirmed: true, PaymentsRead: true}}
			require.Contains(b.t, []string{refused, notFound, stale}, kindOf(Write(b.ctx(), b.Adapter, unread, b.order("10.00"))))
		}
	})
	b.run("a bill that is gone", func(b *bench) {
		b.needs(Removal)
		gone := b.bill("100.00")
		snapshot := b.read(gone)
		b.Remove(b.t, gone)
		require.NotEqual(b.t, none, kindOf(Write(b.ctx(), b.Adapter, snapshot, b.order("10.00"))))
		require.Empty(b.t, b.readAll(gone))
	})
	b.run("what the ERP refuses, in its words", func(b *bench) {
		b.unchanged(bill, func() {
			status, body := b.Refusal("closed period")
			b.fail(answer(status, body), b.IsWrite)
			require.Equal(b.t, refused, kindOf(b.write(bill, b.order("10.00"))))
		})
	})
}

// foreignCurrency is none of the account's own.
func (b *bench) foreignCurrency() string {
	if b.subject.Currencies[0] == "EUR" {
		return "USD"
	}
	return "EUR"
}
