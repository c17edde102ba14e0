package erply

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
)

const (
	// sessionLength is asked for and may be given or not; 3600 s is also what Erply gives unasked. The longest is a day.
	sessionLength = 3600 * time.Second
	longestLength = 86400 * time.Second

	// lockout is for how long a refused login is remembered and not tried again. Erply blocks a user after repeated
	// failures (error 1052); four attempts an hour, by however many runs, are not that. A restart forgets it, so that
	// whoever corrects the password does not wait.
	lockout = 15 * time.Minute
)

// session is the login that all calls share. Whether a second login ends the first session is not documented, so there
// is one at a time.
type session struct {
	turn chan struct{} // the one token: who holds it may use the fields below, and log in

	key     string
	renewAt time.Time // by our clock

	refusal      error // how the last login was refused
	refusedUntil time.Time
}

func newSession() session {
	s := session{turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

func (s *session) take(ctx context.Context) error {
	select {
	case <-s.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *session) give() { s.turn <- struct{}{} }

// drop forgets a key that Erply did not accept, unless somebody has logged in since.
func (s *session) drop(ctx context.Context, key string) {
	if s.take(ctx) != nil {
		return // the next call finds out by itself
	}
	defer s.give()
	if s.key == key {
		s.key = ""
	}
}

// sessionKey is the key of a session that should last a while yet. Whoever comes while somebody logs in waits for that
// login, no longer than its own context. A refused login answers everybody for the time of lockout.
func (c *Client) sessionKey(ctx context.Context) (string, error) {
	s := &c.session
	if err := s.take(ctx); err != nil {
		return "", erp.Unavailable{Cause: err}
	}
	defer s.give()
	now := c.now()
	if s.key != "" && now.Before(s.renewAt) {
		return s.key, nil
	}
	if s.refusal != nil && now.Before(s.refusedUntil) {
		return "", s.refusal
	}
	key, length, err := c.verifyUser(ctx)
	if err != nil {
		if final(err) {
			s.key, s.refusal, s.refusedUntil = "", err, now.Add(lockout)
		}
		return "", err
	}
	s.key, s.renewAt, s.refusal = key, now.Add(length*9/10), nil
	return key, nil
}

// final tells whether logging in again would be refused again.
func final(err error) bool {
	_, unauthorized := remote.As[erp.Unauthorized](err)
	_, missing := remote.As[erp.Forbidden](err)
	return unauthorized || missing
}

// verifyUser logs in. Not one word of the answer is passed on in an error: it holds the session key.
func (c *Client) verifyUser(ctx context.Context) (key string, length time.Duration, err error) {
	got, err := c.exchange(ctx, url.Values{
		"request":       {"verifyUser"},
		"username":      {c.cfg.Username},
		"password":      {c.cfg.Password},
		"sessionLength": {strconv.Itoa(int(sessionLength / time.Second))},
	}, callCost, false)
	if over, ok := remote.As[sessionOver](err); ok {
		return "", 0, over.final
	}
	if err != nil {
		return "", 0, err
	}
	var users []struct {
		SessionKey    Text `json:"sessionKey"`
		SessionLength Text `json:"sessionLength"`
	}
	if json.Unmarshal(got.Records, &users) != nil || len(users) == 0 || users[0].SessionKey == "" {
		return "", 0, erp.Unavailable{Cause: errors.New("the answer holds no session key")}
	}
	length = sessionLength
	if seconds, err := users[0].SessionLength.integer(); err == nil && seconds > 0 {
		length = min(time.Duration(min(seconds, 1<<20))*time.Second, longestLength)
	}
	c.secrets.AddSession(string(users[0].SessionKey))
	return string(users[0].SessionKey), length, nil
}
