//go:build unix

package tryout_test

import (
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"payrecon/internal/tryout"
	"payrecon/internal/trytond"
)

// `make tryout` lets many more rounds come.
func TestNoPaymentIsMadeTwiceAndNoneIsLostInTryton(t *testing.T) {
	t.Parallel()
	stage := stageOn(t, trytond.Require(t))
	f, err := tryout.Campaign(t.Context(), stage, tryout.Options{Payments: 10, Seed: 1, Now: time.Now, Say: t.Logf, Log: zerolog.NewTestWriter(t)})
	require.NoError(t, err)
	require.NoError(t, f.Table(t.Output()))

	require.GreaterOrEqual(t, f.Due, 10)
	require.Zero(t, f.Doubled)
	require.Zero(t, f.Lost)
	require.Equal(t, f.Due, f.ToERP+f.ToPrecoro)
	require.Positive(t, f.ToERP)
	require.Positive(t, f.ToPrecoro)
	require.Positive(t, f.Killed())
	require.NotEmpty(t, f.Faults)
}
