//go:build unix

package devserver_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"payrecon/internal/devserver"
)

func TestKilledServerComesBackWithWhatItKnew(t *testing.T) {
	t.Parallel()
	server := devserver.Start(t, devserver.Options{Database: filepath.Join(t.TempDir(), "temporal.db")})
	address := server.Address
	c := dial(t, address)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "remembered", TaskQueue: "nobody"}, "Nothing")
	require.NoError(t, err)

	server.Kill(t)
	server.Restart(t)

	require.Equal(t, address, server.Address)
	found, err := dial(t, address).DescribeWorkflowExecution(t.Context(), "remembered", "")
	require.NoError(t, err)
	require.Equal(t, run.GetRunID(), found.GetWorkflowExecutionInfo().GetExecution().GetRunId())
}

func TestServersOfTwoTestsAreApart(t *testing.T) {
	t.Parallel()
	one, other := devserver.Start(t, devserver.Options{}), devserver.Start(t, devserver.Options{})
	options := client.StartWorkflowOptions{ID: "mine", TaskQueue: "nobody"}
	_, err := dial(t, one.Address).ExecuteWorkflow(t.Context(), options, "Nothing")
	require.NoError(t, err)

	_, err = dial(t, other.Address).DescribeWorkflowExecution(t.Context(), "mine", "")

	require.ErrorContains(t, err, "not found")
}

func dial(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}
