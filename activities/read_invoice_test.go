package activities_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/internal/reconcile"
)

func TestInvoiceIsReadWithItsPayments(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusOK, `{"id":90001,"idn":1042,"status":4,"currency":"EUR","sum":"240.00","sumPaid":"160.00","payments":{"data":[
		{"id":5512,"idn":77,"sumPaid":"100.00","payDate":"2026-03-10T12:00:00+00:00","externalId":"er.1","logicType":0},
		{"id":5513,"idn":78,"sumPaid":"60.00","payDate":"2026-03-11","logicType":2},
		{"id":5514,"idn":79,"sumPaid":"5.00","payDate":"2026-03-11","logicType":0,"canceledBy":{"id":3}},
		{"id":5515,"idn":80,"sumPaid":"5.00","payDate":"2026-03-11"},
		{"id":5516,"idn":81,"sumPaid":"1.234","payDate":"2026-03-11","logicType":0}
	]}}`)

	read, err := perform(b, b.acts.ReadInvoice, activities.ReadInvoiceRequest{Company: "acme", IDN: 1042})

	require.NoError(t, err)
	require.Equal(t, int64(1042), read.Invoice.IDN)
	require.Empty(t, read.Invoice.Problem)
	require.Equal(t, 1, read.Requests)
	require.Equal(t, fresh(), read.Read, "as of when it was sent, whenever the workflow learns of it")
	require.Len(t, read.Payments, 5)
	require.Equal(t, reconcile.Payment{ID: "5512", Ref: "77", Tag: "er.1", Amount: eur(t, "100.00"), Date: "2026-03-10"}, read.Payments[0])
	require.True(t, read.Payments[1].Unsupported, "a credit or a prepayment")
	require.False(t, read.Payments[1].Cancelled)
	require.True(t, read.Payments[2].Cancelled)
	require.True(t, read.Payments[3].Unsupported, "of a kind that the answer does not name")
	require.Contains(t, read.Payments[4].Problem, "1.234")
}

func TestPaidInvoiceWithoutListOfPaymentsIsAProblem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, problem string }{
		"paid and not listed":   {`{"id":90001,"idn":1042,"status":4,"currency":"EUR","sum":"240.00","sumPaid":"120.00"}`, "payments: Precoro's answer holds no list of them"},
		"unpaid and not listed": {`{"id":90001,"idn":1042,"status":2,"currency":"EUR","sum":"240.00","sumPaid":"0.00"}`, ""},
		"listed and empty":      {`{"id":90001,"idn":1042,"status":4,"currency":"EUR","sum":"240.00","sumPaid":"120.00","payments":[]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.precoro = always(http.StatusOK, test.body)

			read, err := perform(b, b.acts.ReadInvoice, activities.ReadInvoiceRequest{Company: "acme", IDN: 1042})

			require.NoError(t, err)
			require.Equal(t, test.problem, read.Invoice.Problem)
		})
	}
}

func TestProblemOfTheRowWinsOverTheMissingList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusOK, `{"id":90001,"idn":1042,"status":4,"currency":"EUR","sum":"ten","sumPaid":"120.00"}`)

	read, err := perform(b, b.acts.ReadInvoice, activities.ReadInvoiceRequest{Company: "acme", IDN: 1042})

	require.NoError(t, err)
	require.Contains(t, read.Invoice.Problem, `sum "ten"`)
}
