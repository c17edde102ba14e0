//go:build unix

// Command chaos kills workers and the Temporal server while payments are made, and judges by the sandbox's ledger whether one
// was made twice or lost. It exits with 1 if a promise is broken.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"payrecon/internal/chaos"
)

func main() {
	var o chaos.Options
	flag.IntVar(&o.Kills, "kills", 200, "how often a worker or the server is killed, at least")
	flag.Uint64Var(&o.Seed, "seed", 0, "what befalls whom; 0 draws one")
	flag.IntVar(&o.Lanes, "lanes", 16, "companies side by side, each with a sandbox and workers of its own")
	flag.DurationVar(&o.ServerEvery, "server-every", 90*time.Second, "how long the Temporal server lives at most; 0 does not kill it")
	flag.BoolVar(&o.Keep, "keep", false, "keep the logs also if all promises hold")
	flag.StringVar(&o.Break, "break", "", "let it run on a build that is broken on purpose, and must be found out: blind-to-resets, never-stale, no-check, silent or unknown-is-refused")
	events := flag.String("events", "", "names of events, separated by semicolons, each once; default: all, drawn until --kills is reached")
	out := flag.String("out", "", "file to write the figures to, as JSON")
	flag.Parse()
	if *events != "" {
		o.Events = strings.Split(*events, ";")
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o chaos.Options, out string) error {
	if o.Lanes < 1 || o.Kills < 0 {
		return errors.New("want at least one lane, and no negative number of kills")
	}
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	began := time.Now()
	var mu sync.Mutex
	o.Now = time.Now
	o.Say = func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(os.Stdout, "%4.0f s  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...) // the figures are what counts
	}
	o.Say("seed %d: at least %d kills in %d lanes", o.Seed, o.Kills, o.Lanes)
	figures, err := chaos.Run(ctx, o)
	var broken *chaos.Broken
	if errors.As(err, &broken) {
		figures.Broken = broken.What
	}
	if err := figures.Table(os.Stdout); err != nil {
		return err
	}
	if out != "" {
		text, err := json.MarshalIndent(figures, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(out, append(text, '\n'), 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("seed %d: %w", o.Seed, err)
	}
	return nil
}
