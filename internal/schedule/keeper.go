package schedule

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// ErrNone says that a company has no schedule.
var ErrNone = errors.New("no such schedule")

// Keeper makes and changes schedules.
type Keeper struct {
	Schedules client.ScheduleClient
	Payloads  converter.DataConverter // how the inputs of workflows are decoded
	Who       Who                     // on whose behalf
}

// Outcome is what became of a wish.
type Outcome string

// Outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
)

// Result is what Set did.
type Result struct {
	Outcome Outcome
	Changes []string // of an update, in words
	Paused  bool     // the schedule is paused now
}

// Set makes the company's schedule what is wished, whatever it was. Doing it again changes nothing.
func (k Keeper) Set(ctx context.Context, w Wish) (Result, error) {
	result, err := k.update(ctx, w)
	if !errors.Is(err, ErrNone) {
		return result, err
	}
	text := k.note(w)
	if w.Paused {
		text.paused = k.Who.did("paused", "")
	}
	_, err = k.Schedules.Create(ctx, client.ScheduleOptions{
		ID: ID(w.Company), Spec: w.spec(), Action: w.action(), Overlap: overlap, CatchupWindow: w.CatchUp, Paused: w.Paused, Note: text.String(),
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) { // somebody was quicker
		return k.update(ctx, w)
	}
	return Result{Outcome: Created, Paused: w.Paused}, err
}

func (k Keeper) note(w Wish) note {
	return note{does: w.Words() + between + k.Who.did("set", "")}
}

func (k Keeper) update(ctx context.Context, w Wish) (Result, error) {
	result := Result{Outcome: Unchanged}
	err := k.handle(ctx, w.Company).Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		have := read(in.Description.Schedule, k.Payloads)
		result.Paused = have.State.Paused || w.Paused
		result.Changes = have.otherThan(w)
		if len(result.Changes) == 0 && !strings.Contains(have.State.Note, w.Words()) {
			result.Changes = []string{"note"}
		}
		if len(result.Changes) == 0 {
			return nil, temporal.ErrSkipScheduleUpdate
		}
		result.Outcome = Updated
		text := k.note(w)
		switch {
		case have.State.Paused:
			text.paused = readNote(have.State.Note, have.words(), true).paused
		case w.Paused:
			text.paused = k.Who.did("paused", "")
		}
		spec := w.spec()
		return &client.ScheduleUpdate{Schedule: &client.Schedule{
			Action: w.action(), Spec: &spec,
			Policy: &client.SchedulePolicies{Overlap: overlap, CatchupWindow: w.CatchUp},
			State:  &client.ScheduleState{Note: text.String(), Paused: result.Paused},
		}}, nil
	}})
	return result, known(err)
}

// Pause stops the company's schedule from starting anything, and says who did so and why in its note. changed is false if it
// was paused already and there is no reason to add.
func (k Keeper) Pause(ctx context.Context, company, reason string) (changed bool, err error) {
	have, err := k.describe(ctx, company)
	if err != nil || have.State.Paused && reason == "" {
		return false, err
	}
	text := readNote(have.State.Note, have.words(), have.State.Paused)
	text.paused = k.Who.did("paused", reason)
	return true, known(k.handle(ctx, company).Pause(ctx, client.SchedulePauseOptions{Note: text.String()}))
}

// Resume lets the company's schedule go on. changed is false if it was not paused.
func (k Keeper) Resume(ctx context.Context, company, reason string) (changed bool, err error) {
	have, err := k.describe(ctx, company)
	if err != nil || !have.State.Paused {
		return false, err
	}
	text := readNote(have.State.Note, have.words(), false)
	if text.does != "" {
		text.does += between
	}
	text.does += k.Who.did(resumed, reason)
	return true, known(k.handle(ctx, company).Unpause(ctx, client.ScheduleUnpauseOptions{Note: text.String()}))
}

// Delete removes the company's schedule. Runs that it has started go on.
func (k Keeper) Delete(ctx context.Context, company string) error {
	return known(k.handle(ctx, company).Delete(ctx))
}

// Companies are those that have a schedule, by name. Temporal's list may lag by some seconds.
func (k Keeper) Companies(ctx context.Context) ([]string, error) {
	const most = 100_000 // schedules of a namespace that are looked through
	list, err := k.Schedules.List(ctx, client.ScheduleListOptions{})
	if err != nil {
		return nil, err
	}
	var companies []string
	for range most {
		if !list.HasNext() {
			break
		}
		entry, err := list.Next()
		if err != nil {
			return nil, err
		}
		if company, ours := strings.CutPrefix(entry.ID, prefix); ours {
			companies = append(companies, company)
		}
	}
	slices.Sort(companies)
	return companies, nil
}

func (k Keeper) handle(ctx context.Context, company string) client.ScheduleHandle {
	return k.Schedules.GetHandle(ctx, ID(company))
}

func (k Keeper) describe(ctx context.Context, company string) (found, error) {
	description, err := k.handle(ctx, company).Describe(ctx)
	if err != nil {
		return found{}, known(err)
	}
	return read(description.Schedule, k.Payloads), nil
}

// known turns Temporal's error for a schedule that is not there into ours.
func known(err error) error {
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return ErrNone
	}
	return err
}
