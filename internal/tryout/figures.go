//go:build unix

package tryout

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"payrecon/internal/reconcile"
)

// Figures are what a campaign has done and seen.
type Figures struct {
	Seed      uint64 `json:"seed"`
	Companies int    `json:"companies"`
	Rounds    int    `json:"rounds"`
	Runs      int    `json:"runs"`
	Failed    int    `json:"failed"` // runs that ended with an error
	Bills     int    `json:"bills"`

	Due       int `json:"due"` // payments that people have entered on one side only
	ToERP     int `json:"created_to_erp"`
	ToPrecoro int `json:"created_to_precoro"`
	Doubled   int `json:"duplicated"`
	Lost      int `json:"lost"`
	Left      int `json:"left"` // begun in Tryton and left, as people entered the same; each told in an exception

	Exceptions map[reconcile.Reason]int `json:"exceptions"` // open at the end
	People     map[string]int           `json:"people"`
	Faults     map[string]int           `json:"faults"` // by kind
	Kills      map[string]int           `json:"kills"`  // of Tryton, by the request that it was about to carry out
	Wall       float64                  `json:"wall_seconds"`

	Broken []string `json:"broken,omitempty"` // promises that did not hold
}

func newFigures(seed uint64) Figures {
	return Figures{
		Seed: seed, People: map[string]int{}, Faults: map[string]int{}, Kills: map[string]int{}, Exceptions: map[reconcile.Reason]int{},
	}
}

func (f *Figures) add(l *lane) {
	if l.Company == nil {
		return
	}
	f.Companies++
	f.Rounds += l.rounds
	f.Runs += l.runs
	f.Failed += l.cut
	for _, one := range l.cases {
		if one.Bill != "" {
			f.Bills++
		}
	}
	v := l.verdict
	f.Due, f.ToERP, f.ToPrecoro = f.Due+v.Due, f.ToERP+v.ToERP, f.ToPrecoro+v.ToPrecoro
	f.Doubled, f.Lost, f.Left = f.Doubled+v.Doubled, f.Lost+v.Lost, f.Left+v.Left
	for reason, n := range v.Exceptions {
		f.Exceptions[reason] += n
	}
	for act, n := range l.acts {
		if act == sessionEnded {
			f.Faults["session_forgotten"] += n
		} else {
			f.People[act] += n
		}
	}
	for kind, n := range l.Proxy.Met() {
		f.Faults[string(kind)] += n
	}
	for what, n := range l.kills {
		f.Kills[what] += n
	}
}

// Killed is how often Tryton was killed.
func (f *Figures) Killed() int { return total(f.Kills) }

func total[K comparable](of map[K]int) (sum int) {
	for _, n := range of {
		sum += n
	}
	return sum
}

// Table writes the figures for people.
func (f *Figures) Table(out io.Writer) error {
	p := printer{out: out}
	p.line("", "")
	p.line("seed", f.Seed)
	p.line("companies, rounds", fmt.Sprintf("%d, %d", f.Companies, f.Rounds))
	p.line("runs", fmt.Sprintf("%d, of which %d ended with an error", f.Runs, f.Failed))
	p.line("bills in Tryton", f.Bills)
	p.line("payments due", f.Due)
	p.line("  made in Tryton", f.ToERP)
	p.line("  made in Precoro", f.ToPrecoro)
	p.line("  made twice", f.Doubled)
	p.line("  lost", f.Lost)
	p.line("begun and left, and told so", f.Left)
	p.line("exceptions open at the end", total(f.Exceptions))
	counts(&p, f.Exceptions)
	p.line("kills of Tryton", f.Killed())
	counts(&p, f.Kills)
	p.line("faults", total(f.Faults))
	counts(&p, f.Faults)
	p.line("people", "")
	counts(&p, f.People)
	p.line("wall time", time.Duration(f.Wall*float64(time.Second)).Round(time.Second))
	return p.err
}

type printer struct {
	out io.Writer
	err error
}

func (p *printer) line(name string, value any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, "%-52s %v\n", name, value)
	}
}

func counts[K ~string](p *printer, of map[K]int) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		p.line("  "+string(name), of[name])
	}
}
