package erply_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp/erply"
)

func TestQueriesAreFormFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query erply.Query
		page  int
		want  string
	}{
		"everything":   {erply.Query{}, 1, "pageNo=1"},
		"one id":       {erply.Query{IDs: []string{"8842"}}, 1, "id=8842&pageNo=1"},
		"several ids":  {erply.Query{IDs: []string{"8842", "8843"}}, 1, "ids=8842%2C8843&pageNo=1"},
		"by attribute": {erply.Query{Attribute: "precoroInvoiceID", Value: "7001"}, 1, "pageNo=1&searchAttributeName=precoroInvoiceID&searchAttributeValue=7001"},
		"by change":    {erply.Query{ChangedSince: time.Unix(1773000000, 0)}, 3, "changedSince=1773000000&pageNo=3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t)
			_, err := d.client(t).GetPurchaseDocuments(t.Context(), c.query, c.page)
			require.NoError(t, err)
			want, err := url.ParseQuery(c.want + "&request=getPurchaseDocuments&recordsOnPage=100&clientCode=123456" +
				"&sessionKey=secret-session-1&responseType=JSON&sendContentType=1")
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
		_, err := d.client(t).GetPurchaseDocuments(t.Context(), q, 1)
		require.Equal(t, "Refused", kindOf(err), name)
		require.Zero(t, d.loginCount(), name)
	}
}

func TestValuesAreReadHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.answer = recordsOf(`[{"id":"8842","total":1234567890123.45,"paid":"1","confirmed":1,"notes":null,"currencyRate":1.25543,"attributes":null}]`, "1")
	page, err := d.client(t).GetPurchaseDocuments(t.Context(), erply.Query{}, 1)
	require.NoError(t, err)
	require.Equal(t, []erply.PurchaseDocument{{
		ID: "8842", Total: "1234567890123.45", Paid: "1", Confirmed: "1", CurrencyRate: "1.25543",
	}}, page.Documents)
	require.Equal(t, time.Unix(serverAt, 0).UTC(), page.Time)
}

func recordsOf(records, total string) func(url.Values) (int, string) {
	return func(form url.Values) (int, string) {
		if form.Get("request") == "verifyUser" {
			return 0, ""
		}
		return http.StatusOK, `{"status":{"requestUnixTime":` + strconv.Itoa(serverAt) +
			`,"responseStatus":"ok","errorCode":0,"recordsTotal":` + total + `},"records":` + records + `}`
	}
}

func TestRecordsThatAreNoDocumentsAreUnavailable(t *testing.T) {
	t.Parallel()
	for _, records := range []string{`{}`, `"x"`, `[1]`, `[{"id":{}}]`, `[{"id":""}]`, `[{"id":-1}]`, `[{"id":1,"attributes":{}}]`, `[{}]`} {
		d := newDouble(t)
		d.answer = recordsOf(records, "1")
		_, err := d.client(t).GetPurchaseDocuments(t.Context(), erply.Query{}, 1)
		require.Equal(t, "Unavailable", kindOf(err), records)
	}
}

func TestOneUnreadableFieldIsThatDocumentsProblem(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.answer = recordsOf(`[{"id":1,"total":{}},{"id":2,"total":5}]`, "2")
	page, err := d.client(t).GetPurchaseDocuments(t.Context(), erply.Query{}, 1)
	require.NoError(t, err)
	require.Len(t, page.Documents, 2)
	require.NotEmpty(t, page.Documents[0].Problem)
	require.Empty(t, page.Documents[1].Problem)
}

func TestPagesAreReadUntilTheTotal(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 99, 100, 101, 250} {
		d := newDouble(t, many(n)...)
		ids, err := all(t, d)
		require.NoError(t, err)
		require.Len(t, ids, n)
		require.Len(t, d.sent("getPurchaseDocuments"), max(1, (n+99)/100))
	}
}

func TestServerMayClampThePage(t *testing.T) {
	t.Parallel()
	d := newDouble(t, many(50)...)
	d.before = func(form url.Values) {
		if form.Has("recordsOnPage") {
			form.Set("recordsOnPage", "20")
		}
	}
	ids, err := all(t, d)
	require.NoError(t, err)
	require.Len(t, ids, 50)
}

func TestPagesThatDoNotAddUpAreUnavailable(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(url.Values) (int, string){
		"the same page again": recordsOf(`[{"id":1},{"id":2}]`, "5"),
		"nothing more":        recordsOf(`[]`, "5"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t)
			d.answer = answer
			_, err := all(t, d)
			require.Equal(t, "Unavailable", kindOf(err))
			require.LessOrEqual(t, len(d.sent("getPurchaseDocuments")), 2)
		})
	}
}

func TestDocumentThatMovedToTheNextPageIsYieldedOnce(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	first, second := recordsOf(`[{"id":1},{"id":2}]`, "3"), recordsOf(`[{"id":2},{"id":3}]`, "3")
	d.answer = func(form url.Values) (int, string) {
		if form.Get("pageNo") == "2" {
			return second(form)
		}
		return first(form)
	}
	ids, err := all(t, d)
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2", "3"}, ids)
}

func TestListingStopsWhereItsReaderStops(t *testing.T) {
	t.Parallel()
	d := newDouble(t, many(250)...)
	for document, err := range d.client(t).PurchaseDocuments(t.Context(), erply.Query{}) {
		require.NoError(t, err)
		if document.ID == "100" {
			break
		}
	}
	require.Len(t, d.sent("getPurchaseDocuments"), 1)
}

func TestFilterThatErplyIgnoresIsAppliedHere(t *testing.T) {
	t.Parallel()
	docs := append(many(150), document(nil))
	d := newDouble(t, docs...)
	d.before = func(form url.Values) {
		form.Del("searchAttributeName")
		form.Del("id")
	}
	client := d.client(t)
	for _, q := range []erply.Query{{Attribute: "precoroInvoiceID", Value: "7001"}, {IDs: []string{"8842"}}} {
		var ids []erply.Text
		for document, err := range client.PurchaseDocuments(t.Context(), q) {
			require.NoError(t, err)
			ids = append(ids, document.ID)
		}
		require.Equal(t, []erply.Text{"8842"}, ids)
	}
}

// many are n documents without a link.
func many(n int) []object {
	docs := make([]object, n)
	for i := range docs {
		docs[i] = document(object{"id": i + 1, "attributes": nil})
	}
	return docs
}

func all(t *testing.T, d *double) (ids []string, err error) {
	t.Helper()
	for document, err := range d.client(t).PurchaseDocuments(t.Context(), erply.Query{}) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, string(document.ID))
	}
	return ids, nil
}
