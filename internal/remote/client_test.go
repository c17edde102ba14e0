package remote_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/remote"
)

const base = "https://api.example.com/v1"

// transport is the other side, without a network in between.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func answer(status int, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body)}
}

func client(t *testing.T, rt http.RoundTripper) *remote.Client {
	t.Helper()
	c, err := remote.NewClient(base, "payrecon/test", rt)
	require.NoError(t, err)
	return c
}

// requireA is that the error is the one named, and not below another.
func requireA[T error](t *testing.T, err error, why ...any) {
	t.Helper()
	_, is := err.(T) //nolint:errorlint // Do returns its errors bare
	require.True(t, is, "%T: %v %v", err, err, why)
}

func TestRequestGoesOutAsDescribed(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	c := client(t, transport(func(r *http.Request) (*http.Response, error) {
		sent, err := io.ReadAll(r.Body)
		got, body = r, string(sent)
		return answer(http.StatusOK, strings.NewReader("{}")), err
	}))
	header := http.Header{"X-AUTH-TOKEN": {"secret"}}
	_, err := c.Do(t.Context(), remote.Request{
		Method: http.MethodPost, Path: "/payments", Query: url.Values{"a": {"1 2"}}, Header: header, Form: url.Values{"sum": {"120.00"}, "note": {"a&b"}}, Write: true,
	})
	require.NoError(t, err)
	require.Equal(t, http.MethodPost, got.Method)
	require.Equal(t, base+"/payments?a=1+2", got.URL.String())
	require.Equal(t, "note=a%26b&sum=120.00", body)
	require.Equal(t, "application/x-www-form-urlencoded", got.Header.Get("Content-Type"))
	require.Equal(t, "application/json", got.Header.Get("Accept"))
	require.Equal(t, "payrecon/test", got.Header.Get("User-Agent"))
	require.Equal(t, []string{"secret"}, got.Header["X-AUTH-TOKEN"], "as it was spelled") //nolint:staticcheck // Precoro's own spelling
	require.Equal(t, http.Header{"X-AUTH-TOKEN": {"secret"}}, header, "the caller's header is the caller's")
}

func TestJSONGoesOutAsItIs(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	c := client(t, transport(func(r *http.Request) (*http.Response, error) {
		sent, err := io.ReadAll(r.Body)
		got, body = r, string(sent)
		return answer(http.StatusOK, strings.NewReader("{}")), err
	}))
	_, err := c.Do(t.Context(), remote.Request{Method: http.MethodPost, Path: "erp/", JSON: []byte(`{"id":1}`), Write: true})
	require.NoError(t, err)
	require.Equal(t, base+"/erp/", got.URL.String())
	require.JSONEq(t, `{"id":1}`, body)
	require.Equal(t, "application/json", got.Header.Get("Content-Type"))
	require.Nil(t, got.GetBody, "it could be sent a second time")
}

func TestReadHasNoBody(t *testing.T) {
	t.Parallel()
	c := client(t, transport(func(r *http.Request) (*http.Response, error) {
		require.Nil(t, r.Body)
		require.Empty(t, r.Header.Get("Content-Type"))
		require.Equal(t, base, r.URL.String())
		return answer(http.StatusOK, strings.NewReader("")), nil
	}))
	_, err := c.Do(t.Context(), remote.Request{Method: http.MethodGet})
	require.NoError(t, err)
}

func TestAnyStatusIsAnAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 204, 301, 302, 307, 308, 400, 401, 404, 422, 429, 500, 503} {
		sent := 0
		c := client(t, transport(func(*http.Request) (*http.Response, error) {
			sent++
			back := answer(status, strings.NewReader("body"))
			back.Header.Set("Date", "Sat, 14 Mar 2026 12:00:00 GMT")
			back.Header.Set("Location", "https://elsewhere.example.com/")
			return back, nil
		}))
		got, err := c.Do(t.Context(), remote.Request{Method: http.MethodPost, Form: url.Values{}, Write: true})
		require.NoError(t, err)
		require.Equal(t, status, got.Status)
		require.Equal(t, "body", string(got.Body))
		require.Equal(t, time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC), got.Date.UTC())
		require.Equal(t, 1, sent, "no redirect is followed, nothing is sent again")
	}
}

func TestRedirectIsNotEvenRead(t *testing.T) {
	t.Parallel()
	c := client(t, transport(func(*http.Request) (*http.Response, error) {
		back := answer(http.StatusFound, strings.NewReader(""))
		back.Header.Set("Location", "%zz no address")
		return back, nil
	}))
	got, err := c.Do(t.Context(), remote.Request{Method: http.MethodGet})
	require.NoError(t, err)
	require.Equal(t, http.StatusFound, got.Status)
}

func TestNoDateIsTheZeroTime(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"", "yesterday"} {
		c := client(t, transport(func(*http.Request) (*http.Response, error) {
			back := answer(http.StatusOK, strings.NewReader(""))
			back.Header.Set("Date", date)
			return back, nil
		}))
		got, err := c.Do(t.Context(), remote.Request{Method: http.MethodGet})
		require.NoError(t, err)
		require.True(t, got.Date.IsZero())
	}
}

func TestNothingIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, write := range []bool{false, true} {
		sent := 0
		c := client(t, transport(func(r *http.Request) (*http.Response, error) {
			sent++
			require.Nil(t, r.GetBody, "net/http could send the body a second time")
			return nil, io.EOF
		}))
		_, err := c.Do(t.Context(), remote.Request{Method: http.MethodPost, Form: url.Values{"a": {"b"}}, Write: write})
		require.Error(t, err)
		require.Equal(t, 1, sent)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	fail := false
	c := client(t, transport(func(*http.Request) (*http.Response, error) {
		if fail {
			return nil, io.EOF
		}
		return answer(http.StatusOK, strings.NewReader("")), nil
	}))
	ctx, meter := remote.WithMeter(t.Context())
	_, other := remote.WithMeter(t.Context())
	_, err := c.Do(ctx, remote.Request{Method: http.MethodGet})
	require.NoError(t, err)
	fail = true
	_, err = c.Do(ctx, remote.Request{Method: http.MethodGet})
	require.Error(t, err)
	require.Equal(t, 2, meter.Requests(), "what failed was sent, too")
	_, err = c.Do(ctx, remote.Request{Method: "not a method"})
	require.Error(t, err)
	require.Equal(t, 2, meter.Requests(), "what could not be built was not")
	_, err = c.Do(t.Context(), remote.Request{Method: http.MethodGet})
	require.Error(t, err)
	require.Equal(t, 2, meter.Requests())
	require.Zero(t, other.Requests())
	require.Zero(t, meter.Cost())
	remote.Charge(ctx, 1000)
	remote.Charge(ctx, 100)
	remote.Charge(t.Context(), 7)
	require.Equal(t, 1100, meter.Cost(), "what a request costs is for the client to say")
	require.Zero(t, other.Cost())
}

// A fault on the way, and what is known after it.
func TestFailuresSayWhatIsKnown(t *testing.T) {
	t.Parallel()
	reset := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	for name, c := range map[string]struct {
		rt   transport
		sent bool // the request may have arrived
	}{
		"connection refused": {failing(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}), false},
		"no such host":       {failing(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.example.com"}}), false},
		// The proxy may have been reached, and whatever stands behind it.
		"proxy":           {failing(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("dial")}), true},
		"connection cut":  {failing(io.EOF), true},
		"reset":           {failing(reset), true},
		"write broken":    {failing(&net.OpError{Op: "write", Net: "tcp", Err: errors.New("broken pipe")}), true},
		"time-out":        {failing(context.DeadlineExceeded), true},
		"no headers":      {failing(errors.New("malformed HTTP response")), true},
		"body cut":        {answering(text(`{"data":[`), broken(io.ErrUnexpectedEOF)), true},
		"body reset":      {answering(broken(reset)), true},
		"body a bit long": {answering(long(remote.MaxBody + 1)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := client(t, c.rt).Do(t.Context(), remote.Request{Method: http.MethodGet})
			requireA[remote.Unavailable](t, err)
			require.Zero(t, got)

			got, err = client(t, c.rt).Do(t.Context(), remote.Request{Method: http.MethodPost, Write: true})
			if c.sent {
				requireA[remote.OutcomeUnknown](t, err)
			} else {
				requireA[remote.NotSent](t, err)
			}
			require.Zero(t, got)
		})
	}
}

func failing(err error) transport {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func answering(bodies ...func() io.Reader) transport {
	return func(*http.Request) (*http.Response, error) {
		var body []io.Reader
		for _, one := range bodies {
			body = append(body, one())
		}
		return answer(http.StatusOK, io.MultiReader(body...)), nil
	}
}

func text(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }

func broken(err error) func() io.Reader { return func() io.Reader { return iotest.ErrReader(err) } }

func long(size int64) func() io.Reader {
	return func() io.Reader { return io.LimitReader(endless{}, size) }
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestLargestBodyIsRead(t *testing.T) {
	t.Parallel()
	got, err := client(t, answering(long(remote.MaxBody))).Do(t.Context(), remote.Request{Method: http.MethodGet})
	require.NoError(t, err)
	require.Len(t, got.Body, remote.MaxBody)
}

func TestBodyIsClosed(t *testing.T) {
	t.Parallel()
	for _, body := range []io.Reader{strings.NewReader("{}"), endless{}} {
		var closed atomic.Bool
		c := client(t, transport(func(*http.Request) (*http.Response, error) {
			back := answer(http.StatusOK, body)
			back.Body = &closing{Reader: body, closed: &closed}
			return back, nil
		}))
		_, _ = c.Do(t.Context(), remote.Request{Method: http.MethodGet}) // whatever comes of it
		require.True(t, closed.Load())
	}
}

type closing struct {
	io.Reader
	closed *atomic.Bool
}

func (c *closing) Close() error {
	c.closed.Store(true)
	return nil
}

func TestSilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, rt := range map[string]transport{
		"no answer": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"no end": func(r *http.Request) (*http.Response, error) {
			return answer(http.StatusOK, io.MultiReader(strings.NewReader("{"), stalled{r.Context()})), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				_, err := client(t, rt).Do(t.Context(), remote.Request{Method: http.MethodPost, Write: true})
				requireA[remote.OutcomeUnknown](t, err)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, remote.Timeout, time.Since(begun))
			})
		})
	}
}

type stalled struct{ ctx context.Context }

func (s stalled) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	rt := transport(func(r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	_, err := client(t, rt).Do(ctx, remote.Request{Method: http.MethodGet})
	requireA[remote.Unavailable](t, err)
	_, err = client(t, rt).Do(ctx, remote.Request{Method: http.MethodPost, Write: true})
	requireA[remote.OutcomeUnknown](t, err, "it may have been sent before")
	require.ErrorIs(t, err, context.Canceled)
}

func TestErrorsKeepTheRequestToThemselves(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	r := remote.Request{
		Method: http.MethodPost, Path: "/" + secret, Query: url.Values{"q": {secret}}, Header: http.Header{"Token": {secret}}, Form: url.Values{"f": {secret}},
	}
	for _, rt := range []transport{failing(io.EOF), failing(context.DeadlineExceeded), answering(long(1 << 40)), answering(broken(io.ErrUnexpectedEOF))} {
		for _, r.Write = range []bool{false, true} {
			_, err := client(t, rt).Do(t.Context(), r)
			require.Error(t, err)
			require.NotContains(t, err.Error(), secret)
			require.NotContains(t, err.Error(), "api.example.com")
		}
	}
	r.Method = "BAD METHOD " + secret
	_, err := client(t, failing(io.EOF)).Do(t.Context(), r)
	require.EqualError(t, err, "not sent: request cannot be built")
}
