package erply_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp/erply"
)

// page asks for one page.
func page(t *testing.T, d *double, q erply.Query) (erply.Page, error) {
	t.Helper()
	pages, at, err := d.client(t).GetPurchaseDocuments(t.Context(), []erply.Query{q})
	if err != nil {
		return erply.Page{}, err
	}
	require.Equal(t, time.Unix(serverAt, 0).UTC(), at)
	require.Len(t, pages, 1)
	return pages[0], pages[0].Err
}

func TestQueriesAreFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query erply.Query
		want  string
	}{
		"everything":   {erply.Query{}, "pageNo=1"},
		"one id":       {erply.Query{IDs: []string{"8842"}}, "id=8842&pageNo=1"},
		"several ids":  {erply.Query{IDs: []string{"8842", "8843"}}, "ids=8842%2C8843&pageNo=1"},
		"by attribute": {erply.Query{Attribute: "precoroInvoiceID", Value: "7001"}, "pageNo=1&searchAttributeName=precoroInvoiceID&searchAttributeValue=7001"},
		"a page":       {erply.Query{Page: 1}, "pageNo=1&orderBy=id&orderByDir=asc"},
		"by change":    {erply.Query{ChangedSince: time.Unix(1773000000, 0), Page: 3}, "changedSince=1773000000&pageNo=3&orderBy=id&orderByDir=asc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t)
			_, err := page(t, d, c.query)
			require.NoError(t, err)
			want, err := url.ParseQuery(c.want + "&recordsOnPage=100")
			require.NoError(t, err)
			require.Equal(t, []url.Values{want}, d.sent("getPurchaseDocuments"))
		})
	}
}

func TestQueriesThatErplyWouldNotUnderstandAreNotSent(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]erply.Query{
		"101 ids":         {IDs: strings.Split(strings.Repeat("1,", 100)+"1", ",")},
		"id 0":            {IDs: []string{"0"}},
		"id with a comma": {IDs: []string{"1,2"}},
		"attribute name":  {Attribute: "precoro id", Value: "1"},
		"no value":        {Attribute: "precoroInvoiceID"},
		"no name":         {Value: "7001"},
		"long value":      {Attribute: "precoroInvoiceID", Value: strings.Repeat("1", 256)},
	} {
		d := newDouble(t)
		_, err := page(t, d, q)
		require.Equal(t, "Refused", kindOf(err), name)
		require.Zero(t, d.loginCount(), name)
	}
}

func TestValuesAreReadHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.within = recordsOf(`[{"id":"8842","total":1234567890123.45,"paid":"1","confirmed":1,"notes":null,"currencyRate":1.25543,"attributes":null}]`, "1")
	page, err := page(t, d, erply.Query{})
	require.NoError(t, err)
	require.Equal(t, []erply.PurchaseDocument{{
		ID: "8842", Total: "1234567890123.45", Paid: "1", Confirmed: "1", CurrencyRate: "1.25543",
	}}, page.Documents)
}

// recordsOf answers every request with these records.
func recordsOf(records, total string) func(url.Values) string {
	return func(url.Values) string {
		return `{"status":{"responseStatus":"ok","errorCode":0,"recordsTotal":` + total + `},"records":` + records + `}`
	}
}

func TestRecordsThatAreNoDocumentsAreUnavailable(t *testing.T) {
	t.Parallel()
	for _, records := range []string{`{}`, `"x"`, `[1]`, `[{"id":{}}]`, `[{"id":""}]`, `[{"id":-1}]`, `[{"id":1,"attributes":{}}]`, `[{}]`} {
		d := newDouble(t)
		d.within = recordsOf(records, "1")
		_, err := page(t, d, erply.Query{})
		require.Equal(t, "Unavailable", kindOf(err), records)
	}
}

func TestOneUnreadableFieldIsThatDocumentsProblem(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.within = recordsOf(`[{"id":1,"total":{}},{"id":2,"total":5}]`, "2")
	page, err := page(t, d, erply.Query{})
	require.NoError(t, err)
	require.Len(t, page.Documents, 2)
	require.NotEmpty(t, page.Documents[0].Problem)
	require.Empty(t, page.Documents[1].Problem)
}

func TestFilterThatErplyIgnoresIsAppliedHere(t *testing.T) {
	t.Parallel()
	d := newDouble(t, append(many(50), document(nil))...)
	d.within = func(request url.Values) string {
		request.Del("searchAttributeName")
		request.Del("id")
		return ""
	}
	for _, q := range []erply.Query{{Attribute: "precoroInvoiceID", Value: "7001"}, {IDs: []string{"8842"}}} {
		page, err := page(t, d, q)
		require.NoError(t, err)
		require.Len(t, page.Documents, 1)
		require.Equal(t, erply.Text("8842"), page.Documents[0].ID)
		require.Equal(t, 51, page.Total)
	}
}

func TestOneFailedPageIsItsOwn(t *testing.T) {
	t.Parallel()
	d := newDouble(t, document(nil))
	d.within = func(request url.Values) string {
		if request.Get("id") == "1" {
			return fault(1011, "id")
		}
		return ""
	}
	pages, _, err := d.client(t).GetPurchaseDocuments(t.Context(), []erply.Query{{IDs: []string{"1"}}, {IDs: []string{"8842"}}})
	require.NoError(t, err)
	require.Equal(t, "NotFound", kindOf(pages[0].Err))
	require.NoError(t, pages[1].Err)
	require.Len(t, pages[1].Documents, 1)
}

// many are n documents without a link.
func many(n int) []object {
	docs := make([]object, n)
	for i := range docs {
		docs[i] = document(object{"id": i + 1, "attributes": nil})
	}
	return docs
}
