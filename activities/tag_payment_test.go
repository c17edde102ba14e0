package activities_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
)

func TestKeyIsPutOnThePaymentByItsNumber(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusOK, `{"id":5512,"idn":77,"sumPaid":"120.00","externalId":"er.E7","logicType":0}`)

	tagged, err := perform(b, b.acts.TagPayment, activities.TagPaymentRequest{Company: "acme", Payment: "77", Key: "er.E7", Currency: "EUR"})

	require.NoError(t, err)
	require.Equal(t, http.MethodPatch, b.sent[0].Method)
	require.Equal(t, "/payments/77", b.sent[0].URL.Path)
	require.Equal(t, "externalId=er.E7", b.forms[0])
	require.Equal(t, "er.E7", tagged.Payment.Tag)
	require.Equal(t, 1, tagged.Requests)
}

func TestPaymentWithoutNumberIsRefusedUnsent(t *testing.T) {
	t.Parallel()
	b := newBench(t)

	_, err := perform(b, b.acts.TagPayment, activities.TagPaymentRequest{Company: "acme", Payment: "", Key: "er.E7", Currency: "EUR"})

	application, kind, failure := failed(t, err)
	require.Equal(t, activities.Refused, kind)
	require.True(t, application.NonRetryable())
	require.Equal(t, `payment number "" is not a number`, failure.Text)
	require.Empty(t, b.sent)
}

func TestLostAnswerToATagIsLookedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.precoro = always(http.StatusBadGateway, "")

	_, err := perform(b, b.acts.TagPayment, activities.TagPaymentRequest{Company: "acme", Payment: "77", Key: "er.E7", Currency: "EUR"})

	application, kind, _ := failed(t, err)
	require.Equal(t, activities.Unknown, kind)
	require.True(t, application.NonRetryable(), "somebody may have set another meanwhile")
}
