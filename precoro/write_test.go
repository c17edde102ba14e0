package precoro_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/precoro"
)

func create(t *testing.T, body string) (precoro.Payment, error) {
	t.Helper()
	return connect(t, always(http.StatusCreated, body)).CreatePayment(t.Context(), precoro.NewPayment{
		InvoiceID: 77, Amount: eur(t, "120.00"), Date: "2026-03-14", ExternalID: "er.9",
	})
}

func tag(t *testing.T, body string) (precoro.Payment, error) {
	t.Helper()
	return connect(t, always(http.StatusOK, body)).SetPaymentExternalID(t.Context(), 31, "er.9", "EUR")
}

func TestWriteGivesTheAnswersOwnWords(t *testing.T) {
	t.Parallel()
	want := precoro.Payment{
		ID: 5512, IDN: 31, InvoiceID: 77, InvoiceIDN: 1042, Sum: "120.00", Amount: eur(t, "120.00"), Date: "2026-03-14", ExternalID: "er.9",
	}
	for _, write := range []func(*testing.T, string) (precoro.Payment, error){create, tag} {
		got, err := write(t, paymentRow)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestWhatTheAnswerDoesNotSayIsNotMadeUp(t *testing.T) {
	t.Parallel()
	got, err := create(t, `{"id":"5512","externalId":"other"}`)
	require.NoError(t, err)
	require.Equal(t, precoro.Payment{ID: 5512, LogicType: -1, ExternalID: "other"}, got)
	require.False(t, got.Amount.Valid())
}

func TestSuccessIsNeverTakenFromABareStatus(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":         ``,
		"HTML":          `<html>Welcome</html>`,
		"cut off":       paymentRow[:30],
		"an empty list": `[]`,
		"a list":        `[` + paymentRow + `]`,
		"null":          `null`,
		"true":          `true`,
		"no id":         `{"idn":31,"sumPaid":"120.00"}`,
		"id 0":          `{"id":0}`,
		"an error":      `{"errors":{"errors":{"sumPaid":"at most 80"}}}`,
		"odd sum":       `{"id":5512,"sumPaid":"12O"}`,
		"odd decimals":  `{"id":5512,"sumPaid":"120.001"}`,
		"odd idn":       `{"id":5512,"idn":"x"}`,
		"odd invoice":   `{"id":5512,"invoice":"x"}`,
		"odd date":      `{"id":5512,"payDate":"today"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := create(t, body)
			requireA[precoro.OutcomeUnknown](t, err)
			_, err = tag(t, body)
			requireA[precoro.OutcomeUnknown](t, err)
		})
	}
}

func TestAnswerAboutAnotherPaymentIsUnknown(t *testing.T) {
	t.Parallel()
	_, err := create(t, `{"id":5512,"sumPaid":"100.00"}`)
	requireA[precoro.OutcomeUnknown](t, err)
	require.ErrorContains(t, err, "answer says 100.00 EUR, sent was 120.00 EUR")

	_, err = create(t, `{"id":5512,"sumPaid":120,"invoice":{"id":1042,"idn":77}}`)
	requireA[precoro.OutcomeUnknown](t, err)
	require.ErrorContains(t, err, "answer is about the invoice with id 1042")

	_, err = tag(t, `{"id":31,"idn":5512}`)
	requireA[precoro.OutcomeUnknown](t, err)
	require.ErrorContains(t, err, "answer is about payment 5512")
}
