package cli

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"payrecon/cmd/payrecon/cli/progress"
	"payrecon/workflows"
)

const (
	askEvery  = 2 * time.Second  // where somebody watches; a run sends one request a second
	askSeldom = 10 * time.Second // where nobody does: each question is a billed action
	drawEvery = time.Second
	answerIn  = 5 * time.Second // a question that no worker answers
)

// follow shows what the run of a trigger is doing until ctx ends.
func (p *Program) follow(ctx context.Context, temporal Temporal, id string, course *progress.Course) {
	news := make(chan progress.News)
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() { (&asker{temporal: temporal, trigger: id}).ask(ctx, p.Screen != nil, news) })
	draw := time.NewTicker(drawEvery)
	defer draw.Stop()
	if p.Screen != nil {
		defer p.Screen.Show(nil)
	}
	for {
		if p.Screen != nil {
			columns, _ := p.Screen.Size()
			p.Screen.Show(course.Lines(p.Now(), columns))
		} else if course.Due(p.Now()) {
			p.say("%s", course.Plain(p.Now()))
		}
		select {
		case <-ctx.Done():
			return
		case heard := <-news:
			course.Hear(p.Now(), heard)
		case <-draw.C:
		}
	}
}

// asker asks workflows what they are doing. A trigger hears of its run only now and then, so the run itself is asked; and the
// company, whether the trigger's run has begun.
type asker struct {
	temporal Temporal
	trigger  string
	company  string // "" until the trigger has said it
	begun    bool   // the trigger has heard of its run
}

// ask sends what it hears until ctx ends. What cannot be answered now is asked again.
func (a *asker) ask(ctx context.Context, watched bool, news chan<- progress.News) {
	every := askSeldom
	if watched {
		every = askEvery
	}
	again := time.NewTicker(every)
	defer again.Stop()
	for first := watched; ; first = false {
		if !first {
			select {
			case <-ctx.Done():
				return
			case <-again.C:
			}
		}
		heard, err := a.hear(ctx)
		if err != nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case news <- heard:
		}
	}
}

func (a *asker) hear(ctx context.Context) (progress.News, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	if !a.begun {
		var own workflows.Progress
		if err := a.query(ctx, a.trigger, &own); err != nil {
			return progress.News{}, err
		}
		a.company, a.begun = own.Company, own.Company != "" && own.Phase != workflows.PhaseQueued
		if a.company == "" {
			return progress.News{}, errNothing
		}
	}
	heard := progress.News{Progress: workflows.Progress{Company: a.company}}
	if !a.begun {
		heard.Place = a.place(ctx)
	}
	err := a.query(ctx, workflows.RunID(a.company), &heard.Progress)
	if err != nil && !a.begun {
		heard.Phase, err = workflows.PhaseQueued, nil // between two runs
	}
	return heard, err
}

// place is the trigger's place in the company's queue, 0 if it is not there any more.
func (a *asker) place(ctx context.Context) int {
	var state struct {
		Queue []struct {
			Workflow string `json:"workflow"`
		} `json:"queue"`
	}
	if a.query(ctx, workflows.CompanyID(a.company), &state) != nil {
		return 0
	}
	for i, ticket := range state.Queue {
		if ticket.Workflow == a.trigger {
			return i + 1
		}
	}
	return 0
}

var errNothing = errors.New("nothing to say")

func (a *asker) query(ctx context.Context, workflow string, into any) error {
	answer, err := a.temporal.QueryWorkflowWithOptions(ctx, &client.QueryWorkflowWithOptionsRequest{
		WorkflowID: workflow, QueryType: workflows.QueryProgress,
		QueryRejectCondition: enums.QUERY_REJECT_CONDITION_NOT_OPEN, // one that has ended would answer with how it ended
	})
	if err != nil {
		return err
	}
	if answer.QueryRejected != nil {
		return errNothing
	}
	return answer.QueryResult.Get(into)
}
