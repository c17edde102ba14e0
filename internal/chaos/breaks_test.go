//go:build unix

package chaos_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/chaos"
)

// Each build that is broken on purpose can still be made from the sources as they are now.
func TestBuildsThatMustBeFoundOutFitTheSources(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, chaos.Breaks())
	for _, name := range chaos.Breaks() {
		require.NoError(t, chaos.FitsSources(t.Context(), name), name)
	}
}
