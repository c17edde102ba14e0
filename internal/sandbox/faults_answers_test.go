package sandbox_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// part is one of a bulk's, with its place as requestID.
func part(id int, call string, pairs ...string) map[string]any {
	out := map[string]any{"requestName": call, "requestID": id}
	for pair := range slices.Chunk(pairs, 2) {
		out[pair[0]] = pair[1]
	}
	return out
}

// saves are parts that pay all bills.
func saves(bills []sandbox.Bill) []map[string]any {
	var out []map[string]any
	for n, b := range bills {
		out = append(out, part(n, "savePurchaseDocument", header(b, "paid", "1")...))
	}
	return out
}

func (w *world) addBills(n int) []sandbox.Bill {
	var out []sandbox.Bill
	for range n {
		out = append(out, w.AddBill(bill("120.00")))
	}
	return out
}

// paid tells of each bill whether its flag is set.
func (w *world) paid() []bool {
	var out []bool
	for _, b := range w.State().Bills {
		out = append(out, b.Paid == 1)
	}
	return out
}

// parts of a bulk's answer: what each part's status says of the field.
func (e erplyAnswer) parts(t *testing.T, field string) []string {
	t.Helper()
	out := []string{}
	for _, one := range objects(t, e.json(t)["requests"]) {
		out = append(out, plain(one.at(t, "status", field)))
	}
	return out
}

func TestASessionThatEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	for bills, want := range map[int][]string{
		1: {"1054"}, 2: {"0", "1054"}, 5: {"0", "0", "1054", "1054", "1054"},
	} {
		t.Run(text(int64(bills)), func(t *testing.T) {
			t.Parallel()
			w := newErply(t, sandbox.Options{})
			all := w.addBills(bills)
			w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.ExpireSession})
			a := w.bulk(saves(all)...)
			require.Equal(t, "0", a.code)
			require.Equal(t, want, a.parts(t, "errorCode"))
			var done []bool
			for _, code := range want {
				done = append(done, code == "0")
			}
			require.Equal(t, done, w.paid())
			for _, written := range w.State().Ledger {
				require.True(t, written.Answered)
				require.Equal(t, sandbox.ExpireSession, written.Fault)
			}

			require.Equal(t, "1054", w.bulk(saves(all)...).code, "it stays over")
			w.login()
			require.Equal(t, "0", w.bulk(saves(all)...).code)
			require.Equal(t, slices.Repeat([]bool{true}, bills), w.paid())
			require.Empty(t, w.State().Alarms)
		})
	}
}

func TestASessionThatEndsBeforeACall(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.addBills(1)[0]
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.ExpireSession})
	w.key = ""
	w.login() // not what the fault can happen to
	require.Equal(t, "1054", w.erply("savePurchaseDocument", header(b, "paid", "1")...).code)
	require.Equal(t, []bool{false}, w.paid())
	w.key = ""
	w.login()
	require.Equal(t, "0", w.erply("savePurchaseDocument", header(b, "paid", "1")...).code)
}

func TestEverySecondPartFails(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	bills := w.addBills(5)
	w.Fail(sandbox.Fault{Side: "erply", Match: "savePurchaseDocument", Kind: sandbox.PartFails, Times: 2})
	require.Equal(t, []string{"1016", "0", "1016", "0", "1016"}, w.bulk(saves(bills)...).parts(t, "errorCode"))
	require.Equal(t, []bool{false, true, false, true, false}, w.paid())
	require.Equal(t, "1016", w.erply("savePurchaseDocument", header(bills[0], "paid", "1")...).code)
	require.False(t, w.paid()[0], "alone it is refused as a whole")

	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.PartFails, Status: 1121})
	require.Equal(t, []string{"1121"}, w.bulk(saves(bills[:1])...).parts(t, "errorCode"))
	require.Equal(t, []string{"0"}, w.bulk(saves(bills[:1])...).parts(t, "errorCode"))
}

func TestRowsComeInReverse(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	for range 3 {
		w.AddInvoice(eur("120.00"))
		w.clock.move(time.Second)
	}
	w.addBills(3)
	subs := []map[string]any{part(0, "getPurchaseDocuments", "recordsOnPage", "2"), part(1, "getPurchaseDocuments", "id", "1")}

	invoices, bills, bulk := w.get("/invoices"), w.erply("getPurchaseDocuments"), w.bulk(subs...)
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Reordered})
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Reordered, Times: 2})
	require.Equal(t, http.StatusOK, w.get("/invoices/1001").status, "there is no order in one, and no fault")
	require.Equal(t, reversed(column(rows(t, invoices), "id")), column(rows(t, w.get("/invoices")), "id"))
	require.Equal(t, reversed(column(bills.records, "id")), column(w.erply("getPurchaseDocuments").records, "id"))
	again := w.bulk(subs...)
	require.Equal(t, []string{"1", "0"}, again.parts(t, "requestID"))
	first := func(e erplyAnswer, at int) []string {
		return column(objects(t, objects(t, e.json(t)["requests"])[at]["records"]), "id")
	}
	require.Equal(t, reversed(first(bulk, 0)), first(again, 1))
	require.JSONEq(t, string(invoices.body), string(w.get("/invoices").body))
}

func reversed(list []string) []string {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

func TestTotalsThatLie(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	w.addBills(3)
	total := func(a answer) string { return plain(a.json(t).at(t, "meta", "pagination", "total")) }
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.LyingTotal})
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.LyingTotal, Off: -3})
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.LyingTotal, Off: 2, Times: 2})
	require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status, "it has no total to lie about")
	listing := w.get("/invoices")
	require.Equal(t, "2", total(listing))
	require.Len(t, rows(t, listing), 1)
	require.Equal(t, "-2", total(w.get("/invoices")))
	require.Equal(t, "1", total(w.get("/invoices")))

	b := w.State().Bills[0]
	require.Equal(t, "1", plain(w.erply("savePurchaseDocument", header(b, "paid", "1")...).status["recordsTotal"]))
	require.Equal(t, "5", plain(w.erply("getPurchaseDocuments").status["recordsTotal"]))
	require.Equal(t, []string{"5", "2"}, w.bulk(part(0, "getPurchaseDocuments"), part(1, "getPurchaseDocuments", "id", "9")).parts(t, "recordsTotal"))
	require.Equal(t, "3", plain(w.erply("getPurchaseDocuments").status["recordsTotal"]))
	for _, written := range w.State().Ledger {
		require.Empty(t, written.Fault)
	}
}

func TestCredentialsAreEchoed(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{Token: "to ken/1", Email: "robot@example.com"})
	key := w.key
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Echo, Status: 503})
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Echo, Times: 2})
	send := func(method, target string, form url.Values) answer {
		return w.send(t.Context(), method, target, form, func(r *http.Request) { r.Header.Set("X-AUTH-TOKEN", "to ken/1") })
	}
	i := w.AddInvoice(eur("120.00"))
	a := send(http.MethodPost, "/precoro/payments", payment(i, "20.00"))
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	requireEchoed(t, plain(a.json(t)["message"]), "to ken/1", "robot@example.com")

	a = w.erply("getPurchaseDocuments").answer
	require.Equal(t, http.StatusBadRequest, a.status)
	requireEchoed(t, plain(a.json(t)["message"]), key, "123456")
	w.key = ""
	a = w.erply("verifyUser", "username", "robot", "password", "erply-password").answer
	requireEchoed(t, plain(a.json(t).at(t, "status", "errorField")), "robot", "erply-password", "123456")
	require.Empty(t, w.State().Ledger)
}

func requireEchoed(t *testing.T, body string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		require.Contains(t, body, secret)
		require.Contains(t, body, url.QueryEscape(secret))
		require.Contains(t, body, base64.StdEncoding.EncodeToString([]byte(secret)))
	}
}

func TestEveryLimiterCanBeScripted(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{Limits: sandbox.Limits{PrecoroPerSecond: 2, PrecoroPerHour: 700, PrecoroPerDay: 800}})
	for limiter, want := range map[string][2]string{
		"":         {"Route based limiter by minute", "120"},
		"second":   {"Route based limiter by minute", "120"},
		"same_get": {"Route based limiter by minute", "1"},
		"hour":     {"Hourly limiter", "700"},
		"day":      {"Daily limiter", "800"},
	} {
		w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Throttle, Limiter: limiter, Delay: 2 * time.Hour})
		kind, until, limit := throttled(t, w.get("/invoices"))
		require.Equal(t, want, [2]string{kind, limit}, limiter)
		require.Equal(t, w.clock.Now().Add(2*time.Hour).Format("2006-01-02 15:04:05")+" UTC", until)
	}
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Throttle, Limiter: "hour"})
	require.Equal(t, "1002", w.erply("getPurchaseDocuments").code)
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Throttle, Limiter: "burst"})
	require.Equal(t, outcome{status: 429, body: "html"}, w.erply("getPurchaseDocuments").outcome())
	require.Equal(t, "0", w.erply("getPurchaseDocuments").code, "nobody is blocked for it")
	require.Empty(t, w.State().Throttled)
}

func TestAnAnswerThatDrips(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Drip, Delay: time.Minute})
	w.clock.move(time.Minute)
	response, err := w.http.RoundTrip(w.request(t.Context(), http.MethodPost, "/precoro/payments", payment(i, "20.00")))
	require.NoError(t, err)
	n, err := response.Body.Read(make([]byte, 100))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	rest, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.True(t, json.Valid(append([]byte("{"), rest...)))
	require.True(t, w.State().Ledger[0].Answered)
	require.Equal(t, sandbox.Drip, w.State().Ledger[0].Fault)
}

func TestAnAnswerDripsOverASocketAsLongAsTheClientHasPatience(t *testing.T) {
	t.Parallel()
	w, stop := served(t)
	i := w.AddInvoice(eur("120.00"))
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Drip})
	require.Equal(t, "20.00", plain(w.post(payment(i, "20.00")).json(t)["sumPaid"]))
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Drip, Delay: time.Minute})
	w.clock.move(time.Minute)
	response, err := w.http.RoundTrip(w.request(t.Context(), http.MethodPost, "/precoro/payments", payment(i, "20.00")))
	require.NoError(t, err)
	n, err := response.Body.Read(make([]byte, 100))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.True(t, w.State().Ledger[1].Answered)
	require.NoError(t, response.Body.Close())
	require.Eventually(t, func() bool { return !w.State().Ledger[1].Answered }, 10*time.Second, time.Millisecond, "nobody heard the rest")
	require.True(t, w.State().Ledger[0].Answered)
	require.NoError(t, stop())
}

func TestAFaultThatCannotHappenIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	for body, want := range map[string]string{
		`{"side":"precoro","kind":"expire_session"}`:                           `fault: side "precoro": expire_session happens to erply only`,
		`{"side":"precoro","kind":"part_fails"}`:                               `fault: side "precoro": part_fails happens to erply only`,
		`{"side":"erply","kind":"expire_session","match":"verifyUser"}`:        `fault: match "verifyUser": expire_session happens to deletePayment, getPayments, `,
		`{"side":"precoro","kind":"reordered","match":"POST /payments"}`:       `fault: match "POST /payments": reordered happens to GET /invoices, GET /payments only`,
		`{"side":"precoro","kind":"reordered","match":"GET /invoices/{idn}"}`:  `reordered happens to GET /invoices, GET /payments only`,
		`{"side":"erply","kind":"lying_total","match":"savePurchaseDocument"}`: `lying_total happens to getPayments, getPurchaseDocuments, bulk only`,
		`{"side":"erply","kind":"part_fails","status":400}`:                    `fault: status 400: want 1000 to 1220`,
		`{"side":"erply","kind":"echo","status":1016}`:                         `fault: status 1016: want 200 to 599`,
		`{"side":"erply","kind":"throttle","limiter":"day"}`:                   `fault: limiter "day": want one of hour, burst`,
		`{"side":"erply","kind":"throttle","limiter":"hour","status":429}`:     `fault: limiter "hour": want one of burst`,
		`{"side":"precoro","kind":"throttle","limiter":"burst"}`:               `fault: limiter "burst": want one of second, same_get, hour, day`,
		`{"side":"precoro","kind":"reset","limiter":"day"}`:                    `fault: limiter "day": want it with kind throttle only, not with reset`,
		`{"side":"precoro","kind":"reset","off":1}`:                            `fault: off 1: want it with kind lying_total only, not with reset`,
		`{"side":"precoro","kind":"lying_total","off":-1000001}`:               `fault: off -1000001: want -1000000 to 1000000`,
		`{"side":"precoro","kind":"drip","delay":"2m"}`:                        `fault: delay 2m0s: want at most 1m30s`,
		`{"side":"precoro","kind":"late","delay":"168h1s"}`:                    `fault: delay 168h0m1s: want at most 168h0m0s`,
	} {
		a := w.scriptJSON(body)
		require.Equal(t, http.StatusBadRequest, a.status, body)
		require.Contains(t, a.json(t)["error"], want)
	}
	for _, body := range []string{
		`{"side":"erply","kind":"lying_total","match":"bulk"}`, `{"side":"erply","kind":"reordered","match":"savePurchaseDocument"}`,
		`{"side":"erply","kind":"part_fails","match":"bulk","status":1017}`, `{"side":"precoro","kind":"late","delay":"168h"}`,
		`{"side":"erply","kind":"throttle","status":429,"limiter":"burst"}`, `{"side":"precoro","kind":"lying_total","match":"GET /payments","off":-1}`,
	} {
		require.Equal(t, http.StatusCreated, w.scriptJSON(body).status, body)
	}
}
