package tryton

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// lockout is for how long a refused login is remembered and not tried again. After five failures within five minutes Tryton
// lets the user in no more, with the right password neither; four attempts an hour, by however many runs, are not that. A
// restart forgets it, so that whoever corrects the password does not wait.
const lockout = 15 * time.Minute

// session is the login that all calls share, and what is read once with it.
type session struct {
	turn chan struct{} // the one token: who holds it may use the fields below, and log in

	opened

	refusal      error // how the last login was refused
	refusedUntil time.Time
}

// opened is a session that can be used.
type opened struct {
	authorization string // the header, "" for no session
	books         *books
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

// drop forgets a session that Tryton did not accept, unless somebody has logged in since.
func (s *session) drop(ctx context.Context, authorization string) {
	if s.take(ctx) != nil {
		return // the next call finds out by itself
	}
	defer s.give()
	if s.authorization == authorization {
		s.opened = opened{}
	}
}

// open gives the session, and logs in and reads the books where there is none. Whoever comes while somebody does so waits for
// that, no longer than its own context. A refused login answers everybody for the time of lockout.
func (c *client) open(ctx context.Context) (opened, error) {
	s := &c.session
	if err := s.take(ctx); err != nil {
		return opened{}, erp.Unavailable{Cause: err}
	}
	defer s.give()
	if s.books != nil {
		return s.opened, nil
	}
	if s.authorization == "" {
		if err := c.logIn(ctx); err != nil {
			return opened{}, err
		}
	}
	books, err := c.readBooks(ctx, s.authorization)
	if over, ok := remote.As[sessionOver](err); ok {
		s.opened = opened{}
		return opened{}, over.final
	}
	if err != nil {
		return opened{}, err
	}
	s.books = &books
	return s.opened, nil
}

// logIn is for who holds the session's turn.
func (c *client) logIn(ctx context.Context) error {
	s, now := &c.session, c.now()
	if s.refusal != nil && now.Before(s.refusedUntil) {
		return s.refusal
	}
	authorization, err := c.login(ctx)
	if err != nil && final(err) {
		s.refusal, s.refusedUntil = err, now.Add(lockout)
	}
	if err != nil {
		return err
	}
	s.authorization, s.refusal = authorization, nil
	return nil
}

// final tells whether logging in again would be refused again.
func final(err error) bool {
	_, unauthorized := remote.As[erp.Unauthorized](err)
	_, forbidden := remote.As[erp.Forbidden](err)
	return unauthorized || forbidden
}

// login gives the header of a new session. Not one word of the answer is passed on in an error: it holds the session's key.
func (c *client) login(ctx context.Context) (string, error) {
	var got json.RawMessage
	_, err := c.exchange(ctx, c.cfg.Database+"/", "", call{
		method: "common.db.login", params: []any{c.cfg.Username, map[string]string{"password": c.cfg.Password}, language}, into: &got,
	})
	if over, ok := remote.As[sessionOver](err); ok {
		return "", over.final
	}
	if limit, ok := remote.As[erp.Throttled](err); ok && limit.After == throttle {
		return "", lockedOut(limit)
	}
	if err != nil {
		return "", err
	}
	var parts []json.RawMessage
	var user int64
	var key string
	if json.Unmarshal(got, &parts) != nil || len(parts) != 2 || json.Unmarshal(parts[0], &user) != nil || json.Unmarshal(parts[1], &key) != nil || key == "" {
		return "", erp.Unavailable{Cause: errors.New("the answer to the login holds no session")}
	}
	c.secrets.AddSession(key)
	token := base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("%s:%s:%s", c.cfg.Username, strconv.FormatInt(user, 10), key)))
	return "Session " + token, nil
}

// lockedOut: each attempt to log in makes it longer, so that the next one is best left for a while.
func lockedOut(limit erp.Throttled) error {
	limit.Limiter = "Tryton's limit of failed logins"
	if !limit.Until.IsZero() {
		limit.Until = limit.Until.Add(lockout - limit.After)
	}
	limit.After = lockout
	return limit
}
