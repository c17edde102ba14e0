package temporaldev_test

import (
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/demo/temporaldev"
)

const taskQueue = "test"

// afterSignal waits for a name, then greets it.
func afterSignal(ctx workflow.Context) (string, error) {
	var name string
	workflow.GetSignalChannel(ctx, "name").Receive(ctx, &name)
	return "hello " + name, nil
}

func TestWorkflowWaitsThroughARestartOfTheServer(t *testing.T) {
	t.Parallel()
	options := temporaldev.Options{Address: "127.0.0.1:0", Database: filepath.Join(t.TempDir(), "temporal.db")}
	before, err := temporaldev.Start(t.Context(), options)
	require.NoError(t, err)
	options.Address = before.Address()
	_, err = dial(t, before).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "patient", TaskQueue: taskQueue}, afterSignal)
	require.NoError(t, err)
	require.NoError(t, before.Stop())

	after := start(t, options)
	c := dial(t, after)
	work(t, c)
	require.NoError(t, c.SignalWorkflow(t.Context(), "patient", "", "name", "world"))

	var greeting string
	require.NoError(t, c.GetWorkflow(t.Context(), "patient", "").Get(t.Context(), &greeting))
	require.Equal(t, "hello world", greeting)
}

func TestWebUIShowsWhatTheServerKnows(t *testing.T) {
	t.Parallel()
	server := start(t, temporaldev.Options{Address: "127.0.0.1:0", UIAddress: "127.0.0.1:0"})

	require.Contains(t, get(t, server.UIURL()+"/"), "<!doctype html>")
	require.Contains(t, get(t, server.UIURL()+"/api/v1/namespaces/"+temporaldev.Namespace), temporaldev.Namespace)
}

func TestMetricsCountActions(t *testing.T) {
	t.Parallel()
	server := start(t, temporaldev.Options{Address: "127.0.0.1:0", MetricsAddress: "127.0.0.1:0"})

	_, err := dial(t, server).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "counted", TaskQueue: taskQueue}, afterSignal)

	require.NoError(t, err)
	require.Regexp(t, `(?m)^action\{action_type="grpc_StartWorkflowExecution",namespace="default",.*\} 1$`, get(t, server.MetricsURL()))
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:7233"} {
		_, err := temporaldev.Start(t.Context(), temporaldev.Options{Address: address})
		require.ErrorContains(t, err, "must be 127.0.0.1", address)

		_, err = temporaldev.Start(t.Context(), temporaldev.Options{Address: "127.0.0.1:0", UIAddress: address})
		require.ErrorContains(t, err, "must be 127.0.0.1", address)

		_, err = temporaldev.Start(t.Context(), temporaldev.Options{Address: "127.0.0.1:0", MetricsAddress: address})
		require.ErrorContains(t, err, "must be 127.0.0.1", address)
	}
}

func start(t *testing.T, o temporaldev.Options) *temporaldev.Server {
	t.Helper()
	server, err := temporaldev.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server
}

func dial(t *testing.T, server *temporaldev.Server) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: server.Address(), Namespace: temporaldev.Namespace})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func work(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, taskQueue, worker.Options{})
	w.RegisterWorkflow(afterSignal)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // it has been read
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", body)
	return string(body)
}
