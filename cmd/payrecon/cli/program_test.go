package cli_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/query/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.uber.org/goleak"

	"payrecon/cmd/payrecon/cli"
	"payrecon/internal/config"
	"payrecon/internal/report"
	"payrecon/internal/schedule/scheduletest"
	"payrecon/workflows"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	flag.Parse()
	// The width of help, and where a configuration is looked for, must not depend on who runs the tests.
	_, _ = os.Unsetenv("COLUMNS"), os.Unsetenv("PAYRECON_CONFIG")
	goleak.VerifyTestMain(m)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// temporal answers as Temporal would.
type temporal struct {
	options client.StartWorkflowOptions
	kind    any
	request workflows.Request
	waited  string // for which workflow ID

	refuse  error         // of ExecuteWorkflow
	result  report.Report // of the run
	failure error         // of the run
	working chan struct{} // the run ends when this is closed; nil is at once
	pollers int
	asked   chan string // the task queue that was asked about
	closed  bool

	schedules *scheduletest.Server
	queries   map[string]func() (any, bool) // what workflows answer, by workflow ID; false: it has ended
}

func (s *temporal) ScheduleClient() client.ScheduleClient { return s.schedules }

func (s *temporal) QueryWorkflowWithOptions(_ context.Context, r *client.QueryWorkflowWithOptionsRequest) (*client.QueryWorkflowWithOptionsResponse, error) {
	answers := s.queries[r.WorkflowID]
	if answers == nil || r.QueryType != "progress" || r.QueryRejectCondition != enums.QUERY_REJECT_CONDITION_NOT_OPEN {
		return nil, serviceerror.NewNotFound("no such workflow, or query")
	}
	answer, open := answers()
	if !open {
		return &client.QueryWorkflowWithOptionsResponse{QueryRejected: &query.QueryRejected{}}, nil
	}
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(answer)
	return &client.QueryWorkflowWithOptionsResponse{QueryResult: client.NewValue(payloads)}, err
}

func (s *temporal) ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, kind any, args ...any) (client.WorkflowRun, error) {
	s.options, s.kind, s.request = options, kind, args[0].(workflows.Request)
	if s.refuse != nil {
		return nil, s.refuse
	}
	return s.GetWorkflow(ctx, options.ID, ""), nil
}

func (s *temporal) GetWorkflow(_ context.Context, id, _ string) client.WorkflowRun {
	s.waited = id
	return run{s: s}
}

func (s *temporal) DescribeTaskQueue(_ context.Context, queue string, kind enums.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	if kind != enums.TASK_QUEUE_TYPE_WORKFLOW {
		return nil, errors.New("the other kind of task queue")
	}
	defer func() { s.asked <- queue }()
	return &workflowservice.DescribeTaskQueueResponse{Pollers: make([]*taskqueue.PollerInfo, s.pollers)}, nil
}

func (s *temporal) Close() { s.closed = true }

type run struct {
	client.WorkflowRun
	s *temporal
}

func (r run) GetID() string { return r.s.waited }

func (r run) Get(ctx context.Context, into any) error {
	if r.s.working != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.s.working:
		}
	}
	*into.(*report.Report) = r.s.result
	return r.s.failure
}

// console is one command line, run, and everything it printed.
type console struct {
	code           int
	stdout, stderr string
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func program(s *temporal, stdout, stderr *buffer) *cli.Program {
	return &cli.Program{
		Stdout: stdout, Stderr: stderr, Logger: zerolog.Nop(), Patience: time.Hour, User: "alice",
		Now:  func() time.Time { return time.Date(2026, 3, 14, 12, 15, 0, 0, time.FixedZone("EET", 7200)) },
		Dial: func(context.Context, []config.Secret) (cli.Temporal, error) { return s, nil },
	}
}

func payrecon(t *testing.T, s *temporal, args ...string) console {
	t.Helper()
	var stdout, stderr buffer
	code := program(s, &stdout, &stderr).Run(t.Context(), args)
	return console{code, stdout.String(), stderr.String()}
}

func TestHelpTeaches(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"help": {"--help"}, "check": {"check", "--help"}, "run": {"run", "--help"}, "plan": {"plan", "-h"}, "worker": {"worker", "--help"}, "sandbox": {"sandbox", "--help"},
		"version": {"version", "--help"}, "schedule": {"schedule", "--help"}, "schedule_set": {"schedule", "set", "--help"}, "schedule_show": {"schedule", "show", "--help"},
		"schedule_pause": {"schedule", "pause", "--help"}, "schedule_resume": {"schedule", "resume", "--help"}, "schedule_run_now": {"schedule", "run-now", "--help"},
		"schedule_delete": {"schedule", "delete", "--help"},
		"codec-server":    {"codec-server", "--help"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := payrecon(t, nil, args...)
			require.Zero(t, got.code)
			require.Empty(t, got.stderr)
			golden(t, "help_"+name+".txt", got.stdout)
		})
	}
}

func TestWrongUsageIsAShortErrorWithAHint(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                                 `expected one of "check", "run", "plan", "worker", "schedule", ...` + "\n" + `Run "payrecon --help"`,
		"rnu":                              `unexpected argument rnu, did you mean "run"?` + "\n" + `Run "payrecon --help"`,
		"run --force":                      "unknown flag --force\n" + `Run "payrecon run --help"`,
		"plan --approve 0123456789abcdef":  "unknown flag --approve\n" + `Run "payrecon plan --help"`,
		"run --scope everything":           `--scope must be one of "auto","changes","full","deep" but got "everything"`,
		"run --direction up":               `--direction must be one of "both","to_erp","to_precoro" but got "up"`,
		"run --since yesterday":            `--since: "yesterday" is not accepted, accepted is a time such as 2026-03-14T00:00:00Z`,
		"run --invoice INV-1":              `--invoice: expected a valid 64 bit int but got "INV-1"`,
		"run --wait long":                  `--wait: expected duration but got "long"`,
		"check acme":                       "unexpected argument acme\n" + `Run "payrecon check --help"`,
		"check -o xml":                     `--output must be one of "table","json" but got "xml"`,
		"plan -o xml":                      `--output must be one of "table","json" but got "xml"`,
		"run --attach x --company acme":    "--attach waits for a run that was started already, and takes no other request",
		"run --attach x --since yesterday": "--attach waits for a run that was started already, and takes no other request",
		"run --workflow-id payrecon.run.x": `--workflow-id: "payrecon.run.x" begins with "payrecon.", which is reserved` + "\n" + `Run "payrecon run --help"`,
		"schedule":                         `expected one of "set", "show", "pause", "resume", "run-now", ...` + "\n" + `Run "payrecon schedule --help"`,
		"schedule sett":                    `unexpected argument sett, did you mean "set"?` + "\n" + `Run "payrecon schedule --help"`,
		"schedule set --every daily":       `--every: expected duration but got "daily"`,
		"schedule set --scope everything":  `--scope must be one of "auto","changes","full","deep" but got "everything"`,
		"schedule set --mode try":          `--mode must be one of "apply","plan" but got "try"`,
		"schedule pause acme":              "unexpected argument acme\n" + `Run "payrecon schedule pause --help"`,
		"schedule show -o xml":             `--output must be one of "table","json" but got "xml"`,
		"sandbox --per-day 0":              "--per-day must be above zero: limits can be turned up or down, never off",
		"sandbox --same-get=-1s":           "--same-get must be above zero: limits can be turned up or down, never off",
		"sandbox --listen 0.0.0.0:80":      "--listen must be a loopback address with a port, such as 127.0.0.1:8765",
		"sandbox --listen localhost":       "--listen must be a loopback address with a port, such as 127.0.0.1:8765",
		"codec-server --listen :8081":      "--listen must be a loopback address with a port, such as 127.0.0.1:8081",
		"codec-server --ui 127.0.0.1:8233": `--ui: "127.0.0.1:8233" is not accepted, accepted is how the Web UI's address begins, such as http://127.0.0.1:8233`,
		"codec-server --ui http://a/ui":    `--ui: "http://a/ui" is not accepted`,
		"codec-server --ui *":              `--ui: "*" is not accepted`,
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			got := payrecon(t, &temporal{}, strings.Fields(args)...)
			require.Equal(t, 2, got.code)
			require.Empty(t, got.stdout)
			require.True(t, strings.HasPrefix(got.stderr, "payrecon: "), got.stderr)
			require.Contains(t, got.stderr, want)
			require.Contains(t, got.stderr, `--help" to see what is accepted.`)
		})
	}
}

func TestVersionNamesWhatItWasBuiltWith(t *testing.T) {
	t.Parallel()
	got := payrecon(t, nil, "version")
	require.Zero(t, got.code)
	require.Regexp(t, `^payrecon .+\nrevision .+\ngo1\.\S+ \w+/\w+\nTemporal SDK \d+\.\d+\.\d+\n$`, got.stdout)
}
