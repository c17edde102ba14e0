package erply_test

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/remote"
)

func as[T error](err error) (T, bool) { return remote.As[T](err) }

// kindOf is the port's error within err, by the name of its type.
func kindOf(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if reflect.TypeOf(err).PkgPath() == "payrecon/internal/remote" {
			return reflect.TypeOf(err).Name()
		}
	}
	return "none"
}

// within answers every request of every bulk call with this code, and returns what a read and a write make of it.
func within(t *testing.T, code int, field string) (readErr, writeErr error) {
	t.Helper()
	d := newDouble(t)
	d.within = func(url.Values) string { return fault(code, field) }
	client := d.client(t)
	writeErr = save(t.Context(), client)
	return read(t.Context(), client), writeErr
}

// failing answers every call but the login in one way, and returns what a read and a write make of it.
func failing(t *testing.T, status int, body string) (readErr, writeErr error) {
	t.Helper()
	d := newDouble(t)
	d.answer = func(form url.Values) (int, string) {
		if form.Get("request") == "verifyUser" {
			return 0, ""
		}
		return status, body
	}
	client := d.client(t)
	writeErr = save(t.Context(), client)
	return read(t.Context(), client), writeErr
}

func TestEveryErrorCodeIsOneOfThePortsErrors(t *testing.T) {
	t.Parallel()
	known := map[string]bool{
		"Unauthorized": true, "Forbidden": true, "NotFound": true, "Refused": true, "Throttled": true, "Unavailable": true,
		"NotSent": true, "OutcomeUnknown": true,
	}
	for code := 1000; code <= 1230; code++ {
		readErr, writeErr := failing(t, http.StatusOK, fault(code, "paid"))
		require.True(t, known[kindOf(readErr)], "%d: %v", code, readErr)
		require.True(t, known[kindOf(writeErr)], "%d: %v", code, writeErr)
		require.NotContains(t, []string{"NotSent", "OutcomeUnknown"}, kindOf(readErr), "%d", code)
		require.NotContains(t, []string{"Unavailable", "NotFound"}, kindOf(writeErr), "%d", code)

		readWithin, writeWithin := within(t, code, "paid")
		require.Equal(t, kindOf(readErr), kindOf(readWithin), "%d", code)
		require.Equal(t, kindOf(writeErr), kindOf(writeWithin), "%d", code)
	}
}

func TestErrorCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[int][2]string{
		1000: {"Unavailable", "OutcomeUnknown"},
		1001: {"Unauthorized", "Unauthorized"},
		1002: {"Throttled", "Throttled"},
		1003: {"Unavailable", "OutcomeUnknown"},
		1004: {"Refused", "OutcomeUnknown"}, // not in the list
		1006: {"Forbidden", "Forbidden"},
		1008: {"Unavailable", "OutcomeUnknown"},
		1010: {"Refused", "Refused"},
		1011: {"NotFound", "Refused"},
		1016: {"Refused", "Refused"},
		1017: {"Refused", "Refused"},
		1021: {"Unavailable", "NotSent"},
		1051: {"Unauthorized", "Unauthorized"},
		1060: {"Forbidden", "Forbidden"},
		1064: {"Refused", "Refused"},
		1121: {"Refused", "Refused"},
		1201: {"Forbidden", "Forbidden"},
		1204: {"Unavailable", "NotSent"},
		1205: {"Unavailable", "NotSent"},
		1206: {"Unavailable", "OutcomeUnknown"},
		1209: {"Unavailable", "NotSent"},
		1211: {"Forbidden", "Forbidden"},
		1220: {"Unauthorized", "Unauthorized"},
		1300: {"Refused", "OutcomeUnknown"}, // not in the list
	} {
		readErr, writeErr := failing(t, http.StatusOK, fault(code, "paid"))
		require.Equal(t, want, [2]string{kindOf(readErr), kindOf(writeErr)}, "%d", code)
	}
}

func TestRefusalKeepsFieldAndCode(t *testing.T) {
	t.Parallel()
	_, err := failing(t, http.StatusOK, fault(1014, "supplierID"))
	refused, _ := as[erp.Refused](err)
	require.Equal(t, erp.Refused{Field: "supplierID", Text: "the value has the wrong type", Code: "1014"}, refused)
}

func TestHourlyQuotaLiftsAtTheNextFullHourOfErplysClock(t *testing.T) {
	t.Parallel()
	_, err := failing(t, http.StatusOK, fault(1002, ""))
	throttled, _ := as[erp.Throttled](err)
	require.Equal(t, erp.Throttled{
		Limiter: "Erply's hourly quota", Until: time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC), After: 30 * time.Minute,
	}, throttled)
}

func TestHourlyQuotaGoesByTheAnswersDateWhereErplyGivesNoTime(t *testing.T) {
	t.Parallel()
	_, err := failing(t, http.StatusOK, `{"status":{"responseStatus":"error","errorCode":1002}}`)
	throttled, _ := as[erp.Throttled](err)
	require.Equal(t, 30*time.Minute, throttled.After)
}

func TestTooFastIsThrottledForTenSeconds(t *testing.T) {
	t.Parallel()
	readErr, writeErr := failing(t, http.StatusTooManyRequests, "<html>slow down</html>")
	for _, err := range []error{readErr, writeErr} {
		throttled, is := as[erp.Throttled](err)
		require.True(t, is)
		require.Equal(t, 10*time.Second, throttled.After)
		require.Equal(t, time.Date(2026, 3, 14, 9, 30, 10, 0, time.UTC), throttled.Until)
	}
}

func TestWhatIsNoAnswerOfErplys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   [2]string
	}{
		"HTML with status 200":  {200, "<html>maintenance</html>", [2]string{"Unavailable", "OutcomeUnknown"}},
		"empty object":          {200, "{}", [2]string{"Unavailable", "OutcomeUnknown"}},
		"blank body":            {200, " ", [2]string{"Unavailable", "OutcomeUnknown"}},
		"cut JSON":              {200, ok(nil, 0)[:40], [2]string{"Unavailable", "OutcomeUnknown"}},
		"null":                  {200, "null", [2]string{"Unavailable", "OutcomeUnknown"}},
		"no error code":         {200, `{"status":{"responseStatus":"ok"}}`, [2]string{"Unavailable", "OutcomeUnknown"}},
		"neither ok nor error":  {200, `{"status":{"responseStatus":"error","errorCode":0}}`, [2]string{"Unavailable", "OutcomeUnknown"}},
		"code of another type":  {200, `{"status":{"responseStatus":"ok","errorCode":[]}}`, [2]string{"Unavailable", "OutcomeUnknown"}},
		"server error":          {502, "<html>", [2]string{"Unavailable", "OutcomeUnknown"}},
		"server error, says ok": {500, ok(nil, 0), [2]string{"Unavailable", "OutcomeUnknown"}},
		"server error, code":    {500, fault(1016, ""), [2]string{"Refused", "Refused"}},
		"time-out":              {408, "-", [2]string{"Unavailable", "OutcomeUnknown"}},
		"not there":             {404, "<html>", [2]string{"Refused", "Refused"}},
		"redirect":              {302, "-", [2]string{"Refused", "Refused"}},
		"unauthorized":          {401, "-", [2]string{"Unauthorized", "Unauthorized"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readErr, writeErr := failing(t, c.status, c.body)
			require.Equal(t, c.want, [2]string{kindOf(readErr), kindOf(writeErr)}, "%v / %v", readErr, writeErr)
		})
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"<html>" + password + " secret-session-1", `{"status":"` + password + `"}`, fault(1016, password+" secret-session-1"),
		`{"status":{"responseStatus":"` + password + `","errorCode":"secret-session-1"}}`,
		ok([]object{{"id": password, "invoiceID": password}}, 1),
	} {
		d := newDouble(t)
		d.answer = func(url.Values) (int, string) { return http.StatusOK, body }
		loginErr := read(t.Context(), d.client(t))
		readErr, writeErr := failing(t, http.StatusOK, body)
		for _, err := range []error{loginErr, readErr, writeErr} {
			require.Error(t, err)
			require.NotContains(t, err.Error(), password)
			require.NotContains(t, err.Error(), "secret-session")
			require.NotContains(t, err.Error(), username)
		}
	}
}
