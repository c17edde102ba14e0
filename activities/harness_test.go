package activities_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/remote"
	"payrecon/precoro"
)

const (
	token = "s3cret-token-5512"
	email = "anna.b@example.com"

	slot     = time.Second
	interval = 300 * time.Millisecond

	runID      = "the-run"
	serverDate = "Sat, 14 Mar 2026 09:00:00 GMT"
)

var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// bench runs activities against a Precoro that answers in process, an ERP that does as it is told, and a clock that only
// tests move.
type bench struct {
	env     *testsuite.TestActivityEnvironment
	acts    *activities.Activities
	info    activity.Info // what of the activity's Info is not the environment's
	clock   time.Time
	waits   []time.Duration
	sent    []*http.Request // to Precoro
	forms   []string        // their bodies
	precoro func(*http.Request) (*http.Response, error)
	erp     *adapter
}

func newBench(t *testing.T, changes ...func(*activities.Settings)) *bench {
	t.Helper()
	b := &bench{clock: start, erp: newAdapter(t)}
	b.info = activity.Info{
		Attempt: 1, ScheduledTime: start, StartedTime: start, WorkflowExecution: workflow.Execution{ID: "payrecon.run.acme", RunID: runID},
	}
	client, err := precoro.New(precoro.Options{Email: email, Token: token, Transport: b})
	require.NoError(t, err)
	settings := activities.Settings{Company: "acme", Accounts: "00ff", Timezone: "UTC", Settle: 10 * time.Minute, ERP: erp.Capabilities{Interval: interval}}
	for _, change := range changes {
		change(&settings)
	}
	b.acts = activities.New([]activities.Company{{Settings: settings, Precoro: client, ERP: b.erp, Slot: slot}}, activities.Options{
		Now: func() time.Time { return b.clock },
		Wait: func(_ context.Context, d time.Duration) error {
			b.waits = append(b.waits, d)
			b.clock = b.clock.Add(d)
			return nil
		},
	})
	var suite testsuite.WorkflowTestSuite
	b.env = suite.NewTestActivityEnvironment()
	b.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&infoInterceptor{info: &b.info}}})
	b.env.RegisterActivity(b.acts)
	return b
}

func (b *bench) RoundTrip(r *http.Request) (*http.Response, error) {
	form := ""
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		form = string(body)
	}
	b.sent, b.forms = append(b.sent, r), append(b.forms, form)
	return b.precoro(r)
}

// perform runs one activity as a worker would: its input and its outcome go through the data converter.
func perform[In, Out any](b *bench, method func(context.Context, In) (Out, error), in In) (Out, error) {
	var out Out
	value, err := b.env.ExecuteActivity(method, in)
	if err != nil {
		return out, err
	}
	err = value.Get(&out)
	return out, err
}

// infoInterceptor gives activities an Info that tests decide.
type infoInterceptor struct {
	interceptor.WorkerInterceptorBase
	info *activity.Info
}

func (i *infoInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &inbound{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, info: i.info}
}

type inbound struct {
	interceptor.ActivityInboundInterceptorBase
	info *activity.Info
}

func (i *inbound) Init(next interceptor.ActivityOutboundInterceptor) error {
	return i.Next.Init(&outbound{ActivityOutboundInterceptorBase: interceptor.ActivityOutboundInterceptorBase{Next: next}, info: i.info})
}

type outbound struct {
	interceptor.ActivityOutboundInterceptorBase
	info *activity.Info
}

func (o *outbound) GetInfo(ctx context.Context) activity.Info {
	info := o.Next.GetInfo(ctx)
	info.Attempt, info.ScheduledTime, info.StartedTime, info.WorkflowExecution = o.info.Attempt, o.info.ScheduledTime, o.info.StartedTime, o.info.WorkflowExecution
	return info
}

// adapter is an ERP that answers what its functions say. Each call sends the requests that the counter is to see.
type adapter struct {
	client   *remote.Client
	requests int // sent by each call
	find     func([]erp.Link) (erp.Found, error)
	list     func(erp.ListQuery) (erp.Listed, error)
	bills    func(ids []string) ([]erp.Snapshot, error)
	write    func(erp.Snapshot, erp.Order) error
	writes   int
	outcomes func([]error) []error // what becomes of the outcomes of writes; nil leaves them
}

func newAdapter(t *testing.T) *adapter {
	t.Helper()
	client, err := remote.NewClient("https://erp.example", "test", always(http.StatusOK, "{}"))
	require.NoError(t, err)
	return &adapter{client: client, requests: 1}
}

func (a *adapter) send(ctx context.Context) error {
	for range a.requests {
		remote.Charge(ctx, 100)
		if _, err := a.client.Do(ctx, remote.Request{Method: http.MethodGet}); err != nil {
			return err
		}
	}
	return nil
}

func (a *adapter) Account() string                { return "fake" }
func (a *adapter) Capabilities() erp.Capabilities { return erp.Capabilities{} }

func (a *adapter) FindBills(ctx context.Context, links []erp.Link) (erp.Found, error) {
	if err := a.send(ctx); err != nil {
		return erp.Found{}, err
	}
	return a.find(links)
}

func (a *adapter) ListBills(ctx context.Context, query erp.ListQuery) (erp.Listed, error) {
	if err := a.send(ctx); err != nil {
		return erp.Listed{}, err
	}
	return a.list(query)
}

func (a *adapter) ReadBills(ctx context.Context, ids []string) ([]erp.Snapshot, error) {
	if err := a.send(ctx); err != nil {
		return nil, err
	}
	return a.bills(ids)
}

func (a *adapter) WritePayments(ctx context.Context, writes []erp.Write) []error {
	a.writes += len(writes)
	sent := a.send(ctx)
	outcomes := make([]error, len(writes))
	for i, w := range writes {
		if outcomes[i] = sent; sent == nil {
			outcomes[i] = a.write(w.Bill, w.Order)
		}
	}
	if a.outcomes != nil {
		return a.outcomes(outcomes)
	}
	return outcomes
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Date": {serverDate}}, Body: io.NopCloser(strings.NewReader(body))}
}

// always answers every request alike.
func always(status int, body string) transport {
	return func(*http.Request) (*http.Response, error) { return answer(status, body), nil }
}

// broken fails every request on its way.
func broken(err error) transport {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func dialError() error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

func eur(t *testing.T, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text, "EUR")
	require.NoError(t, err)
	return amount
}

// fresh is the read that a write of this run may rest upon.
func fresh() activities.Read { return activities.Read{At: start, RunID: runID} }

// failed takes an activity's error apart as a workflow does.
func failed(t *testing.T, err error) (*temporal.ApplicationError, activities.Kind, activities.Failure) {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	kind, failure, ok := activities.KindOf(err)
	require.True(t, ok)
	return application, kind, failure
}
