package sandbox_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// halves says of every linked pair what each half knows is paid.
func halves(t *testing.T, state sandbox.State) (agree, onlyPrecoro, onlyERP int) {
	t.Helper()
	paid := map[string]string{}
	for _, i := range state.Invoices {
		paid[strconv.FormatInt(i.ID, 10)] = i.Paid
	}
	for _, b := range state.Bills {
		inPrecoro := paid[b.Attributes["precoroInvoiceID"]] == b.Total
		switch {
		case inPrecoro == (b.Paid == 1):
			agree++
		case inPrecoro:
			onlyPrecoro++
		default:
			onlyERP++
		}
	}
	return agree, onlyPrecoro, onlyERP
}

func TestAWorldOfSizeDiffersInExactlySoManyInvoices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	sandbox.Scale(1, 1000, 41)(w.Sandbox)

	state := w.State()
	agree, onlyPrecoro, onlyERP := halves(t, state)
	require.Equal(t, []int{959, 21, 20}, []int{agree, onlyPrecoro, onlyERP})
	require.Len(t, state.Invoices, 1000)
	require.Len(t, state.Bills, 1000)
	unpaid, records := 0, 0
	for _, i := range state.Invoices {
		if i.Status == 2 {
			unpaid++
		}
		require.True(t, i.Created.After(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		require.True(t, i.Updated.Before(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)))
	}
	for _, b := range state.Bills {
		records += len(b.Attributes) - 1
	}
	require.InDelta(t, 160, unpaid, 40)
	require.InDelta(t, 900, records, 40)
	require.Equal(t, records, len(state.Payments)-onlyPrecoro)
	require.Empty(t, state.Alarms)
	require.Empty(t, state.Ledger)
}

func TestPeoplePayOnEitherSideOfAWorldOfSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	sandbox.Scale(1, 500, 0)(w.Sandbox)
	w.clock.move(30 * 24 * time.Hour)
	since := "modifiedSince=" + w.clock.Now().Format("2006-01-02T15:04:05")

	sandbox.Pay(2, 21)(w.Sandbox)

	state := w.State()
	agree, onlyPrecoro, onlyERP := halves(t, state)
	require.Equal(t, []int{479, 11, 10}, []int{agree, onlyPrecoro, onlyERP})
	require.Empty(t, state.Alarms)
	require.Len(t, rows(t, w.get("/invoices?per_page=200&"+since)), 11, "a payment in the ERP does not touch the invoice")

	sandbox.Pay(3, 500)(w.Sandbox)
	require.Len(t, w.State().Alarms, 1, "there are not so many that are unpaid")
}

func TestTheSameSeedGivesTheSameWorld(t *testing.T) {
	t.Parallel()
	build := func(seed int64) sandbox.State {
		w := newWorld(t, sandbox.Options{})
		sandbox.Scale(seed, 200, 20)(w.Sandbox)
		sandbox.Pay(seed, 10)(w.Sandbox)
		return w.State()
	}
	first, second, other := build(7), build(7), build(8)
	require.Equal(t, first, second)
	require.NotEqual(t, first, other)
}

func TestCountersAreTheStateWithoutTheWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status)
	require.Equal(t, http.StatusOK, w.get("/invoices").status)
	throttled(t, w.send(t.Context(), http.MethodGet, "/precoro/invoices", nil, nil))

	counters := w.Counters()

	require.Equal(t, w.State().Counters, counters)
	require.Equal(t, map[string]int{"POST /payments": 1}, counters.Writes)
	require.Equal(t, map[string]int{"POST /payments": 1, "GET /invoices": 2}, counters.Requests["precoro"])
	served := w.send(t.Context(), http.MethodGet, "/_sandbox/counters", nil, nil).json(t)
	require.Equal(t, "1", plain(served.at(t, "writes", "POST /payments")))
	require.NotContains(t, served, "invoices")
}

// A page of a listing must not cost what the world does: a run reads hundreds.
func BenchmarkPageOfAWorldOfSize(b *testing.B) {
	s := sandbox.New(sandbox.Options{Limits: sandbox.Limits{PrecoroPerSecond: 1e9, PrecoroPerHour: 1e9, PrecoroPerDay: 1e9, SameGet: 1}})
	sandbox.Scale(1, 100_000, 1000)(s)
	transport := s.Transport()
	for name, target := range map[string]string{
		"invoices": "/precoro/invoices?status[]=2&status[]=4&status[]=5&per_page=200&page=250",
		"changed":  "/precoro/invoices?status[]=2&status[]=4&status[]=5&per_page=200&page=1&modifiedSince=2026-11-01T00:00:00",
		"payments": "/precoro/payments?per_page=200&page=250",
		"small":    "/precoro/invoices?status[]=5&per_page=10&page=250",
		"one":      "/precoro/invoices/5000",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "https://any.example"+target, nil)
				require.NoError(b, err)
				r.Header = http.Header{"User-Agent": {"sandbox-test"}, "X-Auth-Token": {"precoro-token"}, "Email": {"robot@example.com"}}
				answer, err := transport.RoundTrip(r)
				require.NoError(b, err)
				require.NoError(b, answer.Body.Close())
				require.Equal(b, http.StatusOK, answer.StatusCode)
			}
		})
	}
}

func BenchmarkScale(b *testing.B) {
	for b.Loop() {
		sandbox.Scale(1, 100_000, 1000)(sandbox.New(sandbox.Options{}))
	}
}
