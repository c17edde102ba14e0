package cli_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/cmd/payrecon/cli/progress"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// show is a run that is watched, in a time of its own: what its workflows answer is set by the test.
type show struct {
	*temporal
	stdout, stderr buffer
	ended          chan int

	mu           sync.Mutex // of what follows
	trigger, run workflows.Progress
	closed       bool // the run is not open
	queue        []string
	asked        map[string]int
}

// watch begins to run a command; as says what the workflows answer from then on.
func watch(ctx context.Context, live bool, as func(*show), args ...string) *show {
	s := &show{
		temporal: &temporal{result: agreed(), working: make(chan struct{}), pollers: 1}, ended: make(chan int, 1), asked: map[string]int{},
		trigger: workflows.Progress{Company: "acme", Phase: workflows.PhaseQueued},
	}
	answer := func(name string, answer func() (any, bool)) func() (any, bool) {
		return func() (any, bool) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.asked[name]++
			return answer()
		}
	}
	s.queries = map[string]func() (any, bool){
		"r":                     answer("trigger", func() (any, bool) { return s.trigger, true }),
		"payrecon.run.acme":     answer("run", func() (any, bool) { return s.run, !s.closed }),
		"payrecon.company.acme": answer("company", func() (any, bool) { return s.company(), true }),
	}
	s.set(as)
	p := program(s.temporal, &s.stdout, &s.stderr)
	p.Now = time.Now
	if live {
		p.Screen = progress.NewScreen(&s.stderr, func() (int, int) { return 80, 24 })
		p.Stderr = p.Screen
	}
	go func() { s.ended <- p.Run(ctx, args) }()
	return s
}

// set changes what the workflows answer.
func (s *show) set(as func(*show)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	as(s)
}

func (s *show) company() workflows.CompanyState {
	var state workflows.CompanyState
	for _, id := range s.queue {
		state.Queue = append(state.Queue, workflows.Ticket{ID: "run of " + id, Workflow: id})
	}
	return state
}

// pass lets time pass, and returns what was drawn or printed meanwhile.
func (s *show) pass(d time.Duration) string {
	before := len(s.stderr.String())
	<-time.NewTimer(d).C
	synctest.Wait()
	return s.stderr.String()[before:]
}

const erase = "\x1b[J"

var start = []string{"run", "--task-queue", "q", "--workflow-id", "r"}

func TestTerminalShowsWhatTheRunIsDoing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := watch(t.Context(), true, func(s *show) {
			s.queue, s.run = []string{"x", "r"}, workflows.Progress{Company: "acme", Phase: workflows.PhaseInvoices}
		}, start...)
		require.Contains(t, s.pass(3*time.Second), "acme, 2s: waiting for its turn, 2nd in line\n  before it: reading invoices")

		s.set(func(s *show) {
			s.queue = []string{"y"}
			s.run = workflows.Progress{Company: "acme", Mode: "apply", Phase: workflows.PhaseInvoices, Pages: 2, Invoices: 400, Requests: report.Requests{Precoro: 2}}
		})
		require.Contains(t, s.pass(2*time.Second), erase+"acme, 4s: reading invoices\n  2 pages, 400 invoices\n  Precoro: 2 requests")

		s.set(func(s *show) { s.trigger = s.run }) // it was told, so that the company needs to be asked no more
		s.pass(2 * time.Second)
		var before, after int
		s.set(func(s *show) { before = s.asked["company"] })
		require.Contains(t, s.pass(10*time.Second), "acme, 15s: reading invoices")
		s.set(func(s *show) { after = s.asked["company"] })
		require.Equal(t, before, after)

		close(s.working)
		require.Zero(t, <-s.ended)
		require.True(t, strings.HasSuffix(s.stderr.String(), erase+"Ended after 17s: 3 invoices; 0 requests to Precoro, 0 to the ERP.\n"), s.stderr.String())
		require.Contains(t, s.stdout.String(), "Precoro and the ERP agree.")
	})
}

// What the last run answers when it has ended must not be taken for this one's progress.
func TestRunThatHasNotBegunIsNotTakenForTheLastOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := watch(t.Context(), true, func(s *show) {
			s.closed, s.run = true, workflows.Progress{Company: "acme", Phase: workflows.PhaseReport, Pages: 7}
		}, start...)

		drawn := s.pass(3 * time.Second)

		require.Contains(t, drawn, "acme, 2s: waiting for its turn")
		require.NotContains(t, drawn, "7 pages")
		close(s.working)
		<-s.ended
	})
}

func TestRunThatDoesNotAnswerIsStillWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := watch(t.Context(), true, func(s *show) { s.queries = nil }, start...)

		require.Contains(t, s.pass(30*time.Second), erase+"starting, 29s\n  no answer for 29s: is a worker running?")
		close(s.working)
		require.Zero(t, <-s.ended)
	})
}

func TestWithoutATerminalThereAreLinesNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := watch(t.Context(), false, func(s *show) {
			s.run = workflows.Progress{Company: "acme", Mode: "apply", Phase: workflows.PhaseInvoices, Pages: 5, Invoices: 1000}
		}, start...)
		synctest.Wait()

		require.Empty(t, s.pass(9*time.Second), "a short run says nothing")
		require.Equal(t, "acme, 10s: reading invoices; 5 pages, 1000 invoices\n", s.pass(2*time.Second))
		s.set(func(s *show) { s.run.Pages = 50 })
		require.Empty(t, s.pass(50*time.Second))
		require.Equal(t, "acme, 1m10s: reading invoices; 50 pages, 1000 invoices\n", s.pass(10*time.Second))
		s.set(func(s *show) {
			s.run.Waiting = "until 2026-03-14T13:00:05Z, because the 1500 requests an hour that Precoro allows are used up"
		})
		require.Contains(t, s.pass(10*time.Second), "because the 1500 requests an hour that Precoro allows are used up; 50 pages, 1000 invoices\n")

		close(s.working)
		require.Zero(t, <-s.ended)
		require.NotContains(t, s.stderr.String(), "\x1b")
	})
}

func TestInterruptTakesTheProgressAwayAndSaysHowToComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		s := watch(ctx, true, func(s *show) {
			s.run = workflows.Progress{Company: "acme", Phase: workflows.PhaseWrite, InvoicesLeft: 41}
		}, "run", "--attach", "r")
		require.Contains(t, s.pass(5*time.Second), "acme, watched 4s: writing payments (41 invoices to go)")

		interrupt()

		require.Equal(t, 130, <-s.ended)
		_, after, _ := strings.Cut(s.stderr.String(), erase+"\nDetached; the run goes on without you.\nTo come back: payrecon run --attach r\n")
		require.Equal(t, "To stop it:   temporal workflow cancel -w r\n", after)
	})
}
