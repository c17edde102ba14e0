//go:build unix

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// Times of the lanes. What a killed worker had begun costs the minute that an activity may take; everything else is short.
const (
	settle  = 3 * time.Second
	sameGet = 50 * time.Millisecond // of the sandbox; the client keeps twice that
	held    = 1500 * time.Millisecond
	polling = 4 * time.Millisecond
	// patience bounds every wait for a run. The longest that is no defect is some of an activity's minutes.
	patience = 7 * time.Minute
)

// lane is one company on a sandbox, a task queue and workers of its own. It goes through one round after another.
type lane struct {
	*campaign
	*people

	name, queue, folder, config string
	dropKey                     bool // Precoro drops our key in the call that creates
	random                      *rand.Rand
	sandbox                     *process
	workers                     []*process
	build                       string // the program of the worker that was hired last
	known                       map[string]Pass
	round                       int
	scope                       string   // of this round's quiet run
	started                     []string // workflow IDs of this round's triggers
	overlaps                    int      // requests that were refused after a reset

	mu      sync.Mutex
	running bool
	hurt    []time.Time // when something was killed since the present run began
	seen    Verdict     // of the round before
}

// open starts the lane's sandbox and writes its configuration.
func (c *campaign) open(ctx context.Context, n int) (*lane, error) {
	l := &lane{
		campaign: c, name: fmt.Sprintf("lane%d", n), queue: fmt.Sprintf("chaos-%d", n), folder: filepath.Join(c.folder, fmt.Sprintf("lane%d", n)),
		dropKey: n%3 == 0, random: c.source(uint64(n) + 1), known: map[string]Pass{}, //nolint:gosec // lanes are few
	}
	if err := os.MkdirAll(l.folder, 0o700); err != nil {
		return l, err
	}
	arguments := []string{
		"sandbox", "--listen", "127.0.0.1:0", "--invoices", "1", "--lax-overpay", "--per-second", "500", "--per-hour", "10000000",
		"--per-day", "10000000", "--erply-per-hour", "10000000", "--same-get", sameGet.String(),
	}
	if l.dropKey {
		arguments = append(arguments, "--drop-key")
	}
	var err error
	if l.sandbox, err = start(ctx, filepath.Join(l.folder, "sandbox.log"), c.programs.newer, "", arguments...); err != nil {
		return l, err
	}
	ledger, err := l.sandbox.awaitLine(ctx, "Ledger:")
	if err != nil {
		return l, fmt.Errorf("sandbox: %w", err)
	}
	url := strings.TrimSuffix(ledger, "/_sandbox/state")
	l.people = newPeople(newBox(url), l.random)
	l.config = filepath.Join(l.folder, "payrecon.toml")
	return l, os.WriteFile(l.config, fmt.Appendf(nil, configuration, l.queue, l.name, startDay, url, 2*sameGet, settle), 0o600)
}

const configuration = `task_queue = %[1]q
[[company]]
name = %[2]q
timezone = "Europe/Tallinn"
start = %[3]q
[company.precoro]
url = "%[4]s/precoro"
email = "robot@example.com"
token = "precoro-token"
limits = { per_second = 100, per_hour = 1000000, per_day = 10000000, same_get = %[5]q, settle = %[6]q }
[company.erp]
system = "erply"
[company.erp.erply]
url = "%[4]s/erply/api/"
client_code = "123456"
username = "robot"
password = "erply-password"
limits = { per_second = 100, per_hour = 1000000 }
`

// close ends everything that the lane has started.
func (l *lane) close() error {
	var problems []error
	for _, p := range append(l.workers, l.sandbox) {
		if p != nil {
			problems = append(problems, p.kill())
		}
	}
	return errors.Join(problems...)
}

// hire starts a worker of a build.
func (l *lane) hire(ctx context.Context, program string) error {
	l.build = program
	p, err := start(ctx, filepath.Join(l.folder, "worker.log"), program, l.temporal.Address, "worker", "--config", l.config)
	if err == nil {
		l.workers = append(l.workers, p)
	}
	return err
}

// staffed makes sure that somebody works. A worker that cannot reach the server when it starts ends, as any program that is
// kept alive by something else may.
func (l *lane) staffed(ctx context.Context, program string) error {
	l.workers = slices.DeleteFunc(l.workers, (*process).gone)
	if len(l.workers) > 0 {
		return nil
	}
	return l.hire(ctx, program)
}

// kill kills one worker, the one that was started first, and counts it.
func (l *lane) kill(point string) error {
	if len(l.workers) == 0 {
		return errors.New("there is no worker to kill")
	}
	if err := l.workers[0].kill(); err != nil {
		return err
	}
	l.workers = l.workers[1:]
	l.mark()
	l.count(func(f *Figures) { f.WorkerKills[point]++ })
	return nil
}

// dismiss ends all workers in no orderly way, without counting it: the round is over.
func (l *lane) dismiss() error {
	var problems []error
	for _, p := range l.workers {
		problems = append(problems, p.kill())
	}
	l.workers = nil
	return errors.Join(problems...)
}

// mark notes that the present run was hurt.
func (l *lane) mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running {
		l.hurt = append(l.hurt, l.now())
	}
}

// trigger starts a run as people do.
func (l *lane) trigger(ctx context.Context, what string, request workflows.Request) (client.WorkflowRun, error) {
	id := fmt.Sprintf("%s-%d-%s", l.name, l.round, what)
	l.started = append(l.started, id)
	request.Company = l.name
	var run client.WorkflowRun
	err := l.reach(ctx, func(ctx context.Context) (err error) {
		run, err = l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: l.queue}, workflows.TypeReconcilePayments, request)
		return err
	})
	return run, err
}

// attended waits for something, and keeps a worker at work meanwhile.
func attended[T any](ctx context.Context, l *lane, what <-chan T) (T, error) {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case got := <-what:
			return got, nil
		case <-ctx.Done():
			return *new(T), ctx.Err()
		case <-look.C:
			if err := l.staffed(ctx, l.build); err != nil {
				return *new(T), err
			}
		}
	}
}

// await waits for a trigger's report. The server may be killed meanwhile.
func (l *lane) await(ctx context.Context, run client.WorkflowRun) (report.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var r report.Report
	err := l.reach(ctx, func(ctx context.Context) error { return run.Get(ctx, &r) })
	if ctx.Err() != nil {
		return r, fmt.Errorf("%s has not ended after %s: %w", run.GetID(), patience, err)
	}
	return r, err
}

// reach calls the server, and again while it is away.
func (c *campaign) reach(ctx context.Context, call func(context.Context) error) error {
	for {
		err := call(ctx)
		if err == nil || ctx.Err() != nil || !away(err) {
			return err
		}
		if err := remote.Wait(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func away(err error) bool {
	var unavailable *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	var cancelled *serviceerror.Canceled
	var busy *serviceerror.ResourceExhausted
	return errors.As(err, &unavailable) || errors.As(err, &late) || errors.As(err, &cancelled) || errors.As(err, &busy) ||
		errors.Is(err, context.DeadlineExceeded)
}

// play goes through one round: people work, a run is started, the event comes, and what is left of it is judged.
func (l *lane) play(ctx context.Context, e event) error {
	l.round++
	l.started, l.hurt = nil, nil
	owed := l.owed()
	if err := l.change(ctx); err != nil {
		return err
	}
	t := &trial{lane: l, writesDue: l.owed() - owed}
	var err error
	if t.before, err = l.box.counters(ctx); err != nil {
		return err
	}
	refused := t.before.Throttled[overlap]
	l.set(true)
	err = e.strike(ctx, t)
	l.set(false)
	if err == nil && t.runWasReset {
		err = l.excuse(ctx, refused)
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", e.name, err, l.look(ctx))
	}
	for _, at := range l.hurt {
		took := l.now().Sub(at)
		l.count(func(f *Figures) { f.recovered = append(f.recovered, took) })
	}
	if err := l.holdToPromises(ctx); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	l.settled()
	if t.missed {
		l.again(e.name)
	}
	l.count(func(f *Figures) { f.Rounds++; f.Events[e.name]++ })
	return nil
}

// excuse takes note of the request that was refused since there were so many, as the run was reset in the middle of another.
// There can be one: a run sends one request after the other, and what is refused comes again two seconds later at the
// earliest, when the longest request that a sandbox holds has ended.
func (l *lane) excuse(ctx context.Context, before int) error {
	now, err := l.box.counters(ctx)
	more := min(now.Throttled[overlap]-before, 1)
	l.overlaps += more
	l.count(func(f *Figures) { f.Overlaps += more })
	return err
}

func (l *lane) set(running bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = running
}

// holdToPromises lets a quiet run follow, and one more, and judges.
func (l *lane) holdToPromises(ctx context.Context) error {
	if err := l.staffed(ctx, l.programs.newer); err != nil {
		return err
	}
	l.scope = []string{workflows.ScopeAuto, workflows.ScopeDeep}[l.random.IntN(2)]
	quiet, err := l.reconcile(ctx, "quiet", l.scope)
	if err != nil {
		return fmt.Errorf("the quiet run: %w\n%s", err, l.look(ctx))
	}
	if err := l.tidy(ctx); err != nil {
		return err
	}
	before, err := l.box.counters(ctx)
	if err != nil {
		return err
	}
	if _, err := l.reconcile(ctx, "again", l.everything()); err != nil {
		return fmt.Errorf("one run more: %w\n%s", err, l.look(ctx))
	}
	e := Evidence{Due: l.due, Except: l.except, Last: quiet, Overlaps: l.overlaps}
	for _, n := range before.Writes {
		e.Again += n
	}
	if e.World, err = l.box.state(ctx); err != nil {
		return err
	}
	if err := l.reach(ctx, func(ctx context.Context) error { return l.passes(ctx, l.name, l.known) }); err != nil {
		return err
	}
	e.Passes = slices.SortedFunc(maps.Values(l.known), func(a, b Pass) int { return a.Started.Compare(b.Started) })
	v := Judge(e)
	l.add(v)
	if len(v.Broken) > 0 {
		if err := l.keep(e); err != nil {
			return err
		}
		return &Broken{Lane: l.name, Round: l.round, What: v.Broken, Folder: l.folder}
	}
	return nil
}

func (l *lane) reconcile(ctx context.Context, what, scope string) (report.Report, error) {
	ended, err := l.request(ctx, what, workflows.Request{Scope: scope})
	if err != nil {
		return report.Report{}, err
	}
	e, err := attended(ctx, l, ended)
	return e.report, errors.Join(err, e.err)
}

// ending is how a trigger ended.
type ending struct {
	report report.Report
	err    error
}

// request starts a run, and waits for its end beside.
func (l *lane) request(ctx context.Context, what string, request workflows.Request) (<-chan ending, error) {
	run, err := l.trigger(ctx, what, request)
	if err != nil {
		return nil, err
	}
	ended := make(chan ending, 1)
	go func() {
		var e ending
		e.report, e.err = l.await(ctx, run)
		ended <- e
	}()
	return ended, nil
}

// keep writes down what the verdict was about.
func (l *lane) keep(e Evidence) error {
	text, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.folder, "evidence.json"), text, 0o600)
}

// add counts what a verdict brings beside those before it.
func (l *lane) add(v Verdict) {
	l.count(func(f *Figures) {
		f.CreatedToERP += v.ToERP - l.seen.ToERP
		f.CreatedToPrecoro += v.ToPrecoro - l.seen.ToPrecoro
		f.Duplicated += v.Doubled - l.seen.Doubled
		f.Lost += v.Lost - l.seen.Lost
		f.Unreported += v.Unreported - l.seen.Unreported
	})
	l.seen = v
}

// everything is the scope of a run that must find nothing to write: not even records that only a deep run looks for.
func (l *lane) everything() string {
	if slices.ContainsFunc(slices.Collect(maps.Values(l.due)), func(d Due) bool { return d.Optional }) && l.scope != workflows.ScopeDeep {
		return workflows.ScopeFull
	}
	return workflows.ScopeDeep
}

// owed is how many writes all that was due so far takes: a payment in Precoro also gets its key into the ERP, and its own by
// a second request where the first drops it.
func (l *lane) owed() int {
	writes := 0
	for _, d := range l.due {
		switch {
		case d.Optional:
		case d.Direction == reconcile.ToERP:
			writes++
		case l.dropKey:
			writes += 3
		default:
			writes += 2
		}
	}
	return writes
}

// tidy ends the triggers that still wait for an answer which nobody owes them any more: one whose company was terminated asks
// again after ten minutes only.
func (l *lane) tidy(ctx context.Context) error {
	for _, id := range l.started {
		err := l.reach(ctx, func(ctx context.Context) error { return l.client.TerminateWorkflow(ctx, id, "", "the round is over") })
		var gone *serviceerror.NotFound
		if err != nil && !errors.As(err, &gone) {
			return err
		}
	}
	return nil
}
