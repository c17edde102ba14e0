//go:build unix

package trytond

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"
)

const dropTimeout = 30 * time.Second

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Require is the one server of this test binary; it ends with it. Where Tryton is not there the test is skipped, but in
// continuous integration (CI=true), which must have one, it fails.
func Require(tb testing.TB) *Server {
	tb.Helper()
	shared.once.Do(func() {
		shared.server, shared.err = Launch(context.WithoutCancel(tb.Context()), os.Stderr)
	})
	var absent *Absent
	if errors.As(shared.err, &absent) && os.Getenv("CI") != "true" {
		tb.Skip(absent)
	}
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.server
}

// NewDatabase is a database of the test's own.
func NewDatabase(tb testing.TB, s *Server, withModule bool) *Database {
	tb.Helper()
	d, err := s.Clone(tb.Context(), withModule)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), dropTimeout)
		defer cancel()
		if err := d.Drop(ctx); err != nil {
			tb.Errorf("drop the database %s: %v", d.Name, err)
		}
	})
	return d
}
