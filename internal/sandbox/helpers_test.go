package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// clock is the time of both servers; it moves when a test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// world is a sandbox with a clock, and a client that knows nothing but HTTP.
type world struct {
	*sandbox.Sandbox
	t     *testing.T
	clock *clock
	http  http.RoundTripper
	key   string // Erply's session
}

func newWorld(t *testing.T, opts sandbox.Options) *world {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)}
	opts.Now = c.Now
	s := sandbox.New(opts)
	return &world{Sandbox: s, t: t, clock: c, http: s.Transport()}
}

// answer is a whole response.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error // of the exchange, or of reading the body
}

func (w *world) send(ctx context.Context, method, target string, form url.Values, edit func(*http.Request)) answer {
	w.t.Helper()
	r := w.request(ctx, method, target, form)
	if edit != nil {
		edit(r)
	}
	response, err := w.http.RoundTrip(r)
	if err != nil {
		return answer{err: err}
	}
	read, err := io.ReadAll(response.Body)
	require.NoError(w.t, response.Body.Close())
	return answer{status: response.StatusCode, header: response.Header, body: read, err: err}
}

// open sends a request and leaves its answer unread until release is called.
func (w *world) open(method, target string, form url.Values) (release func()) {
	w.t.Helper()
	response, err := w.http.RoundTrip(w.request(w.t.Context(), method, target, form)) //nolint:bodyclose // release closes it
	require.NoError(w.t, err)
	return func() { require.NoError(w.t, response.Body.Close()) }
}

func (w *world) request(ctx context.Context, method, target string, form url.Values) *http.Request {
	w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, "https://any.example"+target, body)
	require.NoError(w.t, err)
	r.Header.Set("User-Agent", "sandbox-test")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if strings.HasPrefix(target, "/precoro") {
		r.Header.Set("X-AUTH-TOKEN", "precoro-token")
		r.Header.Set("email", "robot@example.com")
	}
	return r
}

// get, post and patch come a minute after whatever was before, so that no limit is in the way.
func (w *world) get(path string) answer {
	w.t.Helper()
	w.clock.move(time.Minute)
	return w.send(w.t.Context(), http.MethodGet, "/precoro"+path, nil, nil)
}

func (w *world) post(form url.Values) answer {
	w.t.Helper()
	w.clock.move(time.Minute)
	return w.send(w.t.Context(), http.MethodPost, "/precoro/payments", form, nil)
}

func (w *world) patch(path, externalID string) answer {
	w.t.Helper()
	w.clock.move(time.Minute)
	return w.send(w.t.Context(), http.MethodPatch, "/precoro"+path, url.Values{"externalId": {externalID}}, nil)
}

// payment is a valid POST /payments, with the given pairs of field and value changed.
func payment(invoice sandbox.Invoice, sum string, pairs ...string) url.Values {
	form := url.Values{
		"invoice[id]": {text(invoice.ID)}, "sumPaid": {sum}, "payDate": {"2026-03-14T00:00:00+00:00"}, "logicType": {"0"}, "externalId": {"er.8842.paid"},
	}
	for pair := range slices.Chunk(pairs, 2) {
		form.Set(pair[0], pair[1])
	}
	return form
}

// object is a decoded JSON object whose numbers keep their spelling.
type object map[string]any

func decode(t *testing.T, body []byte) object {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var out object
	require.NoError(t, decoder.Decode(&out), "%s", body)
	return out
}

func (a answer) json(t *testing.T) object {
	t.Helper()
	require.NoError(t, a.err)
	return decode(t, a.body)
}

// at walks into nested objects.
func (o object) at(t *testing.T, path ...string) any {
	t.Helper()
	var value any = map[string]any(o)
	for _, name := range path {
		inner, ok := value.(map[string]any)
		require.True(t, ok, "%s of %v", name, value)
		value = inner[name]
	}
	return value
}

// plain is a value's text, whether it came as number or string, and "" for null.
func plain(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// rows of a listing of Precoro.
func rows(t *testing.T, a answer) []object {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	return objects(t, a.json(t)["data"])
}

func objects(t *testing.T, list any) []object {
	t.Helper()
	var out []object
	if wrapped, ok := list.(map[string]any); ok {
		list = wrapped["data"]
	}
	items, ok := list.([]any)
	require.True(t, ok, "%v", list)
	for _, item := range items {
		one, ok := item.(map[string]any)
		require.True(t, ok)
		out = append(out, one)
	}
	return out
}

func column(list []object, field string) []string {
	out := []string{}
	for _, row := range list {
		out = append(out, plain(row[field]))
	}
	return out
}

// login gets a session of Erply.
func (w *world) login() {
	w.t.Helper()
	records := w.erply("verifyUser", "username", "robot", "password", "erply-password").records
	require.Len(w.t, records, 1)
	w.key = plain(records[0]["sessionKey"])
}

// erplyAnswer is an envelope taken apart.
type erplyAnswer struct {
	answer
	status  object
	code    string
	field   string
	records []object
}

// erply makes one call, 10 seconds after whatever was before.
func (w *world) erply(call string, pairs ...string) erplyAnswer {
	w.t.Helper()
	form := url.Values{"request": {call}}
	for pair := range slices.Chunk(pairs, 2) {
		form.Set(pair[0], pair[1])
	}
	return w.erplyForm(form)
}

func (w *world) erplyForm(form url.Values) erplyAnswer {
	w.t.Helper()
	w.clock.move(10 * time.Second)
	if !form.Has("clientCode") {
		form.Set("clientCode", "123456")
	}
	if w.key != "" && !form.Has("sessionKey") {
		form.Set("sessionKey", w.key)
	}
	a := w.send(w.t.Context(), http.MethodPost, "/erply/api/", form, nil)
	if a.err != nil || a.status != http.StatusOK || !json.Valid(a.body) {
		return erplyAnswer{answer: a}
	}
	return envelope(w.t, a)
}

func envelope(t *testing.T, a answer) erplyAnswer {
	t.Helper()
	e := erplyAnswer{answer: a}
	body := a.json(t)
	status, ok := body["status"].(map[string]any)
	require.True(t, ok, "%s", a.body)
	e.status, e.code, e.field = status, plain(status["errorCode"]), plain(status["errorField"])
	if body["records"] != nil {
		e.records = objects(t, body["records"])
	}
	return e
}

// bulk makes one call of many.
func (w *world) bulk(subs ...map[string]any) erplyAnswer {
	w.t.Helper()
	requests, err := json.Marshal(subs)
	require.NoError(w.t, err)
	return w.erplyForm(url.Values{"requests": {string(requests)}})
}

// header is a bill's whole header as a careful client sends it back, with pairs changed.
func header(b sandbox.Bill, pairs ...string) []string {
	out := []string{
		"id", text(b.ID), "warehouseID", text(b.WarehouseID), "currencyCode", b.Currency, "no", b.Number, "type", b.Type, "date", b.Date, "time", b.Time,
		"confirmInvoice", text(int64(b.Confirmed)), "supplierID", text(b.SupplierID), "employeeID", text(b.EmployeeID), "currencyRate", b.CurrencyRate,
		"paymentDays", text(b.PaymentDays), "paid", text(int64(b.Paid)), "referenceNumber", b.ReferenceNumber, "notes", b.Notes,
	}
	return append(out, pairs...)
}

func text(n int64) string { return strconv.FormatInt(n, 10) }
