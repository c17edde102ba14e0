package erptest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// Names of the port's errors.
const (
	none           = "none"
	unauthorized   = "Unauthorized"
	forbidden      = "Forbidden"
	notFound       = "NotFound"
	refused        = "Refused"
	throttled      = "Throttled"
	unavailable    = "Unavailable"
	notSent        = "NotSent"
	outcomeUnknown = "OutcomeUnknown"
	stale          = "Stale"
)

// kindOf is the port's error within err, by name; what is none of the closed set is named by its type.
func kindOf(err error) string {
	if err == nil {
		return none
	}
	for _, one := range []struct {
		name string
		is   func(error) bool
	}{
		{unauthorized, is[erp.Unauthorized]},
		{forbidden, is[erp.Forbidden]},
		{notFound, is[erp.NotFound]},
		{refused, is[erp.Refused]},
		{throttled, is[erp.Throttled]},
		{unavailable, is[erp.Unavailable]},
		{notSent, is[erp.NotSent]},
		{outcomeUnknown, is[erp.OutcomeUnknown]},
		{stale, is[erp.Stale]},
	} {
		if one.is(err) {
			return one.name
		}
	}
	return fmt.Sprintf("%T", err)
}

func is[T error](err error) bool {
	_, ok := remote.As[T](err)
	return ok
}

func kindsOf(errs []error) []string {
	kinds := make([]string, len(errs))
	for i, err := range errs {
		kinds[i] = kindOf(err)
	}
	return kinds
}

const (
	// renewal is what a session that is over adds to the requests of one call: one that is turned away, and the login.
	renewal = 2
	// longestError is how long an error may be in bytes: histories and logs hold it, with words of the ERP in it.
	longestError = 1000
)

var (
	readErrors  = []string{none, unauthorized, forbidden, notFound, refused, throttled, unavailable}
	writeErrors = []string{none, unauthorized, forbidden, notFound, refused, throttled, notSent, outcomeUnknown, stale}
)

// watch holds every call of every test to what must always hold.
type watch struct {
	subject Subject
	secrets func() []string

	mu   sync.Mutex
	cost int
	bad  []string
}

// take returns what was found wrong since the last time.
func (w *watch) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	bad := w.bad
	w.bad = nil
	return bad
}

// spent is what all calls have charged so far, in thousandths of a request.
func (w *watch) spent() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cost
}

func (w *watch) find(wrong bool, format string, args ...any) {
	if !wrong {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = append(w.bad, fmt.Sprintf(format, args...))
}

func (w *watch) errors(call string, accepted []string, errs ...error) {
	for _, err := range errs {
		w.find(!slices.Contains(accepted, kindOf(err)), "%s fails as %s: %v", call, kindOf(err), err)
		if err == nil {
			continue
		}
		text := err.Error()
		w.find(len(text) > longestError || strings.ContainsAny(text, "\n\r\x1b\x00"), "%s: an error of %d bytes: %q", call, len(text), text)
		for _, secret := range w.secrets() {
			w.find(strings.Contains(text, secret), "%s: a secret in the error: %s", call, text)
		}
	}
}

func (w *watch) requests(call string, meter *remote.Meter, perHour int) {
	w.find(meter.Requests() > w.subject.Requests+renewal, "%s sends %d requests", call, meter.Requests())
	w.find(perHour > 0 && meter.Requests() > 0 && meter.Cost() == 0, "%s charges nothing for %d requests", call, meter.Requests())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cost += meter.Cost()
}

// watched is an adapter under watch.
type watched struct {
	erp.Adapter

	watch *watch
}

func (w watched) FindBills(ctx context.Context, links []erp.Link) (erp.Found, error) {
	ctx, meter := remote.WithMeter(ctx)
	found, err := w.Adapter.FindBills(ctx, links)
	w.judge("FindBills", meter, readErrors, err)
	return found, err
}

func (w watched) ListBills(ctx context.Context, query erp.ListQuery) (erp.Listed, error) {
	ctx, meter := remote.WithMeter(ctx)
	listed, err := w.Adapter.ListBills(ctx, query)
	w.judge("ListBills", meter, readErrors, err)
	return listed, err
}

func (w watched) ReadBills(ctx context.Context, ids []string) ([]erp.Snapshot, error) {
	ctx, meter := remote.WithMeter(ctx)
	snapshots, err := w.Adapter.ReadBills(ctx, ids)
	w.judge("ReadBills", meter, readErrors, err)
	return snapshots, err
}

func (w watched) WritePayments(ctx context.Context, writes []erp.Write) []error {
	ctx, meter := remote.WithMeter(ctx)
	outcomes := w.Adapter.WritePayments(ctx, writes)
	w.judge("WritePayments", meter, writeErrors, outcomes...)
	w.watch.find(len(outcomes) != len(writes), "WritePayments: %d outcomes for %d writes", len(outcomes), len(writes))
	return outcomes
}

func (w watched) judge(call string, meter *remote.Meter, accepted []string, errs ...error) {
	w.watch.errors(call, accepted, errs...)
	w.watch.requests(call, meter, w.Capabilities().PerHour)
}
