package reconcile_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
)

func plan() []reconcile.Planned {
	return []reconcile.Planned{
		{Invoice: 1042, Bill: "8842", Write: reconcile.Write{
			Adopt: true, Direction: reconcile.ToERP, Key: "pr.1", Amount: eur("40"), Date: "2026-03-14", Source: "1", Target: "91",
		}},
		{Invoice: 1043, Bill: "8843", Write: reconcile.Write{Direction: reconcile.ToPrecoro, Key: "er.92", Amount: eur("60"), Date: "2026-03-15", Source: "92"}},
	}
}

func TestDigestOfNoPlanIsEmpty(t *testing.T) {
	t.Parallel()
	require.Empty(t, reconcile.Digest(nil))
}

func TestDigestNamesThePlanInAnyOrder(t *testing.T) {
	t.Parallel()
	turned := plan()
	slices.Reverse(turned)
	require.Equal(t, reconcile.Digest(plan()), reconcile.Digest(turned))
	require.Regexp(t, `^[0-9a-f]{16}$`, reconcile.Digest(plan()))
}

func TestDigestIsAnotherAsSoonAsOneWriteDiffers(t *testing.T) {
	t.Parallel()
	seen := map[string]string{reconcile.Digest(plan()): "as it was"}
	for name, change := range map[string]func([]reconcile.Planned) []reconcile.Planned{
		"one less":  func(p []reconcile.Planned) []reconcile.Planned { return p[:1] },
		"one twice": func(p []reconcile.Planned) []reconcile.Planned { return append(p, p[1]) },
		"invoice":   func(p []reconcile.Planned) []reconcile.Planned { p[0].Invoice = 1; return p },
		"bill":      func(p []reconcile.Planned) []reconcile.Planned { p[0].Bill = "1"; return p },
		"adopt":     func(p []reconcile.Planned) []reconcile.Planned { p[0].Write.Adopt = false; return p },
		"direction": func(p []reconcile.Planned) []reconcile.Planned { p[0].Write.Direction = reconcile.ToPrecoro; return p },
		"key":       func(p []reconcile.Planned) []reconcile.Planned { p[0].Write.Key = "pr.2"; return p },
		"amount":    func(p []reconcile.Planned) []reconcile.Planned { p[0].Write.Amount = eur("40.01"); return p },
		"currency":  func(p []reconcile.Planned) []reconcile.Planned { p[0].Write.Amount = of("40", "USD"); return p },
		"date":      func(p []reconcile.Planned) []reconcile.Planned { p[0].Write.Date = "2026-03-15"; return p },
		"target":    func(p []reconcile.Planned) []reconcile.Planned { p[0].Write.Target = "92"; return p },
		"swapped writes": func(p []reconcile.Planned) []reconcile.Planned {
			p[0].Write, p[1].Write = p[1].Write, p[0].Write
			return p
		},
	} {
		digest := reconcile.Digest(change(plan()))
		require.Empty(t, seen[digest], "%s is told apart", name)
		seen[digest] = name
	}
}

// State names everything that a judgement rests on, apart from the payment lists.
func TestStateIsAnotherAsSoonAsSomethingDiffers(t *testing.T) {
	t.Parallel()
	state := func(changes ...change) string {
		s := newScene(payments{pay("1", "40", "2026-03-14")}, nil, changes...)
		return reconcile.State(s.policy, s.inv, s.bill)
	}
	require.Equal(t, state(), state(func(*scene) {}))
	require.Equal(t, state(), state(func(s *scene) { s.policy.Today = "2026-04-02" }), "a day that passes changes nothing")
	require.Equal(t, state(), state(func(s *scene) { s.policy.Tolerance = reconcile.Tolerance{"USD": of("1", "USD")} }), "nor does another currency's tolerance")
	seen := map[string]string{state(): "as it was"}
	for name, change := range map[string]change{
		"invoice":        func(s *scene) { s.inv.ID++ },
		"number":         func(s *scene) { s.inv.IDN++ },
		"status":         func(s *scene) { s.inv.Status = reconcile.StatusPaid },
		"total":          func(s *scene) { s.inv.Total = eur("101") },
		"currency":       func(s *scene) { s.inv.Total = of("100", "USD") },
		"paid":           func(s *scene) { s.inv.Paid = eur("41") },
		"external id":    func(s *scene) { s.inv.ExternalID = "8842" },
		"problem":        func(s *scene) { s.inv.Problem = "x" },
		"bill":           func(s *scene) { s.bill.ID = "1" },
		"link":           func(s *scene) { s.bill.Link = "8" },
		"bill's total":   func(s *scene) { s.bill.Total = eur("101") },
		"bill's paid":    func(s *scene) { s.bill.Paid = eur("1") },
		"confirmed":      draft,
		"version":        func(s *scene) { s.bill.Version = "2" },
		"bill's problem": func(s *scene) { s.bill.Problem = "x" },
		"start":          func(s *scene) { s.policy.Start = "2026-01-02" },
		"window":         func(s *scene) { s.policy.AdoptDays++ },
		"tolerance":      tolerance("0.01"),
		"direction":      direction(reconcile.ToERP),
		"tags":           holdsNoTag,
	} {
		require.Empty(t, seen[state(change)], "%s is told apart", name)
		seen[state(change)] = name
	}
}
