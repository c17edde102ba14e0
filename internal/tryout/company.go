//go:build unix

package tryout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"payrecon/erp"
	"payrecon/erp/tryton"
	"payrecon/internal/config"
	"payrecon/internal/faulty"
	"payrecon/internal/money"
	"payrecon/internal/remote"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/internal/trytond"
	"payrecon/worker"
	"payrecon/workflows"
)

// Times are turned down; everything else is as in production.
const (
	sameGet = 100 * time.Millisecond // of the sandbox; the client keeps twice that
	settle  = time.Second
	// patience bounds every wait for a run. The longest that is no defect is some time-outs of half a minute.
	patience = 5 * time.Minute
	// closing bounds the work of ending a company.
	closing = 30 * time.Second
)

// Setup is what a company is to be like.
type Setup struct {
	Module bool      // Tryton has this project's module, which refuses a second payment with one key
	Log    io.Writer // of the worker, as JSON
}

// Company is one that payrecon keeps equal, with a worker of its own. Its sandbox is Precoro; it accepts payments above the
// remainder, so that a second payment shows instead of being refused.
type Company struct {
	*sandbox.Sandbox
	Proxy *faulty.Proxy  // between payrecon and Tryton
	Books *trytond.Books // somebody at work in Tryton, not through the proxy
	Today money.Date     // in Tryton

	stage    *Stage
	name     string // also of its task queue
	file     string // its configuration
	database *trytond.Database
	start    money.Date
	sent     func() int     // write requests that were sent to Tryton so far
	undo     []func() error // what Close does, last first

	// alive is held by people while they work in Tryton, so that none of them is in the middle of something when it is killed:
	// what became of that, nobody could tell. payrecon must be able to, and is not asked.
	alive   sync.RWMutex
	killers sync.WaitGroup

	mu      sync.Mutex
	cases   []*Case
	ledgers map[string]trytond.Ledger // as they were read last, by the bill's id
	acts    map[string]int
	reports []report.Report
	cut     int // runs that ended without a report
	runs    int
	kills   map[string]int
	killing error // what went wrong with them
}

// Open makes a company: a database of Tryton's, a sandbox, a proxy and a worker.
func (s *Stage) Open(ctx context.Context, setup Setup) (*Company, error) {
	c := &Company{stage: s, acts: map[string]int{}, kills: map[string]int{}, ledgers: map[string]trytond.Ledger{}}
	for _, step := range []func(context.Context, Setup) error{c.openTryton, c.openPrecoro, c.hire} {
		if err := step(ctx, setup); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// Close ends and deletes everything of the company.
func (c *Company) Close() error {
	var problems []error
	for i := len(c.undo) - 1; i >= 0; i-- {
		problems = append(problems, c.undo[i]())
	}
	return errors.Join(problems...)
}

func (c *Company) openTryton(ctx context.Context, setup Setup) error {
	outlive := context.WithoutCancel(ctx)
	var err error
	if c.database, err = c.stage.tryton.Clone(ctx, setup.Module); err != nil {
		return err
	}
	c.undo = append(c.undo, func() error {
		ctx, cancel := context.WithTimeout(outlive, closing)
		defer cancel()
		return c.database.Drop(ctx)
	})
	if c.Books, err = c.database.Books(ctx); err != nil {
		return err
	}
	if c.Today, err = c.Books.Today(ctx); err != nil {
		return err
	}
	c.start = c.day(-200)
	if c.Proxy, err = faulty.StartProxy(outlive, c.database.URL); err != nil {
		return err
	}
	c.sent = c.Proxy.Count(Writes)
	c.undo = append(c.undo, c.Proxy.Close)
	return nil
}

func (c *Company) openPrecoro(ctx context.Context, _ Setup) error {
	c.Sandbox = sandbox.New(sandbox.Options{
		LaxOverpay: true,
		Limits: sandbox.Limits{
			PrecoroPerSecond: 500, PrecoroPerHour: 1_000_000, PrecoroPerDay: 10_000_000, SameGet: sameGet,
			ErplyPerHour: 1, ErplyPer30s: 1,
		},
	})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- c.Serve(serving, listener) }()
	c.undo = append(c.undo, func() error {
		stop()
		return <-served
	})
	return c.configure(listener.Addr().String())
}

const configuration = `task_queue = %[1]q
[[company]]
name = %[1]q
timezone = "UTC"
start = %[2]q
[company.caps]
payments = 100000
[company.precoro]
url = "http://%[3]s/precoro"
email = "robot@example.com"
token = "precoro-token"
limits = { per_second = 100, per_hour = 1000000, per_day = 10000000, same_get = %[4]q, settle = %[5]q }
[company.erp]
system = "tryton"
[company.erp.tryton]
url = %[6]q
database = %[7]q
username = %[8]q
password = %[9]q
journal = %[10]q
`

func (c *Company) configure(precoro string) error {
	folder, err := os.MkdirTemp("", "payrecon-tryout-")
	if err != nil {
		return err
	}
	c.undo = append(c.undo, func() error { return os.RemoveAll(folder) })
	proxy, err := url.Parse(c.Proxy.URL())
	if err != nil {
		return err
	}
	c.name = c.database.Name + "-" + proxy.Port() // nobody else on the Temporal server has it
	c.file = filepath.Join(folder, "payrecon.toml")
	return os.WriteFile(c.file, fmt.Appendf(nil, configuration, c.name, c.start, precoro, (2*sameGet).String(), settle.String(),
		c.Proxy.URL(), c.database.Name, c.database.Username, c.database.Password, c.database.Journal), 0o600)
}

// hire starts the worker in this process.
func (c *Company) hire(ctx context.Context, setup Setup) error {
	settings, err := config.Load(c.file)
	if err != nil {
		return err
	}
	w, err := worker.New(c.stage.client, settings, erp.Registry{"tryton": tryton.Factory}, zerolog.New(setup.Log).Level(zerolog.WarnLevel))
	if err != nil {
		return err
	}
	working, dismiss := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(working) }()
	c.undo = append(c.undo, func() error {
		dismiss()
		return <-ended
	})
	return nil
}

// KillIn kills the company's Tryton after a time, as a power cut would, and starts it again. It returns at once. What is killed
// is for the figures.
func (c *Company) KillIn(ctx context.Context, what string, after time.Duration) {
	c.killers.Go(func() {
		if remote.Wait(ctx, after) != nil {
			return // nobody is there any more
		}
		c.alive.Lock()
		defer c.alive.Unlock()
		err := c.database.Kill()
		if err == nil {
			err = c.database.Start(ctx)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.kills[what]++
		c.killing = errors.Join(c.killing, err)
	})
}

// ForgetSession ends payrecon's session in Tryton just before the next request that matches is sent in it.
func (c *Company) ForgetSession(ctx context.Context, match faulty.Match) {
	var authorization string
	c.Proxy.Before(func(r *http.Request, body []byte) bool {
		authorization = r.Header.Get("Authorization")
		return authorization != "" && match(r, body)
	}, func() {
		if err := c.logOut(ctx, authorization); err == nil {
			c.did(sessionEnded)
		}
	})
}

// sessionEnded is not what people do, but counted with it.
const sessionEnded = "ended the session"

func (c *Company) logOut(ctx context.Context, authorization string) error {
	c.alive.RLock()
	defer c.alive.RUnlock()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.database.URL+"/"+c.database.Name+"/",
		strings.NewReader(`{"id":1,"method":"common.db.logout","params":[]}`))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", authorization)
	answer, err := (&http.Client{Timeout: closing, Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("log out: %s", answer.Status))
	}
	return nil
}

// Restarted waits until Tryton runs again after all kills so far.
func (c *Company) Restarted() error {
	c.killers.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.killing
}

// day is so many days from today.
func (c *Company) day(from int) money.Date {
	today, err := time.Parse(time.DateOnly, string(c.Today))
	if err != nil {
		return c.Today // it is a day
	}
	return money.DateOf(today.AddDate(0, 0, from), time.UTC)
}

// Reconcile starts a run as people do, and waits for its report. An error is the run's own if it is a *Ended.
func (c *Company) Reconcile(ctx context.Context, request workflows.Request) (report.Report, error) {
	c.mu.Lock()
	c.runs++
	id := fmt.Sprintf("%s-%d", c.name, c.runs)
	c.mu.Unlock()
	request.Company = c.name
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	run, err := c.stage.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: c.name}, workflows.TypeReconcilePayments, request)
	if err != nil {
		return report.Report{}, err
	}
	var r report.Report
	err = run.Get(ctx, &r)
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed *temporal.WorkflowExecutionError
	if errors.As(err, &failed) {
		c.cut++
		return report.Report{}, &Ended{err}
	}
	if err == nil {
		c.reports = append(c.reports, r)
	}
	return r, err
}

// Ended says that a run has ended with an error instead of a report.
type Ended struct{ cause error }

func (e *Ended) Error() string { return "the run ended: " + e.cause.Error() }

func (e *Ended) Unwrap() error { return e.cause }
