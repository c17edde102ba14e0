// Command payrecon keeps payments equal between Precoro and an ERP. `payrecon --help` says how.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // slim containers have no time zones of their own

	"golang.org/x/term"

	"payrecon/cmd/payrecon/cli"
	"payrecon/internal/config"
	"payrecon/internal/logging"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the first signal asks to stop, the second finds Go's default and ends at once
	colorful := os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		width = 0
	}
	logger := logging.New(os.Stderr, term.IsTerminal(int(os.Stderr.Fd())), colorful)
	program := cli.Program{
		Stdout:   os.Stdout,
		Stderr:   os.Stderr,
		Width:    width,
		Color:    colorful && width > 0,
		Logger:   logger,
		Now:      time.Now,
		Patience: 3 * time.Second,
		Dial: func(ctx context.Context, keys []config.Secret) (cli.Temporal, error) {
			return cli.Dial(ctx, logger, keys)
		},
	}
	return program.Run(ctx, os.Args[1:])
}
