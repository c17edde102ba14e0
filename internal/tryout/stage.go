//go:build unix

// Package tryout proves with a real ERP that no payment is made twice and none is lost. Precoro is the sandbox's; the ERP is
// Tryton from the distribution's packages, on PostgreSQL, behind a proxy that plays faults; Temporal and the worker are real.
// People pay on both sides, also in the middle of a run, and Tryton is killed while it writes. The judge is what Tryton's own
// ledger and the sandbox hold.
package tryout

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"

	"payrecon/internal/trytond"
)

// Stage is what companies share: a Temporal server, and the server of Tryton's databases.
type Stage struct {
	tryton *trytond.Server
	client client.Client
}

// NewStage uses a Temporal server by its host:port, and databases of Tryton's; both servers stay the caller's.
func NewStage(ctx context.Context, temporal string, tryton *trytond.Server) (*Stage, error) {
	c, err := client.DialContext(ctx, client.Options{HostPort: temporal, Logger: quiet{}})
	if err != nil {
		return nil, fmt.Errorf("reach the Temporal server: %w", err)
	}
	return &Stage{tryton: tryton, client: c}, nil
}

// Close ends what the stage itself has begun.
func (s *Stage) Close() { s.client.Close() }

// quiet drops what Temporal's client has to say.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
