//go:build unix

package trytond_test

import (
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/trytond"
)

func TestAKilledTrytondComesBackAtItsAddressWithItsBooks(t *testing.T) {
	t.Parallel()
	trytond.Require(t) // or skip
	s, err := trytond.Launch(t.Context(), io.Discard)
	require.NoError(t, err)
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			require.NoError(t, s.Stop())
		}
	})
	d, err := s.Clone(t.Context(), false)
	require.NoError(t, err)
	b, err := d.Books(t.Context())
	require.NoError(t, err)
	address, bill := d.URL, add(t, b, trytond.Bill{Reference: "PR-1", Total: "10.00"})

	require.NoError(t, d.Kill())
	_, err = b.Ledger(t.Context(), bill)
	require.ErrorContains(t, err, "connection refused")
	require.NoError(t, d.Start(t.Context()))
	require.Equal(t, address, d.URL)
	require.Equal(t, "posted", ledger(t, b, bill).State)

	stopped = true
	require.NoError(t, s.Stop())
	_, err = os.Stat(s.Dir())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDatabasesKnowNothingOfEachOther(t *testing.T) {
	t.Parallel()
	books(t) // which has bills
	d := trytond.NewDatabase(t, trytond.Require(t), false)
	b, err := d.Books(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1", add(t, b, trytond.Bill{Total: "10.00"}))
	var fields map[string]any
	require.NoError(t, b.Call(t.Context(), &fields, "account.payment", "fields_get", []string{"payrecon_key"}))
	require.Empty(t, fields)
	require.NotEqual(t, shared.database.URL, d.URL)
}
