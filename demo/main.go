// Command demo shows payrecon at work without an account anywhere: Temporal with its Web UI, a sandbox that behaves like
// Precoro and Erply (or a real Tryton), and the worker. It plans, does the real thing, and does it again to show that
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

	"golang.org/x/term"
)

func main() {
	system := flag.String("erp", "erply", "the ERP: erply, which is imitated, or tryton, which is real and needs Debian's packages")
	once := flag.Bool("once", false, "exit at the end: with 0 if all went as it should, else with 1")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal asks to stop, the second ends at once
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		width = 0
	}
	if err := run(ctx, os.Stdout, width, *system, *once); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run shows everything in lines of that width (0 is no limit) with the ERP of that name, and unless it is for once leaves it
// running until the context is done.
func run(ctx context.Context, out io.Writer, width int, system string, once bool) (err error) {
	s := &show{out: out, width: width}
	if s.world, err = newWorld(ctx, system, s.say); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
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
