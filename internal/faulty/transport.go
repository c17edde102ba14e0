package faulty

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"payrecon/internal/remote"
)

const (
	// looked is how much of a request's body a Match sees.
	looked = 1 << 20

	page = "<!DOCTYPE html><html><head><title>Just a moment</title></head><body>Please wait.</body></html>"
)

// Transport is an http.RoundTripper around another one, with faults in between.
type Transport struct {
	*Script

	next http.RoundTripper
	now  func() time.Time
}

// NewTransport wraps next; nil is the network, without keep-alive, so that nothing is sent again by net/http. The clock is
// that of the server's Date header where an answer is made up here; nil leaves the header out.
func NewTransport(next http.RoundTripper, now func() time.Time) *Transport {
	if next == nil {
		next = wire()
	}
	return &Transport{Script: new(Script), next: next, now: now}
}

func wire() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		ResponseHeaderTimeout:  remote.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true,
	}
}

// RoundTrip sends the request once, or not at all.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	out, head, err := look(r)
	if err != nil {
		return nil, err
	}
	turn := t.meet(r, head)
	for _, act := range turn.before {
		act()
	}
	answer, err := t.play(turn.fault, out)
	for _, act := range turn.after {
		act()
	}
	return answer, err
}

// look reads the beginning of the body, and gives the request with all of it.
func look(r *http.Request) (out *http.Request, head []byte, err error) {
	out = r.Clone(r.Context())
	if r.Body == nil {
		return out, nil, nil
	}
	head, err = io.ReadAll(io.LimitReader(r.Body, looked))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read the request's body: %w", err), r.Body.Close())
	}
	if len(head) == 0 {
		out.Body = http.NoBody // net/http takes any other for one of unknown length
		return out, nil, r.Body.Close()
	}
	out.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	return out, head, nil
}

func (t *Transport) play(f Fault, out *http.Request) (*http.Response, error) {
	if f.Kind != "" && !f.Kind.CarriedOut() {
		if out.Body != nil {
			_ = out.Body.Close() // it is not sent
		}
		return t.instead(f, out)
	}
	answer, err := t.next.RoundTrip(out)
	if err != nil || f.Kind == "" {
		return answer, err
	}
	return t.spoil(f, out, answer)
}

// instead is what comes of a request that does not reach the server.
func (t *Transport) instead(f Fault, out *http.Request) (*http.Response, error) {
	switch f.Kind {
	case Refused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case Unauthorized:
		return t.answer(out, http.StatusUnauthorized, ""), nil
	case Throttled:
		answer := t.answer(out, http.StatusTooManyRequests, page)
		answer.Header.Set("Retry-After", strconv.Itoa(int(f.Delay/time.Second)))
		return answer, nil
	case ServerError:
		return t.answer(out, http.StatusInternalServerError, page), nil
	case Answer:
		return t.answer(out, max(f.Status, http.StatusOK), f.Body), nil
	default:
		return nil, reset()
	}
}

// spoil is what arrives of an answer that the server gave.
func (t *Transport) spoil(f Fault, out *http.Request, answer *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, remote.MaxBody))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	switch f.Kind {
	case Cut:
		answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
	case Slow:
		if err := remote.Wait(out.Context(), f.Delay); err != nil {
			return nil, fmt.Errorf("wait for the answer: %w", err)
		}
	case BadGateway:
		return t.answer(out, http.StatusBadGateway, page), nil
	case HTML:
		return t.answer(out, http.StatusOK, page), nil
	case TooLong:
		answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), io.LimitReader(blanks{}, remote.MaxBody+1)))
		answer.ContentLength = -1
		answer.Header.Del("Content-Length")
	default:
		return nil, reset()
	}
	return answer, nil
}

// answer is one that the server never gave.
func (t *Transport) answer(out *http.Request, status int, body string) *http.Response {
	header := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	if t.now != nil {
		header.Set("Date", t.now().UTC().Format(http.TimeFormat))
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Request: out,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func reset() error {
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// broken is the rest of a body that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// blanks do not end.
type blanks struct{}

var blank = bytes.Repeat([]byte{' '}, 32<<10)

func (blanks) Read(p []byte) (int, error) { return copy(p, blank), nil }
