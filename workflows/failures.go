package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"

	"payrecon/activities"
	"payrecon/internal/report"
)

// Types of the errors that triggers and runs fail with, beside those of activities.
const (
	NotStarted     = "NotStarted"     // the run did not begin within `wait`
	RunEnded       = "RunEnded"       // the run was terminated or timed out
	UnreadableList = "UnreadableList" // a listing that repeats itself or does not end
	TooLarge       = "TooLarge"       // more invoices than one company may have
)

func invalid(format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), string(activities.InvalidRequest), nil)
}

func invalidField(name, value, accepts string) error {
	return invalid("%s: %q is not accepted, accepted: %s", name, shown([]byte(value)), accepts)
}

// Failure is an error on its way from a run to those who wait for it.
type Failure struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// err is the failure as a workflow's error. The report of a run that had begun to write comes as its detail.
func (f Failure) err(written *report.Report) error {
	if written == nil {
		return temporal.NewNonRetryableApplicationError(f.Text, f.Type, nil)
	}
	return temporal.NewNonRetryableApplicationError(f.Text, f.Type, nil, written)
}

// lastWords decodes what a failed run had still to say, if anything.
func lastWords(err error, into *RunEnd) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.HasDetails() && application.Details(into) == nil
}

// failureOf reads why a run failed. clean is false if it was cut off, so that a write of its may still be on its way.
func failureOf(err error) (failure Failure, clean bool) {
	var application *temporal.ApplicationError
	var terminated *temporal.TerminatedError
	var timeout *temporal.TimeoutError
	switch {
	case errors.As(err, &terminated):
		return Failure{RunEnded, "the run was terminated; what it had begun is found by the next one"}, false
	case errors.As(err, &timeout):
		return Failure{RunEnded, "the run timed out: " + timeout.Error()}, false
	case errors.As(err, &application):
		return Failure{application.Type(), application.Message()}, true
	}
	return Failure{RunEnded, err.Error()}, false
}
