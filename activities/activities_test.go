package activities_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
)

func TestSlotIsKeptToItsEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer transport
		took   time.Duration
		waits  []time.Duration
	}{
		"after an answer":         {always(http.StatusOK, `{"data":[]}`), 400 * time.Millisecond, []time.Duration{600 * time.Millisecond}},
		"after a refusal":         {always(http.StatusUnprocessableEntity, `{}`), 400 * time.Millisecond, []time.Duration{600 * time.Millisecond}},
		"after a throttling":      {always(http.StatusTooManyRequests, `{}`), 0, []time.Duration{time.Second}},
		"after a broken exchange": {broken(errors.New("reset")), 100 * time.Millisecond, []time.Duration{900 * time.Millisecond}},
		"not beyond it":           {always(http.StatusOK, `{"data":[]}`), 3 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.precoro = func(r *http.Request) (*http.Response, error) {
				b.clock = b.clock.Add(test.took)
				return test.answer(r)
			}

			_, err := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 1})

			require.Equal(t, name == "after an answer" || name == "not beyond it", err == nil)
			require.Equal(t, test.waits, b.waits)
		})
	}
}

func TestSlotOfTheERPIsItsOwnForEachRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.erp.requests = 2 // the session was renewed on the way
	b.erp.bills = func([]string) ([]erp.Snapshot, error) {
		b.clock = b.clock.Add(100 * time.Millisecond)
		return nil, erp.NotFound{What: "bill"}
	}

	_, err := perform(b, b.acts.ReadBill, activities.ReadBillRequest{Company: "acme", ID: "8842"})

	require.Error(t, err)
	require.Equal(t, []time.Duration{2*interval - 100*time.Millisecond}, b.waits)
}

func TestRequestThatWasNotSentKeepsNoSlot(t *testing.T) {
	t.Parallel()
	b := newBench(t)

	_, err := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 0})

	require.Error(t, err)
	require.Empty(t, b.sent)
	require.Empty(t, b.waits)
}

func TestEarlierAttemptsAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.info.Attempt = 3
	b.precoro = always(http.StatusOK, `{"data":[]}`)

	page, err := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 1})

	require.NoError(t, err)
	require.Equal(t, 3, page.Requests)
}

func TestRequestsOfAFailureAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.info.Attempt = 2
	b.precoro = always(http.StatusUnauthorized, `{}`)

	_, err := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 1})

	_, _, failure := failed(t, err)
	require.Equal(t, 2, failure.Requests)
}
