package workflows

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/report"
)

// Every request of a run goes through this file: not before a quota allows it, and counted. A quota that is met all the
// same, because others spend from it too, is waited out here, where people see until when and why.

// result is an activity's result: it says what was sent for it.
type result interface {
	Sent() (requests, cost int)
}

// askPrecoro carries out a read of Precoro.
func askPrecoro[In any, Out result](ctx workflow.Context, r *run, summary string, activity func(context.Context, In) (Out, error), in In) (Out, error) {
	return ask(ctx, r, r.precoroOpens(ctx), r.sentPrecoro, summary, activity, in)
}

// askERP carries out a read of the ERP that costs about so much, in thousandths of a request.
func askERP[In any, Out result](ctx workflow.Context, r *run, cost int, summary string, activity func(context.Context, In) (Out, error), in In) (Out, error) {
	return ask(ctx, r, r.erpOpens(ctx, cost), r.sentERP, summary, activity, in)
}

// precoroOpens is when one more request may be sent to Precoro.
func (r *run) precoroOpens(ctx workflow.Context) func() (time.Time, string) {
	return func() (time.Time, string) {
		return r.quota.precoroOpens(workflow.Now(ctx), r.settings.PerHour, r.settings.PerDay)
	}
}

// erpOpens is when something of this cost may be sent to the ERP, and a login before it.
func (r *run) erpOpens(ctx workflow.Context, cost int) func() (time.Time, string) {
	return func() (time.Time, string) {
		return r.quota.erpOpens(workflow.Now(ctx), r.settings.ERP.PerHour, cost+report.PerRequest)
	}
}

func ask[In any, Out result](ctx workflow.Context, r *run, opens func() (time.Time, string), sent func(workflow.Context, result, error),
	summary string, activity func(context.Context, In) (Out, error), in In,
) (Out, error) {
	asked := workflow.Now(ctx)
	for {
		if err := r.awaitQuota(ctx, opens); err != nil {
			var none Out
			return none, err
		}
		out, err := call(ctx, r.options(readOptions(r.settings.SameGet, summary)), activity, in)
		sent(ctx, out, err)
		kind, failure, _ := activities.KindOf(err)
		if kind != activities.Throttled || failure.Wait <= 0 || !r.settings.Knows(activities.CheaperWays) || workflow.Now(ctx).Add(failure.Wait).Sub(asked) > scheduleToClose {
			return out, err
		}
	}
}

// sendPrecoro carries out a write in Precoro, once.
func sendPrecoro[In any, Out result](ctx workflow.Context, r *run, summary string, activity func(context.Context, In) (Out, error), in In) (Out, error) {
	out, err := call(ctx, r.options(writeOptions(summary)), activity, in)
	r.sentPrecoro(ctx, out, err)
	return out, err
}

// sendERP carries out a write in the ERP, once.
func sendERP[In any, Out result](ctx workflow.Context, r *run, summary string, activity func(context.Context, In) (Out, error), in In) (Out, error) {
	out, err := call(ctx, r.options(writeOptions(summary)), activity, in)
	r.sentERP(ctx, out, err)
	return out, err
}

// options adds whose work it is: where the server shares out by fairness keys, no company starves another.
func (r *run) options(options workflow.ActivityOptions) workflow.ActivityOptions {
	options.Priority = temporal.Priority{FairnessKey: r.start.Company}
	return options
}

// awaitQuota waits until there is room, however often that moves.
func (r *run) awaitQuota(ctx workflow.Context, opens func() (time.Time, string)) error {
	if !r.settings.Knows(activities.CheaperWays) {
		return nil // a timer that its history does not have
	}
	for {
		at, why := opens()
		if !at.After(workflow.Now(ctx)) {
			return nil
		}
		if len(r.report.Waits) < report.MaxWaits {
			r.report.Waits = append(r.report.Waits, report.Wait{Until: at, Why: why})
		}
		r.told = time.Time{} // those who wait hear of it at once
		if err := r.waitUntil(ctx, at, "because "+why); err != nil {
			return err
		}
	}
}

// sentPrecoro counts what a call has sent, whether it failed or not.
func (r *run) sentPrecoro(ctx workflow.Context, out result, err error) {
	requests, _ := sentBy(out, err)
	r.report.Requests.Precoro += requests
	r.quota.spendPrecoro(workflow.Now(ctx), requests)
	r.noteRefusal(ctx, err)
}

// sentERP counts what a call has sent, and what that cost.
func (r *run) sentERP(ctx workflow.Context, out result, err error) {
	requests, cost := sentBy(out, err)
	if cost == 0 {
		cost = requests * report.PerRequest // the adapter knows no prices
	}
	r.report.Requests.ERP += requests
	r.report.Requests.ERPCost += cost
	r.quota.spendERP(workflow.Now(ctx), cost)
	r.noteRefusal(ctx, err)
}

// noteRefusal takes over what a refusal says of a quota.
func (r *run) noteRefusal(ctx workflow.Context, err error) {
	kind, failure, _ := activities.KindOf(err)
	if (kind == activities.Throttled || kind == activities.NotSent) && failure.Wait > activities.LongWait {
		r.quota.refused(workflow.Now(ctx), failure)
	}
}

// sentBy is what a call has sent. Of one that timed out nobody knows: at least one request.
func sentBy(out result, err error) (requests, cost int) {
	if err == nil {
		return out.Sent()
	}
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return 1, 0
	}
	_, failure, _ := activities.KindOf(err)
	return failure.Requests, failure.Cost
}
