package erptest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/faulty"
	"payrecon/internal/money"
)

// interruptions are what can happen to a request that is then neither answered nor refused by the ERP.
var interruptions = []faulty.Kind{
	faulty.LostAnswer, faulty.Cut, faulty.BadGateway, faulty.HTML, faulty.Refused, faulty.Reset, faulty.ServerError,
}

// fail lets the fault happen to the next request that matches.
func (b *bench) fail(f faulty.Fault, match faulty.Match) {
	f.Match = match
	b.Wire.Fail(f)
}

// answer is what the server would say, and does nothing.
func answer(status int, body string) faulty.Fault {
	return faulty.Fault{Kind: faulty.Answer, Status: status, Body: body}
}

// lostAnswers: wherever a payment is interrupted, going on with it completes that one payment.
func lostAnswers(b *bench) {
	writes, requests := b.lengthOfAPayment()
	parts := b.bill("100000.00")
	for i, kind := range interruptions {
		for step := range writes {
			// To the ERP, the kinds differ by whether the request was carried out; to the adapter, at any one step.
			if b.subject.Costly && kind != faulty.LostAnswer && kind != faulty.Refused && step != i%writes {
				continue
			}
			b.run(fmt.Sprintf("%s at write %d of %d", kind, step+1, writes), func(b *bench) {
				b.interrupted(b.bill("100.00"), "100.00", faulty.Fault{Kind: kind, Match: b.IsWrite, After: step})
			})
		}
	}
	for n := range requests {
		b.run(fmt.Sprintf("lost answer to request %d of %d", n+1, requests), func(b *bench) {
			b.interrupted(parts, "40.00", faulty.Fault{Kind: faulty.LostAnswer, After: n})
		})
	}
	b.run("twice", func(b *bench) {
		b.interrupted(parts, "40.00", faulty.Fault{Kind: faulty.LostAnswer, Match: b.IsWrite, Times: 2})
		b.interrupted(parts, "40.00", faulty.Fault{Kind: faulty.Reset, Match: b.IsWrite, Times: 2})
	})
	b.run("in a bulk", func(b *bench) {
		n := min(b.Adapter.Capabilities().Bulk, 3)
		bills, orders := make([]string, n), make([]erp.Order, n)
		for i := range bills {
			bills[i], orders[i] = b.bill("100.00"), b.order("40.00")
		}
		b.fail(faulty.Fault{Kind: faulty.LostAnswer}, b.IsWrite)
		kinds := kindsOf(b.Adapter.WritePayments(b.ctx(), b.writes(bills, orders)))
		require.Contains(b.t, kinds, outcomeUnknown)
		for i, bill := range bills {
			b.pay(bill, orders[i])
			b.paidOnce(bill, orders[i])
		}
	})
	days := uint64(3)
	if b.subject.Costly {
		days = 1
	}
	for seed := range days {
		b.run(fmt.Sprintf("a bad day, number %d", seed), func(b *bench) { b.badDay(seed) })
	}
}

// lengthOfAPayment is how many write requests, and how many in all, one payment takes where nothing goes wrong.
func (b *bench) lengthOfAPayment() (writes, requests int) {
	b.t.Helper()
	bill, order := b.bill("100.00"), b.order("40.00")
	b.read(bill) // within a session
	written, sent := b.Wire.Count(b.IsWrite), b.Wire.Count(nil)
	_, err := Pay(b.ctx(), b.Adapter, bill, order)
	require.NoError(b.t, err)
	require.Positive(b.t, written(), "IsWrite knows a write when it sees one")
	return written(), sent()
}

// interrupted makes a payment that meets the fault.
func (b *bench) interrupted(bill, amount string, f faulty.Fault) {
	b.t.Helper()
	order, before := b.order(amount), b.Wire.Met()[f.Kind]
	b.Wire.Fail(f)
	b.pay(bill, order)
	b.Wire.Calm()
	b.paidOnce(bill, order)
	require.Greater(b.t, b.Wire.Met()[f.Kind], before, "the fault was met")
}

// badDay makes payments while a third of all requests fail.
func (b *bench) badDay(seed uint64) {
	const payments, mostTries = 5, 100
	bill, orders := b.bill("100.00"), make([]erp.Order, payments)
	faults := make([]faulty.Fault, len(interruptions))
	for i, kind := range interruptions {
		faults[i].Kind = kind
	}
	b.Wire.Campaign(seed, 333, faults...)
	for i := range orders {
		orders[i] = b.order("20.00")
		_, err := Pay(b.ctx(), b.Adapter, bill, orders[i])
		for tries := 0; err != nil; tries++ {
			require.True(b.t, passing(err) && tries < mostTries, "%v", err)
			_, err = Pay(b.ctx(), b.Adapter, bill, orders[i])
		}
	}
	b.Wire.Calm()
	for _, order := range orders {
		b.paidOnce(bill, order)
	}
	books := b.Books(b.t, bill)
	require.Equal(b.t, []money.Amount{books.Total}, []money.Amount{books.Paid})
	require.Len(b.t, books.Payments, payments)
}
