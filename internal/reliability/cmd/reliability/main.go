//go:build unix

// Command reliability writes docs/reliability.md, and the figures it was made of beside it. `make reliability` runs it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"payrecon/internal/reliability"
)

type options struct {
	Sim     string `required:"" placeholder:"FILE" help:"What make sim has measured."`
	Chaos   string `required:"" placeholder:"FILE" help:"What make chaos has measured."`
	Tryout  string `required:"" placeholder:"FILE" help:"What make tryout has measured."`
	Mutants string `required:"" placeholder:"FILE" help:"What make mutants has found."`
	Docs    string `required:"" placeholder:"FOLDER" help:"Where reliability.md and reliability.json go."`
}

func main() {
	var o options
	k := kong.Parse(&o, kong.Name("reliability"), kong.Description("Writes the page about reliability out of what was measured."))
	k.FatalIfErrorf(o.run())
}

func (o options) run() error {
	var m reliability.Measured
	for path, into := range map[string]any{o.Sim: &m.Sim, o.Chaos: &m.Chaos, o.Tryout: &m.Tryout, o.Mutants: &m.Mutants} {
		text, err := os.ReadFile(path) //nolint:gosec // the files that were named
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	figures, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"reliability.md": reliability.Page(m), "reliability.json": string(figures) + "\n"} {
		if err := os.WriteFile(filepath.Join(o.Docs, name), []byte(text), 0o644); err != nil { //nolint:gosec // for everybody to read
			return err
		}
	}
	return nil
}
