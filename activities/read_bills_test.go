package activities_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// snapshotsOf are bills with these ids, each of so many bytes, which cannot be packed into fewer.
func snapshotsOf(t *testing.T, ids []string, bytes int) []erp.Snapshot {
	t.Helper()
	noise := rand.NewChaCha8([32]byte{})
	snapshots := make([]erp.Snapshot, 0, len(ids))
	for _, id := range ids {
		raw := make([]byte, bytes*3/4)
		_, err := noise.Read(raw)
		require.NoError(t, err)
		quoted, err := json.Marshal(raw)
		require.NoError(t, err)
		snapshots = append(snapshots, erp.Snapshot{Bill: reconcile.Bill{ID: id, Total: eur(t, "240.00"), Paid: eur(t, "0.00")}, Raw: quoted})
	}
	return snapshots
}

func TestBillsAreReadTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	snapshots := snapshotsOf(t, []string{"8842", "8844"}, 100)
	b.erp.bills = func(ids []string) ([]erp.Snapshot, error) {
		require.Equal(t, []string{"8842", "8843", "8844"}, ids)
		return snapshots, nil
	}

	read, err := perform(b, b.acts.ReadBills, activities.ReadBillsRequest{Company: "acme", IDs: []string{"8842", "8843", "8844"}})

	require.NoError(t, err)
	require.Equal(t, snapshots, []erp.Snapshot(read.Snapshots), "one that is gone is left out")
	require.Empty(t, read.Rest)
	require.Equal(t, fresh(), read.Read)
	require.Equal(t, 1, read.Requests)
	require.Equal(t, 100, read.Cost)
}

// Temporal does not take more than 2 MiB: what is beyond the half of it is read again by another activity.
func TestBillsThatDoNotFitAreTheRest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bills, bytes, given int
	}{
		"room for all":    {4, 200_000, 4},
		"room for half":   {4, 400_000, 2},
		"no room for two": {4, 600_000, 1},
		"one beyond all":  {2, 1_200_000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			var ids []string
			for i := range test.bills {
				ids = append(ids, strconv.Itoa(8842+i))
			}
			b.erp.bills = func(ids []string) ([]erp.Snapshot, error) { return snapshotsOf(t, ids, test.bytes), nil }

			read, err := perform(b, b.acts.ReadBills, activities.ReadBillsRequest{Company: "acme", IDs: ids})

			require.NoError(t, err)
			var given []string
			for _, snapshot := range read.Snapshots {
				given = append(given, snapshot.Bill.ID)
			}
			require.Equal(t, ids[:test.given], given)
			require.ElementsMatch(t, ids[test.given:], read.Rest)
		})
	}
}

func TestReadOfSeveralBillsThatFailsIsARead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.erp.bills = func([]string) ([]erp.Snapshot, error) {
		return snapshotsOf(t, []string{"8842"}, 10), erp.Unavailable{Cause: errors.New("cut off")}
	}

	read, err := perform(b, b.acts.ReadBills, activities.ReadBillsRequest{Company: "acme", IDs: []string{"8842"}})

	application, kind, failure := failed(t, err)
	require.Equal(t, activities.Unavailable, kind)
	require.False(t, application.NonRetryable())
	require.Equal(t, 1, failure.Requests)
	require.Equal(t, 100, failure.Cost)
	require.Empty(t, read.Snapshots)
}
