package mutants_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sim/mutants"
)

// worlds are enough for each mutant to show several times over.
const worlds = 400

// A judge that never finds anything may be blind: without any one step of the protocol, a promise is broken, and seen to be.
func TestEachStepOfTheProtocolIsNeeded(t *testing.T) {
	t.Parallel()
	for _, m := range mutants.All() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			program, err := m.Build(t.Context(), t.TempDir())
			require.NoError(t, err)
			caught, err := m.Hunt(t.Context(), program, worlds)
			require.NoError(t, err)
			t.Logf("after %d worlds: %s", caught.Worlds, caught.Breach)
		})
	}
}
