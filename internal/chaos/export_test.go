//go:build unix

package chaos

import (
	"context"
	"maps"
	"slices"
)

// Writes are the types of the activities that write.
func Writes() []string { return writes }

// Breaks are the names of the builds that are broken on purpose.
func Breaks() []string { return slices.Sorted(maps.Keys(breaks)) }

// FitsSources tells whether a broken build changes the sources in one place.
func FitsSources(ctx context.Context, name string) error { return breaks[name].Fits(ctx) }
