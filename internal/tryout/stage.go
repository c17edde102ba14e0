//go:build unix

// Package tryout proves with a real ERP that no payment is made twice and none is lost. Precoro is the sandbox's; the ERP is
// Tryton from the distribution's packages, on PostgreSQL, behind a proxy that plays faults; Temporal and the worker are real.
// People pay on both sides, also in the middle of a run, and Tryton is killed while it writes. The judge is what Tryton's own
// ledger and the sandbox hold.
package tryout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"payrecon/internal/remote"
	"payrecon/internal/trytond"
)

// Stage is what companies share: a Temporal server and a Tryton.
type Stage struct {
	Tryton *trytond.Server

	client client.Client
	// alive is held by everybody who works in Tryton by themselves, so that none of them is in the middle of something when it
	// is killed: what became of that, nobody could tell. payrecon must be able to, and is not asked.
	alive   sync.RWMutex
	killers sync.WaitGroup

	mu        sync.Mutex
	companies []*Company
	kills     int
	failed    error // of a kill or of a start
}

// NewStage uses a Temporal server by its host:port, and a Tryton; both stay the caller's.
func NewStage(ctx context.Context, temporal string, tryton *trytond.Server) (*Stage, error) {
	c, err := client.DialContext(ctx, client.Options{HostPort: temporal, Logger: quiet{}})
	if err != nil {
		return nil, fmt.Errorf("reach the Temporal server: %w", err)
	}
	return &Stage{Tryton: tryton, client: c}, nil
}

// Close ends what the stage itself has begun.
func (s *Stage) Close() { s.client.Close() }

// KillIn kills Tryton after a time, as a power cut would, and starts it again. It returns at once; Settled waits for it.
func (s *Stage) KillIn(ctx context.Context, after time.Duration) {
	s.killers.Go(func() {
		if remote.Wait(ctx, after) != nil {
			return // nobody is there any more
		}
		s.alive.Lock()
		defer s.alive.Unlock()
		err := s.Tryton.Kill()
		if err == nil {
			err = s.Tryton.Start(ctx)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.companies {
			err = errors.Join(err, c.wake(ctx))
		}
		s.kills++
		s.failed = errors.Join(s.failed, err)
	})
}

// Settled waits until Tryton runs again after all kills so far, and says how many there were.
func (s *Stage) Settled() (kills int, err error) {
	s.killers.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kills, s.failed
}

// quiet drops what Temporal's client has to say.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
