package main

import (
	"context"
	"fmt"

	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/erp/tryton"
	"payrecon/internal/sandbox"
)

// adapters are the ERPs that a configuration may name.
var adapters = erp.Registry{"erply": erply.Factory, "tryton": tryton.Factory}

// otherSide is the ERP that the demo is played on.
type otherSide interface {
	// fill makes documents on both sides that differ in every way that matters.
	fill(ctx context.Context, precoro *sandbox.Sandbox) error
	// settings are what the configuration says.
	settings(sandbox string) settings
	// writes is how many writes of anybody the ERP's own books show.
	writes(ctx context.Context) (int, error)
	// introduction says what it is.
	introduction() string
	stop() error
}

// settings are what of the configuration depends on the ERP.
type settings struct {
	Cap   int    // of payments: so low that the demo's plan needs an approval
	Table string // [company.erp]
}

// newOtherSide brings up the ERP of that name.
func newOtherSide(ctx context.Context, system string, say func(format string, args ...any)) (otherSide, error) {
	switch system {
	case "erply":
		return imitatedErply{}, nil
	case "tryton":
		return newRealTryton(ctx, say)
	}
	return nil, fmt.Errorf("erp %q: accepted are erply and tryton", system)
}

// imitatedErply is the sandbox's: Precoro and Erply are one program there, with one ledger.
type imitatedErply struct{}

const (
	seed     = 2026
	invoices = 300
)

func (imitatedErply) fill(_ context.Context, both *sandbox.Sandbox) error {
	sandbox.Demo(seed, invoices)(both)
	return nil
}

func (imitatedErply) settings(sandbox string) settings {
	return settings{Cap: 50, Table: fmt.Sprintf(`[company.erp]
system = "erply"

[company.erp.erply]
url         = %q
client_code = "123456"
username    = "robot"
password    = "erply-password"
limits      = { per_hour = 100000, per_second = 100 } # really 1000 and 3
`, sandbox+"/erply/api/")} // all the sandbox's own
}

// writes are all in the sandbox's one ledger.
func (imitatedErply) writes(context.Context) (int, error) { return 0, nil }

func (imitatedErply) introduction() string {
	return fmt.Sprintf("Precoro and Erply are a sandbox with %d invoices", invoices)
}

func (imitatedErply) stop() error { return nil }
