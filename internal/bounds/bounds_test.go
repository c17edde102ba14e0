package bounds_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/bounds"
)

func TestWhatARunMayCost(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		work                            bounds.Work
		precoro, floor, tenths, actions int
	}{
		"an empty world costs one page and a login":   {bounds.Work{}, 1, 1, 30, 10},
		"a page for 200 invoices":                     {bounds.Work{Company: 1000, Invoices: 1000, Bills: 1000}, 5, 5, 40, 30},
		"one more invoice is one more page":           {bounds.Work{Company: 1001, Invoices: 1001, Bills: 1000}, 6, 6, 40, 30},
		"few differences are read one by one":         {bounds.Work{Company: 200, Invoices: 200, Differing: 3, Payments: 2000}, 4, 1, 30, 14},
		"many are read in pages of payments":          {bounds.Work{Company: 200, Invoices: 200, Differing: 30, Payments: 2000}, 11, 1, 30, 14},
		"a payment is one request and four actions":   {bounds.Work{Company: 200, Invoices: 200, Created: 7}, 8, 8, 30, 42},
		"an external ID is one request":               {bounds.Work{Company: 200, Invoices: 200, Created: 7, Tags: 7}, 15, 8, 30, 42},
		"few bills are looked up, at a tenth each":    {bounds.Work{Company: 10, Invoices: 10, Bills: 100_000}, 1, 1, 40, 10},
		"many bills are listed, at a thousandth each": {bounds.Work{Company: 100_000, Invoices: 100_000, Bills: 100_000}, 500, 500, 1030, 2010},
		"a bill that is written costs two tenths":     {bounds.Work{Written: 40}, 1, 1, 110, 10},
	} {
		require.Equal(t, one.precoro, one.work.Precoro(), name)
		require.Equal(t, one.floor, one.work.PrecoroFloor(), name)
		require.Equal(t, one.tenths, one.work.ErplyTenths(), name)
		require.Equal(t, one.actions, one.work.Actions(), name)
	}
}

func TestWhatIsAboveItsBoundIsNamed(t *testing.T) {
	t.Parallel()
	work := bounds.Work{Company: 1000, Invoices: 1000, Bills: 1000}
	require.Empty(t, work.Exceeded(bounds.Spent{Precoro: 5, Tenths: 40, Actions: 30}))
	require.Equal(t, []string{"6 requests to Precoro, at most 5", "4.1 units of Erply, at most 4.0", "31 billable actions, at most 30"},
		work.Exceeded(bounds.Spent{Precoro: 6, Tenths: 41, Actions: 31}))
}
