//go:build unix

package reliability_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reliability"
	"payrecon/internal/sim/mutants"
)

const root = "../.."

func measured(t *testing.T) reliability.Measured {
	t.Helper()
	var m reliability.Measured
	text, err := os.ReadFile(filepath.Join(root, "docs", "reliability.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &m))
	return m
}

func TestThePageIsWhatWasMeasuredAndNothingElse(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "reliability.md"))
	require.NoError(t, err)
	require.Equal(t, reliability.Page(measured(t)), string(page), "make reliability writes it")
}

func TestWhatThePageSaysIsWorthSaying(t *testing.T) {
	t.Parallel()
	m := measured(t)
	require.GreaterOrEqual(t, m.Sim.Seeds, 1000)
	require.Empty(t, m.Sim.Broken)
	require.Zero(t, m.Sim.Figures.Duplicated)
	require.Zero(t, m.Sim.Figures.Lost)
	require.GreaterOrEqual(t, m.Chaos.Kills(), 200)
	require.Empty(t, m.Chaos.Broken)
	require.Zero(t, m.Chaos.Duplicated)
	require.Zero(t, m.Chaos.Lost)
	require.GreaterOrEqual(t, m.Tryout.Due, 150)
	require.GreaterOrEqual(t, m.Tryout.ToERP+m.Tryout.ToPrecoro, 150)
	require.Positive(t, m.Tryout.Killed())
	require.NotEmpty(t, m.Tryout.Faults)
	require.Empty(t, m.Tryout.Broken)
	require.Zero(t, m.Tryout.Doubled)
	require.Zero(t, m.Tryout.Lost)
	require.Len(t, m.Mutants, len(mutants.All())+len(mutants.Guards()))
}

// A page that names a test which is gone would promise what nothing checks.
func TestEveryTestThatIsNamedExists(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		sources.Write(text)
		return err
	})
	require.NoError(t, err)
	named := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`").FindAllStringSubmatch(reliability.Page(measured(t)), -1)
	require.Greater(t, len(named), 30)
	for _, name := range named {
		require.Contains(t, sources.String(), "func "+name[1]+"(")
	}
}
