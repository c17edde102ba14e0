package activities_test

import (
	"net/http"
	"net/url"
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

// Whatever narrows a listing, it stays within the three statuses.
func TestListingIsNarrowedAsAsked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request activities.ListInvoicesRequest
		query   url.Values
	}{
		"all":             {activities.ListInvoicesRequest{}, url.Values{}},
		"changes":         {activities.ListInvoicesRequest{Since: start.Add(90 * time.Minute)}, url.Values{"modifiedSince": {"2026-03-14T10:30:00"}}},
		"one":             {activities.ListInvoicesRequest{ID: 90001}, url.Values{"id": {"90001"}}},
		"by external IDs": {activities.ListInvoicesRequest{ExternalIDs: []string{"8842", "8843"}}, url.Values{"external_id[]": {"8842", "8843"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.precoro = always(http.StatusOK, `{"data":[],"meta":{"pagination":{"total":0,"has_next_page":false}}}`)
			test.request.Company, test.request.Page = "acme", 1

			page, err := perform(b, b.acts.ListInvoices, test.request)

			require.NoError(t, err)
			query := b.sent[0].URL.Query()
			require.Equal(t, []string{"2", "4", "5"}, query["status[]"])
			for _, name := range []string{"status[]", "per_page", "page"} {
				query.Del(name)
			}
			require.Equal(t, test.query, query)
			require.Equal(t, fresh(), page.Read)
		})
	}
}

func TestListingByTooManyExternalIDsIsRefusedUnsent(t *testing.T) {
	t.Parallel()
	b := newBench(t)

	_, err := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 1, ExternalIDs: make([]string, 201)})

	_, kind, _ := failed(t, err)
	require.Equal(t, activities.Refused, kind)
	require.Empty(t, b.sent)
}
