package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// served is a sandbox behind a real socket, and its client.
func served(t *testing.T) (w *world, stop func() error) {
	t.Helper()
	w = newWorld(t, sandbox.Options{})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx, listener) }()
	transport := &http.Transport{DisableKeepAlives: true}
	w.http = &redirected{to: listener.Addr().String(), through: transport}
	return w, func() error {
		cancel()
		return <-ended
	}
}

// redirected sends every request to the sandbox's address.
type redirected struct {
	to      string
	through http.RoundTripper
}

func (r *redirected) RoundTrip(out *http.Request) (*http.Response, error) {
	out = out.Clone(out.Context())
	out.URL.Scheme, out.URL.Host = "http", r.to
	return r.through.RoundTrip(out)
}

func TestTheSameOverARealSocket(t *testing.T) {
	t.Parallel()
	w, stop := served(t)
	i := w.AddInvoice(eur("120.00"))
	b := w.AddBill(bill("120.00"))
	w.login()
	require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status)
	got := w.get("/invoices/" + text(i.IDN))
	require.Equal(t, "20.00", plain(got.json(t)["sumPaid"]))
	require.Equal(t, w.clock.Now().Format(http.TimeFormat[:len(http.TimeFormat)-3])+"GMT", got.header.Get("Date"))
	require.Equal(t, "0", w.erply("savePurchaseDocument", header(b, "paid", "1")...).code)
	require.NoError(t, stop())
}

func TestFaultsOverARealSocket(t *testing.T) {
	t.Parallel()
	w, stop := served(t)
	i := w.AddInvoice(eur("1200.00"))
	for n, kind := range []sandbox.FaultKind{sandbox.LostAnswer, sandbox.Reset, sandbox.Refused, sandbox.CutBody} {
		w.Fail(sandbox.Fault{Side: "precoro", Kind: kind})
		require.Error(t, w.post(payment(i, "20.00")).err, kind)
		require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status, "%d", n)
	}
	require.Equal(t, "120.00", w.State().Invoices[0].Paid, "two of the four were carried out")

	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Endless})
	w.clock.move(1e9 * 60)
	response, err := w.http.RoundTrip(w.request(t.Context(), http.MethodGet, "/precoro/invoices", nil))
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, response.Body, 1<<20)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.NoError(t, stop())
}

func TestServeStopsWhileSomebodyWaits(t *testing.T) {
	t.Parallel()
	w, stop := served(t)
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Endless})
	response, err := w.http.RoundTrip(w.request(t.Context(), http.MethodGet, "/precoro/invoices", nil))
	require.NoError(t, err)
	require.NoError(t, stop())
	_, err = io.Copy(io.Discard, response.Body)
	require.Error(t, err)
	require.NoError(t, response.Body.Close())
}

func TestServeRefusesOtherAddressesThanLoopback(t *testing.T) {
	t.Parallel()
	err := sandbox.New(sandbox.Options{}).Serve(t.Context(), elsewhere{})
	require.ErrorContains(t, err, "0.0.0.0:8080: want a loopback address")
}

// elsewhere listens to everybody.
type elsewhere struct{ net.Listener }

func (elsewhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero, Port: 8080} }

func TestStateIsReadableAsJSON(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	b := w.AddBill(bill("120.00", "precoroInvoiceID", text(i.ID)))
	w.post(payment(i, "20.00"))
	w.erply("savePurchaseDocument", header(b, "paid", "1")...)
	w.get("/invoices?nonsense=1")

	a := w.send(t.Context(), http.MethodGet, "/_sandbox/state", nil, nil)
	require.Equal(t, http.StatusOK, a.status)
	var got sandbox.State
	decoder := json.NewDecoder(strings.NewReader(string(a.body)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&got))
	want, err := json.Marshal(w.State())
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(a.body))
	require.Len(t, got.Ledger, 2)
	require.Len(t, got.Alarms, 1)
	require.Equal(t, map[string]map[string]int{
		"precoro": {"POST /payments": 1, "GET /invoices": 1},
		"erply":   {"verifyUser": 1, "savePurchaseDocument": 1},
	}, got.Requests)
	require.Equal(t, http.StatusNotFound, w.send(t.Context(), http.MethodGet, "/_sandbox/faults", nil, nil).status)
}

func TestStateIsACopy(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00", "a", "1"))
	w.erply("savePurchaseDocument", header(b, "paid", "1")...)
	state := w.State()
	state.Bills[0].Attributes["a"] = "2"
	state.Bills[0].Rows[0].Price = "0"
	state.Ledger[0].Changes[0].Field = "other"
	state.Requests["erply"]["verifyUser"] = 9
	b.Attributes["a"] = "3"
	again := w.State()
	require.Equal(t, "1", again.Bills[0].Attributes["a"])
	require.Equal(t, "120.00", again.Bills[0].Rows[0].Price)
	require.Equal(t, "paid", again.Ledger[0].Changes[0].Field)
	require.Equal(t, 1, again.Requests["erply"]["verifyUser"])
}

func TestABodyWithoutBoundIsRefused(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	form := url.Values{"request": {"savePurchaseDocument"}, "notes": {strings.Repeat("x", 5<<20)}}
	require.Equal(t, "1005", w.erplyForm(form).code)
}
