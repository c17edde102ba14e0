//go:build unix

package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"payrecon/internal/remote"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// event is what happens to a run.
type event struct {
	name   string
	drop   bool // only where Precoro drops our key in the call that creates
	strike func(context.Context, *trial) error
}

// trial is one run, and what befalls it.
type trial struct {
	*lane
	before sandbox.Counters
	// writesDue is how many writes the run owes.
	writesDue   int
	ended       <-chan ending // of the trigger
	runWasReset bool          // while it worked
	missed      bool          // the run did not come to the point
}

// begin starts the run.
func (t *trial) begin(ctx context.Context) (err error) {
	t.ended, err = t.request(ctx, "run", workflows.Request{})
	return err
}

// over tells whether the trigger has ended.
func (t *trial) over() bool { return len(t.ended) > 0 }

// finish waits for the report of a run that nobody stopped.
func (t *trial) finish(ctx context.Context) error {
	e, err := attended(ctx, t.lane, t.ended)
	return errors.Join(err, e.err)
}

// point is a moment between two steps of a run.
type point struct {
	name   string
	drop   bool
	faults []sandbox.Fault // scripted before the run
	met    func(t *trial, now sandbox.Counters) bool
	// then scripts more once the point is met; the kill comes when that is met.
	then *point
	// loose adds a random moment of so long.
	loose time.Duration
}

func slow(side, match string) sandbox.Fault {
	return sandbox.Fault{Side: side, Match: match, Kind: sandbox.Slow, Delay: held}
}

// asked: a request of one of these names has come since the beginning.
func asked(side string, names ...string) func(*trial, sandbox.Counters) bool {
	return func(t *trial, now sandbox.Counters) bool {
		for _, name := range names {
			if now.Requests[side][name] > t.before.Requests[side][name] {
				return true
			}
		}
		return false
	}
}

// wrote: such a write has taken effect.
func wrote(op string) func(*trial, sandbox.Counters) bool {
	return func(t *trial, now sandbox.Counters) bool { return now.Writes[op] > t.before.Writes[op] }
}

const (
	readInvoice = "GET /invoices/{idn}"
	findBills   = "getPurchaseDocuments"
	patchKey    = "PATCH /payments/{idn}"
)

var (
	postHeld = point{name: "while a POST is held", faults: []sandbox.Fault{slow("precoro", postPayment)}, met: asked("precoro", postPayment)}
	saveHeld = point{name: "while a bill is saved", faults: []sandbox.Fault{slow("erply", saveBill)}, met: asked("erply", saveBill, "bulk/"+saveBill)}
	atWork   = point{name: "at work", met: asked("precoro", "GET /invoices"), loose: 400 * time.Millisecond}
	anywhen  = point{name: "at a random moment", met: func(*trial, sandbox.Counters) bool { return true }, loose: 1500 * time.Millisecond}
)

// points are the moments at which workers are killed.
var points = []point{
	anywhen,
	{name: "while invoices are read", faults: []sandbox.Fault{slow("precoro", "GET /invoices")}, met: asked("precoro", "GET /invoices")},
	{
		name: "while payments are read", faults: []sandbox.Fault{slow("precoro", readInvoice), slow("precoro", "GET /payments")},
		met: asked("precoro", readInvoice, "GET /payments"),
	},
	{name: "while bills are looked for", faults: []sandbox.Fault{slow("erply", findBills)}, met: asked("erply", findBills, "bulk/"+findBills)},
	postHeld,
	{name: "just after a POST was answered", met: wrote(postPayment), loose: 40 * time.Millisecond},
	{
		name: "while a check is held", faults: []sandbox.Fault{{Side: "precoro", Match: postPayment, Kind: sandbox.LostAnswer}}, met: wrote(postPayment),
		then: &point{
			faults: []sandbox.Fault{slow("precoro", readInvoice), slow("precoro", "GET /invoices"), slow("precoro", "GET /payments")},
			met:    asked("precoro", readInvoice, "GET /invoices", "GET /payments"),
		},
	},
	{name: "while a key is set", drop: true, faults: []sandbox.Fault{slow("precoro", patchKey)}, met: asked("precoro", patchKey)},
	{name: "just after a key was set", drop: true, met: wrote(patchKey), loose: 40 * time.Millisecond},
	saveHeld,
	{name: "just after a bill was saved", met: wrote(saveBill), loose: 40 * time.Millisecond},
	{
		name: "while a bill is read back", faults: saveHeld.faults, met: saveHeld.met,
		then: &point{faults: []sandbox.Fault{slow("erply", findBills)}, met: asked("erply", findBills, "bulk/"+findBills)},
	},
	{name: "while the run reports", met: allWritten, loose: 40 * time.Millisecond},
}

// allWritten: as many writes as are due, or the run says that it reports.
func allWritten(t *trial, now sandbox.Counters) bool {
	done := 0
	for op, n := range now.Writes {
		done += n - t.before.Writes[op]
	}
	return done >= t.writesDue
}

// until waits for the point; met is false if the run ended before.
func (t *trial) until(ctx context.Context, p point) (met bool, err error) {
	for {
		now, err := t.box.counters(ctx)
		if err != nil {
			return false, err
		}
		if p.met(t, now) {
			if p.then != nil {
				t.before = now
				if err := t.box.fail(ctx, p.then.faults...); err != nil {
					return false, err
				}
				return t.until(ctx, *p.then)
			}
			return true, t.dawdle(ctx, p.loose)
		}
		if t.over() {
			return false, nil
		}
		if err := remote.Wait(ctx, polling); err != nil {
			return false, err
		}
	}
}

// dawdle waits for a random time.
func (t *trial) dawdle(ctx context.Context, most time.Duration) error {
	if most == 0 {
		return nil
	}
	return remote.Wait(ctx, time.Duration(t.random.Int64N(int64(most))))
}

// arrive starts the run with a build's worker and leads it to the point.
func (t *trial) arrive(ctx context.Context, p point, program string) (met bool, err error) {
	if err := errors.Join(t.staffed(ctx, program), t.box.fail(ctx, p.faults...)); err != nil {
		return false, err
	}
	if err := t.begin(ctx); err != nil {
		return false, err
	}
	met, err = t.until(ctx, p)
	if met && err == nil && t.over() {
		met = false
	}
	t.missed = !met
	if !met {
		t.count(func(f *Figures) { f.Missed[p.name]++ })
	}
	return met, err
}

// killAt kills the only worker at a point, and starts another.
func killAt(p point) event {
	return event{name: "kill " + p.name, drop: p.drop, strike: func(ctx context.Context, t *trial) error {
		met, err := t.arrive(ctx, p, t.programs.newer)
		if err != nil || !met {
			return errors.Join(err, t.finish(ctx))
		}
		if err := t.kill(p.name); err != nil {
			return err
		}
		return t.takeOver(ctx, t.programs.newer)
	}}
}

// takeOver lets another worker go on; that one may be killed too. Meanwhile people work on.
func (t *trial) takeOver(ctx context.Context, program string) error {
	if t.random.IntN(3) == 0 {
		if err := t.more(ctx); err != nil {
			return err
		}
	}
	if err := t.dawdle(ctx, time.Second); err != nil {
		return err
	}
	if err := t.hire(ctx, program); err != nil {
		return err
	}
	for t.random.IntN(3) == 0 {
		if err := t.dawdle(ctx, 6*time.Second); err != nil {
			return err
		}
		if t.over() {
			break
		}
		if err := t.kill("again, while another worker takes over"); err != nil {
			return err
		}
		if err := t.hire(ctx, program); err != nil {
			return err
		}
	}
	return t.finish(ctx)
}

// somePoint is a point that any lane meets.
func (t *trial) somePoint() point {
	return []point{atWork, postHeld, saveHeld}[t.random.IntN(3)]
}

// twoWorkers: one of two is killed; the other one goes on.
func twoWorkers(ctx context.Context, t *trial) error {
	if err := errors.Join(t.staffed(ctx, t.programs.newer), t.hire(ctx, t.programs.newer)); err != nil {
		return err
	}
	met, err := t.arrive(ctx, t.somePoint(), t.programs.newer)
	if err == nil && met {
		err = t.kill("one of two workers")
	}
	if err != nil {
		return err
	}
	return t.finish(ctx)
}

// otherBuild: a worker of one build begins, is killed, and one of another build takes over.
func otherBuild(name string, from, to func(programs) string) event {
	return event{name: name, strike: func(ctx context.Context, t *trial) error {
		if err := t.dismiss(); err != nil {
			return err
		}
		met, err := t.arrive(ctx, t.somePoint(), from(t.programs))
		if err != nil {
			return err
		}
		if met {
			if err := t.kill("before another build takes over"); err != nil {
				return err
			}
			if err := t.takeOver(ctx, to(t.programs)); err != nil {
				return err
			}
		} else if err := t.finish(ctx); err != nil {
			return err
		}
		return t.dismiss() // the quiet run is one of the newer build
	}}
}

// events are all that can happen in a lane.
func events() []event {
	var all []event
	for _, p := range points {
		all = append(all, killAt(p))
	}
	newer, older := func(p programs) string { return p.newer }, func(p programs) string { return p.older }
	all = append(all,
		event{name: "two workers, one killed", strike: twoWorkers},
		otherBuild("a newer build takes over", older, newer),
		otherBuild("an older build takes over", newer, older),
		event{name: "pause an activity that writes, and kill", strike: pauseWrite},
	)
	for _, who := range []string{theTrigger, theCompany, theRun} {
		for _, how := range []string{"cancel", "terminate", "reset"} {
			all = append(all, event{name: how + " " + who, strike: func(ctx context.Context, t *trial) error { return meddle(ctx, t, how, who) }})
		}
	}
	return append(all,
		event{name: "terminate the company and its run", strike: terminateBoth},
		event{name: "reset a run that has ended", strike: resetEnded},
		event{name: "reset an activity that is retried", strike: resetActivity},
		event{name: "schedule, command line and another ID at once", strike: threeStarts},
	)
}

// Events are the names of all events.
func Events() []string {
	var names []string
	for _, e := range events() {
		names = append(names, e.name)
	}
	return names
}

// named finds an event.
func named(name string) (event, error) {
	for _, e := range events() {
		if e.name == name {
			return e, nil
		}
	}
	return event{}, fmt.Errorf("no event is called %q", name)
}
