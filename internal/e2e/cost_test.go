//go:build unix

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/bounds"
	"payrecon/internal/devserver"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// The bench measures the same in worlds up to 100 000 invoices; this holds every change to it.
func TestARunStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	f := newFieldOn(t, devserver.Options{Metrics: true})
	acme := f.addCompany(t, "acme", sandbox.Options{})
	sandbox.Scale(1, 1000, 40)(acme.Sandbox)
	f.startWorker(t)
	full := workflows.Request{Scope: workflows.ScopeFull}
	changes := workflows.Request{Scope: workflows.ScopeChanges}

	var above []string
	began := time.Now()
	above = append(above, f.cost(t, acme, "full, payments are missing", full, time.Time{})...)
	require.Equal(t, map[string]int{"POST /payments": 20, "savePurchaseDocument": 40}, acme.Counters().Writes)

	above = append(above, f.cost(t, acme, "full, nothing differs", full, time.Time{})...)
	// Precoro is asked for what changed since a day before the last run.
	above = append(above, f.cost(t, acme, "changes, nothing changed", changes, began.AddDate(0, 0, -1))...)
	sandbox.Pay(1, 4)(acme.Sandbox)
	above = append(above, f.cost(t, acme, "changes, people have paid", changes, began.AddDate(0, 0, -1))...)
	require.Equal(t, map[string]int{"POST /payments": 22, "savePurchaseDocument": 44}, acme.Counters().Writes)

	require.Empty(t, above)
	acme.quiet(t)
	require.Empty(t, acme.State().Throttled)
}

// cost does one run, which must settle everything, and says what it cost above the bounds. A run of changes has a time since
// when.
func (f *field) cost(t *testing.T, c *company, name string, request workflows.Request, since time.Time) []string {
	t.Helper()
	before := c.State()
	work, err := bounds.Before(before, since)
	require.NoError(t, err, name)
	actions, err := f.server.SettledActions(t.Context())
	require.NoError(t, err, name)

	require.Equal(t, report.Agreed, f.run(t, request).Outcome, name)

	now, err := f.server.SettledActions(t.Context())
	require.NoError(t, err, name)
	left, err := bounds.Differing(c.State())
	require.NoError(t, err, name)
	require.Zero(t, left, name)
	after := c.Counters()
	work = work.And(before.Counters, after)
	spent := bounds.Requests(before.Counters, after)
	spent.Actions = now.Since(actions).Total()
	var above []string
	for _, what := range work.Exceeded(spent) {
		above = append(above, fmt.Sprintf("%s: %s (of %+v, actions %v)", name, what, work, now.Since(actions)))
	}
	return above
}
