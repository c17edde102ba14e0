// Command sim plays worlds out of seeds and says whether every promise held. `make sim SEEDS=1000` runs it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"payrecon/internal/sim"
)

type options struct {
	Seeds int    `default:"300" help:"How many worlds to play. Default: ${default}."`
	First uint64 `default:"1" help:"The seed of the first one. Default: ${default}."`
	Seed  uint64 `help:"Play this one only, and tell everything that happens in it."`
	Stop  bool   `help:"End with the first world that breaks a promise."`
	Out   string `placeholder:"FILE" help:"Write the figures there, as JSON."`
}

func main() {
	var o options
	k := kong.Parse(&o, kong.Name("sim"), kong.Description("Plays worlds of invoices, faults and people out of seeds, with the real workflows in virtual time."))
	debug.SetGCPercent(400) // worlds are many and small
	k.FatalIfErrorf(o.run(time.Now()))
}

// say prints a line. The exit code and the file are what counts.
func say(format string, args ...any) { _, _ = fmt.Fprintf(os.Stdout, format+"\n", args...) }

func (o options) run(began time.Time) error {
	if o.Seed != 0 {
		o.First, o.Seeds = o.Seed, 1
	}
	played := 0
	campaign, err := sim.Play(o.First, o.Seeds, func(v sim.Verdict) bool {
		played++
		if o.Seed != 0 {
			say("%s", strings.Join(v.Trace, "\n"))
		}
		for _, b := range v.Breaches {
			say("seed %d breaks %s", v.Seed, b)
		}
		if played%100 == 0 {
			say("%d of %d worlds played, %s", played, o.Seeds, time.Since(began).Round(time.Second))
		}
		return !o.Stop || len(v.Breaches) == 0
	})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(campaign, "", "  ")
	if err != nil {
		return err
	}
	if o.Out != "" {
		if err := os.WriteFile(o.Out, append(text, '\n'), 0o644); err != nil { //nolint:gosec // figures for everybody
			return err
		}
	}
	say("%s", text)
	if len(campaign.Broken) > 0 {
		return fmt.Errorf("%d worlds broke a promise; to play the first again: go run ./internal/sim/cmd/sim --seed %d", len(campaign.Broken), campaign.Broken[0].Seed)
	}
	return nil
}
