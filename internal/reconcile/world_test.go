package reconcile_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// world is an invoice and its bill in some state of agreement, and the policy they are judged by.
type world struct {
	*books
	policy reconcile.Policy
	// bills is how many bills carry the invoice.
	bills int
	// tied are the payments that have a counterpart from the start, known by key: "precoro 1", "erp 91".
	tied map[string]bool
}

const start money.Date = "2026-01-01"

// decide is what a run does about the world: link, compare, decide.
func (w world) decide() reconcile.Decision {
	inv, payments, bill := w.documents()
	return w.decideOn(inv, payments, bill)
}

func (w world) decideOn(inv reconcile.Invoice, payments []reconcile.Payment, bill reconcile.Bill) reconcile.Decision {
	index := reconcile.NewBills()
	for i := range w.bills {
		one := bill
		one.ID += "x"[:min(i, 1)]
		index.Add(one)
	}
	found, exception := reconcile.Linking{Sides: []string{reconcile.LinkERP}}.Link(inv, index)
	if exception == nil && found == nil {
		_, exception = reconcile.Compare(w.policy.Tolerance, inv, nil)
	}
	if exception != nil || found == nil {
		return reconcile.Decision{Exception: exception}
	}
	return reconcile.Decide(w.policy, inv, payments, *found)
}

// worlds generates them. Most are sound, so that there is something to write; each flaw that a reason names comes now and
// then.
var worlds = rapid.Custom(func(t *rapid.T) world {
	w := world{
		books: &books{
			currency:  rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD"}).Draw(t, "currency"),
			confirmed: !rarely(t, "draft"),
			flagOnly:  often(t, "only a flag"),
		},
		policy: reconcile.Policy{
			Start: start, AdoptDays: rapid.IntRange(0, 10).Draw(t, "window"), Today: "2026-04-01",
			Direction: rapid.SampledFrom([]reconcile.Direction{reconcile.Both, reconcile.Both, reconcile.Both, reconcile.ToERP, reconcile.ToPrecoro}).Draw(t, "direction"),
		},
		bills: 1,
		tied:  map[string]bool{},
	}
	w.policy.TagsERP = w.flagOnly || !often(t, "holds no tags")
	g := &generator{world: &w, t: t}
	if often(t, "tolerant") {
		g.tolerance = rapid.Int64Range(1, 50).Draw(t, "tolerance")
		w.policy.Tolerance = reconcile.Tolerance{w.currency: w.amount(g.tolerance)}
	}
	for range rapid.IntRange(0, 6).Draw(t, "stories") {
		g.story()
	}
	g.documents()
	return w
})

func often(t *rapid.T, what string) bool  { return rapid.IntRange(0, 2).Draw(t, what) == 2 }
func rarely(t *rapid.T, what string) bool { return rapid.IntRange(0, 39).Draw(t, what) == 39 }

type generator struct {
	*world
	t         *rapid.T
	tolerance int64
	paid      int64 // by everybody, on either side
}

// story adds one thing that has happened.
func (g *generator) story() {
	stories := []func(){g.onlyInPrecoro, g.onlyInPrecoro, g.pairByERPsKey, g.cancelledInPrecoro, g.pairThatHasAFlaw}
	if !g.flagOnly {
		stories = append(stories, g.onlyInERP, g.onlyInERP, g.pairByPrecorosKey, g.pairOfTwoKeys, g.pairByForeignTag, g.untaggedPair, g.untaggedPair, g.cancelledPair, g.paidInParts)
	}
	rapid.SampledFrom(stories).Draw(g.t, "story")()
}

// payment is one of today's, yesterday's, or now and then from before the start. The ids of both sides are the same
// numbers, and mean nothing to each other.
func (g *generator) payment(list []reconcile.Payment) reconcile.Payment {
	minor := rapid.OneOf(rapid.SampledFrom([]int64{1000, 2000, 3000}), rapid.Int64Range(1, 1_000_000)).Draw(g.t, "amount")
	day := rapid.OneOf(rapid.IntRange(0, 80), rapid.IntRange(0, 80), rapid.IntRange(0, 80), rapid.IntRange(-30, 5)).Draw(g.t, "day")
	p := reconcile.Payment{ID: fmt.Sprint(len(list) + 1), Amount: g.amount(minor), Date: after(start, day)}
	p.Ref = "r" + p.ID
	g.paid += minor
	return p
}

// counterpart is the same payment on the other side, with what the tolerance allows.
func (g *generator) counterpart(of reconcile.Payment, list []reconcile.Payment) reconcile.Payment {
	off := rapid.Int64Range(0, g.tolerance).Draw(g.t, "off")
	g.paid += off
	return reconcile.Payment{ID: fmt.Sprint(len(list) + 1), Amount: g.amount(of.Amount.Minor() + off), Date: of.Date}
}

func after(day money.Date, days int) money.Date {
	at, err := time.Parse(time.DateOnly, string(day))
	if err != nil {
		return ""
	}
	return money.DateOf(at.AddDate(0, 0, days), time.UTC)
}

func (g *generator) add(p, e reconcile.Payment) {
	g.precoro, g.erp = append(g.precoro, p), append(g.erp, e)
	if p.Tag != "" || e.Tag != "" {
		g.tied["precoro "+p.ID], g.tied["erp "+e.ID] = true, true
	}
}

func (g *generator) pair() (p, e reconcile.Payment) {
	p = g.payment(g.precoro)
	return p, g.counterpart(p, g.erp)
}

func (g *generator) onlyInPrecoro() {
	p := g.payment(g.precoro)
	if rarely(g.t, "stranger") {
		p.Tag = "bank 4711"
	}
	p.Unsupported = rarely(g.t, "unsupported")
	g.credit(&p)
	g.precoro = append(g.precoro, p)
}

// credit makes a payment one that takes money back.
func (g *generator) credit(p *reconcile.Payment) {
	if rarely(g.t, "credit") {
		g.paid -= p.Amount.Minor()
		p.Amount, p.Unsupported = g.amount(-p.Amount.Minor()), true
	}
}

func (g *generator) onlyInERP() {
	e := g.payment(g.erp)
	if rarely(g.t, "stranger") {
		e.Tag = "bank 4711"
	}
	e.Unsupported = rarely(g.t, "unsupported")
	g.erp = append(g.erp, e)
}

func (g *generator) pairByERPsKey() {
	p, e := g.pair()
	e.Tag = reconcile.KeyInERP(p.ID)
	g.add(p, e)
}

func (g *generator) pairByPrecorosKey() {
	p, e := g.pair()
	p.Tag = reconcile.KeyInPrecoro(e.ID)
	g.add(p, e)
}

func (g *generator) pairOfTwoKeys() {
	p, e := g.pair()
	p.Tag, e.Tag = reconcile.KeyInPrecoro(e.ID), reconcile.KeyInERP(p.ID)
	g.add(p, e)
}

func (g *generator) pairByForeignTag() {
	p, e := g.pair()
	if often(g.t, "in Precoro") {
		p.Tag = e.ID
	} else {
		e.Tag = p.ID
	}
	g.add(p, e)
}

// untaggedPair may be adopted if the dates are near enough.
func (g *generator) untaggedPair() {
	p, e := g.pair()
	e.Date = after(p.Date, rapid.IntRange(-5, 5).Draw(g.t, "apart"))
	g.add(p, e)
}

// paidInParts may be one payment in Precoro that is two in the ERP.
func (g *generator) paidInParts() {
	p := g.payment(g.precoro)
	if p.Amount.Minor() > 1 && often(g.t, "in parts") {
		part := rapid.Int64Range(1, p.Amount.Minor()-1).Draw(g.t, "part")
		for _, minor := range []int64{part, p.Amount.Minor() - part} {
			g.erp = append(g.erp, reconcile.Payment{ID: fmt.Sprint(len(g.erp) + 1), Amount: g.amount(minor), Date: p.Date})
			g.paid += minor
		}
	}
	g.precoro = append(g.precoro, p)
}

func (g *generator) cancelledInPrecoro() {
	p := g.payment(g.precoro)
	p.Cancelled = true
	g.precoro = append(g.precoro, p)
}

func (g *generator) cancelledPair() {
	p, e := g.pair()
	p.Cancelled, e.Cancelled, e.Tag = true, true, reconcile.KeyInERP(p.ID)
	g.add(p, e)
}

// pairThatHasAFlaw is sound most of the time.
func (g *generator) pairThatHasAFlaw() {
	p, e := g.pair()
	e.Tag = reconcile.KeyInERP(p.ID)
	flaw := func(string) {}
	if rapid.IntRange(0, 3).Draw(g.t, "flawed") == 3 {
		flaw = func(what string) { g.flaw(what, &p, &e) }
	}
	flaw(rapid.SampledFrom([]string{"cancelled here", "cancelled there", "gone", "edited", "twice", "unreadable", "dollars"}).Draw(g.t, "flaw"))
	g.add(p, e)
}

func (g *generator) flaw(what string, p, e *reconcile.Payment) {
	switch what {
	case "cancelled here":
		p.Cancelled = true
	case "cancelled there":
		e.Cancelled = true
	case "gone":
		e.Tag = reconcile.KeyInERP("gone")
	case "edited":
		e.Amount = g.amount(e.Amount.Minor() + 100)
		g.paid += 100
	case "twice":
		again := *e
		again.ID = fmt.Sprint("again-", e.ID)
		g.erp = append(g.erp, again)
		g.paid += e.Amount.Minor()
	case "unreadable":
		p.Problem = "sum: is not a number"
	case "dollars":
		dollars, err := money.FromMinor(p.Amount.Minor(), "USD")
		if err == nil {
			p.Amount = dollars
		}
	}
}

// documents gives the payments an invoice and a bill that they fit into.
func (g *generator) documents() {
	open := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 1_000_000)).Draw(g.t, "open")
	g.invTotal = g.paid + open
	if rarely(g.t, "too small") {
		g.invTotal = max(g.paid-1000, 1)
	}
	g.billTotal = g.invTotal + rapid.Int64Range(0, g.tolerance).Draw(g.t, "totals apart")
	switch rapid.IntRange(0, 59).Draw(g.t, "documents") {
	case 59:
		g.billTotal += 5000
	case 58:
		g.precoroSaysMore = 1
	case 57:
		g.erpSaysMore = -1
	case 56:
		g.bills = 0
	case 55:
		g.bills = 2
	}
	if g.flagOnly {
		g.paidFlag()
	}
}

// paidFlag sets it where the records are complete, or somebody else did. Then Precoro may hold the payment that was made
// for it.
func (g *generator) paidFlag() {
	recorded := g.sum(g.erp)
	g.flag = recorded == g.billTotal || !often(g.t, "not paid")
	if lacks := g.invTotal - g.sum(g.precoro); g.flag && recorded < g.billTotal && lacks > 0 && often(g.t, "made for the flag") {
		p := g.payment(g.precoro)
		p.Tag, p.Amount, p.Date = reconcile.KeyInPrecoro(billID+reconcile.DerivedSuffix), g.amount(lacks), after(start, 85)
		if rarely(g.t, "not filled") && lacks > 100 {
			p.Amount = g.amount(lacks - 100)
		}
		g.precoro = append(g.precoro, p)
	}
	if rarely(g.t, "taken back") {
		g.flag = false
	}
}

// shuffled is the list in another order.
func shuffled(t *rapid.T, list []reconcile.Payment, label string) []reconcile.Payment {
	if len(list) == 0 {
		return nil
	}
	return rapid.Permutation(slices.Clone(list)).Draw(t, label)
}

// GoString is the world as rapid shows it when a property fails.
func (w world) GoString() string {
	return fmt.Sprintf("%d bills, %+v, %+v", w.bills, *w.books, w.policy)
}
