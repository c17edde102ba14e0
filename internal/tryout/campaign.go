//go:build unix

package tryout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"payrecon/internal/devserver"
	"payrecon/internal/faulty"
	"payrecon/internal/report"
	"payrecon/internal/trytond"
	"payrecon/workflows"
)

// Options are what a campaign is to do.
type Options struct {
	Payments int    // that people make on one side and payrecon owes the other, at least
	Seed     uint64 // what befalls whom; when exactly is left to the machine
	Now      func() time.Time
	Say      func(format string, args ...any) // progress
	Log      io.Writer                        // of the workers, as JSON
}

// Broken is a promise that does not hold.
type Broken struct {
	Company string
	Round   int
	What    []string
}

// Error says everything that was found.
func (b *Broken) Error() string {
	return fmt.Sprintf("%s, round %d:\n  %s", b.Company, b.Round, strings.Join(b.What, "\n  "))
}

// Run lets a campaign run on a Temporal server and databases of its own: two companies side by side, with and without the
// module in Tryton. People pay, faults strike and Tryton is killed while a run works, then all is calm and both sides are
// judged; and so on, round by round. It returns what was seen also beside an error; a *Broken says which promises do not hold,
// *trytond.Absent that there is no Tryton.
func Run(ctx context.Context, o Options) (f Figures, err error) {
	tryton, err := trytond.Launch(ctx, o.Log)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, tryton.Stop()) }()
	temporal, err := devserver.Launch(ctx, devserver.Options{})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, temporal.Stop()) }()
	stage, err := NewStage(ctx, temporal.Address, tryton)
	if err != nil {
		return f, err
	}
	defer stage.Close()
	return campaign(ctx, stage, o)
}

func campaign(ctx context.Context, stage *Stage, o Options) (Figures, error) {
	began := o.Now()
	var lanes [2]*lane
	var problems [len(lanes)]error
	var working sync.WaitGroup
	ctx, stop := context.WithCancel(ctx) // what one has found ends the other
	defer stop()
	for i := range lanes {
		lanes[i] = &lane{
			Options: o, random: rand.New(rand.NewPCG(o.Seed, uint64(i))), //nolint:gosec // a campaign is to be repeatable
			module: i == 1, due: (o.Payments + i) / len(lanes),
		}
		working.Go(func() {
			if problems[i] = lanes[i].play(ctx, stage); problems[i] != nil {
				stop()
			}
		})
	}
	working.Wait()
	f := newFigures(o.Seed)
	for _, l := range lanes {
		f.add(l)
	}
	f.Wall = o.Now().Sub(began).Seconds()
	return f, errors.Join(problems[:]...)
}

// lane is a company that goes through one round after another.
type lane struct {
	Options
	*Company

	random  *rand.Rand // of what people do between runs, and of what befalls a run
	module  bool
	due     int
	verdict Verdict
	rounds  int
	fresh   []*Case // of this round
	again   []*Case // partly paid in rounds before, and settled
}

func (l *lane) name() string {
	if l.module {
		return "with the module"
	}
	return "bare"
}

// play plays rounds until enough payments are due.
func (l *lane) play(ctx context.Context, stage *Stage) (err error) {
	if l.Company, err = stage.Open(ctx, Setup{Module: l.module, Log: l.Log}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	for l.verdict.Due < l.due {
		l.rounds++
		began := l.Now()
		if err := l.round(ctx); err != nil {
			return fmt.Errorf("%s, round %d: %w", l.name(), l.rounds, err)
		}
		l.Say("%-15s round %-3d %4d payments due, %3d exceptions  %.0f s", l.name(), l.rounds, l.verdict.Due, len(l.verdict.Exceptions),
			l.Now().Sub(began).Seconds())
	}
	return l.judged(ctx, true)
}

// round is one change of both sides, one run that something befalls, and the judgement.
func (l *lane) round(ctx context.Context) error {
	if err := l.change(ctx); err != nil {
		return err
	}
	l.storm(ctx)
	if _, err := l.Reconcile(ctx, workflows.Request{}); err != nil {
		var ended *Ended
		if !errors.As(err, &ended) {
			return err
		}
		l.Say("%-15s round %-3d %v", l.name(), l.rounds, ended)
	}
	l.Proxy.Calm()
	if err := l.Restarted(); err != nil {
		return err
	}
	// What is due, a run as any other makes; one that compares everything may put keys on what people have entered twice.
	if _, err := l.Reconcile(ctx, workflows.Request{}); err != nil {
		return err
	}
	r, err := l.compareAll(ctx)
	if err != nil {
		return err
	}
	if r.Created != (report.ByDirection{}) {
		return &Broken{l.name(), l.rounds, []string{fmt.Sprintf("I3: a run has left %+v payments", r.Created)}}
	}
	if err := l.judged(ctx, false); err != nil {
		return err
	}
	l.settled()
	return nil
}

// judged looks at what this round was about, or at all.
func (l *lane) judged(ctx context.Context, all bool) (err error) {
	if l.verdict, err = l.judge(ctx, all); err != nil {
		return err
	}
	if len(l.verdict.Broken) > 0 {
		return &Broken{l.name(), l.rounds, l.verdict.Broken}
	}
	return nil
}

// What a storm has of each.
const (
	perMille = 150 // of the requests that meet a fault
	slowest  = 1500 * time.Millisecond
	// anywhen is how late in a run something may come.
	anywhen = 4 * time.Second
)

// faults may meet any request, but that no login is refused: after that, nobody tries again for a quarter of an hour.
func (l *lane) faults() []faulty.Fault {
	var all []faulty.Fault
	for _, kind := range []faulty.Kind{
		faulty.LostAnswer, faulty.Cut, faulty.BadGateway, faulty.HTML, faulty.Reset, faulty.ServerError, faulty.Slow, faulty.Unauthorized,
	} {
		f := faulty.Fault{Kind: kind, Delay: time.Duration(l.random.Int64N(int64(slowest)))}
		if kind == faulty.Unauthorized {
			f.Match = func(r *http.Request, body []byte) bool { return !LogIn.Is(r, body) }
		}
		all = append(all, f)
	}
	return all
}

// storm is what befalls the next run.
func (l *lane) storm(ctx context.Context) {
	l.Proxy.Campaign(l.random.Uint64(), perMille, l.faults()...)
	// Each kind of step is killed in its turn.
	step := Making()[l.rounds%len(Making())]
	after := time.Duration(l.random.Int64N(int64(200 * time.Millisecond)))
	l.Proxy.Before(step.Is, func() { l.KillIn(ctx, string(step), after) })
	if l.random.IntN(3) == 0 {
		l.KillIn(ctx, "at a random moment", time.Duration(l.random.Int64N(int64(anywhen))))
	}
	if l.random.IntN(2) == 0 {
		steps := append(Making(), PutKey, ReadInvoices)
		l.ForgetSession(ctx, steps[l.random.IntN(len(steps))].Is)
	}
	l.people(ctx)
}
