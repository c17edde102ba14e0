package erptest

import (
	"slices"
	"testing"
)

// Test runs the whole suite. It fails where the Subject leaves out what it does not say that it cannot do.
func Test(t *testing.T, subject Subject) { //nolint:tparallel // the test is whoever calls it
	t.Helper()
	if !t.Run("subject", func(t *testing.T) { complete(newBench(t, subject)) }) {
		return // nothing else of it can be relied upon
	}
	for _, theme := range []struct {
		name string
		test func(*bench)
	}{
		{"account", account},
		{"finding", finding},
		{"listing", listing},
		{"listing in parts", listingInParts},
		{"reading", reading},
		{"writing", writing},
		{"refusing", refusing},
		{"exactness", exactness},
		{"tagging", tagging},
		{"people", people},
		{"writers at once", writersAtOnce},
		{"lost answers", lostAnswers},
		{"errors of reads", errorsOfReads},
		{"errors of writes", errorsOfWrites},
		{"sessions", sessions},
		{"rights", rights},
		{"cost", cost},
	} {
		if len(subject.Themes) > 0 && !slices.Contains(subject.Themes, theme.name) {
			continue
		}
		t.Run(theme.name, func(t *testing.T) {
			t.Parallel()
			theme.test(newBench(t, subject))
		})
	}
}
