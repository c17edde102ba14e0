//go:build unix

package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// Figures are what a campaign has done and seen.
type Figures struct {
	Seed        uint64         `json:"seed"`
	Lanes       int            `json:"lanes"`
	WorkerKills map[string]int `json:"worker_kills"` // by point
	ServerKills int            `json:"server_kills"`
	Missed      map[string]int `json:"missed"` // points that a run did not come to: nothing was killed
	Events      map[string]int `json:"events"` // rounds by event
	Rounds      int            `json:"rounds"`
	Runs        int            `json:"runs"`     // executions of the workflow Run
	RunsCut     int            `json:"runs_cut"` // of them terminated, reset or timed out

	Due              int `json:"due"` // payments owed to either side
	CreatedToERP     int `json:"created_to_erp"`
	CreatedToPrecoro int `json:"created_to_precoro"`
	Duplicated       int `json:"duplicated"`
	Lost             int `json:"lost"`
	Exceptions       int `json:"exceptions"` // invoices that no machine may write on
	// Unreported writes are in the ledger alone: the run that made them was cut off before it could report.
	Unreported int `json:"unreported"`

	// Overlaps are requests that Precoro refused because a run that was reset by hand sent one while another was under way.
	Overlaps int `json:"overlaps_after_reset"`

	// Recovery is the time from a kill to the end of the run that it hit, in seconds.
	Recovery Spread  `json:"recovery_seconds"`
	Wall     float64 `json:"wall_seconds"`

	Broken []string `json:"broken,omitempty"` // promises that did not hold

	recovered []time.Duration
}

// Spread says how values lie.
type Spread struct {
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
	Worst  float64 `json:"worst"`
}

func spread(values []time.Duration) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	at := func(percent int) float64 { return values[(len(values)-1)*percent/100].Seconds() }
	return Spread{at(50), at(90), at(100)}
}

// Kills is how often a worker or the server was killed.
func (f *Figures) Kills() int {
	kills := f.ServerKills
	for _, n := range f.WorkerKills {
		kills += n
	}
	return kills
}

// Table writes the figures for people.
func (f *Figures) Table(out io.Writer) error {
	p := printer{out: out}
	p.line("", "")
	p.line("seed", f.Seed)
	p.line("lanes", f.Lanes)
	p.line("rounds", f.Rounds)
	p.line("runs", fmt.Sprintf("%d, of which %d were cut off", f.Runs, f.RunsCut))
	p.line("kills", f.Kills())
	p.counts(f.WorkerKills)
	p.line("  the Temporal server", f.ServerKills)
	p.line("rounds by event", "")
	p.counts(f.Events)
	if len(f.Missed) > 0 {
		p.line("points not met", "")
		p.counts(f.Missed)
	}
	p.line("payments due", f.Due)
	p.line("  made in the ERP", f.CreatedToERP)
	p.line("  made in Precoro", f.CreatedToPrecoro)
	p.line("  made twice", f.Duplicated)
	p.line("  lost", f.Lost)
	p.line("exceptions", f.Exceptions)
	p.line("writes of runs that were cut off before they could report", f.Unreported)
	p.line("requests refused as a run was reset in the middle of another", f.Overlaps)
	p.line("from a kill to the end of the run", fmt.Sprintf("median %.1f s, 90th percentile %.1f s, worst %.1f s", f.Recovery.Median, f.Recovery.P90, f.Recovery.Worst))
	p.line("wall time", time.Duration(f.Wall*float64(time.Second)).Round(time.Second))
	return p.err
}

type printer struct {
	out io.Writer
	err error
}

func (p *printer) line(name string, value any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, "%-58s %v\n", name, value)
	}
}

func (p *printer) counts(of map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		p.line("  "+name, of[name])
	}
}
