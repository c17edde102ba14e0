//go:build unix

// Package chaos proves with real processes that no payment is made twice and none is lost, whatever is killed, and whenever.
// Workers, sandboxes and the Temporal server are programs on loopback. Lanes, each a company with a sandbox and a worker of its
// own, work side by side on one Temporal server: people pay, a run begins, something befalls it, the run or the next one ends,
// and the sandbox's ledger is the judge.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"payrecon/internal/devserver"
	"payrecon/internal/overlay"
	"payrecon/internal/remote"
)

// Options are what a campaign is to do.
type Options struct {
	Kills int    // of workers and of the server, at least
	Seed  uint64 // what befalls whom; when exactly is left to the machine
	Lanes int
	// Events are names of what is to happen, each once and in this order; nil draws from all of them until Kills is reached.
	// Where a run did not come to the point that it was to be hurt at, the event is played again, up to tries times in all.
	Events []string
	// ServerEvery is how long the Temporal server lives at most, about half of that at least; 0 does not kill it.
	ServerEvery time.Duration
	// Break names a build that must be found out; "" is payrecon as it stands.
	Break string
	// Keep leaves the campaign's folder where it is, with all logs. It is kept too when a promise is broken.
	Keep bool
	Now  func() time.Time
	Say  func(format string, args ...any) // progress
}

// Broken is a promise that does not hold.
type Broken struct {
	Lane   string
	Round  int
	What   []string
	Folder string // with the lane's logs
}

// Error says everything that was found.
func (b *Broken) Error() string {
	return fmt.Sprintf("%s, round %d (%s):\n  %s", b.Lane, b.Round, b.Folder, strings.Join(b.What, "\n  "))
}

// campaign is what all lanes share.
type campaign struct {
	Options

	folder   string
	programs programs
	temporal *devserver.Server
	client   client.Client
	lanes    []*lane

	mu      sync.Mutex
	figures Figures
	deck    []string
	tried   map[string]int // events that were missed, so often
	random  *rand.Rand     // of the deck
	stopped bool           // nothing new is to begin
}

// Run lets a campaign run. It returns what was seen also beside an error; a *Broken says which promises do not hold.
func Run(ctx context.Context, o Options) (Figures, error) {
	changed, err := o.broken()
	if err != nil {
		return Figures{}, err
	}
	c := &campaign{Options: o, deck: slices.Clone(o.Events), tried: map[string]int{}}
	c.random = c.source(0)
	c.figures = Figures{Seed: o.Seed, Lanes: o.Lanes, WorkerKills: map[string]int{}, Missed: map[string]int{}, Events: map[string]int{}}
	began := c.Now()
	err = c.campaign(ctx, changed)
	c.figures.Wall = c.Now().Sub(began).Seconds()
	for _, l := range c.lanes {
		if l.people == nil {
			continue
		}
		c.figures.Due += len(l.due)
		c.figures.Exceptions += len(l.except)
		for _, one := range l.known {
			c.figures.Runs++
			if one.Cut {
				c.figures.RunsCut++
			}
		}
	}
	c.figures.Recovery = spread(c.figures.recovered)
	return c.figures, err
}

func (c *campaign) source(stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, stream)) //nolint:gosec // a campaign is to be repeatable
}

func (c *campaign) campaign(ctx context.Context, changed []overlay.Patch) (err error) {
	if c.folder, err = os.MkdirTemp("", "payrecon-chaos-"); err != nil {
		return err
	}
	defer func() {
		if err != nil || c.Keep {
			c.Say("logs are kept in %s", c.folder)
			return
		}
		err = os.RemoveAll(c.folder)
	}()
	c.Say("building payrecon, and a build that is an edition older")
	if c.programs, err = buildBoth(ctx, c.folder, changed...); err != nil {
		return err
	}
	if c.temporal, err = devserver.Launch(ctx, devserver.Options{Database: filepath.Join(c.folder, "temporal.db")}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.temporal.Stop()) }()
	if c.client, err = client.DialContext(ctx, client.Options{HostPort: c.temporal.Address, Logger: quiet{}}); err != nil {
		return fmt.Errorf("reach the Temporal server: %w", err)
	}
	defer c.client.Close()
	defer func() {
		for _, l := range c.lanes {
			err = errors.Join(err, l.close())
		}
	}()
	for n := range c.Lanes {
		l, err := c.open(ctx, n)
		c.lanes = append(c.lanes, l)
		if err != nil {
			return fmt.Errorf("open %s: %w", l.name, err)
		}
	}
	return c.race(ctx)
}

// race lets all lanes work, and kills the server meanwhile.
func (c *campaign) race(ctx context.Context) error {
	problems := make(chan error, len(c.lanes)+1)
	var working, killing sync.WaitGroup
	for _, l := range c.lanes {
		working.Go(func() {
			if err := l.rounds(ctx); err != nil {
				c.stop() // the others end their rounds
				c.Say("           %s found something", l.name)
				problems <- err
			}
		})
	}
	life, end := context.WithCancel(ctx)
	killing.Go(func() {
		if err := c.killServer(life); err != nil {
			c.stop()
			problems <- err
		}
	})
	working.Wait()
	end()
	killing.Wait()
	close(problems)
	var all []error
	for err := range problems {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// rounds plays rounds until there is nothing left to do.
func (l *lane) rounds(ctx context.Context) error {
	for {
		name, more := l.draw(l.dropKey)
		if !more {
			return nil
		}
		e, err := named(name)
		if err != nil {
			return err
		}
		began := l.now()
		if err := l.play(ctx, e); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		l.Say("%4d kills  %-7s round %-3d %-50s %.0f s", l.kills(), l.name, l.round, e.name, l.now().Sub(began).Seconds())
	}
}

func (c *campaign) kills() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.figures.Kills()
}

// draw takes the next event that the lane can do.
func (c *campaign) draw(drop bool) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped || c.Events == nil && c.figures.Kills() >= c.Kills {
		return "", false
	}
	can := func(name string) bool {
		e, err := named(name)
		return err != nil || !e.drop || drop
	}
	i := slices.IndexFunc(c.deck, can)
	if i < 0 && c.Events == nil {
		c.shuffle()
		i = slices.IndexFunc(c.deck, can)
	}
	if i < 0 {
		return "", false
	}
	name := c.deck[i]
	c.deck = slices.Delete(c.deck, i, i+1)
	return name, true
}

// tries is how often an event may come too late. On a slow machine a run may be past a point before that is seen.
const tries = 3

// again puts an event that was missed back. A campaign without a list of events draws until there are enough kills.
func (c *campaign) again(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tried[name]++; c.Events != nil && c.tried[name] < tries {
		c.deck = append(c.deck, name)
	}
}

// stop lets every lane end after its round.
func (c *campaign) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
}

// shuffle adds each event to the deck twice, and each kill of a worker three times.
func (c *campaign) shuffle() {
	var more []string
	for _, e := range events() {
		times := 2
		if strings.HasPrefix(e.name, "kill ") {
			times = 3
		}
		for range times {
			more = append(more, e.name)
		}
	}
	c.random.Shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
	c.deck = append(c.deck, more...)
}

// killServer kills the Temporal server now and then, and starts it again on the same file.
func (c *campaign) killServer(ctx context.Context) error {
	random := c.source(1 << 32)
	for c.ServerEvery > 0 {
		if err := remote.Wait(ctx, c.ServerEvery/2+time.Duration(random.Int64N(int64(c.ServerEvery/2)))); err != nil {
			return nil //nolint:nilerr // the campaign is over
		}
		if err := c.temporal.Crash(); err != nil {
			return err
		}
		c.count(func(f *Figures) { f.ServerKills++ })
		for _, l := range c.lanes {
			l.mark()
		}
		_ = remote.Wait(ctx, time.Duration(random.Int64N(int64(3*time.Second)))) // it comes back in any case
		if err := c.temporal.Relaunch(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		c.Say("           the Temporal server was killed and came back")
	}
	return nil
}

func (c *campaign) count(change func(*Figures)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.figures)
}

func (c *campaign) now() time.Time { return c.Now() }

// quiet drops what the client has to say.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
