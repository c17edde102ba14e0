package erptest

import (
	"strings"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/money"
)

// exactness: amounts, days and keys are in the books as they were ordered.
func exactness(b *bench) {
	for _, code := range b.subject.Currencies {
		b.run(code, func(b *bench) {
			currency, err := money.ParseCurrency(code)
			require.NoError(b.t, err)
			cent, err := money.FromMinor(1, currency)
			require.NoError(b.t, err)
			totals := []money.Amount{b.minor(currency, 999_999_999_999), b.minor(currency, 2), b.minor(currency, 30), b.minor(currency, 100_029)}
			if b.subject.Costly {
				totals = totals[:1]
			}
			for _, total := range totals {
				bill := b.add(BillSpec{Link: b.link(), Total: total})
				first, second := b.order("1.00"), b.order("1.00")
				first.Amount, second.Amount = cent, b.less(total, cent)
				require.Equal(b.t, total, b.agree(bill).Total)
				b.pay(bill, first)
				b.pay(bill, second)
				b.paidOnce(bill, first)
				b.paidOnce(bill, second)
				require.Equal(b.t, total, b.read(bill).Bill.Paid)
			}
		})
	}
	b.run("an amount that no float holds", func(b *bench) {
		bill, order := b.bill("90071992547409.93"), b.order("90071992547409.92")
		require.Equal(b.t, order.Amount, b.pay(bill, order).Paid)
		b.paidOnce(bill, order)
		rest := b.order("0.01")
		b.pay(bill, rest)
		b.paidOnce(bill, rest)
	})
	b.run("cents that floats add up to something else", func(b *bench) {
		bill := b.bill("0.60")
		for _, part := range []string{"0.10", "0.20", "0.30"} {
			b.pay(bill, b.order(part))
		}
		require.Equal(b.t, b.amount("0.60"), b.Books(b.t, bill).Paid)
	})
	for _, day := range b.subject.Days {
		b.run("the day "+string(day), func(b *bench) {
			bill, order := b.bill("10.00"), b.order("10.00")
			order.Date = day
			b.pay(bill, order)
			b.paidOnce(bill, order)
		})
	}
	b.run("a key of all that a key may be", func(b *bench) {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
		bill, order := b.bill("10.00"), b.order("4.00")
		order.Key = alphabet + strings.Repeat("z", 128-len(alphabet))
		if _, cannot := b.subject.Cannot[LongKeys]; cannot {
			b.unchanged(bill, func() { require.Equal(b.t, refused, kindOf(b.write(bill, order))) })
			return
		}
		longest := order
		b.pay(bill, longest)
		b.paidOnce(bill, longest)
		for _, key := range []string{longest.Key[:127], longest.Key[:127] + "Z", "x", "er.8842.paid"} {
			other := erp.Order{Key: key, Amount: b.amount("1.00"), Date: order.Date}
			b.pay(bill, other)
			b.paidOnce(bill, other)
		}
	})
}

func (b *bench) minor(currency money.Currency, n int64) money.Amount {
	b.t.Helper()
	amount, err := money.FromMinor(n, currency)
	require.NoError(b.t, err)
	return amount
}
