package reconcile

import (
	"cmp"
	"slices"
)

// pairByKey pairs an ERP payment whose tag names a Precoro payment, and the other way round.
func (c *caseFile) pairByKey() {
	erp := c.erp
	if c.derived != nil {
		erp = append(slices.Clone(erp), c.derived)
	}
	connect(c.precoro, erp)
	c.untieRecorded()
	c.onePartnerEach(c.precoro, "Precoro")
	c.onePartnerEach(erp, "ERP")
	c.oneTagEach(c.precoro, erpPrefix, "Precoro")
	c.oneTagEach(c.erp, precoroPrefix, "ERP")
	c.halvesStand(c.precoro, erpPrefix, "Precoro")
	c.halvesStand(erp, precoroPrefix, "ERP")
	for _, p := range c.precoro {
		if p.Cancelled {
			continue
		}
		for _, e := range standing(p.partners) {
			if e == c.derived {
				continue // settleDerived: what a flag says is no amount of its own
			}
			c.closeKeyed(p, e)
		}
	}
}

// connect notes who names whom, cancelled or not.
func connect(precoro, erp []*entry) {
	for _, p := range precoro {
		for _, e := range erp {
			fromERP, _ := named(e.Tag, precoroPrefix)
			fromPrecoro, _ := named(p.Tag, erpPrefix)
			if e.Tag != "" && fromERP == p.ID || p.Tag != "" && fromPrecoro == e.ID {
				p.partners = append(p.partners, e)
				e.partners = append(e.partners, p)
			}
		}
	}
}

// untieRecorded: a payment made for the paid flag that has its record is half of that pair. What is left of the flag then
// stands for others, such as those from before the start.
func (c *caseFile) untieRecorded() {
	if c.derived == nil {
		return
	}
	c.flagPaid = len(standing(c.derived.partners)) > 0
	c.derived.partners = slices.DeleteFunc(c.derived.partners, func(p *entry) bool {
		if len(standing(p.partners)) < 2 {
			return false
		}
		p.partners = slices.DeleteFunc(p.partners, func(e *entry) bool { return e == c.derived })
		return true
	})
}

// onePartnerEach: a payment that is the other half of two is one too many.
func (c *caseFile) onePartnerEach(list []*entry, side string) {
	for _, one := range list {
		if n := len(standing(one.partners)); n > 1 && !one.Cancelled {
			c.find(DuplicatePayment, "%d payments are tied to %s payment %s", n, side, one.ID)
		}
	}
}

// oneTagEach: two payments of one side with one of our keys are one too many, also where what they name is gone.
func (c *caseFile) oneTagEach(list []*entry, prefix, side string) {
	owners := map[string]string{}
	for _, one := range list {
		if _, ours := named(one.Tag, prefix); !ours || one.Cancelled {
			continue
		}
		if other, taken := owners[one.Tag]; taken {
			c.find(DuplicatePayment, "%s payments %s and %s both carry %s", side, other, one.ID, one.Tag)
		}
		owners[one.Tag] = one.ID
	}
}

// halvesStand: one half of a known pair that lost the other.
func (c *caseFile) halvesStand(list []*entry, prefix, side string) {
	for _, one := range list {
		_, ours := named(one.Tag, prefix)
		if one.Cancelled || len(standing(one.partners)) > 0 {
			continue
		}
		if ours || len(one.partners) > 0 {
			c.find(Reversed, "the other half of %s payment %s of %s was cancelled or is gone", side, one.ID, one.Amount)
		}
	}
}

func standing(list []*entry) []*entry {
	return slices.DeleteFunc(slices.Clone(list), func(e *entry) bool { return e.Cancelled })
}

// closeKeyed ends a pair that keys have made. Where only Precoro's half is tagged, the ERP's is given its key too.
func (c *caseFile) closeKeyed(p, e *entry) {
	p.done, e.done = true, true
	if distance(p.Amount.Minor(), e.Amount.Minor()) > c.tolerance {
		c.find(AmountMismatch, "payment %s is %s in Precoro, %s in the ERP (%s)", p.ID, p.Amount, e.Amount, e.ID)
		return
	}
	if c.tagsBack(e) {
		c.key(p, e)
	}
}

// pairByAmount adopts: untagged payments of equal amount on both sides are the same one, nearest date first.
func (c *caseFile) pairByAmount() {
	type candidate struct {
		p, e       *entry
		apart      int64
		days, i, j int
	}
	var candidates []candidate
	for i, p := range c.precoro {
		for j, e := range c.erp {
			if !adoptable(p) || !adoptable(e) {
				continue
			}
			apart, days := distance(p.Amount.Minor(), e.Amount.Minor()), p.Date.Days(e.Date)
			if apart <= c.tolerance && days <= c.policy.AdoptDays {
				candidates = append(candidates, candidate{p, e, apart, days, i, j})
			}
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.apart, b.apart), cmp.Compare(a.days, b.days), cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
	})
	for _, pair := range candidates {
		if pair.p.done || pair.e.done {
			continue
		}
		pair.p.done, pair.e.done = true, true
		c.key(pair.p, pair.e)
	}
}

func adoptable(e *entry) bool {
	return !e.Cancelled && !e.done && !e.begun && !e.Unsupported && e.Tag == "" && e.Amount.Sign() > 0
}

// key ties two halves together: one key suffices, on the ERP's side where it can hold one and the direction allows,
// else in Precoro. Nothing is written about payments from before the start.
func (c *caseFile) key(p, e *entry) {
	if p.Date < c.policy.Start || e.Date < c.policy.Start {
		return
	}
	onERP := Write{Adopt: true, Direction: ToERP, Key: KeyInERP(p.ID), Amount: e.Amount, Date: e.Date, Source: p.ID, Target: e.ID, Ref: e.Ref}
	onPrecoro := Write{Adopt: true, Direction: ToPrecoro, Key: KeyInPrecoro(e.ID), Amount: p.Amount, Date: p.Date, Source: e.ID, Target: p.ID, Ref: p.Ref}
	switch {
	case c.tagsBack(e) && ValidKey(onERP.Key):
		c.keys = append(c.keys, onERP)
	case c.policy.Direction.Allows(ToPrecoro) && p.Tag == "" && ValidKey(onPrecoro.Key):
		c.keys = append(c.keys, onPrecoro)
	}
}

// settleDerived explains a paid flag: it says that the whole is paid, not how. Every Precoro payment without a record is
// recorded under it; what Precoro then lacks is one payment to create there.
func (c *caseFile) settleDerived() {
	if c.derived == nil {
		return
	}
	flag := c.derived
	var explained int64
	rest := left(c.precoro)
	for _, p := range rest {
		explained += p.Amount.Minor()
	}
	lacking := flag.Amount.Minor() - explained
	switch {
	case lacking < -c.tolerance:
		c.find(Overpaid, "Precoro holds %s that the ERP, which is paid, does not know", c.amount(-lacking))
	case lacking > c.tolerance && c.flagPaid:
		c.find(AmountMismatch, "the payment made for the paid flag of bill %s does not fill it: %s are missing", c.bill.ID, c.amount(lacking))
	}
	open, keys := flag.Amount.Minor(), len(c.keys)
	for _, p := range rest {
		p.done = true
		c.record(p, open)
		open -= p.Amount.Minor()
	}
	// A credit has no record, so that the records of all others would exceed the total.
	if i := slices.IndexFunc(rest, func(p *entry) bool { return p.Amount.Sign() < 0 }); i >= 0 && (len(c.keys) > keys || lacking > c.tolerance) {
		c.find(UnsupportedPayment, "payment %s of %s cannot be told from what the paid flag of bill %s says", rest[i].ID, rest[i].Amount, c.bill.ID)
	}
	if lacking > c.tolerance {
		c.plan(flag, Write{
			Direction: ToPrecoro, Key: KeyInPrecoro(flag.ID), Amount: c.amount(lacking), Date: c.policy.Today,
			Source: flag.ID, TagBack: c.tagsBack(flag),
		})
	}
}

// record notes a Precoro payment under the bill's paid flag, of which so much is open. Only the ERP can hold that: a key in
// Precoro would have to be the same on every one of them. The last is recorded with what is open, if it is more by no more
// than the tolerance.
func (c *caseFile) record(p *entry, open int64) {
	amount := p.Amount.Minor()
	switch {
	case p.Date < c.policy.Start:
	case p.Unsupported || amount <= 0:
		c.find(UnsupportedPayment, "payment %s of %s is not a plain payment", p.ID, p.Amount)
	case !c.tagsBack(c.derived) || !ValidKey(KeyInERP(p.ID)):
	case open <= 0 || amount-open > c.tolerance:
		c.find(Overpaid, "payment %s of %s is more than the %s that bill %s is paid beyond its records", p.ID, p.Amount, c.amount(max(open, 0)), c.bill.ID)
	default:
		c.keys = append(c.keys, Write{
			Adopt: true, Direction: ToERP, Key: KeyInERP(p.ID), Amount: c.amount(min(amount, open)), Date: p.Date, Source: p.ID, Target: c.derived.ID,
		})
	}
}

// maxLeft is how many leftovers are compared in every combination; more count as a possible duplicate.
const maxLeft = 10

// checkLeftovers: both sides have payments without counterpart, and some of one side's add up to some of the other's.
func (c *caseFile) checkLeftovers() {
	p := slices.DeleteFunc(left(c.precoro), func(p *entry) bool { return len(standing(p.partners)) > 0 })
	e := append(left(c.erp), c.onTheirWay()...)
	if len(p) == 0 || len(e) == 0 {
		return
	}
	if len(p)+len(e) > maxLeft {
		c.find(PossibleDuplicate, "%d payments without counterpart in Precoro and %d in the ERP are too many to tell apart", len(p), len(e))
		return
	}
	theirs := subsetSums(e)
	for _, ours := range subsetSums(p) {
		i, _ := slices.BinarySearch(theirs, ours-c.tolerance)
		if i < len(theirs) && theirs[i] <= ours+c.tolerance {
			c.find(PossibleDuplicate, "payments of %s in Precoro may be the same as payments of %s in the ERP", c.amount(ours), c.amount(theirs[i]))
			return
		}
	}
}

// subsetSums is the sum of every non-empty subset, in minor units, ascending.
func subsetSums(list []*entry) []int64 {
	var sums []int64
	for _, one := range list {
		for _, sum := range sums {
			sums = append(sums, sum+one.Amount.Minor())
		}
		sums = append(sums, one.Amount.Minor())
	}
	slices.Sort(sums)
	return sums
}
