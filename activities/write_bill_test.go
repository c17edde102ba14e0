package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

func writeRequest(t *testing.T) activities.WriteBillRequest {
	t.Helper()
	return activities.WriteBillRequest{
		Company:  "acme",
		Snapshot: erp.Snapshot{Bill: reconcile.Bill{ID: "8842", Total: eur(t, "240.00"), Paid: eur(t, "0.00")}, Raw: []byte(`{"header":1}`)},
		Order:    erp.Order{Key: "pr.5512", Amount: eur(t, "120.00"), Date: "2026-03-14"},
		Read:     fresh(),
	}
}

func TestPaymentIsWrittenUponTheBillAsItWasRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	request := writeRequest(t)
	b.erp.write = func(bill erp.Snapshot, order erp.Order) error {
		require.Equal(t, request.Snapshot, bill)
		require.Equal(t, request.Order, order)
		return nil
	}

	written, err := perform(b, b.acts.WriteBill, request)

	require.NoError(t, err)
	require.Equal(t, 1, b.erp.writes)
	require.Equal(t, 1, written.Requests)
}
