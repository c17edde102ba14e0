//go:build unix

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"payrecon/activities"
	"payrecon/workflows"
)

// saveVariable makes tests write the histories that the replay test of package workflows reads.
const saveVariable = "PAYRECON_SAVE_HISTORIES"

// saveHistories keeps what the last trigger, its company and its run went through, under the name of the scene and the
// edition of the workflows. What was saved before stays: it ran in the field, and must replay.
func (f *field) saveHistories(t *testing.T, scene, company string) {
	t.Helper()
	if os.Getenv(saveVariable) == "" {
		return
	}
	for kind, id := range map[string]string{"trigger": f.trigger, "company": workflows.CompanyID(company), "run": workflows.RunID(company)} {
		f.saveHistory(t, fmt.Sprintf("%s-edition%d-%s", scene, activities.Newest, kind), id)
	}
}

func (f *field) saveHistory(t *testing.T, name, workflowID string) {
	t.Helper()
	events := f.client.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var all history.History
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		all.Events = append(all.Events, event)
	}
	path := filepath.Join("..", "..", "workflows", "testdata", "histories", name+".json")
	for _, ending := range []string{"", ".gz"} {
		if _, err := os.Stat(path + ending); err == nil {
			return
		}
	}
	text, err := protojson.MarshalOptions{Multiline: true, Indent: " "}.Marshal(&all)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, text, 0o644))
}
