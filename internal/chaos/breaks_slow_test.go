//go:build unix && breaks

package chaos_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/chaos"
)

// A campaign that cannot fail proves nothing. One event is enough for either of these, whatever its timing: a read that is
// retried, after which everything is written, and an answer that gets lost on the way. `make chaos-breaks`: it takes some
// minutes, as each program is built for it.
func TestABuildThatIsBrokenOnPurposeIsFoundOut(t *testing.T) { //nolint:paralleltest // each builds two programs
	for name, one := range map[string]struct{ event, promise string }{
		"silent":   {"reset an activity that is retried", "I10: POST /payments on "},
		"no-check": {"kill while a check is held", "I1: 2 payments were made in Precoro for "},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // as above
			_, err := chaos.Run(t.Context(), chaos.Options{Break: name, Seed: 3, Lanes: 1, Events: []string{one.event}, Now: time.Now, Say: t.Logf})
			var broken *chaos.Broken
			require.ErrorAs(t, err, &broken)
			require.Contains(t, strings.Join(broken.What, "\n"), one.promise)
		})
	}
}
