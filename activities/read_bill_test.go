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
	b.erp.bills = func(ids []string) ([]erp.Snapshot, error) {
		require.Equal(t, []string{"8842"}, ids)
		return []erp.Snapshot{snapshot}, nil
	}

	read, err := perform(b, b.acts.ReadBill, activities.ReadBillRequest{Company: "acme", ID: "8842"})

	require.NoError(t, err)
	require.Equal(t, snapshot, read.Snapshot)
	require.Equal(t, 1, read.Requests)
	require.Equal(t, 100, read.Cost)
	require.Equal(t, fresh(), read.Read)
}

func TestBillThatIsLeftOutIsNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.erp.bills = func([]string) ([]erp.Snapshot, error) { return nil, nil }

	_, err := perform(b, b.acts.ReadBill, activities.ReadBillRequest{Company: "acme", ID: "8842"})

	_, kind, failure := failed(t, err)
	require.Equal(t, activities.NotFound, kind)
	require.Equal(t, "ERP: bill 8842 not found", failure.Text)
}
