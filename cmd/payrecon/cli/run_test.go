package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	sdk "go.temporal.io/sdk/temporal"

	"payrecon/cmd/payrecon/cli"
	"payrecon/internal/config"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

const names = `task_queue = "night"
[[company]]
name = "acme"
[company.precoro]
token = "${NOT_ON_THIS_MACHINE}"
`

func configuration(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payrecon.toml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func agreed() report.Report {
	return report.Report{Company: "acme", Mode: "apply", Scope: "full", Outcome: report.Agreed, Invoices: 3, InSync: 3}
}

func TestFlagsBecomeTheRequest(t *testing.T) {
	t.Parallel()
	s := &temporal{result: agreed()}
	got := payrecon(t, s, "run", "--config", configuration(t, names), "--company", "acme", "--scope", "changes", "--since", "2026-03-01T00:00:00Z",
		"--direction", "to_erp", "--invoice", "7,8", "--invoice", "9", "--approve", "0123456789abcdef", "--wait", "5m")

	require.Zero(t, got.code, got.stderr)
	require.Equal(t, workflows.Request{
		Company: "acme", Mode: "apply", Scope: "changes", Since: "2026-03-01T00:00:00Z", Direction: reconcile.ToERP, Invoices: []int64{7, 8, 9},
		Approve: "0123456789abcdef", Wait: "5m0s",
	}, s.request)
	require.Equal(t, "ReconcilePayments", s.kind)
	require.Equal(t, "night", s.options.TaskQueue)
	require.Regexp(t, `^reconcile-acme-20260314T101500Z-[a-z2-7]{6}$`, s.options.ID)
	require.True(t, s.options.WorkflowExecutionErrorWhenAlreadyStarted)
	require.Equal(t, "Started "+s.options.ID+". To look at it: temporal workflow show -w "+s.options.ID+"\n"+
		"Ended after 0s: 3 invoices; 0 requests to Precoro, 0 to the ERP.\n", got.stderr)
	require.Contains(t, got.stdout, "Precoro and the ERP agree.")
	require.True(t, s.closed)
}

func TestRunWithoutFlagsOrConfigurationIsTheDefault(t *testing.T) {
	t.Chdir(t.TempDir())
	s := &temporal{result: agreed()}
	require.Zero(t, payrecon(t, s, "plan").code)
	require.Equal(t, workflows.Request{Mode: "plan", Scope: "auto", Direction: reconcile.Both, Wait: "1h0m0s"}, s.request)
	require.Equal(t, "payrecon", s.options.TaskQueue)
	require.True(t, strings.HasPrefix(s.options.ID, "reconcile-default-"))
}

func TestTaskQueueAndWorkflowIDCanBeGiven(t *testing.T) {
	t.Parallel()
	s := &temporal{result: agreed()}
	require.Zero(t, payrecon(t, s, "run", "--task-queue", "mine", "--workflow-id", "monday").code)
	require.Equal(t, "mine", s.options.TaskQueue)
	require.Equal(t, "monday", s.options.ID)
}

func TestCompanyThatIsNotConfiguredIsWrongUsage(t *testing.T) {
	t.Parallel()
	path := configuration(t, names)
	s := &temporal{}
	got := payrecon(t, s, "run", "--config", path, "--company", "acne")
	require.Equal(t, console{code: 2, stderr: "payrecon: --company: \"acne\" is not in " + path + ", accepted are acme\nRun \"payrecon run --help\" to see what is accepted.\n"}, got)
	require.Empty(t, s.options.ID, "nothing was started")
}

func TestConfigurationThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"run", "worker"} {
		got := payrecon(t, &temporal{}, command, "--config", configuration(t, "company = 1"))
		require.Equal(t, 1, got.code)
		require.Contains(t, got.stderr, "payrecon.toml:1:1: company: 1 is not accepted")
	}
	require.Equal(t, 1, payrecon(t, &temporal{}, "run", "--config", "/none").code)
}

func TestReportGoesToStdoutAsJSONIfWanted(t *testing.T) {
	t.Parallel()
	s := &temporal{result: agreed()}
	got := payrecon(t, s, "run", "--task-queue", "q", "-o", "json")
	var back report.Report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &back))
	require.Equal(t, agreed(), back)
}

func TestExitCodeTellsTheOutcome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		mode    string
		outcome report.Outcome
		writes  report.Report
		code    int
	}{
		"agreed":                             {"apply", report.Agreed, report.Report{}, 0},
		"agreed after writing":               {"apply", report.Agreed, report.Report{Created: report.ByDirection{ToERP: 1}}, 0},
		"exceptions":                         {"apply", report.Exceptions, report.Report{}, 3},
		"exceptions after writing":           {"apply", report.Exceptions, report.Report{Created: report.ByDirection{ToERP: 1}}, 3},
		"needs approval":                     {"apply", report.NeedsApproval, report.Report{}, 4},
		"stopped":                            {"apply", report.Stopped, report.Report{}, 1},
		"unknown":                            {"apply", "new", report.Report{}, 1},
		"plan of nothing":                    {"plan", report.Agreed, report.Report{}, 0},
		"plan that would write in the ERP":   {"plan", report.Agreed, report.Report{Created: report.ByDirection{ToERP: 1}}, 5},
		"plan that would write in Precoro":   {"plan", report.Agreed, report.Report{Created: report.ByDirection{ToPrecoro: 1}}, 5},
		"plan that would adopt":              {"plan", report.Agreed, report.Report{Adopted: 1}, 5},
		"plan that would write, exceptions":  {"plan", report.Exceptions, report.Report{Adopted: 1}, 5},
		"plan with exceptions":               {"plan", report.Exceptions, report.Report{}, 3},
		"plan over the caps, needs approval": {"plan", report.NeedsApproval, report.Report{Created: report.ByDirection{ToERP: 900}}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := test.writes
			result.Mode, result.Outcome = test.mode, test.outcome
			got := payrecon(t, &temporal{result: result}, "run", "--task-queue", "q")
			require.Equal(t, test.code, got.code)
			require.NotEmpty(t, got.stdout, "the report is printed in any case")
		})
	}
}

func TestFailureIsToldInWords(t *testing.T) {
	t.Parallel()
	inside := func(err error) error { return errors.Join(errors.New("workflow execution error"), err) }
	for name, test := range map[string]struct {
		refuse, failure error
		want            string
		code            int
	}{
		"wrong request":   {failure: inside(sdk.NewNonRetryableApplicationError("since: \"x\" is not accepted", "InvalidRequest", nil)), want: `payrecon: since: "x" is not accepted`, code: 2},
		"failed run":      {failure: inside(sdk.NewNonRetryableApplicationError("precoro: unauthorized\x1b[2J", "Unauthorized", nil)), want: "run r failed: precoro: unauthorized [2J", code: 1},
		"cancelled":       {failure: inside(sdk.NewCanceledError()), want: "run r was cancelled before it began", code: 1},
		"already there":   {refuse: serviceerror.NewWorkflowExecutionAlreadyStarted("", "", ""), want: "run r has been started already; wait for it by: payrecon run --attach r", code: 1},
		"no namespace":    {refuse: serviceerror.NewNamespaceNotFound("finance"), want: "namespace finance does not exist in Temporal; set TEMPORAL_NAMESPACE", code: 1},
		"unknown run":     {failure: serviceerror.NewNotFound("x"), want: "run r is not known to Temporal, or no longer", code: 1},
		"Temporal is out": {refuse: serviceerror.NewUnavailable("out"), want: "run r: out", code: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := payrecon(t, &temporal{refuse: test.refuse, failure: test.failure}, "run", "--task-queue", "q", "--workflow-id", "r")
			require.Equal(t, test.code, got.code)
			require.Contains(t, got.stderr, test.want)
			require.Empty(t, got.stdout)
		})
	}
}

func TestFailedRunShowsWhatItWrote(t *testing.T) {
	t.Parallel()
	written := agreed()
	written.Outcome, written.Created.ToERP = report.Stopped, 2
	failure := sdk.NewNonRetryableApplicationError("precoro: unauthorized", "Unauthorized", nil, written)

	got := payrecon(t, &temporal{failure: failure}, "run", "--task-queue", "q", "--workflow-id", "r")

	require.Equal(t, 1, got.code)
	require.Contains(t, got.stdout, "2 payments in the ERP")
	require.Contains(t, got.stderr, "run r failed: precoro: unauthorized")
}

func TestAttachTakesNoRequest(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{{"--scope", "deep"}, {"--direction", "to_erp"}, {"--wait", "5s"}, {"--task-queue", "q"}, {"--invoice", "7"}} {
		got := payrecon(t, &temporal{}, append([]string{"run", "--attach", "r"}, flags...)...)

		require.Equal(t, 2, got.code, flags)
		require.Contains(t, got.stderr, "takes no other request", flags)
	}
}

func TestInterruptDetachesAndSaysHowToComeBack(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"run", "--task-queue", "q", "--workflow-id", "r"}, {"plan", "--task-queue", "q", "--workflow-id", "r"}, {"run", "--attach", "r"}} {
		var stdout, stderr buffer
		ctx, interrupt := context.WithCancel(t.Context())
		s := &temporal{working: make(chan struct{})}
		p := program(s, &stdout, &stderr)
		done := make(chan int)
		go func() { done <- p.Run(ctx, args) }()
		interrupt()
		require.Equal(t, 130, <-done)
		require.Empty(t, stdout.String())
		require.Contains(t, stderr.String(), "Detached; the run goes on without you.\nTo come back: payrecon run --attach r\n")
		require.True(t, s.closed)
	}
}

func TestInterruptWhileStartingDetachesToo(t *testing.T) {
	t.Parallel()
	var stdout, stderr buffer
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	s := &temporal{refuse: context.Canceled}
	require.Equal(t, 130, program(s, &stdout, &stderr).Run(ctx, []string{"run", "--task-queue", "q"}))
	require.Contains(t, stderr.String(), "payrecon run --attach "+s.options.ID, "it may have been started")
}

func TestAttachPrintsTheReportOfARunThatWasStartedBefore(t *testing.T) {
	t.Parallel()
	s := &temporal{result: report.Report{Mode: "plan", Outcome: report.Agreed, Adopted: 1}}
	got := payrecon(t, s, "run", "--attach", "reconcile-acme-1", "-o", "json")
	require.Equal(t, 5, got.code)
	require.Equal(t, "reconcile-acme-1", s.waited)
	require.Empty(t, s.options.ID, "nothing was started")
	require.Contains(t, got.stdout, `"outcome": "agreed"`)
	require.Equal(t, "Waiting for reconcile-acme-1.\nEnded: 0 invoices, would adopt 1; 0 requests to Precoro, 0 to the ERP.\n", got.stderr)
}

func TestRunWithoutWorkersSaysSo(t *testing.T) {
	t.Parallel()
	for pollers, said := range map[int]bool{0: true, 1: false} {
		var stdout, stderr buffer
		s := &temporal{result: agreed(), pollers: pollers, working: make(chan struct{}), asked: make(chan string)}
		p := program(s, &stdout, &stderr)
		p.Patience = 0
		done := make(chan int)
		go func() { done <- p.Run(t.Context(), []string{"run", "--task-queue", "night"}) }()
		require.Equal(t, "night", <-s.asked)
		if said { // before the run ends
			require.Eventually(t, func() bool { return strings.Contains(stderr.String(), "No worker polls") }, testTimeout, pollEvery)
		}
		close(s.working)
		require.Zero(t, <-done)
		require.Equal(t, said, strings.Contains(stderr.String(), "No worker polls task queue \"night\": the run begins when one does."), stderr.String())
	}
}

func TestTemporalThatCannotBeReachedIsAnError(t *testing.T) {
	t.Parallel()
	var stdout, stderr buffer
	p := program(nil, &stdout, &stderr)
	p.Dial = func(context.Context, []config.Secret) (cli.Temporal, error) {
		return nil, errors.New("connecting to Temporal at nowhere:7233: refused")
	}
	for _, args := range [][]string{{"run", "--task-queue", "q"}, {"run", "--attach", "x"}} {
		require.Equal(t, 1, p.Run(t.Context(), args))
	}
	require.Equal(t, strings.Repeat("payrecon: connecting to Temporal at nowhere:7233: refused\n", 2), stderr.String())
}

func TestDialErrorNamesTheAddressAndWhatToSet(t *testing.T) {
	t.Setenv("TEMPORAL_CONFIG_FILE", configuration(t, ""))
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nothing listens there
	_, err := cli.Dial(t.Context(), zerolog.Nop(), nil)
	require.ErrorContains(t, err, "connecting to Temporal at 127.0.0.1:1: ")
	require.ErrorContains(t, err, "; set TEMPORAL_ADDRESS, and TEMPORAL_NAMESPACE")
}
