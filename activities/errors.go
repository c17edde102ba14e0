package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"payrecon/internal/remote"
)

// Kind is the type of the ApplicationError that an activity fails with.
type Kind string

// Kinds. Workflows decide by them; nothing else says what an error means.
const (
	Unauthorized   Kind = "Unauthorized"   // credentials refused: the run ends
	Forbidden      Kind = "Forbidden"      // credentials may not do this: the run ends
	NotFound       Kind = "NotFound"       // the document is not there
	Refused        Kind = "Refused"        // declined for good: an exception
	Throttled      Kind = "Throttled"      // a read waits for the quota
	Unavailable    Kind = "Unavailable"    // a read failed in a way that may pass
	Unreadable     Kind = "Unreadable"     // one document's answer could not be read, several times: an exception
	NotSent        Kind = "NotSent"        // a write surely not carried out
	StaleRead      Kind = "StaleRead"      // a write not sent, because what it was decided on is too old
	Unknown        Kind = "Unknown"        // a write whose outcome nobody knows
	InvalidRequest Kind = "InvalidRequest" // the request names something that does not exist
)

// Failure is the detail of every ApplicationError here.
type Failure struct {
	Side     string        `json:"side,omitempty"`
	Text     string        `json:"text"`
	Wait     time.Duration `json:"wait,omitempty"`    // Throttled, NotSent: how long until it makes sense to send again
	Limiter  string        `json:"limiter,omitempty"` // Throttled, NotSent: which quota is used up, in the other side's words
	Requests int           `json:"requests,omitempty"`
	Cost     int           `json:"cost,omitempty"`   // thousandths of a request of the ERP's quota
	RunID    string        `json:"run_id,omitempty"` // StaleRead: what the run is called since it was reset
}

// throttleMargin is added to what a quota asks for: its stamp has whole seconds, and so has the Date it is compared with.
const throttleMargin = 2 * time.Second

// LongWait is from when on a read that meets a quota is handed back to the workflow: the quotas of an hour and of a day
// are waited out where people see it, and where it is counted. Shorter ones are Temporal's to retry.
const LongWait = 2 * time.Minute

// fault is an error on its way to Temporal.
type fault struct {
	kind    Kind
	side    string
	text    string
	wait    time.Duration
	limiter string
	used    usage
	runID   string
}

func (f fault) failure() Failure {
	return Failure{Side: f.side, Text: f.text, Wait: f.wait, Limiter: f.limiter, Requests: f.used.requests, Cost: f.used.cost, RunID: f.runID}
}

// final makes an error that Temporal does not retry.
func (f fault) final() error {
	return temporal.NewApplicationErrorWithOptions(f.text, string(f.kind), temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{f.failure()},
	})
}

// retryable makes an error that Temporal retries: after f.wait if set, else as the activity's options say.
func (f fault) retryable() error {
	return temporal.NewApplicationErrorWithOptions(f.text, string(f.kind), temporal.ApplicationErrorOptions{
		NextRetryDelay: f.wait, Details: []any{f.failure()},
	})
}

// readError and writeError are the table of retries: every error of every client, for a call that may be repeated and
// for one that may not.
//
//	error            read                      write
//	Unauthorized     final                     final
//	Forbidden        final                     final
//	NotFound         final                     final (Refused)
//	Refused          final                     final
//	Throttled        retried when it lifts,    NotSent
//	                 final if that is long
//	Unavailable      retried                   Unknown
//	NotSent          retried                   NotSent
//	Stale            retried                   StaleRead
//	OutcomeUnknown   retried                   Unknown
//	anything else    retried                   Unknown
//
// What Precoro has throttled is not asked for again before the same GET may be repeated, however soon the quota lifts:
// whether a GET that was refused counts as one that was sent, Precoro does not say.
func (c Company) readError(side string, used usage, err error) error {
	f := classify(side, used, err)
	switch f.kind {
	case Unauthorized, Forbidden, NotFound, Refused, InvalidRequest:
		return f.final()
	case Throttled:
		if f.wait > LongWait {
			return f.final()
		}
		if f.wait > 0 && side == SidePrecoro {
			f.wait = max(f.wait, c.Settings.SameGet)
		}
		return f.retryable()
	default:
		f.kind, f.wait = Unavailable, 0
		return f.retryable()
	}
}

// maxUnreadable is how often one document is asked for whose answer cannot be read.
const maxUnreadable = 3

// documentError is readError for a call about one document: what nobody can read must not keep the others waiting.
func (c Company) documentError(ctx context.Context, side string, used usage, err error) error {
	unavailable, ok := remote.As[remote.Unavailable](err)
	if !ok || !unavailable.Unreadable || activity.GetInfo(ctx).Attempt < maxUnreadable {
		return c.readError(side, used, err)
	}
	f := classify(side, used, err)
	f.kind = Unreadable
	return f.final()
}

func writeError(side string, used usage, err error) error {
	return writeFault(side, used, err).final()
}

func writeFault(side string, used usage, err error) fault {
	f := classify(side, used, err)
	switch f.kind {
	case NotFound:
		f.kind = Refused
	case Throttled:
		f.kind = NotSent
	case Unavailable:
		f.kind = Unknown
	default:
	}
	return f
}

// classify names the kind of a client's error.
func classify(side string, used usage, err error) fault {
	f := fault{side: side, used: used, text: sideName(side) + ": " + err.Error(), kind: Unknown}
	if throttled, ok := remote.As[remote.Throttled](err); ok {
		f.kind, f.limiter = Throttled, throttled.Limiter
		if !throttled.Until.IsZero() {
			f.wait = throttled.After + throttleMargin
		}
		return f
	}
	for _, known := range []struct {
		kind Kind
		is   func(error) bool
	}{
		{Unauthorized, is[remote.Unauthorized]},
		{Forbidden, is[remote.Forbidden]},
		{NotFound, is[remote.NotFound]},
		{Refused, is[remote.Refused]},
		{NotSent, is[remote.NotSent]},
		{StaleRead, is[remote.Stale]},
		{Unknown, is[remote.OutcomeUnknown]},
		{Unavailable, is[remote.Unavailable]},
	} {
		if known.is(err) {
			f.kind = known.kind
			return f
		}
	}
	return f
}

func is[T error](err error) bool {
	_, ok := remote.As[T](err)
	return ok
}

func sideName(side string) string {
	if side == SidePrecoro {
		return "Precoro"
	}
	return "ERP"
}

// KindOf reads an activity's error in a workflow. Temporal's own time-outs are Unknown: the request may have been sent.
// ok is false for what is neither, such as a cancellation.
func KindOf(err error) (kind Kind, detail Failure, ok bool) {
	var timeout *temporal.TimeoutError
	var application *temporal.ApplicationError
	switch {
	case errors.As(err, &application):
		detail.Text = application.Message()
		if application.HasDetails() {
			if decodeErr := application.Details(&detail); decodeErr != nil {
				detail = Failure{Text: application.Message()}
			}
		}
		return Kind(application.Type()), detail, true
	case errors.As(err, &timeout):
		return Unknown, Failure{Text: "no answer: " + timeout.Error()}, true
	}
	return "", Failure{}, false
}
