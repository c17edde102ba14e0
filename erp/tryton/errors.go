package tryton

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// fieldDatabase is the key of the configuration.
const fieldDatabase = "database"

// notSent is the code of what is refused here, before anything is sent.
const notSent = "not sent"

func refuse(field, format string, args ...any) error {
	return erp.Refused{Field: field, Text: remote.Words(fmt.Sprintf(format, args...)), Code: notSent}
}

// uncertain is an exchange of which nothing more is known than that it did not end well.
func uncertain(write bool, cause error) error {
	if write {
		return erp.OutcomeUnknown{Cause: cause}
	}
	return erp.Unavailable{Cause: cause}
}

// unreadable: an answer came, and says nothing that can be read.
func unreadable(write bool, cause error) error {
	if write {
		return erp.OutcomeUnknown{Cause: cause}
	}
	return erp.Unavailable{Cause: cause, Unreadable: true}
}

// sessionOver says that the session was not accepted and nothing was carried out. It does not leave the package: final is
// what it means if a new session is not accepted either.
type sessionOver struct{ final error }

func (e sessionOver) Error() string { return e.final.Error() }

// What Tryton calls the errors that it raises on purpose: then nothing was carried out.
const (
	userError   = "UserError"            // it declines
	userWarning = "UserWarning"          // it asks whether to go on
	concurrency = "ConcurrencyException" // somebody has changed the record
	loginNeeded = "LoginException"       // it asks for another proof, such as a code
)

// fault is what an error in an answer means: a kind, and what there is to it.
func fault(raw json.RawMessage, at time.Time, write bool) error {
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return unreadable(write, errors.New("the error is not of the expected kind"))
	}
	if len(parts) == 0 { // RateLimitException has no words
		return throttled(at, throttle)
	}
	var kind string
	if json.Unmarshal(parts[0], &kind) != nil {
		return unreadable(write, errors.New("the error is not of the expected kind"))
	}
	var said []any
	if len(parts) > 1 {
		said = words(parts[1])
	}
	switch kind {
	case userError:
		return declinedFor(sentence(said, 0, 1), write)
	case userWarning:
		// Somebody would have to answer yes. Who that is, is not for a machine to say.
		return erp.Refused{Code: userWarning, Text: sentence(said, 1, 2)}
	case loginNeeded:
		return erp.Unauthorized{Text: sentence(said, 1)}
	case concurrency:
		if write {
			return erp.Stale{What: "the record in Tryton"}
		}
		return erp.Unavailable{Cause: errors.New(concurrency)}
	}
	return crash(kind, write)
}

// Two of Tryton's reasons are told by their words, which it has in English here: its errors have no codes.
var (
	noRight = regexp.MustCompile(`^You are not allowed to (access|execute wizard) |^Calling button .* is not allowed`)
	// Where rules say which records a user sees, one that is gone is one that it may not read.
	isGone = regexp.MustCompile(`^You are (trying to (read|write to)|not allowed to read) records `)
)

func declinedFor(reason string, write bool) error {
	switch {
	case noRight.MatchString(reason):
		return erp.Forbidden{Text: reason}
	case write && isGone.MatchString(reason):
		return erp.Stale{What: "the record in Tryton"}
	}
	return erp.Refused{Code: userError, Text: reason}
}

// words are what an error has to say: a text or a list of texts.
func words(raw json.RawMessage) []any {
	var list []any
	if decode(raw, &list) != nil {
		return nil
	}
	return list
}

// sentence puts the chosen words into one line. The rest is left out: a domain error drags thousands of bytes along.
func sentence(said []any, places ...int) string {
	var parts []string
	for _, i := range places {
		if i < len(said) {
			if text, ok := said[i].(string); ok && text != "" {
				parts = append(parts, text)
			}
		}
	}
	return remote.Words(strings.Join(parts, " "))
}

// unknownName is what Python says of a model or a field that is not there: its name, quoted.
var unknownName = regexp.MustCompile(`^'[A-Za-z0-9_.]{1,120}'$`)

// crash is an exception that nobody raised on purpose; its text is Python's. It may come from the very end of the
// transaction, or from behind it, so that nobody knows what became of a write; unless the database says that it gave up.
func crash(text string, write bool) error {
	cause := fmt.Errorf("exception in Tryton: %q", remote.Words(text))
	switch {
	case write && (strings.Contains(text, "could not serialize access") || strings.Contains(text, "deadlock detected")):
		return erp.NotSent{Cause: cause}
	case !write && unknownName.MatchString(text):
		return erp.Refused{Code: "KeyError", Text: fmt.Sprintf("Tryton does not know %s: is a module missing?", text)}
	}
	return uncertain(write, cause)
}

const (
	// throttle is for how long nothing is sent after Tryton, or a proxy before it, said that it is too much.
	throttle = time.Minute
	// maxThrottle bounds what an answer may ask for.
	maxThrottle = time.Hour
)

func throttled(at time.Time, wait time.Duration) error {
	limit := erp.Throttled{Limiter: "Tryton's limit", After: wait}
	if !at.IsZero() {
		limit.Until = at.Add(wait)
	}
	return limit
}

// httpError is what an answer means that is not JSON-RPC.
func httpError(response remote.Response, write bool) error {
	text := fmt.Sprintf("HTTP %d %s", response.Status, http.StatusText(response.Status))
	switch status := response.Status; {
	case status == http.StatusUnauthorized:
		return sessionOver{final: erp.Unauthorized{Text: text}}
	case status == http.StatusForbidden: // of a method that is not for clients, or by a proxy
		return erp.Forbidden{Text: text}
	case status == http.StatusNotFound && write:
		return erp.NotSent{Cause: errors.New(text)}
	case status == http.StatusNotFound:
		return erp.Refused{Field: fieldDatabase, Text: "there is no such database at this url, or it cannot be reached now", Code: text}
	case status == http.StatusTooManyRequests:
		wait := throttle
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
			wait = min(time.Duration(min(seconds, int(maxThrottle/time.Second)))*time.Second, maxThrottle)
		}
		return throttled(response.Date, wait)
	case status == http.StatusConflict: // the words of a warning, in the other protocol
		return erp.Refused{Text: "Tryton asks whether to go on", Code: userWarning}
	case status == http.StatusLocked && write:
		return erp.Stale{What: "the record in Tryton"}
	case status == http.StatusLocked, status == http.StatusRequestTimeout,
		status < http.StatusMultipleChoices, status >= http.StatusInternalServerError:
		return uncertain(write, fmt.Errorf("%s with %d bytes that are no answer of Tryton's", text, len(response.Body)))
	case status < http.StatusBadRequest:
		return erp.Refused{Field: "url", Text: "is answered with a redirect, which is not followed", Code: text}
	}
	return erp.Refused{Text: "the answer is not Tryton's", Code: text}
}
