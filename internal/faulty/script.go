// Package faulty plays faults around a server that is somebody else's: between it and a client in the same process
// (Transport), or on the wire before it (Proxy). What the server does with a request that reaches it is its own.
package faulty

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Kind says what goes wrong with one request.
type Kind string

// The kinds of fault. The request is carried out, and its answer never arrives as it was, with those down to TooLong;
// nothing reaches the server with the others.
const (
	LostAnswer Kind = "lost_answer" // the connection is reset after the server answered
	Cut        Kind = "cut"         // half of the answer arrives
	Slow       Kind = "slow"        // the answer is held back for Delay, or until the client has left
	BadGateway Kind = "bad_gateway" // HTTP 502
	HTML       Kind = "html"        // a page with status 200 instead of the answer
	TooLong    Kind = "too_long"    // the answer goes on with more blanks than remote.MaxBody

	Refused      Kind = "refused"      // no connection: a *net.OpError of "dial"; from a Proxy, which has accepted one, a reset
	Reset        Kind = "reset"        // the connection is reset
	Unauthorized Kind = "unauthorized" // HTTP 401 with an empty body
	Throttled    Kind = "throttled"    // HTTP 429, Retry-After being Delay in whole seconds
	ServerError  Kind = "server_error" // HTTP 500
	Answer       Kind = "answer"       // exactly Status (0 is 200) and Body
)

// Kinds are all of them, in the order above.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	LostAnswer, Cut, Slow, BadGateway, HTML, TooLong, Refused, Reset, Unauthorized, Throttled, ServerError, Answer,
}

// CarriedOut tells whether the request reaches the server all the same.
func (k Kind) CarriedOut() bool { return slices.Index(kinds, k) <= slices.Index(kinds, TooLong) }

// Match picks requests, by all but their body and by the first MiB of that. It must not read the request's own body.
type Match func(r *http.Request, body []byte) bool

// Fault is something that goes wrong with one or more requests.
type Fault struct {
	Kind  Kind
	Match Match // nil is any request
	After int   // let so many such requests pass first
	Times int   // how many then meet it; 0 is one
	Delay time.Duration

	Status int
	Body   string
}

// Script is what is going to happen to requests, and what has. It may be used by several goroutines.
type Script struct {
	mu       sync.Mutex
	faults   []*Fault
	before   []*hook
	after    []*hook
	counters []*counter
	campaign *campaign
	met      map[Kind]int
}

type hook struct {
	match Match
	do    func()
}

type counter struct {
	match Match
	n     atomic.Int64
}

// campaign lets one of its faults happen to so many of a thousand requests.
type campaign struct {
	random   *rand.Rand
	perMille int
	faults   []Fault
}

// Fail scripts a fault. A request meets at most one: the first that was scripted for it.
func (s *Script) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, &f)
}

// Before lets somebody act, once, when the next request that matches is about to go out, whatever then becomes of it. It is
// called without a lock: what it asks for itself may meet faults too.
func (s *Script) Before(match Match, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = append(s.before, &hook{match, do})
}

// After lets somebody act, once, when the next request that matches has been dealt with and before its client hears of it.
func (s *Script) After(match Match, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = append(s.after, &hook{match, do})
}

// Count returns how many requests that match have come since; nil is any request.
func (s *Script) Count(match Match) func() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &counter{match: match}
	s.counters = append(s.counters, c)
	return func() int { return int(c.n.Load()) }
}

// Campaign lets one of the faults, drawn by the seed, happen to so many of a thousand requests that it matches, until Calm.
// What is scripted by Fail comes first.
func (s *Script) Campaign(seed uint64, perMille int, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.campaign = &campaign{rand.New(rand.NewPCG(seed, seed)), perMille, slices.Clone(faults)} //nolint:gosec // it draws faults
}

// Calm takes back all faults and people that have not come yet.
func (s *Script) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.before, s.after, s.campaign = nil, nil, nil, nil
}

// Met is how many requests met each kind of fault so far.
func (s *Script) Met() map[Kind]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.met)
}

// turn is what one request meets.
type turn struct {
	fault         Fault // of no Kind: none
	before, after []func()
}

func (s *Script) meet(r *http.Request, body []byte) turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	fits := func(match Match) bool { return match == nil || match(r, body) }
	for _, c := range s.counters {
		if fits(c.match) {
			c.n.Add(1)
		}
	}
	t := turn{fault: s.strike(fits)}
	s.before, t.before = called(s.before, fits)
	s.after, t.after = called(s.after, fits)
	if t.fault.Kind != "" {
		if s.met == nil {
			s.met = map[Kind]int{}
		}
		s.met[t.fault.Kind]++
	}
	return t
}

// strike uses up the fault that the request meets, and one of the requests that others let pass.
func (s *Script) strike(fits func(Match) bool) Fault {
	var hit *Fault
	for _, f := range s.faults {
		switch {
		case !fits(f.Match):
		case f.After > 0:
			f.After--
		case hit == nil:
			hit = f
		}
	}
	if hit == nil {
		return s.campaign.draw(fits)
	}
	hit.Times--
	s.faults = slices.DeleteFunc(s.faults, func(f *Fault) bool { return f.Times == 0 })
	return *hit
}

func (c *campaign) draw(fits func(Match) bool) Fault {
	if c == nil || c.random.IntN(1000) >= c.perMille {
		return Fault{}
	}
	fitting := slices.DeleteFunc(slices.Clone(c.faults), func(f Fault) bool { return !fits(f.Match) })
	if len(fitting) == 0 {
		return Fault{}
	}
	return fitting[c.random.IntN(len(fitting))]
}

// called takes the hooks that fit out of the list.
func called(hooks []*hook, fits func(Match) bool) (left []*hook, due []func()) {
	for _, h := range hooks {
		if fits(h.match) {
			due = append(due, h.do)
		} else {
			left = append(left, h)
		}
	}
	return left, due
}
