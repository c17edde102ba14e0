// Command payrecon keeps payments equal between Precoro and an ERP. `payrecon --help` says how.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"
	_ "time/tzdata" // slim containers have no time zones of their own

	"golang.org/x/term"

	"payrecon/cmd/payrecon/cli"
	"payrecon/cmd/payrecon/cli/progress"
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
	var stderr io.Writer = os.Stderr
	var screen *progress.Screen
	if terminal(os.Stderr) && os.Getenv("TERM") != "dumb" {
		screen = progress.NewScreen(os.Stderr, func() (columns, rows int) {
			columns, rows, _ = term.GetSize(int(os.Stderr.Fd()))
			return columns, rows
		})
		screen.Color = colorful
		stderr = screen // the logger's lines, too, go above what is drawn
	}
	var stdin io.Reader
	if terminal(os.Stdin) && terminal(os.Stderr) {
		stdin = os.Stdin
	}
	logger := logging.New(stderr, terminal(os.Stderr), colorful)
	program := cli.Program{
		Stdin:    stdin,
		Stdout:   os.Stdout,
		Stderr:   stderr,
		Screen:   screen,
		User:     login(),
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

func terminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// login is who runs this; containers often do not know.
func login() string {
	if who, err := user.Current(); err == nil {
		return who.Username
	}
	return os.Getenv("USER")
}
