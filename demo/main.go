// Command demo shows payrecon at work without an account anywhere: Temporal with its Web UI, a sandbox that behaves like
// Precoro and Erply, and the worker, all in one process. It plans, does the real thing, and does it again to show that
// nothing is left to do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	once := flag.Bool("once", false, "exit at the end: with 0 if all went as it should, else with 1")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, *once); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run shows everything, and unless it is for once leaves it running until the context is done.
func run(ctx context.Context, out io.Writer, once bool) (err error) {
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	s := &show{world: w, out: out}
	if err := s.play(ctx); err != nil {
		return err
	}
	if once {
		return nil
	}
	s.lookAround()
	<-ctx.Done()
	return nil
}
