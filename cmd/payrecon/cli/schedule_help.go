package cli

// Help is what `payrecon schedule --help` says beside the commands.
func (scheduleCommand) Help() string {
	return `A company has one schedule, by which Temporal itself starts its runs; no machine of yours has to be up for that but a worker.
Its ID is payrecon.schedule.COMPANY, and the Temporal UI shows it, with a note in words, under Schedules. Its runs are called
reconcile-COMPANY-scheduled-TIME.

Examples:

    payrecon schedule set                                   # every company, every 15 minutes
    payrecon schedule set --company acme --every 1h
    payrecon schedule show
    payrecon schedule pause --company acme --reason "month end"
    payrecon schedule resume --company acme

Exit codes: 0 done, 1 error or there is no such schedule, 2 wrong usage, 130 interrupted.`
}

// Help is what `payrecon schedule set --help` says beside the flags.
func (scheduleSetCommand) Help() string {
	return `Makes the schedule exactly what the flags and their defaults say, whatever it was, and prints what that changed. Doing it again
changes nothing, so it may stand in what deploys the workers. Only a pause outlasts it: that is a person's decision.

A start while the schedule's last run is still going is skipped.

Examples:

    payrecon schedule set
    payrecon schedule set --company acme --every 5m --scope changes
    payrecon schedule set --company acme --every 24h --mode plan --paused`
}

// Help is what `payrecon schedule show --help` says beside the flags.
func (scheduleShowCommand) Help() string {
	return `Shows the companies of the configuration, and whatever other schedule payrecon has made. With --company it fails if there is
none.

Examples:

    payrecon schedule show
    payrecon schedule show --company acme -o json`
}
