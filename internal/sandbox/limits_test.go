package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// ask asks for a GET that was not asked for before, at the clock's time.
func (w *world) ask(page int) answer {
	w.t.Helper()
	return w.send(w.t.Context(), http.MethodGet, "/precoro/invoices?page="+text(int64(page)), nil, nil)
}

func throttled(t *testing.T, a answer) (kind, until, limit string) {
	t.Helper()
	require.Equal(t, http.StatusTooManyRequests, a.status, "%s", a.body)
	body := a.json(t)
	require.NotEmpty(t, body["error"])
	return plain(body["RateLimit-Type"]), plain(body["RateLimit-Retry-After"]), plain(body["RateLimit-Limit"])
}

func TestOneRequestASecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	require.Equal(t, http.StatusOK, w.ask(1).status)
	w.clock.move(999 * time.Millisecond)
	kind, until, limit := throttled(t, w.ask(2))
	require.Equal(t, "Route based limiter by minute", kind)
	require.Equal(t, "2026-03-14 09:26:54 UTC", until)
	require.Equal(t, "60", limit)
	w.clock.move(time.Millisecond)
	require.Equal(t, http.StatusOK, w.ask(2).status, "a refused request leaves no trace")
	require.Equal(t, map[string]int{"precoro": 1, "precoro second": 1}, w.State().Throttled)
	require.Equal(t, 3, w.State().Requests["precoro"]["GET /invoices"])
}

func TestARefusedWriteDoesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	require.Equal(t, http.StatusOK, w.ask(1).status)
	throttled(t, w.send(t.Context(), http.MethodPost, "/precoro/payments", payment(i, "20.00"), nil))
	require.Empty(t, w.State().Payments)
	require.Empty(t, w.State().Ledger)
}

func TestTheSameGETIsRefusedWithinAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	same := func(query string) answer {
		return w.send(t.Context(), http.MethodGet, "/precoro/invoices?"+query, nil, nil)
	}
	require.Equal(t, http.StatusOK, same("page=1&per_page=10").status)
	w.clock.move(59 * time.Second)
	_, until, _ := throttled(t, same("per_page=10&page=1"))
	require.Equal(t, "2026-03-14 09:27:53 UTC", until)
	require.Equal(t, http.StatusOK, same("page=2&per_page=10").status, "another page is another request")
	w.clock.move(time.Second)
	require.Equal(t, http.StatusOK, same("page=1&per_page=10").status)
	require.Equal(t, 1, w.State().Throttled["precoro same_get"])
}

func TestTheSameWriteIsNoDuplicateGET(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	for range 2 {
		w.clock.move(time.Second)
		require.Equal(t, http.StatusCreated, w.send(t.Context(), http.MethodPost, "/precoro/payments", payment(i, "20.00"), nil).status)
	}
	require.Equal(t, "40.00", w.State().Invoices[0].Paid, "there is no idempotency")
}

func TestHourAndDayAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Limits: sandbox.Limits{PrecoroPerHour: 3, PrecoroPerDay: 5}})
	next := func() answer {
		w.clock.move(time.Second)
		return w.ask(int(w.clock.Now().Unix() % 1_000_000))
	}
	for range 3 {
		require.Equal(t, http.StatusOK, next().status)
	}
	kind, until, limit := throttled(t, next())
	require.Equal(t, "Hourly limiter", kind)
	require.Equal(t, "2026-03-14 10:26:54 UTC", until)
	require.Equal(t, "3", limit)

	w.clock.move(time.Hour)
	for range 2 {
		require.Equal(t, http.StatusOK, next().status)
	}
	kind, until, limit = throttled(t, next())
	require.Equal(t, "Daily limiter", kind)
	require.Equal(t, "2026-03-15 09:26:54 UTC", until)
	require.Equal(t, "5", limit)
	w.clock.move(23 * time.Hour)
	require.Equal(t, http.StatusOK, next().status)
}

func TestTheRealLimitsHoldUnlessTurned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Limits: sandbox.Limits{PrecoroPerSecond: -1, PrecoroPerHour: -1, PrecoroPerDay: -1}})
	ok := 0
	for range 1501 {
		w.clock.move(time.Second)
		if w.ask(ok+1).status == http.StatusOK {
			ok++
		}
	}
	require.Equal(t, 1500, ok)
	w.clock.move(time.Hour)
	for range 1501 {
		w.clock.move(time.Second)
		if w.ask(ok+1).status == http.StatusOK {
			ok++
		}
	}
	require.Equal(t, 3000, ok)
	require.Equal(t, map[string]int{"precoro": 2, "precoro hour": 1, "precoro day": 1}, w.State().Throttled)
}

func TestOverlappingRequestsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Limits: sandbox.Limits{PrecoroPerSecond: 100}})
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Endless})
	release := w.open(http.MethodGet, "/precoro/invoices?page=1", nil)
	kind, _, _ := throttled(t, w.ask(2))
	require.Equal(t, "Route based limiter by minute", kind)
	require.Equal(t, 1, w.State().Throttled["precoro overlap"])
	release()
	require.Equal(t, http.StatusOK, w.ask(2).status)
}
