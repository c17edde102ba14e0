package check

import (
	"errors"
	"fmt"
	"time"

	"payrecon/internal/remote"
)

// Outcome is how a side took being asked.
type Outcome string

// Outcomes. OK and Busy mean that the side was reached.
const (
	OK           Outcome = "ok"
	Busy         Outcome = "busy"         // a quota is used up, which says nothing against the credentials
	Unauthorized Outcome = "unauthorized" // the credentials were refused
	Forbidden    Outcome = "forbidden"    // the credentials are known, and may not do this
	Refused      Outcome = "refused"      // it declined the request itself
	Unreachable  Outcome = "unreachable"  // no answer came
	Unreadable   Outcome = "unreadable"   // an answer came, and not one that can be used
)

// words say to people what a side does.
var words = map[Outcome]string{
	OK:           "ok",
	Busy:         "is reachable, but busy",
	Unauthorized: "refuses the credentials",
	Forbidden:    "does not allow it",
	Refused:      "refuses the request",
	Unreachable:  "cannot be reached",
	Unreadable:   "gives no usable answer",
}

// hints say what to do about an outcome.
type hints func(Outcome) string

func precoroHint(outcome Outcome) string {
	switch outcome {
	case Busy:
		return "That says nothing against the credentials; check again later. A check less than a minute ago is reason enough."
	case Unauthorized:
		return "Check email, token and url in [company.precoro]: the token is that user's, and the US has https://api.precoro.us."
	case Forbidden:
		return "Look at what the token's user may see in Precoro."
	case Unreachable:
		return "Check url in [company.precoro], and this machine's way to it."
	default:
		return "Check url in [company.precoro]: is that Precoro's API? If it is, check again later."
	}
}

func (c Company) erpHint(outcome Outcome) string {
	switch outcome {
	case Busy:
		return "That says nothing against the credentials; check again later."
	case Unauthorized:
		return "Check the login in " + c.erpTable() + " (username and password, with Erply client_code, with Tryton database). After some failed logins a user may get blocked."
	case Forbidden:
		return "Look at what the user of " + c.erpTable() + " may do in the ERP."
	case Unreachable:
		return "Check url in " + c.erpTable() + ", and this machine's way to it."
	case Refused:
		return "Check " + c.erpTable() + "."
	default:
		return "Check url in " + c.erpTable() + ": is that the ERP's API? If it is, check again later."
	}
}

// fail says how the side failed. what is what was asked for.
func (s *Side) fail(what string, err error, used *remote.Allowance, hint hints) {
	s.Outcome, s.Failed = Unreadable, what
	var (
		unauthorized remote.Unauthorized
		forbidden    remote.Forbidden
		throttled    remote.Throttled
		unavailable  remote.Unavailable
		missing      remote.NotFound // of a whole listing: the address is wrong
		refused      remote.Refused
	)
	switch {
	case errors.As(err, &throttled):
		s.Outcome, s.Until = Busy, throttled.Until
		s.Reason = busy(throttled)
	case errors.As(err, &unauthorized):
		s.Outcome, s.Reason = Unauthorized, unauthorized.Text
	case errors.As(err, &forbidden):
		s.Outcome, s.Reason = Forbidden, forbidden.Text
	case errors.As(err, &refused):
		s.Outcome, s.Reason = Refused, refused.Error()
	case errors.As(err, &missing):
		s.Outcome, s.Reason = Refused, "not found"
	case errors.As(err, &unavailable):
		s.Reason = unavailable.Cause.Error()
		if used.Answered() < used.Sent() {
			s.Outcome = Unreachable
		}
	case errors.Is(err, remote.ErrAllowance):
		s.Reason = fmt.Sprintf("after %d requests a further one was wanted, such as another login", used.Sent())
	default:
		s.Reason = err.Error()
	}
	s.Reason, s.Hint = remote.Words(s.Reason), hint(s.Outcome)
}

// busy names the limiter and when it lets go.
func busy(t remote.Throttled) string {
	reason := "a quota is used up"
	if t.Limiter != "" {
		reason = t.Limiter
	}
	if !t.Until.IsZero() {
		reason += ", until " + t.Until.UTC().Format("2006-01-02 15:04:05 MST")
	}
	if t.After > 0 {
		reason += " (" + t.After.Round(time.Second).String() + " from now)"
	}
	return reason
}
