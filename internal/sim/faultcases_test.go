package sim_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
	"payrecon/internal/sim"
)

// Each fault by itself, at each kind of request it can strike.
func TestEachFaultAlone(t *testing.T) {
	t.Parallel()
	for _, c := range sim.FaultCases() {
		t.Run(c.Name(), func(t *testing.T) {
			t.Parallel()
			v, err := c.Play()
			require.NoError(t, err)
			if err := c.Judge(v); err != nil {
				for _, line := range v.Trace {
					t.Log(line)
				}
				require.NoError(t, err, c.Must.Words)
			}
		})
	}
}

// No kind of fault is left out of the table, at no request that payrecon sends: those that the sandbox says it cannot happen
// to are all that may be missing.
func TestEveryKindOfFaultHasACaseAtEveryRequest(t *testing.T) {
	t.Parallel()
	requests := map[string][]string{
		"precoro": {"GET /invoices", "GET /invoices/{idn}", "GET /payments", "POST /payments", "PATCH /payments/{idn}"},
		"erply":   {"verifyUser", "bulk", "getPurchaseDocuments", "savePurchaseDocument"},
	}
	cases := sim.FaultCases()
	for _, kind := range sandbox.FaultKinds() {
		for side, matches := range requests {
			for _, match := range matches {
				world := sandbox.New(sandbox.Options{})
				world.Fail(sandbox.Fault{Side: side, Match: match, Kind: kind})
				possible := len(world.State().Alarms) == 0 && kind != sandbox.Slow && kind != sandbox.Endless
				has := slices.ContainsFunc(cases, func(c sim.FaultCase) bool { return c.Fault.Kind == kind && c.Fault.Match == match })
				require.Equal(t, possible, has, "%s at %s", kind, match)
			}
		}
	}
}

// Whatever creates a payment in Precoro is played with and without a Precoro that keeps its key.
func TestEveryFaultOfACreationHasACaseWithDroppedKeys(t *testing.T) {
	t.Parallel()
	with, without := 0, 0
	names := map[string]bool{}
	for _, c := range sim.FaultCases() {
		require.False(t, names[c.Name()], c.Name())
		names[c.Name()] = true
		switch {
		case c.Fault.Match != "POST /payments":
		case c.DropsKeys:
			with++
		default:
			without++
		}
	}
	require.Equal(t, without, with)
	require.Greater(t, with, 20)
}
