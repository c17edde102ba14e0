package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

func TestBillsAreFoundByTheLinksAsked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	links := []erp.Link{{Invoice: "90001"}, {Bill: "8842"}}
	bill := reconcile.Bill{
		ID: "8842", Link: "90001", Total: eur(t, "240.00"), Paid: eur(t, "120.00"), Confirmed: true, Version: "17", PaymentsRead: true,
		Payments: []reconcile.Payment{{ID: "E7", Amount: eur(t, "120.00"), Date: "2026-03-14", Tag: "pr.5512"}},
	}
	b.erp.requests = 2
	b.erp.find = func(asked []erp.Link) (erp.Found, error) {
		require.Equal(t, links, asked)
		return erp.Found{Bills: []reconcile.Bill{bill}, Time: start}, nil
	}

	found, err := perform(b, b.acts.FindBills, activities.FindBillsRequest{Company: "acme", Links: links})

	require.NoError(t, err)
	require.Equal(t, []reconcile.Bill{bill}, []reconcile.Bill(found.Bills))
	require.Equal(t, start, found.Time)
	require.Equal(t, 2, found.Requests)
}
