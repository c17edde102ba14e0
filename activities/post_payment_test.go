package activities_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/internal/reconcile"
)

func postRequest(t *testing.T) activities.PostPaymentRequest {
	t.Helper()
	return activities.PostPaymentRequest{
		Company: "acme", InvoiceID: 90001, Key: "er.E7", Amount: eur(t, "120.00"), Date: "2026-03-14", Read: fresh(),
	}
}

func TestPaymentIsPostedUnderItsKeyByDatabaseID(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusOK, `{"id":5512,"idn":77,"sumPaid":"120.00","payDate":"2026-03-14T12:00:00+00:00","externalId":"er.E7","logicType":0,"invoice":{"id":90001}}`)

	posted, err := perform(b, b.acts.PostPayment, postRequest(t))

	require.NoError(t, err)
	require.Equal(t, http.MethodPost, b.sent[0].Method)
	form, err := url.ParseQuery(b.forms[0])
	require.NoError(t, err)
	require.Equal(t, "90001", form.Get("invoice[id]"))
	require.Equal(t, "120.00", form.Get("sumPaid"))
	require.Equal(t, "er.E7", form.Get("externalId"))
	require.Equal(t, reconcile.Payment{ID: "5512", Ref: "77", Tag: "er.E7", Amount: eur(t, "120.00"), Date: "2026-03-14"}, posted.Payment)
	require.Equal(t, 1, posted.Requests)
}

func TestPostedTagIsWhatPrecoroKeptOfTheKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusOK, `{"id":5512,"idn":77,"sumPaid":"120.00"}`)

	posted, err := perform(b, b.acts.PostPayment, postRequest(t))

	require.NoError(t, err)
	require.Empty(t, posted.Payment.Tag)
	require.Equal(t, "77", posted.Payment.Ref)
}

// Target: a success that proves nothing. Injection: 200 without the payment, its number or its amount. Expected: Unknown.
func TestSuccessThatDoesNotNameThePaymentIsUnknown(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":          ``,
		"an empty object":  `{}`,
		"HTML":             `<html>welcome</html>`,
		"cut off":          `{"id":5512,"idn":77,"sumP`,
		"no amount":        `{"id":5512,"idn":77}`,
		"no number":        `{"id":5512,"sumPaid":"120.00"}`,
		"no id":            `{"idn":77,"sumPaid":"120.00"}`,
		"another amount":   `{"id":5512,"idn":77,"sumPaid":"12.00"}`,
		"another invoice":  `{"id":5512,"idn":77,"sumPaid":"120.00","invoice":{"id":90002}}`,
		"a list":           `[1]`,
		"amount too exact": `{"id":5512,"idn":77,"sumPaid":"120.001"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.precoro = always(http.StatusOK, body)

			_, err := perform(b, b.acts.PostPayment, postRequest(t))

			application, kind, failure := failed(t, err)
			require.Equal(t, activities.Unknown, kind)
			require.True(t, application.NonRetryable())
			require.Equal(t, 1, failure.Requests)
		})
	}
}
