package activities_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/internal/reconcile"
)

func TestShortListsAreReadableAndLongOnesPacked(t *testing.T) {
	t.Parallel()
	list := func(n int) activities.Packed[reconcile.Invoice] {
		var rows activities.Packed[reconcile.Invoice]
		for i := range int64(n) {
			rows = append(rows, reconcile.Invoice{ID: 1004 + 3*i, IDN: 1001 + i, Status: 5, Total: eur(t, "120.00"), Paid: eur(t, "120.00"), ExternalID: "8842"})
		}
		return rows
	}
	for n, prefix := range map[int]string{0: "null", 3: "[{", 200: `"`} {
		data, err := json.Marshal(list(n))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(data), prefix), "%.20s", data)
		var back activities.Packed[reconcile.Invoice]
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, list(n), back)
	}
	page, err := json.Marshal(list(200))
	require.NoError(t, err)
	require.Less(t, len(page), 200*30, "30 bytes an invoice")
}

// Histories from before lists were packed hold them plainly, however long.
func TestLongPlainListsAreRead(t *testing.T) {
	t.Parallel()
	plain, err := json.Marshal(make([]reconcile.Invoice, 500))
	require.NoError(t, err)
	var rows activities.Packed[reconcile.Invoice]
	require.NoError(t, json.Unmarshal(plain, &rows))
	require.Len(t, rows, 500)
}

func TestDamagedPacksAreErrors(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`"!"`, `"aGVsbG8="`, `"eJw="`, `{}`} {
		var rows activities.Packed[reconcile.Invoice]
		require.Error(t, json.Unmarshal([]byte(data), &rows), data)
	}
}
