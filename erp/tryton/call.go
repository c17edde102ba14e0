package tryton

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// client speaks Tryton's JSON-RPC for one user of one database: one HTTP request a call, a session kept between calls,
// nothing ever re-sent but a call of which Tryton said that its session is over. It may be used by several goroutines.
//
// A call is one transaction: what fails in it has changed nothing.
type client struct {
	cfg     Config
	wire    *remote.Client
	now     func() time.Time
	session session
	secrets *remote.Secrets
	part    int // how many records one part of a list goes through
}

func newClient(cfg Config, transport http.RoundTripper, now func() time.Time) (*client, error) {
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
	return &client{
		cfg: cfg, wire: wire, now: now, session: newSession(), secrets: remote.NewSecrets(cfg.Username, cfg.Password), part: maxLinks,
	}, nil
}

// call is one method of Tryton's with its parameters, the context last.
type call struct {
	method string
	params []any
	write  bool
	into   any // what the result is read into, nil where it does not matter
}

// do sends a call within a session, and returns Tryton's time. If Tryton says that the session is over, nothing was carried
// out: it logs in once and sends the call again, also a write, and no third time. A session that was idle for a while is
// over for some calls only, approve among them.
func (c *client) do(ctx context.Context, one call) (time.Time, error) {
	for again := false; ; again = true {
		opened, err := c.open(ctx)
		if err != nil {
			return time.Time{}, beforeSending(err, one.write)
		}
		at, err := c.exchange(ctx, c.cfg.Database+"/", opened.authorization, one)
		over, isOver := remote.As[sessionOver](err)
		if !isOver {
			return at, err
		}
		c.session.drop(ctx, opened.authorization)
		if again {
			return time.Time{}, over.final
		}
	}
}

// beforeSending: whatever keeps a write from being sent at all, it is surely not carried out.
func beforeSending(err error, write bool) error {
	failed, ok := remote.As[erp.Unavailable](err)
	refused, _ := remote.As[erp.Refused](err)
	switch {
	case ok && write:
		return erp.NotSent{Cause: fmt.Errorf("log in: %w", failed.Cause)}
	case refused.Field == fieldDatabase && write: // Tryton says so too while its database starts
		return erp.NotSent{Cause: fmt.Errorf("log in: %w", err)}
	}
	return fmt.Errorf("log in: %w", err)
}

// body is a whole request. With one more key, or one less, Tryton speaks another protocol.
type body struct {
	ID     int    `json:"id"`
	Method string `json:"method"`
	Params []any  `json:"params"`
}

// answer holds one of the two. A result may be null.
type answer struct {
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// exchange is one HTTP request.
func (c *client) exchange(ctx context.Context, path, authorization string, one call) (time.Time, error) {
	encoded, err := json.Marshal(body{1, one.method, one.params})
	if err != nil {
		return time.Time{}, erp.NotSent{Cause: fmt.Errorf("encode %s: %w", one.method, err)}
	}
	header := http.Header{}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	response, err := c.wire.Do(ctx, remote.Request{Method: http.MethodPost, Path: path, Header: header, JSON: encoded, Write: one.write})
	if err == nil {
		err = answered(response, one)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", one.method, c.secrets.Error(err))
	}
	return response.Date, nil
}

// answered judges an answer.
func answered(response remote.Response, one call) error {
	if response.Status != http.StatusOK {
		return httpError(response, one.write)
	}
	var got answer
	switch err := decode(response.Body, &got); {
	case err != nil, got.Error == nil && got.Result == nil:
		return uncertain(one.write, fmt.Errorf("HTTP 200 with %d bytes that are no answer of Tryton's", len(response.Body)))
	case got.Error != nil:
		return fault(got.Error, response.Date, one.write)
	case one.into == nil:
		return nil
	}
	if err := decode(got.Result, one.into); err != nil {
		return unreadable(one.write, errors.New("the result is not of the expected kind"))
	}
	return nil
}
