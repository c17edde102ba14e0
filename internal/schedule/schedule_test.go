package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"pgregory.net/rapid"

	"payrecon/internal/reconcile"
	"payrecon/internal/schedule"
	"payrecon/internal/schedule/scheduletest"
	"payrecon/workflows"
)

const id = "payrecon.schedule.acme"

func at(day int) time.Time { return time.Date(2026, 3, day, 23, 30, 0, 0, time.UTC) }

func keeper(server *scheduletest.Server, name string, day int) schedule.Keeper {
	return schedule.Keeper{Schedules: server, Payloads: converter.GetDefaultDataConverter(), Who: schedule.Who{Name: name, At: at(day)}}
}

func newServer() *scheduletest.Server {
	return scheduletest.New(func() time.Time { return at(14) })
}

func wish() schedule.Wish {
	return schedule.Wish{
		Company: "acme", TaskQueue: "payrecon", Every: 15 * time.Minute, Jitter: 90 * time.Second, CatchUp: time.Hour,
		Mode: "apply", Scope: "auto", Direction: reconcile.Both,
	}
}

func note(s *scheduletest.Server) string { return s.Schedules[id].Schedule.State.Note }

const does = "every 15 minutes, changes since the last run, full once a day"

func TestSetMakesWhatIsAskedForOnce(t *testing.T) {
	t.Parallel()
	server := newServer()

	got, err := keeper(server, "alice", 14).Set(t.Context(), wish())
	require.NoError(t, err)
	require.Equal(t, schedule.Result{Outcome: schedule.Created}, got)

	made := server.Schedules[id].Schedule
	require.Equal(t, &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: 15 * time.Minute}}, Jitter: 90 * time.Second}, made.Spec)
	require.Equal(t, &client.SchedulePolicies{Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: time.Hour}, made.Policy)
	require.Equal(t, &client.ScheduleState{Note: does + "; set by alice on 2026-03-14"}, made.State)
	action := made.Action.(*client.ScheduleWorkflowAction)
	require.Equal(t, "ReconcilePayments", action.Workflow)
	require.Equal(t, "payrecon", action.TaskQueue)
	require.JSONEq(t, `{"company":"acme","mode":"apply","scope":"auto","direction":"both"}`, string(action.Args[0].(*common.Payload).Data))
	require.Equal(t, "reconcile-acme-scheduled", action.ID)

	got, err = keeper(server, "bob", 15).Set(t.Context(), wish())
	require.NoError(t, err)
	require.Equal(t, schedule.Result{Outcome: schedule.Unchanged}, got)
	require.Equal(t, []string{"create " + id}, server.Calls, "nothing else was sent")
}

// A ReconcilePayments that is started under the reserved prefix fails at once.
func TestWorkflowIDsOfASchedulesRunsAreNotReserved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		server, w := newServer(), wish()
		w.Company = rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "company")
		require.NoError(t, w.Validate())
		_, err := keeper(server, "alice", 14).Set(t.Context(), w)
		require.NoError(t, err)
		started := server.Schedules[schedule.ID(w.Company)].Schedule.Action.(*client.ScheduleWorkflowAction).ID
		require.False(t, strings.HasPrefix(started, workflows.Reserved), started)
	})
}

func TestSettingAnythingAfterAnythingIsThatAndThenUnchanged(t *testing.T) {
	t.Parallel()
	minutes := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(1, 10_080).Draw(t, "minutes")) * time.Minute
	})
	wishes := rapid.Custom(func(t *rapid.T) schedule.Wish {
		w := wish()
		w.Every, w.CatchUp = minutes.Draw(t, "every"), minutes.Draw(t, "catch-up")
		w.Jitter = schedule.DefaultJitter(w.Every)
		w.Mode = rapid.SampledFrom([]string{"apply", "plan"}).Draw(t, "mode")
		w.Scope = rapid.SampledFrom([]string{"auto", "changes", "full", "deep"}).Draw(t, "scope")
		w.Direction = rapid.SampledFrom([]reconcile.Direction{reconcile.Both, reconcile.ToERP, reconcile.ToPrecoro}).Draw(t, "direction")
		w.TaskQueue = rapid.SampledFrom([]string{"payrecon", "night"}).Draw(t, "queue")
		w.Paused = rapid.Bool().Draw(t, "paused")
		return w
	})
	rapid.Check(t, func(t *rapid.T) {
		server := newServer()
		k := keeper(server, "alice", 14)
		before, after := wishes.Draw(t, "before"), wishes.Draw(t, "after")
		require.NoError(t, before.Validate())

		_, err := k.Set(t.Context(), before)
		require.NoError(t, err)
		got, err := k.Set(t.Context(), after)
		require.NoError(t, err)
		require.Equal(t, len(got.Changes) > 0, got.Outcome == schedule.Updated)
		require.Equal(t, before.Paused || after.Paused, got.Paused)
		again, err := k.Set(t.Context(), after)
		require.NoError(t, err)
		require.Equal(t, schedule.Unchanged, again.Outcome)

		fresh := newServer()
		after.Paused = before.Paused || after.Paused
		_, err = keeper(fresh, "alice", 14).Set(t.Context(), after)
		require.NoError(t, err)
		require.Equal(t, fresh.Schedules[id].Schedule, server.Schedules[id].Schedule)
	})
}

func TestSetTakesBackWhatWasChangedByOtherMeans(t *testing.T) {
	t.Parallel()
	action := func(d *client.ScheduleDescription) *client.ScheduleWorkflowAction {
		return d.Schedule.Action.(*client.ScheduleWorkflowAction)
	}
	payload := func(request any) *common.Payload {
		p, err := converter.GetDefaultDataConverter().ToPayload(request)
		require.NoError(t, err)
		return p
	}
	for want, change := range map[string]func(*client.ScheduleDescription){
		"every 1h → 15m": func(d *client.ScheduleDescription) { d.Schedule.Spec.Intervals[0].Every = time.Hour },
		"times → every 15m": func(d *client.ScheduleDescription) {
			d.Schedule.Spec.Intervals[0].Offset = time.Minute
		},
		"jitter 0s → 1m30s": func(d *client.ScheduleDescription) { d.Schedule.Spec.Jitter = 0 },
		"other times removed": func(d *client.ScheduleDescription) {
			d.Schedule.Spec.Calendars = []client.ScheduleCalendarSpec{{}}
		},
		"overlap AllowAll → Skip": func(d *client.ScheduleDescription) {
			d.Schedule.Policy.Overlap = enums.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL
		},
		"catch-up 8760h → 1h":      func(d *client.ScheduleDescription) { d.Schedule.Policy.CatchupWindow = 365 * 24 * time.Hour },
		"pause on failure removed": func(d *client.ScheduleDescription) { d.Schedule.Policy.PauseOnFailure = true },
		"limit of starts removed":  func(d *client.ScheduleDescription) { d.Schedule.State.LimitedActions = true },
		"workflow type Other → ReconcilePayments": func(d *client.ScheduleDescription) {
			action(d).Workflow = "Other"
		},
		"workflow ID payrecon.acme → reconcile-acme-scheduled": func(d *client.ScheduleDescription) { action(d).ID = "payrecon.acme" },
		"task queue other → payrecon":                          func(d *client.ScheduleDescription) { action(d).TaskQueue = "other" },
		"mode plan → apply": func(d *client.ScheduleDescription) {
			action(d).Args[0] = payload(workflows.Request{Company: "acme", Mode: "plan", Scope: "auto", Direction: "both"})
		},
		"scope none → auto": func(d *client.ScheduleDescription) {
			action(d).Args[0] = payload(workflows.Request{Company: "acme", Mode: "apply", Direction: "both"})
		},
		"request": func(d *client.ScheduleDescription) {
			action(d).Args[0] = payload(workflows.Request{Company: "acme", Mode: "apply", Scope: "auto", Direction: "both", Invoices: []int64{7}})
		},
		"how the workflow is started": func(d *client.ScheduleDescription) { action(d).WorkflowRunTimeout = time.Minute },
		"note":                        func(d *client.ScheduleDescription) { d.Schedule.State.Note = "mine" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			server := newServer()
			_, err := keeper(server, "alice", 14).Set(t.Context(), wish())
			require.NoError(t, err)
			change(server.Schedules[id])

			got, err := keeper(server, "bob", 15).Set(t.Context(), wish())

			require.NoError(t, err)
			require.Equal(t, schedule.Result{Outcome: schedule.Updated, Changes: []string{want}}, got)
			require.Equal(t, does+"; set by bob on 2026-03-15", note(server))
			got, err = keeper(server, "bob", 15).Set(t.Context(), wish())
			require.NoError(t, err)
			require.Equal(t, schedule.Unchanged, got.Outcome)
		})
	}
}

// What cannot be read might be anything, so it is written anew.
func TestRequestThatCannotBeReadIsSetAnew(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]any{
		"none":      {},
		"two":       {workflows.Request{}, workflows.Request{}},
		"encrypted": {&common.Payload{Metadata: map[string][]byte{"encoding": []byte("binary/encrypted")}, Data: []byte("?")}},
		"unknown field": {&common.Payload{
			Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`{"company":"acme","mode":"apply","scope":"auto","direction":"both","dry":1}`),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer()
			_, err := keeper(server, "alice", 14).Set(t.Context(), wish())
			require.NoError(t, err)
			server.Schedules[id].Schedule.Action.(*client.ScheduleWorkflowAction).Args = args

			view, err := keeper(server, "alice", 14).Look(t.Context(), "acme")
			require.NoError(t, err)
			require.Empty(t, view.Does)
			got, err := keeper(server, "alice", 14).Set(t.Context(), wish())

			require.NoError(t, err)
			require.Equal(t, []string{"request"}, got.Changes)
		})
	}
}

func TestSetLeavesAPausedSchedulePausedAndSaysWhy(t *testing.T) {
	t.Parallel()
	server := newServer()
	_, err := keeper(server, "alice", 14).Set(t.Context(), wish())
	require.NoError(t, err)
	_, err = keeper(server, "bob", 15).Pause(t.Context(), "acme", "month end")
	require.NoError(t, err)

	got, err := keeper(server, "carol", 16).Set(t.Context(), wish())
	require.NoError(t, err)
	require.Equal(t, schedule.Result{Outcome: schedule.Unchanged, Paused: true}, got)

	daily := wish()
	daily.Every = 24 * time.Hour
	got, err = keeper(server, "carol", 16).Set(t.Context(), daily)
	require.NoError(t, err)
	require.Equal(t, schedule.Result{Outcome: schedule.Updated, Changes: []string{"every 15m → 24h"}, Paused: true}, got)
	require.True(t, server.Schedules[id].Schedule.State.Paused)
	require.Equal(t, "paused by bob on 2026-03-15: month end; every day, changes since the last run, full once a day; set by carol on 2026-03-16", note(server))
}

func TestSetPausesIfThatIsAskedFor(t *testing.T) {
	t.Parallel()
	server, paused := newServer(), wish()
	_, err := keeper(server, "alice", 14).Set(t.Context(), wish())
	require.NoError(t, err)
	paused.Paused = true

	got, err := keeper(server, "bob", 15).Set(t.Context(), paused)

	require.NoError(t, err)
	require.Equal(t, schedule.Result{Outcome: schedule.Updated, Changes: []string{"paused"}, Paused: true}, got)
	require.Equal(t, "paused by bob on 2026-03-15; "+does+"; set by bob on 2026-03-15", note(server))
}

// Target: Set. Injection: somebody else creates the schedule between its two calls. Expected: it is changed instead.
func TestSetThatFindsSomebodyQuickerChangesTheirSchedule(t *testing.T) {
	t.Parallel()
	server, hourly := newServer(), wish()
	hourly.Every = time.Hour
	server.BeforeCreate = func() {
		server.BeforeCreate = nil
		_, err := keeper(server, "bob", 14).Set(t.Context(), hourly)
		require.NoError(t, err)
	}

	got, err := keeper(server, "alice", 14).Set(t.Context(), wish())

	require.NoError(t, err)
	require.Equal(t, []string{"every 1h → 15m"}, got.Changes)
}

func TestNotesSayWhoDidWhatAndWhy(t *testing.T) {
	t.Parallel()
	server := newServer()
	base := does + "; set by alice on 2026-03-14"
	_, err := keeper(server, "alice@example.com", 14).Set(t.Context(), wish())
	require.NoError(t, err)
	require.Equal(t, base, note(server), "no e-mail address")

	for _, step := range []struct {
		do      func(schedule.Keeper) (bool, error)
		changed bool
		note    string
	}{
		{func(k schedule.Keeper) (bool, error) { return k.Resume(t.Context(), "acme", "x") }, false, base},
		{func(k schedule.Keeper) (bool, error) { return k.Pause(t.Context(), "acme", "month; end\x1b[2J") }, true, "paused by bob on 2026-03-15: month; end [2J; " + base},
		{func(k schedule.Keeper) (bool, error) { return k.Pause(t.Context(), "acme", "") }, false, "paused by bob on 2026-03-15: month; end [2J; " + base},
		{func(k schedule.Keeper) (bool, error) { return k.Pause(t.Context(), "acme", "still") }, true, "paused by bob on 2026-03-15: still; " + base},
		{func(k schedule.Keeper) (bool, error) { return k.Resume(t.Context(), "acme", "closed") }, true, base + "; resumed by bob on 2026-03-15: closed"},
		{func(k schedule.Keeper) (bool, error) { return k.Pause(t.Context(), "acme", "") }, true, "paused by bob on 2026-03-15; " + base},
		{func(k schedule.Keeper) (bool, error) { return k.Resume(t.Context(), "acme", "") }, true, base + "; resumed by bob on 2026-03-15"},
	} {
		changed, err := step.do(keeper(server, "bob", 15))
		require.NoError(t, err)
		require.Equal(t, step.changed, changed)
		require.Equal(t, step.note, note(server))
	}
}

func TestNoteOfSomebodyElseGivesWayButForTheReasonOfAPause(t *testing.T) {
	t.Parallel()
	server := newServer()
	_, err := keeper(server, "", 14).Set(t.Context(), wish())
	require.NoError(t, err)
	require.Equal(t, does+"; set on 2026-03-14", note(server), "who is not known")
	state := server.Schedules[id].Schedule.State
	state.Note, state.Paused = "in the UI, for the audit", true

	_, err = keeper(server, "bob", 15).Set(t.Context(), wish())
	require.NoError(t, err)
	require.Equal(t, "in the UI, for the audit; "+does+"; set by bob on 2026-03-15", note(server))
	_, err = keeper(server, "bob", 15).Resume(t.Context(), "acme", "")
	require.NoError(t, err)
	require.Equal(t, does+"; set by bob on 2026-03-15; resumed by bob on 2026-03-15", note(server))
}

func TestRunNowSaysWhatCameOfIt(t *testing.T) {
	t.Parallel()
	server := newServer()
	k := keeper(server, "alice", 14)
	_, err := k.Set(t.Context(), wish())
	require.NoError(t, err)
	const started = "reconcile-acme-scheduled-2026-03-14T23:30:00Z"

	now, err := k.RunNow(t.Context(), "acme")
	require.NoError(t, err)
	require.Nil(t, now.Busy)
	require.Equal(t, started, now.Start.Workflow)

	now, err = k.RunNow(t.Context(), "acme")
	require.NoError(t, err)
	require.Nil(t, now.Start)
	require.Equal(t, started, now.Busy.Workflow)
}

func TestLookShowsWhatPeopleAskFor(t *testing.T) {
	t.Parallel()
	server := newServer()
	k := keeper(server, "alice", 14)
	_, err := k.Set(t.Context(), wish())
	require.NoError(t, err)
	run := func(name string) client.ScheduleActionResult {
		return client.ScheduleActionResult{ActualTime: at(14), StartWorkflowResult: &client.ScheduleWorkflowExecution{WorkflowID: name, FirstExecutionRunID: "r-" + name}}
	}
	server.Schedules[id].Info = client.ScheduleInfo{
		NumActions: 2, NumActionsSkippedOverlap: 3, NumActionsMissedCatchupWindow: 4,
		RecentActions:    []client.ScheduleActionResult{run("older"), {ActualTime: at(14)}, run("newer")},
		RunningWorkflows: []client.ScheduleWorkflowExecution{{WorkflowID: "newer"}},
		NextActionTimes:  []time.Time{at(15)},
	}

	view, err := k.Look(t.Context(), "acme")

	require.NoError(t, err)
	require.Equal(t, schedule.View{
		Company: "acme", Schedule: id, Note: does + "; set by alice on 2026-03-14", Does: does, Every: "15m", Jitter: "1m30s", CatchUp: "1h", TaskQueue: "payrecon",
		Request: &workflows.Request{Company: "acme", Mode: "apply", Scope: "auto", Direction: "both"},
		Next:    []time.Time{at(15)},
		Last:    []schedule.Start{{At: at(14), Workflow: "newer", Run: "r-newer", Running: true}, {At: at(14), Workflow: "older", Run: "r-older"}},
		Starts:  2, Skipped: 3, Missed: 4,
	}, view)
	_, err = k.Pause(t.Context(), "acme", "")
	require.NoError(t, err)
	view, err = k.Look(t.Context(), "acme")
	require.NoError(t, err)
	require.Empty(t, view.Next, "nothing starts while it is paused")
}

func TestScheduleThatIsNotThereIsAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	k := keeper(newServer(), "alice", 14)
	for name, do := range map[string]func() error{
		"look":    func() error { _, err := k.Look(t.Context(), "acme"); return err },
		"pause":   func() error { _, err := k.Pause(t.Context(), "acme", ""); return err },
		"resume":  func() error { _, err := k.Resume(t.Context(), "acme", ""); return err },
		"run now": func() error { _, err := k.RunNow(t.Context(), "acme"); return err },
		"delete":  func() error { return k.Delete(t.Context(), "acme") },
	} {
		require.ErrorIs(t, do(), schedule.ErrNone, name)
	}
}

func TestOtherErrorsOfTemporalAreHandedOn(t *testing.T) {
	t.Parallel()
	server := newServer()
	server.Fail = errors.New("out")
	k := keeper(server, "alice", 14)
	_, err := k.Set(t.Context(), wish())
	require.ErrorIs(t, err, server.Fail)
	require.NotErrorIs(t, err, temporal.ErrSkipScheduleUpdate)
	_, err = k.Companies(t.Context())
	require.ErrorIs(t, err, server.Fail)
}

func TestCompaniesAreThoseWithASchedule(t *testing.T) {
	t.Parallel()
	server := newServer()
	server.Schedules["nightly-backup"] = &client.ScheduleDescription{}
	for _, company := range []string{"globex", "acme"} {
		w := wish()
		w.Company = company
		_, err := keeper(server, "alice", 14).Set(t.Context(), w)
		require.NoError(t, err)
	}

	companies, err := keeper(server, "alice", 14).Companies(t.Context())

	require.NoError(t, err)
	require.Equal(t, []string{"acme", "globex"}, companies)
}

func TestWishThatIsNotAcceptedNamesTheFieldTheValueAndTheBounds(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*schedule.Wish){
		`company: "Acme" is not accepted, accepted are up to 40 of the characters a-z, 0-9 and -`: func(w *schedule.Wish) { w.Company = "Acme" },
		"every: 59s is not accepted, accepted are whole seconds from 1m to 168h":                  func(w *schedule.Wish) { w.Every = 59 * time.Second },
		"every: 169h is not accepted, accepted are whole seconds from 1m to 168h":                 func(w *schedule.Wish) { w.Every = 169 * time.Hour },
		"every: 1m0.5s is not accepted, accepted are whole seconds from 1m to 168h":               func(w *schedule.Wish) { w.Every = time.Minute + time.Second/2 },
		"jitter: -1s is not accepted, accepted are whole seconds from 0s to 15m":                  func(w *schedule.Wish) { w.Jitter = -time.Second },
		"jitter: 15m1s is not accepted, accepted are whole seconds from 0s to 15m":                func(w *schedule.Wish) { w.Jitter = w.Every + time.Second },
		"catch-up: 9s is not accepted, accepted are whole seconds from 10s to 8760h":              func(w *schedule.Wish) { w.CatchUp = 9 * time.Second },
		"catch-up: 8761h is not accepted, accepted are whole seconds from 10s to 8760h":           func(w *schedule.Wish) { w.CatchUp = 8761 * time.Hour },
	} {
		w := wish()
		change(&w)
		require.EqualError(t, w.Validate(), want)
	}
	require.NoError(t, wish().Validate())
}

func TestWordsSayWhatAScheduleDoes(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*schedule.Wish){
		does: func(*schedule.Wish) {},
		"every minute, changes since the last run":      func(w *schedule.Wish) { w.Every, w.Scope = time.Minute, "changes" },
		"every hour, everything":                        func(w *schedule.Wish) { w.Every, w.Scope = time.Hour, "full" },
		"every 90 minutes, everything":                  func(w *schedule.Wish) { w.Every, w.Scope = 90*time.Minute, "full" },
		"every 1m30s, everything":                       func(w *schedule.Wish) { w.Every, w.Scope = 90*time.Second, "full" },
		"every day, everything, and every payment list": func(w *schedule.Wish) { w.Every, w.Scope = 24*time.Hour, "deep" },
		"every 2 days, everything":                      func(w *schedule.Wish) { w.Every = 48 * time.Hour },
		does + ", creating payments in the ERP only":    func(w *schedule.Wish) { w.Direction = reconcile.ToERP },
		does + ", creating payments in Precoro only, as a plan that writes nothing": func(w *schedule.Wish) {
			w.Direction, w.Mode = reconcile.ToPrecoro, "plan"
		},
	} {
		w := wish()
		change(&w)
		require.Equal(t, want, w.Words())
	}
}

func TestDefaultsFollowTheInterval(t *testing.T) {
	t.Parallel()
	require.Equal(t, 90*time.Second, schedule.DefaultJitter(15*time.Minute))
	require.Equal(t, 6*time.Second, schedule.DefaultJitter(time.Minute))
	require.Equal(t, time.Hour, schedule.DefaultCatchUp(15*time.Minute))
	require.Equal(t, 24*time.Hour, schedule.DefaultCatchUp(24*time.Hour))
}
