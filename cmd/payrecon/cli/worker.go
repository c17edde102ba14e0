package cli

import (
	"context"
	"fmt"

	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/erp/tryton"
	"payrecon/internal/codec"
	"payrecon/internal/config"
	"payrecon/worker"
)

// adapters are the ERPs that this program knows, by the name that `system` has in the configuration.
var adapters = erp.Registry{"erply": erply.Factory, "tryton": tryton.Factory}

type workerCommand struct {
	Config string `placeholder:"FILE" help:"Configuration file. Default: $$PAYRECON_CONFIG, or payrecon.toml here."`
}

// Run works until ctx ends.
func (c workerCommand) Run(ctx context.Context, p *Program) error {
	path, err := config.Find(c.Config)
	if err != nil {
		return err
	}
	settings, err := config.Load(path)
	if err != nil {
		return err
	}
	// Everything that the file can get wrong is said before anything is connected.
	if _, err := worker.Companies(settings, adapters); err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	payloads, err := codec.New(settings.EncryptionKeys)
	if err != nil {
		return err
	}
	if ids := payloads.KeyIDs(); len(ids) > 0 {
		p.Logger.Info().Str("key", ids[0]).Strs("older_keys", ids[1:]).Msg("what Temporal keeps is encrypted")
	}
	temporal, err := connect(ctx, p.Logger, payloads.ForWorker)
	if err != nil {
		return err
	}
	defer temporal.Close()
	w, err := worker.New(temporal, settings, adapters, p.Logger)
	if err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	return w.Run(ctx)
}
