//go:build unix

// Package match measures how fast payrecon matches invoices with bills, against the same join in SQLite in memory.
package match

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"time"

	"payrecon/internal/reconcile"
)

// Result is one measurement of each size.
type Result struct {
	Rows []Row
}

// Row is what matching so many invoices takes. All times are processor time, user and system.
type Row struct {
	Invoices int
	Bills    int
	Verdicts map[string]int // how many invoices of each; SQLite has counted the same

	Ours        time.Duration // from slices of invoices and bills to a verdict each, the index included
	Allocations uint64        // in that time
	Bytes       uint64        // allocated in that time

	Load time.Duration // of SQLite: into two tables, with an index of the links
	Join time.Duration // of SQLite: one query that counts the verdicts
}

// PerSecond is how many invoices are matched a second.
func (r Row) PerSecond() float64 { return float64(r.Invoices) / r.Ours.Seconds() }

// Ratio is how many times longer SQLite takes for all of it, loading included as our index is.
func (r Row) Ratio() float64 { return (r.Load + r.Join).Seconds() / r.Ours.Seconds() }

// JoinRatio is how many times longer SQLite's join alone takes than all of ours.
func (r Row) JoinRatio() float64 { return r.Join.Seconds() / r.Ours.Seconds() }

// ErrDisagree means that payrecon and SQLite do not come to the same verdicts, so that comparing their times says nothing.
var ErrDisagree = errors.New("payrecon and SQLite disagree")

// Run measures each size, in this process and with GOMAXPROCS=1 while it does. A million invoices take about a minute.
func Run(ctx context.Context, sizes []int) (Result, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var result Result
	for _, size := range sizes {
		row, err := measure(ctx, newWorld(size))
		if err != nil {
			return Result{}, fmt.Errorf("%d invoices: %w", size, err)
		}
		result.Rows = append(result.Rows, row)
	}
	return result, nil
}

func measure(ctx context.Context, w world) (Row, error) {
	row := Row{Invoices: len(w.invoices), Bills: len(w.bills)}
	var matches []reconcile.Match
	ours, err := best(func() error {
		matches = w.match()
		return nil
	})
	if err != nil {
		return Row{}, err
	}
	row.Ours, row.Allocations, row.Bytes = ours.time, ours.allocations, ours.bytes
	row.Verdicts = count(matches)

	theirs, err := row.askSQLite(ctx, w)
	if err != nil {
		return Row{}, fmt.Errorf("SQLite: %w", err)
	}
	if !maps.Equal(row.Verdicts, theirs) {
		return Row{}, fmt.Errorf("%w: %v and %v", ErrDisagree, row.Verdicts, theirs)
	}
	return row, nil
}

func (w world) match() []reconcile.Match {
	bills := reconcile.NewBills()
	bills.Add(w.bills...)
	return linking.MatchAll(nil, w.invoices, bills)
}

var linking = reconcile.Linking{Sides: []string{reconcile.LinkERP, reconcile.LinkPrecoro}, PrecoroKey: "id"}

// Verdicts as they are counted. What is left to people is told apart by reason.
const (
	inSync  = "in sync"
	differs = "differ"
	alone   = "unlinked"
)

func count(matches []reconcile.Match) map[string]int {
	counts := map[string]int{}
	for _, m := range matches {
		switch m.Verdict {
		case reconcile.InSync:
			counts[inSync]++
		case reconcile.Differs:
			counts[differs]++
		case reconcile.Unlinked:
			counts[alone]++
		default:
			counts[string(m.Exception.Reason)]++
		}
	}
	return counts
}
