//go:build unix

package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"payrecon/internal/overlay"
)

// breaks are builds of payrecon that leave out what a payment is made once by. On each of them a campaign must fail: a campaign
// that cannot fail proves nothing. Options.Break names one.
var breaks = map[string]overlay.Patch{
	// Whatever a write was decided on is taken for fresh, also after a reset.
	"never-stale": overlay.Literal("activities/fresh.go", `f.text = "not sent: " + f.text
	return f, true`, "return f, false"),
	// A run that was reset to a time before its reading does not wait for what it had begun.
	"blind-to-resets": overlay.Literal("activities/fresh.go", `case self.RunID != "" && self.RunID != info`, `case self.RunID == "never" && self.RunID != info`),
	// What became of a lost write is not looked for before it is sent again.
	"no-check": overlay.Literal("workflows/run_write_precoro.go", `found, became, err := w.checkPrecoro(ctx, order, w.mayBeOurs(tried))`,
		"found, became, err := (*reconcile.Payment)(nil), fate(0), error(nil)"),
	// A write of which nobody knows what became counts as declined.
	"unknown-is-refused": overlay.Literal("workflows/run_write.go", `case activities.Refused:
		return w.abandon(ctx, order, reconcile.Rejected, failure.Text)`, `case activities.Refused, activities.Unknown:
		return w.abandon(ctx, order, reconcile.Rejected, failure.Text)`),
	// A payment that was made is not reported.
	"silent": overlay.Literal("workflows/run_write_precoro.go", `	w.addRow(ctx, rowOf(*w.candidate, order, report.Created, before, note))
`, "\t_ = note\n"),
}

// broken are the changes that a campaign was asked for.
func (o Options) broken() ([]overlay.Patch, error) {
	if o.Break == "" {
		return nil, nil
	}
	change, known := breaks[o.Break]
	if !known {
		return nil, fmt.Errorf("break %q: want one of %s", o.Break, strings.Join(slices.Sorted(maps.Keys(breaks)), ", "))
	}
	return []overlay.Patch{change}, nil
}
