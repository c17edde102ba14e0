package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"payrecon/internal/money"
)

// maxPayments bounds one payment list. More are not judged: nobody pays an invoice in 500 parts, and sums of so many
// amounts cannot overflow.
const maxPayments = 500

// Policy is what a decision depends on beside the documents.
type Policy struct {
	Start     money.Date // payments before this day are counted, never written
	AdoptDays int        // how far apart two payments of equal amount may be dated and still be the same
	Tolerance Tolerance
	Direction Direction  // where the run may write
	TagsERP   bool       // the ERP can take a key on a payment that is already there
	Today     money.Date // in the company's time zone, the day a derived payment was first seen
}

// Write is one thing to do on one side for one payment.
type Write struct {
	Adopt     bool         `json:"adopt,omitempty"` // only a key, on a payment that is there; otherwise a new payment
	Direction Direction    `json:"direction"`       // the side that is written to
	Key       string       `json:"key"`
	Amount    money.Amount `json:"amount"`
	Date      money.Date   `json:"date"`
	Source    string       `json:"source"`           // the other side's payment that Key names
	Target    string       `json:"target,omitempty"` // Adopt: the payment that gets the key
	Ref       string       `json:"ref,omitempty"`    // Adopt: Target's Ref
	// TagBack: once created in Precoro, the ERP's payment (Source) gets the new one's key, so that a half that vanishes
	// is noticed.
	TagBack bool   `json:"tag_back,omitempty"`
	Note    string `json:"note,omitempty"`
}

// Decision is what to do about one invoice: either an exception, or writes (keys first), or nothing.
type Decision struct {
	Exception      *Exception
	Writes         []Write
	BeforeStart    int // missing payments older than Policy.Start
	OtherDirection int // missing payments that Policy.Direction forbids to create
}

// Decide settles one linked invoice: payments are the invoice's in Precoro, bill.Payments the ERP's, both complete, and
// both documents as they were when the lists were read. The order of either list changes nothing. Deciding again once
// the writes are done decides nothing.
func Decide(p Policy, inv Invoice, payments []Payment, bill Bill) Decision {
	c := &caseFile{policy: p, inv: inv, bill: bill, currency: inv.Total.Currency()}
	c.tolerance = p.Tolerance.of(c.currency)
	if exception := c.readable(payments); exception != nil {
		return Decision{Exception: exception}
	}
	c.precoro, c.erp = sorted(payments), sorted(bill.Payments)

	c.checkLists()
	c.takeUpPending()
	c.pairByKey()
	c.pairByAmount()
	c.checkLeftovers()
	c.settleDerived()
	c.planCreations()
	c.guard()

	if exception := c.firstFinding(); exception != nil {
		exception.Note += c.leftBehind()
		return Decision{Exception: exception}
	}
	return Decision{Writes: append(c.keys, c.creations...), BeforeStart: c.beforeStart, OtherDirection: c.otherDirection}
}

// caseFile is one invoice on the table.
type caseFile struct {
	policy    Policy
	inv       Invoice
	bill      Bill
	currency  money.Currency
	tolerance int64 // minor units

	precoro, erp []*entry
	derived      *entry   // the paid flag beyond the records, kept apart from erp's records
	pending      []*entry // payments of the ERP that are on their way and do not count yet, kept apart likewise
	flagPaid     bool     // a payment was made for the flag before: its key is taken

	findings       []Exception
	keys           []Write
	creations      []Write
	beforeStart    int
	otherDirection int
}

// entry is a payment and what has been found out about it.
type entry struct {
	Payment
	partners []*entry // by key
	done     bool     // paired, or accounted for otherwise
	begun    bool     // its other half is on its way in the ERP, with our key: it is neither paired nor made anew
}

func (c *caseFile) find(reason Reason, format string, args ...any) {
	c.findings = append(c.findings, Exception{reason, fmt.Sprintf(format, args...)})
}

func (c *caseFile) found(reason Reason) bool {
	return slices.ContainsFunc(c.findings, func(e Exception) bool { return e.Reason == reason })
}

// precedence is the order of the reasons in the report.
var precedence = []Reason{
	Unreadable, NoBill, AmbiguousBill, CurrencyMismatch, TotalMismatch, Overpaid, PossibleDuplicate, DuplicatePayment,
	AmountMismatch, Reversed, ListMismatch, UnsupportedPayment, NotConfirmed, Rejected, Unverified,
}

// Reasons are all reasons in their order of precedence.
func Reasons() []Reason { return slices.Clone(precedence) }

func (c *caseFile) firstFinding() *Exception {
	if len(c.findings) == 0 {
		return nil
	}
	first := slices.MinFunc(c.findings, func(a, b Exception) int {
		return cmp.Or(cmp.Compare(slices.Index(precedence, a.Reason), slices.Index(precedence, b.Reason)), cmp.Compare(a.Note, b.Note))
	})
	return &first
}

// readable refuses what must not even be compared.
func (c *caseFile) readable(payments []Payment) *Exception {
	verdict, exception := Compare(c.policy.Tolerance, c.inv, &c.bill)
	if verdict == Excepted {
		return exception
	}
	if len(payments) > maxPayments || len(c.bill.Payments) > maxPayments {
		return &Exception{Unreadable, fmt.Sprintf("more than %d payments on one side", maxPayments)}
	}
	c.readableList("Precoro", payments)
	c.readableList("ERP", c.bill.Payments)
	return c.firstFinding()
}

// readableList looks at every payment, so that the order of the list does not choose which one is complained about.
func (c *caseFile) readableList(side string, list []Payment) {
	seen := make(map[string]bool, len(list))
	for _, payment := range list {
		if payment.ID == "" || seen[payment.ID] {
			c.find(Unreadable, "%s payment %s: has no id of its own", side, text(payment.ID))
		}
		seen[payment.ID] = true
		switch {
		case payment.Problem != "":
			c.find(Unreadable, "%s payment %s: %s", side, payment.ID, payment.Problem)
		case payment.Cancelled: // does not count, whatever it was
		case payment.Date == "" && !payment.Derived:
			c.find(Unreadable, "%s payment %s: has no date", side, payment.ID)
		case payment.Amount.Currency() != c.currency:
			c.find(CurrencyMismatch, "%s payment %s is %s on an invoice in %s", side, payment.ID, payment.Amount, c.currency)
		}
	}
}

// sorted gives every later step one order, whatever the input's was.
func sorted(payments []Payment) []*entry {
	entries := make([]*entry, 0, len(payments))
	for _, payment := range payments {
		entries = append(entries, &entry{Payment: payment})
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.ID, b.ID))
	})
	return entries
}

// checkLists looks at each side by itself, then puts the paid flag's part aside, and what is only on its way.
func (c *caseFile) checkLists() {
	c.checkList("Precoro", c.precoro, c.inv.Paid, c.inv.Total)
	c.checkList("ERP", c.erp, c.bill.Paid, c.bill.Total)
	if i := slices.IndexFunc(c.erp, func(e *entry) bool { return e.Derived && !e.Cancelled }); i >= 0 {
		c.derived = c.erp[i]
		c.erp = slices.Delete(c.erp, i, i+1)
	}
	c.erp = slices.DeleteFunc(c.erp, func(e *entry) bool {
		if e.pending() {
			c.pending = append(c.pending, e)
		}
		return e.pending()
	})
}

func (e *entry) pending() bool { return e.Pending != "" && !e.Cancelled }

// checkList: what counts must add up to what the document says, and no document may hold more than its total.
func (c *caseFile) checkList(side string, list []*entry, paid, total money.Amount) {
	var sum int64
	for _, e := range list {
		if !e.Cancelled && !e.pending() {
			sum += e.Amount.Minor()
		}
	}
	if sum != paid.Minor() {
		c.find(ListMismatch, "%s says %s is paid, its payments add up to %s", side, paid, c.amount(sum))
	}
	if paid.Minor() > total.Minor()+c.tolerance {
		c.find(Overpaid, "%s holds %s of %s", side, paid, total)
	}
}

func (c *caseFile) amount(minor int64) money.Amount {
	amount, err := money.FromMinor(minor, c.currency)
	if err != nil {
		return money.Amount{} // the currency was checked by readable
	}
	return amount
}

// planCreations turns what is left on one side into payments on the other.
func (c *caseFile) planCreations() {
	for _, e := range left(c.precoro) {
		c.plan(e, Write{
			Direction: ToERP, Key: KeyInERP(e.ID), Amount: e.Amount, Date: e.Date, Source: e.ID,
		})
	}
	for _, e := range left(c.erp) {
		c.plan(e, Write{
			Direction: ToPrecoro, Key: KeyInPrecoro(e.ID), Amount: e.Amount, Date: e.Date, Source: e.ID, TagBack: c.tagsBack(e),
		})
	}
}

// plan adds one creation, or says why there is none.
func (c *caseFile) plan(e *entry, w Write) {
	switch {
	case w.Date < c.policy.Start:
		c.beforeStart++
	case !c.policy.Direction.Allows(w.Direction):
		c.otherDirection++
	case e.Unsupported:
		c.find(UnsupportedPayment, "payment %s of %s is not a plain payment", e.ID, e.Amount)
	case e.Amount.Sign() <= 0:
		c.find(UnsupportedPayment, "payment %s of %s is not above zero", e.ID, e.Amount)
	case !ValidKey(w.Key):
		c.find(Unreadable, "payment id %s cannot be made into a key", text(e.ID))
	default:
		c.creations = append(c.creations, w)
	}
}

// tagsBack tells whether the ERP's payment can be given a key: a record, on a bill that is no draft, and without taking
// another's place.
func (c *caseFile) tagsBack(e *entry) bool {
	return c.policy.TagsERP && c.bill.Confirmed && c.policy.Direction.Allows(ToERP) && e.Tag == "" && !e.Fixed
}

// left is what counts and has found no counterpart.
func left(list []*entry) []*entry {
	var rest []*entry
	for _, e := range list {
		if !e.Cancelled && !e.done {
			rest = append(rest, e)
		}
	}
	return rest
}

// guard looks at the documents once it is known that something would be created.
func (c *caseFile) guard() {
	if len(c.creations) == 0 {
		return
	}
	switch {
	case c.inv.Total.Currency() != c.bill.Total.Currency():
		c.find(CurrencyMismatch, "invoice of %s, bill of %s", c.inv.Total, c.bill.Total)
		return // nothing is netted across currencies
	case !c.policy.Tolerance.equal(c.inv.Total, c.bill.Total):
		c.find(TotalMismatch, "invoice of %s, bill of %s", c.inv.Total, c.bill.Total)
	}
	if !c.bill.Confirmed {
		c.find(NotConfirmed, "bill %s is not confirmed", c.bill.ID)
	}
	c.fit(ToERP, "ERP", c.spokenFor(), c.bill.Total)
	c.fit(ToPrecoro, "Precoro", c.inv.Paid, c.inv.Total)
}

// fit holds the creations of one side against what is open there. What is too much by no more than the tolerance is cut
// off the last one: the documents are equal then, and no write is larger than what is open.
func (c *caseFile) fit(direction Direction, side string, paid, total money.Amount) {
	after, last := paid.Minor(), -1
	for i, w := range c.creations {
		if w.Direction == direction {
			after += w.Amount.Minor()
			last = i
		}
	}
	excess := after - total.Minor()
	if last < 0 || excess <= 0 {
		return
	}
	if w := &c.creations[last]; excess <= c.tolerance && excess < w.Amount.Minor() {
		w.Note = fmt.Sprintf("%s cut by %s to what is open", w.Amount, c.amount(excess))
		w.Amount = c.amount(w.Amount.Minor() - excess)
		return
	}
	c.find(Overpaid, "%s would hold %s of %s", side, c.amount(after), total)
}
