package activities_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

func TestPageOfAllPaymentsComesBackCompact(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusOK, `{"data":[
		{"id":5512,"idn":77,"sumPaid":"100.00","payDate":"2026-03-10T12:00:00+00:00","externalId":"er.1","logicType":0,"invoice":{"id":90001,"idn":1042}},
		{"id":5513,"idn":78,"sumPaid":"60.5","payDate":"2026-03-11","logicType":2,"canceledBy":{"id":3},"invoice":{"id":90002,"idn":1043}},
		{"id":5514,"idn":79,"sumPaid":"ten","payDate":"2026-03-11","logicType":0}
	],"meta":{"pagination":{"total":405,"has_next_page":true,"current_page":2}}}`)

	page, err := perform(b, b.acts.ListPayments, activities.ListPaymentsRequest{Company: "acme", Page: 2})

	require.NoError(t, err)
	require.Equal(t, "/payments", b.sent[0].URL.Path)
	require.Equal(t, []string{"2"}, b.sent[0].URL.Query()["page"])
	require.Equal(t, []string{"200"}, b.sent[0].URL.Query()["per_page"])
	require.Equal(t, 405, page.Total)
	require.True(t, page.More)
	require.Equal(t, start, page.Date)
	require.Equal(t, fresh(), page.Read)
	require.Equal(t, 1, page.Requests)
	require.Len(t, page.Payments, 3)
	require.Equal(t, activities.ListedPayment{
		InvoiceID: 90001, InvoiceIDN: 1042, Sum: "100.00", Payment: reconcile.Payment{ID: "5512", Ref: "77", Tag: "er.1", Date: "2026-03-10"},
	}, page.Payments[0])
	require.True(t, page.Payments[1].Payment.Cancelled)
	require.True(t, page.Payments[1].Payment.Unsupported)
	require.Zero(t, page.Payments[2].InvoiceID)
	require.Empty(t, page.Payments[2].Sum)
	require.Contains(t, page.Payments[2].Payment.Problem, "sumPaid")
}

// An amount has a currency only together with its invoice.
func TestListedPaymentIsInItsInvoicesCurrency(t *testing.T) {
	t.Parallel()
	currency := func(code string) money.Currency {
		c, err := money.ParseCurrency(code)
		require.NoError(t, err)
		return c
	}
	listed := activities.ListedPayment{Sum: "100.5", Payment: reconcile.Payment{ID: "5512", Tag: "er.1", Date: "2026-03-10"}}

	payment := listed.In(currency("EUR"))
	require.Equal(t, reconcile.Payment{ID: "5512", Tag: "er.1", Date: "2026-03-10", Amount: eur(t, "100.50")}, payment)

	payment = listed.In(currency("JPY"))
	require.False(t, payment.Amount.Valid())
	require.Contains(t, payment.Problem, "sumPaid", "yen have no decimals")

	listed.Sum, listed.Payment.Problem = "", "payDate: unreadable"
	payment = listed.In(currency("EUR"))
	require.False(t, payment.Amount.Valid())
	require.Equal(t, "payDate: unreadable", payment.Problem, "the first problem stays")
}

func TestListOfPaymentsThatFailsIsARead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusBadGateway, `oops`)

	_, err := perform(b, b.acts.ListPayments, activities.ListPaymentsRequest{Company: "acme", Page: 1})

	application, kind, failure := failed(t, err)
	require.Equal(t, activities.Unavailable, kind)
	require.False(t, application.NonRetryable())
	require.Equal(t, activities.SidePrecoro, failure.Side)
	require.Len(t, b.sent, 1)
	require.Len(t, b.waits, 1, "a failed request keeps its slot too")
}
