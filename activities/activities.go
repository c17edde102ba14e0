// Package activities does one remote thing each, and is the only place where an error becomes retryable or not.
//
// Requests and results are what histories hold: no secret, and as few bytes as a decision needs.
package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"payrecon/erp"
	"payrecon/internal/remote"
	"payrecon/precoro"
)

// Company is one company as activities see it: its two clients, and what a run may know of its configuration.
type Company struct {
	Settings Settings
	Precoro  *precoro.Client
	ERP      erp.Adapter
	// Slot is the least time from one Precoro request to the next.
	Slot time.Duration
}

// Activities holds the clients of every company. Its methods are the activities.
type Activities struct {
	companies map[string]Company
	runs      Runs
	wait      func(context.Context, time.Duration) error
	now       func() time.Time
}

// Options are what tests replace.
type Options struct {
	// Wait keeps a slot; nil waits on a timer.
	Wait func(context.Context, time.Duration) error
	// Now measures how much of a slot is left; nil is the machine's clock.
	Now func() time.Time
	// Runs looks up earlier runs; nil knows of none.
	Runs Runs
}

// New makes the activities of these companies.
func New(companies []Company, options Options) *Activities {
	a := &Activities{companies: map[string]Company{}, wait: options.Wait, now: options.Now, runs: options.Runs}
	for _, company := range companies {
		a.companies[company.Settings.Company] = company
	}
	if a.wait == nil {
		a.wait = remote.Wait
	}
	if a.now == nil {
		a.now = time.Now //nolint:forbidigo // the default of the clock that is given
	}
	return a
}

// company finds a company by its name or its Ref. "" is the only one.
func (a *Activities) company(ref string) (Company, error) {
	name, accounts, pinned := strings.Cut(ref, accountsMark)
	if name == "" && len(a.companies) == 1 {
		for _, company := range a.companies {
			return company, nil
		}
	}
	company, there := a.companies[name]
	if !there {
		names := strings.Join(slices.Sorted(maps.Keys(a.companies)), ", ")
		return Company{}, fault{kind: InvalidRequest, text: fmt.Sprintf("company: %q is not configured, accepted: %s", name, names)}.final()
	}
	if pinned && accounts != company.Settings.Accounts {
		return Company{}, fault{kind: InvalidRequest, text: fmt.Sprintf("company: %q has other accounts on this worker than the run began with", name)}.final()
	}
	return company, nil
}

// Sides of a company, as they stand in reports, errors and metrics.
const (
	SidePrecoro = "precoro"
	SideERP     = "erp"
)

// usage is what a call has sent, and what that cost of the side's quota in thousandths of a request.
type usage struct{ requests, cost int }

// exchange runs one call to a side: it counts what was sent and keeps the side's slot, also when the call failed.
// The result's request count includes one for every earlier attempt of this activity.
func (a *Activities) exchange(ctx context.Context, slot time.Duration, call func(context.Context) error) (used usage, err error) {
	metered, meter := remote.WithMeter(ctx)
	started := a.now()
	err = call(metered)
	used = usage{meter.Requests(), meter.Cost()}
	if left := slot*time.Duration(used.requests) - a.now().Sub(started); left > 0 && ctx.Err() == nil {
		if waitErr := a.wait(ctx, left); waitErr != nil && err == nil {
			activity.GetLogger(ctx).Debug("Slot not kept to its end", "reason", waitErr)
		}
	}
	used.requests += int(activity.GetInfo(ctx).Attempt) - 1
	return used, err
}
