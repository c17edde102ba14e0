package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"payrecon/internal/codec"
	"payrecon/internal/config"
	"payrecon/internal/reconcile"
	"payrecon/internal/schedule"
)

type scheduleCommand struct {
	Set    scheduleSetCommand    `cmd:"" help:"Create a schedule, or change it to exactly what is asked for."`
	Show   scheduleShowCommand   `cmd:"" help:"Print what a schedule does, its next and last runs, and its note."`
	Pause  schedulePauseCommand  `cmd:"" help:"Start nothing more until it is resumed; a run that is going goes on."`
	Resume scheduleResumeCommand `cmd:"" help:"Go on after a pause."`
	RunNow scheduleRunNowCommand `cmd:"" help:"Start a schedule's run at once, also while it is paused."`
	Delete scheduleDeleteCommand `cmd:"" help:"Remove a schedule; its runs go on, and stay in Temporal."`
}

// scheduled says whose schedules a command is about.
type scheduled struct {
	Company string `placeholder:"NAME" help:"Company whose schedule is meant. Default: all of the configuration, one after another."`
	Config  string `placeholder:"FILE" help:"Configuration file; only its task queue, its keys and its company names are read. Default: $$PAYRECON_CONFIG, or payrecon.toml here if there is one."`
}

type scheduleSetCommand struct {
	scheduled
	Every     time.Duration  `default:"15m" help:"How often a run starts, from 1m to 168h. Default: ${default}."`
	Scope     string         `enum:"auto,changes,full,deep" default:"auto" help:"What the runs read, as in payrecon run: auto, changes, full or deep. Default: ${default}."`
	Mode      string         `enum:"apply,plan" default:"apply" help:"What the runs do: apply, or plan, which writes nothing. Default: ${default}."`
	Direction string         `enum:"both,to_erp,to_precoro" default:"both" help:"Where payments may be created: both, to_erp or to_precoro. Default: ${default}."`
	Jitter    *time.Duration `placeholder:"DURATION" help:"Each start comes later by a random time up to this, so that companies do not start together. Default: a tenth of --every."`
	CatchUp   *time.Duration `placeholder:"DURATION" help:"Starts that Temporal missed while it was down are made up for if they are no older than this. Default: 1h, or --every if that is longer."`
	Paused    bool           `help:"Pause it too. Without this, a schedule that is paused stays paused, and a new one runs."`
	TaskQueue string         `placeholder:"NAME" help:"Task queue that the worker polls, instead of the configuration's."`
}

type scheduleShowCommand struct {
	scheduled
	Output string `short:"o" enum:"table,json" default:"table" help:"How to print it: table or json. Default: ${default}."`
}

type schedulePauseCommand struct {
	scheduled
	Reason string `placeholder:"TEXT" help:"Why, for the schedule's note."`
}

type scheduleResumeCommand struct {
	scheduled
	Reason string `placeholder:"TEXT" help:"Why, for the schedule's note."`
}

type scheduleRunNowCommand struct{ scheduled }

type scheduleDeleteCommand struct {
	scheduled
	Yes bool `help:"Do not ask first."`
}

func (c scheduleSetCommand) wish(company, queue string) schedule.Wish {
	w := schedule.Wish{
		Company: company, TaskQueue: queue, Every: c.Every, Jitter: schedule.DefaultJitter(c.Every), CatchUp: schedule.DefaultCatchUp(c.Every),
		Mode: c.Mode, Scope: c.Scope, Direction: reconcile.Direction(c.Direction), Paused: c.Paused,
	}
	if c.Jitter != nil {
		w.Jitter = *c.Jitter
	}
	if c.CatchUp != nil {
		w.CatchUp = *c.CatchUp
	}
	return w
}

// Run sets the schedules.
func (c scheduleSetCommand) Run(ctx context.Context, p *Program) error {
	names, err := c.names()
	if err != nil {
		return err
	}
	companies, err := names.meant(c.Company)
	if err != nil {
		return err
	}
	for _, company := range companies {
		if !names.has(company) {
			return unknownCompany(company, names.path, names.companies)
		}
		if err := c.wish(company, "").Validate(); err != nil {
			return misuse{error: fmt.Errorf("--%w", err)}
		}
	}
	queue := names.queue
	if c.TaskQueue != "" {
		queue = c.TaskQueue
	}
	return p.eachSchedule(ctx, names, companies, func(keeper schedule.Keeper, company string) error {
		wish := c.wish(company, queue)
		result, err := keeper.Set(ctx, wish)
		if err != nil {
			return err
		}
		text := wish.Words()
		if result.Outcome == schedule.Updated {
			text = strings.Join(result.Changes, ", ")
		}
		if result.Paused {
			text += "; it is paused, to resume it: payrecon schedule resume --company " + company
		}
		return p.tell("%s: %s: %s", company, result.Outcome, text)
	})
}

// Run prints the schedules.
func (c scheduleShowCommand) Run(ctx context.Context, p *Program) error {
	names, err := c.names()
	if err != nil {
		return err
	}
	temporal, err := p.dial(ctx, names.path)
	if err != nil {
		return err
	}
	defer temporal.Close()
	keeper, err := p.keeper(temporal, names.path)
	if err != nil {
		return err
	}
	companies := []string{c.Company}
	if c.Company == "" { // those of the configuration, and what else there is
		listed, err := keeper.Companies(ctx)
		if err != nil {
			return p.scheduleError(ctx, "all companies", err)
		}
		companies = slices.Compact(slices.Sorted(slices.Values(slices.Concat(names.companies, listed))))
	}
	overview := scheduleOverview{Schedules: []schedule.View{}, Without: []string{}}
	for _, company := range companies {
		view, err := keeper.Look(ctx, company)
		switch {
		case errors.Is(err, schedule.ErrNone):
			overview.Without = append(overview.Without, company)
			continue
		case err != nil:
			return p.scheduleError(ctx, company, err)
		}
		view.Last = view.Last[:min(len(view.Last), shownStarts)]
		for i := range view.Last {
			view.Last[i].Outcome = outcomeOf(ctx, temporal, view.Last[i])
		}
		overview.Schedules = append(overview.Schedules, view)
	}
	if c.Company != "" && len(overview.Without) > 0 {
		return errors.New(names.without(c.Company))
	}
	return overview.print(p, c.Output, names)
}

// Run pauses the schedules.
func (c schedulePauseCommand) Run(ctx context.Context, p *Program) error {
	return p.eachOf(ctx, c.scheduled, func(keeper schedule.Keeper, company string) error {
		changed, err := keeper.Pause(ctx, company, c.Reason)
		if err != nil {
			return err
		}
		if !changed {
			return p.tell("%s: unchanged: it was paused already", company)
		}
		return p.tell("%s: paused; a run that is going goes on", company)
	})
}

// Run resumes the schedules.
func (c scheduleResumeCommand) Run(ctx context.Context, p *Program) error {
	return p.eachOf(ctx, c.scheduled, func(keeper schedule.Keeper, company string) error {
		changed, err := keeper.Resume(ctx, company, c.Reason)
		if err != nil {
			return err
		}
		if !changed {
			return p.tell("%s: unchanged: it was not paused", company)
		}
		return p.tell("%s: resumed", company)
	})
}

// Run starts the schedules' runs.
func (c scheduleRunNowCommand) Run(ctx context.Context, p *Program) error {
	return p.eachOf(ctx, c.scheduled, func(keeper schedule.Keeper, company string) error {
		now, err := keeper.RunNow(ctx, company)
		switch {
		case err != nil:
			return err
		case now.Start != nil:
			return p.tell("%s: started; to wait for it: payrecon run --attach %s", company, now.Start.Workflow)
		case now.Busy != nil && now.Busy.Workflow != "":
			return p.tell("%s: not started, as the last one is still going; to wait for it: payrecon run --attach %s", company, now.Busy.Workflow)
		case now.Busy != nil:
			return p.tell("%s: not started, as the last one is still going", company)
		}
		return p.tell("%s: asked for; to look at it: payrecon schedule show --company %s", company, company)
	})
}

// Run deletes the schedules, if that is meant.
func (c scheduleDeleteCommand) Run(ctx context.Context, p *Program) error {
	names, err := c.names()
	if err != nil {
		return err
	}
	companies, err := names.meant(c.Company)
	if err != nil {
		return err
	}
	if !c.Yes {
		agreed, err := p.confirm(ctx, fmt.Sprintf("Delete the schedule of %s? Runs that have begun go on.", strings.Join(companies, ", ")))
		if err != nil {
			return err
		}
		if !agreed {
			p.say("Nothing was deleted.")
			return status(exitError)
		}
	}
	return p.eachSchedule(ctx, names, companies, func(keeper schedule.Keeper, company string) error {
		err := keeper.Delete(ctx, company)
		if errors.Is(err, schedule.ErrNone) && names.has(company) {
			return p.tell("%s: unchanged: it had no schedule", company)
		}
		if err != nil {
			return err
		}
		return p.tell("%s: deleted", company)
	})
}

// names are what the configuration says of companies, if there is one.
type names struct {
	path      string // "" if there is none
	queue     string
	companies []string
}

func (s scheduled) names() (names, error) {
	path, err := config.Find(s.Config)
	if errors.Is(err, config.ErrNoFile) {
		return names{queue: config.DefaultTaskQueue}, nil
	}
	if err != nil {
		return names{}, err
	}
	queue, companies, err := config.LoadNames(path)
	return names{path: path, queue: queue, companies: companies}, err
}

// has tells whether a company may be configured: without a configuration at hand any may be.
func (n names) has(company string) bool { return n.path == "" || slices.Contains(n.companies, company) }

// meant are the companies that a command is about.
func (n names) meant(company string) ([]string, error) {
	switch {
	case company != "":
		return []string{company}, nil
	case n.path == "":
		return nil, misuse{error: errors.New("--company is needed where there is no configuration")}
	}
	return n.companies, nil
}

// eachOf does something to the schedule of each company that is meant.
func (p *Program) eachOf(ctx context.Context, s scheduled, do func(schedule.Keeper, string) error) error {
	names, err := s.names()
	if err != nil {
		return err
	}
	companies, err := names.meant(s.Company)
	if err != nil {
		return err
	}
	return p.eachSchedule(ctx, names, companies, do)
}

// eachSchedule does something to the schedule of each company. One that has none does not stop the others.
func (p *Program) eachSchedule(ctx context.Context, names names, companies []string, do func(schedule.Keeper, string) error) error {
	temporal, err := p.dial(ctx, names.path)
	if err != nil {
		return err
	}
	defer temporal.Close()
	keeper, err := p.keeper(temporal, names.path)
	if err != nil {
		return err
	}
	missing := false
	for _, company := range companies {
		switch err := do(keeper, company); {
		case errors.Is(err, schedule.ErrNone):
			missing = true
			p.say("payrecon: %s", names.without(company))
		case err != nil:
			return p.scheduleError(ctx, company, err)
		}
	}
	if missing {
		return status(exitError)
	}
	return nil
}

// without says that a company has no schedule, and what to do about it.
func (n names) without(company string) string {
	if n.has(company) {
		return fmt.Sprintf("%s has no schedule; to make one: payrecon schedule set --company %s", company, company)
	}
	return fmt.Sprintf("%s has no schedule, and %s no such company; it has %s", company, n.path, strings.Join(n.companies, ", "))
}

// keeper keeps schedules, whose inputs are encrypted where the configuration has keys.
func (p *Program) keeper(temporal Temporal, path string) (schedule.Keeper, error) {
	keys, err := keysOf(path)
	if err != nil {
		return schedule.Keeper{}, err
	}
	payloads, err := codec.New(keys)
	if err != nil {
		return schedule.Keeper{}, err
	}
	var options client.Options
	payloads.ForClient(&options)
	return schedule.Keeper{
		Schedules: temporal.ScheduleClient(), Payloads: options.DataConverter, Who: schedule.Who{Name: p.User, At: p.Now()},
	}, nil
}

// scheduleError says what became of a command that Temporal did not carry out.
func (p *Program) scheduleError(ctx context.Context, company string, err error) error {
	var namespace *serviceerror.NamespaceNotFound
	var denied *serviceerror.PermissionDenied
	switch {
	case ctx.Err() != nil:
		p.say("Interrupted; to see how things stand: payrecon schedule show")
		return status(exitInterrupted)
	case errors.As(err, &namespace):
		return fmt.Errorf("namespace %s does not exist in Temporal; set TEMPORAL_NAMESPACE", namespace.Namespace)
	case errors.As(err, &denied):
		return fmt.Errorf("schedule of %s: Temporal does not allow it with these credentials: %w", company, err)
	}
	return fmt.Errorf("schedule of %s: %w", company, err)
}

// tell prints a result.
func (p *Program) tell(format string, args ...any) error {
	_, err := fmt.Fprintf(p.Stdout, format+"\n", args...)
	return err
}

// scheduleOverview is what show prints.
type scheduleOverview struct {
	Schedules []schedule.View `json:"schedules"`
	Without   []string        `json:"without"` // companies that have none
}

func (o scheduleOverview) print(p *Program, output string, names names) error {
	if output == "json" {
		encoder := json.NewEncoder(p.Stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(o)
	}
	for i, view := range o.Schedules {
		if i > 0 {
			if err := p.tell(""); err != nil {
				return err
			}
		}
		if err := p.tell("%s", scheduleBlock(view, names, p.Now(), p.Color)); err != nil {
			return err
		}
	}
	for _, company := range o.Without {
		p.say("%s", names.without(company))
	}
	if len(o.Schedules)+len(o.Without) == 0 {
		p.say("There are no schedules; to make one: payrecon schedule set --company NAME")
	}
	return nil
}
