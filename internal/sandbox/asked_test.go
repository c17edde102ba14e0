package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

func TestEachRequestIsToldOfWithTheFaultThatItMeets(t *testing.T) {
	t.Parallel()
	var told []sandbox.Asked
	w := newErply(t, sandbox.Options{Asked: func(a sandbox.Asked) { told = append(told, a) }})
	told = nil // of the login
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Refused})
	w.Fail(sandbox.Fault{Side: "erply", Match: "getPurchaseDocuments", Kind: sandbox.Error500Before})
	require.Error(t, w.ask(1).err)
	w.get("/invoices?page=1")
	w.bulk(part(0, "savePurchaseDocument", "id", "5"), part(1, "getPurchaseDocuments", "id", "6"))

	require.Len(t, told, 3)
	require.Equal(t, sandbox.Asked{Side: "precoro", Met: sandbox.Refused, Calls: told[0].Calls}, told[0])
	require.Equal(t, "GET /invoices", told[1].Calls[0].Name)
	require.Equal(t, "1", told[1].Calls[0].Fields.Get("page"))
	require.Empty(t, told[1].Met)
	require.Equal(t, sandbox.Asked{Side: "erply", Bulk: true, Met: sandbox.Error500Before, Calls: []sandbox.Call{
		{Name: "savePurchaseDocument", Fields: map[string][]string{"id": {"5"}}},
		{Name: "getPurchaseDocuments", Fields: map[string][]string{"id": {"6"}}},
	}}, told[2])
}

func TestThrottlesAreCountedByTheirLimiter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	for _, limiter := range sandbox.Limiters("precoro") {
		w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Throttle, Limiter: limiter})
		throttled(t, w.ask(1))
		w.clock.move(2 * time.Minute)
	}
	require.Equal(t, map[string]int{"throttle_second": 1, "throttle_same_get": 1, "throttle_hour": 1, "throttle_day": 1}, w.Counters().Faults["precoro"])
}
