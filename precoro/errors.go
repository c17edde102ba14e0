package precoro

import "payrecon/internal/remote"

// The errors of this package, to be found with errors.As. Reads fail as Unavailable where it may pass, writes as NotSent
// or OutcomeUnknown; the others say that nothing was carried out. An argument that cannot be sent is Refused with Code
// "input".
type (
	Unauthorized   = remote.Unauthorized
	Forbidden      = remote.Forbidden
	NotFound       = remote.NotFound
	Refused        = remote.Refused
	Throttled      = remote.Throttled
	Unavailable    = remote.Unavailable
	NotSent        = remote.NotSent
	OutcomeUnknown = remote.OutcomeUnknown
)

// badInput is an argument that was not sent.
func badInput(field, text string) error { return Refused{Field: field, Text: text, Code: "input"} }
