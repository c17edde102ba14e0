package sandbox

import (
	"context"
	"errors"
	"net"
	"net/http"
)

func (s *Sandbox) serveHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "not there yet", http.StatusNotImplemented)
}

// Transport is the sandbox without a socket; the path decides, any host is accepted.
func (s *Sandbox) Transport() http.RoundTripper { return transport{s} }

type transport struct{ sandbox *Sandbox }

func (t transport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("sandbox: not there yet")
}

// Serve answers on the listener, which must be a loopback one, until ctx ends; then it returns nil.
func (s *Sandbox) Serve(ctx context.Context, _ net.Listener) error {
	<-ctx.Done()
	return nil
}
