package sim_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
	"payrecon/internal/sim"
)

// A few hundred worlds, as `make sim` plays them: in a program of their own, without the race detector, which would take
// minutes longer. What they are made of must come up, or they would prove nothing.
func TestWorldsKeepEveryPromise(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, figures := filepath.Join(dir, "sim"), filepath.Join(dir, "figures.json")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "payrecon/internal/sim/cmd/sim").CombinedOutput()
	require.NoError(t, err, string(output))
	output, err = exec.CommandContext(t.Context(), program, "--seeds", "200", "--out", figures).CombinedOutput()
	require.NoError(t, err, string(output))

	var played sim.Campaign
	text, err := os.ReadFile(figures)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &played))
	f := played.Figures
	require.Equal(t, 200, f.Worlds)
	require.Empty(t, played.Broken)
	require.Zero(t, f.Duplicated)
	require.Zero(t, f.Lost)
	require.Equal(t, f.Due, f.Created)
	require.Greater(t, f.Created, 10*f.Worlds)
	require.Positive(t, f.Doubled, "what no client can prevent must come up, to be seen reported")
	require.Positive(t, f.Failed)
	for _, kind := range sandbox.FaultKinds() {
		if kind != sandbox.Slow && kind != sandbox.Endless && kind != sandbox.Throttle {
			require.Positive(t, f.Faults[string(kind)], kind)
		}
	}
	for _, limiter := range slices.Concat(sandbox.Limiters("precoro"), sandbox.Limiters("erply")) {
		require.Positive(t, f.Faults["throttle_"+limiter], limiter)
	}
	require.Greater(t, len(f.People), 12, "%v", f.People)
	require.Greater(t, len(f.Exceptions), 10, "%v", f.Exceptions)
}

func TestSameSeedPlaysTheSame(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 4; seed++ {
		first, err := sim.Run(seed)
		require.NoError(t, err)
		second, err := sim.Run(seed)
		require.NoError(t, err)
		require.NotEmpty(t, first.Trace)
		require.Equal(t, first, second)
		require.Empty(t, first.Breaches)
	}
}
