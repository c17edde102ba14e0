package sandbox

import (
	"slices"
	"time"
)

// FaultKind says what goes wrong. The write happens, but unheard, with lost_answer, error_500_after, timeout_after, cut_body,
// empty, endless and malformed, and later than anybody waits with late. It happens and is told of with slow, drip, twice,
// reordered and lying_total, with slow after the delay even if the client has hung up by then. A part of it happens with
// expire_session and part_fails. Nothing happens with the others.
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
	Throttle       FaultKind = "throttle"         // refused as the Limiter does; Precoro's stamp is Delay (60 s) away
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

	// Drip is carried out, and answered a byte at a time: over a socket with Delay between two of them, in process without.
	Drip FaultKind = "drip"
	// ExpireSession ends Erply's session in the middle. The first half of a bulk's parts is carried out, and the others fail as
	// without a session; of a single part or call nothing is carried out. Whoever logs in again has a new session.
	ExpireSession FaultKind = "expire_session"
	// PartFails refuses every second part of a bulk of Erply, from the first on, with the error code in Status (1016), and
	// carries out the others. What comes alone is refused as a whole.
	PartFails FaultKind = "part_fails"
	// Reordered is carried out, and the rows of the answer come in reverse order: of Precoro's listings, of Erply's records,
	// and the parts of a bulk, which keep their requestIDs.
	Reordered FaultKind = "reordered"
	// LyingTotal is carried out, and the answer says that there are Off (1) more rows in all than there are: by total in
	// Precoro's pagination, whose other fields stay true, and by recordsTotal in Erply.
	LyingTotal FaultKind = "lying_total"
	// Echo is Status (400) with a text that repeats the request's credentials, as they are, URL-encoded and in base64: Precoro's
	// token and e-mail address, Erply's sessionKey, username, password and clientCode. Nothing happened.
	Echo FaultKind = "echo"
)

// Fault is something that goes wrong with one or more requests: those that match, and that its kind can happen to. Requests
// that the limiters refuse do not count.
type Fault struct {
	Side    string        `json:"side"`              // "precoro" or "erply"
	Match   string        `json:"match,omitempty"`   // "POST /payments", "GET /invoices", "PATCH /payments", "savePurchaseDocument", "bulk", ...; "" = any
	After   int           `json:"after,omitempty"`   // let this many such requests pass first
	Times   int           `json:"times,omitempty"`   // how many then fail; 0 = 1
	Kind    FaultKind     `json:"kind"`              //
	Delay   time.Duration `json:"delay,omitempty"`   // slow, throttle, late, drip
	Body    string        `json:"body,omitempty"`    // body
	Status  int           `json:"status,omitempty"`  // body, echo; part_fails: Erply's error code; throttle of Erply: 429 is limiter "burst"
	Limiter string        `json:"limiter,omitempty"` // throttle: "second" (default), "same_get", "hour", "day"; Erply: "hour" (default; 1002), "burst" (HTTP 429)
	Off     int           `json:"off,omitempty"`     // lying_total; may be negative
}

var faultKinds = []FaultKind{
	LostAnswer, Reset, Refused, Error500Before, Error500After, CutBody, HTML, Empty, Endless, Malformed, Throttle, Slow, Body,
	Timeout, TimeoutAfter, Late, Twice, Drip, ExpireSession, PartFails, Reordered, LyingTotal, Echo,
}

// FaultKinds are all kinds.
func FaultKinds() []FaultKind { return slices.Clone(faultKinds) }

// Limiters are those of a side that a throttle can be of, the default first.
func Limiters(side string) []string { return slices.Clone(limiters[side]) }

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

// Counted is the name that Counters.Faults counts the fault by: its kind, and of throttle also the limiter, as each of them
// asks something else of a client.
func (f *Fault) Counted() string {
	if f.Kind == Throttle {
		return string(f.Kind) + "_" + f.Limiter
	}
	return string(f.Kind)
}

// is may be asked where there is no fault.
func (f *Fault) is(kind FaultKind) bool { return f != nil && f.Kind == kind }

func (f *Fault) meets(names []string) bool {
	return (f.Match == "" || slices.Contains(names, f.Match)) && f.canHappen(names...)
}

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
		s.ledger.faults[side][hit.Counted()]++
	}
	s.faults = slices.DeleteFunc(s.faults, func(f *Fault) bool { return f.Times == 0 })
	return hit
}

// refuseConnection is the fault by which the request never arrives, so that it counts nowhere; nil if it arrives.
func (s *Sandbox) refuseConnection(side string, names []string) *Fault {
	s.mu.LockToLook()
	defer s.mu.Unlock()
	if !s.due(side, names).is(Refused) {
		return nil
	}
	return s.strike(side, names)
}
