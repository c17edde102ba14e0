package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/trytond"
)

func TestDemoPlansDoesTheRealThingAndFindsNothingLeft(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer

	err := run(t.Context(), &out, 0, "erply", true)

	require.NoError(t, err, "%s", &out)
	require.Contains(t, out.String(), "Nothing was written: the plan is over")
	require.Contains(t, out.String(), "created in the ERP")
	require.Contains(t, out.String(), "created in Precoro")
	require.Contains(t, out.String(), "no_bill")
}

func TestDemoShowsTheSameOnARealTryton(t *testing.T) {
	t.Parallel()
	trytond.Require(t)
	var out bytes.Buffer

	err := run(t.Context(), &out, 0, "tryton", true)

	require.NoError(t, err, "%s", &out)
	require.Contains(t, out.String(), "Tryton is real")
	require.Contains(t, out.String(), "possible_duplicate")
}

func TestDemoNeedsAnERPThatItKnows(t *testing.T) {
	t.Parallel()

	err := run(t.Context(), &bytes.Buffer{}, 0, "sap", true)

	require.ErrorContains(t, err, `erp "sap": accepted are erply and tryton`)
}

func TestDemoThatIsInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	err := run(ctx, &bytes.Buffer{}, 0, "erply", true)

	require.ErrorContains(t, err, "context canceled")
}

func TestVerdictNamesWhatWentWrong(t *testing.T) {
	t.Parallel()
	good := func() evidence {
		wrote := report.Report{Created: report.ByDirection{ToERP: 2, ToPrecoro: 1}, Exceptions: map[reconcile.Reason]int{"no_bill": 1}}
		return evidence{plan: wrote, first: wrote, beforePlan: 4, afterPlan: 4, afterFirst: 9, afterSecond: 9}
	}
	require.NoError(t, good().judge())
	for name, c := range map[string]struct {
		spoil func(*evidence)
		want  string
	}{
		"plan writes":               {func(e *evidence) { e.afterPlan = 5 }, "the plan wrote 1 times"},
		"second run writes":         {func(e *evidence) { e.afterSecond = 10 }, "the second run wrote 1 times"},
		"second run reports writes": {func(e *evidence) { e.second.Adopted = 1 }, "the second run reports 1"},
		"nothing for the ERP":       {func(e *evidence) { e.first.Created.ToERP = 0 }, "no payment in the ERP"},
		"nothing for Precoro":       {func(e *evidence) { e.first.Created.ToPrecoro = 0 }, "no payment in Precoro"},
		"no exceptions":             {func(e *evidence) { e.first.Exceptions = nil }, "no exception"},
		"run is not its plan":       {func(e *evidence) { e.plan.Adopted = 7 }, "its plan had 10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := good()
			c.spoil(&e)

			require.ErrorContains(t, e.judge(), c.want)
		})
	}
}
