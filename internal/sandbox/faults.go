package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// FaultKind says what goes wrong. The write happens, but unheard, with lost_answer, error_500_after, timeout_after, cut_body,
// empty, endless and malformed, and later than anybody waits with late; nothing happens with the others, except that slow is
// carried out after the delay, even if the client has hung up by then, and twice is twice carried out.
type FaultKind string

// The kinds of fault.
const (
	LostAnswer     FaultKind = "lost_answer"      // carried out, then the connection is closed
	Reset          FaultKind = "reset"            // the connection is closed before anything happened
	Refused        FaultKind = "refused"          // no connection; over a real socket the same as reset
	Error500Before FaultKind = "error_500_before" // HTTP 500, nothing happened
	Error500After  FaultKind = "error_500_after"  // HTTP 500, carried out
	CutBody        FaultKind = "cut_body"         // carried out, half of the answer arrives
	HTML           FaultKind = "html"             // a gateway's page with status 200, nothing happened
	Empty          FaultKind = "empty"            // carried out, status 200 without a body
	Endless        FaultKind = "endless"          // carried out, a body without end
	Malformed      FaultKind = "malformed"        // carried out, a complete answer that is no JSON
	Throttle       FaultKind = "throttle"         // refused as the limiters do, for Delay (60 s); Erply: 1002, or with Status 429 its page
	Slow           FaultKind = "slow"             // carried out after Delay
	Body           FaultKind = "body"             // exactly Body with Status (200), nothing happened

	// No answer ever comes. A socket is held in silence until the client hangs up; in process the client learns at once that it
	// has waited too long, so that nobody waits.
	Timeout      FaultKind = "timeout"       // nothing happened
	TimeoutAfter FaultKind = "timeout_after" // carried out
	// Late is no answer either, and the write is carried out Delay later by the sandbox's clock, as at that time: before whatever
	// then comes first, be it a request, a look or an act of a person. A write that would be refused by then does nothing. No
	// limit is charged again.
	Late FaultKind = "late"
	// Twice is a gateway that sends again: a write is carried out twice, charged once, and answered as it was the first time.
	Twice FaultKind = "twice"
)

// Fault is something that goes wrong with one or more requests. Requests that the limiters refuse do not count.
type Fault struct {
	Side   string        `json:"side"`             // "precoro" or "erply"
	Match  string        `json:"match,omitempty"`  // "POST /payments", "GET /invoices", "PATCH /payments", "savePurchaseDocument", "bulk", ...; "" = any
	After  int           `json:"after,omitempty"`  // let this many matching requests pass first
	Times  int           `json:"times,omitempty"`  // how many then fail; 0 = 1
	Kind   FaultKind     `json:"kind"`             //
	Delay  time.Duration `json:"delay,omitempty"`  // slow, throttle, late
	Body   string        `json:"body,omitempty"`   // body
	Status int           `json:"status,omitempty"` // body, throttle
}

const (
	maxSlow = 90 * time.Second   // keeps scripted delays below the server's time-outs
	maxLate = 7 * 24 * time.Hour // nobody waits for it
)

var faultKinds = []FaultKind{
	LostAnswer, Reset, Refused, Error500Before, Error500After, CutBody, HTML, Empty, Endless, Malformed, Throttle, Slow, Body,
	Timeout, TimeoutAfter, Late, Twice,
}

// FaultKinds are all kinds.
func FaultKinds() []FaultKind { return slices.Clone(faultKinds) }

// UnmarshalJSON reads a fault strictly. The delay is a Go duration such as "1.5s", or nanoseconds.
func (f *Fault) UnmarshalJSON(raw []byte) error {
	type plain Fault
	wire := struct {
		*plain
		Delay json.RawMessage `json:"delay"`
	}{plain: (*plain)(f)}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("fault: something follows the object")
	}
	return f.readDelay(wire.Delay)
}

func (f *Fault) readDelay(raw json.RawMessage) error {
	if len(raw) == 0 || raw[0] != '"' {
		if len(raw) > 0 && json.Unmarshal(raw, &f.Delay) != nil {
			return fmt.Errorf("fault: delay %.40s: want a duration such as \"1.5s\" or nanoseconds", raw)
		}
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("fault: delay: %w", err)
	}
	delay, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("fault: delay: %w", err)
	}
	f.Delay = delay
	return nil
}

// completed checks the fault, and names the route in full: a fault that never meets a request would prove nothing.
func (f Fault) completed() (Fault, error) {
	routes := precoroRouteNames
	switch f.Side {
	case precoroSide:
	case erplySide:
		routes = erplyCallNames
	default:
		return f, fmt.Errorf("fault: side %.40q: want precoro or erply", f.Side)
	}
	if f.Side == precoroSide && !slices.Contains(routes, f.Match) && slices.Contains(routes, f.Match+"/{idn}") {
		f.Match += "/{idn}"
	}
	switch {
	case f.Match != "" && !slices.Contains(routes, f.Match):
		return f, fmt.Errorf("fault: match %.80q: want one of %s", f.Match, strings.Join(routes, ", "))
	case !slices.Contains(faultKinds, f.Kind):
		return f, fmt.Errorf("fault: kind %.40q: want one of %v", f.Kind, faultKinds)
	case f.After < 0 || f.Times < 0 || f.Delay < 0:
		return f, errors.New("fault: after, times and delay are at least 0")
	case f.Kind == Slow && f.Delay > maxSlow:
		return f, fmt.Errorf("fault: delay %s: want at most %s", f.Delay, maxSlow)
	case f.Kind == Late && f.Delay > maxLate:
		return f, fmt.Errorf("fault: delay %s: want at most %s", f.Delay, maxLate)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return f, fmt.Errorf("fault: status %d: want 200 to 599", f.Status)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	return f, nil
}

// Fail scripts a fault. One that cannot be is an alarm.
func (s *Sandbox) Fail(f Fault) {
	if err := s.script(f); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ledger.alarm("Fail: %v", err)
	}
}

func (s *Sandbox) script(f Fault) error {
	f, err := f.completed()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	return nil
}

// due is the fault that the next such request meets, if there is one.
func (s *Sandbox) due(side string, names []string) *Fault {
	for _, f := range s.faults {
		if f.Side == side && f.meets(names) && f.After == 0 && f.Times > 0 {
			return f
		}
	}
	return nil
}

func (f *Fault) meets(names []string) bool { return f.Match == "" || slices.Contains(names, f.Match) }

// strike uses up what the request meets: its fault, and one of the requests that others let pass.
func (s *Sandbox) strike(side string, names []string) *Fault {
	hit := s.due(side, names)
	for _, f := range s.faults {
		if f.Side == side && f.meets(names) && f.After > 0 {
			f.After--
		}
	}
	if hit != nil {
		hit.Times--
		s.ledger.faults[side][string(hit.Kind)]++
	}
	s.faults = slices.DeleteFunc(s.faults, func(f *Fault) bool { return f.Times == 0 })
	return hit
}

// refuseConnection tells whether the request never arrives: then it counts nowhere.
func (s *Sandbox) refuseConnection(side string, names []string) bool {
	s.mu.LockToLook()
	defer s.mu.Unlock()
	f := s.due(side, names)
	if f == nil || f.Kind != Refused {
		return false
	}
	s.strike(side, names)
	return true
}

const gatewayPage = "<!DOCTYPE html><html><head><title>Just a moment</title></head><body>Please wait while we check your connection.</body></html>"

// instead is the answer of a fault that comes before anything happened, nil for the kinds that come after it.
func (f *Fault) instead(now time.Time) *reply {
	switch f.Kind {
	case Reset:
		return &reply{broken: brokenReset}
	case Timeout:
		return &reply{broken: brokenSilent}
	case Error500Before:
		return serverError()
	case HTML:
		return &reply{status: 200, contentType: htmlType, body: []byte(gatewayPage)}
	case Throttle:
		return f.throttle(now)
	case Body:
		return &reply{status: orStatus(f.Status, 200), contentType: jsonType, body: []byte(f.Body)}
	default:
		return nil
	}
}

func (f *Fault) throttle(now time.Time) *reply {
	delay := f.Delay
	if delay == 0 {
		delay = time.Minute
	}
	switch {
	case f.Side == precoroSide:
		r := tooMany(refusal{kind: routeLimiter, limit: 60, until: now.Add(delay)})
		return &r
	case f.Status == 429:
		r := erplyTurnedAway()
		return &r
	}
	r := erplyError(now, "", erplyFailure{code: 1002})
	return &r
}

// spoils tells whether the client does not learn what became of a request that was carried out.
func (f *Fault) spoils() bool {
	return slices.Contains([]FaultKind{LostAnswer, Error500After, TimeoutAfter, CutBody, Empty, Endless, Malformed}, f.Kind)
}

// spoil is what is left of the answer.
func (f *Fault) spoil(r reply) reply {
	switch f.Kind {
	case LostAnswer:
		r.broken = brokenReset
	case TimeoutAfter:
		r.broken = brokenSilent
	case Error500After:
		return *serverError()
	case CutBody:
		r.broken = brokenCut
	case Empty:
		r.status, r.body = 200, nil
	case Endless:
		r.broken = brokenEndless
	case Malformed:
		r.body = r.body[:len(r.body)/2]
	default:
	}
	return r
}

func serverError() *reply {
	return &reply{status: 500, contentType: htmlType, body: []byte("<html><body><h1>Internal Server Error</h1></body></html>")}
}

func orStatus(status, fallback int) int {
	if status == 0 {
		return fallback
	}
	return status
}
