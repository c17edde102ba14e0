// Package sim plays whole worlds out of one number: companies, invoices, bills and payments in every state of agreement,
// faults in any request, people at work between any two of them. The workflows, activities and clients are the real ones,
// on the Temporal SDK's test environment, whose clock jumps: hours of back-off and days of quota pass in milliseconds. What
// went out is judged by what the other sides then hold, never by what payrecon says of itself; then its reports are held
// against that.
//
// What the test environment cannot do (a worker that dies, a reset, time-outs by the wall's clock) package chaos does with
// real processes.
package sim

import (
	"fmt"
	"math/rand/v2"
)

// Promise names what the design promises, I1 to I10.
type Promise string

// The promises that a played world can break. I7, that histories replay, is for the replay tests; that the same seed plays
// the same is tested beside this package.
const (
	Once       Promise = "I1"  // at most one payment of ours on the other side per payment
	NotAbove   Promise = "I2"  // our writes never take a document above its total
	Settles    Promise = "I3"  // once faults stop, a run leaves no difference but listed exceptions, and the next writes nothing
	NoneLost   Promise = "I4"  // every missing payment is created or reported
	PlanWrites Promise = "I5"  // a plan writes nothing
	Guarded    Promise = "I6"  // no write outside the statuses, the direction, the currency, the start date
	InBudget   Promise = "I8"  // the request stream stays within the budgets
	NoSecret   Promise = "I9"  // no secret in a report or an error
	Reported   Promise = "I10" // every write is in the report
)

// Breach is a promise that was broken.
type Breach struct {
	Promise Promise `json:"promise"`
	What    string  `json:"what"`
}

func (b Breach) String() string { return string(b.Promise) + ": " + b.What }

// Verdict is what came of one seed.
type Verdict struct {
	Seed     uint64   `json:"seed"`
	Breaches []Breach `json:"breaches,omitempty"`
	Figures  Figures  `json:"figures"`
	// Trace is every write and every report, in order: the same seed gives the same.
	Trace []string `json:"trace,omitempty"`
}

// Figures count what happened, in one world or in many.
type Figures struct {
	Worlds     int            `json:"worlds"`
	Companies  int            `json:"companies"`
	Invoices   int            `json:"invoices"`
	Runs       int            `json:"runs"`
	Failed     int            `json:"failed"` // runs that ended as an error: wrong credentials, a quota of days
	Hours      int            `json:"hours"`  // of virtual time
	Requests   int            `json:"requests"`
	Faults     map[string]int `json:"faults"` // injected, by kind
	People     map[string]int `json:"people"` // what people did meanwhile, by kind
	Due        int            `json:"due"`    // payments that were missing on the other side, and are nobody's exception
	Created    int            `json:"created"`
	Duplicated int            `json:"duplicated"` // made twice by payrecon
	Doubled    int            `json:"doubled"`    // made twice by a fault that no client can prevent; found and reported
	Lost       int            `json:"lost"`
	Exceptions map[string]int `json:"exceptions"` // open at the end, by reason
}

// Add takes over the figures of another world.
func (f *Figures) Add(other Figures) {
	f.Worlds += other.Worlds
	f.Companies += other.Companies
	f.Invoices += other.Invoices
	f.Runs += other.Runs
	f.Failed += other.Failed
	f.Hours += other.Hours
	f.Requests += other.Requests
	f.Due += other.Due
	f.Created += other.Created
	f.Duplicated += other.Duplicated
	f.Doubled += other.Doubled
	f.Lost += other.Lost
	f.Faults = sum(f.Faults, other.Faults)
	f.People = sum(f.People, other.People)
	f.Exceptions = sum(f.Exceptions, other.Exceptions)
}

func sum(into, more map[string]int) map[string]int {
	if into == nil {
		into = map[string]int{}
	}
	for name, n := range more {
		into[name] += n
	}
	return into
}

// Run plays the world of a seed to its end.
func Run(seed uint64) (Verdict, error) {
	s, err := newStage(seed, drawn)
	if err != nil {
		return Verdict{}, fmt.Errorf("seed %d: %w", seed, err)
	}
	return s.play()
}

// random is a source of its own for each purpose, so that one more draw here moves nothing there.
func random(seed uint64, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, purpose)) //nolint:gosec // a world is to be repeatable
}
