package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	bill := func(total, paid money.Amount) *reconcile.Bill {
		return &reconcile.Bill{ID: "8842", Total: total, Paid: paid}
	}
	usd := func(text string) money.Amount { return of(text, "USD") }
	for name, c := range map[string]struct {
		paid      string
		bill      *reconcile.Bill
		tolerance string
		problem   string
		want      reconcile.Verdict
		reason    reconcile.Reason
	}{
		"nothing is paid":                {"0", bill(eur("100"), eur("0")), "0", "", reconcile.InSync, ""},
		"the same is paid":               {"40", bill(eur("100"), eur("40")), "0", "", reconcile.InSync, ""},
		"the totals do not matter then":  {"40", bill(eur("90"), eur("40")), "0", "", reconcile.InSync, ""},
		"Precoro has more":               {"40.01", bill(eur("100"), eur("40")), "0", "", reconcile.Differs, ""},
		"the ERP has more":               {"0", bill(eur("100"), eur("40")), "0", "", reconcile.Differs, ""},
		"as far apart as is tolerated":   {"40.01", bill(eur("100"), eur("40")), "0.01", "", reconcile.InSync, ""},
		"further apart":                  {"40", bill(eur("100"), eur("40.02")), "0.01", "", reconcile.Differs, ""},
		"no bill, nothing is paid":       {"0", nil, "0", "", reconcile.Unlinked, ""},
		"no bill, something is paid":     {"0.01", nil, "0.01", "", reconcile.Excepted, reconcile.NoBill},
		"no bill, something is credited": {"-1", nil, "0", "", reconcile.Excepted, reconcile.NoBill},
		"another currency":               {"40", bill(usd("100"), usd("40")), "0", "", reconcile.Excepted, reconcile.CurrencyMismatch},
		"another currency, unpaid here":  {"0", bill(usd("100"), usd("40")), "0", "", reconcile.Excepted, reconcile.CurrencyMismatch},
		"another currency, unpaid there": {"40", bill(usd("100"), usd("0")), "0", "", reconcile.Excepted, reconcile.CurrencyMismatch},
		"another currency, unpaid":       {"0", bill(usd("100"), usd("0")), "0", "", reconcile.InSync, ""},
		"paid in another currency":       {"40", bill(eur("100"), usd("40")), "0", "", reconcile.Excepted, reconcile.CurrencyMismatch},
		"nobody says what is paid":       {"0", bill(eur("100"), money.Amount{}), "0", "", reconcile.Excepted, reconcile.CurrencyMismatch},
		"the invoice cannot be read":     {"40", bill(eur("100"), eur("40")), "0", "sum: x", reconcile.Excepted, reconcile.Unreadable},
		"neither it nor a bill":          {"40", nil, "0", "sum: x", reconcile.Excepted, reconcile.Unreadable},
		"the bill cannot be read":        {"0", &reconcile.Bill{ID: "8842", Problem: "total: x"}, "0", "", reconcile.Excepted, reconcile.Unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv := reconcile.Invoice{ID: 7, IDN: 1042, Total: eur("100"), Paid: eur(c.paid), Problem: c.problem}
			verdict, exception := reconcile.Compare(reconcile.Tolerance{"EUR": eur(c.tolerance)}, inv, c.bill)
			require.Equal(t, c.want, verdict)
			if c.reason == "" {
				require.Nil(t, exception)
				return
			}
			require.NotNil(t, exception)
			require.Equal(t, c.reason, exception.Reason)
		})
	}
}
