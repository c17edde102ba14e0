package erptest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/faulty"
	"payrecon/internal/remote"
)

// delay is what a server that has enough asks for.
const delay = 30 * time.Second

// reads are the calls that read, by name.
func (b *bench) reads(adapter erp.Adapter, bill string) map[string]func() error {
	return map[string]func() error{
		"FindBills": func() error { _, err := adapter.FindBills(b.ctx(), []erp.Link{{Bill: bill}}); return err },
		"ListBills": func() error { _, err := adapter.ListBills(b.ctx(), erp.ListQuery{}); return err },
		"ReadBills": func() error { _, err := adapter.ReadBills(b.ctx(), []string{bill}); return err },
	}
}

// isWork is a request within a session.
func (b *bench) isWork() faulty.Match { return not(b.IsLogin) }

// errorsOfReads: a read that fails in a way that may pass is Unavailable, never an answer.
func errorsOfReads(b *bench) {
	bill := b.bill("100.00")
	b.pay(bill, b.order("40.00"))
	for name, read := range b.reads(b.Adapter, bill) {
		kinds := interruptions
		if name == "ReadBills" { // once is enough of so many bytes
			kinds = append(slices.Clone(kinds), faulty.TooLong)
		}
		for _, kind := range kinds {
			b.run(name+", "+string(kind), func(b *bench) {
				sent := b.Wire.Count(nil)
				b.fail(faulty.Fault{Kind: kind}, b.isWork())
				require.Equal(b.t, unavailable, kindOf(read()))
				require.LessOrEqual(b.t, sent(), b.subject.Requests, "nothing is asked again behind the caller's back")
				require.NoError(b.t, read())
			})
		}
		b.run(name+", throttled", func(b *bench) {
			b.fail(faulty.Fault{Kind: faulty.Throttled, Delay: delay}, b.isWork())
			b.throttled(read())
			require.NoError(b.t, read())
		})
		b.run(name+", what is no answer of this ERP's", func(b *bench) {
			for _, body := range []string{"", " ", "null", "{}", "[]", "0", `"ok"`, "true", "[[]]", `{"status":1}`, `{"result":1}`, "{"} {
				b.fail(answer(0, body), b.isWork())
				require.Contains(b.t, []string{unavailable, refused}, kindOf(read()), "%q", body)
			}
		})
	}
	b.run("given up by the caller", func(b *bench) {
		ctx, cancel := context.WithCancel(b.ctx())
		b.Wire.Before(b.isWork(), cancel)
		_, err := b.Adapter.ReadBills(ctx, []string{bill})
		require.Equal(b.t, unavailable, kindOf(err))
		require.ErrorIs(b.t, err, context.Canceled)
	})
	b.run("beyond what it may send", func(b *bench) {
		ctx, _ := remote.WithAllowance(b.ctx(), 0)
		_, err := b.Adapter.(watched).Adapter.ReadBills(ctx, []string{bill})
		require.ErrorIs(b.t, err, remote.ErrAllowance)
	})
}

// errorsOfWrites: what a write's error says of it is true.
func errorsOfWrites(b *bench) {
	for _, kind := range append(slices.Clone(interruptions), faulty.TooLong) {
		b.run(string(kind), func(b *bench) {
			want := outcomeUnknown
			if kind == faulty.Refused {
				want = notSent
			}
			b.failsAs(want, faulty.Fault{Kind: kind})
		})
	}
	b.run("throttled", func(b *bench) {
		b.failsAs(throttled, faulty.Fault{Kind: faulty.Throttled, Delay: delay}, b.throttled)
	})
	b.run("what is no answer of this ERP's", func(b *bench) {
		for _, body := range []string{"", "null", "{}", "[]", "0", `"ok"`, `{"status":1}`, "{"} {
			b.failsAs(outcomeUnknown, answer(0, body))
		}
	})
	b.run("whatever it asks before it writes", func(b *bench) {
		bill, order := b.bill("100.00"), b.order("40.00")
		snapshot := b.read(bill)
		b.fail(faulty.Fault{Kind: faulty.LostAnswer}, func(r *http.Request, body []byte) bool { return !b.IsWrite(r, body) && !b.IsLogin(r, body) })
		met := b.Wire.Met()[faulty.LostAnswer]
		err := Write(b.ctx(), b.Adapter, snapshot, order)
		if b.Wire.Met()[faulty.LostAnswer] > met {
			require.Equal(b.t, notSent, kindOf(err), "the write itself was not sent")
			require.Empty(b.t, b.withKey(bill, order.Key))
		}
	})
	b.run("given up by the caller", func(b *bench) {
		for _, when := range []func(faulty.Match, func()){b.Wire.Before, b.Wire.After} {
			bill, order := b.bill("100.00"), b.order("40.00")
			snapshot := b.read(bill)
			ctx, cancel := context.WithCancel(b.ctx())
			when(b.IsWrite, cancel)
			require.Contains(b.t, []string{none, outcomeUnknown, notSent}, kindOf(Write(ctx, b.Adapter, snapshot, order)))
			b.pay(bill, order)
			b.paidOnce(bill, order)
		}
	})
	b.run("in a refusal's own words, a line of them, without secrets", func(b *bench) {
		for _, words := range append(b.Secrets(), "no\nsuch\x1b[2Jperiod", strings.Repeat("no! ", 10_000), "\u202eright to left", "\xff") {
			status, body := b.Refusal(words)
			b.failsAs(refused, answer(status, body))
		}
	})
	b.run("in an answer that repeats the request", func(b *bench) {
		echo := strings.Join(b.Secrets(), " ")
		for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError} {
			for _, body := range []string{echo, `{"error":"` + echo + `"}`, `["` + echo + `"]`} {
				b.fail(answer(status, body), b.isWork())
				for _, read := range b.reads(b.Adapter, "1") {
					_ = read() // what is in the error is looked at in any case
				}
				b.fail(answer(status, body), b.IsWrite)
				require.NotEqual(b.t, none, kindOf(b.write(b.bill("10.00"), b.order("10.00"))))
			}
		}
	})
}

// failsAs lets a write meet the fault: it fails as told, is not sent again, and is carried out no more than once.
func (b *bench) failsAs(want string, f faulty.Fault, checks ...func(error)) {
	b.t.Helper()
	bill, order := b.bill("100.00"), b.order("40.00")
	snapshot, sent := b.read(bill), b.Wire.Count(b.IsWrite)
	b.fail(f, b.IsWrite)
	err := Write(b.ctx(), b.Adapter, snapshot, order)
	require.Equal(b.t, want, kindOf(err), "%v", err)
	require.Equal(b.t, 1, sent(), "nothing is sent again")
	if !f.Kind.CarriedOut() {
		require.Empty(b.t, b.withKey(bill, order.Key))
	}
	for _, check := range checks {
		check(err)
	}
	b.pay(bill, order)
	b.paidOnce(bill, order)
}

// throttled checks that an error says how long to wait.
func (b *bench) throttled(err error) {
	b.t.Helper()
	limit, is := remote.As[erp.Throttled](err)
	require.True(b.t, is, "%v", err)
	require.Positive(b.t, limit.After, "how long to wait")
	if !limit.Until.IsZero() {
		require.Greater(b.t, limit.Until, b.Now())
	}
}

func not(match faulty.Match) faulty.Match {
	return func(r *http.Request, body []byte) bool { return !match(r, body) }
}
