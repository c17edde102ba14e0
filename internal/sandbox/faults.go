package sandbox

import "time"

// FaultKind says what goes wrong. The write happens, but unheard, with lost_answer, error_500_after, cut_body, empty,
// endless and malformed; nothing happens with the others, except that slow is carried out after the delay, even if the
// client has hung up by then.
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
)

// Fault is something that goes wrong with one or more requests. Requests that the limiters refuse do not count.
type Fault struct {
	Side   string        `json:"side"`             // "precoro" or "erply"
	Match  string        `json:"match,omitempty"`  // "POST /payments", "GET /invoices", "PATCH /payments", "savePurchaseDocument", "bulk", ...; "" = any
	After  int           `json:"after,omitempty"`  // let this many matching requests pass first
	Times  int           `json:"times,omitempty"`  // how many then fail; 0 = 1
	Kind   FaultKind     `json:"kind"`             //
	Delay  time.Duration `json:"delay,omitempty"`  // slow, throttle
	Body   string        `json:"body,omitempty"`   // body
	Status int           `json:"status,omitempty"` // body, throttle
}

type scripted struct{}

// Fail scripts a fault.
func (s *Sandbox) Fail(f Fault) {}
