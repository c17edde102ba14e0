package activities_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/internal/reconcile"
)

func TestPageOfInvoicesComesBackCompact(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusOK, `{"data":[
		{"id":90001,"idn":1042,"status":4,"logicType":0,"currency":"EUR","sum":"240.00","sumPaid":"120.00","externalId":"8842","supplier":{"name":"Acme"}},
		{"id":90002,"idn":1043,"status":2,"logicType":1,"currency":"EUR","sum":"10.00","sumPaid":"0.00"},
		{"id":90003,"idn":1044,"status":2,"logicType":5,"currency":"EUR","sum":"10.00","sumPaid":"0.00"},
		{"id":90004,"idn":1045,"status":2,"currency":"EUR","sum":"10.00","sumPaid":"0.00","parentData":{"idn":7}},
		{"id":90005,"idn":1046,"status":2,"currency":"EUR","sum":"ten","sumPaid":"0.00"}
	],"meta":{"pagination":{"total":405,"has_next_page":true,"current_page":2}}}`)

	page, err := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 2})

	require.NoError(t, err)
	require.Equal(t, reconcile.Invoice{
		ID: 90001, IDN: 1042, Status: 4, Total: eur(t, "240.00"), Paid: eur(t, "120.00"), ExternalID: "8842",
	}, page.Invoices[0])
	require.True(t, page.Invoices[1].LeftOut, "a credit note")
	require.True(t, page.Invoices[2].LeftOut, "a credit note of the other kind")
	require.True(t, page.Invoices[3].LeftOut, "a part of split costs")
	require.Contains(t, page.Invoices[4].Problem, `sum "ten"`)
	require.Equal(t, 405, page.Total)
	require.True(t, page.More)
	require.Equal(t, time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC), page.Date)
	require.Equal(t, 1, page.Requests)
}

func TestListingAsksForTheThreeStatusesThatPaymentsMoveBetween(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusOK, `{"data":[],"meta":{"pagination":{"total":0,"has_next_page":false}}}`)

	_, err := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 1})

	require.NoError(t, err)
	query := b.sent[0].URL.Query()
	require.Equal(t, []string{"2", "4", "5"}, query["status[]"])
	require.Equal(t, []string{"200"}, query["per_page"])
}
