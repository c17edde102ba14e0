//go:build unix

package tryout_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"payrecon/internal/devserver"
	"payrecon/internal/report"
	"payrecon/internal/tryout"
	"payrecon/internal/trytond"
	"payrecon/workflows"
)

// One Temporal server serves all tests, and ends with them.
var temporal struct {
	once   sync.Once
	server *devserver.Server
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if temporal.server != nil {
		if err := temporal.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code) //nolint:forbidigo // this is the tests' main
}

// stageOn is a stage upon a Tryton. Without Tryton there is no Temporal server either.
func stageOn(t *testing.T, tryton *trytond.Server) *tryout.Stage {
	t.Helper()
	temporal.once.Do(func() {
		temporal.server, temporal.err = devserver.Launch(context.WithoutCancel(t.Context()), devserver.Options{})
	})
	require.NoError(t, temporal.err)
	stage, err := tryout.NewStage(t.Context(), temporal.server.Address, tryton)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	return stage
}

// open makes a company on the Tryton that nobody kills.
func open(t *testing.T, module bool) *tryout.Company {
	t.Helper()
	tryton := trytond.Require(t)
	return openOn(t, stageOn(t, tryton), module)
}

func openOn(t *testing.T, stage *tryout.Stage, module bool) *tryout.Company {
	t.Helper()
	c, err := stage.Open(t.Context(), tryout.Setup{Module: module, Log: zerolog.NewTestWriter(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func enter(t *testing.T, c *tryout.Company, d tryout.Document) *tryout.Case {
	t.Helper()
	one, err := c.Enter(t.Context(), d)
	require.NoError(t, err)
	return one
}

func payInPrecoro(t *testing.T, c *tryout.Company, one *tryout.Case, amount string, day int) *tryout.Fact {
	t.Helper()
	f, err := c.PayInPrecoro(one, amount, day)
	require.NoError(t, err)
	return f
}

func payInTryton(t *testing.T, c *tryout.Company, one *tryout.Case, way tryout.Way, amount string, day int) *tryout.Fact {
	t.Helper()
	f, err := c.PayInTryton(t.Context(), one, way, amount, day)
	require.NoError(t, err)
	return f
}

// run starts a run and gives its report.
func run(t *testing.T, c *tryout.Company) report.Report {
	t.Helper()
	r, err := c.Reconcile(t.Context(), workflows.Request{})
	require.NoError(t, err)
	return r
}

// judged lets both sides be judged. No promise may be broken.
func judged(t *testing.T, c *tryout.Company) tryout.Verdict {
	t.Helper()
	v, err := c.Judge(t.Context())
	require.NoError(t, err)
	require.Empty(t, v.Broken)
	return v
}
