package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"payrecon/internal/money"
	"payrecon/internal/sandbox"
	"payrecon/internal/trytond"
)

// realTryton is a Tryton server of the demo's own, with a database in which payrecon's module is installed.
type realTryton struct {
	server   *trytond.Server
	database *trytond.Database
	books    *trytond.Books
	bills    int
	say      func(format string, args ...any)
}

func newRealTryton(ctx context.Context, say func(format string, args ...any)) (otherSide, error) {
	say("Starting Tryton.\n")
	server, err := trytond.Launch(ctx, writerFunc(say))
	if err != nil {
		return nil, err
	}
	t := &realTryton{server: server, say: say}
	if t.database, err = server.Clone(ctx, true); err == nil {
		t.books, err = t.database.Books(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return t, nil
}

// writerFunc lets the server tell what it does.
type writerFunc func(format string, args ...any)

func (say writerFunc) Write(text []byte) (int, error) {
	say("%s", text)
	return len(text), nil
}

var _ io.Writer = writerFunc(nil)

func (t *realTryton) stop() error { return t.server.Stop() }

func (t *realTryton) introduction() string {
	return fmt.Sprintf("Precoro is a sandbox, Tryton is real and has %d bills", t.bills)
}

func (t *realTryton) settings(string) settings {
	d := t.database
	return settings{Cap: 10, Table: fmt.Sprintf(`[company.erp]
system = "tryton"

[company.erp.tryton]
url      = %q
database = %q
username = %q
password = %q
journal  = %q
`, d.URL+"/", d.Name, d.Username, d.Password, d.Journal)}
}

// writes counts what Tryton's own records show: payments, those that have succeeded, and keys.
func (t *realTryton) writes(ctx context.Context) (int, error) {
	sum := 0
	for _, domain := range [][]any{{}, {[]any{"state", "=", "succeeded"}}, {[]any{"payrecon_key", "!=", nil}}} {
		var n int
		if err := t.books.Call(ctx, &n, "account.payment", "search_count", domain); err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// stories are what may have happened to an invoice and its bill. Each is told several times.
var stories = []story{
	{"nothing yet", func(s *scene) { s.bill("") }},
	{"missing in Tryton", func(s *scene) { s.bill(""); s.payInPrecoro(s.total, 9) }},
	{"missing in Tryton, two equal parts", func(s *scene) { s.bill(""); s.payInPrecoro(s.half(), 9); s.payInPrecoro(s.half(), 9) }},
	{"missing in Precoro, a payment record", func(s *scene) { s.bill(""); s.payByRecord(s.total, 12, "succeeded") }},
	{"missing in Precoro, paid in part by a record", func(s *scene) { s.bill(""); s.payByRecord(s.half(), 12, "succeeded") }},
	{"missing in Precoro, the Pay button", func(s *scene) { s.bill(""); s.payByWizard(s.total, 13) }},
	{"missing in Precoro, a bank statement", func(s *scene) { s.bill(""); s.payByStatement(s.total, 14) }},
	{"paid on both sides", func(s *scene) { s.bill(""); s.payInPrecoro(s.total, 9); s.payByRecord(s.total, 10, "succeeded") }},
	{"half on both sides, the rest in Precoro", func(s *scene) {
		s.bill("")
		s.payInPrecoro(s.half(), 9)
		s.payByRecord(s.half(), 10, "succeeded")
		s.payInPrecoro(s.half(), 20)
	}},
	{"somebody has begun to pay it in Tryton", func(s *scene) { s.bill(""); s.payInPrecoro(s.total, 9); s.payByRecord(s.total, 10, "draft") }},
	{"another total", func(s *scene) { s.bill("9999.99"); s.payInPrecoro(s.total, 9) }},
	{"no bill", func(s *scene) { s.payInPrecoro(s.total, 9) }},
}

type story struct {
	name string
	tell func(*scene)
}

// told is how often each story is.
const told = 3

func (t *realTryton) fill(ctx context.Context, precoro *sandbox.Sandbox) error {
	t.say("Entering bills and payments.\n\n")
	for n := range told * len(stories) {
		story := stories[n%len(stories)]
		day := time.Date(2026, 2, 2+n, 9, 0, 0, 0, time.UTC)
		total := fmt.Sprintf("%d.%02d", 100+37*n, 2*n%100)
		s := &scene{
			ctx: ctx, tryton: t, precoro: precoro, day: day, total: total,
			invoice: precoro.AddInvoice(sandbox.Invoice{Name: story.name, Currency: "EUR", Total: total, Created: day}),
		}
		if story.tell(s); s.err != nil {
			return fmt.Errorf("fill Tryton, %s: %w", story.name, s.err)
		}
	}
	return nil
}

// scene is one invoice and its bill. What goes wrong is kept, and nothing is done after it.
type scene struct {
	ctx     context.Context //nolint:containedctx // a scene is told within one call
	tryton  *realTryton
	precoro *sandbox.Sandbox
	invoice sandbox.Invoice
	day     time.Time
	total   string
	billID  string
	err     error
}

// half of a total, whose cents are even.
func (s *scene) half() string {
	total, err := money.Parse(s.total, "EUR")
	if err != nil {
		s.err = err
		return ""
	}
	half, err := money.FromMinor(total.Minor()/2, "EUR")
	s.err = errors.Join(s.err, err)
	return half.Number()
}

func (s *scene) on(days int) money.Date { return money.DateOf(s.day.AddDate(0, 0, days), time.UTC) }

func (s *scene) bill(total string) {
	if total == "" {
		total = s.total
	}
	if s.err == nil {
		s.billID, s.err = s.tryton.books.AddBill(s.ctx, trytond.Bill{Reference: strconv.FormatInt(s.invoice.ID, 10), Total: total, Date: s.on(0)})
		s.tryton.bills++
	}
}

func (s *scene) payInPrecoro(amount string, days int) {
	s.precoro.AddPayment(sandbox.Payment{InvoiceID: s.invoice.ID, Amount: amount, Date: string(s.on(days)), Created: s.day.AddDate(0, 0, days)})
}

func (s *scene) payByRecord(amount string, days int, state string) {
	if s.err == nil {
		_, s.err = s.tryton.books.PayByRecord(s.ctx, trytond.Payment{Bill: s.billID, Amount: amount, Date: s.on(days), State: state})
	}
}

func (s *scene) payByWizard(amount string, days int) {
	if s.err == nil {
		s.err = s.tryton.books.PayByWizard(s.ctx, s.billID, amount, s.on(days))
	}
}

func (s *scene) payByStatement(amount string, days int) {
	if s.err == nil {
		s.err = s.tryton.books.PayByStatement(s.ctx, s.billID, amount, s.on(days))
	}
}
