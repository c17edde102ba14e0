package remote_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/remote"
)

// The real transport, its connections being pipes: each is given to serve, and dialed counts them.
func piped(t *testing.T, serve func(net.Conn, *http.Request)) (c *remote.Client, dialed *atomic.Int64) {
	t.Helper()
	dialed = new(atomic.Int64)
	wire := remote.NewTransport()
	wire.DialContext = func(context.Context, string, string) (net.Conn, error) {
		dialed.Add(1)
		here, there := net.Pipe()
		go func() {
			defer there.Close() //nolint:errcheck // a pipe
			r, err := http.ReadRequest(bufio.NewReader(there))
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				serve(there, r)
			}
		}()
		return here, nil
	}
	c, err := remote.NewClient("http://localhost", "payrecon/test", wire)
	require.NoError(t, err)
	return c, dialed
}

func TestEveryRequestHasItsOwnConnection(t *testing.T) {
	t.Parallel()
	c, dialed := piped(t, func(conn net.Conn, r *http.Request) {
		if r.Close {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") // the client will say if it did not come
		}
	})
	for sent := range int64(3) {
		got, err := c.Do(t.Context(), remote.Request{Method: http.MethodGet})
		require.NoError(t, err)
		require.Equal(t, "{}", string(got.Body))
		require.Equal(t, sent+1, dialed.Load(), "a connection that is used again may turn out to be dead, and then net/http sends again")
	}
}

func TestLostAnswerIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	c, dialed := piped(t, func(net.Conn, *http.Request) {}) // takes the request and hangs up
	_, err := c.Do(t.Context(), remote.Request{Method: http.MethodPost, Form: map[string][]string{"sum": {"1"}}, Write: true})
	requireA[remote.OutcomeUnknown](t, err)
	_, err = c.Do(t.Context(), remote.Request{Method: http.MethodGet})
	requireA[remote.Unavailable](t, err)
	require.Equal(t, int64(2), dialed.Load())
}

func TestShortBodyIsNoAnswer(t *testing.T) {
	t.Parallel()
	c, _ := piped(t, func(conn net.Conn, _ *http.Request) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}") // cut after two
	})
	_, err := c.Do(t.Context(), remote.Request{Method: http.MethodPost, Write: true})
	requireA[remote.OutcomeUnknown](t, err)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestOnlyHTTP1IsSpoken(t *testing.T) {
	t.Parallel()
	wire := remote.NewTransport()
	require.True(t, wire.Protocols.HTTP1())
	require.False(t, wire.Protocols.HTTP2() || wire.Protocols.UnencryptedHTTP2(), "HTTP/2 sends again on its own")
}
