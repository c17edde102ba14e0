package workflows_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/workflows"
)

// A saved history is testdata/histories/<scene>-<state>-<kind>.json, or .json.gz. Its kind is trigger, company or run, and its
// state says which workflows it ran on:
//
//	first      those of 70facfb, before there were editions (the file names without a state were recorded shortly before)
//	edition1   those that give their settings edition 1
//	edition2   those that give them edition 2
//	edition3   those that give them edition 3
//
// Old states cannot be recorded again by today's code, so the files are all there is of them: one that is lost is missed here.
var saved = map[string][]string{
	"": {
		"approved-company", "approved-run", "approved-trigger", "both-ways-company", "both-ways-run", "both-ways-trigger",
		"faults-company", "faults-run", "faults-trigger", "key-dropped-company", "key-dropped-run", "key-dropped-trigger",
		"stopped-company", "stopped-run", "stopped-trigger",
	},
	"first": {
		"adopted-run", "approved-company", "approved-run", "both-ways-company", "both-ways-run", "both-ways-trigger",
		"cancelled-company", "cancelled-run", "cancelled-trigger", "continued-run", "exceptions-company", "exceptions-run", "faults-run",
		"forbidden-company", "forbidden-run", "forbidden-trigger", "key-dropped-run", "killed-run", "lost-answer-run",
		"plan-company", "plan-run", "plan-trigger", "reset-run", "resumed-run", "settling-run",
		"terminated-company", "terminated-run", "terminated-trigger", "unverified-run",
	},
	"edition1": {
		"adopted-run", "approved-company", "approved-run", "approved-trigger", "both-ways-company", "both-ways-run", "both-ways-trigger",
		"cancelled-run", "changes-company", "changes-run", "changes-trigger", "exceptions-company", "exceptions-run",
		"faults-company", "faults-run", "faults-trigger", "forbidden-company", "forbidden-run", "forbidden-trigger",
		"key-dropped-company", "key-dropped-run", "key-dropped-trigger", "killed-run", "lost-answer-run",
		"plan-company", "plan-run", "plan-trigger", "quota-company", "quota-run", "quota-trigger", "reset-run", "settling-run",
		"stopped-company", "stopped-run", "stopped-trigger", "terminated-company", "terminated-run", "terminated-trigger", "unverified-run",
	},
	"edition2": {
		"approved-company", "approved-run", "approved-trigger", "both-ways-company", "both-ways-run", "both-ways-trigger",
		"changes-company", "changes-run", "changes-trigger", "faults-company", "faults-run", "faults-trigger",
		"key-dropped-company", "key-dropped-run", "key-dropped-trigger", "quota-company", "quota-run", "quota-trigger",
		"stopped-company", "stopped-run", "stopped-trigger",
	},
	"edition3": {
		"approved-company", "approved-run", "approved-trigger", "both-ways-company", "both-ways-run", "both-ways-trigger",
		"changes-company", "changes-run", "changes-trigger", "faults-company", "faults-run", "faults-trigger",
		"key-dropped-company", "key-dropped-run", "key-dropped-trigger", "quota-company", "quota-run", "quota-trigger",
		"stopped-company", "stopped-run", "stopped-trigger",
	},
}

const histories = "testdata/histories"

// fileOf is a history's file name, without its endings.
func fileOf(state, name string) string {
	if state == "" {
		return name
	}
	at := strings.LastIndexByte(name, '-')
	return name[:at] + "-" + state + name[at:]
}

// savedFiles are the files by their names without endings.
func savedFiles(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(histories)
	require.NoError(t, err)
	files := map[string]string{}
	for _, entry := range entries {
		name := strings.TrimSuffix(strings.TrimSuffix(entry.Name(), ".gz"), ".json")
		files[name] = filepath.Join(histories, entry.Name())
	}
	return files
}

func loadHistory(t *testing.T, path string) *history.History {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close() //nolint:errcheck // it was only read
	var text io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		text, err = gzip.NewReader(file)
		require.NoError(t, err)
	}
	loaded, err := client.HistoryFromJSON(text, client.HistoryJSONOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, loaded.GetEvents())
	return loaded
}

// replayer replays on today's workflows; run stands in for Run.
func replayer(run any) worker.WorkflowReplayer {
	r := worker.NewWorkflowReplayer()
	r.RegisterWorkflowWithOptions(workflows.ReconcilePayments, workflow.RegisterOptions{Name: workflows.TypeReconcilePayments})
	r.RegisterWorkflowWithOptions(workflows.Company, workflow.RegisterOptions{Name: workflows.TypeCompany})
	r.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: workflows.TypeRun})
	return r
}

// Histories that ran on a real server must replay on today's code: a worker that is upgraded takes over runs that are
// under way. `make histories` records them anew, for new scenes only: an old one that fails wants another edition.
func TestSavedHistoriesReplay(t *testing.T) {
	t.Parallel()
	for name, path := range savedFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replayer(workflows.Run).ReplayWorkflowHistory(nil, loadHistory(t, path)))
		})
	}
}

// What is listed is there, and what is there is listed: a history that gets lost would not be missed by replaying the others.
func TestNoSavedHistoryIsLost(t *testing.T) {
	t.Parallel()
	var want []string
	for state, names := range saved {
		for _, kind := range []string{"-trigger", "-company", "-run"} {
			require.True(t, slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, kind) }), "%q has no %s", state, kind)
		}
		for _, name := range names {
			want = append(want, fileOf(state, name))
		}
	}
	var there []string
	for name := range savedFiles(t) {
		there = append(there, name)
	}
	require.ElementsMatch(t, want, there)
	today, err := activities.New([]activities.Company{{}}, activities.Options{}).ReadSettings(t.Context(), activities.SettingsRequest{})
	require.NoError(t, err)
	require.Contains(t, saved, fmt.Sprintf("edition%d", today.Edition), "every edition leaves histories: make histories")
}

// altered are changes of a history that a change of workflow code would show as: another command than the one recorded.
var altered = map[string]func(*history.HistoryEvent) bool{
	"another activity": func(e *history.HistoryEvent) bool {
		scheduled := e.GetActivityTaskScheduledEventAttributes()
		if scheduled == nil {
			return false
		}
		scheduled.ActivityType.Name = "WriteBill2"
		return true
	},
	"another marker": func(e *history.HistoryEvent) bool {
		marker := e.GetMarkerRecordedEventAttributes()
		if marker == nil {
			return false
		}
		marker.MarkerName = "Version"
		return true
	},
	"a timer instead of an activity": func(e *history.HistoryEvent) bool {
		if e.GetEventType() != enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			return false
		}
		e.EventType = enums.EVENT_TYPE_TIMER_STARTED
		e.Attributes = &history.HistoryEvent_TimerStartedEventAttributes{TimerStartedEventAttributes: &history.TimerStartedEventAttributes{TimerId: "5"}}
		return true
	},
}

// A replay that lets everything pass would prove nothing.
func TestAReplayFailsWhereTheCommandsAreOthers(t *testing.T) {
	t.Parallel()
	files := savedFiles(t)
	for _, state := range []string{"first", "edition1"} {
		for name, alter := range altered {
			t.Run(state+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := loadHistory(t, files["both-ways-"+state+"-run"])
				require.True(t, slices.ContainsFunc(h.GetEvents(), alter))
				require.Error(t, replayer(workflows.Run).ReplayWorkflowHistory(nil, h))
			})
		}
	}
}

func TestAReplayFailsWhereWorkflowCodeDoesThingsInAnotherOrder(t *testing.T) {
	t.Parallel()
	waitsFirst := func(ctx workflow.Context, start workflows.RunStart) (workflows.RunEnd, error) {
		if err := workflow.Sleep(ctx, 1); err != nil {
			return workflows.RunEnd{}, err
		}
		return workflows.Run(ctx, start)
	}
	files := savedFiles(t)
	for _, state := range []string{"first", "edition1"} {
		h := loadHistory(t, files["both-ways-"+state+"-run"])
		require.NoError(t, replayer(workflows.Run).ReplayWorkflowHistory(nil, h))
		require.Error(t, replayer(waitsFirst).ReplayWorkflowHistory(nil, h))
	}
}
