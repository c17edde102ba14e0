package erptest

import (
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"
)

// reading: a bill is read whole.
func reading(b *bench) {
	b.run("several at once, each once", func(b *bench) {
		bills := b.addAll(BillSpec{Link: b.link(), Total: b.amount("1.00")}, BillSpec{Total: b.amount("2.00")}, BillSpec{Link: b.link(), Total: b.amount("3.00")})
		require.ElementsMatch(b.t, bills, b.readAll(append(bills, bills[0])...))
	})
	b.run("what is gone or never was is left out", func(b *bench) {
		bill := b.bill("1.00")
		require.Equal(b.t, []string{bill}, b.readAll("999999999", bill))
		require.Empty(b.t, b.readAll("999999999"))
		for _, id := range slices.Concat(foreign, nonsense, []string{""}) {
			require.Equal(b.t, []string{bill}, b.readAll(id, bill), "%.40q", id)
		}
		if b.Remove != nil {
			b.Remove(b.t, bill)
			require.Empty(b.t, b.readAll(bill))
		}
	})
	b.run("as many at once as it says, and no more", func(b *bench) {
		bill, ids := b.bill("1.00"), make([]string, b.Adapter.Capabilities().Bulk)
		for i := range ids {
			ids[i] = strconv.Itoa(900_000_000 + i)
		}
		ids[len(ids)-1] = bill
		require.Equal(b.t, []string{bill}, b.readAll(ids...))
		_, err := b.Adapter.ReadBills(b.ctx(), append(ids, "900900900"))
		require.Equal(b.t, refused, kindOf(err))
	})
	b.run("with all payments", func(b *bench) {
		bill := b.bill("100.00")
		b.agree(bill)
		for range 3 {
			b.pay(bill, b.order("20.00"))
		}
		require.Len(b.t, b.agree(bill).Payments, 3)
	})
	b.run("its version changes with it, and only then", func(b *bench) {
		bill := b.bill("100.00")
		before := b.read(bill).Bill.Version
		require.Equal(b.t, before, b.read(bill).Bill.Version)
		b.pay(b.bill("1.00"), b.order("1.00"))
		require.Equal(b.t, before, b.read(bill).Bill.Version, "that was another bill")
		for _, change := range []func(){
			func() { b.Edit(b.t, bill, "looked at") },
			func() { require.NoError(b.t, b.write(bill, b.order("20.00"))) },
			func() { b.pay(bill, b.order("30.00")) },
			func() { b.anyWhole().Pay(b.t, bill, b.open(bill)) },
		} {
			change()
			after := b.read(bill).Bill.Version
			require.NotEqual(b.t, before, after)
			before = after
		}
	})
	b.run("foreign text upon it survives our writes", func(b *bench) {
		const text = "Größe: 5 × \"3\"\n😀 שלום\ttab <b>&amp;</b> \\n %s {\"a\":1}\n"
		bill := b.add(BillSpec{Link: b.link(), Total: b.amount("10.00"), Text: text})
		require.Equal(b.t, text, b.Text(b.t, bill))
		b.pay(bill, b.order("4.00"))
		b.pay(bill, b.order("6.00"))
		require.Equal(b.t, text, b.Text(b.t, bill))
	})
	b.run("the other login reads the same", func(b *bench) {
		bill := b.bill("10.00")
		b.pay(bill, b.order("4.00"))
		other, err := Read(b.ctx(), b.Other, bill)
		require.NoError(b.t, err)
		require.Equal(b.t, b.read(bill).Bill, other.Bill)
	})
	b.run("it takes writes of any login that reads it", func(b *bench) {
		bill, order := b.bill("10.00"), b.order("4.00")
		snapshot, err := Read(b.ctx(), b.Other, bill)
		require.NoError(b.t, err)
		require.NoError(b.t, Write(b.ctx(), b.Adapter, snapshot, order))
		b.pay(bill, order)
		b.paidOnce(bill, order)
	})
}

func (b *bench) readAll(ids ...string) (read []string) {
	b.t.Helper()
	snapshots, err := b.Adapter.ReadBills(b.ctx(), ids)
	require.NoError(b.t, err)
	for _, snapshot := range snapshots {
		read = append(read, snapshot.Bill.ID)
	}
	return read
}

// anyWhole is a way in which people pay.
func (b *bench) anyWhole() Way {
	for _, way := range b.Ways {
		return way
	}
	return Way{}
}
