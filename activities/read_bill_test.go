package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

func TestBillIsReadWithWhatAWriteNeeds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	snapshot := erp.Snapshot{Bill: reconcile.Bill{ID: "8842", Total: eur(t, "240.00"), Paid: eur(t, "0.00")}, Raw: []byte(`{"header":1}`)}
	b.erp.read = func(id string) (erp.Snapshot, error) {
		require.Equal(t, "8842", id)
		return snapshot, nil
	}

	read, err := perform(b, b.acts.ReadBill, activities.ReadBillRequest{Company: "acme", ID: "8842"})

	require.NoError(t, err)
	require.Equal(t, snapshot, read.Snapshot)
	require.Equal(t, 1, read.Requests)
	require.Equal(t, fresh(), read.Read)
}
