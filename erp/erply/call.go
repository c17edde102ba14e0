package erply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// Client speaks the classic Erply API for one account: one HTTP request a call, a session kept between calls, nothing
// ever re-sent but a call of which Erply said that its session is over. It may be used by several goroutines.
//
// All but the login is sent as a bulk call, even if it holds one request only: within one, a request costs a tenth.
//
// Facts about the API are from Erply's own API pages unless said otherwise.
type Client struct {
	cfg     Config
	wire    *remote.Client
	now     func() time.Time
	session session
	secrets *remote.Secrets
}

// NewClient checks cfg and makes a client. A nil transport and a nil clock are the real ones.
func NewClient(cfg Config, transport http.RoundTripper, now func() time.Time) (*Client, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	wire, err := remote.NewClient(cfg.URL, "payrecon", transport)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if now == nil {
		now = time.Now //nolint:forbidigo // the real clock, where no other is given
	}
	return &Client{cfg: cfg, wire: wire, now: now, session: newSession(), secrets: remote.NewSecrets(cfg.Username, cfg.Password)}, nil
}

// What Erply takes of the hourly quota, in thousandths of a request: for a call, and for each request in a bulk call.
const (
	callCost = 1000
	subCost  = 100
)

// call sends one call within a session. If Erply says that the session is over, nothing was carried out: it logs in once
// and sends the call again, also a write, and no third time.
func (c *Client) call(ctx context.Context, form url.Values, cost int, write bool) (answer, error) {
	for again := false; ; again = true {
		key, err := c.sessionKey(ctx)
		if err != nil {
			return answer{}, beforeSending(err, write)
		}
		form.Set("sessionKey", key)
		got, err := c.exchange(ctx, form, cost, write)
		over, isOver := remote.As[sessionOver](err)
		if !isOver {
			return got, err
		}
		c.session.drop(ctx, key)
		if again {
			return answer{}, over.final
		}
	}
}

// beforeSending: whatever keeps a write from being sent at all, it is surely not carried out.
func beforeSending(err error, write bool) error {
	if failed, ok := remote.As[erp.Unavailable](err); ok && write {
		return erp.NotSent{Cause: fmt.Errorf("log in: %w", failed.Cause)}
	}
	return fmt.Errorf("log in: %w", err)
}

// answer is what Erply says to a call, loosely: numbers may be strings, fields may be absent, records may be null.
type answer struct {
	Status   *status         `json:"status"`
	Records  json.RawMessage `json:"records"`
	Requests []answer        `json:"requests"` // of a bulk call

	at time.Time // when it was given, by Erply's clock where it says so
}

type status struct {
	RequestID       Text `json:"requestID"` // of a request within a bulk call
	RequestUnixTime Text `json:"requestUnixTime"`
	ResponseStatus  Text `json:"responseStatus"`
	ErrorCode       Text `json:"errorCode"`
	ErrorField      Text `json:"errorField"`
	RecordsTotal    Text `json:"recordsTotal"`
}

// exchange is one HTTP request. What it returns without an error was ok, apart from the requests within a bulk call.
//
// Its cost is charged whatever comes of it. Every parameter is a form field: a query string ends up in logs.
func (c *Client) exchange(ctx context.Context, form url.Values, cost int, write bool) (answer, error) {
	remote.Charge(ctx, cost)
	form.Set("clientCode", c.cfg.ClientCode)
	form.Set("responseType", "JSON")
	form.Set("sendContentType", "1")
	response, err := c.wire.Do(ctx, remote.Request{Method: http.MethodPost, Form: form, Write: write})
	if err != nil {
		return answer{}, c.secrets.Error(err)
	}
	return c.read(response, write)
}

// read judges an answer: by the code in it, where it is Erply's JSON, else by its HTTP status. Its Content-Type is not
// looked at, as Erply sends JSON under others too.
func (c *Client) read(response remote.Response, write bool) (answer, error) {
	if response.Status == http.StatusTooManyRequests {
		return answer{}, tooFast(response.Date)
	}
	var got answer
	if json.Unmarshal(response.Body, &got) != nil {
		return answer{}, httpError(response, write)
	}
	got.hide(c.secrets)
	got.at = c.clock(got.Status, response.Date)
	found, err := got.Status.fault(got.at)
	switch {
	case found != nil:
		return answer{}, found.err(write)
	case err != nil || response.Status != http.StatusOK:
		return answer{}, httpError(response, write)
	case got.endedWithin():
		return answer{}, sessionOver{final: erp.Unauthorized{Text: "no request of a bulk call was given a session"}}
	}
	return got, nil
}

// hide: a credential may look like the name of a field.
func (a *answer) hide(secrets *remote.Secrets) {
	if a.Status != nil {
		a.Status.ErrorField = Text(secrets.Hide(string(a.Status.ErrorField)))
	}
	for i := range a.Requests {
		a.Requests[i].hide(secrets)
	}
}

// clock is the other side's, where it gives one.
func (c *Client) clock(s *status, date time.Time) time.Time {
	if s != nil {
		if seconds, err := s.RequestUnixTime.integer(); err == nil && seconds > 0 {
			return time.Unix(seconds, 0).UTC()
		}
	}
	if !date.IsZero() {
		return date
	}
	return c.now()
}

// fault is the error that the status reports, nil for success. The error says that it reports neither.
func (s *status) fault(at time.Time) (*fault, error) {
	if s == nil {
		return nil, errors.New("without a status")
	}
	code, err := s.ErrorCode.integer()
	switch {
	case err != nil || s.ErrorCode == "" || code > maxCode:
		return nil, errors.New("without an error code")
	case code == 0 && s.ResponseStatus != "ok":
		return nil, errors.New("neither ok nor an error")
	case code == 0:
		return nil, nil //nolint:nilnil // no fault and nothing wrong with the status
	}
	return &fault{code: int(code), field: fieldOf(s.ErrorField), at: at}, nil
}

// maxCode is far above any error code there is (1220).
const maxCode = 1 << 20

// endedWithin tells whether every request of a bulk call failed for the lack of a session: then none was carried out.
func (a answer) endedWithin() bool {
	for _, one := range a.Requests {
		found, err := one.Status.fault(a.at)
		if err != nil || found == nil {
			return false
		}
		if what, _ := found.look(); what != sessionEnd {
			return false
		}
	}
	return len(a.Requests) > 0
}

// blocked is for how long Erply blocks an address that sent too fast: more than 150 requests in 30 s, or more than 10 at
// a time.
const blocked = 10 * time.Second

func tooFast(date time.Time) error {
	throttled := erp.Throttled{Limiter: "Erply's limit of 150 requests in 30 s and 10 at a time", After: blocked}
	if !date.IsZero() {
		throttled.Until = date.Add(blocked)
	}
	return throttled
}

// httpError is what an answer means that holds no error code of Erply's.
func httpError(response remote.Response, write bool) error {
	text := fmt.Sprintf("HTTP %d %s", response.Status, http.StatusText(response.Status))
	switch status := response.Status; {
	case status == http.StatusUnauthorized:
		return erp.Unauthorized{Text: text}
	case status == http.StatusForbidden: // also a way to say that the session is over
		return sessionOver{final: erp.Forbidden{Text: text}}
	case status == http.StatusRequestTimeout, status < http.StatusMultipleChoices, status >= http.StatusInternalServerError:
		return uncertain(write, fmt.Errorf("%s with %d bytes that are no answer of Erply's", text, len(response.Body)))
	case status < http.StatusBadRequest:
		return erp.Refused{Field: "url", Text: "is answered with a redirect, which is not followed", Code: text}
	}
	return erp.Refused{Text: "the answer is not Erply's", Code: text}
}
