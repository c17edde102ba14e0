package erptest

import (
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// maxParts is far more than any list here has.
const maxParts = 1000

// disturbed is how many parts are followed by changes: a list need not end while it grows.
const disturbed = 3

// list is a list as it came.
type list struct {
	bills []reconcile.Bill
	parts []erp.Listed
}

func (l list) ids() (ids []string) {
	for _, bill := range l.bills {
		ids = append(ids, bill.ID)
	}
	return ids
}

func (l list) missing(wanted []string) []string {
	came := make(map[string]bool, len(l.bills))
	for _, bill := range l.bills {
		came[bill.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(id string) bool { return came[id] })
}

// list reads a list to its end. between, if any, is called after each of the first parts.
func (b *bench) list(since time.Time, between func()) (l list) {
	b.t.Helper()
	for cursor := ""; ; {
		require.Less(b.t, len(l.parts), maxParts, "the list does not end")
		part, err := b.Adapter.ListBills(b.ctx(), erp.ListQuery{ChangedSince: since, Cursor: cursor})
		require.NoError(b.t, err)
		b.onTime(part.Time)
		l.parts, l.bills = append(l.parts, part), append(l.bills, part.Bills...)
		if cursor = part.Next; cursor == "" {
			return l
		}
		if between != nil && len(l.parts) <= disturbed {
			between()
		}
	}
}

// mark is a time by which a list is asked for: whatever was done before it is old, where the clock can be moved.
func (b *bench) mark() time.Time {
	lag := b.Adapter.Capabilities().Lag
	if b.Advance != nil {
		b.Advance(2*lag + time.Minute)
	}
	return b.Now().Add(-lag)
}

// listing: a list has every bill that carries a link, or every one that changed.
func listing(b *bench) {
	b.run("of nothing", func(b *bench) {
		require.Empty(b.t, b.list(time.Time{}, nil).bills)
	})
	b.run("of all that carry a link", func(b *bench) {
		linked := b.addAll(BillSpec{Link: b.link(), Total: b.amount("1.00")}, BillSpec{Link: foreign[0], Total: b.amount("2.00")})
		if b.subject.Cannot[Drafts] == "" {
			linked = append(linked, b.add(BillSpec{Link: b.link(), Total: b.amount("3.00"), Draft: true}))
		}
		unlinked := b.add(BillSpec{Total: b.amount("4.00")})
		l := b.list(time.Time{}, nil)
		require.Subset(b.t, l.ids(), linked)
		require.NotContains(b.t, l.ids(), unlinked)
		if total := l.parts[0].Total; total >= 0 {
			require.GreaterOrEqual(b.t, total, len(linked))
		}
	})
	b.run("as they are read", func(b *bench) {
		bill := b.bill("120.00")
		b.pay(bill, b.order("20.00"))
		read := b.agree(bill)
		for _, since := range []time.Time{{}, b.Now().Add(-time.Hour)} {
			bills := b.list(since, nil).bills
			i := slices.IndexFunc(bills, func(one reconcile.Bill) bool { return one.ID == bill })
			require.GreaterOrEqual(b.t, i, 0)
			listed := bills[i]
			require.Equal(b.t, []any{read.Link, read.Total, read.Paid, read.Confirmed, read.Version}, []any{listed.Link, listed.Total, listed.Paid, listed.Confirmed, listed.Version})
			if listed.PaymentsRead {
				require.ElementsMatch(b.t, read.Payments, listed.Payments)
			}
		}
	})
	b.run("of what changed", listingChanges)
	b.run("by a cursor that it gave", func(b *bench) {
		b.bill("1.00")
		for _, cursor := range []string{"x", "-1", "0", "''", "\x00", "{}", strings.Repeat("9", 10_000)} {
			for _, since := range []time.Time{{}, b.Now().Add(-time.Hour)} {
				_, err := b.Adapter.ListBills(b.ctx(), erp.ListQuery{ChangedSince: since, Cursor: cursor})
				require.Equal(b.t, refused, kindOf(err), "%.40q", cursor)
			}
		}
	})
}

func listingChanges(b *bench) {
	changes := map[string]func(b *bench, bill string){
		"an edit":         func(b *bench, bill string) { b.Edit(b.t, bill, "looked at") },
		"our payment":     func(b *bench, bill string) { b.pay(bill, b.order("100.00")) },
		"part of ours":    func(b *bench, bill string) { b.pay(bill, b.order("40.00")) },
		"the first write": func(b *bench, bill string) { require.NoError(b.t, b.write(bill, b.order("40.00"))) },
		"somebody in Other": func(b *bench, bill string) {
			_, err := Pay(b.ctx(), b.Other, bill, b.order("40.00"))
			require.NoError(b.t, err)
		},
	}
	for name, way := range b.Ways {
		changes["payment by "+name] = func(b *bench, bill string) { way.Pay(b.t, bill, b.amount("100.00")) }
		if way.TakeBack != nil {
			changes["return by "+name] = func(b *bench, bill string) {
				way.Pay(b.t, bill, b.amount("100.00"))
				b.mark()
				way.TakeBack(b.t, bill)
			}
		}
	}
	for name, change := range changes {
		b.run(name, func(b *bench) {
			bills := b.addAll(BillSpec{Link: b.link(), Total: b.amount("100.00")}, BillSpec{Total: b.amount("100.00")}, BillSpec{Link: b.link(), Total: b.amount("100.00")})
			since := b.mark()
			change(b, bills[0])
			change(b, bills[1])
			l := b.list(since, nil)
			require.Empty(b.t, l.missing(bills[:2]), "with a link and without")
			if b.Advance != nil {
				require.NotContains(b.t, l.ids(), bills[2], "nobody changed it")
			}
		})
	}
	b.run("a new one", func(b *bench) {
		since := b.mark()
		bills := b.addAll(BillSpec{Link: b.link(), Total: b.amount("1.00")}, BillSpec{Total: b.amount("1.00")})
		require.Empty(b.t, b.list(since, nil).missing(bills))
	})
	b.run("since the time that a list gave", func(b *bench) {
		bill := b.bill("100.00")
		since := b.list(b.mark(), nil).parts[0].Time
		if since.IsZero() {
			b.t.Skip("the ERP gives no time")
		}
		b.pay(bill, b.order("40.00"))
		require.Empty(b.t, b.list(since.Add(-b.Adapter.Capabilities().Lag), nil).missing([]string{bill}))
	})
	b.run("nothing since the clock went on", func(b *bench) {
		b.needs(MovableClock)
		b.bill("1.00")
		require.Empty(b.t, b.list(b.mark(), nil).bills)
	})
}

// listingInParts: a list that comes in parts misses no bill that was there before the first part and stays, whatever others
// do between two of them.
func listingInParts(b *bench) {
	b.needs(Parts)
	since, specs := b.mark(), make([]BillSpec, b.subject.Part)
	for i := range specs {
		specs[i] = BillSpec{Link: b.link(), Total: b.amount("1.00")}
	}
	bills := b.addAll(specs...)
	for name, from := range map[string]time.Time{"all": {}, "changed": since} {
		b.run(name, func(b *bench) {
			l := b.list(from, nil)
			require.Greater(b.t, len(l.parts), 1, "Part bills make more than one part")
			require.Empty(b.t, l.missing(bills))
			if total := l.parts[0].Total; total >= 0 {
				require.GreaterOrEqual(b.t, total, len(bills))
			}
			_, err := b.Adapter.ListBills(b.ctx(), erp.ListQuery{ChangedSince: from, Cursor: l.parts[0].Next + "x"})
			require.Equal(b.t, refused, kindOf(err), "a cursor of somebody else's")
		})
		b.run(name+", while bills are added, edited and paid", func(b *bench) {
			l := b.list(from, func() {
				b.addAll(BillSpec{Link: b.link(), Total: b.amount("1.00")}, BillSpec{Total: b.amount("1.00")})
				for _, i := range []int{0, len(bills) / 2, len(bills) - 1} {
					b.Edit(b.t, bills[i], b.link())
					b.pay(bills[i], b.order("0.01"))
				}
			})
			require.Empty(b.t, l.missing(bills))
		})
	}
	for name, from := range map[string]time.Time{"all": {}, "changed": since} {
		b.run(name+", while bills are removed", func(b *bench) {
			b.needs(Removal)
			l := b.list(from, func() {
				b.Remove(b.t, bills[0])
				b.Remove(b.t, bills[1])
				bills = bills[2:]
			})
			require.Empty(b.t, l.missing(bills))
		})
	}
}
