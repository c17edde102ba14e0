// Command sim plays worlds out of seeds and says whether every promise held. `make sim SEEDS=1000` runs it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
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
	ctx := kong.Parse(&o, kong.Name("sim"), kong.Description("Plays worlds of invoices, faults and people out of seeds, with the real workflows in virtual time."))
	broken, err := o.run()
	ctx.FatalIfErrorf(err)
	if broken {
		os.Exit(1)
	}
}

func (o options) run() (broken bool, err error) {
	if o.Seed != 0 {
		o.First, o.Seeds = o.Seed, 1
	}
	debug.SetGCPercent(400) // worlds are many and small
	began := time.Now()
	played := 0
	campaign, err := sim.Play(o.First, o.Seeds, func(v sim.Verdict) bool {
		played++
		if o.Seed != 0 {
			for _, line := range v.Trace {
				fmt.Fprintln(os.Stdout, line)
			}
		}
		for _, b := range v.Breaches {
			fmt.Fprintf(os.Stdout, "seed %d breaks %s\n", v.Seed, b)
		}
		if played%100 == 0 {
			fmt.Fprintf(os.Stdout, "%d of %d worlds played, %s\n", played, o.Seeds, time.Since(began).Round(time.Second))
		}
		return !o.Stop || len(v.Breaches) == 0
	})
	if err != nil {
		return false, err
	}
	text, err := json.MarshalIndent(campaign, "", "  ")
	if err != nil {
		return false, err
	}
	if o.Out != "" {
		if err := os.WriteFile(o.Out, append(text, '\n'), 0o644); err != nil { //nolint:gosec // figures for everybody
			return false, err
		}
	}
	fmt.Fprintf(os.Stdout, "%s\n", text)
	for _, v := range campaign.Broken {
		fmt.Fprintf(os.Stdout, "to play it again: go run ./internal/sim/cmd/sim --seed %d\n", v.Seed)
	}
	return len(campaign.Broken) > 0, nil
}
