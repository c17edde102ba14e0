package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

func newErply(t *testing.T, opts sandbox.Options) *world {
	t.Helper()
	w := newWorld(t, opts)
	w.login()
	return w
}

func bill(total string, attributes ...string) sandbox.Bill {
	b := sandbox.Bill{Currency: "EUR", Total: total, Confirmed: 1, Attributes: map[string]string{}}
	for pair := range slices.Chunk(attributes, 2) {
		b.Attributes[pair[0]] = pair[1]
	}
	return b
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	require.Equal(t, "1009", w.erply("getPurchaseDocuments").code)
	require.Equal(t, "1055", w.erply("getPurchaseDocuments", "sessionKey", "made up").code)
	require.Equal(t, "1001", w.erply("getPurchaseDocuments", "clientCode", "654321").code)
	require.Equal(t, "1050", w.erply("verifyUser", "username", "robot").code)
	require.Equal(t, "1051", w.erply("verifyUser", "username", "robot", "password", "wrong").code)

	w.key = plain(w.erply("verifyUser", "username", "robot", "password", "erply-password", "sessionLength", "60").records[0]["sessionKey"])
	require.Equal(t, "0", w.erply("getPurchaseDocuments").code)
	w.clock.move(50 * time.Second)
	require.Equal(t, "1054", w.erply("getPurchaseDocuments").code)
	w.login()
	require.Equal(t, "0", w.erply("getPurchaseDocuments").code)
}

func TestSessionLengthIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	for asked, want := range map[string]string{"": "3600", "0": "3600", "-5": "3600", "60": "60", "86400": "86400", "999999": "86400"} {
		pairs := []string{"username", "robot", "password", "erply-password"}
		if asked != "" {
			pairs = append(pairs, "sessionLength", asked)
		}
		require.Equal(t, want, plain(w.erply("verifyUser", pairs...).records[0]["sessionLength"]), asked)
	}
}

func TestRepeatedWrongPasswordsLockOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	for range 5 {
		require.Equal(t, "1051", w.erply("verifyUser", "username", "robot", "password", "wrong").code)
	}
	require.Equal(t, "1052", w.erply("verifyUser", "username", "robot", "password", "erply-password").code)
	w.clock.move(15 * time.Minute)
	require.Equal(t, "0", w.erply("verifyUser", "username", "robot", "password", "erply-password").code)
}

func TestTheEnvelope(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	w.AddBill(bill("120.00"))
	got := w.erply("getPurchaseDocuments")
	require.Equal(t, "getPurchaseDocuments", got.status["request"])
	require.Equal(t, "ok", got.status["responseStatus"])
	require.Equal(t, text(w.clock.Now().Unix()), plain(got.status["requestUnixTime"]))
	require.Equal(t, "1", plain(got.status["recordsTotal"]))
	require.Equal(t, "1", plain(got.status["recordsInResponse"]))
	require.Contains(t, got.header.Get("Content-Type"), "text/html")
	require.Equal(t, "application/json", w.erply("getPurchaseDocuments", "sendContentType", "1").header.Get("Content-Type"))

	failed := w.erply("getPurchaseDocuments", "id", "x")
	require.Equal(t, "error", failed.status["responseStatus"])
	require.Nil(t, failed.json(t)["records"])
	require.Equal(t, "id", failed.field)
	require.Equal(t, "1005", w.erply("getCustomers").code)
	require.Equal(t, "1007", w.erply("getPurchaseDocuments", "responseType", "XML").code)
}

func TestFieldsAreTakenFromTheBodyAlone(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	form := url.Values{"request": {"getPurchaseDocuments"}, "clientCode": {"123456"}}
	a := w.send(t.Context(), http.MethodPost, "/erply/api/?sessionKey="+w.key, form, nil)
	require.Equal(t, "1013", envelope(t, a).code)
	a = w.send(t.Context(), http.MethodGet, "/erply/api/", nil, nil)
	require.Equal(t, "1005", envelope(t, a).code)
	form.Add("clientCode", "123456")
	require.Equal(t, "1013", w.erplyForm(form).code)
	require.Len(t, w.State().Alarms, 3)
}

func TestUnknownParametersAreErrorsAndAlarms(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00"))
	for call, pairs := range map[string][]string{
		"getPurchaseDocuments": {"searchAttributeName1", "precoroInvoiceID"},
		"savePurchaseDocument": header(b, "confirmed", "1"),
		"verifyUser":           {"username", "robot", "password", "erply-password", "email", "x"},
	} {
		got := w.erply(call, pairs...)
		require.Equal(t, "1010", got.code, call)
		require.NotEmpty(t, got.field)
	}
	require.Len(t, w.State().Alarms, 3)
	require.Empty(t, w.State().Ledger)
}

func TestDocumentsComeInPages(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	for range 130 {
		w.AddBill(bill("120.00"))
	}
	for _, c := range []struct {
		pairs []string
		count int
		first string
	}{
		{nil, 20, "1130"},
		{[]string{"recordsOnPage", "500"}, 100, "1130"},
		{[]string{"recordsOnPage", "100", "pageNo", "2"}, 30, "1030"},
		{[]string{"recordsOnPage", "100", "pageNo", "3"}, 0, ""},
		{[]string{"orderBy", "id"}, 20, "1001"},
		{[]string{"orderBy", "id", "orderByDir", "desc"}, 20, "1130"},
	} {
		got := w.erply("getPurchaseDocuments", c.pairs...)
		require.Equal(t, "0", got.code)
		require.Equal(t, "130", plain(got.status["recordsTotal"]), c.pairs)
		require.Len(t, got.records, c.count, c.pairs)
		if c.count > 0 {
			require.Equal(t, c.first, plain(got.records[0]["id"]), c.pairs)
		}
	}
}

func TestDocumentsAreFiltered(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	start := w.clock.Now().Unix()
	one := bill("120.00", "precoroInvoiceID", "1004")
	one.Number, one.Type = "A-17", "PRCINVOICEONLY"
	a := w.AddBill(one)
	w.clock.move(time.Minute)
	b := w.AddBill(sandbox.Bill{Currency: "EUR", Total: "1.00", Number: "A-175", Paid: 1, Attributes: map[string]string{"precoroInvoiceID": "10045"}})

	for _, c := range []struct {
		pairs []string
		want  []int64
	}{
		{[]string{"id", text(a.ID)}, []int64{a.ID}},
		{[]string{"ids", text(a.ID) + "," + text(b.ID) + ",77"}, []int64{b.ID, a.ID}},
		{[]string{"number", "A-17"}, []int64{b.ID, a.ID}},
		{[]string{"number", "A-175"}, []int64{b.ID}},
		{[]string{"type", "PRCINVOICEONLY"}, []int64{a.ID}},
		{[]string{"confirmed", "0"}, []int64{b.ID}},
		{[]string{"paid", "1"}, []int64{b.ID}},
		{[]string{"paid", "0"}, []int64{a.ID}},
		{[]string{"changedSince", text(start - 1)}, []int64{b.ID, a.ID}},
		{[]string{"changedSince", text(start)}, []int64{b.ID}},
		{[]string{"searchAttributeName", "precoroInvoiceID", "searchAttributeValue", "1004"}, []int64{a.ID}},
		{[]string{"searchAttributeName", "other", "searchAttributeValue", "1004"}, nil},
	} {
		got := w.erply("getPurchaseDocuments", c.pairs...)
		require.Equal(t, "0", got.code)
		want := []string{}
		for _, id := range c.want {
			want = append(want, text(id))
		}
		require.Equal(t, want, column(got.records, "id"), c.pairs)
	}
	for field, value := range map[string]string{"paid": "yes", "type": "INVOICE", "pageNo": "0", "orderBy": "name", "changedSince": "today", "ids": "1,,2"} {
		got := w.erply("getPurchaseDocuments", field, value)
		require.Equal(t, "1016", got.code, field)
		require.Equal(t, field, got.field)
	}
	require.Equal(t, "1010", w.erply("getPurchaseDocuments", "searchAttributeName", "x").code)
	require.Equal(t, "1162", w.erply("getPurchaseDocuments", "ids", strings.Repeat("1,", 100)+"1").code)
}

func TestRowsComeOnlyByTheDocumentedRule(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	a := w.AddBill(bill("120.00"))
	w.AddBill(bill("120.00"))
	for _, c := range []struct {
		pairs []string
		rows  bool
	}{
		{nil, false},
		{[]string{"id", text(a.ID)}, true},
		{[]string{"ids", text(a.ID)}, true}, // one document matched
		{[]string{"ids", text(a.ID) + "," + text(a.ID+1)}, false},
		{[]string{"number", "S-"}, true},
		{[]string{"getRowsForAllInvoices", "1"}, true},
	} {
		for _, record := range w.erply("getPurchaseDocuments", c.pairs...).records {
			_, has := record["rows"]
			require.Equal(t, c.rows, has, c.pairs)
		}
	}
}

func TestNumbersAreSometimesText(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	seen := map[string]bool{}
	for range 30 {
		b := bill("120.00", "n", "7")
		b.AttributeTypes = map[string]string{"n": "int"}
		b = w.AddBill(b)
		got := w.erply("getPurchaseDocuments", "id", text(b.ID)).records[0]
		require.Equal(t, "120.00", plain(got["total"]))
		for _, field := range []string{"id", "paid", "total", "confirmed", "lastModified"} {
			seen[fmt.Sprintf("%s %T", field, got[field])] = true
		}
		require.Equal(t, "7", plain(objects(t, got["attributes"])[0]["attributeValue"]))
	}
	require.Len(t, seen, 10)
}

func TestDraftsArePending(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	w.AddBill(bill("120.00"))
	w.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00"})
	require.Equal(t, []string{"PENDING", "READY"}, column(w.erply("getPurchaseDocuments").records, "status"))
}

func TestQuotaIsCountedInTenthsUntilTheFullHour(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{Limits: sandbox.Limits{ErplyPerHour: 3}}) // the login was one
	sub := map[string]any{"requestName": "getPurchaseDocuments", "requestID": 1}
	require.Equal(t, "0", w.erply("getPurchaseDocuments").code)
	for n := range 9 {
		require.Equal(t, "0", w.bulk(sub).code, n)
	}
	require.Equal(t, "1002", w.erply("getPurchaseDocuments").code, "29 tenths and 10 are more than 30")
	require.Equal(t, "1002", w.bulk(sub, map[string]any{"requestName": "getPurchaseDocuments", "requestID": 2}).code)
	require.Equal(t, "0", w.bulk(sub).code)
	require.Equal(t, 30, w.State().ErplyTenths)
	require.Equal(t, "1002", w.bulk(sub).code)

	w.clock.move(w.clock.Now().Truncate(time.Hour).Add(time.Hour - 11*time.Second).Sub(w.clock.Now()))
	require.Equal(t, "1002", w.erply("getPurchaseDocuments").code)
	require.Equal(t, "0", w.erply("getPurchaseDocuments").code, "10 s later the hour is full")
	require.Equal(t, map[string]int{"erply": 4, "erply hour": 4}, w.State().Throttled)
}

func TestBulkAnswersEachRequest(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00"))
	got := w.bulk(
		map[string]any{"requestName": "getPurchaseDocuments", "requestID": 7, "id": b.ID},
		map[string]any{"requestName": "getPurchaseDocuments", "requestID": "seven", "id": "x"},
		map[string]any{"requestName": "verifyUser", "requestID": 8},
		map[string]any{"requestName": "nonsense", "requestID": 9},
	)
	require.Equal(t, "0", got.code)
	require.NotContains(t, got.status, "request")
	require.NotContains(t, got.status, "recordsTotal")
	subs := objects(t, got.json(t)["requests"])
	require.Len(t, subs, 4)
	var codes []string
	var ids []any
	for _, sub := range subs {
		codes, ids = append(codes, plain(sub.at(t, "status", "errorCode"))), append(ids, sub.at(t, "status", "requestID"))
	}
	require.Equal(t, []string{"0", "1016", "1006", "1005"}, codes)
	require.Equal(t, []any{json.Number("7"), "seven", json.Number("8"), json.Number("9")}, ids)
	require.Equal(t, text(b.ID), plain(objects(t, subs[0]["records"])[0]["id"]))
	require.Equal(t, map[string]int{
		"verifyUser": 1, "bulk": 1, "bulk/getPurchaseDocuments": 2, "bulk/verifyUser": 1, "bulk/unknown": 1,
	}, w.State().Requests["erply"])
	require.Equal(t, 14, w.State().ErplyTenths)
}

func TestABulkOfMoreThanAHundredDoesNothing(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00"))
	subs := make([]map[string]any, 101)
	for i := range subs {
		subs[i] = map[string]any{"requestName": "savePurchaseDocument", "requestID": i}
		for pair := range slices.Chunk(header(b, "attributeName1", "a"+text(int64(i)), "attributeValue1", "x"), 2) {
			subs[i][pair[0]] = pair[1]
		}
	}
	require.Equal(t, "1020", w.bulk(subs...).code)
	require.Empty(t, w.State().Ledger)
	require.Equal(t, "0", w.bulk(subs[:100]...).code)
	require.Len(t, w.State().Ledger, 100)
}

func TestBadBulkCallsAreAlarms(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	for _, requests := range []string{"", "{}", "[]", "[1]", `[{"requestName":"x","ids":[1]}]`, `[{"requestID":1},{"requestID":1}]`, "[] []"} {
		require.Equal(t, "1014", w.erplyForm(url.Values{"requests": {requests}}).code, requests)
	}
	require.Equal(t, "1013", w.erplyForm(url.Values{"requests": {"[{}]"}, "request": {"getPurchaseDocuments"}}).code)
	require.Len(t, w.State().Alarms, 8)
}

func TestAnAddressIsTurnedAwayAfterABurst(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	w.clock.move(30 * time.Second)
	form := url.Values{"clientCode": {"123456"}, "request": {"getPurchaseDocuments"}, "sessionKey": {w.key}}
	now := func() answer { return w.send(t.Context(), http.MethodPost, "/erply/api/", form, nil) }
	for range 150 {
		require.Equal(t, http.StatusOK, now().status)
	}
	turned := now()
	require.Equal(t, http.StatusTooManyRequests, turned.status)
	require.Contains(t, string(turned.body), "<html>")
	w.clock.move(9 * time.Second)
	require.Equal(t, http.StatusTooManyRequests, now().status)
	w.clock.move(21 * time.Second)
	require.Equal(t, http.StatusOK, now().status)
	require.Equal(t, map[string]int{"erply": 2, "erply burst": 2}, w.State().Throttled)
}

func TestElevenParallelRequestsAreTooMany(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Endless, Times: 10})
	form := url.Values{"clientCode": {"123456"}, "request": {"getPurchaseDocuments"}, "sessionKey": {w.key}}
	for range 10 {
		release := w.open(http.MethodPost, "/erply/api/", form)
		defer release()
	}
	require.Empty(t, w.State().Throttled)
	require.Equal(t, http.StatusTooManyRequests, w.send(t.Context(), http.MethodPost, "/erply/api/", form, nil).status)
	require.Equal(t, 1, w.State().Throttled["erply parallel"])
}
