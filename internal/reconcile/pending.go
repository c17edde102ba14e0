package reconcile

import (
	"fmt"
	"slices"

	"payrecon/internal/money"
)

// Begun tells whether a bill holds a payment of ours that is not made yet.
func (b Bill) Begun() bool {
	return slices.ContainsFunc(b.Payments, func(p Payment) bool {
		_, ours := named(p.Tag, precoroPrefix)
		return ours && p.Pending != "" && !p.Cancelled
	})
}

// takeUpPending looks at what is on its way in the ERP. What we have begun is to be finished: its Precoro half is planned
// as if nothing were there, and the write takes the payment further by its key.
func (c *caseFile) takeUpPending() {
	begun := map[string]*entry{}
	for _, q := range c.pending {
		id, ours := named(q.Tag, precoroPrefix)
		if !ours {
			// One that was made, copied and put back: its other half in Precoro has lost it.
			q.done = slices.ContainsFunc(c.precoro, func(p *entry) bool { return p.Tag == KeyInPrecoro(q.ID) })
			continue
		}
		q.done = true
		if other, taken := begun[id]; taken {
			c.find(DuplicatePayment, "ERP payments %s and %s both carry %s", other.ID, q.ID, q.Tag)
			continue
		}
		begun[id] = q
		c.resume(q, id)
	}
}

// resume ties a payment that we have begun to the one it is for.
func (c *caseFile) resume(q *entry, id string) {
	for _, e := range c.erp {
		if e.Tag == q.Tag && !e.Cancelled {
			c.find(DuplicatePayment, "ERP payments %s and %s both carry %s", e.ID, q.ID, q.Tag)
			return
		}
	}
	for _, p := range c.precoro {
		switch {
		case p.ID != id || p.Cancelled:
		case slices.ContainsFunc(c.erp, func(e *entry) bool { return !e.Cancelled && p.Tag == KeyInPrecoro(e.ID) }):
			c.find(DuplicatePayment, "payment %s is tied to another one, and ERP payment %s of %s was begun for it too", p.ID, q.ID, q.Amount)
			return
		case distance(p.Amount.Minor(), q.Amount.Minor()) > c.tolerance:
			c.find(AmountMismatch, "payment %s is %s in Precoro, %s in the ERP (%s, %s)", p.ID, p.Amount, q.Amount, q.ID, q.Pending)
			return
		default:
			p.begun = true
			return
		}
	}
	c.find(Reversed, "ERP payment %s of %s was begun and is %s, but its other half was cancelled or is gone", q.ID, q.Amount, q.Pending)
}

// onTheirWay are payments that people have begun in the ERP: they may be the same as what Precoro holds.
func (c *caseFile) onTheirWay() []*entry {
	var others []*entry
	for _, q := range c.pending {
		if !q.done && q.Amount.Sign() > 0 {
			others = append(others, q)
		}
	}
	return others
}

// spokenFor is what the bill is paid, and will be once what people have begun is made. Where that may be the same as what
// Precoro holds, it is another matter.
func (c *caseFile) spokenFor() money.Amount {
	sum := c.bill.Paid.Minor()
	if c.found(PossibleDuplicate) {
		return c.bill.Paid
	}
	for _, q := range c.onTheirWay() {
		sum += q.Amount.Minor()
	}
	return c.amount(sum)
}

// leftBehind tells people what of ours stays unfinished, as nothing is ever taken back.
func (c *caseFile) leftBehind() (note string) {
	for _, q := range c.pending {
		if _, ours := named(q.Tag, precoroPrefix); ours {
			note += fmt.Sprintf("; ERP payment %s of %s for %s is begun and %s", q.ID, q.Amount, q.Tag, q.Pending)
		}
	}
	return note
}
