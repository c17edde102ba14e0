package activities_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

func TestBillsAreListedPartByPart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := erp.ListQuery{ChangedSince: start, Cursor: "2"}
	bill := reconcile.Bill{ID: "8842", Link: "90001", Total: eur(t, "240.00"), Paid: eur(t, "120.00"), Confirmed: true, Version: "17"}
	b.erp.requests = 2
	b.erp.list = func(asked erp.ListQuery) (erp.Listed, error) {
		require.True(t, query.ChangedSince.Equal(asked.ChangedSince))
		require.Equal(t, "2", asked.Cursor)
		return erp.Listed{Bills: []reconcile.Bill{bill}, Next: "3", Total: 405, Time: start}, nil
	}

	listed, err := perform(b, b.acts.ListBills, activities.ListBillsRequest{Company: "acme", Query: query})

	require.NoError(t, err)
	require.Equal(t, activities.BillsListed{
		Bills: activities.Packed[reconcile.Bill]{bill}, Next: "3", Total: 405, Time: start, Read: fresh(), Requests: 2, Cost: 200,
	}, listed)
}

func TestListOfBillsThatFailsGivesNone(t *testing.T) {
	t.Parallel()
	for want, says := range map[activities.Kind]error{
		activities.Unavailable: erp.Unavailable{Cause: errors.New("cut off")}, activities.Refused: erp.Refused{Text: "too many"},
		activities.Forbidden: erp.Forbidden{Text: "no right"},
	} {
		b := newBench(t)
		b.erp.list = func(erp.ListQuery) (erp.Listed, error) {
			return erp.Listed{Bills: []reconcile.Bill{{ID: "8842"}}}, says
		}

		listed, err := perform(b, b.acts.ListBills, activities.ListBillsRequest{Company: "acme"})

		application, kind, failure := failed(t, err)
		require.Equal(t, want, kind)
		require.Equal(t, want != activities.Unavailable, application.NonRetryable())
		require.Equal(t, 100, failure.Cost)
		require.Empty(t, listed.Bills)
	}
}
