package erptest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/faulty"
)

// sessions: a session is kept, and renewed once where it is over; a login that is refused is not tried again and again.
func sessions(b *bench) {
	bill := b.bill("100.00")
	b.run("one login is enough", func(b *bench) {
		b.read(bill)
		logins := b.Wire.Count(b.IsLogin)
		b.pay(bill, b.order("1.00"))
		for _, read := range b.reads(b.Adapter, bill) {
			require.NoError(b.t, read())
		}
		require.Zero(b.t, logins())
	})
	b.run("one that is over is renewed, and nobody notices", func(b *bench) {
		for name, read := range b.reads(b.Adapter, bill) {
			logins := b.renewing(func() { require.NoError(b.t, read(), name) })
			require.Equal(b.t, 1, logins, name)
		}
		snapshot, order := b.read(bill), b.order("1.00")
		require.Equal(b.t, 1, b.renewing(func() { require.NoError(b.t, Write(b.ctx(), b.Adapter, snapshot, order)) }))
		b.pay(bill, order)
		b.paidOnce(bill, order)
	})
	b.run("at every step of a payment", func(b *bench) {
		order := b.order("1.00")
		for range maxSteps {
			snapshot := b.read(bill)
			if made(snapshot.Bill, order.Key) {
				break
			}
			b.ExpireSessions(b.t)
			require.NoError(b.t, Write(b.ctx(), b.Adapter, snapshot, order))
			b.ExpireSessions(b.t)
		}
		b.paidOnce(bill, order)
	})
	b.run("for all who work at once", func(b *bench) {
		b.read(bill)
		b.ExpireSessions(b.t)
		logins := b.Wire.Count(b.IsLogin)
		outcomes := b.together(func(ctx context.Context, _ int) error { _, err := b.Adapter.ReadBills(ctx, []string{bill}); return err })
		for _, err := range outcomes {
			require.NoError(b.t, err)
		}
		require.Equal(b.t, 1, logins(), "they share one")
	})
	b.run("one that is never accepted is Unauthorized", func(b *bench) {
		snapshot, order := b.read(bill), b.order("1.00")
		calls := b.reads(b.Adapter, bill)
		calls["WritePayments"] = func() error { return Write(b.ctx(), b.Adapter, snapshot, order) }
		for how, never := range map[string]func(){"HTTP 401": b.neverAuthorized, "over each time": b.alwaysOver} {
			for name, call := range calls {
				b.read(bill)
				logins := b.Wire.Count(b.IsLogin)
				never()
				require.Equal(b.t, unauthorized, kindOf(call()), "%s, %s", name, how)
				require.LessOrEqual(b.t, logins(), 1, "%s, %s", name, how)
				b.Wire.Calm()
			}
		}
		require.Empty(b.t, b.withKey(bill, order.Key))
		require.NoError(b.t, calls["ReadBills"]())
	})
	b.run("a login that fails in a way that may pass", func(b *bench) {
		for _, kind := range interruptions {
			snapshot, order := b.read(bill), b.order("1.00")
			b.ExpireSessions(b.t)
			b.fail(faulty.Fault{Kind: kind}, b.IsLogin)
			require.Equal(b.t, unavailable, kindOf(b.reads(b.Adapter, bill)["ReadBills"]()), kind)
			b.fail(faulty.Fault{Kind: kind}, b.IsLogin)
			require.Equal(b.t, notSent, kindOf(Write(b.ctx(), b.Adapter, snapshot, order)), kind)
			require.Empty(b.t, b.withKey(bill, order.Key))
			b.pay(bill, order)
		}
	})
	b.run("a login that is throttled", func(b *bench) {
		b.read(bill)
		b.ExpireSessions(b.t)
		b.fail(faulty.Fault{Kind: faulty.Throttled, Delay: delay}, b.IsLogin)
		b.throttled(b.reads(b.Adapter, bill)["ReadBills"]())
		b.read(bill)
	})
	b.run("a login that repeats what it was sent", func(b *bench) {
		b.read(bill)
		echo := strings.Join(b.Secrets(), " ")
		for _, body := range []string{echo, `{"error":"` + echo + `"}`, `{"status":"` + echo + `"}`} {
			b.ExpireSessions(b.t)
			b.fail(answer(0, body), b.IsLogin)
			require.Error(b.t, b.reads(b.Adapter, bill)["ReadBills"]())
		}
		b.read(bill)
	})
	b.run("a wrong password is Unauthorized, and tried once a call", func(b *bench) {
		snapshot, order := b.read(bill), b.order("1.00")
		intruder := watched{b.Intruder(b.t), b.watch}
		calls := b.reads(intruder, bill)
		calls["WritePayments"] = func() error { return Write(b.ctx(), intruder, snapshot, order) }
		for name, call := range calls {
			logins, sent := b.Wire.Count(b.IsLogin), b.Wire.Count(nil)
			require.Equal(b.t, unauthorized, kindOf(call()), name)
			require.LessOrEqual(b.t, logins(), 1, name)
			require.Equal(b.t, logins(), sent(), "%s: nothing is asked for without a session", name)
		}
		require.Empty(b.t, b.withKey(bill, order.Key))
		b.read(bill)
	})
}

// renewing is how many logins something takes after all sessions have ended.
func (b *bench) renewing(do func()) int {
	b.t.Helper()
	b.read(b.bill("1.00"))
	b.ExpireSessions(b.t)
	logins := b.Wire.Count(b.IsLogin)
	do()
	return logins()
}

// often is more than any call sends requests.
const often = 50

func (b *bench) neverAuthorized() {
	b.fail(faulty.Fault{Kind: faulty.Unauthorized, Times: often}, b.isWork())
}

// alwaysOver ends the session before each request that goes by one.
func (b *bench) alwaysOver() {
	left := often
	var end func()
	end = func() {
		if left--; left > 0 {
			b.ExpireSessions(b.t)
			b.Wire.Before(b.isWork(), end)
		}
	}
	b.Wire.Before(b.isWork(), end)
}

// rights: a login that lacks a right is Forbidden, and not refused bill by bill.
func rights(b *bench) {
	b.run("to read and to write", func(b *bench) {
		b.needs(MissingRights)
		bill, order := b.bill("100.00"), b.order("40.00")
		snapshot := b.read(bill)
		b.Deny(b.t)
		logins := b.Wire.Count(b.IsLogin)
		for name, read := range b.reads(b.Adapter, bill) {
			require.Equal(b.t, forbidden, kindOf(read()), name)
		}
		require.Equal(b.t, forbidden, kindOf(Write(b.ctx(), b.Adapter, snapshot, order)))
		require.LessOrEqual(b.t, logins(), 4, "a login more or less is not what it lacks")
		require.Empty(b.t, b.withKey(bill, order.Key))
	})
}

// cost: a call sends few requests, and says what they cost.
func cost(b *bench) {
	b.run("requests of a call", func(b *bench) {
		bill := b.bill("100.00")
		b.read(bill)
		snapshot, order := b.read(bill), b.order("40.00")
		calls := b.reads(b.Adapter, bill)
		calls["WritePayments"] = func() error { return Write(b.ctx(), b.Adapter, snapshot, order) }
		for name, call := range calls {
			sent := b.Wire.Count(nil)
			require.NoError(b.t, call(), name)
			require.Positive(b.t, sent(), name)
			require.LessOrEqual(b.t, sent(), b.subject.Requests, name)
		}
	})
	b.run("many bills are not many requests", func(b *bench) {
		n := min(b.Adapter.Capabilities().Bulk, 20)
		bills, orders := make([]string, n), make([]erp.Order, n)
		for i := range bills {
			bills[i], orders[i] = b.bill("100.00"), b.order("40.00")
		}
		writes, sent := b.writes(bills, orders), b.Wire.Count(nil)
		for _, err := range b.Adapter.WritePayments(b.ctx(), writes) {
			require.NoError(b.t, err)
		}
		require.LessOrEqual(b.t, sent(), b.subject.Requests)
	})
	b.run("what is charged is what the ERP counts", func(b *bench) {
		b.needs(CountedRequests)
		require.Positive(b.t, b.Adapter.Capabilities().PerHour)
		charged, counted := b.watch.spent(), b.Spent()
		bill := b.bill("100.00")
		b.pay(bill, b.order("40.00"))
		b.ExpireSessions(b.t)
		for _, read := range b.reads(b.Adapter, bill) {
			require.NoError(b.t, read())
		}
		require.Equal(b.t, b.Spent()-counted, b.watch.spent()-charged)
		require.Positive(b.t, b.Spent()-counted)
	})
}
