package erply_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp/erply"
)

// sub is the answer to one request of a bulk call, with its id as JSON wants it.
func sub(id string, code int) string {
	status := "ok"
	if code != 0 {
		status = "error"
	}
	return fmt.Sprintf(`{"status":{"requestID":%s,"responseStatus":%q,"errorCode":%d,"recordsTotal":1},"records":[{"id":%q}]}`, id, status, code, id)
}

func gets(n int) []erply.Sub {
	subs := make([]erply.Sub, n)
	for i := range subs {
		subs[i] = erply.Sub{Name: "getPurchaseDocuments", Fields: map[string]string{"id": strconv.Itoa(i + 1)}}
	}
	return subs
}

func bulkOf(t *testing.T, subs []erply.Sub, answer string) ([]erply.Outcome, *double, error) {
	t.Helper()
	d := newDouble(t)
	d.answer = func(form url.Values) (int, string) {
		if !form.Has("requests") {
			return 0, ""
		}
		return http.StatusOK, answer
	}
	outcomes, _, err := d.client(t).Bulk(t.Context(), subs)
	return outcomes, d, err
}

func TestBulkCallIsOneFormField(t *testing.T) {
	t.Parallel()
	_, d, err := bulkOf(t, gets(2), bulkAnswer(sub("0", 0), sub("1", 0)))
	require.NoError(t, err)
	require.Equal(t, []url.Values{{
		"clientCode": {"123456"}, "sessionKey": {"secret-session-1"}, "responseType": {"JSON"}, "sendContentType": {"1"},
		"requests": {`[{"id":"1","requestID":"0","requestName":"getPurchaseDocuments"},{"id":"2","requestID":"1","requestName":"getPurchaseDocuments"}]`},
	}}, d.bulks())
}

func TestBulkOutcomesAreMatchedByID(t *testing.T) {
	t.Parallel()
	outcomes, _, err := bulkOf(t, gets(3), bulkAnswer(sub(`"2"`, 0), sub("0", 1016), sub("1", 0), sub(`"77"`, 0)))
	require.NoError(t, err)
	require.Equal(t, "Refused", kindOf(outcomes[0].Err))
	require.NoError(t, outcomes[1].Err)
	require.JSONEq(t, `[{"id":"1"}]`, string(outcomes[1].Records))
	require.NoError(t, outcomes[2].Err)
	require.JSONEq(t, `[{"id":"\"2\""}]`, string(outcomes[2].Records))
	require.Equal(t, 1, outcomes[2].Total)
}

func TestBulkOutcomeThatIsMissingOrDoubleIsNotKnown(t *testing.T) {
	t.Parallel()
	subs := append(gets(2), erply.Sub{Name: "savePurchaseDocument"}, erply.Sub{Name: "savePurchaseDocument"})
	outcomes, _, err := bulkOf(t, subs, bulkAnswer(sub("0", 0), sub("0", 0), sub("2", 0), `{"status":null}`))
	require.NoError(t, err)
	require.Equal(t, "Unavailable", kindOf(outcomes[0].Err), "answered twice")
	require.Equal(t, "Unavailable", kindOf(outcomes[1].Err), "not answered")
	require.NoError(t, outcomes[2].Err)
	require.Equal(t, "OutcomeUnknown", kindOf(outcomes[3].Err), "not answered")
}

func TestSessionThatEndsWithinABulkCall(t *testing.T) {
	t.Parallel()
	subs := append(gets(2), erply.Sub{Name: "savePurchaseDocument"})
	outcomes, d, err := bulkOf(t, subs, bulkAnswer(sub("0", 0), sub("1", 1054), sub("2", 1054)))
	require.NoError(t, err)
	require.NoError(t, outcomes[0].Err)
	require.Equal(t, "Unavailable", kindOf(outcomes[1].Err))
	require.Equal(t, "NotSent", kindOf(outcomes[2].Err))
	require.Len(t, d.bulks(), 1, "what was carried out is not sent again")
}

func TestGeneralErrorCoversTheWholeBulkCall(t *testing.T) {
	t.Parallel()
	outcomes, _, err := bulkOf(t, gets(2), fault(1002, ""))
	require.Equal(t, "Throttled", kindOf(err))
	require.Empty(t, outcomes)
}

func TestBulkCallOfTooManyIsNotSent(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 101} {
		_, d, err := bulkOf(t, gets(n), bulkAnswer())
		require.Equal(t, "Refused", kindOf(err))
		require.Empty(t, d.bulks())
		require.Zero(t, d.loginCount())
	}
}
