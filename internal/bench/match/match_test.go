//go:build unix

package match_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/bench/match"
)

func TestBothComeToTheSameVerdicts(t *testing.T) { //nolint:paralleltest // it measures, with GOMAXPROCS=1
	result, err := match.Run(t.Context(), []int{1, 1000, 2000})
	require.NoError(t, err)
	require.Len(t, result.Rows, 3)
	for _, row := range result.Rows {
		total := 0
		for _, n := range row.Verdicts {
			total += n
		}
		require.Equal(t, row.Invoices, total)
		require.Positive(t, row.Ours)
		require.Positive(t, row.Load)
		require.Positive(t, row.Join)
	}
	largest := result.Rows[2]
	require.InDelta(t, 1900, largest.Verdicts["in sync"], 50)
	for _, verdict := range []string{"differ", "unlinked", "no_bill", "ambiguous_bill", "currency_mismatch"} {
		require.Positive(t, largest.Verdicts[verdict], verdict)
	}
	require.Less(t, largest.Allocations, uint64(largest.Invoices))

	text := result.Markdown()
	require.Regexp(t, `(?m)^\| 2 000 \| [0-9 ]+ \| 0\.[0-9]{3} \| [0-9]+ \| [0-9.µm]+s \| [0-9.µm]+s \| [0-9]+ times as long \| [0-9.]+ times as long \|$`, text)
	require.Regexp(t, `(?m)^\* 1 000 invoices, [0-9 ]+ bills: [0-9]+ in sync, `, text)
}
