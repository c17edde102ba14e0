package precoro_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/precoro"
)

// read and write send one request each, whatever the answer.
func read(t *testing.T, s server) error {
	t.Helper()
	_, err := connect(t, s).Invoice(t.Context(), 1042)
	return err
}

func write(t *testing.T, s server) error {
	t.Helper()
	_, err := connect(t, s).CreatePayment(t.Context(), precoro.NewPayment{
		InvoiceID: 77, Amount: eur(t, "120.00"), Date: "2026-03-14", ExternalID: "er.9",
	})
	return err
}

// class is the error without what was being done.
func class(t *testing.T, err error) error {
	t.Helper()
	for unwrapped := err; unwrapped != nil; unwrapped = errors.Unwrap(unwrapped) {
		switch unwrapped.(type) { //nolint:errorlint // walks the chain itself
		case precoro.Unauthorized, precoro.Forbidden, precoro.NotFound, precoro.Refused, precoro.Throttled,
			precoro.Unavailable, precoro.NotSent, precoro.OutcomeUnknown:
			return unwrapped
		}
	}
	require.Fail(t, "no error of this package", "%v", err)
	return nil
}

// requireA expects an error of this type in the chain.
func requireA[E error](t *testing.T, err error) {
	t.Helper()
	var target E
	require.ErrorAs(t, err, &target)
}

func TestStatusesThatMeanTheSameForReadsAndWrites(t *testing.T) {
	t.Parallel()
	const denied = `{"message":"Bad credentials"}`
	for name, test := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"unauthorized":      {401, denied, precoro.Unauthorized{Text: "Bad credentials"}},
		"unauthorized HTML": {401, `<html>`, precoro.Unauthorized{Text: "answer is not JSON"}},
		"forbidden":         {403, ``, precoro.Forbidden{Text: "answer is empty"}},
		"refused":           {422, `{"errors":{"errors":{"sumPaid":"at most 80"}}}`, precoro.Refused{Field: "sumPaid", Text: "at most 80", Code: "422"}},
		"bad request":       {400, `{}`, precoro.Refused{Text: "{}", Code: "400"}},
		"conflict":          {409, `busy`, precoro.Refused{Text: "busy", Code: "409"}},
		"method":            {405, `<html>`, precoro.Refused{Text: "answer is not JSON", Code: "405"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, class(t, read(t, always(test.status, test.body))))
			require.Equal(t, test.want, class(t, write(t, always(test.status, test.body))))
		})
	}
}

func TestNotFoundNamesWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	gone := always(http.StatusNotFound, `{"message":"Not Found"}`)
	require.Equal(t, precoro.NotFound{What: "invoice 1042"}, class(t, read(t, gone)))
	require.Equal(t, precoro.NotFound{What: "invoice with id 77"}, class(t, write(t, gone)))
	_, err := connect(t, gone).SetPaymentExternalID(t.Context(), 31, "er.9", "EUR")
	require.Equal(t, precoro.NotFound{What: "payment 31"}, class(t, err))
}

func TestPassingStatusesLeaveAWriteUnknown(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 307, 308, 408, 425, 500, 502, 503, 504, 599} {
		// The body says success: only a 2xx may.
		for _, body := range []string{``, `<html>`, paymentRow, row(``)} {
			requireA[precoro.Unavailable](t, read(t, always(status, body)))
			requireA[precoro.OutcomeUnknown](t, write(t, always(status, body)))
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	requests := 0
	err := write(t, func(*http.Request) (*http.Response, error) {
		requests++
		moved := answer(http.StatusTemporaryRedirect, "")
		moved.Header.Set("Location", "https://elsewhere.example.com/payments")
		return moved, nil
	})
	requireA[precoro.OutcomeUnknown](t, err)
	require.Equal(t, 1, requests)
}

func TestReasonsOfARefusal(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]precoro.Refused{
		`{"errors":{"errors":{"sumPaid":"at most 80"}}}`:                    {Field: "sumPaid", Text: "at most 80"},
		`{"errors":{"sumPaid":"at most 80"}}`:                               {Field: "sumPaid", Text: "at most 80"},
		`{"errors":{"errors":{"sumPaid":["at most 80","above 0"]}}}`:        {Field: "sumPaid", Text: "at most 80; above 0"},
		`{"errors":{"errors":{"sumPaid":{"range":"at most 80"}}}}`:          {Field: "sumPaid", Text: "at most 80"},
		`{"errors":{"errors":{"payDate":[],"sumPaid":"at most 80","a":1}}}`: {Field: "sumPaid", Text: "at most 80"},
		`{"errors":["at most 80"]}`:                                         {Text: "at most 80"},
		`{"errors":{"errors":["at most 80"]}}`:                              {Text: "at most 80"},
		`{"errors":"at most 80","message":"no"}`:                            {Text: "at most 80"},
		`{"errors":[],"message":"no","error":"never"}`:                      {Text: "no"},
		`{"error":"never"}`:                                                 {Text: "never"},
		`["no","never"]`:                                                    {Text: "no; never"},
		`"no"`:                                                              {Text: "no"},
		`{"code":17,"reason":"\u006eo"}`:                                    {Text: `{"code":17,"reason":"no"}`},
		`null`:                                                              {Text: "null"},
		"no\x00\nnever":                                                     {Text: "no  never"},
		`{"message":"no`:                                                    {Text: `{"message":"no`},
		`<b>no</b>`:                                                         {Text: "answer is not JSON"},
		` `:                                                                 {Text: "answer is empty"},
		`{"message":"` + strings.Repeat("n", 70000) + `"}`:                  {Text: "answer of 70014 bytes"},
		`{"message":"` + strings.Repeat("n", 400) + `"}`:                    {Text: `{"message":"` + strings.Repeat("n", 288) + "…"},
	} {
		t.Run(want.Text[:min(len(want.Text), 20)], func(t *testing.T) {
			t.Parallel()
			want.Code = "422"
			require.Equal(t, want, class(t, write(t, always(http.StatusUnprocessableEntity, body))))
		})
	}
}

func TestThrottledUntilTheStampInTheBody(t *testing.T) {
	t.Parallel()
	const limiter = "Route based limiter by minute"
	stamped := func(stamp string) string {
		return `{"error":"Rate limit exceeded","RateLimit-Type":"` + limiter + `","RateLimit-Retry-After":"` + stamp + `","RateLimit-Limit":60}`
	}
	at := func(clock string) time.Time {
		moment, err := time.Parse(time.DateTime, "2026-03-14 "+clock)
		require.NoError(t, err)
		return moment
	}
	for name, test := range map[string]struct {
		body string
		want precoro.Throttled
	}{
		"ahead":             {stamped("2026-03-14 09:00:49 UTC"), precoro.Throttled{Limiter: limiter, Until: at("09:00:49"), After: 49 * time.Second}},
		"past":              {stamped("2026-03-14 08:59:59 UTC"), precoro.Throttled{Limiter: limiter, Until: at("08:59:59")}},
		"other zone":        {stamped("2026-03-14 09:00:49 CET"), precoro.Throttled{Limiter: limiter}},
		"a mistake":         {stamped("9999-12-31 00:00:00 UTC"), precoro.Throttled{Limiter: limiter}},
		"seconds":           {`{"RateLimit-Type":"Daily limiter","RateLimit-Retry-After":49}`, precoro.Throttled{Limiter: "Daily limiter"}},
		"no stamp":          {`{"error":"slow down"}`, precoro.Throttled{}},
		"loose":             {`{"RateLimit-Type":[],"RateLimit-Retry-After":{}}`, precoro.Throttled{}},
		"long limiter":      {`{"RateLimit-Type":"` + sixHundred + `"}`, precoro.Throttled{}},
		"HTML":              {`<html>`, precoro.Throttled{}},
		"empty":             {``, precoro.Throttled{}},
		"not even a stamp ": {stamped("soon"), precoro.Throttled{Limiter: limiter}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, class(t, read(t, always(http.StatusTooManyRequests, test.body))))
			require.Equal(t, test.want, class(t, write(t, always(http.StatusTooManyRequests, test.body))))
		})
	}
	t.Run("without the server's clock", func(t *testing.T) {
		t.Parallel()
		err := read(t, func(*http.Request) (*http.Response, error) {
			throttled := answer(http.StatusTooManyRequests, stamped("2026-03-14 09:00:49 UTC"))
			throttled.Header.Del("Date")
			return throttled, nil
		})
		require.Equal(t, precoro.Throttled{Limiter: limiter}, class(t, err), "an instant without a clock is no delay")
	})
}

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '['
	}
	return len(p), nil
}

// cut is a body whose connection breaks.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnswersThatBreakOrDoNotEnd(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]io.Reader{"endless": endless{}, "cut": cut{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{200, 201, 500} {
				broken := func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Body: io.NopCloser(body)}, nil
				}
				requireA[precoro.Unavailable](t, read(t, broken))
				requireA[precoro.OutcomeUnknown](t, write(t, broken))
			}
		})
	}
}

func TestBrokenExchanges(t *testing.T) {
	t.Parallel()
	reset := server(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Err: errors.New("reset")}
	})
	refused := server(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
	})
	requireA[precoro.Unavailable](t, read(t, reset))
	requireA[precoro.OutcomeUnknown](t, write(t, reset))
	requireA[precoro.Unavailable](t, read(t, refused))
	requireA[precoro.NotSent](t, write(t, refused))
}
