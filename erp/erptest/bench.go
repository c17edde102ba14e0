package erptest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// serial is of links and keys, so that none is used twice, also where accounts share their books.
var serial atomic.Int64

// bench is an account within a test.
type bench struct {
	*Account

	t       *testing.T
	subject Subject
	watch   *watch
}

func newBench(t *testing.T, subject Subject) *bench {
	t.Helper()
	account := *subject.New(t)
	w := &watch{subject: subject, secrets: account.Secrets}
	if account.Adapter != nil && account.Other != nil {
		account.Adapter, account.Other = watched{account.Adapter, w}, watched{account.Other, w}
	}
	return &bench{Account: &account, t: t, subject: subject, watch: w}
}

// run is a subtest upon the same account. None of its faults outlives it.
func (b *bench) run(name string, test func(b *bench)) {
	b.t.Helper()
	b.t.Run(name, func(t *testing.T) {
		t.Helper()
		within := *b
		within.t = t
		t.Cleanup(func() {
			within.Wire.Calm()
			require.Empty(t, within.watch.take(), "what every call must keep to")
		})
		test(&within)
	})
}

// needs skips the test where the ERP cannot do this.
func (b *bench) needs(ability Ability) {
	b.t.Helper()
	if reason, cannot := b.subject.Cannot[ability]; cannot {
		b.t.Skipf("%s: %s", ability, reason)
	}
}

func (b *bench) ctx() context.Context { return b.t.Context() }

func (b *bench) next() int64 {
	return 7_000_000 + serial.Add(1)
}

// link is one that no bill has yet.
func (b *bench) link() string { return fmt.Sprint(b.next()) }

// amount is in the account's own currency.
func (b *bench) amount(text string) money.Amount {
	b.t.Helper()
	return b.in(b.subject.Currencies[0], text)
}

func (b *bench) in(currency, text string) money.Amount {
	b.t.Helper()
	amount, err := money.Parse(text, currency)
	require.NoError(b.t, err)
	return amount
}

// bill adds a confirmed bill of so much.
func (b *bench) bill(total string) string {
	b.t.Helper()
	return b.add(BillSpec{Link: b.link(), Total: b.amount(total)})
}

func (b *bench) add(spec BillSpec) string {
	b.t.Helper()
	return b.addAll(spec)[0]
}

func (b *bench) addAll(specs ...BillSpec) []string {
	b.t.Helper()
	ids := b.AddBills(b.t, specs...)
	require.Len(b.t, ids, len(specs))
	return ids
}

// order is a payment of so much that is not there yet.
func (b *bench) order(amount string) erp.Order {
	b.t.Helper()
	return erp.Order{Key: fmt.Sprintf("pr.%d", b.next()), Amount: b.amount(amount), Date: b.subject.Days[0]}
}

func (b *bench) read(bill string) erp.Snapshot {
	b.t.Helper()
	snapshot, err := Read(b.ctx(), b.Adapter, bill)
	require.NoError(b.t, err)
	return snapshot
}

// write takes the order one step further upon what is read now.
func (b *bench) write(bill string, order erp.Order) error {
	b.t.Helper()
	return Write(b.ctx(), b.Adapter, b.read(bill), order)
}

// pay writes the order to its end, and returns the bill as it is read then.
func (b *bench) pay(bill string, order erp.Order) reconcile.Bill {
	b.t.Helper()
	paid, err := Pay(b.ctx(), b.Adapter, bill, order)
	require.NoError(b.t, err)
	return paid
}

// paidOnce checks that the order was carried out, once and as it was given.
func (b *bench) paidOnce(bill string, order erp.Order) {
	b.t.Helper()
	var found []Entry
	for _, p := range b.agree(bill).Payments {
		if p.Tag == order.Key {
			found = append(found, Entry{p.Tag, p.Amount, p.Date, !p.Cancelled && p.Pending == ""})
		}
	}
	require.Equal(b.t, []Entry{{order.Key, order.Amount, order.Date, true}}, found)
}

// withKey are the records of this key in the ERP's books.
func (b *bench) withKey(bill, key string) (found []Entry) {
	b.t.Helper()
	for _, entry := range b.Books(b.t, bill).Payments {
		if entry.Key == key {
			found = append(found, entry)
		}
	}
	return found
}

// agree checks that the adapter says of a bill what the ERP's books say, and returns it.
func (b *bench) agree(bill string) reconcile.Bill {
	b.t.Helper()
	read, books := b.read(bill).Bill, b.Books(b.t, bill)
	require.Empty(b.t, read.Problem)
	require.True(b.t, read.PaymentsRead, "whoever reads a bill knows its payments")
	require.Equal(b.t, books.Total, read.Total)
	require.Equal(b.t, books.Paid, read.Paid)

	records, sum := []Entry{}, b.zero(read.Total)
	for _, p := range read.Payments {
		require.Empty(b.t, p.Problem)
		counted := !p.Cancelled && p.Pending == ""
		if counted {
			sum = b.sum(sum, p.Amount)
		}
		if !p.Derived {
			records = append(records, Entry{p.Tag, p.Amount, p.Date, counted})
		}
	}
	require.ElementsMatch(b.t, books.Payments, records, "records of payments")
	require.Equal(b.t, read.Paid, sum, "what counts adds up to what is paid")
	return read
}

// unchanged checks that something leaves the books of a bill as they are.
func (b *bench) unchanged(bill string, while func()) {
	b.t.Helper()
	before := b.Books(b.t, bill)
	while()
	after := b.Books(b.t, bill)
	require.ElementsMatch(b.t, before.Payments, after.Payments)
	require.Equal(b.t, []money.Amount{before.Total, before.Paid}, []money.Amount{after.Total, after.Paid})
}

func (b *bench) zero(like money.Amount) money.Amount {
	b.t.Helper()
	zero, err := money.FromMinor(0, like.Currency())
	require.NoError(b.t, err)
	return zero
}

func (b *bench) sum(x, y money.Amount) money.Amount {
	b.t.Helper()
	sum, err := x.Add(y)
	require.NoError(b.t, err)
	return sum
}

func (b *bench) less(x, y money.Amount) money.Amount {
	b.t.Helper()
	minus, err := money.FromMinor(-y.Minor(), y.Currency())
	require.NoError(b.t, err)
	return b.sum(x, minus)
}

// open is what is left to be paid of a bill.
func (b *bench) open(bill string) money.Amount {
	b.t.Helper()
	books := b.Books(b.t, bill)
	return b.less(books.Total, books.Paid)
}
