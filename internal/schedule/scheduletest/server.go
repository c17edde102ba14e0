// Package scheduletest plays the schedules of a Temporal server for tests, without their times: nothing starts by itself.
package scheduletest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// Server is a client.ScheduleClient and the schedules behind it.
type Server struct {
	Now       func() time.Time
	Schedules map[string]*client.ScheduleDescription // by ID; tests may change them
	Fail      error                                  // of every call, if set
	Calls     []string                               // of what changes something, in order
	// BeforeCreate stands for what others do meanwhile.
	BeforeCreate func()
}

var _ client.ScheduleClient = (*Server)(nil)

// New is a server without schedules.
func New(now func() time.Time) *Server {
	return &Server{Now: now, Schedules: map[string]*client.ScheduleDescription{}}
}

// Create makes a schedule, if there is none of that ID.
func (s *Server) Create(ctx context.Context, o client.ScheduleOptions) (client.ScheduleHandle, error) {
	if s.BeforeCreate != nil {
		s.BeforeCreate()
	}
	if s.Fail != nil {
		return nil, s.Fail
	}
	if s.Schedules[o.ID] != nil {
		return nil, temporal.ErrScheduleAlreadyRunning
	}
	s.Calls = append(s.Calls, "create "+o.ID)
	action, err := stored(o.Action)
	if err != nil {
		return nil, err
	}
	s.Schedules[o.ID] = &client.ScheduleDescription{
		Schedule: client.Schedule{
			Action: action, Spec: &o.Spec,
			Policy: &client.SchedulePolicies{Overlap: o.Overlap, CatchupWindow: o.CatchupWindow, PauseOnFailure: o.PauseOnFailure},
			State:  &client.ScheduleState{Note: o.Note, Paused: o.Paused},
		},
		Info: client.ScheduleInfo{CreatedAt: s.Now()},
	}
	return s.GetHandle(ctx, o.ID), nil
}

// stored is an action as a server gives it back.
func stored(a client.ScheduleAction) (*client.ScheduleWorkflowAction, error) {
	action := *a.(*client.ScheduleWorkflowAction)
	action.Workflow = fmt.Sprint(action.Workflow)
	action.Args = slices.Clone(action.Args)
	for i, arg := range action.Args {
		if _, is := arg.(*common.Payload); is {
			continue
		}
		payload, err := converter.GetDefaultDataConverter().ToPayload(arg)
		if err != nil {
			return nil, err
		}
		action.Args[i] = payload
	}
	return &action, nil
}

// List lists by ID.
func (s *Server) List(context.Context, client.ScheduleListOptions) (client.ScheduleListIterator, error) {
	return &list{ids: slices.Sorted(maps.Keys(s.Schedules)), fail: s.Fail}, nil
}

// GetHandle asks nothing.
func (s *Server) GetHandle(_ context.Context, id string) client.ScheduleHandle {
	return handle{server: s, id: id}
}

type list struct {
	ids  []string
	fail error
}

func (l *list) HasNext() bool { return len(l.ids) > 0 || l.fail != nil }

func (l *list) Next() (*client.ScheduleListEntry, error) {
	if l.fail != nil {
		return nil, l.fail
	}
	id := l.ids[0]
	l.ids = l.ids[1:]
	return &client.ScheduleListEntry{ID: id}, nil
}

type handle struct {
	client.ScheduleHandle
	server *Server
	id     string
}

func (h handle) find(call string) (*client.ScheduleDescription, error) {
	found := h.server.Schedules[h.id]
	switch {
	case h.server.Fail != nil:
		return nil, h.server.Fail
	case found == nil:
		return nil, serviceerror.NewNotFound("schedule not found")
	}
	if call != "" {
		h.server.Calls = append(h.server.Calls, call+" "+h.id)
	}
	return found, nil
}

func (h handle) Describe(context.Context) (*client.ScheduleDescription, error) {
	found, err := h.find("")
	if err != nil {
		return nil, err
	}
	copied := *found
	return &copied, nil
}

func (h handle) Update(_ context.Context, o client.ScheduleUpdateOptions) error {
	found, err := h.find("")
	if err != nil {
		return err
	}
	update, err := o.DoUpdate(client.ScheduleUpdateInput{Description: *found})
	if err != nil {
		if err == temporal.ErrSkipScheduleUpdate { //nolint:errorlint // it is returned as it is
			return nil
		}
		return err
	}
	if _, err := h.find("update"); err != nil {
		return err
	}
	found.Schedule = *update.Schedule
	found.Schedule.Action, err = stored(update.Schedule.Action)
	return err
}

func (h handle) Delete(context.Context) error {
	_, err := h.find("delete")
	delete(h.server.Schedules, h.id)
	return err
}

func (h handle) Pause(_ context.Context, o client.SchedulePauseOptions) error {
	return h.turn("pause", true, o.Note)
}

func (h handle) Unpause(_ context.Context, o client.ScheduleUnpauseOptions) error {
	return h.turn("unpause", false, o.Note)
}

func (h handle) turn(call string, paused bool, note string) error {
	found, err := h.find(call)
	if err != nil {
		return err
	}
	state := *found.Schedule.State
	state.Paused, state.Note = paused, note
	found.Schedule.State = &state
	return nil
}

// Trigger starts a workflow that runs until the test ends it, or counts that the last one still runs.
func (h handle) Trigger(context.Context, client.ScheduleTriggerOptions) error {
	found, err := h.find("trigger")
	if err != nil {
		return err
	}
	if len(found.Info.RunningWorkflows) > 0 {
		found.Info.NumActionsSkippedOverlap++
		return nil
	}
	id := found.Schedule.Action.(*client.ScheduleWorkflowAction).ID + "-" + h.server.Now().UTC().Format(time.RFC3339)
	started := client.ScheduleWorkflowExecution{WorkflowID: id, FirstExecutionRunID: "run-" + id}
	found.Info.NumActions++
	found.Info.RunningWorkflows = []client.ScheduleWorkflowExecution{started}
	found.Info.RecentActions = append(found.Info.RecentActions, client.ScheduleActionResult{
		ScheduleTime: h.server.Now(), ActualTime: h.server.Now(), StartWorkflowResult: &started,
	})
	return nil
}
