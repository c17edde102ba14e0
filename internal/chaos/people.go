//go:build unix

package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"payrecon/internal/reconcile"
	"payrecon/internal/sandbox"
)

// start is the company's first day: what was paid before it is left alone.
const startDay = "2026-01-01"

// people change both systems and know what payrecon owes them for it.
type people struct {
	box    *box
	random *rand.Rand

	due      map[string]Due             // by key
	except   map[int64]reconcile.Reason // by idn: what must end as an exception, and why
	partly   []pair                     // partly paid in Precoro, and settled
	complete []pair                     // paid in full by one payment in Precoro, and settled
	fresh    []pair                     // of this round; settled when it has been judged
}

// pair is an invoice and its bill.
type pair struct {
	sandbox.Acted

	total, paid int64 // cents
	payment     int64 // database id of the last payment in Precoro
}

func newPeople(b *box, random *rand.Rand) *people {
	return &people{box: b, random: random, due: map[string]Due{}, except: map[int64]reconcile.Reason{}}
}

// deeds are what people do between two runs. Those in both directions come first: a round does each of them at least once.
var deeds = []func(*people, context.Context) error{
	(*people).payInPrecoro, (*people).payInERP,
	(*people).payPart, (*people).payTwoAlike, (*people).payBothSides, (*people).payPartAndFlag, (*people).payPartAndFlag,
	(*people).payMore, (*people).flagRest, (*people).payForeign, (*people).leaveUnpaid, (*people).trouble,
}

const always = 2 // so many of the deeds are done in each round

// change changes the world for one round.
func (p *people) change(ctx context.Context) error {
	for _, deed := range deeds[:always] {
		for range 1 + p.random.IntN(2) {
			if err := deed(p, ctx); err != nil {
				return err
			}
		}
	}
	for range 2 + p.random.IntN(3) {
		if err := p.more(ctx); err != nil {
			return err
		}
	}
	return nil
}

// more is one change of any kind; it may come while a run works.
func (p *people) more(ctx context.Context) error { return deeds[p.random.IntN(len(deeds))](p, ctx) }

// settled tells that what is due has been judged.
func (p *people) settled() {
	for _, one := range p.fresh {
		if one.paid == one.total {
			p.complete = append(p.complete, one)
		} else {
			p.partly = append(p.partly, one)
		}
	}
	p.fresh = nil
}

func (p *people) pair(ctx context.Context, act sandbox.Act) (pair, error) {
	total := 2000 + p.random.Int64N(200_000)*2
	act.Act, act.Total, act.Currency = "pair", cents(total), "EUR"
	acted, err := p.box.act(ctx, act)
	return pair{Acted: acted, total: total}, err
}

// pay pays in Precoro. Who pays says whether it is owed to the ERP.
func (p *people) pay(ctx context.Context, one *pair, amount int64, date, tag string) error {
	acted, err := p.box.act(ctx, sandbox.Act{Act: "pay", Invoice: one.Invoice, Amount: cents(amount), Date: date, ExternalID: tag})
	if err != nil {
		return err
	}
	one.payment, one.paid = acted.Payment, one.paid+amount
	return nil
}

func (p *people) payDue(ctx context.Context, one *pair, amount int64, date, tag string) error {
	err := p.pay(ctx, one, amount, date, tag)
	if err == nil {
		p.due[keyInERP(one.payment)] = Due{Direction: reconcile.ToERP, Invoice: one.IDN, Cents: amount}
	}
	return err
}

func (p *people) flag(ctx context.Context, one pair, paid int) error {
	_, err := p.box.act(ctx, sandbox.Act{Act: "paid", BillID: one.Bill, Paid: &paid})
	return err
}

// flagDue sets the paid flag: what Precoro lacks of the total is one payment.
func (p *people) flagDue(ctx context.Context, one pair) error {
	err := p.flag(ctx, one, 1)
	if err == nil && one.paid < one.total {
		p.due["er."+strconv.FormatInt(one.Bill, 10)+".paid"] = Due{Direction: reconcile.ToPrecoro, Invoice: one.IDN, Cents: one.total - one.paid}
	}
	return err
}

func (p *people) day() string {
	return fmt.Sprintf("2026-%02d-%02d", 1+p.random.IntN(10), 1+p.random.IntN(28))
}

func (p *people) payInPrecoro(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{})
	if err != nil {
		return err
	}
	err = p.payDue(ctx, &one, one.total, p.day(), "")
	p.fresh = append(p.fresh, one)
	return err
}

func (p *people) payInERP(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{})
	if err != nil {
		return err
	}
	return p.flagDue(ctx, one)
}

func (p *people) payPart(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{})
	if err != nil {
		return err
	}
	err = p.payDue(ctx, &one, 1+p.random.Int64N(one.total-1), p.day(), "")
	p.fresh = append(p.fresh, one)
	return err
}

// payTwoAlike pays two equal halves on one day.
func (p *people) payTwoAlike(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{})
	day := p.day()
	for range 2 {
		if err == nil {
			err = p.payDue(ctx, &one, one.total/2, day, "")
		}
	}
	return err
}

// payBothSides pays in Precoro and sets the paid flag: both halves are there, and only the record is missing.
func (p *people) payBothSides(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{})
	if err != nil {
		return err
	}
	if err := p.pay(ctx, &one, one.total, p.day(), ""); err != nil {
		return err
	}
	p.due[keyInERP(one.payment)] = Due{Direction: reconcile.ToERP, Invoice: one.IDN, Cents: one.total, Optional: true}
	return p.flag(ctx, one, 1)
}

// payPartAndFlag pays a part in Precoro and sets the paid flag: something is missing on either side.
func (p *people) payPartAndFlag(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{})
	if err != nil {
		return err
	}
	if err := p.payDue(ctx, &one, 1+p.random.Int64N(one.total-1), p.day(), ""); err != nil {
		return err
	}
	return p.flagDue(ctx, one)
}

// payMore pays another part of an invoice that a run has settled.
func (p *people) payMore(ctx context.Context) error {
	one, found := p.take(&p.partly)
	if !found {
		return p.payPart(ctx)
	}
	err := p.payDue(ctx, &one, one.total-one.paid, p.day(), "")
	p.fresh = append(p.fresh, one)
	return err
}

// flagRest pays the rest of such an invoice in the ERP.
func (p *people) flagRest(ctx context.Context) error {
	one, found := p.take(&p.partly)
	if !found {
		return p.payPart(ctx)
	}
	return p.flagDue(ctx, one)
}

// payForeign pays in Precoro under an external ID of somebody else's, or changes it after that.
func (p *people) payForeign(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{})
	if err != nil {
		return err
	}
	if err := p.payDue(ctx, &one, one.total, p.day(), "bank-"+strconv.Itoa(p.random.IntN(1000))); err != nil || p.random.IntN(2) == 0 {
		return err
	}
	_, err = p.box.act(ctx, sandbox.Act{Act: "retag", Payment: one.payment, ExternalID: "statement-" + strconv.Itoa(p.random.IntN(1000))})
	return err
}

// leaveUnpaid adds what nothing is to be done about, or takes such a thing away again.
func (p *people) leaveUnpaid(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{})
	if err != nil || p.random.IntN(2) == 0 {
		return err
	}
	_, err = p.box.act(ctx, sandbox.Act{Act: "remove", Invoice: one.Invoice})
	return err
}

// trouble is what no machine may write on.
func (p *people) trouble(ctx context.Context) error {
	kinds := []func(context.Context) error{
		func(ctx context.Context) error {
			return p.untouchable(ctx, sandbox.Act{Bill: "none"}, reconcile.NoBill, startDay)
		},
		func(ctx context.Context) error {
			return p.untouchable(ctx, sandbox.Act{Bill: "draft"}, reconcile.NotConfirmed, startDay)
		},
		func(ctx context.Context) error {
			return p.untouchable(ctx, sandbox.Act{BillCurrency: "USD"}, reconcile.CurrencyMismatch, startDay)
		},
		func(ctx context.Context) error { return p.untouchable(ctx, sandbox.Act{}, "", "2025-12-31") },
		p.flagUnapproved, p.cancel, p.takeBack,
	}
	return kinds[p.random.IntN(len(kinds))](ctx)
}

// untouchable is paid in Precoro, and must not reach the ERP.
func (p *people) untouchable(ctx context.Context, act sandbox.Act, reason reconcile.Reason, date string) error {
	one, err := p.pair(ctx, act)
	if err != nil {
		return err
	}
	if reason != "" {
		p.except[one.IDN] = reason
	}
	return p.pay(ctx, &one, one.total, date, "")
}

// flagUnapproved sets the paid flag of a bill whose invoice nobody has approved.
func (p *people) flagUnapproved(ctx context.Context) error {
	one, err := p.pair(ctx, sandbox.Act{Status: 1})
	if err != nil {
		return err
	}
	return p.flag(ctx, one, 1)
}

// cancel cancels a payment that has its record.
func (p *people) cancel(ctx context.Context) error {
	one, found := p.take(&p.complete)
	if !found {
		return p.payInPrecoro(ctx)
	}
	p.except[one.IDN] = reconcile.Reversed
	_, err := p.box.act(ctx, sandbox.Act{Act: "cancel", Payment: one.payment})
	return err
}

// takeBack clears the paid flag of a bill whose records are complete.
func (p *people) takeBack(ctx context.Context) error {
	one, found := p.take(&p.complete)
	if !found {
		return p.payInPrecoro(ctx)
	}
	p.except[one.IDN] = reconcile.Reversed
	return p.flag(ctx, one, 0)
}

// take removes a random one.
func (p *people) take(from *[]pair) (pair, bool) {
	if len(*from) == 0 {
		return pair{}, false
	}
	i := p.random.IntN(len(*from))
	one := (*from)[i]
	*from = slices.Delete(*from, i, i+1)
	return one, true
}

func cents(n int64) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }
