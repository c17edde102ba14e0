package codec_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"

	"payrecon/internal/config"
)

func forClient(t *testing.T, keys ...config.Secret) client.Options {
	t.Helper()
	var options client.Options
	with(t, keys...).ForClient(&options)
	return options
}

func forWorker(t *testing.T, keys ...config.Secret) client.Options {
	t.Helper()
	var options client.Options
	with(t, keys...).ForWorker(&options)
	return options
}

// failed is a failure as a run ends with it: an activity's, with a detail and a cause.
func failed(t *testing.T, options client.Options) *failure.Failure {
	t.Helper()
	cause := temporal.NewApplicationErrorWithOptions("the bill is over by 7351.42", "Refused", temporal.ApplicationErrorOptions{
		NonRetryable: true, NextRetryDelay: time.Minute, Details: []any{"of invoice 904417"},
	})
	return options.FailureConverter.ErrorToFailure(temporal.NewApplicationErrorWithCause("run stopped at 7351.42", "Stopped", cause))
}

func written(t *testing.T, f *failure.Failure) string {
	t.Helper()
	text, err := protojson.Marshal(f)
	require.NoError(t, err)
	return string(text)
}

func TestTheWordsOfFailuresAreEncryptedAndTheirTypesAreNot(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]client.Options{"client": forClient(t, newKey), "worker": forWorker(t, newKey)} {
		f := failed(t, options)

		for _, hidden := range []string{"7351.42", "904417", "stopped at"} {
			require.NotContains(t, written(t, f), hidden, name)
		}
		require.Equal(t, "Refused", f.GetCause().GetApplicationFailureInfo().GetType())
		require.True(t, f.GetCause().GetApplicationFailureInfo().GetNonRetryable())
		require.Equal(t, time.Minute, f.GetCause().GetApplicationFailureInfo().GetNextRetryDelay().AsDuration())

		var stopped, refused *temporal.ApplicationError
		require.ErrorAs(t, options.FailureConverter.FailureToError(f), &stopped)
		require.Equal(t, "run stopped at 7351.42", stopped.Message())
		require.ErrorAs(t, errors.Unwrap(stopped), &refused)
		require.Equal(t, "the bill is over by 7351.42", refused.Message())
		var detail string
		require.NoError(t, refused.Details(&detail))
		require.Equal(t, "of invoice 904417", detail)
	}
}

func TestWithoutKeysFailuresAreReadableByAnybody(t *testing.T) {
	t.Parallel()
	f := failed(t, forWorker(t))
	require.Contains(t, written(t, f), "7351.42")
	require.ErrorContains(t, forClient(t, newKey).FailureConverter.FailureToError(f), "run stopped at 7351.42", "from before it was switched on")
}

func TestAFailureThatCannotBeDecryptedNamesTheKey(t *testing.T) {
	t.Parallel()
	err := forClient(t).FailureConverter.FailureToError(failed(t, forClient(t, oldKey)))
	require.ErrorContains(t, err, `the payload is encrypted by key "`+oldID+`"`)
	require.ErrorContains(t, errors.Unwrap(err), `the payload is encrypted by key "`+oldID+`"`)
}

// Target: a worker. Injection: it lacks a key. Expected: whatever a workflow reads panics, so that Temporal gives the task to
// another worker, and what an activity reads is an error.
func TestAWorkerWithoutTheKeyStopsTheTaskAndNotTheWorkflow(t *testing.T) {
	t.Parallel()
	encrypted, err := forClient(t, oldKey).DataConverter.ToPayloads("7351.42", "2")
	require.NoError(t, err)
	const missing = `the payload is encrypted by key "` + oldID + `", which is not among the encryption_keys of the configuration`
	for name, options := range map[string]client.Options{"another key": forWorker(t, newKey), "no key": forWorker(t)} {
		worker := converter.MakeTransferAware(options.DataConverter).(converter.ContextAware) // as the SDK wraps it
		for place, read := range map[string]func(){
			"input":   func() { _ = worker.WithWorkflowContext(nil).FromPayloads(encrypted, new(string), new(string)) },
			"memo":    func() { _ = options.DataConverter.FromPayload(encrypted.GetPayloads()[0], new(string)) },
			"failure": func() { _ = options.FailureConverter.FailureToError(failed(t, forClient(t, oldKey))) },
		} {
			require.PanicsWithError(t, missing, read, "%s of a worker with %s", place, name)
		}

		err := worker.WithContext(t.Context()).FromPayloads(encrypted, new(string), new(string))
		require.EqualError(t, err, missing)
	}

	var amount, count string
	reads := forWorker(t, newKey, oldKey).DataConverter.(converter.ContextAware)
	require.NoError(t, reads.WithWorkflowContext(nil).FromPayloads(encrypted, &amount, &count))
	require.Equal(t, "7351.42", amount)
	require.NoError(t, reads.WithContext(t.Context()).FromPayloads(encrypted, &amount, &count))
}

func TestWorkersAndClientsReadEachOther(t *testing.T) {
	t.Parallel()
	client, worker := forClient(t, newKey).DataConverter, forWorker(t, newKey).DataConverter
	inActivities := worker.(converter.ContextAware).WithContext(t.Context())
	for _, from := range []converter.DataConverter{client, worker, inActivities} {
		sent, err := from.ToPayload("7351.42")
		require.NoError(t, err)
		require.Equal(t, "binary/encrypted", string(sent.GetMetadata()["encoding"]))
		for _, to := range []converter.DataConverter{client, worker, inActivities} {
			var text string
			require.NoError(t, to.FromPayload(sent, &text))
			require.Equal(t, "7351.42", text)
		}
	}
	require.NoError(t, client.FromPayload(payload(`"plain"`), new(string)))
	require.NoError(t, worker.FromPayloads(&common.Payloads{Payloads: []*common.Payload{payload(`"plain"`)}}, new(string)))
}
