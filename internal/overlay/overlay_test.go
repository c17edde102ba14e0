package overlay_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/overlay"
)

const file = "cmd/payrecon/main.go"

func TestAProgramIsBuiltFromChangedSources(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "payrecon")
	require.NoError(t, overlay.Build(t.Context(), "payrecon/cmd/payrecon", program, overlay.Literal(file, "func main() { os.Exit", "func main() { println(\"$changed\"); os.Exit")))

	output, err := exec.CommandContext(t.Context(), program, "version").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(output), "$changed\n")
}

func TestAPatchThatDoesNotFitIsAnError(t *testing.T) {
	t.Parallel()
	require.NoError(t, overlay.Literal(file, "func main() {", "").Fits(t.Context()))
	for _, find := range []string{"func never()", "\n"} {
		require.ErrorContains(t, overlay.Literal(file, find, "").Fits(t.Context()), "want once")
		require.ErrorContains(t, overlay.Build(t.Context(), "payrecon/cmd/payrecon", filepath.Join(t.TempDir(), "never"), overlay.Literal(file, find, "")), "want once")
	}
}
