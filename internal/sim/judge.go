package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// entry is one write of payrecon's that took effect, as the other side's books have it.
type entry struct {
	at        time.Time
	read      time.Time // when payrecon had last read the bill that it wrote upon, where the books know that
	run       string    // that was at work
	direction reconcile.Direction
	creates   bool   // a payment; otherwise a key was put on one that was there
	key       string // our external ID of the payment
	invoice   int64  // document number, 0 where the books name a bill
	bill      string // "" where the books name an invoice
	amount    money.Amount
	date      string
	before    money.Amount // what its document said is paid
	after     money.Amount
	total     money.Amount
	// excused: a fault that no client can prevent made it: a gateway that sent a request twice, or one that took effect after
	// the settle time.
	excused bool
	stray   bool // it took effect long after its request, in whatever run was at work by then
}

// bill is one bill as it stands.
type bill struct {
	id, link  string
	total     money.Amount
	paid      money.Amount
	payments  []payment // records, where the ERP has them
	confirmed bool
	clean     bool // its first state was one that a run has to settle
}

// payment is one that stands on one side.
type payment struct {
	id        string
	key       string
	amount    money.Amount
	date      string
	ours      bool
	cancelled bool // or does not count yet
	pending   bool // the latter
	foreign   bool // of a kind that is never copied
}

// judge holds what it sees in the books against the promises. It decides nothing by payrecon's code, but for exact amounts.
type judge struct {
	company   string
	jobs      map[string]workflows.Job
	all       []entry
	made      map[string][]entry  // creations, by direction and key
	worked    map[int64]time.Time // when a person last did something to the invoice
	onBill    map[int64]time.Time // and to its bill
	capped    int                 // payments that a run may create without approval
	byRun     map[string]int      // payments that each run has created
	meddled   map[int64]string    // what a person did to an invoice or its bill beyond paying
	disturbed map[int64]bool
	breaches  []Breach
}

// grace is how old what a write was decided on may be: as long as a read counts as fresh, and until a held-up write is
// refused. Nobody can know what people did within it.
const grace = activities.FreshFor + time.Minute

// billGrace is the same for a bill, where the books do not know when it was read: that is right before each write upon it.
const billGrace = time.Minute

func (j *judge) breach(promise Promise, format string, args ...any) {
	j.breaches = append(j.breaches, Breach{promise, j.company + ": " + fmt.Sprintf(format, args...)})
}

func (j *judge) noSecrets(text string) {
	if secret := secretIn(text); secret != "" {
		j.breach(NoSecret, "%q stands in %.200q", secret, text)
	}
}

// touchedBy notes that a person worked on an invoice, or on its bill.
func (j *judge) touchedBy(idn int64, onBill bool, what string, at time.Time) {
	if onBill {
		j.onBill[idn] = at
	} else {
		j.worked[idn] = at
	}
	j.disturbed[idn] = true
	if !strings.HasPrefix(what, "pay") {
		j.meddled[idn] = what
	}
}

// knew tells whether payrecon must have known all that people had done to the invoice and its bill when it wrote.
func (j *judge) knew(e entry) bool {
	invoice, ever := j.worked[e.invoice]
	bill, everBill := j.onBill[e.invoice]
	knewBill := e.at.Add(-grace)
	switch {
	case !e.read.IsZero():
		knewBill = e.read
	case e.direction == reconcile.ToERP:
		knewBill = e.at.Add(-billGrace)
	}
	return (!ever || e.at.Sub(invoice) > grace) && (!everBill || bill.Before(knewBill))
}

// take judges one write by what both sides hold after it.
func (j *judge) take(e entry, now snapshot) {
	j.all = append(j.all, e)
	if e.excused {
		j.disturbed[e.invoice] = true
	}
	job, known := j.jobs[e.run]
	if known && !e.stray {
		if job.Mode == workflows.ModePlan {
			j.breach(PlanWrites, "a plan wrote %s on invoice %d", e.key, e.invoice)
		}
		if !job.Direction.Allows(e.direction) && (e.creates || e.direction == reconcile.ToPrecoro) {
			j.breach(Guarded, "a run in direction %s wrote %s on invoice %d", job.Direction, e.key, e.invoice)
		}
	}
	j.sourced(e, now)
	if !e.creates {
		return
	}
	if !e.excused && !e.stray {
		j.byRun[e.run]++
	}
	if known && job.Approve == "" && j.byRun[e.run] > j.capped {
		j.breach(Guarded, "a run created more than the %d payments that need no approval", j.capped)
	}
	j.guarded(e, now)
	name := string(e.direction) + " " + e.key
	earlier := j.made[name]
	excused := e.excused || slices.ContainsFunc(earlier, func(other entry) bool { return other.excused })
	if len(earlier) > 0 && !excused && j.meddled[e.invoice] == "" {
		j.breach(Once, "%s was created %d times on invoice %d (%s, then %s)", e.key, len(earlier)+1, e.invoice,
			earlier[0].at.Format(time.DateTime), e.at.Format(time.DateTime))
	}
	j.made[name] = append(earlier, e)
	if e.key == "" {
		j.breach(Once, "a payment was created without a key on invoice %d", e.invoice)
	}
}

// guarded judges where a payment was created.
func (j *judge) guarded(e entry, now snapshot) {
	if e.date < start {
		j.breach(Guarded, "%s of %s on invoice %d is older than the company's start", e.key, e.date, e.invoice)
	}
	if e.excused || e.stray || !j.knew(e) {
		return
	}
	if e.after.Minor() > e.total.Minor() && !j.doubled(e.invoice) {
		j.breach(NotAbove, "%s took invoice %d or its bill to %s of %s", e.key, e.invoice, e.after, e.total)
	}
	inv, there := now.invoices[e.invoice]
	if !there || !slices.Contains([]int{2, 4, 5}, inv.Status) || inv.LogicType != 0 || inv.ParentIDN != 0 || inv.Currency != string(e.amount.Currency()) {
		j.breach(Guarded, "%s over %s was created on invoice %d: status %d, kind %d, in %s", e.key, e.amount, e.invoice, inv.Status, inv.LogicType, inv.Currency)
	}
	bills := billsOf(inv, now.bills)
	if len(bills) != 1 || !bills[0].confirmed || bills[0].total != amount(inv.Total, inv.Currency) {
		j.breach(Guarded, "%s was created on invoice %d over %s, whose bills are %v", e.key, e.invoice, inv.Total, bills)
	}
}

// sourced judges whether a payment is what the one is that its key names, or a key upon a payment that may be that one.
func (j *judge) sourced(e entry, now snapshot) {
	if e.excused || e.stray || !j.knew(e) {
		return
	}
	inv := now.invoices[e.invoice]
	bills := billsOf(inv, now.bills)
	if bill, derived := strings.CutSuffix(e.key, ".paid"); derived {
		if e.creates && (len(bills) != 1 || "er."+bills[0].id != bill || e.after != bills[0].total) {
			j.breach(Once, "%s was created over %s on invoice %d, which is then paid %s; its bills are %v", e.key, e.amount, e.invoice, e.after, bills)
		}
		return
	}
	sources := now.payments[inv.ID]
	if e.direction == reconcile.ToPrecoro {
		sources = nil
		for _, b := range bills {
			sources = append(sources, b.payments...)
		}
	}
	i := slices.IndexFunc(sources, func(p payment) bool { return p.id == e.key[len("pr."):] })
	if !e.creates && (i >= 0 && sources[i].ours || len(j.made[string(e.direction)+" "+e.key]) > 0) {
		return // the key of one of our own, which stays what it is whatever became of the other half
	}
	switch {
	case i < 0 || sources[i].cancelled || sources[i].foreign || e.creates && sources[i].ours && j.meddled[e.invoice] == "" && !j.doubled(e.invoice):
		j.breach(Once, "%s on invoice %d names no payment that counts: %v", e.key, e.invoice, sources)
	case sources[i].amount != e.amount:
		j.breach(Once, "%s on invoice %d is over %s, its source over %s", e.key, e.invoice, e.amount, sources[i].amount)
	case e.creates && sources[i].date != e.date:
		j.breach(Once, "%s on invoice %d is of %s, its source of %s", e.key, e.invoice, e.date, sources[i].date)
	}
}

// snapshot is what both sides hold at one moment.
type snapshot struct {
	invoices map[int64]sandbox.Invoice // by document number
	payments map[int64][]payment       // Precoro's, by the invoice's id
	bills    []bill
}

// doubled tells whether a payment on the invoice was made twice by a fault that no client can prevent.
func (j *judge) doubled(invoice int64) bool {
	return slices.ContainsFunc(j.all, func(e entry) bool { return e.excused && e.invoice == invoice })
}

// against holds a run's report against the books.
func (j *judge) against(run string, end workflows.RunEnd) {
	rows := end.Report.Rows
	for _, e := range j.all {
		if e.run != run || e.excused || e.stray {
			continue
		}
		if !slices.ContainsFunc(rows, func(row report.Row) bool { return tells(row, e) }) {
			j.breach(Reported, "the report does not tell of %s on invoice %d (%s)", e.key, e.invoice, e.at.Format(time.DateTime))
		}
	}
	j.countsAgree(end.Report)
	for _, row := range rows {
		if row.Action != report.Created {
			continue
		}
		i := slices.IndexFunc(j.all, func(e entry) bool {
			return e.run == run && e.direction == row.Direction && e.key == row.Key && e.invoice == row.Invoice && e.amount.Number() == row.Amount
		})
		if i < 0 {
			j.breach(Reported, "the report tells of %s over %s on invoice %d, which is not there", row.Key, row.Amount, row.Invoice)
		}
		if i >= 0 && j.all[i].creates {
			j.rowSays(row, j.all[i])
		}
		if row.Before == (report.Paid{}) {
			j.breach(Reported, "the row of %s on invoice %d does not say what was before and after", row.Key, row.Invoice)
		}
	}
}

// rowSays holds a row of a payment that was created against the books.
func (j *judge) rowSays(row report.Row, e entry) {
	if row.Currency != string(e.amount.Currency()) || row.Date != e.date {
		j.breach(Reported, "the row of %s on invoice %d says %s in %s, the books %s in %s", row.Key, row.Invoice, row.Date, row.Currency, e.date, e.amount.Currency())
	}
	before, after := row.Before.ERP, row.After.ERP
	if e.direction == reconcile.ToPrecoro {
		before, after = row.Before.Precoro, row.After.Precoro
	}
	if j.knew(e) && !j.disturbed[e.invoice] && (before != e.before.Number() || after != e.after.Number()) {
		j.breach(Reported, "the row of %s on invoice %d says %s and then %s, the books %s and %s", row.Key, row.Invoice, before, after, e.before.Number(), e.after.Number())
	}
}

// countsAgree holds a report's sums against its rows.
func (j *judge) countsAgree(r report.Report) {
	created, exceptions := report.ByDirection{}, map[reconcile.Reason]int{}
	for _, row := range r.Rows {
		switch {
		case row.Action == report.HasException:
			exceptions[row.Reason]++
		case row.Action != report.Created && row.Action != report.WouldCreate:
		case row.Direction == reconcile.ToERP:
			created.ToERP++
		default:
			created.ToPrecoro++
		}
	}
	if r.Truncated || r.Outcome == "" {
		return
	}
	if created != r.Created || !maps.Equal(exceptions, r.Exceptions) {
		j.breach(Reported, "the report counts %v created and %v, its rows %v and %v", r.Created, r.Exceptions, created, exceptions)
	}
	open := len(exceptions) > 0 || len(r.Notes) > 0 // a note says what the next run looks at again
	if r.Outcome == report.Agreed && len(exceptions) > 0 || r.Outcome == report.Exceptions && !open {
		j.breach(Reported, "the outcome is %s with %v", r.Outcome, exceptions)
	}
}

// tells tells whether a row speaks of a write. The key that the other half of a created payment gets stands in its note.
func tells(row report.Row, e entry) bool {
	if row.Invoice != e.invoice {
		return false
	}
	// What could not be read back is told as an exception that names the key.
	told := row.Action == report.Created || row.Action == report.HasException || row.Action == report.Adopted && !e.creates
	if row.Key == e.key && row.Direction == e.direction && told {
		return true
	}
	return !e.creates && (strings.Contains(row.Note, e.key) || row.Key == e.key)
}

// verdictOn judges an invoice when all is done. excepted is the reason that the last report gives, if any.
func (j *judge) verdictOn(inv sandbox.Invoice, payments []payment, bills []bill, excepted reconcile.Reason) (lost bool) {
	if inv.LogicType != 0 || inv.ParentIDN != 0 || !slices.Contains([]int{2, 4, 5}, inv.Status) {
		return false
	}
	doubles := twice(payments)
	for _, b := range bills {
		doubles = append(doubles, twice(b.payments)...)
	}
	if len(doubles) > 0 && excepted == "" {
		j.breach(NoneLost, "invoice %d holds %v twice, and no report says so", inv.IDN, doubles)
	}
	if excepted != "" {
		if !justified(excepted, inv, payments, bills) {
			j.breach(NoneLost, "invoice %d is an exception, %s, for no reason: %v, bills %v", inv.IDN, excepted, payments, bills)
		}
		return false
	}
	for _, b := range bills {
		if i := slices.IndexFunc(b.payments, func(p payment) bool { return p.pending && p.ours && strings.HasPrefix(p.key, "pr.") }); i >= 0 {
			j.breach(NoneLost, "invoice %d: %s is begun in the ERP and not made, and no report says so", inv.IDN, b.payments[i].key)
			return true
		}
	}
	paid := sumOf(payments)
	switch len(bills) {
	case 0:
		if paid != 0 {
			j.breach(NoneLost, "invoice %d has payments and no bill, and no report says so", inv.IDN)
			return true
		}
	case 1:
		if paid != bills[0].paid.Minor() && !j.beforeStart(payments, bills[0].payments) {
			j.breach(NoneLost, "invoice %d is paid %d, bill %s %s, and no report says so", inv.IDN, paid, bills[0].id, bills[0].paid)
			return true
		}
	default:
		if paid != 0 {
			j.breach(NoneLost, "invoice %d has payments and %d bills, and no report says so", inv.IDN, len(bills))
			return true
		}
	}
	return false
}

// beforeStart tells whether there are payments that are too old to be copied.
func (j *judge) beforeStart(sides ...[]payment) bool {
	return slices.ContainsFunc(slices.Concat(sides...), func(p payment) bool { return !p.cancelled && p.date != "" && p.date < start })
}

// twice are the keys that two payments of ours carry which count.
func twice(payments []payment) []string {
	return keysTwice(slices.DeleteFunc(slices.Clone(payments), func(p payment) bool { return p.cancelled || !p.ours }))
}

func sumOf(payments []payment) (sum int64) {
	for _, p := range payments {
		if !p.cancelled {
			sum += p.amount.Minor()
		}
	}
	return sum
}

// onTheWay is what is begun and does not count yet.
func onTheWay(payments []payment) (sum int64) {
	for _, p := range payments {
		if p.pending {
			sum += p.amount.Minor()
		}
	}
	return sum
}

// justified tells whether an exception is one, now that nothing is in flight and nobody works: by what both sides hold.
func justified(reason reconcile.Reason, inv sandbox.Invoice, payments []payment, bills []bill) bool {
	if reason == reconcile.NoBill || reason == reconcile.AmbiguousBill || len(bills) != 1 {
		return reason == reconcile.NoBill && len(bills) == 0 || reason == reconcile.AmbiguousBill && (len(bills) > 1 || inv.ExternalID != "")
	}
	b := bills[0]
	total := amount(inv.Total, inv.Currency)
	most := min(total.Minor(), b.total.Minor())
	all := slices.Concat(payments, b.payments)
	switch reason {
	case reconcile.CurrencyMismatch:
		return total.Currency() != b.total.Currency()
	case reconcile.TotalMismatch:
		return total != b.total
	case reconcile.NotConfirmed:
		return !b.confirmed
	case reconcile.Overpaid:
		return sumOf(payments)+max(sumOf(b.payments), b.paid.Minor())+onTheWay(b.payments) > most
	case reconcile.PossibleDuplicate:
		return len(payments) > 0 && (len(b.payments) > 0 || b.paid.Sign() > 0)
	case reconcile.DuplicatePayment:
		return len(keysTwice(payments)) > 0 || len(keysTwice(b.payments)) > 0
	case reconcile.AmountMismatch, reconcile.Reversed:
		return slices.ContainsFunc(all, func(p payment) bool { return p.key != "" })
	case reconcile.UnsupportedPayment:
		return slices.ContainsFunc(all, func(p payment) bool { return p.foreign })
	default:
		return false // what a fault made is gone, and what nobody could read can be read
	}
}

// keysTwice are the keys that two payments carry.
func keysTwice(payments []payment) []string {
	var doubles []string
	seen := map[string]bool{}
	for _, p := range payments {
		if p.key != "" && seen[p.key] {
			doubles = append(doubles, p.key)
		}
		seen[p.key] = true
	}
	return doubles
}
