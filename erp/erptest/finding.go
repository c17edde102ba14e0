package erptest

import (
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// foreign are texts that people may type, and that may mean something else on the way.
var foreign = []string{
	`O'Brien & "Söhne" \ Co`, "100%", "%", "_", "7%1", "*", "1' OR '1'='1", `{"$ne":1}`, `["a","b"]`, "7001,7002", "null", "-1", "1e3",
	"<b>&amp;</b>", "漢字 😀 é", "شركة", strings.Repeat("x", 200),
}

// nonsense is what no bill is called by.
var nonsense = []string{" ", "a\x00b", "a\nb", "\xff\xfe", "../../etc/passwd", "99999999999999999999", strings.Repeat("9", 100_000)}

// finding: bills are found by what links them to their invoices.
func finding(b *bench) {
	b.run("by the invoice and by the bill", func(b *bench) {
		link := b.link()
		bill := b.add(BillSpec{Link: link, Total: b.amount("120.00")})
		for _, by := range []erp.Link{{Invoice: link}, {Bill: bill}} {
			found := b.find(by)
			require.Len(b.t, found, 1)
			require.Equal(b.t, bill, found[0].ID)
			require.Equal(b.t, link, found[0].Link)
			require.Equal(b.t, b.amount("120.00"), found[0].Total)
			require.Equal(b.t, b.amount("0"), found[0].Paid)
			require.True(b.t, found[0].Confirmed)
			require.Empty(b.t, found[0].Problem)
		}
	})
	b.run("as they are read", func(b *bench) {
		bill := b.bill("120.00")
		b.pay(bill, b.order("20.00"))
		found, read := b.find(erp.Link{Bill: bill})[0], b.agree(bill)
		require.Equal(b.t, b.amount("20.00"), found.Paid)
		require.Equal(b.t, read.Version, found.Version, "another version means that it was edited")
		if found.PaymentsRead {
			require.ElementsMatch(b.t, read.Payments, found.Payments)
		}
	})
	b.run("all bills of one invoice, each once", func(b *bench) {
		link := b.link()
		bills := b.addAll(BillSpec{Link: link, Total: b.amount("1.00")}, BillSpec{Link: link, Total: b.amount("2.00")}, BillSpec{Link: b.link(), Total: b.amount("3.00")})
		require.ElementsMatch(b.t, bills[:2], b.idsOf(erp.Link{Invoice: link}))
		require.ElementsMatch(b.t, bills, b.idsOf(erp.Link{Invoice: link}, erp.Link{Bill: bills[0]}, erp.Link{Bill: bills[2]}, erp.Link{Invoice: link}))
	})
	b.run("by the bill also without a link", func(b *bench) {
		bill := b.add(BillSpec{Total: b.amount("5.00")})
		found := b.find(erp.Link{Bill: bill})
		require.Len(b.t, found, 1)
		require.Empty(b.t, found[0].Link)
	})
	b.run("none is no error", func(b *bench) {
		require.Empty(b.t, b.find(erp.Link{Invoice: b.link()}, erp.Link{Bill: "999999999"}))
	})
	b.run("a link is the whole of it", func(b *bench) {
		short, long := b.link(), b.link()+"0"
		bills := b.addAll(
			BillSpec{Link: short + "5", Total: b.amount("1.00")}, BillSpec{Link: "5" + short, Total: b.amount("1.00")},
			BillSpec{Link: "Ref-" + long, Total: b.amount("1.00")},
		)
		require.Empty(b.t, b.find(erp.Link{Invoice: short}, erp.Link{Invoice: "ref-" + long}, erp.Link{Invoice: "REF-" + long}))
		require.Equal(b.t, bills[2:], b.idsOf(erp.Link{Invoice: "Ref-" + long}))
	})
	b.run("as many links at once as it says, and no more", func(b *bench) {
		bill, links := b.bill("1.00"), make([]erp.Link, b.Adapter.Capabilities().Links)
		for i := range links {
			links[i] = erp.Link{Invoice: b.link()}
		}
		links[len(links)-1] = erp.Link{Bill: bill}
		require.Equal(b.t, []string{bill}, b.idsOf(links...))
		_, err := b.Adapter.FindBills(b.ctx(), append(links, erp.Link{Bill: bill}))
		require.Equal(b.t, refused, kindOf(err))
	})
	b.run("by exactly one of the two", func(b *bench) {
		bill := b.bill("1.00")
		for _, link := range []erp.Link{{}, {Invoice: "1", Bill: bill}} {
			_, err := b.Adapter.FindBills(b.ctx(), []erp.Link{{Bill: bill}, link})
			require.Equal(b.t, refused, kindOf(err))
		}
	})
	b.run("foreign text finds the bill that holds it", func(b *bench) {
		specs := []BillSpec{{Link: b.link(), Total: b.amount("1.00")}}
		for _, text := range foreign {
			specs = append(specs, BillSpec{Link: text, Total: b.amount("1.00")})
		}
		bills := b.addAll(specs...)
		for i, text := range foreign {
			found := b.find(erp.Link{Invoice: text})
			require.Len(b.t, found, 1, "%.40q", text)
			require.Equal(b.t, []string{bills[i+1], text}, []string{found[0].ID, found[0].Link})
		}
	})
	b.run("what nothing is called by finds nothing, and hides nothing", func(b *bench) {
		bill := b.bill("1.00")
		for _, text := range slices.Concat(foreign, nonsense) {
			require.Equal(b.t, []string{bill}, b.idsOf(erp.Link{Bill: text}, erp.Link{Bill: bill}), "%.40q", text)
		}
		for _, text := range append(nonsense, "no such link'\"%") {
			found, err := b.Adapter.FindBills(b.ctx(), []erp.Link{{Invoice: text}})
			require.Contains(b.t, []string{none, refused}, kindOf(err), "%.40q", text)
			require.Empty(b.t, found.Bills, "%.40q", text)
		}
	})
	b.run("drafts too", func(b *bench) {
		b.needs(Drafts)
		link := b.link()
		bill := b.add(BillSpec{Link: link, Total: b.amount("1.00"), Draft: true})
		found := b.find(erp.Link{Invoice: link}, erp.Link{Bill: bill})
		require.Len(b.t, found, 1)
		require.False(b.t, found[0].Confirmed)
	})
	b.run("but none that is gone", func(b *bench) {
		b.needs(Removal)
		link := b.link()
		bill := b.add(BillSpec{Link: link, Total: b.amount("1.00")})
		b.Remove(b.t, bill)
		require.Empty(b.t, b.find(erp.Link{Invoice: link}, erp.Link{Bill: bill}))
	})
	b.run("at a time of the ERP's own", func(b *bench) {
		found, err := b.Adapter.FindBills(b.ctx(), []erp.Link{{Invoice: b.link()}})
		require.NoError(b.t, err)
		b.onTime(found.Time)
		if found.Unique {
			require.True(b.t, b.subject.Once, "who refuses a second one has it once")
		}
	})
}

func (b *bench) find(links ...erp.Link) []reconcile.Bill {
	b.t.Helper()
	found, err := b.Adapter.FindBills(b.ctx(), links)
	require.NoError(b.t, err)
	return found.Bills
}

// idsOf are the bills that are found, each once.
func (b *bench) idsOf(links ...erp.Link) (ids []string) {
	b.t.Helper()
	for _, bill := range b.find(links...) {
		require.NotContains(b.t, ids, bill.ID, "a bill that fits two links is found once")
		ids = append(ids, bill.ID)
	}
	return ids
}

// onTime checks that an answer's time is the ERP's clock, or that it has none.
func (b *bench) onTime(at time.Time) {
	b.t.Helper()
	if !at.IsZero() {
		require.WithinDuration(b.t, b.Now(), at, time.Minute, "by the ERP's clock")
	}
}
