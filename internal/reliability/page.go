//go:build unix

package reliability

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"payrecon/internal/chaos"
	"payrecon/internal/sim"
	"payrecon/internal/sim/mutants"
	"payrecon/internal/tryout"
)

// Measured is everything on the page that was measured.
type Measured struct {
	Sim     sim.Campaign    `json:"sim"`
	Chaos   chaos.Figures   `json:"chaos"`
	Tryout  tryout.Figures  `json:"tryout"`
	Mutants []mutants.Catch `json:"mutants"`
}

// Page is docs/reliability.md.
func Page(m Measured) string {
	p := &page{}
	p.line("# Reliability")
	p.line("")
	p.line("No payment is made twice, and none is lost. This page says what checks that, what was done to break it, and what came of it. `make reliability` measures and writes it; nothing here is typed by hand.")
	p.promises()
	p.worlds(m.Sim)
	p.kills(m.Chaos)
	p.realERP(m.Tryout)
	p.mutants(m.Mutants)
	p.faults(m.Sim.Figures.Faults)
	p.assumption()
	return p.text.String()
}

type page struct{ text strings.Builder }

func (p *page) line(format string, args ...any) {
	if len(args) == 0 {
		p.text.WriteString(format + "\n")
		return
	}
	fmt.Fprintf(&p.text, format+"\n", args...)
}

func (p *page) heading(title string) {
	p.line("")
	p.line("## " + title)
	p.line("")
}

// row is one of a table. What would end a cell is escaped.
func (p *page) row(cells ...any) {
	for _, cell := range cells {
		fmt.Fprintf(&p.text, "| %s ", strings.ReplaceAll(fmt.Sprint(cell), "|", "\\|"))
	}
	p.line("|")
}

func (p *page) head(names ...any) {
	p.row(names...)
	p.line(strings.Repeat("|---", len(names)) + "|")
}

func (p *page) promises() {
	p.heading("What is promised, and what checks it")
	p.head("", "promise", "checked by", "tests beside those")
	for _, c := range Promises {
		p.row(c.Promise, c.Says, strings.Join(c.By, "; "), "`"+strings.Join(c.Tests, "`, `")+"`")
	}
}

func (p *page) worlds(c sim.Campaign) {
	f := c.Figures
	p.heading("Worlds out of seeds")
	p.line("`make sim SEEDS=%d`: companies, invoices, bills and payments in every state of agreement, faults in any request, people at work between any two of them, several triggers at once; the real workflows, activities and clients, in virtual time. After the storm one run must settle everything but listed exceptions, and one more must write nothing. The judge is what both sides hold. A seed plays the same world again: `go run ./internal/sim/cmd/sim --seed 7`.", c.Seeds)
	p.line("")
	p.head("", "")
	p.row("worlds played", c.Seeds)
	p.row("that broke a promise", len(c.Broken))
	p.row("companies, invoices", fmt.Sprintf("%d, %d", f.Companies, f.Invoices))
	p.row("runs", fmt.Sprintf("%d, of which %d ended as an error", f.Runs, f.Failed))
	p.row("requests", f.Requests)
	p.row("virtual time", fmt.Sprintf("%d days", f.Hours/24))
	p.row("faults injected", total(f.Faults))
	p.row("times that people did something meanwhile", total(f.People))
	p.row("payments due", f.Due)
	p.row("created", f.Created)
	p.row("duplicated by payrecon", f.Duplicated)
	p.row("lost", f.Lost)
	p.row("doubled by a fault that no client can prevent (reported, wherever the key was kept)", f.Doubled)
	p.row("exceptions open at the end", total(f.Exceptions))
	p.line("")
	p.line("Payments due are those that were created, and those that are still missing though nobody was told (lost). Exceptions by reason: %s.", counts(f.Exceptions))
	p.line("")
	p.line("What people did: %s.", counts(f.People))
}

func (p *page) kills(f chaos.Figures) {
	p.heading("Kills of real processes")
	p.line("`make chaos KILLS=200`: the Temporal server on a SQLite file, the sandbox and the workers as programs, on %d companies side by side. The judge is the sandbox's ledger, and then the reports are held against it.", f.Lanes)
	p.line("")
	p.head("", "")
	p.row("kills (kill -9)", f.Kills())
	p.row("of the worker, of the Temporal server", fmt.Sprintf("%d, %d", total(f.WorkerKills), f.ServerKills))
	p.row("runs", fmt.Sprintf("%d, of which %d were terminated, reset or timed out", f.Runs, f.RunsCut))
	p.row("promises broken", len(f.Broken))
	p.row("payments due", f.Due)
	p.row("created", fmt.Sprintf("%d in the ERP, %d in Precoro", f.CreatedToERP, f.CreatedToPrecoro))
	p.row("duplicated", f.Duplicated)
	p.row("lost", f.Lost)
	p.row("exceptions", f.Exceptions)
	p.row("writes of runs that were cut off before they could report", f.Unreported)
	p.row("requests refused as a run was reset in the middle of another", f.Overlaps)
	p.row("from a kill to the end of the run", fmt.Sprintf("median %.0f s, 90th percentile %.0f s, worst %.0f s", f.Recovery.Median, f.Recovery.P90, f.Recovery.Worst))
	p.row("seed, wall time", fmt.Sprintf("%d, %s", f.Seed, time.Duration(f.Wall*float64(time.Second)).Round(time.Second)))
	p.line("")
	p.line("What a killed worker had begun is taken over when its 60 seconds are up: that is most of the time to recover. Some payments that are due stand on both sides already and need only a record, which a deep run writes: they are not among the created ones.")
	p.line("")
	p.head("worker killed", "times")
	for _, point := range slices.Sorted(maps.Keys(f.WorkerKills)) {
		p.row(point, f.WorkerKills[point])
	}
	p.line("")
	p.head("what befell a run", "times")
	for _, event := range slices.Sorted(maps.Keys(f.Events)) {
		p.row(event, f.Events[event])
	}
}

func (p *page) realERP(f tryout.Figures) {
	p.heading("Against a real ERP")
	p.line("`make tryout`: the sandbox's Precoro on one side and a real Tryton 6.0 on PostgreSQL on the other, a real Temporal server and worker between; faults on the wire to Tryton, Tryton killed in the middle of writes, and people who pay the same bills by payment records, by the Pay button and by bank statements. The judge is Tryton's own ledger, and Precoro's.")
	p.line("")
	p.head("", "")
	p.row("companies, rounds", fmt.Sprintf("%d, %d", f.Companies, f.Rounds))
	p.row("runs", fmt.Sprintf("%d, of which %d ended with an error", f.Runs, f.Failed))
	p.row("promises broken", len(f.Broken))
	p.row("payments due", f.Due)
	p.row("created", fmt.Sprintf("%d in Tryton, %d in Precoro", f.ToERP, f.ToPrecoro))
	p.row("duplicated", f.Doubled)
	p.row("lost", f.Lost)
	p.row("begun in Tryton and left there, as people had paid meanwhile; each is told", f.Left)
	p.row("faults", fmt.Sprintf("%d: %s", total(f.Faults), counts(f.Faults)))
	p.row("kills of Tryton (kill -9), by the request that it was about to carry out", fmt.Sprintf("%d: %s", f.Killed(), counts(f.Kills)))
	p.row("what people did", counts(f.People))
	p.row("exceptions open at the end", counts(f.Exceptions))
	p.row("seed, wall time", fmt.Sprintf("%d, %s", f.Seed, time.Duration(f.Wall*float64(time.Second)).Round(time.Second)))
	p.line("")
	p.line("What is open at the end are bills that people paid on both sides at once, or that were made not to agree. Each scene is also a test of its own in `internal/tryout`: a person paying in each of the three ways before each step, Tryton killed in each step, each fault at each step.")
}

func (p *page) mutants(caught []mutants.Catch) {
	p.heading("Each step of the protocol is needed")
	p.line("`make mutants` builds payrecon without one step after another and plays worlds until one shows it (`TestEachStepOfTheProtocolIsNeeded` does the same in `make test`).")
	p.line("")
	p.head("without it", "shown after", "first seen as")
	for _, c := range caught {
		p.row("**"+c.Mutant+"**: "+c.Says, plural(c.Worlds, "world"), c.Breach)
	}
}

func (p *page) faults(struck map[string]int) {
	p.heading("Faults")
	p.line("Each strikes alone, at each kind of request that it can strike, in `TestEachFaultAlone`; and by chance, together with others, in the worlds above.")
	p.line("")
	p.head("fault", "struck at", "what must happen", "times in the worlds")
	cases := sim.FaultCases()
	for len(cases) > 0 {
		first := cases[0]
		same := func(c sim.FaultCase) bool { return c.Kind() == first.Kind() && c.Must.Words == first.Must.Words }
		var at []string
		for _, c := range cases {
			if same(c) && !slices.Contains(at, "`"+c.Fault.Match+"`") {
				at = append(at, "`"+c.Fault.Match+"`")
			}
		}
		cases = slices.DeleteFunc(cases, same)
		p.row(first.Kind(), strings.Join(at, ", "), first.Must.Words, struck[first.Fault.Counted()])
	}
	p.line("")
	p.line("By chance alone, upon the ERP of the simulator that has payment records: %s.", counts(recordsOnly(struck)))
	p.line("")
	p.head("what else goes wrong", "how it is injected", "what must happen", "test")
	for _, a := range Adversities {
		p.row(a.What, a.How, a.Must, "`"+a.Test+"`")
	}
}

// recordsOnly are the faults of the ERP with payment records, and those of workers.
func recordsOnly(struck map[string]int) map[string]int {
	own := map[string]int{}
	for kind, n := range struck {
		if strings.HasPrefix(kind, "records_") {
			own[strings.TrimPrefix(kind, "records_")] = n
		}
	}
	return own
}

func (p *page) assumption() {
	p.heading("What no client can prevent")
	p.line("A request takes effect within the settle time or never: that is assumed. One that takes effect later, or that something between here and there delivers twice, can make a second payment where the other side has no idempotency key. It is found by the next run and reported as `duplicate_payment` or `overpaid`; nothing is ever taken back by a machine. Where that side also drops our key in the call that creates, nobody can tell such a payment from one that a person made: it is copied like one. A run that is reset by hand in the middle of a request may send one while the old one is under way, which Precoro refuses.")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func total[K comparable](of map[K]int) (sum int) {
	for _, n := range of {
		sum += n
	}
	return sum
}

func counts[K ~string](of map[K]int) string {
	if len(of) == 0 {
		return "none"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(parts, ", ")
}
