package workflows_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"pgregory.net/rapid"

	"payrecon/activities"
	"payrecon/internal/report"
	"payrecon/workflows"
)

func TestHourIsUsedUpAndOpensAgain(t *testing.T) {
	t.Parallel()
	var q workflows.Quota
	for i := range 10 {
		at, _ := q.PrecoroOpens(epoch.Add(time.Duration(i)*time.Minute), 10, 100)
		require.Zero(t, at, "request %d", i)
		q.SpendPrecoro(epoch.Add(time.Duration(i)*time.Minute), 1)
	}
	at, why := q.PrecoroOpens(epoch.Add(10*time.Minute), 10, 100)
	require.Equal(t, epoch.Add(61*time.Minute), at, "when the minute of the first is an hour old")
	require.Equal(t, "the 10 requests an hour that Precoro allows are used up", why)
	at, _ = q.PrecoroOpens(at, 10, 100)
	require.Zero(t, at)
}

func TestDayIsUsedUpLater(t *testing.T) {
	t.Parallel()
	var q workflows.Quota
	for i := range 20 {
		q.SpendPrecoro(epoch.Add(time.Duration(i)*time.Hour), 5)
	}
	at, why := q.PrecoroOpens(epoch.Add(20*time.Hour), 10, 100)
	require.Equal(t, epoch.Add(24*time.Hour+15*time.Minute), at)
	require.Equal(t, "the 100 requests a day that Precoro allows are used up", why)
}

// However requests come, no hour and no day that anybody may count by holds more than its quota, and nothing is kept back
// for longer than the coarseness of the count.
func TestNoWindowHoldsMoreThanItsQuota(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		perHour, perDay := rapid.IntRange(1, 20).Draw(t, "per hour"), rapid.IntRange(1, 60).Draw(t, "per day")
		var q workflows.Quota
		var sent []time.Time
		now := epoch
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "pause")))
			for {
				at, _ := q.PrecoroOpens(now, perHour, perDay)
				if !at.After(now) {
					break
				}
				require.Less(t, at.Sub(now), 24*time.Hour+15*time.Minute+1)
				now = at
			}
			q.SpendPrecoro(now, 1)
			sent = append(sent, now)
		}
		for i := range sent {
			require.LessOrEqual(t, within(sent[i:], time.Hour), perHour)
			require.LessOrEqual(t, within(sent[i:], 24*time.Hour), perDay)
		}
		data, err := json.Marshal(q)
		require.NoError(t, err)
		require.Less(t, len(data), 6000)
		var back workflows.Quota
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, q, back)
	})
}

func within(sent []time.Time, length time.Duration) (n int) {
	for _, at := range sent {
		if at.Sub(sent[0]) < length {
			n++
		}
	}
	return n
}

func TestERPsHourIsTheClocks(t *testing.T) {
	t.Parallel()
	var q workflows.Quota
	at := epoch.Add(50 * time.Minute)
	q.SpendERP(at, 9_900)
	opens, _ := q.ERPOpens(at, 10, 100)
	require.Zero(t, opens)
	opens, why := q.ERPOpens(at, 10, 101)
	require.Equal(t, epoch.Add(time.Hour+5*time.Second), opens)
	require.Equal(t, "the 10 requests an hour that the ERP allows are used up", why)
	opens, _ = q.ERPOpens(epoch.Add(time.Hour), 10, 10_000)
	require.Zero(t, opens, "another hour")
	var fresh workflows.Quota
	opens, _ = fresh.ERPOpens(at, 10, 20_000)
	require.Zero(t, opens, "what never fits is not waited for")
}

// Others spend from the quota too: what a refusal says counts, and from its stamp on the quota is counted anew.
func TestRefusalOverridesOurOwnFigures(t *testing.T) {
	t.Parallel()
	var q workflows.Quota
	q.SpendPrecoro(epoch, 9)
	q.Refused(epoch, activities.Failure{Side: activities.SidePrecoro, Wait: 40 * time.Minute, Limiter: "Hourly limiter"})
	at, why := q.PrecoroOpens(epoch, 10, 100)
	require.Equal(t, epoch.Add(40*time.Minute), at)
	require.Equal(t, "Precoro allows no more before: Hourly limiter", why)
	hour, day := q.PrecoroLeft(epoch, 10, 100)
	require.Equal(t, []int{0, 0}, []int{hour, day})
	hour, day = q.PrecoroLeft(at, 10, 100)
	require.Equal(t, []int{10, 91}, []int{hour, day})

	q.Refused(epoch, activities.Failure{Side: activities.SidePrecoro, Wait: 9 * time.Hour, Limiter: "Daily limiter"})
	_, day = q.PrecoroLeft(epoch.Add(9*time.Hour), 10, 100)
	require.Equal(t, 100, day)

	q.Refused(epoch, activities.Failure{Side: activities.SideERP, Wait: 20 * time.Minute})
	at, _ = q.ERPOpens(epoch, 1000, 1)
	require.Equal(t, epoch.Add(20*time.Minute), at)
}

// Target: the hour's quota. Injection: the runs before have used it up. Expected: the run waits before it sends, says until
// when and why, and counts on where they stopped.
func TestRunWaitsForTheQuotaThatEarlierRunsUsedUp(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.settings.PerHour, w.settings.PerDay = 100, 1000
	start := apply()
	start.Memory.Quota.SpendPrecoro(epoch.Add(-30*time.Minute), 99)

	end := w.run(t, start)

	created(t, end)
	require.Equal(t, []event{
		{0, "GET page 1"},
		{0, "find 1"},
		{31 * time.Minute, "GET 1042"},
		{31 * time.Minute, "bill B1042"},
		{31 * time.Minute, "POST 1042 er.E1 120.00"},
	}, w.events)
	require.Equal(t, []report.Wait{{Until: epoch.Add(31 * time.Minute), Why: "the 100 requests an hour that Precoro allows are used up"}}, end.Report.Waits)
	require.Equal(t, &report.Left{PrecoroHour: 97, PrecoroDay: 898}, end.Report.Left)
	hour, _ := end.Quota.PrecoroLeft(epoch.Add(31*time.Minute), 100, 1000)
	require.Equal(t, 97, hour)
}

func TestRunWaitsForTheERPsHour(t *testing.T) {
	t.Parallel()
	w := recordsWorld()
	w.settings.ERP.PerHour = 10
	w.add(1042, "120.00", nil, nil)
	start := apply()
	start.Memory.Quota.SpendERP(epoch, 9_950)

	end := w.run(t, start)

	require.Equal(t, []event{{0, "GET page 1"}, {time.Hour + 5*time.Second, "find 1"}}, w.events)
	require.Equal(t, "the 10 requests an hour that the ERP allows are used up", end.Report.Waits[0].Why)
}

// What a run has sent is remembered however it ends.
func TestFailedRunHasSpentItsRequests(t *testing.T) {
	t.Parallel()
	w := oneForPrecoro()
	w.settings.PerHour, w.settings.PerDay = 100, 1000
	w.on("ReadInvoice", fault{err: kind(activities.Unauthorized, activities.SidePrecoro, "Precoro: unauthorized: bad token", 0)})
	start := apply()
	start.Memory.Open = []workflows.OpenInvoice{{Invoice: 77}}

	_, err := w.attempt(t, start)

	end := lastWords(t, err)
	hour, _ := end.Quota.PrecoroLeft(epoch, 100, 1000)
	require.Equal(t, 98, hour)
	require.False(t, end.Decided)
	require.Equal(t, start.Memory.Open, end.Open, "nothing is forgotten")
}

// lastWords is what a failed run has to hand on.
func lastWords(t *testing.T, err error) workflows.RunEnd {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	var end workflows.RunEnd
	require.NoError(t, application.Details(&end))
	return end
}
