// Package precoro is a client of the Precoro REST API, as far as payments need it: list invoices, read one with its
// payments, list payments, create a payment, give it an external ID.
//
// Every method but the iterators sends exactly one request, and none is ever sent again: Precoro knows no idempotency key,
// so whether a request may be repeated is for the caller to decide. Precoro allows one request a second, 1500 an hour
// and 3000 a day, none in parallel, and refuses the same GET twice within a minute (its help pages); keeping that
// pace is the caller's part too, apart from the pause of the iterators.
//
// A row that cannot be read does not spoil its page: it is given with what could be read of it and a Problem.
package precoro

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"payrecon/internal/remote"
)

// defaultURL serves every region but the US, which has https://api.precoro.us.
const defaultURL = "https://api.precoro.com"

// defaultPause between two pages is Precoro's least distance between two requests.
const defaultPause = time.Second

// Options are what a client is made of.
type Options struct {
	URL       string            // https, or http on loopback; "" for https://api.precoro.com
	Email     string            // of the user who owns the token; every request needs it
	Token     string            // per user and company
	UserAgent string            // "" for "payrecon"; Precoro's edge turns some libraries' defaults away
	Transport http.RoundTripper // nil for one that never re-sends
	// Pause is waited by the iterators between two pages; nil waits one second.
	Pause func(context.Context) error
}

// Client is one Precoro account. Its methods may be called at the same time, though Precoro does not like it.
type Client struct {
	remote  *remote.Client
	email   string
	token   string
	secrets *remote.Secrets
	pause   func(context.Context) error
}

// New checks the options and sends nothing.
func New(o Options) (*Client, error) {
	for _, credential := range [][2]string{{"email", o.Email}, {"token", o.Token}} {
		if !headerSafe(credential[1]) {
			return nil, fmt.Errorf("precoro %s is empty or holds other than printable ASCII characters", credential[0])
		}
	}
	if o.URL == "" {
		o.URL = defaultURL
	}
	if o.UserAgent == "" {
		o.UserAgent = "payrecon"
	}
	if o.Pause == nil {
		o.Pause = waitSecond
	}
	client, err := remote.NewClient(o.URL, o.UserAgent, o.Transport)
	if err != nil {
		return nil, fmt.Errorf("precoro URL: %w", err)
	}
	return &Client{remote: client, email: o.Email, token: o.Token, secrets: remote.NewSecrets(o.Token, o.Email), pause: o.Pause}, nil
}

func headerSafe(text string) bool {
	for _, b := range []byte(text) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return text != ""
}

func waitSecond(ctx context.Context) error { return remote.Wait(ctx, defaultPause) }

// send sends the request once and gives the answer if its status is 2xx. what names the thing asked for, for NotFound.
func (c *Client) send(ctx context.Context, r remote.Request, what string) (remote.Response, error) {
	r.Header = http.Header{}
	r.Header.Set("X-AUTH-TOKEN", c.token)
	r.Header.Set("email", c.email)
	answer, err := c.remote.Do(ctx, r)
	if err != nil {
		return remote.Response{}, c.secrets.Error(err)
	}
	if err := c.judge(answer, r.Write, what); err != nil {
		return remote.Response{}, err
	}
	return answer, nil
}

func decimalText(n int64) string { return strconv.FormatInt(n, 10) }
