package reconcile_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// matched is a match in the open: the bill and the exception themselves.
type matched struct {
	bill      reconcile.Bill
	verdict   reconcile.Verdict
	exception reconcile.Exception
}

func matchOf(bill *reconcile.Bill, verdict reconcile.Verdict, exception *reconcile.Exception) matched {
	m := matched{verdict: verdict}
	if bill != nil {
		m.bill = *bill
	}
	if exception != nil {
		m.exception = *exception
	}
	return m
}

// matchOneByOne says the same as MatchAll, in the plainest way: it looks at all bills for each invoice.
func matchOneByOne(l reconcile.Linking, t reconcile.Tolerance, invoices []reconcile.Invoice, added []reconcile.Bill) []matched {
	var bills []reconcile.Bill // each as it was added last
	for _, bill := range added {
		bills = slices.DeleteFunc(bills, func(known reconcile.Bill) bool { return known.ID == bill.ID })
		bills = append(bills, bill)
	}
	found := make([]*reconcile.Bill, len(invoices))
	exceptions := make([]*reconcile.Exception, len(invoices))
	claims := map[string]int{}
	for i, inv := range invoices {
		found[i], exceptions[i] = linkByLooking(l, inv, bills)
		if found[i] != nil {
			claims[found[i].ID]++
		}
	}
	matches := make([]matched, len(invoices))
	for i, inv := range invoices {
		if bill := found[i]; bill != nil && claims[bill.ID] > 1 {
			exceptions[i] = &reconcile.Exception{Reason: reconcile.AmbiguousBill, Note: fmt.Sprintf("bill %s is the bill of %d invoices", bill.ID, claims[bill.ID])}
		}
		verdict := reconcile.Excepted
		if exceptions[i] == nil || inv.Problem != "" {
			verdict, exceptions[i] = reconcile.Compare(t, inv, found[i])
		}
		matches[i] = matchOf(found[i], verdict, exceptions[i])
	}
	return matches
}

func linkByLooking(l reconcile.Linking, inv reconcile.Invoice, bills []reconcile.Bill) (*reconcile.Bill, *reconcile.Exception) {
	byERP, byPrecoro := slices.Contains(l.Sides, reconcile.LinkERP), slices.Contains(l.Sides, reconcile.LinkPrecoro)
	ambiguous := func(format string, args ...any) (*reconcile.Bill, *reconcile.Exception) {
		return nil, &reconcile.Exception{Reason: reconcile.AmbiguousBill, Note: fmt.Sprintf(format, args...)}
	}
	key := l.Key(inv)
	var carriers []string
	var found, named *reconcile.Bill
	for _, bill := range bills {
		if byERP && bill.Link == key {
			carriers, found = append(carriers, bill.ID), &bill
		}
		if byPrecoro && inv.ExternalID != "" && bill.ID == inv.ExternalID {
			named = &bill
		}
	}
	slices.Sort(carriers)
	switch {
	case len(carriers) > 5:
		return ambiguous("%d bills carry %s: %v and %d more", len(carriers), key, carriers[:5], len(carriers)-5)
	case len(carriers) > 1:
		return ambiguous("%d bills carry %s: %v", len(carriers), key, carriers)
	case !byPrecoro || inv.ExternalID == "":
		return found, nil
	case found != nil && found.ID != inv.ExternalID:
		return ambiguous("bill %s carries %s, but the invoice names bill %q", found.ID, key, inv.ExternalID)
	case found != nil || named == nil:
		return found, nil
	case byERP && named.Link != "":
		return ambiguous("the invoice names bill %s, which carries %q instead of %s", named.ID, named.Link, key)
	}
	return named, nil
}

// listings are what two systems list, and how the one is linked to the other. Ids meet by chance, often, and some look
// like another.
type listings struct {
	linking   reconcile.Linking
	tolerance reconcile.Tolerance
	invoices  []reconcile.Invoice
	answers   [][]reconcile.Bill
}

func (l listings) bills() *reconcile.Bills {
	bills := reconcile.NewBills()
	for _, answer := range l.answers {
		bills.Add(answer...)
	}
	return bills
}

var (
	keys = rapid.OneOf(rapid.Int64Range(1, 60), rapid.Int64Range(1, 60), rapid.Int64Range(-2, 9), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 1 << 40, 999_999_999_999_999_999}))
	ids  = rapid.OneOf(
		rapid.Map(keys, func(n int64) string { return strconv.FormatInt(n, 10) }),
		rapid.SampledFrom([]string{
			"", "007", " 7", "7 ", "+7", "-7", "-0", "00", "7.0", "0x7", "7e0", "٧", "b7", "9223372036854775808", "-9223372036854775809",
			"1000000000000000000", "100000000000000000000000007", "e1b2c3d4-0007",
		}),
	)
	problems = rapid.SampledFrom([]string{"", "", "", "", "", "total: is not a number"})
	somePaid = rapid.SampledFrom([]money.Amount{eur("0"), eur("10"), eur("10"), eur("10"), eur("10"), eur("10"), eur("10.02"), eur("-10"), of("10", "USD"), of("0", "USD"), {}})

	lists = rapid.Custom(func(t *rapid.T) listings {
		l := listings{
			linking: reconcile.Linking{
				Sides: rapid.SampledFrom([][]string{
					bothSides.Sides, bothSides.Sides, otherFirst.Sides, erpOnly.Sides, precoroOnly.Sides, {reconcile.LinkERP, reconcile.LinkERP}, nil,
				}).Draw(t, "sides"),
				PrecoroKey: rapid.SampledFrom([]string{"id", "idn", ""}).Draw(t, "key"),
			},
			tolerance: rapid.SampledFrom([]reconcile.Tolerance{nil, {"EUR": eur("0.02")}, {"USD": of("1", "USD")}}).Draw(t, "tolerance"),
		}
		l.invoices = rapid.SliceOfN(rapid.Custom(invoice), 0, 12).Draw(t, "invoices")
		l.answers = rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(l.bill), 0, 20), 0, 3).Draw(t, "answers")
		return l
	})
)

func invoice(t *rapid.T) reconcile.Invoice {
	return reconcile.Invoice{
		ID: keys.Draw(t, "id"), IDN: keys.Draw(t, "idn"), ExternalID: rapid.OneOf(rapid.Just(""), ids).Draw(t, "names"),
		Total: eur("10"), Paid: somePaid.Draw(t, "paid"), Problem: problems.Draw(t, "problem"),
	}
}

// bill is one of an invoice's, most of the time.
func (l listings) bill(t *rapid.T) reconcile.Bill {
	b := reconcile.Bill{
		ID: ids.Draw(t, "id"), Link: rapid.OneOf(rapid.Just(""), ids).Draw(t, "carries"),
		Total: somePaid.Draw(t, "total"), Paid: somePaid.Draw(t, "paid"), Problem: problems.Draw(t, "problem"),
		Version: strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "version")),
	}
	if len(l.invoices) == 0 {
		return b
	}
	inv := rapid.SampledFrom(l.invoices).Draw(t, "is for")
	if often(t, "named") && inv.ExternalID != "" {
		b.ID = inv.ExternalID
	}
	if often(t, "carries its invoice") {
		b.Link = l.linking.Key(inv)
	}
	if often(t, "the same total") {
		b.Total, b.Paid = inv.Total, inv.Paid
	}
	return b
}

func TestMatchingAllAtOnceIsMatchingOneByOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := lists.Draw(t, "listings")
		var got []matched
		for _, m := range l.linking.MatchAll(l.tolerance, l.invoices, l.bills()) {
			got = append(got, matchOf(m.Bill, m.Verdict, m.Exception))
		}
		want := matchOneByOne(l.linking, l.tolerance, l.invoices, slices.Concat(l.answers...))
		require.Len(t, got, len(want))
		for i := range want {
			require.Equal(t, want[i], got[i], "%+v", l.invoices[i])
		}
	})
}

// An index is asked while it is being filled, too.
func TestLinkingFollowsWhatIsAdded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := lists.Draw(t, "listings")
		bills := reconcile.NewBills()
		var added []reconcile.Bill
		for _, answer := range l.answers {
			bills.Add(answer...)
			added = append(added, answer...)
			last := map[string]reconcile.Bill{}
			for _, bill := range added {
				last[bill.ID] = bill
			}
			var known []reconcile.Bill
			for _, bill := range last {
				known = append(known, bill)
			}
			for _, inv := range l.invoices {
				want, why := linkByLooking(l.linking, inv, known)
				got, exception := l.linking.Link(inv, bills)
				require.Equal(t, matchOf(want, 0, why), matchOf(got, 0, exception), "%+v", inv)
			}
		}
	})
}

// What the properties above have seen: each verdict, and each way in which a bill is ambiguous.
func TestListingsAreInteresting(t *testing.T) {
	t.Parallel()
	const drawn = 2000
	seen := map[string]int{}
	for seed := range drawn {
		l := lists.Example(seed)
		for _, m := range l.linking.MatchAll(l.tolerance, l.invoices, l.bills()) {
			seen[fmt.Sprint("verdict ", m.Verdict)]++
			if m.Exception == nil {
				continue
			}
			seen[string(m.Exception.Reason)]++
			for _, words := range ambiguities {
				if strings.Contains(m.Exception.Note, words) {
					seen[words]++
				}
			}
		}
	}
	t.Logf("of %d listings: %v", drawn, seen)
	for _, verdict := range []reconcile.Verdict{reconcile.InSync, reconcile.Unlinked, reconcile.Differs, reconcile.Excepted} {
		require.GreaterOrEqual(t, seen[fmt.Sprint("verdict ", verdict)], drawn/40)
	}
	for _, reason := range []reconcile.Reason{reconcile.Unreadable, reconcile.NoBill, reconcile.AmbiguousBill, reconcile.CurrencyMismatch} {
		require.GreaterOrEqual(t, seen[string(reason)], drawn/40, reason)
	}
	for _, words := range ambiguities {
		require.GreaterOrEqual(t, seen[words], drawn/400, words)
	}
}

var ambiguities = []string{"bills carry", "more", "but the invoice names bill", "which carries", "is the bill of"}

func TestMatchesStandInTheOrderOfTheInvoices(t *testing.T) {
	t.Parallel()
	invoices, answer := pairs(1000)
	slices.Reverse(answer)
	bills := reconcile.NewBills()
	bills.Add(answer...)
	for i, m := range bothSides.MatchAll(nil, invoices, bills) {
		require.Equal(t, reconcile.InSync, m.Verdict)
		require.Equal(t, strconv.FormatInt(invoices[i].ID, 10), m.Bill.Link)
		require.Nil(t, m.Exception)
	}
}
