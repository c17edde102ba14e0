package sim

import (
	"fmt"
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
	run       string // that was at work
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
	key       string
	amount    money.Amount
	date      string
	ours      bool
	cancelled bool
}

// judge holds what it sees in the books against the promises. It decides nothing by payrecon's code, but for exact amounts.
type judge struct {
	company   string
	start     string
	invoices  func() []sandbox.Invoice
	jobs      map[string]workflows.Job
	all       []entry
	made      map[string][]entry // creations, by direction and key
	worked    map[int64]time.Time
	meddled   map[int64]string // what a person did to an invoice or its bill beyond paying
	disturbed map[int64]bool
	breaches  []Breach
}

// grace is how old what a write was decided on may be: as long as a read counts as fresh, and until a held-up write is
// refused. Nobody can know what people did within it.
const grace = activities.FreshFor + time.Minute

func (j *judge) breach(promise Promise, format string, args ...any) {
	j.breaches = append(j.breaches, Breach{promise, j.company + ": " + fmt.Sprintf(format, args...)})
}

func (j *judge) noSecrets(text string) {
	if secret := secretIn(text); secret != "" {
		j.breach(NoSecret, "%q stands in %.200q", secret, text)
	}
}

// touchedBy notes that a person worked on an invoice or on its bill.
func (j *judge) touchedBy(idn int64, what string, at time.Time) {
	j.worked[idn] = at
	j.disturbed[idn] = true
	if !strings.HasPrefix(what, "pay") {
		j.meddled[idn] = what
	}
}

func (j *judge) undisturbed(e entry) bool {
	at, ever := j.worked[e.invoice]
	return !ever || e.at.Sub(at) > grace
}

// take judges one write.
func (j *judge) take(e entry) {
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
	if !e.creates {
		return
	}
	j.guarded(e)
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
func (j *judge) guarded(e entry) {
	if e.date < j.start {
		j.breach(Guarded, "%s of %s on invoice %d is older than the company's start", e.key, e.date, e.invoice)
	}
	if e.excused || !j.undisturbed(e) {
		return
	}
	if e.after.Minor() > e.total.Minor() && !j.doubled(e.invoice) {
		j.breach(NotAbove, "%s took invoice %d or its bill to %s of %s", e.key, e.invoice, e.after, e.total)
	}
	for _, inv := range j.invoices() {
		if inv.IDN == e.invoice && (inv.Status == 0 || inv.Status == 1 || inv.Currency != string(e.amount.Currency())) {
			j.breach(Guarded, "%s was created on invoice %d of status %d in %s", e.key, e.invoice, inv.Status, inv.Currency)
		}
	}
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
	for _, row := range rows {
		if row.Action != report.Created {
			continue
		}
		i := slices.IndexFunc(j.all, func(e entry) bool {
			return e.direction == row.Direction && e.key == row.Key && e.invoice == row.Invoice && e.amount.Number() == row.Amount
		})
		if i < 0 {
			j.breach(Reported, "the report tells of %s over %s on invoice %d, which is not there", row.Key, row.Amount, row.Invoice)
		}
		// Where somebody paid just then, all that was written was the key.
		if i >= 0 && j.all[i].creates && row.Before == row.After || row.Before == (report.Paid{}) {
			j.breach(Reported, "the row of %s on invoice %d does not say what was before and after", row.Key, row.Invoice)
		}
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
		return false
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
	return slices.ContainsFunc(slices.Concat(sides...), func(p payment) bool { return !p.cancelled && p.date != "" && p.date < j.start })
}

// twice are the keys that two payments which count carry.
func twice(payments []payment) []string {
	var doubles []string
	seen := map[string]bool{}
	for _, p := range payments {
		if p.cancelled || p.key == "" || !p.ours {
			continue
		}
		if seen[p.key] {
			doubles = append(doubles, p.key)
		}
		seen[p.key] = true
	}
	return doubles
}

func sumOf(payments []payment) (sum int64) {
	for _, p := range payments {
		if !p.cancelled {
			sum += p.amount.Minor()
		}
	}
	return sum
}
