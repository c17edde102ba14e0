package progress_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/cmd/payrecon/cli/progress"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// scene is what a run answers in the course of a minute: every so many seconds something else.
type scene struct {
	name string
	news map[int]progress.News // by second
	at   int                   // the second that is shown
}

func of(p workflows.Progress) progress.News {
	p.Company = "acme"
	return progress.News{Progress: p}
}

func reading(pages, left int) workflows.Progress {
	return workflows.Progress{
		Mode: "apply", Phase: workflows.PhaseInvoices, Pages: pages, Invoices: 200 * pages, Requests: report.Requests{Precoro: pages},
		Left: &report.Left{PrecoroHour: left, PrecoroDay: left + 1500, ERPHour: 1000},
	}
}

func writing(left int, quota report.Left) workflows.Progress {
	done := 100 - left
	return workflows.Progress{
		Mode: "apply", Phase: workflows.PhaseWrite, Pages: 12, Invoices: 2400, Linked: 2400, Differing: 130, PaymentsRead: 130, InvoicesLeft: left,
		Created: report.ByDirection{ToERP: 3, ToPrecoro: done}, Adopted: 1,
		Exceptions: map[reconcile.Reason]int{reconcile.NoBill: 3, reconcile.Overpaid: 1, "of-a-newer-worker": 1},
		Requests:   report.Requests{Precoro: 142 + 2*done, ERP: 9}, Left: &quota,
	}
}

func scenes() []scene {
	plenty := report.Left{PrecoroHour: 1300, PrecoroDay: 2800, ERPHour: 991}
	quota := reading(12, 0)
	quota.Waiting = "until 2026-03-14T13:00:05Z, because the 1500 requests an hour that Precoro allows are used up"
	quota.Left.PrecoroDay = 1500
	foreign := reading(1, 1499)
	foreign.Waiting = "until somebody\x1b[2J says so"
	queued := of(writing(41, plenty))
	queued.Mode, queued.Place = "plan", 2 // this one is none
	idle := of(workflows.Progress{Phase: workflows.PhaseQueued})
	idle.Place = 1
	plan := writing(100, plenty)
	plan.Mode, plan.Phase, plan.Created = "plan", workflows.PhaseCaps, report.ByDirection{ToERP: 12, ToPrecoro: 9}
	return []scene{
		{"nothing heard yet", nil, 3},
		{"nothing heard for long", nil, 30},
		{"settings, nothing counted yet", map[int]progress.News{0: of(workflows.Progress{Mode: "apply", Phase: workflows.PhaseSettings})}, 1},
		{"waiting for its turn", map[int]progress.News{0: queued}, 4},
		{"waiting for its turn, and nobody is at work", map[int]progress.News{0: idle}, 4},
		{"reading, first page", map[int]progress.News{2: of(reading(1, 1499))}, 3},
		{"reading, the hour's quota will be used up", map[int]progress.News{0: of(reading(0, 1500)), 24: of(reading(22, 1478))}, 25},
		{"reading slowly, the quota lasts", map[int]progress.News{0: of(reading(0, 1500)), 30: of(reading(5, 1495))}, 31},
		{"comparing", map[int]progress.News{
			0:  of(workflows.Progress{Phase: workflows.PhaseTotals, Differing: 130, PaymentsRead: 10}),
			20: of(workflows.Progress{Phase: workflows.PhaseTotals, Differing: 130, PaymentsRead: 30}),
		}, 21},
		{"writing, how long can be said", map[int]progress.News{0: of(writing(100, plenty)), 40: of(writing(80, plenty))}, 41},
		{"writing, the last one", map[int]progress.News{0: of(writing(3, plenty)), 10: of(writing(1, plenty))}, 11},
		{"writing, more than the hour allows", map[int]progress.News{0: of(writing(100, plenty)), 40: of(writing(80, report.Left{PrecoroHour: 100, PrecoroDay: 1600}))}, 41},
		{"writing, more than the day allows", map[int]progress.News{0: of(writing(100, plenty)), 40: of(writing(80, report.Left{PrecoroHour: 100, PrecoroDay: 100}))}, 41},
		{"waiting for a quota", map[int]progress.News{0: of(reading(1, 1)), 10: of(quota)}, 14},
		{"waiting, in words of somebody else", map[int]progress.News{0: of(foreign)}, 1},
		{"a plan", map[int]progress.News{0: of(plan)}, 1},
		{"nobody answers any more", map[int]progress.News{2: of(reading(1, 1499))}, 40},
	}
}

func (s scene) course() *progress.Course {
	c := progress.Begin(noon)
	for second := 0; second <= s.at; second++ {
		if news, told := s.news[second]; told {
			c.Hear(noon.Add(time.Duration(second)*time.Second), news)
		}
	}
	return c
}

func (s scene) now() time.Time { return noon.Add(time.Duration(s.at) * time.Second) }

func TestCourseIsShownAsInTheGoldenFile(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, s := range scenes() {
		fmt.Fprintf(&got, "# %s\n%s\n", s.name, strings.Join(s.course().Lines(s.now(), 80), "\n"))
		fmt.Fprintf(&got, "- in 40 columns:\n%s\n", strings.Join(s.course().Lines(s.now(), 40), "\n"))
		fmt.Fprintf(&got, "- in plain:\n%s\n\n", s.course().Plain(s.now()))
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/course.txt", []byte(got.String()), 0o600))
	}
	want, err := os.ReadFile("testdata/course.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

func TestColorMarksTheFirstLineOnly(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		plain, colored := s.course(), s.course()
		colored.Color = true
		require.NotContains(t, strings.Join(plain.Lines(s.now(), 80), ""), "\x1b")
		lines := colored.Lines(s.now(), 80)
		require.Contains(t, lines[0], "\x1b[1m")
		require.NotContains(t, strings.Join(lines[1:], ""), "\x1b")
	}
}

func TestRunOfSomebodyElseDoesNotCountForThePace(t *testing.T) {
	t.Parallel()
	before := of(reading(1, 1499))
	before.Place = 1
	c := progress.Begin(noon)
	c.Hear(noon, before)
	c.Hear(noon.Add(10*time.Second), of(reading(100, 1400)))
	require.NotContains(t, c.Plain(noon.Add(10*time.Second)), "/min")
}

func TestWaitDoesNotCountForThePace(t *testing.T) {
	t.Parallel()
	waiting := reading(1, 1499)
	waiting.Waiting = "until 2026-03-14T12:00:30Z, before the same page may be read again"
	c := progress.Begin(noon)
	c.Hear(noon, of(waiting))
	c.Hear(noon.Add(30*time.Second), of(waiting))
	c.Hear(noon.Add(36*time.Second), of(reading(7, 1493)))
	require.Contains(t, c.Plain(noon.Add(36*time.Second)), "60/min")
}

func TestPaceIsThatOfTheLastMinute(t *testing.T) {
	t.Parallel()
	c := progress.Begin(noon)
	c.Hear(noon, of(reading(0, 1500)))
	c.Hear(noon.Add(10*time.Minute), of(reading(10, 1490)))
	c.Hear(noon.Add(10*time.Minute+30*time.Second), of(reading(40, 1460)))
	require.Contains(t, c.Plain(noon.Add(11*time.Minute)), "60/min")
}

func TestPlainLineIsDueWhenSomethingElseBeginsOrTimeHasPassed(t *testing.T) {
	t.Parallel()
	c := progress.Begin(noon)
	require.False(t, c.Due(noon.Add(25*time.Second)), "nothing was heard yet")
	require.True(t, c.Due(noon.Add(26*time.Second)), "nobody answers")
	require.False(t, c.Due(noon.Add(10*time.Minute)))
	waiting := reading(1, 1499)
	waiting.Waiting = "until 2026-03-14T12:00:30Z, before the same page may be read again"
	for _, step := range []struct {
		second int
		heard  workflows.Progress
		due    bool
	}{
		{0, reading(1, 1499), true},
		{10, reading(10, 1490), false},
		{20, waiting, true},
		{100, waiting, false},
		{619, waiting, false},
		{620, waiting, true},
		{630, reading(20, 1480), true},
		{689, reading(70, 1430), false},
		{690, reading(71, 1429), true},
		{700, writing(100, report.Left{}), true},
	} {
		now := noon.Add(time.Hour + time.Duration(step.second)*time.Second)
		c.Hear(now, of(step.heard))
		require.Equal(t, step.due, c.Due(now), step.second)
	}
	require.True(t, c.Due(noon.Add(time.Hour+726*time.Second)), "nobody answers any more")
}

func TestSummaryIsOneLine(t *testing.T) {
	t.Parallel()
	full := report.Report{
		Mode: "apply", Outcome: report.Exceptions, Invoices: 2400, Created: report.ByDirection{ToERP: 3, ToPrecoro: 2}, Adopted: 1,
		Exceptions: map[reconcile.Reason]int{reconcile.NoBill: 3, reconcile.Overpaid: 1}, Requests: report.Requests{Precoro: 61, ERP: 9},
	}
	plan, capped := full, full
	plan.Mode, capped.Outcome = "plan", report.NeedsApproval
	for _, test := range []struct {
		report   report.Report
		attached bool
		want     string
	}{
		{full, false, "Ended after 2m14s: 2400 invoices, created 3 in the ERP and 2 in Precoro, adopted 1, 4 exceptions; 61 requests to Precoro, 9 to the ERP."},
		{full, true, "Ended: 2400 invoices, created 3 in the ERP and 2 in Precoro, adopted 1, 4 exceptions; 61 requests to Precoro, 9 to the ERP."},
		{plan, true, "Ended: 2400 invoices, would create 3 in the ERP and 2 in Precoro, would adopt 1, 4 exceptions; 61 requests to Precoro, 9 to the ERP."},
		{capped, true, "Ended: 2400 invoices, would create 3 in the ERP and 2 in Precoro, would adopt 1, 4 exceptions; 61 requests to Precoro, 9 to the ERP."},
		{report.Report{Invoices: 1, Requests: report.Requests{Precoro: 1}}, true, "Ended: 1 invoice; 1 request to Precoro, 0 to the ERP."},
	} {
		c := progress.Begin(noon)
		c.Attached = test.attached
		require.Equal(t, test.want, c.Summary(noon.Add(134*time.Second+time.Second/2), test.report))
	}
}
