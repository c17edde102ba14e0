package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

func (s *Sandbox) serveHTTP(w http.ResponseWriter, r *http.Request) {
	answer, done := s.answer(r)
	if answer.broken != brokenEndless {
		done() // before a byte leaves: a client that has its answer may ask again at once
	} else {
		defer done()
	}
	switch answer.broken {
	case brokenReset, brokenRefused:
		hangUp(w)
	case brokenSilent:
		<-r.Context().Done() // the client hangs up, or the server goes down
		hangUp(w)
	case brokenEndless:
		copyHeader(w, answer)
		_, _ = io.Copy(w, newEndless(answer.body, r.Context().Done())) // it ends when the client hangs up
		hangUp(w)
	case brokenCut:
		copyHeader(w, answer)
		_, _ = w.Write(answer.body[:len(answer.body)/2]) // nothing can be done about a client that left
		hangUpAfter(w)
	case brokenDrip:
		copyHeader(w, answer)
		if !drip(r.Context(), w, answer) {
			s.unheard(answer)
		}
	default:
		copyHeader(w, answer)
		_, _ = w.Write(answer.body) // nothing can be done about a client that left
	}
}

func copyHeader(w http.ResponseWriter, answer reply) {
	for name, values := range answer.header() {
		w.Header()[name] = values
	}
	if answer.broken != brokenEndless {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
	}
	w.WriteHeader(answer.status)
}

// hangUp closes the connection without a word.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "the connection is lost", http.StatusBadGateway)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // if not, then it is closed politely
	}
	_ = conn.Close() // it is lost on purpose
}

// drip is true when the whole body went out. It takes as long as the client has patience.
func drip(ctx context.Context, w http.ResponseWriter, answer reply) bool {
	connection := http.NewResponseController(w)
	_ = connection.SetWriteDeadline(time.Time{}) // where there is none, none is in the way
	for i := range answer.body {
		if i > 0 && !wait(ctx, answer.pause) {
			return false
		}
		if _, err := w.Write(answer.body[i : i+1]); err != nil || connection.Flush() != nil {
			return false
		}
	}
	return true
}

// hangUpAfter lets what was written out; the server closes a connection on which less came than was announced.
func hangUpAfter(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush() // the client finds the body cut either way
}

// Serve answers on the listener until ctx ends; then it returns nil. The listener must be on a loopback address: there
// are no secrets behind it, but nobody else's machine should take it for the real thing.
func (s *Sandbox) Serve(ctx context.Context, listener net.Listener) error {
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsLoopback() {
		return fmt.Errorf("sandbox listens on %s: want a loopback address such as 127.0.0.1", listener.Addr())
	}
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute, // above the longest scripted delay
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return context.WithValue(ctx, lifeKey{}, ctx) },
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			stopped <- server.Close() // whoever still reads an endless body
			return
		}
		stopped <- nil
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("sandbox: close: %w", err)
	}
	return nil
}
