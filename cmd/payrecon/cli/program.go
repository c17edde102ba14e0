// Package cli is payrecon's command line: what it accepts, what it prints, and the code it exits with. The report goes to
// stdout, everything else to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"

	"payrecon/cmd/payrecon/cli/progress"
	"payrecon/internal/config"
)

// Program is the command line and what it needs of the world.
type Program struct {
	Stdout, Stderr io.Writer
	Stdin          io.Reader        // nil where no person can be asked
	Screen         *progress.Screen // of stderr; nil if it is no terminal
	Width          int              // of stdout in cells, 0 if it is no terminal
	Color          bool             // stdout shows colors
	User           string           // login of who runs this, "" if not known
	Logger         zerolog.Logger
	Now            func() time.Time
	// Patience is how long a run may wait for a worker before that is said.
	Patience time.Duration
	// Dial connects to Temporal with these encryption keys, as Dial does. Commands call dial, which finds them.
	Dial func(context.Context, []config.Secret) (Temporal, error)
}

type commands struct {
	Check       checkCommand       `cmd:"" help:"Ask both sides whether the credentials are right; write nothing."`
	Run         runCommand         `cmd:"" help:"Reconcile now, wait for the result and print it."`
	Plan        planCommand        `cmd:"" help:"Print what a run would do; write nothing."`
	Worker      workerCommand      `cmd:"" help:"Do the work: poll Temporal for runs and carry them out."`
	Schedule    scheduleCommand    `cmd:"" help:"Keep the schedules by which Temporal starts runs: set, show, pause, resume, run-now, delete."`
	CodecServer codecServerCommand `cmd:"" help:"Decrypt for the Temporal Web UI and CLI on this machine."`
	Sandbox     sandboxCommand     `cmd:"" help:"Play Precoro and Erply on this machine, to try payrecon out."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// Run carries out one command line and returns the code to exit with. When ctx ends, a worker stops gracefully and a
// waiting run detaches.
func (p *Program) Run(ctx context.Context, args []string) int {
	helped := false
	parser, err := kong.New(&commands{},
		kong.Name("payrecon"),
		kong.Description(description),
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
	)
	if err != nil {
		return p.end(err)
	}
	parsed, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	if err != nil {
		return p.end(misuse{error: err, command: commandOf(err)})
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(p)
	var wrong misuse
	if errors.As(err, &wrong) {
		err = misuse{error: err, command: parsed.Selected().FullPath()}
	}
	return p.end(err)
}

// end prints what went wrong, and returns the code to exit with.
func (p *Program) end(err error) int {
	var code status
	var wrong misuse
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &wrong):
		p.say("payrecon: %s", wrong.Error())
		p.say("Run \"%s --help\" to see what is accepted.", wrong.command)
		return exitUsage
	}
	p.say("payrecon: %s", err)
	return exitError
}

// say tells people something, apart from the report.
func (p *Program) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Stderr, format+"\n", args...)
}

// misuse is a command line that cannot be carried out as it was given, and the command that it is about.
type misuse struct {
	error
	command string
}

func (m misuse) Unwrap() error { return m.error }

func commandOf(err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context.Selected() != nil {
		return parse.Context.Selected().FullPath()
	}
	return "payrecon"
}
