package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// Timeout bounds one HTTP exchange from dial to the last byte. It is half of an activity's 60 s, so that an answer
	// given up here is still reported by the activity that sent the request.
	Timeout = 30 * time.Second

	// MaxBody bounds an answer. A page of 200 invoices or of 100 purchase documents is well below 1 MiB; a bulk answer
	// of 100 such pages is not asked for.
	MaxBody = 16 << 20
)

// Client sends one request at a time, exactly once.
type Client struct {
	base      *url.URL
	transport http.RoundTripper // not an http.Client: that follows redirects, and reads where they lead
	userAgent string
}

// NewClient checks the base URL and makes the client. A nil transport means a new one without keep-alive or HTTP/2: Go's
// transport re-sends requests on a reused connection that turns out to be dead, and a request that may be sent twice is not
// for money.
func NewClient(base, userAgent string, transport http.RoundTripper) (*Client, error) {
	u, err := ParseURL(base)
	if err != nil {
		return nil, err
	}
	if transport == nil {
		transport = newTransport()
	}
	return &Client{base: u, userAgent: userAgent, transport: transport}, nil
}

func newTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  proxy,
		OnProxyConnectResponse: checkProxy,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  Timeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true,
		Protocols:              protocols,
	}
}

// proxy is the environment's. A proxy's URL may hold a password, and Go's error for one that is none shows it.
func proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy that HTTPS_PROXY or HTTP_PROXY names is not a URL")
	}
	return u, nil
}

// checkProxy keeps a proxy's own words out of errors: it was sent its password.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy answers HTTP status %d", answer.StatusCode)
	}
	return nil
}

// ParseURL accepts https URLs, and http ones whose host is loopback. User, query and fragment are refused: a URL is
// logged, a secret is not.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("is not a URL such as https://api.precoro.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must not hold a user, a query or a fragment")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("%s://%s: must be https unless the host is loopback", u.Scheme, u.Host)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// Request is one HTTP request below the base URL.
type Request struct {
	Method string
	Path   string     // below the base, escaped; "" for the base itself
	Query  url.Values // never a secret
	Header http.Header
	Form   url.Values // sent as application/x-www-form-urlencoded; nil for none
	JSON   []byte     // sent as application/json where there is no Form; nil for none
	// Write says that the request may change something: a failure on the way is then NotSent or OutcomeUnknown, never
	// Unavailable.
	Write bool
}

// Response is a whole answer, read and bounded.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Date is the other side's clock (the Date header), the zero time where it did not say.
	Date time.Time
}

// Do sends the request once. Errors are Unavailable for reads, NotSent or OutcomeUnknown for writes, and NotSent for what
// is no request at all or beyond the context's Allowance; any status is an answer, not an error, a redirect among them.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := c.build(ctx, r)
	if err != nil {
		return Response{}, NotSent{Cause: err}
	}
	allowance, limited := ctx.Value(allowanceKey{}).(*Allowance)
	if limited && !allowance.take() {
		return Response{}, NotSent{Cause: ErrAllowance}
	}
	count(ctx)
	answer, err := c.transport.RoundTrip(req)
	if err != nil {
		return Response{}, failure(r.Write, err)
	}
	if limited {
		allowance.answered.Add(1)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing is lost: the body is read or given up
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody+1))
	if err == nil && len(body) > MaxBody {
		err = fmt.Errorf("answer is longer than %d bytes", MaxBody)
	}
	if err != nil {
		return Response{}, failure(r.Write, err)
	}
	date, _ := http.ParseTime(answer.Header.Get("Date")) // the zero time says "did not say"
	return Response{Status: answer.StatusCode, Header: answer.Header, Body: body, Date: date}, nil
}

func (c *Client) build(ctx context.Context, r Request) (*http.Request, error) {
	u := *c.base
	if r.Path != "" {
		u = *c.base.JoinPath(r.Path)
	}
	u.RawQuery = r.Query.Encode()
	body, contentType := r.body()
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), body)
	if err != nil {
		return nil, errors.New("request cannot be built")
	}
	req.GetBody = nil // with it, net/http may send the body a second time
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	return req, nil
}

// failure says what a broken exchange means. Only a failed dial is sure not to have reached the other side.
func failure(write bool, err error) error {
	if !write {
		return Unavailable{Cause: err}
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return NotSent{Cause: err}
	}
	return OutcomeUnknown{Cause: err}
}

type meterKey struct{}

// Meter counts what is sent, and what that costs of the other side's quota.
type Meter struct{ requests, cost atomic.Int64 }

// Requests is how many HTTP requests were sent.
func (m *Meter) Requests() int { return int(m.requests.Load()) }

// Cost is what was charged, in thousandths of a request.
func (m *Meter) Cost() int { return int(m.cost.Load()) }

// WithMeter returns a context in which every request that is sent is counted.
func WithMeter(ctx context.Context) (context.Context, *Meter) {
	m := new(Meter)
	return context.WithValue(ctx, meterKey{}, m), m
}

// Charge tells the context's meter what a request costs, in thousandths of one.
func Charge(ctx context.Context, cost int) {
	if m, ok := ctx.Value(meterKey{}).(*Meter); ok {
		m.cost.Add(int64(cost))
	}
}

func count(ctx context.Context) {
	if m, ok := ctx.Value(meterKey{}).(*Meter); ok {
		m.requests.Add(1)
	}
}

// body is what is sent, and its Content-Type.
func (r Request) body() (io.Reader, string) {
	switch {
	case r.Form != nil:
		return strings.NewReader(r.Form.Encode()), "application/x-www-form-urlencoded"
	case r.JSON != nil:
		return bytes.NewReader(r.JSON), "application/json"
	}
	return nil, ""
}
