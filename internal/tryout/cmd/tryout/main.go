//go:build unix

// Command tryout lets payrecon make payments between the sandbox's Precoro and a real Tryton while people pay, faults strike
// and Tryton is killed, and judges by Tryton's own ledger whether one was made twice or lost. It exits with 1 if a promise is
// broken, or if there is no Tryton.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"payrecon/internal/tryout"
)

func main() {
	var o tryout.Options
	flag.IntVar(&o.Payments, "payments", 300, "that people make on one side and payrecon owes the other, at least")
	flag.Uint64Var(&o.Seed, "seed", 0, "what befalls whom; 0 draws one")
	out := flag.String("out", "", "file to write the figures to, as JSON")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tryout:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o tryout.Options, out string) error {
	if o.Payments < 1 {
		return errors.New("want at least one payment")
	}
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	began := time.Now()
	var mu sync.Mutex
	o.Now, o.Log = time.Now, os.Stderr
	o.Say = func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(os.Stdout, "%4.0f s  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...) // the figures are what counts
	}
	o.Say("seed %d: at least %d payments", o.Seed, o.Payments)
	figures, err := tryout.Run(ctx, o)
	var broken *tryout.Broken
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
