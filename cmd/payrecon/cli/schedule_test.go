package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"

	"payrecon/internal/report"
	"payrecon/internal/schedule"
	"payrecon/internal/schedule/scheduletest"
)

const twoNames = names + `[[company]]
name = "globex"
`

// office is a Temporal server with schedules, and a configuration of acme and globex.
type office struct {
	*temporal
	config string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	now := program(nil, nil, nil).Now
	return &office{temporal: &temporal{schedules: scheduletest.New(now), result: agreed()}, config: configuration(t, twoNames)}
}

// schedule runs one schedule command.
func (o *office) schedule(t *testing.T, args ...string) console {
	t.Helper()
	got := payrecon(t, o.temporal, append([]string{"schedule"}, append(args, "--config", o.config)...)...)
	got.stderr = strings.ReplaceAll(got.stderr, o.config, "payrecon.toml")
	got.stdout = strings.ReplaceAll(got.stdout, o.config, "payrecon.toml")
	return got
}

// Everything that people do to schedules, and what they read then.
func TestScheduleCommandsSayWhatTheyDid(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var log strings.Builder
	run := func(args ...string) {
		got := o.schedule(t, args...)
		fmt.Fprintf(&log, "$ payrecon schedule %s\n%s", strings.Join(args, " "), got.stdout)
		if got.stderr != "" {
			fmt.Fprintf(&log, "(stderr) %s", strings.ReplaceAll(strings.TrimSuffix(got.stderr, "\n"), "\n", "\n(stderr) ")+"\n")
		}
		fmt.Fprintf(&log, "(exit code %d)\n\n", got.code)
	}
	run("show")
	run("show", "--company", "acme")
	run("set", "--company", "acme")
	run("set")
	run("set", "--company", "globex", "--every", "24h", "--scope", "full", "--mode", "plan", "--direction", "to_erp", "--jitter", "0s", "--catch-up", "2h", "--paused", "--task-queue", "day")
	run("pause", "--company", "acme", "--reason", "month end")
	run("pause")
	run("set")
	run("run-now", "--company", "acme")
	run("run-now", "--company", "acme")
	o.schedules.Schedules["payrecon.schedule.globex"].Info.NextActionTimes = []time.Time{
		program(nil, nil, nil).Now().Add(14 * time.Minute), program(nil, nil, nil).Now().Add(15 * time.Hour),
	}
	run("resume", "--company", "globex", "--reason", "books are closed")
	run("resume", "--company", "globex")
	run("show")
	run("delete", "--company", "acme", "--yes")
	run("delete", "--company", "acme", "--yes")
	run("pause", "--company", "acme")
	run("pause", "--company", "initech")
	run("delete", "--company", "initech", "--yes")
	run("run-now")
	golden(t, "schedule.txt", log.String())
	require.True(t, o.closed)
}

func TestScheduleThatWasChangedInTheUIIsShownSo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.Zero(t, o.schedule(t, "set", "--company", "acme").code)
	o.schedules.Schedules["payrecon.schedule.acme"].Schedule.Spec.Intervals[0].Offset = time.Minute

	require.Contains(t, o.schedule(t, "show").stdout, "acme: active; changed by other means than payrecon; payrecon schedule set makes it whole again\n")
	require.Equal(t, "acme: updated: times → every 15m\n", o.schedule(t, "set", "--company", "acme").stdout)
}

// Its runs fail every quarter of an hour, and nothing else tells why.
func TestScheduleOfACompanyThatIsNotConfiguredAnyMoreIsShownWithAWarning(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.Zero(t, o.schedule(t, "set").code)
	o.config = configuration(t, names)

	got := o.schedule(t, "show")

	require.Zero(t, got.code)
	require.Contains(t, got.stdout, "globex is not in payrecon.toml, so that its runs fail; to remove the schedule: payrecon schedule delete --company globex\n")
	require.Equal(t, console{stdout: "globex: deleted\n"}, o.schedule(t, "delete", "--company", "globex", "--yes"))
}

func TestSchedulesWithoutAConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	s := &temporal{schedules: scheduletest.New(program(nil, nil, nil).Now)}
	for _, args := range []string{"set", "pause", "resume", "run-now", "delete --yes"} {
		got := payrecon(t, s, append([]string{"schedule"}, strings.Fields(args)...)...)
		require.Equal(t, 2, got.code, args)
		require.Contains(t, got.stderr, "payrecon: --company is needed where there is no configuration\n", args)
	}
	require.Contains(t, payrecon(t, s, "schedule", "show").stderr, "There are no schedules; to make one: payrecon schedule set --company NAME")

	require.Zero(t, payrecon(t, s, "schedule", "set", "--company", "acme").code)

	made := s.schedules.Schedules["payrecon.schedule.acme"].Schedule.Action.(*client.ScheduleWorkflowAction)
	require.Equal(t, "payrecon", made.TaskQueue)
	require.Contains(t, payrecon(t, s, "schedule", "show").stdout, "acme: active; ")
}

func TestScheduleOnTheConfigurationsTaskQueue(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.Zero(t, o.schedule(t, "set").code)
	require.Equal(t, "night", o.schedules.Schedules["payrecon.schedule.globex"].Schedule.Action.(*client.ScheduleWorkflowAction).TaskQueue)
}

func TestScheduleThatIsNotAcceptedChangesNothing(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--every 30s":      "--every: 30s is not accepted, accepted are whole seconds from 1m to 168h",
		"--jitter 16m":     "--jitter: 16m is not accepted, accepted are whole seconds from 0s to 15m",
		"--catch-up 1s":    "--catch-up: 1s is not accepted, accepted are whole seconds from 10s to 8760h",
		"--company acne":   `--company: "acne" is not in payrecon.toml, accepted are acme, globex`,
		"--every 1m500ms":  "--every: 1m0.5s is not accepted, accepted are whole seconds from 1m to 168h",
		"--jitter=-1s":     "--jitter: -1s is not accepted, accepted are whole seconds from 0s to 15m",
		"--every 9999h":    "--every: 9999h is not accepted, accepted are whole seconds from 1m to 168h",
		"--catch-up 9999h": "--catch-up: 9999h is not accepted, accepted are whole seconds from 10s to 8760h",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			got := o.schedule(t, append([]string{"set"}, strings.Fields(args)...)...)
			require.Equal(t, console{code: 2, stderr: "payrecon: " + want + "\nRun \"payrecon schedule set --help\" to see what is accepted.\n"}, got)
			require.Empty(t, o.schedules.Calls)
		})
	}
}

func TestShowAsJSONIsOneObject(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.Zero(t, o.schedule(t, "set", "--company", "acme").code)
	require.Zero(t, o.schedule(t, "run-now", "--company", "acme").code)
	o.schedules.Schedules["payrecon.schedule.acme"].Info.RunningWorkflows = nil

	got := o.schedule(t, "show", "-o", "json")

	require.Zero(t, got.code)
	require.Empty(t, got.stderr)
	var back struct {
		Schedules []schedule.View
		Without   []string
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &back))
	require.Equal(t, []string{"globex"}, back.Without)
	require.Len(t, back.Schedules, 1)
	require.Equal(t, "agreed", back.Schedules[0].Last[0].Outcome)
	require.Equal(t, "15m", back.Schedules[0].Every)
}

func TestShowSaysHowTheLastRunEnded(t *testing.T) {
	t.Parallel()
	inside := func(err error) error { return errors.Join(errors.New("workflow execution error"), err) }
	for want, end := range map[string]struct {
		outcome report.Outcome
		failure error
	}{
		"needs approval":              {outcome: report.NeedsApproval},
		"failed: unauthorized [2J":    {failure: inside(sdk.NewNonRetryableApplicationError("unauthorized\x1b[2J", "Unauthorized", nil))},
		"no longer kept by Temporal":  {failure: serviceerror.NewNotFound("x")},
		"cancelled":                   {failure: inside(sdk.NewCanceledError())},
		"terminated":                  {failure: inside(&sdk.TerminatedError{})},
		"unknown: something else [2J": {failure: errors.New("something else\x1b[2J")},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			require.Zero(t, o.schedule(t, "set", "--company", "acme").code)
			require.Zero(t, o.schedule(t, "run-now", "--company", "acme").code)
			o.schedules.Schedules["payrecon.schedule.acme"].Info.RunningWorkflows = nil
			o.result.Outcome, o.failure = end.outcome, end.failure

			require.Contains(t, o.schedule(t, "show").stdout, ", reconcile-acme-scheduled-2026-03-14T10:15:00Z: "+want+"\n")
		})
	}
}

// A note may have been written by anybody.
func TestShowIsFreeOfControlCharacters(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.Zero(t, o.schedule(t, "set").code)
	o.schedules.Schedules["payrecon.schedule.acme"].Schedule.State.Note = "\x1b[2Jgone\u202e"
	require.Contains(t, o.schedule(t, "show").stdout, "  Note       [2Jgone \n")
}

func TestErrorsOfTemporalAreToldInWords(t *testing.T) {
	t.Parallel()
	unavailable := serviceerror.NewUnavailable("out")
	for _, test := range []struct {
		args string
		fail error
		want string
	}{
		{"set", serviceerror.NewNamespaceNotFound("finance"), "namespace finance does not exist in Temporal; set TEMPORAL_NAMESPACE"},
		{"set", serviceerror.NewPermissionDenied("no", ""), "schedule of acme: Temporal does not allow it with these credentials: no"},
		{"set", unavailable, "schedule of acme: out"},
		{"show", unavailable, "schedule of all companies: out"},
		{"show --company acme", unavailable, "schedule of acme: out"},
		{"pause", unavailable, "schedule of acme: out"},
		{"resume", unavailable, "schedule of acme: out"},
		{"run-now", unavailable, "schedule of acme: out"},
		{"delete --yes", unavailable, "schedule of acme: out"},
	} {
		o := newOffice(t)
		o.schedules.Fail = test.fail
		require.Equal(t, console{code: 1, stderr: "payrecon: " + test.want + "\n"}, o.schedule(t, strings.Fields(test.args)...), test.args)
	}
}

func TestInterruptedScheduleCommandSaysHowToLookAtIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	o.schedules.Fail = context.Canceled
	var stdout, stderr buffer
	require.Equal(t, 130, program(o.temporal, &stdout, &stderr).Run(ctx, []string{"schedule", "set", "--config", o.config}))
	require.Equal(t, "Interrupted; to see how things stand: payrecon schedule show\n", stderr.String())
}

func TestDeleteAsksFirst(t *testing.T) {
	t.Parallel()
	for answer, deleted := range map[string]bool{"y\n": true, " YES \n": true, "n\n": false, "\n": false, "": false, "delete\n": false, strings.Repeat(" ", 2000) + "y\n": false} {
		o := newOffice(t)
		require.Zero(t, o.schedule(t, "set").code)
		var stdout, stderr buffer
		p := program(o.temporal, &stdout, &stderr)
		p.Stdin = strings.NewReader(answer)

		code := p.Run(t.Context(), []string{"schedule", "delete", "--config", o.config})

		require.True(t, strings.HasPrefix(stderr.String(), "Delete the schedule of acme, globex? Runs that have begun go on. [y/N] "), stderr.String())
		require.Equal(t, deleted, len(o.schedules.Schedules) == 0, answer)
		if deleted {
			require.Zero(t, code)
			require.Equal(t, "acme: deleted\nglobex: deleted\n", stdout.String())
		} else {
			require.Equal(t, 1, code)
			require.Contains(t, stderr.String(), "Nothing was deleted.")
		}
	}
}

func TestDeleteThatNobodyCanBeAskedAboutNeedsYes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.Zero(t, o.schedule(t, "set").code)
	got := o.schedule(t, "delete")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "payrecon: --yes is needed where no person can be asked\n")
	require.Len(t, o.schedules.Schedules, 2)
}

func TestInterruptAtTheQuestionDeletesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.Zero(t, o.schedule(t, "set").code)
	typing, keyboard := io.Pipe()
	t.Cleanup(func() { _ = keyboard.Close() })
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var stdout, stderr buffer
	p := program(o.temporal, &stdout, &stderr)
	p.Stdin = typing
	require.Equal(t, 130, p.Run(ctx, []string{"schedule", "delete", "--config", o.config}))
	require.Len(t, o.schedules.Schedules, 2)
}
