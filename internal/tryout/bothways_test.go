//go:build unix

package tryout_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/tryout"
)

// Target: a whole company. Injection: none; people have paid on either side in every way that there is, and left some documents
// in a state that no machine may write on.
// Expected: what is missing is made on the other side, once; the rest is told; a second run writes nothing.
func TestPaymentsAreMadeBothWaysAndTheSecondRunWritesNothing(t *testing.T) {
	t.Parallel()
	c := open(t, true)
	toERP, toPrecoro := paidInPrecoro(t, c), paidInTryton(t, c)
	agreed(t, c)
	left(t, c)

	r := run(t, c)
	require.Equal(t, report.Exceptions, r.Outcome)
	require.Equal(t, report.ByDirection{ToERP: toERP, ToPrecoro: toPrecoro}, r.Created)
	v := judged(t, c)
	require.Equal(t, []int{toERP + toPrecoro, toERP, toPrecoro}, []int{v.Due, v.ToERP, v.ToPrecoro})
	require.Zero(t, v.Left)
	require.Equal(t, map[reconcile.Reason]int{reconcile.NoBill: 1, reconcile.NotConfirmed: 1, reconcile.TotalMismatch: 1}, v.Exceptions)
}

// Target: a Tryton that has nothing of ours in it, so that keys stand in the description. Injection: none.
// Expected: the same.
func TestPaymentsAreMadeBothWaysInABareTryton(t *testing.T) {
	t.Parallel()
	c := open(t, false)
	twins := enter(t, c, tryout.Document{Total: "100.00"})
	payInPrecoro(t, c, twins, "30.00", -9)
	payInPrecoro(t, c, twins, "30.00", -9)
	payInPrecoro(t, c, enter(t, c, tryout.Document{Total: "33.33", Currency: "USD"}), "33.33", -9)
	for i, way := range tryout.Ways() {
		payInTryton(t, c, twins, way, []string{"1.00", "2.00", "4.00"}[i], -4)
	}
	require.Equal(t, report.ByDirection{ToERP: 3, ToPrecoro: 3}, run(t, c).Created)
	judged(t, c)
}

// paidInPrecoro is what Tryton lacks: in full, in part, two of the same, by instalments, and in other currencies.
func paidInPrecoro(t *testing.T, c *tryout.Company) (due int) {
	t.Helper()
	for _, paid := range []struct {
		document tryout.Document
		amounts  []string
	}{
		{tryout.Document{Total: "0.01"}, []string{"0.01"}},
		{tryout.Document{Total: "1000000.10"}, []string{"333333.33"}},
		{tryout.Document{Total: "100.00"}, []string{"30.00", "30.00"}},
		{tryout.Document{Total: "99.99", Instalments: 2}, []string{"50.00", "49.99"}},
		{tryout.Document{Total: "99.98", Instalments: 2}, []string{"49.99"}},
		{tryout.Document{Total: "110.00", Currency: "USD"}, []string{"110.00"}},
		{tryout.Document{Total: "33.33", Currency: "USD"}, []string{"11.11", "3.33"}},
		{tryout.Document{Total: "16000", Currency: "JPY"}, []string{"16000"}},
	} {
		one := enter(t, c, paid.document)
		for _, amount := range paid.amounts {
			payInPrecoro(t, c, one, amount, -9)
			due++
		}
	}
	return due
}

// paidInTryton is what Precoro lacks, in each of the three ways: in full, two of the same, and in another currency.
func paidInTryton(t *testing.T, c *tryout.Company) (due int) {
	t.Helper()
	for _, paid := range []struct {
		document tryout.Document
		way      tryout.Way
		amounts  []string
	}{
		{tryout.Document{Total: "250.00"}, tryout.ByRecord, []string{"250.00"}},
		{tryout.Document{Total: "250.00"}, tryout.ByWizard, []string{"250.00"}},
		{tryout.Document{Total: "250.00"}, tryout.ByStatement, []string{"250.00"}},
		{tryout.Document{Total: "75.00"}, tryout.ByStatement, []string{"25.00", "25.00"}},
		{tryout.Document{Total: "110.00", Currency: "USD"}, tryout.ByRecord, []string{"55.55"}},
		{tryout.Document{Total: "33.33", Currency: "USD"}, tryout.ByWizard, []string{"33.33"}},
	} {
		one := enter(t, c, paid.document)
		for _, amount := range paid.amounts {
			payInTryton(t, c, one, paid.way, amount, -5)
			due++
		}
	}
	return due
}

// agreed is entered on both sides, or nowhere.
func agreed(t *testing.T, c *tryout.Company) {
	t.Helper()
	for _, way := range tryout.Ways() {
		one := enter(t, c, tryout.Document{Total: "64.00"})
		require.NoError(t, c.EnterInTryton(t.Context(), one, payInPrecoro(t, c, one, "64.00", -3), way))
	}
	enter(t, c, tryout.Document{Total: "12.00"})
}

// left is what no machine may write on.
func left(t *testing.T, c *tryout.Company) {
	t.Helper()
	for _, d := range []tryout.Document{{Draft: true}, {BillTotal: "41.00"}, {NoBill: true}} {
		d.Total = "40.00"
		payInPrecoro(t, c, enter(t, c, d), "40.00", -3)
	}
}
