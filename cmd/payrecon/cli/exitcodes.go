package cli

import (
	"strconv"

	"payrecon/internal/report"
	"payrecon/workflows"
)

// Exit codes. They are part of what scripts rely on.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitExceptions  = 3
	exitApproval    = 4
	exitWouldWrite  = 5
	exitInterrupted = 130 // what shells report for a program that Ctrl-C ended
)

// status ends the program with a code when everything has been said already.
type status int

func (s status) Error() string { return "exit code " + strconv.Itoa(int(s)) }

// ended is the status of a run that ended with a report. Of several that fit, the one that needs a person first counts.
func ended(r report.Report) error {
	switch {
	case r.Outcome == report.NeedsApproval:
		return status(exitApproval)
	case r.Outcome == report.Stopped:
		return status(exitError)
	case r.Mode == workflows.ModePlan && r.Writes() > 0:
		return status(exitWouldWrite)
	case r.Outcome == report.Exceptions:
		return status(exitExceptions)
	case r.Outcome == report.Agreed:
		return nil
	}
	return status(exitError) // an outcome of a newer worker: not known to be good
}
