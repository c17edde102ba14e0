package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// outcome is what a client can see of a request.
type outcome struct {
	status int
	op     string // of the network error
	read   error  // of the body
	body   string // "json", "html", "empty", "broken"
}

func (a answer) outcome() outcome {
	var network *net.OpError
	if errors.As(a.err, &network) {
		return outcome{op: network.Op}
	}
	o := outcome{status: a.status, read: a.err, body: "broken"}
	switch {
	case a.err != nil:
	case len(a.body) == 0:
		o.body = "empty"
	case a.body[0] == '<':
		o.body = "html"
	case json.Valid(a.body):
		o.body = "json"
	}
	return o
}

func TestFaultsOfAWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault   sandbox.Fault
		want    outcome
		written bool
	}{
		{sandbox.Fault{Kind: sandbox.LostAnswer}, outcome{op: "read"}, true},
		{sandbox.Fault{Kind: sandbox.Reset}, outcome{op: "read"}, false},
		{sandbox.Fault{Kind: sandbox.Refused}, outcome{op: "dial"}, false},
		{sandbox.Fault{Kind: sandbox.Timeout}, outcome{op: "read"}, false},
		{sandbox.Fault{Kind: sandbox.TimeoutAfter}, outcome{op: "read"}, true},
		{sandbox.Fault{Kind: sandbox.Error500Before}, outcome{status: 500, body: "html"}, false},
		{sandbox.Fault{Kind: sandbox.Error500After}, outcome{status: 500, body: "html"}, true},
		{sandbox.Fault{Kind: sandbox.CutBody}, outcome{status: 201, read: io.ErrUnexpectedEOF, body: "broken"}, true},
		{sandbox.Fault{Kind: sandbox.HTML}, outcome{status: 200, body: "html"}, false},
		{sandbox.Fault{Kind: sandbox.Empty}, outcome{status: 200, body: "empty"}, true},
		{sandbox.Fault{Kind: sandbox.Malformed}, outcome{status: 201, body: "broken"}, true},
		{sandbox.Fault{Kind: sandbox.Throttle, Limiter: "second"}, outcome{status: 429, body: "json"}, false},
		{sandbox.Fault{Kind: sandbox.Body, Body: `{"id":[]}`}, outcome{status: 200, body: "json"}, false},
		{sandbox.Fault{Kind: sandbox.Body, Body: "no", Status: 503}, outcome{status: 503, body: "broken"}, false},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			i := w.AddInvoice(eur("120.00"))
			c.fault.Side, c.fault.Match = "precoro", "POST /payments"
			w.Fail(c.fault)
			require.Equal(t, c.want, w.post(payment(i, "20.00")).outcome())

			state := w.State()
			require.Empty(t, state.Alarms)
			if c.written {
				require.Len(t, state.Payments, 1)
				require.Len(t, state.Ledger, 1)
				require.False(t, state.Ledger[0].Answered)
				require.Equal(t, c.fault.Kind, state.Ledger[0].Fault)
			} else {
				require.Empty(t, state.Payments)
				require.Empty(t, state.Ledger)
			}
			require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status, "a fault strikes once")
			written := w.State().Ledger
			require.True(t, written[len(written)-1].Answered)
			require.Empty(t, written[len(written)-1].Fault)
			require.Equal(t, map[string]map[string]int{"precoro": {c.fault.Counted(): 1}, "erply": {}}, w.Counters().Faults)
		})
	}
}

func TestFaultsOfASave(t *testing.T) {
	t.Parallel()
	for kind, written := range map[sandbox.FaultKind]bool{
		sandbox.LostAnswer: true, sandbox.Reset: false, sandbox.Refused: false, sandbox.Error500Before: false, sandbox.Error500After: true,
		sandbox.Timeout: false, sandbox.TimeoutAfter: true, sandbox.CutBody: true, sandbox.HTML: false, sandbox.Empty: true, sandbox.Malformed: true, sandbox.Throttle: false, sandbox.Body: false,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newErply(t, sandbox.Options{})
			b := w.AddBill(bill("120.00"))
			w.Fail(sandbox.Fault{Side: "erply", Match: "savePurchaseDocument", Kind: kind, Body: "{}"})
			require.Equal(t, "0", w.erply("getPurchaseDocuments").code, "another call")
			require.NotEqual(t, "0", w.send(t.Context(), http.MethodPost, "/erply/api/", w.save(b, "paid", "1"), nil).code())
			state := w.State()
			require.Equal(t, written, state.Bills[0].Paid == 1)
			require.Equal(t, written, len(state.Ledger) == 1 && !state.Ledger[0].Answered)
			require.Equal(t, "0", w.send(t.Context(), http.MethodPost, "/erply/api/", w.save(b, "paid", "1"), nil).code())
		})
	}
}

// save is a careful savePurchaseDocument.
func (w *world) save(b sandbox.Bill, pairs ...string) url.Values {
	form := url.Values{"clientCode": {"123456"}, "sessionKey": {w.key}, "request": {"savePurchaseDocument"}}
	for pair := range slices.Chunk(header(b, pairs...), 2) {
		form.Set(pair[0], pair[1])
	}
	return form
}

// code is Erply's error code, "" where no envelope came.
func (a answer) code() string {
	var body struct {
		Status struct {
			ErrorCode *json.Number `json:"errorCode"`
		} `json:"status"`
	}
	if a.err != nil || json.Unmarshal(a.body, &body) != nil || body.Status.ErrorCode == nil {
		return ""
	}
	return body.Status.ErrorCode.String()
}

func TestErrorsLookLikeRealOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Refused})
	require.ErrorIs(t, w.get("/invoices").err, syscall.ECONNREFUSED)
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Reset})
	require.ErrorIs(t, w.get("/invoices").err, syscall.ECONNRESET)
	for _, kind := range []sandbox.FaultKind{sandbox.Timeout, sandbox.TimeoutAfter, sandbox.Late} {
		w.Fail(sandbox.Fault{Side: "precoro", Kind: kind})
		err := w.get("/invoices").err
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		var network net.Error
		require.ErrorAs(t, err, &network)
		require.True(t, network.Timeout())
	}
}

func TestThrottlingLooksAsItDoes(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Throttle, Delay: 5 * time.Minute})
	kind, until, _ := throttled(t, w.get("/invoices"))
	require.Equal(t, "Route based limiter by minute", kind)
	require.Equal(t, w.clock.Now().Add(5*time.Minute).Format("2006-01-02 15:04:05")+" UTC", until)

	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Throttle})
	require.Equal(t, "1002", w.erply("getPurchaseDocuments").code)
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Throttle, Status: 429})
	require.Equal(t, outcome{status: 429, body: "html"}, w.erply("getPurchaseDocuments").outcome())
	require.Empty(t, w.State().Throttled, "scripted ones are not the client's fault")
}

func TestAFaultWaitsForItsRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	p := w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "20.00"})
	w.Fail(sandbox.Fault{Side: "precoro", Match: "GET /invoices", After: 1, Times: 2, Kind: sandbox.Error500Before})
	w.Fail(sandbox.Fault{Side: "precoro", Match: "PATCH /payments", Kind: sandbox.Error500Before})
	w.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Error500Before})

	var statuses []int
	for range 4 {
		statuses = append(statuses, w.get("/invoices").status)
		require.Equal(t, http.StatusOK, w.get("/invoices/"+text(i.IDN)).status, "another route")
	}
	require.Equal(t, []int{200, 500, 500, 200}, statuses)
	require.Equal(t, 500, w.patch("/payments/"+text(p.IDN), "x").status)
	require.Equal(t, 200, w.patch("/payments/"+text(p.IDN), "x").status)
}

func TestAThrottledRequestUsesNoFaultUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	require.Equal(t, http.StatusOK, w.ask(1).status)
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Error500Before})
	throttled(t, w.ask(2))
	w.clock.move(time.Second)
	require.Equal(t, http.StatusInternalServerError, w.ask(2).status)
	w.clock.move(time.Second)
	throttled(t, w.ask(2)) // it failed, and is the same GET all the same
}

func TestARefusedConnectionCountsNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Refused})
	require.Error(t, w.ask(1).err)
	require.Empty(t, w.State().Requests["precoro"])
	require.Equal(t, http.StatusOK, w.ask(1).status)
}

func TestAFaultOfOneCallMeetsTheBulkThatHoldsIt(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	w.Fail(sandbox.Fault{Side: "erply", Match: "getPurchaseDocuments", Kind: sandbox.Error500Before})
	require.Equal(t, 500, w.bulk(map[string]any{"requestName": "getPurchaseDocuments"}).answer.status)
	w.Fail(sandbox.Fault{Side: "erply", Match: "bulk", Kind: sandbox.Error500Before})
	require.Equal(t, "0", w.erply("getPurchaseDocuments").code)
	require.Equal(t, 500, w.bulk(map[string]any{"requestName": "getPurchaseDocuments"}).answer.status)
}

func TestAnEndlessBodyEndsWhenTheClientHangsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Endless})
	ctx, hangUp := context.WithCancel(t.Context())
	response, err := w.http.RoundTrip(w.request(ctx, http.MethodPost, "/precoro/payments", payment(i, "20.00")))
	require.NoError(t, err)
	read, err := io.CopyN(io.Discard, response.Body, 1<<20)
	require.NoError(t, err)
	require.EqualValues(t, 1<<20, read)
	hangUp()
	_, err = io.Copy(io.Discard, response.Body)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, response.Body.Close())
	require.Len(t, w.State().Payments, 1)
	require.False(t, w.State().Ledger[0].Answered)
}

func TestASlowServerWorksOnWhenTheClientHasHungUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sandbox.Options{})
		i := w.AddInvoice(eur("120.00"))
		w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Slow, Delay: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		require.ErrorIs(t, w.send(ctx, http.MethodPost, "/precoro/payments", payment(i, "20.00"), nil).err, context.DeadlineExceeded)
		require.Empty(t, w.State().Payments)
		throttled(t, w.ask(1)) // the first one is still at work

		<-time.NewTimer(31 * time.Second).C
		synctest.Wait()
		require.Len(t, w.State().Payments, 1)
		require.False(t, w.State().Ledger[0].Answered)
		w.clock.move(time.Second)
		require.Equal(t, http.StatusOK, w.ask(1).status)
	})
}

func TestASlowAnswerThatIsWaitedForIsAnAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sandbox.Options{})
		i := w.AddInvoice(eur("120.00"))
		w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Slow, Delay: time.Minute})
		require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status)
		require.True(t, w.State().Ledger[0].Answered)
	})
}

func TestACancelledRequestIsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.send(ctx, http.MethodGet, "/precoro/invoices", nil, nil).err, context.Canceled)
	require.Empty(t, w.State().Requests["precoro"])
}

func (w *world) scriptJSON(body string) answer {
	w.t.Helper()
	return w.send(w.t.Context(), http.MethodPost, "/_sandbox/faults", url.Values{}, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(strings.NewReader(body))
	})
}

func TestFaultsAreScriptedOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	require.Equal(t, http.StatusCreated, w.scriptJSON(`{"side":"precoro","match":"GET /invoices","kind":"throttle","delay":"90s"}`).status)
	_, until, _ := throttled(t, w.get("/invoices"))
	require.Equal(t, w.clock.Now().Add(90*time.Second).Format("2006-01-02 15:04:05")+" UTC", until)

	for _, body := range []string{
		``, `{}`, `[]`, `{"side":"sap","kind":"reset"}`, `{"side":"erply","kind":"flood"}`, `{"side":"erply","kind":"reset","match":"GET /invoices"}`,
		`{"side":"precoro","kind":"reset","match":"GET /invoice"}`, `{"side":"precoro","kind":"reset","tims":2}`, `{"side":"precoro","kind":"reset"} {}`,
		`{"side":"precoro","kind":"reset","times":-1}`, `{"side":"precoro","kind":"slow","delay":"1h"}`, `{"side":"precoro","kind":"slow","delay":"soon"}`,
		`{"side":"precoro","kind":"slow","delay":true}`, `{"side":"precoro","kind":"late","delay":"168h1s"}`, `{"side":"precoro","kind":"body","status":99}`,
	} {
		a := w.scriptJSON(body)
		require.Equal(t, http.StatusBadRequest, a.status, body)
		require.Contains(t, a.json(t)["error"], "fault")
	}
	require.Equal(t, http.StatusOK, w.get("/invoices").status)
}
