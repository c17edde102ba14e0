package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sim"
)

func TestOneWorld(t *testing.T) {
	t.Parallel()
	v, err := sim.Run(1)
	require.NoError(t, err)
	for _, line := range v.Trace {
		t.Log(line)
	}
	t.Logf("%+v", v.Figures)
	require.Empty(t, v.Breaches)
}
