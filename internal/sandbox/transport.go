package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
)

// Transport is the sandbox without a socket: any host is accepted, the path decides. A reset is a *net.OpError of "read"
// and a refused connection one of "dial", as real ones are; a time-out is one of "read" too, and comes at once.
func (s *Sandbox) Transport() http.RoundTripper { return transport{s} }

type transport struct{ sandbox *Sandbox }

// RoundTrip gives up when the request's context ends; the sandbox works on, as a server does.
func (t transport) RoundTrip(out *http.Request) (*http.Response, error) {
	ctx := out.Context()
	in, err := arriving(out)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	type result struct {
		answer reply
		done   func()
	}
	results := make(chan result)
	go func() {
		answer, done := t.sandbox.answer(in)
		select {
		case results <- result{answer, done}:
		case <-ctx.Done():
			done()
		}
	}()
	select {
	case got := <-results:
		return deliver(out, got.answer, got.done)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// arriving is the request as a server gets it: with its whole body, which is then closed.
func arriving(out *http.Request) (*http.Request, error) {
	in := out.Clone(out.Context())
	if out.Body == nil {
		return in, nil
	}
	body, err := io.ReadAll(io.LimitReader(out.Body, maxForm+1))
	if closing := out.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	in.Body = io.NopCloser(bytes.NewReader(body))
	return in, nil
}

// deliver makes the answer a response, or the error that a client sees instead.
func deliver(out *http.Request, answer reply, done func()) (*http.Response, error) {
	if answer.broken != brokenEndless {
		done()
	}
	response := &http.Response{
		Status: fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.header(), Request: out, ContentLength: int64(len(answer.body)),
		Body: io.NopCloser(bytes.NewReader(answer.body)),
	}
	switch answer.broken {
	case brokenReset:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case brokenSilent:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
	case brokenRefused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case brokenDrip:
		response.Body = io.NopCloser(byByte{bytes.NewReader(answer.body)})
	case brokenCut:
		half := bytes.NewReader(answer.body[:len(answer.body)/2])
		response.Body = io.NopCloser(io.MultiReader(half, failing{io.ErrUnexpectedEOF}))
	case brokenEndless:
		ctx, hangUp := context.WithCancel(out.Context())
		stream := newEndless(answer.body, ctx.Done())
		over := sync.OnceFunc(done)
		context.AfterFunc(ctx, over)
		response.ContentLength = -1
		response.Body = closer{stream, func() { hangUp(); over() }}
	}
	return response, nil
}

// byByte reads a byte at a time.
type byByte struct{ io.Reader }

func (b byByte) Read(p []byte) (int, error) { return b.Reader.Read(p[:min(len(p), 1)]) }

// failing is a reader that has nothing but an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// closer ends an endless body when it is closed.
type closer struct {
	io.Reader
	end func()
}

func (c closer) Close() error {
	c.end()
	return nil
}
