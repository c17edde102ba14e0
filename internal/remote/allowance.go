package remote

import (
	"context"
	"errors"
	"sync/atomic"
)

// ErrAllowance is why a request was not sent: its context's Allowance is used up.
var ErrAllowance = errors.New("no further request is allowed here")

// Allowance bounds the requests of one context, whoever sends them: an adapter may log in again on its own.
type Allowance struct {
	most           int64
	sent, answered atomic.Int64
}

type allowanceKey struct{}

// WithAllowance returns a context in which at most so many requests are sent. One more is NotSent, by ErrAllowance.
func WithAllowance(ctx context.Context, most int) (context.Context, *Allowance) {
	a := &Allowance{most: int64(most)}
	return context.WithValue(ctx, allowanceKey{}, a), a
}

// Sent is how many requests were sent.
func (a *Allowance) Sent() int { return int(a.sent.Load()) }

// Answered is how many of them were answered at all, with whatever status.
func (a *Allowance) Answered() int { return int(a.answered.Load()) }

func (a *Allowance) take() bool {
	if a.sent.Add(1) <= a.most {
		return true
	}
	a.sent.Add(-1)
	return false
}
