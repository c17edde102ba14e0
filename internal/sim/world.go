package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/internal/config"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/precoro"
	"payrecon/worker"
	"payrecon/workflows"
)

// Credentials that must not come up anywhere.
const (
	precoroEmail  = "robot.4711@example.com"
	precoroToken  = "precoro-t0ken-5512"  //nolint:gosec // of a sandbox
	erplyPassword = "erply-p4ssword-8842" //nolint:gosec // of a sandbox
	start         = "2026-01-01"
	settle        = 10 * time.Minute
)

// drawn are the companies of a seed.
func drawn(s *stage, registry erp.Registry) (configuration string) {
	r := random(s.seed, 1)
	for n := range pick(r, 1, 1, 1, 2) {
		c := s.newCompany(fmt.Sprintf("c%d", n+1), sandbox.Options{IgnoreExternalIDOnPost: r.IntN(3) == 0, LenientErply: r.IntN(3) == 0})
		c.plot, c.bumps = random(s.seed, r.Uint64()), random(s.seed, r.Uint64())
		configuration += c.draw(r, registry)
	}
	return configuration
}

// hire joins the companies to clients and activities, by the configuration that people write.
func (s *stage) hire(configuration string, registry erp.Registry) error {
	companies, err := load(configuration, registry)
	if err != nil {
		return err
	}
	for i, c := range s.companies {
		companies[i].Precoro, err = precoro.New(precoro.Options{
			URL: "https://precoro.example/precoro", Email: emailOf(c.name), Token: tokenOf(c.name), Transport: c.sandbox.Transport(),
		})
		if err != nil {
			return err
		}
	}
	s.acts = activities.New(companies, activities.Options{
		Now:  s.now,
		Wait: func(context.Context, time.Duration) error { return nil }, // slots are kept on the workflow's clock
	})
	return nil
}

// load reads the configuration as a worker does.
func load(text string, registry erp.Registry) (companies []activities.Company, err error) {
	dir, err := os.MkdirTemp("", "payrecon-sim")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "payrecon.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	return worker.Companies(cfg, registry)
}

// newCompany makes one with an empty world, whose limits are the real ones.
func (s *stage) newCompany(name string, options sandbox.Options) *company {
	c := &company{name: name, now: s.now, story: storm, posted: map[int64]bool{}, ended: map[string]bool{}, turns: map[string]time.Duration{}, idns: map[string]int64{}}
	c.judge = &judge{
		company: name, jobs: map[string]workflows.Job{}, made: map[string][]entry{},
		worked: map[int64]time.Time{}, onBill: map[int64]time.Time{}, byRun: map[string]int{}, meddled: map[int64]string{}, disturbed: map[int64]bool{},
	}
	options.Now, options.Before, options.LaxOverpay = s.now, c.between, true
	options.Email, options.Token, options.Password = emailOf(name), tokenOf(name), erplyPassword
	c.sandbox = sandbox.New(options)
	s.companies = append(s.companies, c)
	return c
}

// draw fills the company's world and gives its part of the configuration.
func (c *company) draw(r *rand.Rand, registry erp.Registry) string {
	invoices := 3 + r.IntN(60)
	if r.IntN(12) == 0 {
		invoices = 190 + r.IntN(230) // two or three pages
	}
	if r.IntN(5) < 3 {
		sandbox.Demo(r.Int64(), invoices)(c.sandbox)
		return c.configuration(pick(r, 3, 1000, 1000, 1000), c.useErply(registry))
	}
	books := newRecords(c, r)
	books.fill(r, invoices)
	c.erp = books
	registry[c.system()] = func(decode func(any) error) (erp.Adapter, error) {
		var nothing struct{}
		return books, decode(&nothing)
	}
	return c.configuration(pick(r, 3, 1000, 1000, 1000), "")
}

// system is what the configuration calls the company's ERP.
func (c *company) system() string { return "erp-" + c.name }

// useErply puts the company on the Erply of its sandbox, and gives its settings.
func (c *company) useErply(registry erp.Registry) (settings string) {
	c.erp = &flags{sandbox: c.sandbox}
	registry[c.system()] = func(decode func(any) error) (erp.Adapter, error) {
		var cfg erply.Config
		if err := decode(&cfg); err != nil {
			return nil, err
		}
		return erply.New(cfg, c.sandbox.Transport(), c.now)
	}
	return fmt.Sprintf("url = \"https://erply.example/erply/api/\"\nclient_code = \"123456\"\nusername = \"robot\"\npassword = %q\n", erplyPassword)
}

// configuration is the company's part of payrecon.toml. Its world is complete by now.
func (c *company) configuration(payments int, erpSettings string) string {
	c.capped = payments
	c.meet()
	return fmt.Sprintf(`
[[company]]
name = %[1]q
timezone = "Europe/Tallinn"
start = %[2]q
[company.precoro]
email = %[3]q
token = %[4]q
[company.caps]
payments = %[5]d
[company.erp]
system = %[6]q
[company.erp.%[6]s]
%[7]s`, c.name, start, emailOf(c.name), tokenOf(c.name), payments, c.system(), erpSettings)
}

// emailOf and tokenOf are the login of a company: no two share a Precoro account.
func emailOf(company string) string { return company + "." + precoroEmail }
func tokenOf(company string) string { return precoroToken + "-" + company }

// written is how many writes of payrecon's the books hold.
func (c *company) written() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all)
}

// look judges what has been written since the last time, while this run was at work.
func (c *company) look(run string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	writes := 0
	for _, n := range c.sandbox.Counters().Writes {
		writes += n
	}
	if writes == c.read && !c.erp.wrote() {
		return
	}
	state := c.sandbox.State()
	now := c.snapshot(state)
	for _, w := range state.Ledger[c.read:] {
		if w.Side != "precoro" {
			continue
		}
		e := c.precoroEntry(w, now.invoices)
		e.run = run
		if e.creates {
			c.posted[w.ID] = true
		}
		c.judged(e, now)
	}
	for _, e := range c.erp.entries(state.Ledger[c.read:]) {
		e.run, e.invoice = run, c.idns[e.bill]
		c.judged(e, now)
	}
	c.read = len(state.Ledger)
}

func (c *company) snapshot(state sandbox.State) snapshot {
	now := snapshot{invoices: map[int64]sandbox.Invoice{}, payments: map[int64][]payment{}, bills: c.erp.view()}
	for _, inv := range state.Invoices {
		now.invoices[inv.IDN] = inv
		now.payments[inv.ID] = c.paymentsOf(inv, state.Payments)
	}
	return now
}

func (c *company) judged(e entry, now snapshot) {
	c.note("%s %s %s on invoice %d %s, %s of %s, created=%t excused=%t", e.at.Format(time.DateTime), e.direction, e.key, e.invoice, e.amount, e.after, e.total, e.creates, e.excused)
	c.take(e, now)
}

// precoroEntry reads the ledger of Precoro's sandbox.
func (c *company) precoroEntry(w sandbox.Write, invoices map[int64]sandbox.Invoice) entry {
	idn, _ := strconv.ParseInt(w.Document, 10, 64) // the sandbox's own number
	e := entry{
		at: w.At, direction: reconcile.ToPrecoro, creates: w.Op == "POST /payments", key: w.Key, invoice: idn, amount: amount(w.Amount, w.Currency),
		date: w.Date, total: amount(invoices[idn].Total, w.Currency),
	}
	if e.creates {
		e.before, e.after = amount(w.Before, w.Currency), amount(w.After, w.Currency)
	}
	e.excused, e.stray = excuse(w)
	return e
}

// excuse tells whether a fault made the write that no client can prevent, and whether it came long after its request.
func excuse(w sandbox.Write) (excused, stray bool) {
	switch w.Fault {
	case sandbox.Twice:
		return true, false
	case sandbox.Late:
		return w.At.Sub(w.Sent) > settle, w.At.Sub(w.Sent) > settle
	default:
		return false, false
	}
}

// amount is exact, and zero for what is none.
func amount(text, currency string) money.Amount {
	a, err := money.Parse(text, currency)
	if err != nil {
		return money.Amount{}
	}
	return a
}

// meet remembers which invoice each bill is for, as long as it says so.
func (c *company) meet() {
	bills := c.erp.view()
	for _, inv := range c.sandbox.State().Invoices {
		for _, b := range billsOf(inv, bills) {
			c.idns[b.id] = inv.IDN
		}
	}
}

// billsOf are the bills that say they are for the invoice, or that it names.
func billsOf(inv sandbox.Invoice, all []bill) []bill {
	var found []bill
	for _, b := range all {
		if b.link == strconv.FormatInt(inv.ID, 10) || inv.ExternalID != "" && inv.ExternalID == b.id {
			found = append(found, b)
		}
	}
	return found
}

// workInPrecoro lets a person do something in Precoro.
func (c *company) workInPrecoro(r *rand.Rand) (what string, idn int64) {
	state := c.sandbox.State()
	if len(state.Invoices) == 0 {
		return "", 0
	}
	inv := pick(r, state.Invoices...)
	var ours []sandbox.Payment
	for _, p := range state.Payments {
		if p.InvoiceID == inv.ID {
			ours = append(ours, p)
		}
	}
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		open := amount(inv.Total, inv.Currency).Minor() - amount(inv.Paid, inv.Currency).Minor()
		if open <= 0 || inv.LogicType != 0 || inv.Status != 2 && inv.Status != 4 {
			return "", 0
		}
		part, err := money.FromMinor(pick(r, open, open, max(open/2, 1)), money.Currency(inv.Currency))
		if err != nil {
			return "", 0
		}
		c.sandbox.AddPayment(sandbox.Payment{InvoiceID: inv.ID, Amount: part.Number()})
		return "pays in Precoro", inv.IDN
	case 4:
		if len(ours) == 0 {
			return "", 0
		}
		c.sandbox.CancelPayment(pick(r, ours...).ID)
		return "cancels in Precoro", inv.IDN
	case 5:
		if len(ours) == 0 {
			return "", 0
		}
		tag := pick(r, "", "bank-77", "er.1001.paid")
		c.sandbox.EditPayment(pick(r, ours...).ID, func(p *sandbox.Payment) { p.ExternalID = tag })
		return "tags in Precoro", inv.IDN
	case 6:
		if len(ours) == 0 {
			return "", 0
		}
		c.sandbox.EditPayment(pick(r, ours...).ID, func(p *sandbox.Payment) { p.Amount = inv.Total })
		return "edits in Precoro", inv.IDN
	default:
		return c.shift(r)
	}
}

// shift lets rows of a listing move: to the right where an invoice comes in, to the left where one goes.
func (c *company) shift(r *rand.Rand) (what string, idn int64) {
	if invoices := c.sandbox.State().Invoices; r.IntN(3) == 0 && len(invoices) > 0 {
		gone := pick(r, invoices...)
		c.sandbox.RemoveInvoice(gone.ID)
		return "removes an invoice", gone.IDN
	}
	return "pay-less: adds an invoice", c.sandbox.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "90.00"}).IDN
}

// atTheEnd judges what is left when all is done, and sums up.
func (c *company) atTheEnd(settled, again report.Report, writes int) {
	c.look("")
	c.mu.Lock()
	defer c.mu.Unlock()
	if writes != 0 {
		c.breach(Settles, "a run that had nothing to do wrote %d times", writes)
	}
	state := c.sandbox.State()
	if len(state.Throttled) > 0 {
		c.breach(InBudget, "refused by the limits: %v", state.Throttled)
	}
	if len(state.Alarms) > 0 {
		c.breach(Guarded, "mistakes of a client: %v", state.Alarms)
	}
	excepted, after := exceptionsOf(settled), exceptionsOf(again)
	bills := c.erp.view()
	for _, inv := range state.Invoices {
		if inv.PaidOverride != "" {
			continue // what it says is paid never moves, whatever is paid: nobody can settle that
		}
		if excepted[inv.IDN] != after[inv.IDN] {
			c.breach(Settles, "invoice %d is an exception, %q, and then %q, though nobody did anything", inv.IDN, excepted[inv.IDN], after[inv.IDN])
		}
		found := billsOf(inv, bills)
		if c.verdictOn(inv, c.paymentsOf(inv, state.Payments), found, excepted[inv.IDN]) {
			c.figures.Lost++
		}
		c.innocent(inv, found, excepted[inv.IDN])
	}
	c.sumUp(state, settled)
}

// innocent: what nobody disturbed, and was fit to be settled from the first, is no exception.
func (c *company) innocent(inv sandbox.Invoice, bills []bill, excepted reconcile.Reason) {
	if excepted == "" || c.disturbed[inv.IDN] {
		return
	}
	if clean(inv.Name) || len(bills) == 1 && bills[0].clean {
		c.breach(NoneLost, "invoice %d (%s) is an exception, %s, though nobody disturbed it", inv.IDN, inv.Name, excepted)
	}
}

// clean tells whether the state that an invoice was made in is one that a run has to settle. The sandbox names it.
func clean(name string) bool {
	_, state, _ := strings.Cut(name, ": ")
	return strings.HasPrefix(state, "in sync") || strings.HasPrefix(state, "missing in") || strings.HasPrefix(state, "adoption")
}

func exceptionsOf(r report.Report) map[int64]reconcile.Reason {
	reasons := map[int64]reconcile.Reason{}
	for _, row := range r.Rows {
		if row.Action == report.HasException {
			reasons[row.Invoice] = row.Reason
		}
	}
	return reasons
}

func (c *company) paymentsOf(inv sandbox.Invoice, all []sandbox.Payment) []payment {
	var payments []payment
	for _, p := range all {
		if p.InvoiceID == inv.ID {
			payments = append(payments, payment{
				id: strconv.FormatInt(p.ID, 10), foreign: p.LogicType != 0, key: p.ExternalID, amount: amount(p.Amount, inv.Currency), date: p.Date, ours: c.posted[p.ID], cancelled: p.Cancelled,
			})
		}
	}
	return payments
}

func (c *company) sumUp(state sandbox.State, settled report.Report) {
	f := &c.figures
	f.Invoices = len(state.Invoices)
	for _, counts := range state.Requests {
		for _, n := range counts {
			f.Requests += n
		}
	}
	for _, made := range c.made {
		f.Created++
		for _, e := range made[1:] {
			if e.excused || made[0].excused {
				f.Doubled++
			} else if c.meddled[e.invoice] == "" {
				f.Duplicated++
			}
		}
	}
	f.Due = f.Created + f.Lost
	f.Exceptions = map[string]int{}
	for reason, n := range settled.Exceptions {
		f.Exceptions[string(reason)] += n
	}
	for _, kinds := range state.Faults {
		f.Faults = sum(f.Faults, kinds)
	}
	f.Faults = sum(f.Faults, c.erp.faults())
}
