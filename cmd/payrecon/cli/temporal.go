package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/temporal"

	"payrecon/internal/codec"
	"payrecon/internal/config"
	"payrecon/internal/logging"
	"payrecon/internal/remote"
)

// Temporal is what the command line uses of a Temporal client.
type Temporal interface {
	ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	GetWorkflow(ctx context.Context, workflowID, runID string) client.WorkflowRun
	DescribeTaskQueue(ctx context.Context, queue string, kind enums.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error)
	QueryWorkflowWithOptions(ctx context.Context, request *client.QueryWorkflowWithOptionsRequest) (*client.QueryWorkflowWithOptionsResponse, error)
	ScheduleClient() client.ScheduleClient
	Close()
}

var _ Temporal = client.Client(nil)

// Dial connects to Temporal as its own programs do: by environment variables, or a profile of its configuration file. With
// keys, what is sent is encrypted by the first and what is read is decrypted by all.
func Dial(ctx context.Context, logger zerolog.Logger, keys []config.Secret) (client.Client, error) {
	payloads, err := codec.New(keys)
	if err != nil {
		return nil, err
	}
	return connect(ctx, logger, payloads.ForClient)
}

// dial connects with the keys of the configuration that the flag names, or that is at hand.
func (p *Program) dial(ctx context.Context, flag string) (Temporal, error) {
	keys, err := keysOf(flag)
	if err != nil {
		return nil, err
	}
	return p.Dial(ctx, keys)
}

// keysOf are the keys of that configuration; there may be none.
func keysOf(flag string) ([]config.Secret, error) {
	path, err := config.Find(flag)
	switch {
	case errors.Is(err, config.ErrNoFile):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return config.LoadKeys(path)
}

func connect(ctx context.Context, logger zerolog.Logger, encrypt func(*client.Options)) (client.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("connection to Temporal: %w", err)
	}
	options.Logger = logging.Temporal(logger.Level(zerolog.WarnLevel))
	encrypt(&options)
	c, err := client.DialContext(ctx, options)
	if err != nil {
		address := options.HostPort
		if address == "" {
			address = client.DefaultHostPort
		}
		const hint = "set TEMPORAL_ADDRESS, and TEMPORAL_NAMESPACE, TEMPORAL_API_KEY or TEMPORAL_TLS... where it needs them"
		return nil, fmt.Errorf("connecting to Temporal at %s: %w; %s", address, err, hint)
	}
	return c, nil
}

// explain turns an error of Temporal into words, and into misuse where the request was wrong.
func explain(id string, err error) error {
	var application *temporal.ApplicationError
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	var namespace *serviceerror.NamespaceNotFound
	var missing *serviceerror.NotFound
	var cancelled *temporal.CanceledError
	var terminated *temporal.TerminatedError
	var timeout *temporal.TimeoutError
	switch {
	case errors.As(err, &application) && application.Type() == invalidRequest:
		return misuse{error: errors.New(remote.Words(application.Message()))}
	case errors.As(err, &application):
		return fmt.Errorf("run %s failed: %s", id, remote.Words(application.Message()))
	case errors.As(err, &started):
		return fmt.Errorf("run %s has been started already; wait for it by: payrecon run --attach %s", id, id)
	case errors.As(err, &namespace):
		return fmt.Errorf("namespace %s does not exist in Temporal; set TEMPORAL_NAMESPACE", namespace.Namespace)
	case errors.As(err, &missing):
		return fmt.Errorf("run %s is not known to Temporal, or no longer", id)
	case errors.As(err, &cancelled):
		return fmt.Errorf("run %s was cancelled before it began", id)
	case errors.As(err, &terminated):
		return fmt.Errorf("run %s was terminated", id)
	case errors.As(err, &timeout):
		return fmt.Errorf("run %s timed out", id)
	}
	return fmt.Errorf("run %s: %w", id, err)
}
