//go:build unix

package chaos

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// breaks are builds of payrecon that leave out what a payment is made once by. On each of them a campaign must fail: a campaign
// that cannot fail proves nothing. Options.Break names one.
var breaks = map[string]patch{
	// Whatever a write was decided on is taken for fresh, also after a reset.
	"never-stale": {
		"activities/fresh.go", regexp.MustCompile(`f\.text = "not sent: " \+ f\.text\n\treturn f, true`), "return f, false",
	},
	// A run that was reset to a time before its reading does not wait for what it had begun.
	"blind-to-resets": {
		"activities/fresh.go", regexp.MustCompile(`case self\.RunID != "" && self\.RunID != info`), `case self.RunID == "never" && self.RunID != info`,
	},
	// What became of a lost write is not looked for before it is sent again.
	"no-check": {
		"workflows/run_write.go", regexp.MustCompile(`found, became, err := w\.checkPrecoro\(ctx, order\)`),
		"found, became, err := (*reconcile.Payment)(nil), fate(0), error(nil)",
	},
	// A write of which nobody knows what became counts as declined.
	"unknown-is-refused": {
		"workflows/run_write.go", regexp.MustCompile(`case activities\.Refused:\n(\t\treturn w\.abandon\(ctx, order, reconcile\.Rejected, failure\.Text\))`),
		"case activities.Refused, activities.Unknown:\n$1",
	},
	// A payment that was made is not reported.
	"silent": {
		"workflows/run_write.go", regexp.MustCompile(`w\.addRow\(ctx, rowOf\(\*w\.candidate, order, report\.Created, before, note\)\)\n\tif !keyed`),
		"_ = note\n\tif !keyed",
	},
}

// broken are the changes that a campaign was asked for.
func (o Options) broken() ([]patch, error) {
	if o.Break == "" {
		return nil, nil
	}
	change, known := breaks[o.Break]
	if !known {
		return nil, fmt.Errorf("break %q: want one of %s", o.Break, strings.Join(slices.Sorted(maps.Keys(breaks)), ", "))
	}
	return []patch{change}, nil
}
