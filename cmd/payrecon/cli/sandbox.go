package cli

import (
	"context"
	"fmt"
	"net"
	"time"

	"payrecon/internal/sandbox"
)

// Help is what `payrecon sandbox --help` says beside the flags.
func (sandboxCommand) Help() string {
	return `Serves Precoro and Erply over HTTP, in memory, filled with invoices in every state that matters, as strict and as slow as
the real ones. Every write is in the ledger at /_sandbox/state. Ctrl-C ends it, and nothing is kept.

The limits can be turned up or down, never off. Give --print-config the same flags as the sandbox itself.

Example, in one folder and three terminals (the second one needs a Temporal server):

    payrecon sandbox --print-config > payrecon.toml
    payrecon sandbox
    payrecon worker
    payrecon plan`
}

type sandboxCommand struct {
	Listen       string        `default:"127.0.0.1:8765" placeholder:"ADDRESS" help:"Loopback address to serve on. Default: ${default}."`
	Seed         int64         `default:"1" help:"The same seed gives the same invoices. Default: ${default}."`
	Invoices     int           `default:"300" help:"How many invoices there are. Default: ${default}."`
	PerSecond    int           `default:"1" help:"Requests a second that Precoro allows. Default: ${default}."`
	PerHour      int           `default:"1500" help:"Requests an hour that Precoro allows. Default: ${default}."`
	PerDay       int           `default:"3000" help:"Requests a day that Precoro allows. Default: ${default}."`
	SameGet      time.Duration `default:"60s" help:"How long Precoro refuses the same GET. Default: ${default}."`
	ErplyPerHour int           `default:"1000" help:"Requests an hour that Erply allows. Default: ${default}."`
	LaxOverpay   bool          `help:"Accept payments above what is open, so that a second payment shows instead of being refused."`
	DropKey      bool          `help:"Drop the external ID in the call that creates a payment in Precoro: it must be set by a second one."`
	PrintConfig  bool          `help:"Print a payrecon.toml for this sandbox to stdout, and serve nothing."`
}

// Validate refuses what would turn a limit off.
func (c sandboxCommand) Validate() error {
	for _, limit := range []struct {
		flag  string
		value int64
	}{
		{"--per-second", int64(c.PerSecond)},
		{"--per-hour", int64(c.PerHour)},
		{"--per-day", int64(c.PerDay)},
		{"--same-get", int64(c.SameGet)},
		{"--erply-per-hour", int64(c.ErplyPerHour)},
		{"--invoices", int64(c.Invoices)},
	} {
		if limit.value <= 0 {
			return fmt.Errorf("%s must be above zero: limits can be turned up or down, never off", limit.flag)
		}
	}
	return onLoopback(c.Listen, "127.0.0.1:8765")
}

// onLoopback refuses an address to listen on that others than this machine reach.
func onLoopback(address, such string) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen must be a loopback address with a port, such as %s", such)
	}
	return nil
}

// Login of the sandbox. It guards nothing: the data is made up, and only this machine reaches it.
const (
	sandboxEmail, sandboxToken                    = "robot@example.com", "precoro-token" //nolint:gosec // see above
	sandboxClient, sandboxUser, sandboxPassphrase = "123456", "robot", "erply-password"
)

// Run serves the sandbox until ctx ends.
func (c sandboxCommand) Run(ctx context.Context, p *Program) error {
	if c.PrintConfig {
		_, err := fmt.Fprint(p.Stdout, c.configuration())
		return err
	}
	box := sandbox.New(sandbox.Options{
		Limits: sandbox.Limits{
			PrecoroPerSecond: c.PerSecond, PrecoroPerHour: c.PerHour, PrecoroPerDay: c.PerDay, SameGet: c.SameGet, ErplyPerHour: c.ErplyPerHour,
		},
		Email: sandboxEmail, Token: sandboxToken,
		ClientCode: sandboxClient, Username: sandboxUser, Password: sandboxPassphrase,
		LaxOverpay: c.LaxOverpay, IgnoreExternalIDOnPost: c.DropKey,
	})
	sandbox.Demo(c.Seed, c.Invoices)(box)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	p.say("Precoro: http://%s/precoro", listener.Addr())
	p.say("Erply:   http://%s/erply/api/", listener.Addr())
	p.say("Ledger:  http://%s/_sandbox/state", listener.Addr())
	p.say("A payrecon.toml for it: payrecon sandbox --print-config. Ctrl-C ends it.")
	return box.Serve(ctx, listener)
}

// configuration is a payrecon.toml for this sandbox. A client keeps a second more between two equal GETs than is asked.
func (c sandboxCommand) configuration() string {
	return fmt.Sprintf(`# For payrecon sandbox at %[1]s. The data is made up; there is nothing to keep secret.
[[company]]
name     = "sandbox"
timezone = "Europe/Tallinn"
start    = "2026-01-01"

[company.precoro]
url    = "http://%[1]s/precoro"
email  = "%[2]s"
token  = "%[3]s"
# settle: what the sandbox was sent has effect at once or never; real systems get the default of 10 minutes.
limits = { per_second = %[4]d, per_hour = %[5]d, per_day = %[6]d, same_get = "%[7]s", settle = "10s" }

[company.erp]
system = "erply"

[company.erp.erply]
url         = "http://%[1]s/erply/api/"
client_code = "%[8]s"
username    = "%[9]s"
password    = "%[10]s"
limits      = { per_hour = %[11]d }
`, c.Listen, sandboxEmail, sandboxToken, c.PerSecond, c.PerHour, c.PerDay, c.SameGet+time.Second, sandboxClient, sandboxUser, sandboxPassphrase, c.ErplyPerHour)
}
