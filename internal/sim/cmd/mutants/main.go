// Command mutants leaves out one step of the protocol after another and plays worlds until one shows it. It exits with 1 if
// any is not found out. `make mutants` runs it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"payrecon/internal/sim/mutants"
)

type options struct {
	Worlds int    `default:"400" help:"How many worlds may be played until a mutant shows. Default: ${default}."`
	Out    string `placeholder:"FILE" help:"Write what was found there, as JSON."`
}

func main() {
	var o options
	k := kong.Parse(&o, kong.Name("mutants"), kong.Description("Leaves out one step of the protocol after another, and lets worlds be played until one shows it."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := o.run(ctx)
	stop()
	k.FatalIfErrorf(err)
}

func (o options) run(ctx context.Context) error {
	var caught []mutants.Catch
	var missed error
	for _, m := range slices.Concat(mutants.All(), mutants.Guards()) {
		one, err := hunt(ctx, m, o.Worlds)
		if err != nil {
			missed = errors.Join(missed, err)
			continue
		}
		caught = append(caught, one)
		if _, err := fmt.Fprintf(os.Stdout, "%s: seen after %d worlds: %s\n", one.Mutant, one.Worlds, one.Breach); err != nil {
			return err
		}
	}
	if missed != nil || o.Out == "" {
		return missed
	}
	text, err := json.MarshalIndent(caught, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.Out, append(text, '\n'), 0o644) //nolint:gosec // for everybody to read
}

func hunt(ctx context.Context, m mutants.Mutant, worlds int) (caught mutants.Catch, err error) {
	dir, err := os.MkdirTemp("", "payrecon-mutant")
	if err != nil {
		return mutants.Catch{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, err := m.Build(ctx, dir)
	if err != nil {
		return mutants.Catch{}, err
	}
	return m.Hunt(ctx, program, worlds)
}
