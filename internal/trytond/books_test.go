//go:build unix

package trytond_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/trytond"
)

func TestX(t *testing.T) {
	t.Parallel()
	s := trytond.Require(t)
	d := trytond.NewDatabase(t, s, true)
	b, err := d.Books(t.Context())
	require.NoError(t, err)
	bill, err := b.AddBill(t.Context(), trytond.Bill{Reference: "1", Total: "100.00"})
	require.NoError(t, err)
	_, err = b.PayByRecord(t.Context(), trytond.Payment{Bill: bill, Amount: "30.00", Description: "x"})
	require.NoError(t, err)
	require.NoError(t, b.PayByWizard(t.Context(), bill, "20.00", ""))
	require.NoError(t, b.PayByStatement(t.Context(), bill, "", ""))
}
