package cli

const description = `Keeps payments equal between Precoro and an ERP.

A payment that exists on one side only is created on the other. Workers do it, through Temporal: start one or more with
"payrecon worker", then start runs with "payrecon run", a Temporal schedule, or the Temporal UI (workflow type
ReconcilePayments).

Examples:

    payrecon check                      # can both sides be reached with these credentials?
    payrecon plan                       # what would be done, and nothing is written
    payrecon run --company acme         # do it
    payrecon run --invoice 1042,1043    # only these invoices
    payrecon schedule set               # and from now on every 15 minutes
    payrecon plan -o json | jq .digest

Exit codes:

    0    Precoro and the ERP agree; check: both can be reached
    1    error, or the run was stopped before its end; check: a side cannot be reached or refuses
    2    wrong usage
    3    exceptions are open: differences that a person must settle
    4    the plan is over the company's caps and needs approval
    5    a plan that would write
    130  interrupted while waiting; the run goes on

Environment:

    PAYRECON_CONFIG      the configuration file; default: payrecon.toml here
    TEMPORAL_ADDRESS     Temporal's frontend; default: localhost:7233
    TEMPORAL_NAMESPACE   its namespace; default: default
    TEMPORAL_API_KEY, TEMPORAL_TLS..., TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE
                         as in Temporal's own programs
    NO_COLOR             no colors`

const exitCodesHelp = `Exit codes: 0 agreement, 1 error or stopped, 2 wrong usage, 3 exceptions are open, 4 needs approval, 5 a plan that would
write, 130 interrupted (the run goes on).`

// Help is what `payrecon check --help` says beside the flags.
func (checkCommand) Help() string {
	return `Reads the configuration with its secrets, as a worker does, and asks Precoro and the ERP of each company what they show: at
most two requests a side, and only reads. Neither Temporal nor a worker is needed.

A side that is busy (a quota is used up) counts as reached: that says nothing against the credentials. Precoro refuses the
same request twice within a minute, so a second check right after the first finds it busy.

Warnings name what was reached and does not show what a run needs: no invoice is visible, no invoice has a bill, rows that
cannot be read, a clock that is off.

Examples:

    payrecon check
    payrecon check --company acme -o json

Exit codes: 0 both sides can be reached (busy and with warnings, too), 1 one cannot be reached or refuses, 2 wrong usage,
130 interrupted.`
}

// Help is what `payrecon run --help` says beside the flags.
func (runCommand) Help() string {
	return `Starts a workflow of type ReconcilePayments, waits for its report and prints it to stdout. A worker must be running
somewhere; this machine needs the address of Temporal and no secrets but the encryption keys, if the worker has any. Runs
of one company wait for each other.

Meanwhile stderr shows what the run is doing, and why it waits: on a terminal in a few lines that are drawn again in place, else
in a line when something else begins, and one a minute.

Ctrl-C detaches: the run goes on, and --attach comes back to it. To stop a run: temporal workflow cancel -w ID.

If a plan is over the company's caps nothing is written; look at it, then run again with the digest it shows.

Examples:

    payrecon run
    payrecon run --company acme --scope deep
    payrecon run --invoice 1042 --invoice 1043 --direction to_erp
    payrecon run --approve 9f2c0a1b9f2c0a1b
    payrecon run --attach reconcile-acme-20260314T101500Z-k3x9qz

` + exitCodesHelp
}

// Help is what `payrecon plan --help` says beside the flags.
func (planCommand) Help() string {
	return `Starts a run that reads everything, decides, and writes nothing. Its report says what a run would do; its digest is what
"payrecon run --approve" wants if the plan is over the caps.

Examples:

    payrecon plan
    payrecon plan --company acme --since 2026-03-01T00:00:00Z -o json

` + exitCodesHelp
}

// Help is what `payrecon worker --help` says beside the flags.
func (workerCommand) Help() string {
	return `Reads the configuration with its secrets, and polls Temporal until it is told to stop. Any number of workers may run at
the same time: one run a company, one request at a time, holds across all of them.

SIGTERM and SIGINT stop it gracefully: what has begun is finished, which takes up to a minute. A second signal ends it at
once; the next run finds out what became of the write that was cut off.

Logs go to stderr: readable on a terminal, JSON elsewhere.

Examples:

    payrecon worker
    payrecon worker --config /etc/payrecon/payrecon.toml
    TEMPORAL_ADDRESS=temporal:7233 TEMPORAL_NAMESPACE=finance payrecon worker`
}
