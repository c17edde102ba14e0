package faulty_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/faulty"
	"payrecon/internal/remote"
)

// server answers every request with what it was sent, and keeps it.
type server struct {
	*httptest.Server

	mu       sync.Mutex
	received []string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		line := r.Method + " " + r.URL.EscapedPath() + "?" + r.URL.RawQuery + " " + r.Header.Get("X-Test") + " " + string(body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.received = append(s.received, line)
		_, _ = io.WriteString(w, line) // the client says if it did not come
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.received)
}

// client is one of the two ways to the server, with its faults.
type client struct {
	*faulty.Script

	url  string
	wire http.RoundTripper
}

// answer is what came back, read.
type answer struct {
	status int
	header http.Header
	text   string
}

func (c client) send(ctx context.Context, body string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/a%2Fb/c?q=1", strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("X-Test", "yes")
	got, err := c.wire.RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, string(text)}, errors.Join(err, got.Body.Close())
}

func inProcess(s *server) client {
	wire := faulty.NewTransport(nil, func() time.Time { return time.Unix(1_773_480_600, 0) })
	return client{wire.Script, s.URL, wire}
}

// both runs a test upon a Transport and upon a Proxy.
func both(t *testing.T, test func(t *testing.T, s *server, c client)) {
	t.Helper()
	t.Run("transport", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		test(t, s, inProcess(s))
	})
	t.Run("proxy", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		proxy, err := faulty.StartProxy(t.Context(), s.URL)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, proxy.Close()) })
		test(t, s, client{proxy.Script, proxy.URL(), &http.Transport{DisableKeepAlives: true}})
	})
}

const echoed = "POST /a%2Fb/c?q=1 yes "

func TestWithoutAFaultTheRequestGoesThrough(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server, c client) {
		t.Helper()
		for _, body := range []string{"", "one", strings.Repeat("x", 2<<20)} {
			got, err := c.send(t.Context(), body)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, got.status)
			require.Equal(t, echoed+body, got.text)
		}
		require.Equal(t, 3, s.count())
		require.Empty(t, c.Met())
	})
}

func TestEveryKindIsWhatItSays(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server, c client) {
		t.Helper()
		for _, kind := range faulty.Kinds() {
			before := s.count()
			c.Fail(faulty.Fault{Kind: kind, Delay: 2 * time.Second / 1000, Status: http.StatusTeapot, Body: "tea"})
			got, err := c.send(t.Context(), "one")
			carriedOut := 0
			if kind.CarriedOut() {
				carriedOut = 1
			}
			require.Equal(t, carriedOut, s.count()-before, kind)
			require.Equal(t, 1, c.Met()[kind])
			switch kind {
			case faulty.LostAnswer, faulty.Refused, faulty.Reset:
				require.Error(t, err, kind)
				require.Empty(t, got.text, kind)
			case faulty.Cut:
				require.Error(t, err)
				require.Equal(t, (echoed + "one")[:len(echoed+"one")/2], got.text)
			case faulty.Slow:
				require.NoError(t, err)
				require.Equal(t, echoed+"one", got.text)
			case faulty.TooLong:
				require.NoError(t, err)
				require.Greater(t, len(got.text), remote.MaxBody)
			default:
				require.NoError(t, err, kind)
				require.Equal(t, statuses[kind], got.status, kind)
				require.NotContains(t, got.text, "one")
			}
			got, err = c.send(t.Context(), "next")
			require.NoError(t, err, "once")
			require.Equal(t, echoed+"next", got.text)
		}
	})
}

var statuses = map[faulty.Kind]int{
	faulty.BadGateway: 502, faulty.HTML: 200, faulty.Unauthorized: 401, faulty.Throttled: 429, faulty.ServerError: 500, faulty.Answer: 418,
}

func TestThrottledSaysHowLong(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, _ *server, c client) {
		t.Helper()
		c.Fail(faulty.Fault{Kind: faulty.Throttled, Delay: 90 * time.Second})
		got, err := c.send(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, "90", got.header.Get("Retry-After"))
		require.NotEmpty(t, got.header.Get("Date"))
	})
}

func TestOnlyARefusedConnectionIsADial(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := inProcess(s)
	for _, kind := range []faulty.Kind{faulty.Refused, faulty.Reset, faulty.LostAnswer} {
		c.Fail(faulty.Fault{Kind: kind})
		_, err := c.send(t.Context(), "")
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		require.Equal(t, kind == faulty.Refused, op.Op == "dial", kind)
	}
}

func TestFaultsAreForThoseThatMatch(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, _ *server, c client) {
		t.Helper()
		writes := func(r *http.Request, body []byte) bool { return r.Method == http.MethodPost && string(body) == "write" }
		written, all := c.Count(writes), c.Count(nil)
		c.Fail(faulty.Fault{Kind: faulty.Reset, Match: writes, After: 1, Times: 2})
		var failed []bool
		for _, body := range []string{"write", "read", "write", "read", "write", "write"} {
			_, err := c.send(t.Context(), body)
			failed = append(failed, err != nil)
		}
		require.Equal(t, []bool{false, false, true, false, true, false}, failed)
		require.Equal(t, []int{4, 6}, []int{written(), all()})
	})
}

func TestPeopleActAtTheirMoment(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server, c client) {
		t.Helper()
		var seen []int
		look := func() { seen = append(seen, s.count()) }
		c.Before(nil, look)
		c.After(nil, look)
		c.Fail(faulty.Fault{Kind: faulty.LostAnswer})
		_, err := c.send(t.Context(), "")
		require.Error(t, err)
		require.Equal(t, []int{0, 1}, seen, "before it is sent, and when it has been carried out")

		c.Before(nil, func() {
			_, err := c.send(t.Context(), "somebody else")
			require.NoError(t, err, "who acts may ask as well")
		})
		_, err = c.send(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, 3, s.count())
		require.Len(t, seen, 2, "once")
	})
}

func TestCampaignIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	days := map[uint64][]faulty.Kind{}
	for _, seed := range []uint64{1, 1, 2} {
		s := newServer(t)
		c := inProcess(s)
		c.Campaign(seed, 500, faulty.Fault{Kind: faulty.Reset}, faulty.Fault{Kind: faulty.ServerError}, faulty.Fault{Kind: faulty.Refused, Match: never})
		var day []faulty.Kind
		for range 40 {
			before := c.Met()
			_, _ = c.send(t.Context(), "") // what it met is counted
			met := faulty.Kind("")
			for kind, n := range c.Met() {
				if n > before[kind] {
					met = kind
				}
			}
			day = append(day, met)
		}
		for _, kind := range []faulty.Kind{"", faulty.Reset, faulty.ServerError} {
			require.Contains(t, day, kind)
		}
		require.NotContains(t, day, faulty.Refused)
		if before, again := days[seed]; again {
			require.Equal(t, before, day)
		}
		days[seed] = day

		c.Calm()
		_, err := c.send(t.Context(), "")
		require.NoError(t, err)
	}
	require.NotEqual(t, days[1], days[2])
}

func never(*http.Request, []byte) bool { return false }

func TestWhoLeavesDoesNotWaitForASlowAnswer(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *server, c client) {
		t.Helper()
		ctx, leave := context.WithCancel(t.Context())
		c.Fail(faulty.Fault{Kind: faulty.Slow, Delay: time.Hour})
		failed := make(chan error, 1)
		go func() {
			_, err := c.send(ctx, "")
			failed <- err
		}()
		require.Eventually(t, func() bool { return s.count() == 1 }, 10*time.Second, time.Millisecond, "it is carried out")
		leave()
		require.ErrorIs(t, <-failed, context.Canceled)
	})
}

func TestProxyOfNothingHangsUp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	proxy, err := faulty.StartProxy(t.Context(), s.URL)
	require.NoError(t, err)
	s.Close()
	_, err = client{url: proxy.URL(), wire: &http.Transport{DisableKeepAlives: true}}.send(t.Context(), "")
	require.Error(t, err)
	require.NoError(t, proxy.Close())
	_, err = faulty.StartProxy(t.Context(), "http://example.com")
	require.Error(t, err, "no plain HTTP to anybody else")
}
