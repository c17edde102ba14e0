//go:build unix

package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
)

// Evidence is what a lane is judged by. The sandbox's world and ledger are the truth; what payrecon says is held against it.
type Evidence struct {
	World  sandbox.State
	Again  int // length of the ledger before one run more
	Due    map[string]Due
	Except map[int64]reconcile.Reason // by idn: what must be an exception, and why
	Passes []Pass                     // in the order of their beginnings
	Last   report.Report              // of the quiet run
	// Overlaps are the requests that were refused because a run that somebody reset by hand sent one while its predecessor's was
	// still under way. Nothing but the refusal comes of it.
	Overlaps int
}

// Due is a payment that people are owed on the other side, or the record of one. Evidence holds it by its key.
type Due struct {
	Direction reconcile.Direction
	Invoice   int64 // idn
	Cents     int64
	// Optional: both sides say already that the same is paid, so that only a deep run looks for the record.
	Optional bool
}

// Pass is one execution of the workflow Run that has ended, and what it says that it did.
type Pass struct {
	ID            string // run ID
	Started, Done time.Time
	Cut           bool         // terminated, reset or timed out: it could not report
	Rows          []report.Row // of its result, or of its history where it has none
	Writing       []Span       // of its activities that may have sent a write, not those of the run that it was reset from
	Base          string       // the run that it was reset from: its history, and the rows in it, are that one's too
	Reported      bool
}

// Span is a time by the clock of the Temporal server, which is the sandbox's too.
type Span struct{ Begin, End time.Time }

func (s Span) holds(at time.Time) bool {
	return !at.Before(s.Begin) && !at.After(s.End)
}

// Verdict is what was found out.
type Verdict struct {
	Broken []string // promises that do not hold, in words
	// ToPrecoro and ToERP count the due payments that are there; Lost those that are not, Doubled those that are there twice.
	ToPrecoro, ToERP, Lost, Doubled int
	Unreported                      int // writes that only the ledger knows, of runs that were cut off
}

// Judge holds the evidence against the promises of payrecon.
func Judge(e Evidence) Verdict {
	j := judgement{
		Evidence: e, bills: map[int64]sandbox.Bill{}, payments: map[int64]sandbox.Payment{}, invoices: map[int64]sandbox.Invoice{},
		paying: map[string][]sandbox.Write{},
	}
	for _, b := range e.World.Bills {
		j.bills[b.ID] = b
	}
	for _, p := range e.World.Payments {
		j.payments[p.ID] = p
	}
	for _, i := range e.World.Invoices {
		j.invoices[i.ID] = i
	}
	for _, step := range []func(){
		j.count, j.writtenOnce, j.nothingElseWritten, j.withinTotals, j.everythingDueIsThere, j.noDifferenceIsLeft, j.aRunMoreWritesNothing,
		j.requestsAreKept, j.reportsTellTheTruth,
	} {
		step()
	}
	return j.Verdict
}

type judgement struct {
	Evidence
	Verdict

	bills    map[int64]sandbox.Bill
	payments map[int64]sandbox.Payment
	invoices map[int64]sandbox.Invoice
	paying   map[string][]sandbox.Write // POST /payments by key
}

func (j *judgement) breaks(promise, format string, args ...any) {
	j.Broken = append(j.Broken, promise+": "+fmt.Sprintf(format, args...))
}

const (
	precoroSide = "precoro"
	overlap     = "precoro overlap"
	postPayment = "POST /payments"
	saveBill    = "savePurchaseDocument"
	recordField = "attributes.payrecon-"
)

func (j *judgement) count() {
	for _, w := range j.World.Ledger {
		if w.Op == postPayment {
			j.paying[w.Key] = append(j.paying[w.Key], w)
		}
	}
}

// writtenOnce is promise I1 for Precoro: one payment of ours a key, and no external ID twice.
func (j *judgement) writtenOnce() {
	for _, key := range slices.Sorted(maps.Keys(j.paying)) {
		if n := len(j.paying[key]); n > 1 {
			j.Doubled += n - 1
			j.breaks("I1", "%d payments were made in Precoro for %s, of invoice %s", n, key, j.paying[key][0].Document)
		}
	}
	tags := map[string]int64{}
	for _, p := range j.World.Payments {
		if other, taken := tags[p.ExternalID]; taken && p.ExternalID != "" && !strings.HasPrefix(p.ExternalID, "bank-") && !strings.HasPrefix(p.ExternalID, "statement-") {
			j.breaks("I1", "payments %d and %d carry one external ID, %s", other, p.ID, p.ExternalID)
		}
		tags[p.ExternalID] = p.ID
	}
}

// nothingElseWritten is I1 and I6: what is not due has its counterpart, or is none of ours to write.
func (j *judgement) nothingElseWritten() {
	for _, w := range j.World.Ledger {
		switch w.Op {
		case postPayment:
			d, is := j.Due[w.Key]
			switch {
			case !is:
				j.breaks("I6", "payment %d of %s was made on invoice %s by %s, and nobody was owed it", w.ID, w.Amount, w.Document, w.Key)
			case w.Amount != cents(d.Cents) || w.Document != strconv.FormatInt(d.Invoice, 10):
				j.breaks("I1", "payment %d is %s on invoice %s, but %s is due as %s on %d", w.ID, w.Amount, w.Document, w.Key, cents(d.Cents), d.Invoice)
			}
		case saveBill:
			for _, change := range w.Changes {
				j.changed(w, change)
			}
		case "PATCH /payments/{idn}":
			if w.Before != "" {
				j.breaks("I6", "the external ID of payment %d was %s and became %s", w.ID, w.Before, w.After)
			}
		default:
			j.breaks("I6", "%s on %s", w.Op, w.Document)
		}
	}
}

// changed holds one changed field of a bill against what may be changed.
func (j *judgement) changed(w sandbox.Write, change sandbox.Change) {
	text, record := strings.CutPrefix(change.Field, recordField)
	id, err := strconv.ParseInt(text, 10, 64)
	switch {
	case change.Field == "paid" && change.Before == "0" && change.After == "1":
	case !record || err != nil:
		j.breaks("I6", "%s of bill %d was %q and became %q", change.Field, w.ID, change.Before, change.After)
	case change.Before != "":
		j.breaks("I1", "the record of payment %d on bill %d was written over: %q, then %q", id, w.ID, change.Before, change.After)
	default:
		_, owed := j.Due[keyInERP(id)]
		if p := j.payments[id]; !owed && p.By != "api" {
			j.breaks("I6", "bill %d got a record of payment %d, and nobody was owed it", w.ID, id)
		}
	}
}

func keyInERP(payment int64) string { return "pr." + strconv.FormatInt(payment, 10) }

// withinTotals is I2.
func (j *judgement) withinTotals() {
	for _, key := range slices.Sorted(maps.Keys(j.paying)) {
		for _, w := range j.paying[key] {
			i := j.invoices[j.payments[w.ID].InvoiceID]
			if amount(w.After) > amount(i.Total) {
				j.breaks("I2", "payment %d of ours took invoice %s to %s of %s", w.ID, w.Document, w.After, i.Total)
			}
		}
	}
	for _, b := range j.World.Bills {
		recorded := int64(0)
		for name, value := range b.Attributes {
			if strings.HasPrefix(name, "payrecon-") {
				recorded += amount(first(value))
			}
		}
		if recorded > amount(b.Total) {
			j.breaks("I2", "the records on bill %d come to %s of %s", b.ID, cents(recorded), b.Total)
		}
	}
}

// everythingDueIsThere: each payment that people are owed, once.
func (j *judgement) everythingDueIsThere() {
	records := map[string]int{}
	for _, b := range j.World.Bills {
		for name := range b.Attributes {
			if id, is := strings.CutPrefix(name, "payrecon-"); is {
				records["pr."+id]++
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(j.Due)) {
		d := j.Due[key]
		n := records[key]
		if d.Direction == reconcile.ToPrecoro {
			n = min(len(j.paying[key]), 1)
		}
		switch {
		case n == 0 && d.Optional:
		case n == 0:
			j.Lost++
			j.breaks("I4", "%s of %s on invoice %d is due and was not made; the report says %q", key, cents(d.Cents), d.Invoice, j.reasonOf(d.Invoice))
		case n > 1:
			j.Doubled += n - 1
			j.breaks("I1", "%d bills hold the record of %s", n, key)
		case d.Direction == reconcile.ToPrecoro:
			j.ToPrecoro++
		default:
			j.ToERP++
		}
	}
}

func (j *judgement) reasonOf(idn int64) string {
	for _, row := range j.Last.Rows {
		if row.Invoice == idn && row.Action == report.HasException {
			return string(row.Reason) + ": " + row.Note
		}
	}
	return "nothing"
}

// noDifferenceIsLeft is I3: what still differs is an exception of the quiet run, and there are no others than must be.
func (j *judgement) noDifferenceIsLeft() {
	excepted := map[int64]reconcile.Reason{}
	for _, row := range j.Last.Rows {
		if row.Action == report.HasException {
			excepted[row.Invoice] = row.Reason
		}
	}
	for _, i := range j.World.Invoices {
		why := j.difference(i)
		if _, listed := excepted[i.IDN]; why != "" && !listed {
			j.breaks("I3", "invoice %d: %s, and no exception says so", i.IDN, why)
		}
	}
	for _, idn := range slices.Sorted(maps.Keys(excepted)) {
		if want := j.Except[idn]; excepted[idn] != want {
			j.breaks("I3", "invoice %d is an exception, %s, for no reason in the world (%q)", idn, j.reasonOf(idn), want)
		}
	}
	for _, idn := range slices.Sorted(maps.Keys(j.Except)) {
		if excepted[idn] == "" {
			j.breaks("I4", "invoice %d is %s, and no exception says so", idn, j.Except[idn])
		}
	}
	want := report.Agreed
	if len(excepted) > 0 {
		want = report.Exceptions
	}
	if j.Last.Outcome != want {
		j.breaks("I10", "the quiet run says %q with %d exceptions", j.Last.Outcome, len(excepted))
	}
}

// difference says how an invoice and its bill differ, "" if they do not.
func (j *judgement) difference(i sandbox.Invoice) string {
	if !slices.Contains([]int{2, 4, 5}, i.Status) || i.LogicType != 0 || i.ParentIDN != 0 {
		return ""
	}
	var bill *sandbox.Bill
	for _, b := range j.World.Bills {
		if b.Attributes["precoroInvoiceID"] == strconv.FormatInt(i.ID, 10) {
			bill = &b
		}
	}
	paid, recorded, early := int64(0), int64(0), int64(0)
	for _, p := range j.World.Payments {
		if p.InvoiceID != i.ID || p.Cancelled {
			continue
		}
		paid += amount(p.Amount)
		if p.Date < startDay {
			early += amount(p.Amount)
			continue
		}
		if bill == nil {
			return fmt.Sprintf("payment %d has no bill", p.ID)
		}
		value, recordedThere := bill.Attributes["payrecon-"+strconv.FormatInt(p.ID, 10)]
		if d := j.Due[keyInERP(p.ID)]; d.Optional && !recordedThere {
			continue
		}
		if want := fmt.Sprintf("%s %s %s", p.Amount, i.Currency, p.Date); value != want {
			return fmt.Sprintf("payment %d is %q in Precoro and %q in the ERP", p.ID, want, value)
		}
	}
	if bill == nil {
		return ""
	}
	for name, value := range bill.Attributes {
		id, is := strings.CutPrefix(name, "payrecon-")
		if !is {
			continue
		}
		recorded += amount(first(value))
		n, err := strconv.ParseInt(id, 10, 64)
		if p := j.payments[n]; err != nil || p.ID == 0 || p.Cancelled {
			return fmt.Sprintf("the record of payment %s has no payment in Precoro", id)
		}
	}
	total := amount(bill.Total)
	switch {
	case bill.Paid == 1 && paid < total:
		return fmt.Sprintf("the bill is paid, and Precoro has %s of %s", cents(paid), bill.Total)
	case bill.Paid == 0 && recorded == total:
		return "the records are complete, and the bill is not paid"
	case bill.Paid == 0 && recorded+early != paid:
		return fmt.Sprintf("Precoro has %s, the ERP %s", cents(paid), cents(recorded))
	}
	return ""
}

func (j *judgement) aRunMoreWritesNothing() {
	for _, w := range j.World.Ledger[min(j.Again, len(j.World.Ledger)):] {
		j.breaks("I3", "one run more wrote: %s on %s, %s", w.Op, w.Document, w.Key)
	}
}

// requestsAreKept is I8.
func (j *judgement) requestsAreKept() {
	for _, limiter := range slices.Sorted(maps.Keys(j.World.Throttled)) {
		refused := j.World.Throttled[limiter]
		if limiter == precoroSide || limiter == overlap {
			refused -= j.Overlaps
		}
		if refused > 0 {
			j.breaks("I8", "%d requests were refused by the limiter %q", refused, limiter)
		}
	}
	for _, alarm := range j.World.Alarms {
		j.breaks("I8", "the sandbox is alarmed: %s", alarm)
	}
}

// late is how long after its end what a run has sent may still take effect here: the longest scripted delay, and a margin.
const late = settle + 2*time.Second

// reportsTellTheTruth is I10: no row without a write, and no write without a row but those of runs that were cut off.
func (j *judgement) reportsTellTheTruth() {
	rows, created := map[string]bool{}, map[string]Pass{}
	for _, one := range j.Passes {
		for _, row := range one.Rows {
			if row.Action != report.Created && row.Action != report.Adopted {
				continue
			}
			rows[row.Key] = true
			j.rowHasWrite(one, row)
			if row.Action != report.Created || !one.Reported {
				continue
			}
			if other, twice := created[row.Key]; twice && other.ID != one.ID && other.Base != one.ID && one.Base != other.ID {
				j.breaks("I10", "%s was created by the runs %s and %s, as they say", row.Key, other.ID, one.ID)
			}
			created[row.Key] = one
		}
	}
	for _, w := range j.World.Ledger {
		for _, keys := range j.keysOf(w) {
			switch {
			case slices.ContainsFunc(keys, func(key string) bool { return rows[key] }):
			case j.ofARunThatWasCut(w):
				j.Unreported++
			default:
				j.breaks("I10", "%s on %s at %s, %s, is in no report", w.Op, w.Document, w.At.UTC().Format(time.RFC3339Nano), keys[0])
			}
		}
	}
}

func (j *judgement) rowHasWrite(one Pass, row report.Row) {
	if row.Direction == reconcile.ToPrecoro && row.Action == report.Created {
		w := j.paying[row.Key]
		if len(w) == 0 || w[0].Amount != row.Amount || w[0].Document != strconv.FormatInt(row.Invoice, 10) {
			j.breaks("I10", "run %s says it created %s of %s on invoice %d, the ledger holds %v", one.ID, row.Key, row.Amount, row.Invoice, w)
		}
		return
	}
	for _, w := range j.World.Ledger {
		for _, keys := range j.keysOf(w) {
			if slices.Contains(keys, row.Key) {
				return
			}
		}
	}
	j.breaks("I10", "run %s says %s %s on invoice %d, and the ledger knows no such write", one.ID, row.Action, row.Key, row.Invoice)
}

// keysOf are, for each payment that a write is about, the keys that a report may call it by. The record of a payment that we
// made goes with that payment, unless another run wrote it later.
func (j *judgement) keysOf(w sandbox.Write) [][]string {
	if w.Op != saveBill {
		return [][]string{{w.Key}}
	}
	var all [][]string
	for _, change := range w.Changes {
		text, record := strings.CutPrefix(change.Field, recordField)
		id, err := strconv.ParseInt(text, 10, 64)
		if !record || err != nil {
			continue
		}
		keys := []string{keyInERP(id)}
		if key := j.postedAs(id); key != "" {
			keys = append(keys, key)
		}
		all = append(all, keys)
	}
	return all
}

// postedAs is the key that a payment of ours was made by.
func (j *judgement) postedAs(payment int64) string {
	for _, key := range slices.SortedFunc(maps.Keys(j.paying), cmp.Compare) {
		if slices.ContainsFunc(j.paying[key], func(w sandbox.Write) bool { return w.ID == payment }) {
			return key
		}
	}
	return ""
}

// ofARunThatWasCut tells whether such a run was at work then or shortly before, and no other one was writing. A run that goes
// on for one that was cut writes nothing until what that one had begun has settled, so that a write has one run only.
func (j *judgement) ofARunThatWasCut(w sandbox.Write) bool {
	at := w.At
	if !w.Sent.IsZero() {
		at = w.Sent
	}
	excused := false
	for _, one := range j.Passes {
		switch {
		case one.Cut:
			excused = excused || Span{one.Started, one.Done.Add(late)}.holds(at)
		case slices.ContainsFunc(one.Writing, func(s Span) bool { return s.holds(at) }):
			return false
		}
	}
	return excused
}

// amount reads whole cents; what cannot be read is above every total.
func amount(text string) int64 {
	parsed, err := money.Parse(text, "EUR")
	if err != nil {
		return 1 << 50
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(parsed.Number(), ".", ""), 10, 64)
	if err != nil {
		return 1 << 50
	}
	return n
}

func first(value string) string {
	text, _, _ := strings.Cut(value, " ")
	return text
}
