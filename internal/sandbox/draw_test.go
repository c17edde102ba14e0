package sandbox_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

func drawn(seed uint64, n int) []sandbox.Fault {
	return sandbox.Draw(rand.New(rand.NewPCG(seed, 1)), n)
}

func TestDrawnFaultsCanHappenAndEveryKindComesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	kinds := map[string]bool{}
	for _, f := range drawn(1, 2000) {
		w.Fail(f)
		kinds[string(f.Kind)] = true
	}
	require.Empty(t, w.State().Alarms, "one that cannot be is an alarm")
	for _, kind := range sandbox.FaultKinds() {
		apart := kind == sandbox.Slow || kind == sandbox.Endless
		require.Equal(t, !apart, kinds[string(kind)], kind)
	}
}

func TestDrawnFaultsAreOfASizeThatEnds(t *testing.T) {
	t.Parallel()
	longest := map[sandbox.FaultKind]time.Duration{sandbox.Late: 3 * time.Hour, sandbox.Throttle: 2 * time.Hour}
	long, late := 0, 0
	for _, f := range drawn(2, 2000) {
		require.LessOrEqual(t, f.After, 30)
		require.True(t, 1 <= f.Times && f.Times <= 4, "%d", f.Times)
		require.LessOrEqual(t, f.Delay, longest[f.Kind], f.Kind)
		if f.Kind == sandbox.Late {
			late++
			if f.Delay > 10*time.Minute {
				long++
			}
		}
	}
	require.InDelta(t, 0.2, float64(long)/float64(late), 0.1)
}

func TestTheSameSeedDrawsTheSameFaults(t *testing.T) {
	t.Parallel()
	once, again := drawn(3, 50), drawn(3, 50)
	require.Equal(t, once, again)
	require.NotEqual(t, once, drawn(4, 50))
}
