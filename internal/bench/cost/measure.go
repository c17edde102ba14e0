//go:build unix

// Package cost measures what runs cost: requests to each side and billable actions, in worlds of several sizes, against what
// the design allows, and against two other ways to do the same work.
package cost

import (
	"context"
	"errors"
	"fmt"
	"time"

	"payrecon/internal/bounds"
	"payrecon/internal/devserver"
	"payrecon/internal/sandbox"
)

// Options are what is measured.
type Options struct {
	Sizes  []int  // invoices of each world
	Worker string // path of the program payrecon
	Clock  func() time.Time
	Say    func(format string, args ...any) // what goes on
}

// Result is what was measured, size by size.
type Result struct {
	Rows  []Row
	Peaks []Peak
}

// Row is one run.
type Row struct {
	Size int
	Kind Kind
	Work bounds.Work
	bounds.Spent
	Kinds devserver.Actions // the actions by kind

	// What the other two ways sent to Precoro for the same.
	Recipe, Connector int

	Events, Bytes int64 // of the run's history
	Took          time.Duration
}

// Peak is the most memory that the worker had, in bytes, over all runs of a size.
type Peak struct {
	Size  int
	Bytes int64
}

// Kind is what a run had to do.
type Kind string

// Kinds, in the order of the tables.
const (
	FullUnchanged    Kind = "full, nothing differs"
	FullDiffering    Kind = "full, payments are missing"
	ChangesUnchanged Kind = "changes, nothing changed"
	ChangesDiffering Kind = "changes, people have paid"
)

const (
	seed = 1
	// feedOverlap is how far before the last run Precoro is asked for changes: the time zone of its answers is not known.
	feedOverlap = 24 * time.Hour
)

// differing is how many payments are missing in a world of a size: one in a hundred, and at least 40.
func differing(size int) int { return max(40, size/100) }

// paidSince is how many invoices people pay between two runs: one in a thousand, and at least 4.
func paidSince(size int) int { return max(4, size/1000) }

// Measure measures all sizes. What was measured before an error is returned with it.
func Measure(ctx context.Context, o Options) (Result, error) {
	var result Result
	for _, size := range o.Sizes {
		rows, peak, err := o.payrecon(ctx, size)
		if err != nil {
			return result, fmt.Errorf("%d invoices: %w", size, err)
		}
		for i := range rows {
			rows[i].Size = size
			if err := o.others(ctx, &rows[i]); err != nil {
				return result, fmt.Errorf("%d invoices, %s: %w", size, rows[i].Kind, err)
			}
		}
		result.Rows = append(result.Rows, rows...)
		result.Peaks = append(result.Peaks, Peak{Size: size, Bytes: peak})
	}
	return result, nil
}

// payrecon does the four runs in one world, one after another.
func (o Options) payrecon(ctx context.Context, size int) (rows []Row, peak int64, err error) {
	f, err := newField(ctx, o.Worker)
	defer func() {
		err = errors.Join(err, f.stop())
		peak = f.peak()
	}()
	if err != nil {
		return nil, 0, err
	}
	sandbox.Scale(seed, size, differing(size))(f.Sandbox)
	byKind := map[Kind]Row{}
	var last time.Time // when the run before began
	for _, one := range []struct {
		kind   Kind
		scope  string
		before func(*sandbox.Sandbox)
	}{
		{FullDiffering, "full", nil},
		{FullUnchanged, "full", nil},
		{ChangesUnchanged, "changes", nil},
		{ChangesDiffering, "changes", sandbox.Pay(seed, paidSince(size))},
	} {
		var since time.Time
		if one.scope == "changes" {
			since = last.Add(-feedOverlap)
		}
		if one.before != nil {
			one.before(f.Sandbox)
		}
		last = o.Clock()
		row, err := f.run(ctx, o.Clock, one.scope, since)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", one.kind, err)
		}
		row.Kind = one.kind
		byKind[one.kind] = row
		o.Say("%d invoices, %s: Precoro %d, Erply %s, actions %d, %s", size, one.kind, row.Precoro, tenths(row.Tenths), row.Actions,
			row.Took.Round(time.Millisecond))
	}
	for _, kind := range []Kind{FullUnchanged, FullDiffering, ChangesUnchanged, ChangesDiffering} {
		rows = append(rows, byKind[kind])
	}
	return rows, 0, nil
}

// others does the same work in the other two ways, each in a world of its own.
func (o Options) others(ctx context.Context, row *Row) error {
	missing, paid, since := 0, 0, time.Time{}
	switch row.Kind {
	case FullDiffering:
		missing = differing(row.Size)
	case ChangesUnchanged:
		since = o.Clock()
	case ChangesDiffering:
		paid, since = paidSince(row.Size), o.Clock().Add(-time.Second)
	case FullUnchanged:
	}
	build := func(s *sandbox.Sandbox) {
		sandbox.Scale(seed, row.Size, missing)(s)
		if paid > 0 {
			sandbox.Pay(seed, paid)(s)
		}
	}
	for _, one := range []struct {
		way  way
		into *int
	}{{recipe, &row.Recipe}, {connector, &row.Connector}} {
		began := o.Clock()
		sent, err := other(ctx, one.way, build, since)
		if err != nil {
			return err
		}
		*one.into = sent
		o.Say("%d invoices, %s, another way: Precoro %d, %s", row.Size, row.Kind, sent, o.Clock().Sub(began).Round(time.Millisecond))
	}
	return nil
}

// Exceeded names every figure that is above what is allowed.
func (r Result) Exceeded() []string {
	var all []string
	for _, row := range r.Rows {
		for _, what := range row.Work.Exceeded(row.Spent) {
			all = append(all, fmt.Sprintf("%s invoices, %s: %s", grouped(row.Size), row.Kind, what))
		}
	}
	return all
}
