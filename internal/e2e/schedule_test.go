//go:build unix

package e2e_test

import (
	"bytes"
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"payrecon/cmd/payrecon/cli"
	"payrecon/internal/config"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/internal/schedule"
	"payrecon/workflows"
)

// kept is a client that a command line may close.
type kept struct{ client.Client }

func (kept) Close() {}

// command runs one command line of the real program against the field's server, and returns its output.
func (f *field) command(t *testing.T, file string, args ...string) (stdout string) {
	t.Helper()
	var out, complaints bytes.Buffer
	p := &cli.Program{
		Stdout: &out, Stderr: &complaints, Logger: zerolog.Nop(), Now: time.Now, Patience: time.Hour, User: "alice@example.com",
		Dial: func(context.Context, []config.Secret) (cli.Temporal, error) { return kept{f.client}, nil },
	}
	require.Zero(t, p.Run(t.Context(), append(args, "--config", file)), complaints.String())
	return out.String()
}

func TestSchedulesOnARealServer(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	inv, _ := acme.pair("120.00")
	acme.AddPayment(sandbox.Payment{InvoiceID: inv.ID, Amount: "120.00"})
	f.startWorker(t)
	config := f.config(t)
	run := func(args ...string) string { return f.command(t, config, append([]string{"schedule"}, args...)...) }

	require.Equal(t, "acme: created: every 15 minutes, changes since the last run, full once a day\n", run("set"))
	require.Equal(t, "acme: unchanged: every 15 minutes, changes since the last run, full once a day\n", run("set"), "the server gives back what it was given")
	require.Equal(t, "acme: updated: every 15m → 1h, jitter 1m30s → 6m, scope auto → full\n", run("set", "--every", "1h", "--scope", "full"))
	require.Equal(t, "acme: unchanged: every hour, everything\n", run("set", "--every", "1h", "--scope", "full"))
	shown := run("show")
	require.Contains(t, shown, "acme: active; every hour, everything\n  Note      every hour, everything; set by alice on ")
	require.Contains(t, shown, "\n  Next      ")

	require.Equal(t, "acme: paused; a run that is going goes on\n", run("pause", "--reason", "month end"))
	require.Contains(t, run("show"), "acme: paused; every hour, everything\n  Note      paused by alice on ")
	started := regexp.MustCompile(`^acme: started; to wait for it: payrecon run --attach (reconcile-acme-scheduled-\S+)\n$`).FindStringSubmatch(run("run-now"))
	require.NotNil(t, started, "also while it is paused")
	got, err := await(t, f.client.GetWorkflow(t.Context(), started[1], ""))
	require.NoError(t, err)
	require.Equal(t, report.Agreed, got.Outcome)
	require.Equal(t, workflows.ScopeFull, got.Scope)
	require.Equal(t, 1, got.Created.ToERP)
	require.Contains(t, run("show"), started[1]+": agreed\n")

	require.Equal(t, "acme: resumed\n", run("resume", "--reason", "books are closed"))
	require.Contains(t, run("show"), "acme: active; every hour, everything\n  Note      every hour, everything; set by alice on ")
	require.Equal(t, "acme: deleted\n", run("delete", "--yes"))
	_, err = f.client.ScheduleClient().GetHandle(t.Context(), schedule.ID("acme")).Describe(t.Context())
	var missing *serviceerror.NotFound
	require.ErrorAs(t, err, &missing)
	require.Equal(t, "acme: unchanged: it had no schedule\n", run("delete", "--yes"))
}
