//go:build unix

package tryout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/internal/trytond"
	"payrecon/workflows"
)

// Evidence is what a company is judged by. Tryton's ledger and the sandbox are the truth; what payrecon says is held against
// it.
type Evidence struct {
	Cases   []*Case
	Precoro sandbox.State
	Tryton  map[string]trytond.Ledger // by the bill's id
	Reports []report.Report           // of all runs, the last one is of a run that nothing befell
	Cut     int                       // runs that ended without a report
	// Again is what one run more has written, in words.
	Again []string
}

// Verdict is what was found out.
type Verdict struct {
	Broken []string // promises that do not hold, in words
	// Due are the payments that people have entered on one side only, and that nothing keeps a machine from writing on the other.
	// ToERP and ToPrecoro count those that are there, Lost those that are not, Doubled the payments of ours that are there twice,
	// or beside one that a person has entered.
	Due, ToERP, ToPrecoro, Lost, Doubled int
	Left                                 int // payments of ours that are begun in Tryton and not made, each told in an exception
	Exceptions                           map[reconcile.Reason]int
}

// Judge holds the evidence against the promises of payrecon.
func Judge(e Evidence) Verdict {
	j := judgement{
		Evidence: e, Verdict: Verdict{Exceptions: map[reconcile.Reason]int{}},
		posts: map[string][]sandbox.Write{}, told: map[string]int{}, excepted: map[int64]report.Row{}, explained: map[string]bool{},
	}
	for _, w := range e.Precoro.Ledger {
		if w.Op == postPayment {
			j.posts[w.Key] = append(j.posts[w.Key], w)
		}
	}
	for _, r := range e.Reports {
		for _, row := range r.Rows {
			if row.Action == report.Created {
				j.told[row.Key]++
			}
		}
	}
	if len(e.Reports) > 0 {
		for _, row := range e.Reports[len(e.Reports)-1].Rows {
			if row.Action == report.HasException {
				j.excepted[row.Invoice] = row
				j.Exceptions[row.Reason]++
			}
		}
	}
	for _, one := range e.Cases {
		j.judge(one)
	}
	j.nothingElse()
	return j.Verdict
}

const postPayment = "POST /payments"

type judgement struct {
	Evidence
	Verdict

	posts     map[string][]sandbox.Write // by key
	told      map[string]int             // how often a report says that the payment of this key was created
	excepted  map[int64]report.Row       // by idn
	explained map[string]bool            // keys of payments that are due
}

func (j *judgement) breaks(promise, format string, args ...any) {
	j.Broken = append(j.Broken, promise+": "+fmt.Sprintf(format, args...))
}

// judge looks at one invoice and its bill.
func (j *judgement) judge(one *Case) {
	s := j.scene(one)
	s.unfinished()
	for _, f := range one.Facts {
		switch {
		case f.Precoro != 0 && f.Tryton != "":
			s.onBothSides(f)
		case f.Precoro != 0:
			s.dueInTryton(f)
		default:
			s.dueInPrecoro(f)
		}
	}
	s.withinTotals()
	s.agrees()
}

// scene is a case, as both sides hold it.
type scene struct {
	*judgement
	*Case

	invoice sandbox.Invoice
	ledger  trytond.Ledger
	ours    map[string][]trytond.Record // payment records that no person has made, by their key; those that failed are not
	left    []trytond.Record            // of them, those that are not made
	row     *report.Row                 // of its exception, nil for none
}

func (j *judgement) scene(one *Case) *scene {
	s := &scene{judgement: j, Case: one, ledger: j.Tryton[one.Bill], ours: map[string][]trytond.Record{}}
	for _, i := range j.Precoro.Invoices {
		if i.ID == one.Invoice.ID {
			s.invoice = i
		}
	}
	if row, is := j.excepted[one.Invoice.IDN]; is {
		s.row = &row
	}
	for _, record := range s.ledger.Payments {
		if record.State == failed || slices.ContainsFunc(one.Facts, func(f *Fact) bool { return f.Tryton == "p"+record.ID }) {
			continue
		}
		s.ours[keyOf(record)] = append(s.ours[keyOf(record)], record)
		if record.State != succeeded {
			s.left = append(s.left, record)
		}
	}
	return s
}

// States of a payment record.
const (
	succeeded = "succeeded"
	failed    = "failed"
)

// keyOf is a record's key. Without the module it stands in the description.
func keyOf(r trytond.Record) string {
	if r.Key != "" {
		return r.Key
	}
	return r.Description
}

func inTryton(precoro int64) string { return "pr." + strconv.FormatInt(precoro, 10) }

func (s *scene) name() string {
	return fmt.Sprintf("invoice %d (bill %s)", s.Invoice.IDN, s.Bill)
}

// unfinished: what is begun and not made is told in an exception, by its id.
func (s *scene) unfinished() {
	for _, record := range s.left {
		s.Left++
		if s.row == nil || !strings.Contains(s.row.Note, "payment p"+record.ID+" ") || !strings.Contains(s.row.Note, record.State) {
			s.breaks("I10", "%s: payment %s of ours (%s) is %s, and no exception says so: %+v", s.name(), record.ID, keyOf(record), record.State, s.row)
		}
	}
}

// mayLack: a machine may have left it to people.
func (s *scene) mayLack() bool { return s.Except != "" || len(s.left) > 0 }

// onBothSides: nothing is due, and what we may have begun before a person entered it must not be made.
func (s *scene) onBothSides(f *Fact) {
	key := inTryton(f.Precoro)
	s.explained[key] = true
	for _, record := range s.ours[key] {
		if record.State == succeeded {
			s.Doubled++
			s.breaks("I1", "%s: %s was made as payment %s, and a person has paid it as %s", s.name(), key, record.ID, f.Tryton)
		}
	}
	if posts := s.posts["er."+f.Tryton]; len(posts) > 0 {
		s.Doubled++
		s.breaks("I1", "%s: er.%s was made in Precoro, where a person has entered it as %d", s.name(), f.Tryton, f.Precoro)
	}
}

func (s *scene) dueInTryton(f *Fact) {
	key := inTryton(f.Precoro)
	s.explained[key] = true
	records := s.ours[key]
	if len(records) > 1 {
		s.Doubled += len(records) - 1
		s.breaks("I1", "%s: %d payments carry %s", s.name(), len(records), key)
	}
	made := slices.IndexFunc(records, func(r trytond.Record) bool { return r.State == succeeded })
	switch {
	case made >= 0:
		s.Due++
		s.ToERP++
		s.reported(key)
		if r := records[made]; r.Amount != f.Amount || r.Date != f.Date || !r.Cleared {
			s.breaks("I1", "%s: %s is %s of %s, in the ledger: %t; due is %s of %s", s.name(), key, r.Amount, r.Date, r.Cleared, f.Amount, f.Date)
		}
	case !s.mayLack():
		s.Due++
		s.Lost++
		s.breaks("I4", "%s: %s of %s is due in Tryton and was not made", s.name(), key, f.Amount)
	}
	if made >= 0 && s.Except != "" {
		s.breaks("I6", "%s: %s was made, though it is %s", s.name(), key, s.Except)
	}
}

func (s *scene) dueInPrecoro(f *Fact) {
	key := "er." + f.Tryton
	s.explained[key] = true
	posts := s.posts[key]
	if len(posts) > 1 {
		s.Doubled += len(posts) - 1
		s.breaks("I1", "%s: %d payments were made in Precoro for %s", s.name(), len(posts), key)
	}
	switch {
	case len(posts) > 0:
		s.Due++
		s.ToPrecoro++
		s.reported(key)
		if p := posts[0]; p.Amount != f.Amount.Number() || p.Date != string(f.Date) || p.Document != strconv.FormatInt(s.Invoice.IDN, 10) {
			s.breaks("I1", "%s: %s is %s of %s on invoice %s; due is %s of %s", s.name(), key, p.Amount, p.Date, p.Document, f.Amount, f.Date)
		}
	case !s.mayLack():
		s.Due++
		s.Lost++
		s.breaks("I4", "%s: %s of %s is due in Precoro and was not made", s.name(), key, f.Amount)
	}
	if len(posts) > 0 && s.Except != "" {
		s.breaks("I6", "%s: %s was made, though it is %s", s.name(), key, s.Except)
	}
}

// reported is I10: what was made is in one report, as long as every run had one.
func (s *scene) reported(key string) {
	if n := s.told[key]; n > 1 || n == 0 && s.Cut == 0 {
		s.breaks("I10", "%s: %d reports say that %s was created", s.name(), n, key)
	}
}

// withinTotals is I2; people do not pay too much here.
func (s *scene) withinTotals() {
	if s.Bill != "" && s.ledger.Paid.Minor() > s.ledger.Total.Minor() {
		s.breaks("I2", "%s: Tryton holds %s of %s", s.name(), s.ledger.Paid, s.ledger.Total)
	}
	if paid, total := s.precoro(s.invoice.Paid), s.precoro(s.invoice.Total); paid.Minor() > total.Minor() {
		s.breaks("I2", "%s: Precoro holds %s of %s", s.name(), paid, total)
	}
}

func (s *scene) precoro(number string) money.Amount {
	amount, err := money.Parse(number, s.Invoice.Currency)
	if err != nil {
		s.breaks("I2", "%s: Precoro holds %q: %v", s.name(), number, err)
	}
	return amount
}

// agrees is I3: what differs is an exception of the last run, and there are no others than must be.
func (s *scene) agrees() {
	paid, inTryton := s.precoro(s.invoice.Paid), s.ledger.Paid
	if s.Bill == "" {
		inTryton, _ = money.FromMinor(0, paid.Currency()) // a currency that was read
	}
	switch {
	case s.row == nil && paid != inTryton:
		s.breaks("I3", "%s: Precoro holds %s, Tryton %s, and no exception says so", s.name(), paid, inTryton)
	case s.row == nil && s.Except != "":
		s.breaks("I4", "%s is %s, and no exception says so", s.name(), s.Except)
	case s.row != nil && s.Except == "" && len(s.left) == 0, s.row != nil && s.Except != "" && s.row.Reason != s.Except:
		s.breaks("I3", "%s is an exception, %s (%s), for no reason in the world (%q)", s.name(), s.row.Reason, s.row.Note, s.Except)
	}
}

// nothingElse is I6, and what remains of I3 and I8.
func (j *judgement) nothingElse() {
	for _, one := range j.Cases {
		for key, records := range j.scene(one).ours {
			if !j.explained[key] {
				j.breaks("I6", "bill %s holds %d payments with %q, and nobody was owed them", one.Bill, len(records), key)
			}
		}
	}
	for _, w := range j.Precoro.Ledger {
		switch {
		case w.Op == postPayment && j.explained[w.Key]:
		case w.Op == "PATCH /payments/{idn}" && w.Before == "":
		default:
			j.breaks("I6", "%s on invoice %s, %s, and nobody was owed it", w.Op, w.Document, w.Key)
		}
	}
	for _, limiter := range slices.Sorted(maps.Keys(j.Precoro.Throttled)) {
		j.breaks("I8", "%d requests were refused by the limiter %q", j.Precoro.Throttled[limiter], limiter)
	}
	for _, alarm := range j.Precoro.Alarms {
		j.breaks("I8", "the sandbox is alarmed: %s", alarm)
	}
	for _, again := range j.Again {
		j.breaks("I3", "one run more wrote: %s", again)
	}
}

// Judge lets two runs come that nothing befalls and that compare everything, and judges what both sides then hold. The second
// must write nothing.
func (c *Company) Judge(ctx context.Context) (Verdict, error) {
	_, err := c.compareAll(ctx)
	if err != nil {
		return Verdict{}, err
	}
	return c.judge(ctx, true)
}

func (c *Company) compareAll(ctx context.Context) (report.Report, error) {
	return c.Reconcile(ctx, workflows.Request{Scope: workflows.ScopeDeep})
}

// judge lets a run come that must write nothing. It reads the bills that people have paid since they were judged last, or all.
func (c *Company) judge(ctx context.Context, all bool) (Verdict, error) {
	inPrecoro, inTryton := len(c.State().Ledger), c.sent()
	if _, err := c.compareAll(ctx); err != nil {
		return Verdict{}, err
	}
	e, err := c.evidence(ctx, all)
	if err != nil {
		return Verdict{}, err
	}
	for _, w := range e.Precoro.Ledger[inPrecoro:] {
		e.Again = append(e.Again, fmt.Sprintf("%s on invoice %s, %s", w.Op, w.Document, w.Key))
	}
	if n := c.sent() - inTryton; n > 0 {
		e.Again = append(e.Again, fmt.Sprintf("%d requests that write in Tryton", n))
	}
	return Judge(e), nil
}

// evidence reads the books of both sides.
func (c *Company) evidence(ctx context.Context, all bool) (Evidence, error) {
	c.alive.RLock()
	defer c.alive.RUnlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.cases {
		if one.Bill == "" || one.judged && !all {
			continue
		}
		ledger, err := c.Books.Ledger(ctx, one.Bill)
		if err != nil {
			return Evidence{}, err
		}
		c.ledgers[one.Bill], one.judged = ledger, true
	}
	return Evidence{Cases: c.cases, Precoro: c.State(), Tryton: c.ledgers, Reports: c.reports, Cut: c.cut}, nil
}
