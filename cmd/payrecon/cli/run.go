package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"payrecon/activities"
	"payrecon/cmd/payrecon/cli/progress"
	"payrecon/internal/config"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

const invalidRequest = string(activities.InvalidRequest)

// request is the flags that run and plan share: the fields of the workflow's request, and how to reach it.
type request struct {
	Company    string        `placeholder:"NAME" help:"Company in the configuration. Default: the only one."`
	Scope      string        `enum:"auto,changes,full,deep" default:"auto" help:"What to read: changes (since the last good run), full, deep (full, and every payment list compared even where totals agree), or auto (full when the last full run is over a day old, else changes). Default: ${default}."`
	Since      string        `placeholder:"TIME" help:"Read the changes since this time (RFC 3339) instead of those since the last good run."`
	Direction  string        `enum:"both,to_erp,to_precoro" default:"both" help:"Where payments may be created: both, to_erp or to_precoro. Default: ${default}."`
	Invoice    []int64       `placeholder:"NUMBER" help:"Only this Precoro document number. Repeat it, or separate by commas; at most 100."`
	Wait       time.Duration `default:"1h" help:"How long the run may wait for its turn. Default: ${default}."`
	Output     string        `short:"o" enum:"table,json" default:"table" help:"How to print the report: table or json. Default: ${default}."`
	Config     string        `placeholder:"FILE" help:"Configuration file; only its task queue, company names and encryption keys are read. Default: $$PAYRECON_CONFIG, or payrecon.toml here if there is one."`
	TaskQueue  string        `placeholder:"NAME" help:"Task queue that the worker polls, instead of the configuration's."`
	WorkflowID string        `name:"workflow-id" placeholder:"ID" help:"Workflow ID of the run. Default: reconcile-COMPANY-TIME-RANDOM."`
}

type runCommand struct {
	request
	Approve string `placeholder:"DIGEST" help:"Write a plan that is over the caps, if it is still the plan with this digest."`
	Attach  string `placeholder:"ID" help:"Start nothing; wait for the run with this workflow ID and print its report."`
}

type planCommand struct{ request }

// Validate checks what is plain before Temporal is asked. The workflow checks everything again.
func (r request) Validate() error {
	if _, err := time.Parse(time.RFC3339, r.Since); err != nil && r.Since != "" {
		return fmt.Errorf("--since: %q is not accepted, accepted is a time such as 2026-03-14T00:00:00Z", r.Since)
	}
	return nil
}

// Validate also refuses flags that --attach would ignore.
func (c runCommand) Validate() error {
	if c.Attach != "" && (c.Approve != "" || c.asks()) {
		return errors.New("--attach waits for a run that was started already, and takes no other request")
	}
	return c.request.Validate()
}

// asks tells whether anything of a request was given.
func (r request) asks() bool {
	return r.Company != "" || r.WorkflowID != "" || len(r.Invoice) > 0 || r.Since != "" || r.TaskQueue != "" ||
		r.Scope != workflows.ScopeAuto || r.Direction != string(reconcile.Both) || r.Wait != time.Hour
}

// Run starts a run, or attaches to one, and prints its report.
func (c runCommand) Run(ctx context.Context, p *Program) error {
	if c.Attach != "" {
		return p.attach(ctx, c.Attach, c.Config, c.Output)
	}
	wish := c.wish(workflows.ModeApply)
	wish.Approve = c.Approve
	return p.start(ctx, c.request, wish)
}

// Run starts a plan and prints its report.
func (c planCommand) Run(ctx context.Context, p *Program) error {
	return p.start(ctx, c.request, c.wish(workflows.ModePlan))
}

func (r request) wish(mode string) workflows.Request {
	return workflows.Request{
		Company: r.Company, Mode: mode, Scope: r.Scope, Since: r.Since, Direction: reconcile.Direction(r.Direction), Invoices: r.Invoice,
		Wait: r.Wait.String(),
	}
}

// queue finds the task queue, and checks the company's name where a configuration is at hand.
func (r request) queue() (string, error) {
	if r.TaskQueue != "" {
		return r.TaskQueue, nil
	}
	path, err := config.Find(r.Config)
	if errors.Is(err, config.ErrNoFile) {
		return config.DefaultTaskQueue, nil
	}
	if err != nil {
		return "", err
	}
	queue, companies, err := config.LoadNames(path)
	if err != nil {
		return "", err
	}
	if r.Company != "" && !slices.Contains(companies, r.Company) {
		return "", unknownCompany(r.Company, path, companies)
	}
	return queue, nil
}

// id is the workflow ID: by whom and when, and unlike any other.
func (r request) id(now time.Time) (string, error) {
	if strings.HasPrefix(r.WorkflowID, workflows.Reserved) {
		return "", misuse{error: fmt.Errorf("--workflow-id: %q begins with %q, which is reserved", r.WorkflowID, workflows.Reserved)}
	}
	if r.WorkflowID != "" {
		return r.WorkflowID, nil
	}
	company := r.Company
	if company == "" {
		company = "default"
	}
	return fmt.Sprintf("reconcile-%s-%s-%s", company, now.UTC().Format("20060102T150405Z"), strings.ToLower(rand.Text()[:6])), nil
}

func (p *Program) start(ctx context.Context, r request, wish workflows.Request) error {
	queue, err := r.queue()
	if err != nil {
		return err
	}
	id, err := r.id(p.Now())
	if err != nil {
		return err
	}
	temporal, err := p.dial(ctx, r.Config)
	if err != nil {
		return err
	}
	defer temporal.Close()
	run, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       id,
		TaskQueue:                                queue,
		StaticSummary:                            "payrecon " + wish.Mode,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflows.TypeReconcilePayments, wish)
	if err != nil && ctx.Err() != nil {
		return p.detach(id)
	}
	if err != nil {
		return explain(id, err)
	}
	p.say("Started %s. To look at it: temporal workflow show -w %s", id, id)
	course := p.course()
	result, err := p.await(ctx, temporal, run, course, func(ctx context.Context) { p.watchForWorkers(ctx, temporal, queue) })
	return p.finish(ctx, id, r.Output, course, result, err)
}

// course is that of a run which begins, or is watched from, now on.
func (p *Program) course() *progress.Course {
	course := progress.Begin(p.Now())
	course.Color = p.Screen != nil && p.Screen.Color
	return course
}

// await waits for a run to end, shows meanwhile what it does, and does something else beside.
func (p *Program) await(ctx context.Context, temporal Temporal, run client.WorkflowRun, course *progress.Course, beside func(context.Context),
) (result report.Report, err error) {
	watch, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { p.follow(watch, temporal, run.GetID(), course) })
	watching.Go(func() { beside(watch) })
	err = run.Get(ctx, &result)
	stop()
	watching.Wait()
	return result, err
}

func (p *Program) attach(ctx context.Context, id, file, output string) error {
	temporal, err := p.dial(ctx, file)
	if err != nil {
		return err
	}
	defer temporal.Close()
	p.say("Waiting for %s.", id)
	course := p.course()
	course.Attached = true
	result, err := p.await(ctx, temporal, temporal.GetWorkflow(ctx, id, ""), course, func(context.Context) {})
	return p.finish(ctx, id, output, course, result, err)
}

// finish prints the report of a run that was waited for. err is how the waiting ended.
func (p *Program) finish(ctx context.Context, id, output string, course *progress.Course, result report.Report, err error) error {
	if err != nil && ctx.Err() != nil {
		return p.detach(id)
	}
	if err != nil {
		if written, ok := writtenBefore(err); ok {
			p.say("The run failed after it had begun to write. What it wrote:")
			if err := p.print(output, written); err != nil {
				return err
			}
		}
		return explain(id, err)
	}
	p.say("%s", course.Summary(p.Now(), result))
	if err := p.print(output, result); err != nil {
		return err
	}
	return ended(result)
}

func (p *Program) print(output string, r report.Report) error {
	if output == "json" {
		return r.JSON(p.Stdout)
	}
	return r.Table(p.Stdout, p.Width, p.Color)
}

// writtenBefore is the report that comes with the error of a run that had begun to write.
func writtenBefore(err error) (report.Report, bool) {
	var application *temporal.ApplicationError
	var written report.Report
	if !errors.As(err, &application) || !application.HasDetails() || application.Details(&written) != nil {
		return report.Report{}, false
	}
	return written, written.Company != ""
}

func (p *Program) detach(id string) error {
	p.say("\nDetached; the run goes on without you.")
	p.say("To come back: payrecon run --attach %s", id)
	p.say("To stop it:   temporal workflow cancel -w %s", id)
	return status(exitInterrupted)
}

// watchForWorkers says so if nobody seems to do the work. Temporal lists who polled in the last minutes.
func (p *Program) watchForWorkers(ctx context.Context, temporal Temporal, queue string) {
	timer := time.NewTimer(p.Patience)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	answer, err := temporal.DescribeTaskQueue(ctx, queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err == nil && len(answer.GetPollers()) == 0 && ctx.Err() == nil {
		p.say("No worker polls task queue %q: the run begins when one does. Start one by: payrecon worker", queue)
	}
}
