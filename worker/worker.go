// Package worker turns a configuration into a running Temporal worker: configuration, clients, activities, workflows.
package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/config"
	"payrecon/internal/reconcile"
	"payrecon/precoro"
	"payrecon/workflows"
)

// StopTimeout is how long a worker that is asked to stop lets its activities finish. It is above every activity's 60 s,
// so that a graceful stop never loses an answer.
const StopTimeout = 65 * time.Second

const (
	maxActivities = 2000
	// pollers fetch tasks. With the SDK's two, a thousand companies' tasks queue up behind the way to the server and back.
	pollers = 10
	// deadlock is how long workflow code may work without waiting for anything. Matching the largest company takes less than
	// the SDK's one second, on a machine that is not busy otherwise.
	deadlock = 10 * time.Second
)

// UserAgent is what remote systems see. Precoro's edge turns away clients that do not name themselves.
const UserAgent = "payrecon/1.0"

// Worker runs the workflows and activities of every configured company.
type Worker struct {
	worker sdk.Worker
	logger zerolog.Logger
	fatal  chan error
}

// New builds the clients of all companies and the worker on the configuration's task queue. It fails if an adapter
// refuses its configuration, or if two companies share an ERP account: the lock and the quota belong to the account.
func New(c client.Client, cfg config.Config, registry erp.Registry, logger zerolog.Logger) (*Worker, error) {
	companies, err := Companies(cfg, registry)
	if err != nil {
		return nil, err
	}
	w := &Worker{logger: logger, fatal: make(chan error, 1)}
	w.worker = sdk.New(c, cfg.TaskQueue, sdk.Options{
		WorkerStopTimeout: StopTimeout,
		// An activity that keeps its slot of a second does nothing most of the time: a thousand companies are a thousand of
		// them at once, on one worker while the other is being replaced.
		MaxConcurrentActivityExecutionSize: maxActivities,
		MaxConcurrentActivityTaskPollers:   pollers,
		MaxConcurrentWorkflowTaskPollers:   pollers,
		DeadlockDetectionTimeout:           deadlock,
		OnFatalError:                       func(err error) { w.fatal <- err },
	})
	Register(w.worker, activities.New(companies, activities.Options{Runs: c}))
	return w, nil
}

// Registry is what workflows and activities are registered with: a worker, or a test environment.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
	RegisterActivity(a any)
}

// Register registers the workflows under the names that people type, and the activities.
func Register(registry Registry, acts *activities.Activities) {
	registry.RegisterWorkflowWithOptions(workflows.ReconcilePayments, workflow.RegisterOptions{Name: workflows.TypeReconcilePayments})
	registry.RegisterWorkflowWithOptions(workflows.Company, workflow.RegisterOptions{Name: workflows.TypeCompany})
	registry.RegisterWorkflowWithOptions(workflows.Run, workflow.RegisterOptions{Name: workflows.TypeRun})
	registry.RegisterActivity(acts)
}

// Companies builds the clients of every company.
func Companies(cfg config.Config, registry erp.Registry) ([]activities.Company, error) {
	companies := make([]activities.Company, 0, len(cfg.Companies))
	owners := map[string]string{}
	for _, c := range cfg.Companies {
		company, err := build(c, registry)
		if err != nil {
			return nil, fmt.Errorf("company %s: %w", c.Name, err)
		}
		account := c.ERP.System + " " + company.ERP.Account()
		if owner, taken := owners[account]; taken {
			return nil, fmt.Errorf("company %s: uses the ERP account of company %s (%s); each account belongs to one company", c.Name, owner, account)
		}
		owners[account] = c.Name
		companies = append(companies, company)
	}
	return companies, nil
}

func build(c config.Company, registry erp.Registry) (activities.Company, error) {
	client, err := precoro.New(precoro.Options{
		URL: c.Precoro.URL, Email: c.Precoro.Email, Token: c.Precoro.Token.Reveal(), UserAgent: UserAgent,
	})
	if err != nil {
		return activities.Company{}, fmt.Errorf("precoro: %w", err)
	}
	factory, err := registry.Find(c.ERP.System)
	if err != nil {
		return activities.Company{}, fmt.Errorf("erp: %w", err)
	}
	adapter, err := factory(c.ERP.Decode)
	if err != nil {
		return activities.Company{}, fmt.Errorf("erp.%s: %w", c.ERP.System, err)
	}
	return activities.Company{
		Settings: settings(c, activities.AccountsOf(c.Precoro.URL, c.Precoro.Email, adapter.Account()), adapter.Capabilities()), Precoro: client, ERP: adapter,
		Slot: slot(c.Precoro.Limits.PerSecond),
	}, nil
}

// slot is the time from one request to the next, 5 % above what is allowed: what counts there is when requests arrive, and
// the second of two may travel faster than the first.
func slot(perSecond int) time.Duration {
	return time.Second * 21 / 20 / time.Duration(perSecond)
}

func settings(c config.Company, accounts string, capabilities erp.Capabilities) activities.Settings {
	return activities.Settings{
		Company: c.Name, Accounts: accounts, Timezone: c.Location.String(), Start: c.Start,
		Linking:   reconcile.Linking{Sides: c.Match.Link, PrecoroKey: c.Match.PrecoroKey},
		AdoptDays: c.Match.AdoptDays, Tolerance: c.Match.Tolerance,
		Caps:    activities.Caps{Payments: c.Caps.Payments, Amount: c.Caps.Amount},
		SameGet: c.Precoro.Limits.SameGet, Settle: c.Precoro.Limits.Settle,
		PerHour: c.Precoro.Limits.PerHour, PerDay: c.Precoro.Limits.PerDay, ERP: capabilities,
	}
}

// Run works until ctx ends, then stops gracefully: what has begun is finished, within StopTimeout.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.worker.Start(); err != nil {
		return fmt.Errorf("starting the worker: %w", err)
	}
	defer w.worker.Stop()
	w.logger.Info().Msg("worker started")
	select {
	case <-ctx.Done():
		w.logger.Info().Stringer("at_most", StopTimeout).Msg("stopping: what has begun is finished first")
		return nil
	case err := <-w.fatal:
		return errors.Join(errors.New("the worker cannot go on"), err)
	}
}
