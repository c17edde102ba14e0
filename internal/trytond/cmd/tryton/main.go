//go:build unix

// Command tryton gets a real Tryton ready, and runs one to look at.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"payrecon/internal/trytond"
)

type options struct {
	Prepare prepare `cmd:"" help:"Install Tryton's packages if they are missing and root asks, and make what tests start from."`
	Serve   serve   `cmd:"" help:"Run a Tryton until it is interrupted."`
}

type prepare struct{}

type serve struct {
	Module bool `help:"With the module payrecon in the database."`
}

func main() {
	var o options
	k := kong.Parse(&o, kong.Name("tryton"), kong.Description("A real Tryton out of Debian's packages, for tests and to look at."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	k.BindTo(ctx, (*context.Context)(nil))
	err := k.Run()
	stop()
	k.FatalIfErrorf(err)
}

func (prepare) Run(ctx context.Context) error {
	err := trytond.Prepare(ctx, os.Stdout)
	var absent *trytond.Absent
	if errors.As(err, &absent) && os.Getenv("CI") != "true" {
		say("%v\nTests that need it will be skipped.", absent)
		return nil
	}
	return err
}

func (s serve) Run(ctx context.Context) error {
	server, err := trytond.Launch(ctx, os.Stdout)
	if err != nil {
		return err
	}
	database, err := server.Clone(ctx, s.Module)
	if err != nil {
		return errors.Join(err, server.Stop())
	}
	say(`Tryton answers; interrupt this to end it, and all that was entered.
For people: %s, database %s, user %s, password %s.

[company.erp.tryton]
url      = %[1]q
database = %[2]q
username = %[5]q
password = %[6]q
journal  = %[7]q`, database.URL, database.Name, trytond.Admin, trytond.AdminPassword, database.Username, database.Password, database.Journal)
	<-ctx.Done()
	return server.Stop()
}

func say(format string, arguments ...any) {
	_, _ = fmt.Fprintf(os.Stdout, format+"\n", arguments...) // whoever closed the terminal does not want to know
}
