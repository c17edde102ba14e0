package sim

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/worker"
	"payrecon/workflows"
)

// idle is how long the test environment may stand still by the wall's clock before it gives up.
const idle = 2 * time.Minute

var epoch = time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)

// stage is the test environment with everything on it.
type stage struct {
	seed      uint64
	env       *testsuite.TestWorkflowEnvironment
	acts      *activities.Activities
	companies []*company
	playing   bool

	verdict Verdict
}

// newStage sets up the environment. cast makes the companies, and gives the configuration that joins them to their accounts.
func newStage(seed uint64, cast func(*stage, erp.Registry) (configuration string)) (*stage, error) {
	s := &stage{seed: seed, verdict: Verdict{Seed: seed}}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent{})
	s.env = suite.NewTestWorkflowEnvironment()
	if err := stopTheWall(s.env); err != nil {
		return nil, err
	}
	s.env.SetTestTimeout(idle)
	s.env.SetStartTime(epoch)
	s.env.SetDetachedChildWait(false)
	s.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "driver", TaskQueue: "sim"})
	s.env.SetWorkerOptions(sdk.Options{
		DeadlockDetectionTimeout: time.Minute, Interceptors: []interceptor.WorkerInterceptor{&probe{stage: s}},
	})
	registry := erp.Registry{}
	if err := s.hire(cast(s, registry), registry); err != nil {
		return nil, err
	}
	worker.Register(s.env, s.acts)
	s.env.RegisterWorkflowWithOptions(s.drive, workflow.RegisterOptions{Name: "Driver"})
	for _, c := range s.companies {
		s.pace(c)
	}
	s.admit()
	return s, nil
}

// now is the clock of everything: the worlds', the clients', the activities'.
func (s *stage) now() time.Time {
	if !s.playing {
		return epoch
	}
	return s.env.Now().UTC()
}

func (s *stage) play() (Verdict, error) {
	s.playing = true
	s.env.ExecuteWorkflow("Driver")
	if !s.env.IsWorkflowCompleted() {
		return Verdict{}, fmt.Errorf("seed %d: the world stood still for %s", s.seed, idle)
	}
	if err := s.env.GetWorkflowError(); err != nil {
		return Verdict{}, fmt.Errorf("seed %d: %w", s.seed, err)
	}
	f := &s.verdict.Figures
	f.Worlds = 1
	f.Hours = int(s.now().Sub(epoch) / time.Hour)
	for _, c := range s.companies {
		f.Companies++
		f.Add(c.figures)
		s.verdict.Breaches = append(s.verdict.Breaches, c.breaches...)
		s.verdict.Trace = append(s.verdict.Trace, c.trace...)
	}
	return s.verdict, nil
}

// drive tells every company's story, all at the same time.
func (s *stage) drive(ctx workflow.Context) error {
	stories := workflow.NewWaitGroup(ctx)
	var failed error
	for _, c := range s.companies {
		stories.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer stories.Done()
			if err := c.story(c, ctx); err != nil {
				failed = errors.Join(failed, fmt.Errorf("company %s: %w", c.name, err))
			}
		})
	}
	stories.Wait(ctx)
	return failed
}

// child are the options of what the driver starts.
func child(ctx workflow.Context, id string) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: id, ParentClosePolicy: enums.PARENT_CLOSE_POLICY_TERMINATE, WaitForCancellation: true,
	})
}

// pace lets each activity of a company take its time on the workflow's clock, and now and then more: a worker that is busy,
// or one that dies with the answer in its hand.
func (s *stage) pace(c *company) {
	const precoro, erp = 1050 * time.Millisecond, 350 * time.Millisecond
	paced(s, c, precoro, s.acts.ListInvoices)
	paced(s, c, precoro, s.acts.ListPayments)
	paced(s, c, precoro, s.acts.ReadInvoice)
	paced(s, c, precoro, s.acts.PostPayment)
	paced(s, c, precoro, s.acts.TagPayment)
	paced(s, c, erp, s.acts.FindBills)
	paced(s, c, erp, s.acts.ListBills)
	paced(s, c, erp, s.acts.ReadBill)
	paced(s, c, erp, s.acts.ReadBills)
	paced(s, c, erp, s.acts.WriteBill)
	paced(s, c, erp, s.acts.WriteBills)
}

func paced[In, Out any](s *stage, c *company, slot time.Duration, act func(context.Context, In) (Out, error)) {
	ours := mock.MatchedBy(func(in In) bool {
		return strings.HasPrefix(reflect.ValueOf(in).FieldByName("Company").String(), c.name+"@")
	})
	s.env.OnActivity(act, mock.Anything, ours).AfterFn(func() time.Duration { return slot + c.hold() }).Return(func(ctx context.Context, in In) (Out, error) {
		if c.over(activity.GetInfo(ctx).WorkflowExecution.RunID) {
			var none Out
			return none, temporal.NewCanceledError() // a server does not begin what was cancelled while it waited
		}
		out, err := act(ctx, in)
		c.look(activity.GetInfo(ctx).WorkflowExecution.RunID)
		c.requested(activity.GetInfo(ctx), err)
		if c.dies() {
			return out, temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil)
		}
		return out, err
	})
}

// admit lets the first step of triggers take as long as they are told. They are named before anything begins: the
// environment takes no more of it once it runs.
func (s *stage) admit() {
	for _, c := range s.companies {
		s.admitTriggers(c)
	}
	s.env.OnActivity(s.acts.ReadSettings, mock.Anything, mock.Anything).Return(s.acts.ReadSettings) // of everybody else
}

func (s *stage) admitTriggers(c *company) {
	for burst := range maxBursts {
		for n := range maxTriggers {
			id := triggerID(c.name, burst, n)
			ours := mock.MatchedBy(func(ctx context.Context) bool { return activity.GetInfo(ctx).WorkflowExecution.ID == id })
			s.env.OnActivity(s.acts.ReadSettings, ours, mock.Anything).AfterFn(func() time.Duration { return c.turn(id) }).Return(s.acts.ReadSettings)
		}
	}
}

// probe sees runs begin and end, and tells activities the time of the environment: by itself it gives them the wall's.
type probe struct {
	interceptor.WorkerInterceptorBase
	stage *stage
}

func (p *probe) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &workflowProbe{stage: p.stage}
	in.Next = next
	return in
}

func (p *probe) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	in := &activityProbe{stage: p.stage}
	in.Next = next
	return in
}

type workflowProbe struct {
	interceptor.WorkflowInboundInterceptorBase
	stage *stage
}

func (w *workflowProbe) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	out := &retryProbe{}
	out.Next = outbound
	return w.Next.Init(out)
}

// retryProbe gives activities as many attempts as a server does: without end, where the test environment stops at ten.
type retryProbe struct {
	interceptor.WorkflowOutboundInterceptorBase
}

func (r *retryProbe) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)
	if options.RetryPolicy != nil && options.RetryPolicy.MaximumAttempts == 0 {
		policy := *options.RetryPolicy
		policy.MaximumAttempts = 1 << 20
		options.RetryPolicy = &policy
	}
	return r.Next.ExecuteActivity(workflow.WithActivityOptions(ctx, options), name, args...)
}

func (w *workflowProbe) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	info := workflow.GetInfo(ctx)
	if info.WorkflowType.Name != workflows.TypeRun {
		return w.Next.ExecuteWorkflow(ctx, in)
	}
	start, ok := in.Args[0].(workflows.RunStart)
	if !ok {
		return nil, fmt.Errorf("a run began with %T", in.Args[0])
	}
	c := w.stage.company(start.Company)
	c.runBegins(info.WorkflowExecution.RunID, start)
	out, err := w.Next.ExecuteWorkflow(ctx, in)
	end, _ := out.(workflows.RunEnd)
	if err != nil {
		var failure *temporal.ApplicationError
		if errors.As(err, &failure) && failure.HasDetails() {
			if decodeErr := failure.Details(&end); decodeErr != nil {
				return nil, decodeErr
			}
		}
	}
	c.runEnds(info.WorkflowExecution.RunID, end, err)
	return out, err
}

type activityProbe struct {
	interceptor.ActivityInboundInterceptorBase
	stage *stage
}

func (a *activityProbe) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	out := &infoProbe{stage: a.stage}
	out.Next = outbound
	return a.Next.Init(out)
}

type infoProbe struct {
	interceptor.ActivityOutboundInterceptorBase
	stage *stage
}

func (i *infoProbe) GetInfo(ctx context.Context) activity.Info {
	info := i.Next.GetInfo(ctx)
	info.StartedTime = i.stage.now()
	info.ScheduledTime = info.StartedTime
	if c := i.stage.company(strings.TrimPrefix(info.WorkflowExecution.ID, workflows.RunID(""))); c != nil {
		info.ScheduledTime = info.ScheduledTime.Add(-c.heldUp())
	}
	return info
}

func (s *stage) company(name string) *company {
	for _, c := range s.companies {
		if c.name == name {
			return c
		}
	}
	return nil
}

// silent drops what the SDK logs.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
