//go:build unix

package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/chaos"
)

// Every event once, side by side: `make chaos` lets many more come, in any order. What takes the minute of a killed activity
// comes first, one in a lane. What comes too late for its run is played again, so that the kills are there on a slow machine.
func TestNoPaymentIsMadeTwiceAndNoneIsLostWhateverIsKilled(t *testing.T) {
	t.Parallel()
	events := chaos.Events()
	figures, err := chaos.Run(t.Context(), chaos.Options{
		Seed: 1, Lanes: 18, Events: events, ServerEvery: 40 * time.Second, Now: time.Now, Say: t.Logf,
	})
	require.NoError(t, err)

	for _, name := range events {
		require.Positive(t, figures.Events[name], name)
	}
	require.GreaterOrEqual(t, figures.Kills(), 10, "%v were not met", figures.Missed)
	require.Positive(t, figures.ServerKills, "after %.0f s; %v were not met", figures.Wall, figures.Missed)
	require.Zero(t, figures.Duplicated)
	require.Zero(t, figures.Lost)
	require.Positive(t, figures.CreatedToERP)
	require.Positive(t, figures.CreatedToPrecoro)
	require.Positive(t, figures.Runs)
}
