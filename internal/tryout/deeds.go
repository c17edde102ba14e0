//go:build unix

package tryout

import (
	"context"
	"errors"
	"slices"

	"payrecon/internal/money"
	"payrecon/internal/trytond"
)

// deeds are what people do between two runs. The first two are done in each round, so that something is due both ways.
var deeds = []func(*lane, context.Context) error{
	(*lane).payWholeInPrecoro, (*lane).payWholeInTryton,
	(*lane).payPartInPrecoro, (*lane).payPartInPrecoro, (*lane).payPartInTryton, (*lane).payTwoAlike, (*lane).payInstalments,
	(*lane).payBothWays, (*lane).payMore, (*lane).payMore, (*lane).enterBoth, (*lane).trouble,
}

const always = 2 // so many of the deeds are done in each round

// change lets people work for a round.
func (l *lane) change(ctx context.Context) error {
	l.fresh = nil
	for _, deed := range deeds[:always] {
		if err := deed(l, ctx); err != nil {
			return err
		}
	}
	// A round is about a twentieth of what there is to do, so that there are some of them.
	for range min(max(l.Payments/20, 3), 20) {
		if err := deeds[l.random.IntN(len(deeds))](l, ctx); err != nil {
			return err
		}
	}
	return nil
}

// settled keeps those of the round on which more can be paid.
func (l *lane) settled() {
	for _, one := range l.fresh {
		twice := func(f *Fact) bool { return f.Precoro != 0 && f.Tryton != "" }
		if one.Except == "" && len(one.Facts) > 0 && !slices.ContainsFunc(one.Facts, twice) && one.open() > 0 {
			l.again = append(l.again, one)
		}
	}
}

// open is what nobody has paid yet, in minor units.
func (c *Case) open() int64 {
	total, err := c.amount(c.Invoice.Total)
	if err != nil {
		return 0 // it was entered
	}
	open := total.Minor()
	for _, f := range c.Facts {
		open -= f.Amount.Minor()
	}
	return open
}

// number is a sum of money in words of the invoice's currency.
func (c *Case) number(minor int64) string {
	amount, err := money.FromMinor(minor, money.Currency(c.Invoice.Currency))
	if err != nil {
		return "" // nobody can pay that
	}
	return amount.Number()
}

// enter is an invoice with a total that can be halved.
func (l *lane) enter(ctx context.Context, d Document) (*Case, error) {
	if d.Currency == "" {
		d.Currency = []string{"EUR", "EUR", "EUR", "USD", "JPY"}[l.random.IntN(5)]
	}
	total, err := money.FromMinor(1000+2*l.random.Int64N(100_000), money.Currency(d.Currency))
	if err != nil {
		return nil, err
	}
	d.Total = total.Number()
	one, err := l.Enter(ctx, d)
	l.fresh = append(l.fresh, one)
	return one, err
}

func (l *lane) day() int { return -l.random.IntN(50) }

func (l *lane) way() Way { return Ways()[l.random.IntN(len(Ways()))] }

// part is some of what is open, but not so much that it could be what is paid already.
func (l *lane) part(one *Case) string {
	return one.number(1 + l.random.Int64N(one.open()/3))
}

func (l *lane) payWholeInPrecoro(ctx context.Context) error {
	one, err := l.enter(ctx, Document{})
	if err == nil {
		_, err = l.PayInPrecoro(one, one.Invoice.Total, l.day())
	}
	return err
}

func (l *lane) payWholeInTryton(ctx context.Context) error {
	one, err := l.enter(ctx, Document{})
	if err == nil {
		_, err = l.PayInTryton(ctx, one, l.way(), one.Invoice.Total, l.day())
	}
	return err
}

func (l *lane) payPartInPrecoro(ctx context.Context) error {
	one, err := l.enter(ctx, Document{})
	if err == nil {
		_, err = l.PayInPrecoro(one, l.part(one), l.day())
	}
	return err
}

func (l *lane) payPartInTryton(ctx context.Context) error {
	one, err := l.enter(ctx, Document{})
	if err == nil {
		_, err = l.PayInTryton(ctx, one, l.way(), l.part(one), l.day())
	}
	return err
}

// payTwoAlike pays two equal parts on one day, on either side.
func (l *lane) payTwoAlike(ctx context.Context) error {
	one, err := l.enter(ctx, Document{})
	if err != nil {
		return err
	}
	part, day, way, inTryton := l.part(one), l.day(), l.way(), l.random.IntN(2) == 0
	for range 2 {
		if inTryton {
			_, err = l.PayInTryton(ctx, one, way, part, day)
		} else {
			_, err = l.PayInPrecoro(one, part, day)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// payInstalments pays one or both halves of a bill that is due in two.
func (l *lane) payInstalments(ctx context.Context) error {
	// In another currency the halves may be a cent off, as Tryton divides them in the company's.
	one, err := l.enter(ctx, Document{Instalments: 2, Currency: "EUR"})
	if err != nil {
		return err
	}
	half := one.number(one.open() / 2)
	for range 1 + l.random.IntN(2) {
		if _, err := l.PayInPrecoro(one, half, l.day()); err != nil {
			return err
		}
	}
	return nil
}

// payBothWays pays a part on each side: another one.
func (l *lane) payBothWays(ctx context.Context) error {
	one, err := l.enter(ctx, Document{})
	if err != nil {
		return err
	}
	if _, err := l.PayInPrecoro(one, l.part(one), l.day()); err != nil {
		return err
	}
	_, err = l.PayInTryton(ctx, one, l.way(), one.number(one.open()), l.day())
	return err
}

// payMore pays the rest of an invoice that an earlier round has settled, on either side.
func (l *lane) payMore(ctx context.Context) error {
	if len(l.again) == 0 {
		return l.payPartInPrecoro(ctx)
	}
	i := l.random.IntN(len(l.again))
	one := l.again[i]
	l.again = slices.Delete(l.again, i, i+1)
	var err error
	if l.random.IntN(2) == 0 && one.instalments < 2 {
		_, err = l.PayInTryton(ctx, one, l.way(), one.number(one.open()), l.day())
	} else {
		_, err = l.PayInPrecoro(one, one.number(one.open()), l.day())
	}
	return err
}

// enterBoth pays, and tells both sides.
func (l *lane) enterBoth(ctx context.Context) error {
	one, err := l.enter(ctx, Document{})
	if err != nil {
		return err
	}
	f, err := l.PayInPrecoro(one, l.part(one), l.day())
	if err != nil {
		return err
	}
	return l.EnterInTryton(ctx, one, f, l.way())
}

// trouble is what no machine may write on.
func (l *lane) trouble(ctx context.Context) error {
	one, err := l.enter(ctx, []Document{{Draft: true}, {BillTotal: "3.00"}, {NoBill: true}}[l.random.IntN(3)])
	if err == nil {
		_, err = l.PayInPrecoro(one, l.part(one), l.day())
	}
	return err
}

// people let two of them act in the middle of the next run.
func (l *lane) people(ctx context.Context) {
	for _, act := range []func(context.Context, *Case, *Fact, Way) error{l.enterSame, l.payRest} {
		way, pick := l.way(), l.random.Uint64()
		do := func() { l.inTheMiddle(ctx, act, way, pick) }
		switch l.random.IntN(4) {
		case 0:
			l.Proxy.Before(ReadInvoices.Is, do)
		case 1:
			l.Proxy.Before(Create.Is, do)
		case 2:
			l.Proxy.Before(Approve.Is, do)
		default:
			l.Proxy.After(Process.Is, do)
		}
	}
}

// inTheMiddle lets a person act on one of the round's payments that stand in Precoro alone and are not made in Tryton yet.
func (l *lane) inTheMiddle(ctx context.Context, act func(context.Context, *Case, *Fact, Way) error, way Way, pick uint64) {
	type choice struct {
		one *Case
		f   *Fact
	}
	var choices []choice
	l.mu.Lock()
	for _, one := range l.fresh {
		if one.Except == "" && one.instalments < 2 && len(one.Facts) == 1 && one.Facts[0].Precoro != 0 && one.Facts[0].Tryton == "" {
			choices = append(choices, choice{one, one.Facts[0]})
		}
	}
	l.mu.Unlock()
	if len(choices) == 0 {
		return
	}
	chosen := choices[pick%uint64(len(choices))]
	err := act(ctx, chosen.one, chosen.f, way)
	var refused *trytond.Fault
	if errors.As(err, &refused) {
		l.did("were refused by Tryton: ours is under way")
	} else if err != nil {
		l.Say("%-15s round %-3d in the middle: %v", l.name(), l.rounds, err)
	}
}

// enterSame enters the payment in Tryton too, unless it is there.
func (l *lane) enterSame(ctx context.Context, one *Case, f *Fact, way Way) error {
	made, err := l.isMade(ctx, one, f)
	if err != nil || made {
		return err
	}
	if err := l.EnterInTryton(ctx, one, f, way); err != nil {
		return err
	}
	l.did("entered in Tryton what a run was about to make")
	return nil
}

func (l *lane) isMade(ctx context.Context, one *Case, f *Fact) (bool, error) {
	l.alive.RLock()
	defer l.alive.RUnlock()
	ledger, err := l.Books.Ledger(ctx, one.Bill)
	return slices.ContainsFunc(ledger.Payments, func(r trytond.Record) bool {
		return keyOf(r) == inTryton(f.Precoro) && r.State == succeeded
	}), err
}

// payRest pays what else is open.
func (l *lane) payRest(ctx context.Context, one *Case, _ *Fact, way Way) error {
	l.mu.Lock()
	open := one.open()
	l.mu.Unlock()
	if open == 0 {
		return nil
	}
	if _, err := l.PayInTryton(ctx, one, way, one.number(open), -1); err != nil {
		return err
	}
	l.did("paid the rest in Tryton in the middle of a run")
	return nil
}
