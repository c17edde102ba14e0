package precoro_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/precoro"
)

func listPayment(t *testing.T, fields string) precoro.Payment {
	t.Helper()
	row := strings.TrimSuffix(paymentRow, "}") + "," + fields + "}"
	got, err := connect(t, always(http.StatusOK, page(row))).ListPayments(t.Context(), precoro.PaymentFilter{}, 1)
	require.NoError(t, err)
	require.Len(t, got.Payments, 1)
	return got.Payments[0]
}

func TestListedPaymentGetsItsAmountFromTheCurrency(t *testing.T) {
	t.Parallel()
	payment := listPayment(t, `"sumPaid":120.5`)
	require.Equal(t, precoro.Payment{
		ID: 5512, IDN: 31, InvoiceID: 77, InvoiceIDN: 1042, Sum: "120.5", Date: "2026-03-14", ExternalID: "er.9",
	}, payment)

	amount, err := payment.In("EUR")
	require.NoError(t, err)
	require.Equal(t, eur(t, "120.50"), amount)
	_, err = payment.In("JPY")
	require.ErrorContains(t, err, "more than 0 decimals")
	_, err = payment.In("")
	require.Error(t, err)

	payment.Amount = amount
	_, err = payment.In("USD")
	require.ErrorContains(t, err, "not in USD")
	_, err = precoro.Payment{}.In("EUR")
	require.Error(t, err)
}

func TestCancelledPayments(t *testing.T) {
	t.Parallel()
	for canceledBy, want := range map[string]bool{
		`null`: false, `[]`: false, `{}`: false, `""`: false, `0`: false, `false`: false, `"0"`: false,
		`{"id":3}`: true, `3`: true, `"anna"`: true, `true`: true, `[3]`: true,
	} {
		payment := listPayment(t, `"canceledBy":`+canceledBy)
		require.Equal(t, want, payment.Cancelled, canceledBy)
		require.Empty(t, payment.Problem)
	}
}

func TestPaymentKindIsUnknownUnlessItIsSaid(t *testing.T) {
	t.Parallel()
	require.Equal(t, -1, listPayment(t, `"logicType":null`).LogicType)
	require.Equal(t, 2, listPayment(t, `"logicType":"2"`).LogicType)
}

func TestPaymentsNotAboveZeroAreForTheCallerToJudge(t *testing.T) {
	t.Parallel()
	for _, sum := range []string{`0`, `"-5.00"`} {
		payment := listPayment(t, `"sumPaid":`+sum)
		require.Empty(t, payment.Problem)
		_, err := payment.In("EUR")
		require.NoError(t, err)
	}
}

func TestPrepaymentsHaveNoInvoice(t *testing.T) {
	t.Parallel()
	for _, invoice := range []string{`null`, `[]`, `{}`, `{"id":null,"idn":null}`} {
		payment := listPayment(t, `"invoice":`+invoice)
		require.Empty(t, payment.Problem)
		require.Zero(t, payment.InvoiceID)
		require.Zero(t, payment.InvoiceIDN)
	}
}

func TestPaymentsWithoutIdentifiersAreAProblem(t *testing.T) {
	t.Parallel()
	require.Equal(t, "id is missing: want a whole number above 0", listPayment(t, `"id":null`).Problem)
	require.Equal(t, "idn is missing: want a whole number above 0", listPayment(t, `"idn":null`).Problem)
}

func TestDayIsTheDateAsWritten(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"2026-03-14", "2026-03-14T00:00:00Z", "2026-03-14 23:59:59", "2026-03-14T23:59:59.000+14:00"} {
		require.Equal(t, "2026-03-14", string(listPayment(t, `"payDate":"`+date+`"`).Date))
	}
	for _, date := range []string{"2026-03-14x", "2026-02-30T00:00:00Z", "0000-00-00", "9999-12-31"} {
		require.NotEmpty(t, listPayment(t, `"payDate":"`+date+`"`).Problem)
	}
}

func TestListOfPaymentsThatCannotBeReadIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, s := range []server{always(http.StatusOK, `<html>`), always(http.StatusBadGateway, page(paymentRow))} {
		_, err := connect(t, s).ListPayments(t.Context(), precoro.PaymentFilter{}, 1)
		requireA[precoro.Unavailable](t, err)
		require.ErrorContains(t, err, "list payments, page 1")
	}
}
