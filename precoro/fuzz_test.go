package precoro_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/precoro"
)

// Whatever a page holds, a row without a Problem can be counted with.
func FuzzInvoicePage(f *testing.F) {
	for _, body := range []string{
		page(row(``)), page(row(`"payments":[` + paymentRow + `]`)), page(row(`"sum":"x"`), `1`, `null`), `{"data":{"1":{}}}`, `[]`, ``, `<html>`,
		numbered(3, true, 1, 2, 3), `{"data":[],"meta":{"pagination":{"total":"7","current_page":1,"total_pages":"2"}}}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := connect(t, always(http.StatusOK, body)).ListInvoices(t.Context(), precoro.InvoiceFilter{}, 1)
		if err != nil {
			requireA[precoro.Unavailable](t, err)
			require.Less(t, len(err.Error()), 1000)
			return
		}
		require.LessOrEqual(t, len(got.Invoices), 200)
		require.False(t, got.More && len(got.Invoices) == 0)
		for _, invoice := range got.Invoices {
			requireReadable(t, invoice)
		}
	})
}

func requireReadable(t *testing.T, invoice precoro.Invoice) {
	t.Helper()
	require.Less(t, len(invoice.Problem), 1000)
	require.LessOrEqual(t, len([]rune(invoice.ExternalID)), 255)
	if invoice.Problem == "" {
		require.Positive(t, invoice.ID)
		require.Positive(t, invoice.IDN)
		require.GreaterOrEqual(t, invoice.Status, 0)
		require.GreaterOrEqual(t, invoice.LogicType, 0)
		require.True(t, invoice.Total.Valid() && invoice.Total.Sign() >= 0)
		require.True(t, invoice.Paid.Valid() && invoice.Paid.Sign() >= 0)
		require.Equal(t, invoice.Currency, string(invoice.Total.Currency()))
		require.Equal(t, invoice.Currency, string(invoice.Paid.Currency()))
	}
	for _, payment := range invoice.Payments {
		require.Less(t, len(payment.Problem), 1000)
		if payment.Problem == "" {
			require.Positive(t, payment.ID)
			require.NotEmpty(t, payment.Date)
			require.True(t, payment.Amount.Valid())
			require.Equal(t, invoice.Currency, string(payment.Amount.Currency()))
		}
	}
}

func FuzzPaymentPage(f *testing.F) {
	f.Add(page(paymentRow))
	f.Add(page(strings.Replace(paymentRow, `"120.00"`, `-1e3`, 1)))
	f.Fuzz(func(t *testing.T, body string) {
		got, err := connect(t, always(http.StatusOK, body)).ListPayments(t.Context(), precoro.PaymentFilter{}, 1)
		if err != nil {
			requireA[precoro.Unavailable](t, err)
			return
		}
		for _, payment := range got.Payments {
			if payment.Problem == "" {
				require.Positive(t, payment.ID)
				require.Positive(t, payment.IDN)
				require.NotEmpty(t, payment.Date)
				require.NotEmpty(t, payment.Sum)
				require.LessOrEqual(t, len(payment.Sum), 32)
			}
		}
	})
}

// Whatever an answer to a write holds, success names the payment, and an error is of this package and bounded.
func FuzzWriteAnswer(f *testing.F) {
	f.Add(uint16(1), paymentRow)
	f.Add(uint16(222), `{"errors":{"errors":{"sumPaid":["at most 80"]}}}`)
	f.Add(uint16(229), `{"RateLimit-Type":"Daily limiter","RateLimit-Retry-After":"2026-03-14 09:00:49 UTC"}`)
	f.Add(uint16(300), `<html>`)
	f.Fuzz(func(t *testing.T, status uint16, body string) {
		status = 200 + status%400
		payment, err := connect(t, always(int(status), body)).CreatePayment(t.Context(), precoro.NewPayment{
			InvoiceID: 77, Amount: eur(t, "120.00"), Date: "2026-03-14", ExternalID: "er.9",
		})
		if err == nil {
			require.Less(t, status, uint16(300))
			require.Positive(t, payment.ID)
			require.True(t, !payment.Amount.Valid() || payment.Amount == eur(t, "120.00"))
			return
		}
		require.Error(t, class(t, err))
		require.Less(t, len(err.Error()), 1500)
		if status >= 500 || status < 400 {
			requireA[precoro.OutcomeUnknown](t, err)
		}
	})
}
