package faulty

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"payrecon/internal/remote"
)

// Proxy is an HTTP server on loopback before another one, with the faults of a Transport on the wire: where that returns
// an error, or a body ends early, the connection is closed. It is for programs that are started as such.
type Proxy struct {
	*Script

	transport *Transport
	target    *url.URL
	listener  net.Listener
	server    *http.Server
	stopped   chan error
}

// StartProxy begins to serve what is below target, a URL such as http://127.0.0.1:8000, until Close. ctx is the requests'.
func StartProxy(ctx context.Context, target string) (*Proxy, error) {
	base, err := remote.ParseURL(target)
	if err != nil {
		return nil, fmt.Errorf("proxy to %w", err)
	}
	if base.Path == "" {
		base.Path = "/" // else JoinPath leaves the slash out
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	transport := NewTransport(nil, nil) // net/http puts the Date
	p := &Proxy{Script: transport.Script, transport: transport, target: base, listener: listener, stopped: make(chan error, 1)}
	p.server = &http.Server{
		Handler:           http.HandlerFunc(p.serve),
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go func() { p.stopped <- p.server.Serve(listener) }()
	return p, nil
}

// URL is what stands for the target.
func (p *Proxy) URL() string { return "http://" + p.listener.Addr().String() }

// Close ends the proxy and all connections to it.
func (p *Proxy) Close() error {
	err := p.server.Close()
	if stopped := <-p.stopped; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}

func (p *Proxy) serve(w http.ResponseWriter, in *http.Request) {
	out := in.Clone(in.Context())
	out.URL = p.target.JoinPath(in.URL.EscapedPath())
	out.URL.RawQuery = in.URL.RawQuery
	out.Host, out.RequestURI = p.target.Host, ""
	answer, err := p.transport.RoundTrip(out)
	if err != nil {
		hangUp(w)
		return
	}
	defer answer.Body.Close() //nolint:errcheck // it is passed on or given up
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Connection", "close")
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, answer.Body); err != nil {
		_ = http.NewResponseController(w).Flush() // what came goes out, and then no more
		hangUp(w)
	}
}

// hangUp resets the connection.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // net/http closes what has not got its whole answer
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // if not, it is closed politely
	}
	_ = conn.Close() // it is lost on purpose
}
