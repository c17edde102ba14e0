package reconcile_test

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// A hundred worlds, which is rapid's own number, do not hold every state that matters: see TestWorldsAreInteresting. The
// command line (-rapid.checks) and RAPID_CHECKS have the last word.
func TestMain(m *testing.M) {
	if os.Getenv("RAPID_CHECKS") == "" {
		if err := flag.Set("rapid.checks", "2000"); err != nil {
			os.Exit(2) //nolint:forbidigo // a test's main is a main
		}
	}
	os.Exit(m.Run()) //nolint:forbidigo // a test's main is a main
}

// settle decides and carries out. A write that is not taken ends it with an exception, as it ends a run's invoice.
func (w world) settle(t *rapid.T) (world, reconcile.Decision) {
	t.Helper()
	d := w.decide()
	w.books = w.clone()
	for _, write := range d.Writes {
		if !w.carryOut(t, write, true) {
			return w, reconcile.Decision{Exception: &reconcile.Exception{Reason: reconcile.Rejected}}
		}
	}
	return w, d
}

// I1: whatever is paid once is there once. The books refuse a key that is there already and a total that is exceeded (I2).
func TestAPaymentIsCreatedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		done, d := w.settle(t)
		for _, write := range d.Writes {
			if !write.Adopt {
				from := map[reconcile.Direction]string{reconcile.ToERP: "precoro ", reconcile.ToPrecoro: "erp "}[write.Direction]
				require.False(t, w.tied[from+write.Source], "%s has its counterpart", write.Source)
			}
		}
		if d.Exception == nil {
			requireOneCounterpartEach(t, done.books)
		}
	})
}

// requireOneCounterpartEach: no payment is the other half of two.
func requireOneCounterpartEach(t *rapid.T, b *books) {
	t.Helper()
	for _, p := range b.precoro {
		halves := 0
		for _, e := range b.erp {
			if !p.Cancelled && !e.Cancelled && (e.Tag == reconcile.KeyInERP(p.ID) || p.Tag == reconcile.KeyInPrecoro(e.ID)) {
				halves++
			}
		}
		require.LessOrEqual(t, halves, 1, "I1: payment %s of Precoro", p.ID)
	}
	for _, list := range [][]reconcile.Payment{b.precoro, b.erp} {
		seen := map[string]bool{}
		for _, p := range list {
			require.False(t, !p.Cancelled && seen[p.Tag] && p.Tag != "bank 4711", "I1: %s stands twice", p.Tag)
			seen[p.Tag] = !p.Cancelled && p.Tag != ""
		}
	}
}

// I6, and what else a write must be.
func TestWritesStayWithinTheirBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		d := w.decide()
		keys := map[string]bool{}
		created := false
		for _, write := range d.Writes {
			require.True(t, w.policy.Direction.Allows(write.Direction), "%s is forbidden", write.Direction)
			require.Contains(t, []reconcile.Direction{reconcile.ToERP, reconcile.ToPrecoro}, write.Direction)
			require.GreaterOrEqual(t, write.Date, w.policy.Start)
			require.Equal(t, w.currency, write.Amount.Currency())
			require.Positive(t, write.Amount.Minor())
			require.True(t, reconcile.ValidKey(write.Key))
			key := map[reconcile.Direction]func(string) string{reconcile.ToERP: reconcile.KeyInERP, reconcile.ToPrecoro: reconcile.KeyInPrecoro}[write.Direction]
			require.Equal(t, key(write.Source), write.Key)
			require.False(t, keys[write.Key], "%s twice", write.Key)
			require.Equal(t, write.Adopt, write.Target != "")
			require.False(t, write.Adopt && created, "keys come first")
			mayTag := w.policy.TagsERP && w.policy.Direction.Allows(reconcile.ToERP)
			require.False(t, write.TagBack && (write.Adopt || write.Direction == reconcile.ToERP || !mayTag))
			require.False(t, write.Adopt && write.Direction == reconcile.ToERP && !mayTag)
			keys[write.Key], created = true, created || !write.Adopt
		}
		require.False(t, created && (!w.confirmed || distance(w.invTotal, w.billTotal) > w.tolerance()))
	})
}

func (w world) tolerance() int64 { return w.policy.Tolerance[w.currency].Minor() }

func distance(a, b int64) int64 { return max(a-b, b-a) }

// What is created on both sides cannot be the same: no sum of some of the one is a sum of some of the other.
func TestWhatIsCreatedOnBothSidesIsNotTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		var toERP, toPrecoro []int64
		for _, write := range w.decide().Writes {
			switch {
			case write.Adopt || write.Source == billID+reconcile.DerivedSuffix:
			case write.Direction == reconcile.ToERP:
				toERP = append(toERP, write.Amount.Minor())
			default:
				toPrecoro = append(toPrecoro, write.Amount.Minor())
			}
		}
		for ours := range sums(toERP) {
			for theirs := range sums(toPrecoro) {
				// What was cut is less than what was missing, by no more than the tolerance on either side.
				require.False(t, w.tolerance() == 0 && ours == theirs, "%v in the ERP and %v in Precoro", toERP, toPrecoro)
			}
		}
	})
}

// sums are those of every subset but the empty one.
func sums(list []int64) map[int64]bool {
	all := map[int64]bool{}
	for subset := 1; subset < 1<<len(list); subset++ {
		var sum int64
		for i, minor := range list {
			sum += minor * int64(subset>>i&1)
		}
		all[sum] = true
	}
	return all
}

// Payments that are adopted are equal, untagged and near, and none of them has a nearer one that is not better off.
func TestTheNearestAreAdopted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		w.policy.Direction, w.policy.TagsERP = reconcile.Both, true // so that each pair shows as a tag
		here, there := byID(w.precoro), byID(w.erp)
		apart := map[string]int{} // days to the other half, by "precoro 1" and "erp 91"
		for _, write := range w.decide().Writes {
			p, e := here[write.Source], there[write.Target]
			if write.Direction == reconcile.ToPrecoro { // a draft takes no tag
				p, e = here[write.Target], there[write.Source]
			}
			if !write.Adopt || p.Tag != "" || e.ID == "" {
				continue
			}
			days := p.Date.Days(e.Date)
			require.LessOrEqual(t, distance(p.Amount.Minor(), e.Amount.Minor()), w.tolerance())
			require.LessOrEqual(t, days, w.policy.AdoptDays)
			require.False(t, p.Unsupported || e.Unsupported || p.Cancelled || e.Cancelled)
			apart["precoro "+p.ID], apart["erp "+e.ID] = days, days
		}
		if len(apart) == 0 || w.tolerance() > 0 || beforeStart(w.precoro) || beforeStart(w.erp) {
			return // pairs from before the start do not show
		}
		for _, p := range here {
			for _, e := range there {
				if w.tied["precoro "+p.ID] || w.tied["erp "+e.ID] {
					continue
				}
				days := p.Date.Days(e.Date)
				if p.Tag+e.Tag != "" || p.Cancelled || e.Cancelled || p.Unsupported || e.Unsupported || p.Amount != e.Amount || days > w.policy.AdoptDays {
					continue
				}
				mine, paired := apart["precoro "+p.ID]
				others, taken := apart["erp "+e.ID]
				require.True(t, paired && mine <= days || taken && others <= days, "%s and %s are nearer than what they are paired with", p.ID, e.ID)
			}
		}
	})
}

func byID(list []reconcile.Payment) map[string]reconcile.Payment {
	index := map[string]reconcile.Payment{}
	for _, p := range list {
		index[p.ID] = p
	}
	return index
}

func beforeStart(list []reconcile.Payment) bool {
	return slices.ContainsFunc(list, func(p reconcile.Payment) bool { return p.Date < start })
}

// I4: what one side lacks is created, counted, or covered by an exception.
func TestNoMissingPaymentIsForgotten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		done, d := w.settle(t)
		if d.Exception != nil || w.bills == 0 {
			require.Empty(t, d.Writes, "an exception comes without writes")
			require.Zero(t, d.BeforeStart+d.OtherDirection)
			return
		}
		inv, payments, bill := done.documents()
		counted := d.BeforeStart + d.OtherDirection
		if counted == 0 {
			most := w.tolerance() * int64(len(payments)+1)
			require.LessOrEqual(t, distance(inv.Paid.Minor(), bill.Paid.Minor()), most, "%s is paid here, %s there", inv.Paid, bill.Paid)
		}
		if w.tolerance() == 0 && !w.flagOnly {
			require.Equal(t, counted, unmatched(payments, bill.Payments), "payments without an equal on the other side")
		}
	})
}

// unmatched counts what two lists do not have in common, by amount.
func unmatched(lists ...[]reconcile.Payment) (n int) {
	balance := map[money.Amount]int{}
	for side, list := range lists {
		for _, p := range list {
			if !p.Cancelled {
				balance[p.Amount] += 1 - 2*side
			}
		}
	}
	for _, difference := range balance {
		n += max(difference, -difference)
	}
	return n
}

func TestTheOrderOfTheListsChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		inv, list, bill := w.documents()
		before := slices.Clone(list)
		want := w.decideOn(inv, list, bill)
		require.Equal(t, before, list, "the caller's list is left as it is")
		bill.Payments = shuffled(t, bill.Payments, "erp")
		require.Equal(t, want, w.decideOn(inv, shuffled(t, list, "precoro"), bill))
	})
}

func TestDecidingAgainDecidesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		done, d := w.settle(t)
		if d.Exception != nil {
			return
		}
		again := done.decide()
		require.Nil(t, again.Exception)
		require.Empty(t, again.Writes)
		require.Equal(t, d.BeforeStart, again.BeforeStart, "what is counted is counted again")
		require.Equal(t, d.OtherDirection, again.OtherDirection)
	})
}

// A run that is cut off anywhere, also between a payment and the tag on its other half, is finished by the next one.
func TestARunThatWasCutOffIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		whole, d := w.settle(t)
		if d.Exception != nil || len(d.Writes) == 0 {
			return
		}
		w.books = w.clone()
		cut := rapid.IntRange(1, len(d.Writes)).Draw(t, "cut after")
		for i, write := range d.Writes[:cut] {
			w.carryOut(t, write, i < cut-1)
		}
		finished, rest := w.settle(t)
		require.Nil(t, rest.Exception)
		requireOneCounterpartEach(t, finished.books)
		require.Equal(t, told(reconcile.Decision{}), told(reconcile.Decision{Writes: finished.decide().Writes}))
		wholeInv, _, wholeBill := whole.documents()
		inv, _, bill := finished.documents()
		require.Equal(t, wholeInv, inv)
		require.Equal(t, wholeBill.Paid, bill.Paid)
		require.Zero(t, unmatched(whole.precoro, finished.precoro)+unmatched(whole.erp, finished.erp), "the same payments stand there in the end")
	})
}

// One direction, then the other, then both: nothing is made twice, and in the end there is nothing to do.
func TestOneDirectionAfterTheOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		for _, direction := range []reconcile.Direction{reconcile.ToPrecoro, reconcile.ToERP, reconcile.Both} {
			w.policy.Direction = direction
			done, d := w.settle(t)
			if d.Exception != nil {
				return
			}
			requireOneCounterpartEach(t, done.books)
			w = done
		}
		require.Empty(t, w.decide().Writes)
	})
}

// What the properties above have seen. Each number is far below what comes of the generator today.
func TestWorldsAreInteresting(t *testing.T) {
	t.Parallel()
	const drawn = 3000
	seen := map[string]int{}
	for seed := range drawn {
		w := worlds.Example(seed)
		d := w.decide()
		for trait, there := range traits(w, d) {
			if there {
				seen[trait]++
			}
		}
	}
	t.Logf("of %d worlds: %v", drawn, seen)
	for trait, least := range map[string]int{
		"writes": drawn * 30 / 100, "nothing to do": drawn * 5 / 100, "exception": drawn * 10 / 100, "writes upon a flag": drawn * 5 / 100,
		"several writes": drawn * 10 / 100, "creates in the ERP": drawn * 10 / 100, "creates in Precoro": drawn * 10 / 100, "creates on both sides": drawn * 1 / 100,
		"tags in the ERP": drawn * 5 / 100, "tags in Precoro": drawn * 1 / 100, "tags back": drawn * 5 / 100, "records under a flag": drawn * 2 / 100,
		"derives a payment": drawn * 2 / 100, "cut": 3, "counts what is before the start": drawn * 2 / 100, "counts the other direction": drawn * 2 / 100,
	} {
		require.GreaterOrEqual(t, seen[trait], least, trait)
	}
	for _, reason := range reconcile.Reasons() {
		if reason != reconcile.Rejected && reason != reconcile.Unverified { // both come of writing
			require.GreaterOrEqual(t, seen[string(reason)], 3, reason)
		}
	}
}

func traits(w world, d reconcile.Decision) map[string]bool {
	some := func(is func(reconcile.Write) bool) bool { return slices.ContainsFunc(d.Writes, is) }
	create := func(to reconcile.Direction) bool {
		return some(func(w reconcile.Write) bool { return !w.Adopt && w.Direction == to })
	}
	adopt := func(to reconcile.Direction) bool {
		return some(func(w reconcile.Write) bool { return w.Adopt && w.Direction == to })
	}
	derived := billID + reconcile.DerivedSuffix
	all := map[string]bool{
		"writes": len(d.Writes) > 0, "several writes": len(d.Writes) > 1, "nothing to do": len(d.Writes) == 0 && d.Exception == nil,
		"exception": d.Exception != nil, "writes upon a flag": w.flagOnly && len(d.Writes) > 0,
		"creates in the ERP": create(reconcile.ToERP), "creates in Precoro": create(reconcile.ToPrecoro),
		"creates on both sides": create(reconcile.ToERP) && create(reconcile.ToPrecoro),
		"tags in the ERP":       adopt(reconcile.ToERP), "tags in Precoro": adopt(reconcile.ToPrecoro),
		"tags back":                       some(func(w reconcile.Write) bool { return w.TagBack }),
		"records under a flag":            some(func(w reconcile.Write) bool { return w.Target == derived }),
		"derives a payment":               some(func(w reconcile.Write) bool { return w.Source == derived }),
		"cut":                             some(func(w reconcile.Write) bool { return w.Note != "" }),
		"counts what is before the start": d.BeforeStart > 0,
		"counts the other direction":      d.OtherDirection > 0,
	}
	if d.Exception != nil {
		all[string(d.Exception.Reason)] = true
	}
	return all
}
