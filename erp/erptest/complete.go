package erptest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
)

// complete holds what the subject says that the ERP cannot do against what is there.
func complete(b *bench) {
	t, s, a := b.t, b.subject, b.Account
	for name, given := range map[string]bool{
		"Adapter": a.Adapter != nil, "Other": a.Other != nil && a.Other != a.Adapter, "Wire": a.Wire != nil, "Intruder": a.Intruder != nil,
		"Secrets": a.Secrets != nil && len(a.Secrets()) > 0, "IsLogin": a.IsLogin != nil, "IsWrite": a.IsWrite != nil, "Refusal": a.Refusal != nil,
		"ExpireSessions": a.ExpireSessions != nil, "Now": a.Now != nil, "AddBills": a.AddBills != nil, "Edit": a.Edit != nil, "Text": a.Text != nil,
		"Books": a.Books != nil, "Ways": len(a.Ways) > 0, "Requests": s.Requests > 0, "Currencies": len(s.Currencies) > 0,
	} {
		require.True(t, given, "%s is missing", name)
	}
	for ability, there := range s.there(a) {
		reason, cannot := s.Cannot[ability]
		require.Equal(t, !cannot, there, "%s: there, and not among what the ERP cannot do, or the other way round", ability)
		require.Equal(t, cannot, reason != "", "%s: what the ERP cannot do needs a reason", ability)
	}
	for ability := range s.Cannot {
		require.Contains(t, s.there(a), ability, "no such ability")
	}
	for name, way := range a.Ways {
		require.NotNil(t, way.Pay, "the way %s", name)
	}
	completeDays(t, s.Days)
}

func completeDays(t *testing.T, days []money.Date) {
	t.Helper()
	for _, end := range []string{"-02-29", "-12-31"} {
		require.True(t, slices.ContainsFunc(days, func(d money.Date) bool { return strings.HasSuffix(string(d), end) }), "no day %s", end)
	}
}

// there are all abilities, and whether the account has what stands for each.
func (s Subject) there(a *Account) map[Ability]bool {
	return map[Ability]bool{
		Drafts:          s.Cannot[Drafts] == "", // asked for by BillSpec.Draft, and seen by Bill.Confirmed
		LongKeys:        s.Cannot[LongKeys] == "",
		ManyCurrencies:  len(s.Currencies) > 1,
		Parts:           s.Part > 0,
		Removal:         a.Remove != nil,
		PartPayments:    a.anyWay(func(w Way) bool { return !w.Whole }),
		Reversal:        a.anyWay(func(w Way) bool { return w.TakeBack != nil }),
		OwnReversal:     a.TakeBack != nil,
		Tags:            a.Adapter.Capabilities().Tags && a.anyWay(func(w Way) bool { return !w.Fixed }),
		ForeignTags:     a.PayTagged != nil,
		MissingRights:   a.Deny != nil,
		MovableClock:    a.Advance != nil,
		CountedRequests: a.Spent != nil,
	}
}

func (a *Account) anyWay(fits func(Way) bool) bool {
	for _, way := range a.Ways {
		if fits(way) {
			return true
		}
	}
	return false
}
