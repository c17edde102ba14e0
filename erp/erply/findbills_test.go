package erply_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
)

func find(t *testing.T, d *double, links ...erp.Link) (ids []string, err error) {
	t.Helper()
	found, err := d.adapter(t).FindBills(t.Context(), links)
	for _, bill := range found.Bills {
		ids = append(ids, bill.ID)
	}
	slices.Sort(ids)
	return ids, err
}

// linked is a document with this id for this Precoro invoice.
func linked(id int, invoice string) object {
	return document(object{"id": id, "attributes": []object{{"attributeName": "precoroInvoiceID", "attributeValue": invoice}}})
}

func TestHundredLinksAreOneRequest(t *testing.T) {
	t.Parallel()
	var docs []object
	var links []erp.Link
	var want []string
	for i := range 100 {
		docs = append(docs, linked(1000+i, fmt.Sprint(5000+i)))
		link := erp.Link{Invoice: fmt.Sprint(5000 + i)}
		if i%2 == 0 {
			link = erp.Link{Bill: fmt.Sprint(1000 + i)}
		}
		links = append(links, link)
		want = append(want, fmt.Sprint(1000+i))
	}
	d := newDouble(t, docs...)
	ids, err := find(t, d, links...)
	require.NoError(t, err)
	require.Equal(t, want, ids)
	require.Len(t, d.bulks(), 1)
	require.Len(t, d.sent("getPurchaseDocuments"), 51, "one for each invoice, one for all ids")

	_, err = find(t, d, append(links, erp.Link{Invoice: "1"})...)
	require.Equal(t, "Refused", kindOf(err))
}

func TestFoundBillsAreWholeAndOnce(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linked(1, "7001"), linked(2, "7001"), linked(3, "7003"), document(object{"id": 4, "type": "PRCORDER"}))
	found, err := d.adapter(t).FindBills(t.Context(), []erp.Link{{Invoice: "7001"}, {Bill: "1"}, {Bill: "3"}, {Invoice: "7009"}, {Bill: "99"}, {Invoice: "7001"}})
	require.NoError(t, err)
	require.Len(t, found.Bills, 3, "two bills of one invoice are real, the order is none")
	require.Equal(t, time.Unix(serverAt, 0).UTC(), found.Time)
	for _, bill := range found.Bills {
		require.True(t, bill.PaymentsRead)
		require.NotEmpty(t, bill.Link)
	}
}

func TestWhatCannotBeABillIsNotAskedFor(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linked(1, "7001"))
	ids, err := find(t, d, erp.Link{Bill: "INV-1"}, erp.Link{Bill: "1,2"}, erp.Link{Bill: "0"})
	require.NoError(t, err)
	require.Empty(t, ids)
	require.Zero(t, d.loginCount())
	for _, link := range []erp.Link{{}, {Invoice: "1", Bill: "1"}} {
		_, err = find(t, d, link)
		require.Equal(t, "Refused", kindOf(err))
	}
}

func TestOneFailedSearchFailsTheCall(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{1000: "Unavailable", 1002: "Throttled", 1016: "Refused", 1060: "Forbidden"} {
		d := newDouble(t)
		d.answer = func(form url.Values) (int, string) {
			if !form.Has("requests") {
				return 0, ""
			}
			return http.StatusOK, bulkAnswer(identified("0", ok(nil, 0)), sub("1", code))
		}
		_, err := find(t, d, erp.Link{Invoice: "1"}, erp.Link{Invoice: "2"})
		require.Equal(t, want, kindOf(err), "%d", code)
	}
}

func TestUnknownIDDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linked(1, "7001"), linked(3, "7003"))
	d.within = refuseUnknown(d)
	ids, err := find(t, d, erp.Link{Bill: "1"}, erp.Link{Bill: "2"}, erp.Link{Bill: "3"})
	require.NoError(t, err)
	require.Equal(t, []string{"1", "3"}, ids)
	require.Len(t, d.bulks(), 2)
}

// refuseUnknown answers 1011 to every request by id that names a document that is not there.
func refuseUnknown(d *double) func(url.Values) string {
	return func(request url.Values) string {
		for id := range strings.SplitSeq(request.Get("id")+request.Get("ids"), ",") {
			there := slices.ContainsFunc(d.docs, func(doc object) bool { return fmt.Sprint(doc["id"]) == id })
			if id != "" && !there {
				return fault(1011, "id")
			}
		}
		return ""
	}
}

func TestSearchThatIsNotExactIsNoAnswer(t *testing.T) {
	t.Parallel()
	d := newDouble(t, append(many(150), linked(8842, "7001"))...)
	d.within = func(request url.Values) string {
		request.Del("searchAttributeName")
		return ""
	}
	_, err := find(t, d, erp.Link{Invoice: "7001"})
	require.Equal(t, "Refused", kindOf(err), "not: there is no such bill")
}

func TestManyBillsOfOneInvoiceAreAmbiguousWithoutTheRest(t *testing.T) {
	t.Parallel()
	docs := make([]object, 150)
	for i := range docs {
		docs[i] = linked(1000+i, "7001")
	}
	ids, err := find(t, newDouble(t, docs...), erp.Link{Invoice: "7001"})
	require.NoError(t, err)
	require.Len(t, ids, 100)
}
