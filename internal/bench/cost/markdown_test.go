//go:build unix

package cost_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/bench/cost"
	"payrecon/internal/bounds"
	"payrecon/internal/devserver"
)

func measured() cost.Result {
	row := cost.Row{
		Size: 1000, Kind: cost.FullUnchanged, Work: bounds.Work{Company: 1000, Invoices: 1000, Bills: 1000, Payments: 950},
		Spent: bounds.Spent{Precoro: 5, Tenths: 40, Actions: 30}, Kinds: devserver.Actions{"activity_retry": 1, "command_ScheduleActivityTask": 29}, Recipe: 1101, Connector: 1010, Events: 96, Bytes: 95 << 10,
		Took: time.Second,
	}
	large := row
	large.Size, large.Took = 100_000, 87500*time.Millisecond
	large.Work.Company, large.Work.Invoices = 100_000, 100_000
	return cost.Result{Rows: []cost.Row{row, large}, Peaks: []cost.Peak{{Size: 1000, Bytes: 45 << 20}}}
}

func TestThePageShowsEachFigureBesideItsBound(t *testing.T) {
	t.Parallel()
	page, err := measured().Markdown("A section of somebody else.\n")
	require.NoError(t, err)
	require.Contains(t, page, "| 1 000 | full, nothing differs | **5** | 5 | 5 | 1 101 | 1 010 | **4.0** | 4.0 | **30** | 30 |")
	require.Contains(t, page, "| `command_ScheduleActivityTask` | 29 |")
	require.Contains(t, page, "A section of somebody else.")
	require.Contains(t, page, "| 100 000 | full, nothing differs | 96 | 95 | 87.50 |")
	require.Contains(t, page, "| 1 000 | 45 |")
}

func TestEveryFigureAboveItsBoundIsNamed(t *testing.T) {
	t.Parallel()
	result := measured()
	require.Empty(t, result.Exceeded())
	result.Rows[0].Spent = bounds.Spent{Precoro: 6, Tenths: 41, Actions: 31}
	require.Equal(t, []string{
		"1 000 invoices, full, nothing differs: 6 requests to Precoro, at most 5",
		"1 000 invoices, full, nothing differs: 4.1 units of Erply, at most 4.0",
		"1 000 invoices, full, nothing differs: 31 billable actions, at most 30",
	}, result.Exceeded())
}

func TestDaysOfAQuotaAreBegun(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"1 day", "1 day", "2 days", "37 days"}, []string{cost.Days(1), cost.Days(3000), cost.Days(3001), cost.Days(110_000)})
}
