package erply_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// linkedDocs are n documents that carry a link, ids from 1 on.
func linkedDocs(n int) []object {
	docs := make([]object, n)
	for i := range docs {
		docs[i] = linked(i+1, strconv.Itoa(7001+i))
	}
	return docs
}

// listing is what a list came to, part after part.
type listing struct {
	ids   []string // as they came
	pages []string // page numbers asked for in each part: first-last
	parts []erp.Listed
}

// list reads the whole list. between, if set, is called after each part.
func list(t *testing.T, d *double, since time.Time, between func(part int)) (listing, error) {
	t.Helper()
	adapter := d.adapter(t)
	var l listing
	for cursor := ""; ; {
		require.Less(t, len(l.parts), 100, "the list does not end")
		asked := len(d.sent("getPurchaseDocuments"))
		part, err := adapter.ListBills(t.Context(), erp.ListQuery{ChangedSince: since, Cursor: cursor})
		if err != nil {
			return l, err
		}
		require.Equal(t, time.Unix(serverAt, 0).UTC(), part.Time)
		requests := d.sent("getPurchaseDocuments")[asked:]
		l.pages = append(l.pages, requests[0].Get("pageNo")+"-"+requests[len(requests)-1].Get("pageNo"))
		l.parts = append(l.parts, part)
		for _, bill := range part.Bills {
			l.ids = append(l.ids, bill.ID)
		}
		if cursor = part.Next; cursor == "" {
			return l, nil
		}
		if between != nil {
			between(len(l.parts))
		}
	}
}

func idsFrom(first, last int) (ids []string) {
	for id := first; id <= last; id++ {
		ids = append(ids, strconv.Itoa(id))
	}
	return ids
}

// missing are the ids that were wanted and did not come.
func missing(ids, wanted []string) (missed []string) {
	came := make(map[string]bool)
	for _, id := range ids {
		came[id] = true
	}
	return slices.DeleteFunc(wanted, func(id string) bool { return came[id] })
}

// distinct are the ids, each once, in the order of their numbers.
func distinct(ids []string) []string {
	sorted := slices.Clone(ids)
	slices.SortFunc(sorted, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return slices.Compact(sorted)
}

func TestAllBillsWithALinkAreListedInParts(t *testing.T) {
	t.Parallel()
	for n, want := range map[int][]string{
		0: {"1-10"}, 1: {"1-10"}, 1000: {"1-10"}, 1001: {"1-10", "11-11"}, 2999: {"1-10", "11-30"}, 5050: {"1-10", "11-30", "31-50", "51-51"},
	} {
		l, err := list(t, newDouble(t, linkedDocs(n)...), time.Time{}, nil)
		require.NoError(t, err)
		require.Equal(t, want, l.pages, n)
		require.Equal(t, idsFrom(1, n), l.ids, "each once, in order")
		for _, part := range l.parts {
			require.Equal(t, n, part.Total)
		}
	}
}

func TestChangedBillsAreListedAlsoWithoutALink(t *testing.T) {
	t.Parallel()
	docs := append(many(3), linkedDocs(2450)[2:]...) // 1 to 3 without a link, 3 to 2450 with one
	docs = docs[:2449]
	for i, doc := range docs {
		doc["id"], doc["lastModified"] = i+1, 1773000000+i
	}
	docs[1]["type"] = "PRCORDER"
	d := newDouble(t, docs...)
	l, err := list(t, d, time.Unix(1773000000, 0), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"1-1", "2-21", "22-25"}, l.pages)
	require.Equal(t, append([]string{"1"}, idsFrom(3, 2449)...), l.ids)

	l, err = list(t, d, time.Unix(1773000000+2400, 0), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"1-1"}, l.pages)
	require.Equal(t, idsFrom(2401, 2449), l.ids)
	require.Equal(t, 49, l.parts[0].Total)

	l, err = list(t, d, time.Time{}, nil)
	require.NoError(t, err)
	require.Equal(t, idsFrom(4, 2449), l.ids, "of all, only those with a link")
	require.Equal(t, 2449, l.parts[0].Total, "but that many are looked through")
}

func TestListedBillsAreWhole(t *testing.T) {
	t.Parallel()
	doc := withRecords(document(nil), "payrecon-5512", "20.00 EUR 2026-03-14")
	d := newDouble(t, doc, document(object{"id": 2, "total": []int{1}}))
	l, err := list(t, d, time.Time{}, nil)
	require.NoError(t, err)
	require.Len(t, l.parts[0].Bills, 2)
	require.Equal(t, bill(t, doc), l.parts[0].Bills[0])
	require.NotEmpty(t, l.parts[0].Bills[1].Problem, "what cannot be read is listed with its problem")
}

// Target: a list of which rows move up while it is read. Injection: documents that go away between two parts or within
// one. Expected: every bill that stays is listed.
func TestNoBillIsMissedWhereOthersGoAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		gone  int // of the documents from 1 on, after the first part
		pages []string
	}{
		"one":            {1, []string{"1-10", "11-30", "9-28", "28-45"}},
		"a page":         {100, []string{"1-10", "11-30", "9-28", "28-44"}},
		"more":           {101, []string{"1-10", "11-30", "8-27", "27-44"}},
		"all that was":   {1000, []string{"1-10", "11-30", "1-20", "20-35"}},
		"as far as ever": {4450, []string{"1-10", "11-30", "1-1"}},
		"everything":     {4500, []string{"1-10", "11-30"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t, linkedDocs(4500)...)
			l, err := list(t, d, time.Time{}, func(part int) {
				if part == 1 {
					d.docs = d.docs[c.gone:]
				}
			})
			require.NoError(t, err)
			require.Equal(t, c.pages, l.pages)
			require.Empty(t, missing(l.ids, idsFrom(c.gone+1, 4500)))
		})
	}
}

func TestNoBillIsMissedWhereOthersGoAwayWithinAPart(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(4500)...)
	gone := map[string]int{"15": 250, "20": 10} // before which page, and how many
	d.within = func(request url.Values) string {
		d.docs = d.docs[gone[request.Get("pageNo")]:]
		delete(gone, request.Get("pageNo"))
		return ""
	}
	l, err := list(t, d, time.Time{}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"1-10", "11-30", "11-30", "30-43"}, l.pages)
	require.Equal(t, idsFrom(1, 4500), distinct(l.ids))
}

func TestOverlapIsAsMuchAsItIs(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(8000)...)
	gone := map[int]int{1: 1, 4: 101} // after which part, and how many
	l, err := list(t, d, time.Time{}, func(part int) { d.docs = d.docs[gone[part]:] })
	require.NoError(t, err)
	require.Equal(t, []string{"1-10", "11-30", "9-28", "28-47", "47-66", "45-64", "64-79"}, l.pages)
	require.Equal(t, idsFrom(1, 8000), distinct(l.ids))
}

// Target: a list of an account in which somebody deletes one document after the other. Expected: it comes to its end, at
// a twentieth more.
func TestDeletionsThatGoOnDoNotHoldTheListUp(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(6000)...)
	l, err := list(t, d, time.Time{}, func(int) { d.docs = d.docs[5:] })
	require.NoError(t, err)
	require.Equal(t, []string{"1-10", "11-30", "9-28", "28-47", "47-60"}, l.pages)
	require.Empty(t, missing(l.ids, idsFrom(21, 6000)))
}

// Target: lists of accounts at work, on small pages. Injection: documents are deleted or added before any page. Expected:
// the list ends, and no bill is missed that was there from the beginning to the end.
func TestListsMissNothingThatStays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(r, "documents")
		size := strconv.Itoa(rapid.IntRange(3, 15).Draw(r, "page"))
		changes := rapid.MapOfN(rapid.IntRange(1, 60), rapid.IntRange(-40, 10), 0, 8).Draw(r, "changes") // by the number of the request
		d, asked, added := newDouble(t, linkedDocs(n)...), 0, n
		d.within = func(request url.Values) string {
			request.Set("recordsOnPage", size)
			asked++
			for range changes[asked] {
				added++
				d.docs = append(d.docs, linked(added, "1"))
			}
			for range min(-changes[asked], len(d.docs)) {
				i := rapid.IntRange(0, len(d.docs)-1).Draw(r, "deleted")
				d.docs = slices.Delete(d.docs, i, i+1)
			}
			return ""
		}
		adapter := d.adapter(t)
		var ids []string
		for cursor, parts := "", 0; parts == 0 || cursor != ""; parts++ {
			require.Less(r, parts, 100, "the list does not end")
			part, err := adapter.ListBills(t.Context(), erp.ListQuery{Cursor: cursor})
			for tries := 0; kindOf(err) == "Unavailable"; tries++ {
				require.Less(r, tries, 10, "%v", err)
				part, err = adapter.ListBills(t.Context(), erp.ListQuery{Cursor: cursor})
			}
			require.NoError(r, err)
			for _, bill := range part.Bills {
				ids = append(ids, bill.ID)
			}
			cursor = part.Next
		}
		var stayed []string
		for _, doc := range d.docs {
			if id := fmt.Sprint(doc["id"]); slices.Contains(idsFrom(1, n), id) {
				stayed = append(stayed, id)
			}
		}
		require.Empty(r, missing(ids, stayed))
	})
}

func TestDocumentsThatAreAddedAreNoReasonToGoBack(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(1500)...)
	l, err := list(t, d, time.Time{}, func(int) { d.docs = linkedDocs(1700) })
	require.NoError(t, err)
	require.Equal(t, []string{"1-10", "11-15", "16-17"}, l.pages)
	require.Equal(t, idsFrom(1, 1700), distinct(l.ids))
}

func TestServerMayClampThePage(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(250)...)
	d.within = func(request url.Values) string {
		request.Set("recordsOnPage", "20")
		return ""
	}
	l, err := list(t, d, time.Time{}, func(part int) {
		if part == 1 {
			d.docs = d.docs[10:]
		}
	})
	require.NoError(t, err)
	require.Equal(t, []string{"1-10", "11-13", "9-12"}, l.pages)
	require.Empty(t, missing(l.ids, idsFrom(11, 250)))
}

func TestLastPageMayComeAgainBehindTheEnd(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(250)...)
	d.within = func(request url.Values) string {
		if page, err := strconv.Atoi(request.Get("pageNo")); err == nil && page > 3 {
			request.Set("pageNo", "3")
		}
		return ""
	}
	l, err := list(t, d, time.Time{}, nil)
	require.NoError(t, err)
	require.Equal(t, idsFrom(1, 250), l.ids)
}

func TestPagesThatDoNotAddUpAreUnavailable(t *testing.T) {
	t.Parallel()
	short := func(page, rows string) func(url.Values) {
		return func(request url.Values) {
			if request.Get("pageNo") == page {
				request.Set("recordsOnPage", rows)
			}
		}
	}
	for name, c := range map[string]struct {
		docs   int
		total  string // that Erply says; "" for the truth
		change func(request url.Values)
	}{
		"the same page again":       {250, "", func(request url.Values) { request.Set("pageNo", "1") }},
		"the same page, full":       {300, "", func(request url.Values) { request.Set("pageNo", "1") }},
		"a short page":              {1500, "", short("4", "50")},
		"a long page":               {1500, "", short("4", "150")},
		"fewer than it says":        {250, "260", nil},
		"none, although it says so": {0, "1", nil},
		"more than it says":         {250, "240", nil},
		"a page more than it says":  {250, "200", nil},
		"a total that is not said":  {250, "", nil},
		"a total that is absurd":    {250, "-5", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t, linkedDocs(c.docs)...)
			d.within = func(request url.Values) string {
				if c.change != nil {
					c.change(request)
					return ""
				}
				return strings.Replace(d.list(request), `"recordsTotal":`+strconv.Itoa(c.docs), `"recordsTotal":"`+c.total+`"`, 1)
			}
			_, err := list(t, d, time.Time{}, nil)
			require.Equal(t, "Unavailable", kindOf(err), "%v", err)
		})
	}
}

func TestListOfAFullPageNeedsNoTotal(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(99)...)
	d.within = func(request url.Values) string {
		return strings.Replace(d.list(request), `"recordsTotal":99`, `"recordsTotal":null`, 1)
	}
	l, err := list(t, d, time.Time{}, nil)
	require.NoError(t, err)
	require.Len(t, l.ids, 99)
}

func TestListThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(2000)...)
	total := "1000000"
	d.within = func(request url.Values) string {
		return strings.Replace(d.list(request), `"recordsTotal":2000`, `"recordsTotal":`+total, 1)
	}
	part, err := d.adapter(t).ListBills(t.Context(), erp.ListQuery{})
	require.NoError(t, err)
	require.Equal(t, 1_000_000, part.Total)
	require.NotEmpty(t, part.Next)

	total = "1000001"
	_, err = d.adapter(t).ListBills(t.Context(), erp.ListQuery{})
	require.Equal(t, "Refused", kindOf(err))
	require.ErrorContains(t, err, "1000001")
	require.ErrorContains(t, err, "1000000")
}

func TestFailedPageFailsThePart(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{1000: "Unavailable", 1002: "Throttled", 1016: "Refused", 1054: "Unavailable", 1060: "Forbidden"} {
		d := newDouble(t, linkedDocs(250)...)
		d.within = func(request url.Values) string {
			if request.Get("pageNo") == "2" {
				return fault(code, "")
			}
			return ""
		}
		_, err := list(t, d, time.Time{}, nil)
		require.Equal(t, want, kindOf(err), "%d", code)
	}
	d := newDouble(t)
	d.answer = func(form url.Values) (int, string) {
		if form.Has("requests") {
			return http.StatusBadGateway, "<html>"
		}
		return 0, ""
	}
	_, err := d.adapter(t).ListBills(t.Context(), erp.ListQuery{})
	require.Equal(t, "Unavailable", kindOf(err))
}

func TestCursorOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linkedDocs(2000)...)
	for _, cursor := range []string{
		"x", "11", "0.2000.100.0", "-1.2000.100.0", "11.2000.0.0", "11.2000.101.0", "11.2000.100.2", "11.2000.100.-1", "21.2000.100.0",
		"11.2000.100.0 ", " 11.2000.100.0", "11.2000.100.0.0", "011.2000.100.0",
	} {
		_, err := d.adapter(t).ListBills(t.Context(), erp.ListQuery{Cursor: cursor})
		require.Equal(t, "Refused", kindOf(err), cursor)
	}
	require.Zero(t, d.loginCount())
	part, err := d.adapter(t).ListBills(t.Context(), erp.ListQuery{Cursor: "11.2000.100.0"})
	require.NoError(t, err)
	require.Len(t, part.Bills, 1000)
}

func TestWhatCallsCost(t *testing.T) {
	t.Parallel()
	adapter := newDouble(t, linkedDocs(2950)...).adapter(t)
	for _, c := range []struct {
		name           string
		requests, cost int
		call           func(context.Context) error
	}{
		{"the first, with the login", 2, 1100, func(ctx context.Context) error {
			_, err := adapter.ReadBills(ctx, []string{"1"})
			return err
		}},
		{"a hundred bills to read", 1, 100, func(ctx context.Context) error {
			_, err := adapter.ReadBills(ctx, idsFrom(1, 100))
			return err
		}},
		{"three links and two ids", 1, 400, func(ctx context.Context) error {
			_, err := adapter.FindBills(ctx, []erp.Link{{Invoice: "7001"}, {Invoice: "7002"}, {Invoice: "1"}, {Bill: "5"}, {Bill: "6"}})
			return err
		}},
		{"the first part of all", 1, 1000, func(ctx context.Context) error {
			_, err := adapter.ListBills(ctx, erp.ListQuery{})
			return err
		}},
		{"another part", 1, 2000, func(ctx context.Context) error {
			_, err := adapter.ListBills(ctx, erp.ListQuery{Cursor: "11.2950.100.0"})
			return err
		}},
		{"what changed", 1, 100, func(ctx context.Context) error {
			_, err := adapter.ListBills(ctx, erp.ListQuery{ChangedSince: noon})
			return err
		}},
		{"nothing", 0, 0, func(ctx context.Context) error {
			_, err := adapter.ReadBills(ctx, nil)
			return err
		}},
	} {
		ctx, meter := remote.WithMeter(t.Context())
		require.NoError(t, c.call(ctx), c.name)
		require.Equal(t, c.requests, meter.Requests(), c.name)
		require.Equal(t, c.cost, meter.Cost(), c.name)
	}
}

func TestCallThatFailsCostsToo(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.answer = func(url.Values) (int, string) { return http.StatusBadGateway, "<html>" }
	ctx, meter := remote.WithMeter(t.Context())
	_, err := d.adapter(t).ReadBills(ctx, []string{"1"})
	require.Error(t, err)
	require.Equal(t, 1000, meter.Cost())
}
