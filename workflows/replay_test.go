package workflows_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/workflows"
)

// Histories that ran on a real server must replay on today's code: a worker that is upgraded takes over runs that are
// under way. `make histories` records them anew, for new scenes only: an old one that fails wants a version marker.
func TestSavedHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "histories", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(workflows.ReconcilePayments, workflow.RegisterOptions{Name: workflows.TypeReconcilePayments})
			replayer.RegisterWorkflowWithOptions(workflows.Company, workflow.RegisterOptions{Name: workflows.TypeCompany})
			replayer.RegisterWorkflowWithOptions(workflows.Run, workflow.RegisterOptions{Name: workflows.TypeRun})
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, file))
		})
	}
}
