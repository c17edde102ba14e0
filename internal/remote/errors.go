// Package remote is what every client of a remote system here shares: one vocabulary of errors, and an HTTP client that
// never re-sends, never follows, and never reads or waits without a bound.
//
// The errors say what is known about the request, and nothing about what to do next: that is decided in package
// activities alone. No error text holds a header, a form field or a query of the request.
package remote

import (
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

type (
	// Unauthorized: the credentials were refused. Nothing was carried out.
	Unauthorized struct{ Text string }

	// Forbidden: the credentials are known but may not do this. Nothing was carried out.
	Forbidden struct{ Text string }

	// NotFound: the document asked for does not exist, or not for these credentials.
	NotFound struct{ What string }

	// Refused: the other side understood the request and declined it for good. Nothing was carried out.
	Refused struct {
		Field string // the field it complains about, "" where it names none
		Text  string // its own words, bounded
		Code  string // HTTP status or the system's own error code
	}

	// Throttled: a quota is used up. Nothing was carried out.
	Throttled struct {
		Limiter string        // its own name for the quota, "" where it gives none
		Until   time.Time     // when it lifts, by the other side's clock; zero where it does not say
		After   time.Duration // how far Until was ahead of the answer's own Date, the delay to wait
	}

	// Unavailable: a read failed in a way that may pass: network, 5xx, or an answer that cannot be read.
	Unavailable struct {
		Cause error
		// Unreadable: an answer did come, and says nothing that can be read. If it is about one document, that document
		// may be the reason, and asking for it for ever helps nobody.
		Unreadable bool
	}

	// NotSent: a write surely did not reach the other side.
	NotSent struct{ Cause error }

	// OutcomeUnknown: a write may or may not have been carried out: time-out, reset, 5xx, or an unreadable answer.
	OutcomeUnknown struct{ Cause error }

	// Stale: a write was not sent, because the document is no longer as it was when the write was decided.
	Stale struct{ What string }
)

func (e Unauthorized) Error() string { return "unauthorized: " + e.Text }
func (e Forbidden) Error() string    { return "forbidden: " + e.Text }
func (e NotFound) Error() string     { return e.What + " not found" }
func (e Stale) Error() string        { return e.What + " has changed since it was read" }

func (e Refused) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("refused (%s): %s", e.Code, e.Text)
	}
	return fmt.Sprintf("refused (%s): %s: %s", e.Code, e.Field, e.Text)
}

func (e Throttled) Error() string {
	text := "throttled"
	if e.Limiter != "" {
		text += " by " + e.Limiter
	}
	if !e.Until.IsZero() {
		text += " until " + e.Until.UTC().Format(time.RFC3339)
	}
	return text
}

func (e Unavailable) Error() string    { return "unavailable: " + e.Cause.Error() }
func (e NotSent) Error() string        { return "not sent: " + e.Cause.Error() }
func (e OutcomeUnknown) Error() string { return "outcome unknown: " + e.Cause.Error() }

func (e Unavailable) Unwrap() error    { return e.Cause }
func (e NotSent) Unwrap() error        { return e.Cause }
func (e OutcomeUnknown) Unwrap() error { return e.Cause }

// As is errors.As for the types above: `if t, ok := remote.As[remote.Throttled](err); ok`.
func As[T error](err error) (T, bool) {
	var target T
	ok := errors.As(err, &target)
	return target, ok
}

// Words bounds foreign text for an error, a log or a report: one line, printable, at most 300 bytes and a … where it was
// cut. What moves a cursor or turns the direction of reading around is a blank.
func Words(text string) string {
	const most = 300
	clean := make([]rune, 0, min(len(text), most))
	size := 0
	for _, r := range text {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			r = ' '
		}
		if size += utf8.RuneLen(r); size > most {
			return string(clean) + "…"
		}
		clean = append(clean, r)
	}
	return string(clean)
}
