package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/sandbox"
)

// records is an ERP that has payment records, behind the port: there a payment can stand twice, which Erply cannot show.
// Its faults come one a request, by chance, and not through a socket: what they do to bytes the sandbox does.
type records struct {
	company  *company
	keepsKey bool
	steps    []string // that a payment goes through before it is made, none where it is made at once
	bulk     int
	bills    map[string]*recordBill
	made     int
	written  []entry
	late     []lateWrite
	r        *rand.Rand // nil: calm
	struck   map[string]int
}

type recordBill struct {
	reconcile.Bill
	ours  map[string]bool // payments that payrecon made
	clean bool
	moved time.Time
	read  time.Time // by payrecon, with its payments
}

type lateWrite struct {
	at, sent time.Time
	read     time.Time // when its bill had been read
	write    erp.Write
}

var _ erp.Adapter = (*records)(nil)

func newRecords(c *company, r *rand.Rand) *records {
	e := &records{company: c, keepsKey: r.IntN(2) == 0, bulk: pick(r, 1, 3, 100), bills: map[string]*recordBill{}, struck: map[string]int{}}
	if e.keepsKey && r.IntN(2) == 0 {
		e.steps = []string{"draft", "approved", "processing"}
	}
	return e
}

// further takes a payment from one step to the next. Like Tryton, it does nothing about one that is not at that step.
func (e *records) further(p *reconcile.Payment, from string) (made bool) {
	if p.Pending != from || from == "" {
		return false
	}
	p.Pending = ""
	if next := slices.Index(e.steps, from) + 1; next < len(e.steps) {
		p.Pending = e.steps[next]
	}
	return p.Pending == ""
}

// fill makes invoices and their bills, in every state that matters.
func (e *records) fill(r *rand.Rand, invoices int) {
	for n := range invoices {
		currency := pick(r, "EUR", "EUR", "EUR", "USD", "JPY", "KWD")
		total := 1000 + 2*r.Int64N(100_000)
		made := time.Date(2026, 1, 5, 9, 0, n, 0, time.UTC).AddDate(0, 0, r.IntN(60))
		inv := e.company.sandbox.AddInvoice(sandbox.Invoice{Currency: currency, Total: minor(total, currency).Number(), Created: made})
		pay := func(units int64, day int, tag string) sandbox.Payment {
			return e.company.sandbox.AddPayment(sandbox.Payment{
				InvoiceID: inv.ID, Amount: minor(units, currency).Number(), Date: made.AddDate(0, 0, day).Format(time.DateOnly), ExternalID: tag, Created: made.AddDate(0, 0, day),
			})
		}
		b := &recordBill{clean: true, ours: map[string]bool{}, moved: made}
		b.Bill = reconcile.Bill{ID: fmt.Sprintf("B%04d", n+1), Link: strconv.FormatInt(inv.ID, 10), Total: minor(total, currency), Confirmed: true, Version: "1"}
		book := func(units int64, day int, tag string) {
			e.made++
			b.Payments = append(b.Payments, reconcile.Payment{
				ID: fmt.Sprintf("%s-%d", b.ID, e.made), Tag: tag, Amount: minor(units, currency), Date: money.Date(made.AddDate(0, 0, day).Format(time.DateOnly)),
			})
		}
		switch r.IntN(17) {
		case 0, 1: // agreed, and tied
			p := pay(total, 5, "")
			book(total, 5, "pr."+strconv.FormatInt(p.ID, 10))
		case 2: // nothing yet
		case 3, 4: // missing in the ERP
			pay(total, 9, "")
		case 5: // two halves on one day
			pay(total/2, 9, "")
			pay(total/2, 9, "")
		case 6, 7: // missing in Precoro
			book(total, 9, "")
		case 8:
			book(total/2, 9, "")
			book(total/2, 9, "")
		case 9: // half on either side; they may be the same
			pay(total/2, 9, "")
			book(total/2, 40, "")
			b.clean = false
		case 10: // to be adopted, and the rest
			pay(total/2, 9, "")
			book(total/2, 10, "")
			pay(total-total/2, 20, "")
		case 11: // of another currency's size
			pay(total, 9, "")
			b.Total, b.clean = minor(total+1, currency), false
		case 12:
			pay(total, 9, "")
			b.Confirmed, b.clean = false, false
		case 13: // no bill at all
			pay(total, 9, "")
			continue
		case 14: // a foreign tag
			pay(total, 9, "bank-9")
		case 16: // one on either side, and they are not the same
			pay(total/4, 9, "")
			book(total/2, 10, "")
		case 15: // from before the start
			pay(total, -90, "")
			b.clean = false
		}
		e.settle(b)
		e.bills[b.ID] = b
	}
}

// minor is that many minor units; those of a world are no strangers to money.
func minor(units int64, currency string) money.Amount {
	a, err := money.FromMinor(units, money.Currency(currency))
	if err != nil {
		return money.Amount{}
	}
	return a
}

// settle recomputes what is paid and moves the version.
func (e *records) settle(b *recordBill) {
	var sum int64
	for _, p := range b.Payments {
		if !p.Cancelled && p.Pending == "" {
			sum += p.Amount.Minor()
		}
	}
	b.Paid = minor(sum, string(b.Total.Currency()))
	version, _ := strconv.Atoi(b.Version) // our own
	b.Version = strconv.Itoa(version + 1)
	b.moved = e.company.now()
}

// Account names the account.
func (e *records) Account() string { return "records " + e.company.name }

// Capabilities are those of an ERP with payment records.
func (e *records) Capabilities() erp.Capabilities {
	return erp.Capabilities{Links: 50, Bulk: e.bulk, Tags: true, KeepsKey: e.keepsKey, Interval: 350 * time.Millisecond, Lag: time.Minute}
}

// arrive is the beginning of every request: people work, late writes land, and a fault may strike.
func (e *records) arrive() string {
	e.company.between("erp", "")
	e.company.mu.Lock()
	defer e.company.mu.Unlock()
	e.land()
	if e.r == nil || e.r.IntN(14) != 0 {
		return ""
	}
	return pick(e.r, "reset", "unreadable", "throttle", "refused", "timeout_after", "timeout_after", "late", "late", "twice", "stale")
}

func (e *records) strike(kind string) { e.struck["records_"+kind]++ }

// read is the fault of a read, nil for those that only writes know.
func (e *records) read(kind string) error {
	switch kind {
	case "reset", "timeout_after", "late":
		e.strike("read_reset")
		return erp.Unavailable{Cause: errors.New("connection reset")}
	case "unreadable":
		e.strike("read_unreadable")
		return erp.Unavailable{Cause: errors.New("no JSON"), Unreadable: true}
	case "throttle":
		e.strike("read_throttle")
		return e.throttled()
	}
	return nil
}

func (e *records) throttled() error {
	wait := time.Duration(1+e.r.IntN(300)) * time.Second
	return erp.Throttled{Until: e.company.now().Add(wait), After: wait}
}

// FindBills answers for links.
func (e *records) FindBills(_ context.Context, links []erp.Link) (erp.Found, error) {
	if err := e.read(e.arrive()); err != nil {
		return erp.Found{}, err
	}
	found := erp.Found{Time: e.company.now()}
	for _, id := range slices.Sorted(maps.Keys(e.bills)) {
		b := e.bills[id]
		if slices.ContainsFunc(links, func(l erp.Link) bool { return l.Bill == b.ID || l.Invoice != "" && l.Invoice == b.Link }) {
			found.Bills = append(found.Bills, e.listed(b))
		}
	}
	return found, nil
}

// listed is a bill in a list: with its payments where those come in steps, without them elsewhere.
func (e *records) listed(b *recordBill) reconcile.Bill {
	bill := b.Bill
	bill.Payments, bill.PaymentsRead = nil, false
	if len(e.steps) > 0 {
		bill.Payments, bill.PaymentsRead = slices.Clone(b.Payments), true
	}
	return bill
}

// ListBills gives parts of thirty, in the order of ids.
func (e *records) ListBills(_ context.Context, query erp.ListQuery) (erp.Listed, error) {
	if err := e.read(e.arrive()); err != nil {
		return erp.Listed{}, err
	}
	part := erp.Listed{Total: len(e.bills), Time: e.company.now()}
	for _, id := range slices.Sorted(maps.Keys(e.bills)) {
		b := e.bills[id]
		if id <= query.Cursor || query.ChangedSince.IsZero() && b.Link == "" || b.moved.Before(query.ChangedSince) {
			continue
		}
		if len(part.Bills) == 30 {
			part.Next = part.Bills[29].ID
			break
		}
		part.Bills = append(part.Bills, e.listed(b))
	}
	return part, nil
}

// ReadBills reads bills with their payments.
func (e *records) ReadBills(_ context.Context, ids []string) ([]erp.Snapshot, error) {
	if err := e.read(e.arrive()); err != nil {
		return nil, err
	}
	var snapshots []erp.Snapshot
	for _, id := range ids {
		if b := e.bills[id]; b != nil {
			bill := b.Bill
			bill.Payments, bill.PaymentsRead = slices.Clone(b.Payments), true
			b.read = e.company.now()
			snapshots = append(snapshots, erp.Snapshot{Bill: bill})
		}
	}
	return snapshots, nil
}

// WritePayments writes each, and a fault strikes each, or all of them, or some.
func (e *records) WritePayments(_ context.Context, writes []erp.Write) []error {
	kind := e.arrive()
	outcomes := make([]error, len(writes))
	for i, w := range writes {
		one := kind
		if kind != "" && i > 0 && e.r.IntN(2) == 0 {
			one = "" // part of a bulk
		}
		outcomes[i] = e.write(one, w)
	}
	return outcomes
}

func (e *records) write(kind string, w erp.Write) error {
	unknown := erp.OutcomeUnknown{Cause: errors.New("no answer")}
	if kind != "" {
		e.strike(kind)
	}
	switch kind {
	case "reset", "unreadable":
		return unknown
	case "throttle":
		return e.throttled()
	case "refused":
		return erp.NotSent{Cause: errors.New("connection refused")}
	case "stale":
		return erp.Stale{What: "bill " + w.Bill.Bill.ID}
	case "late":
		now := e.company.now()
		delay := time.Duration(e.r.IntN(600)) * time.Second
		if e.r.IntN(5) == 0 {
			delay = 11*time.Minute + time.Duration(e.r.IntN(9000))*time.Second
		}
		late := lateWrite{at: now.Add(delay), sent: now, write: w}
		if b := e.bills[w.Bill.Bill.ID]; b != nil {
			late.read = b.read
		}
		e.late = append(e.late, late)
		return unknown
	}
	err := e.carryOut(w, e.company.now(), "")
	switch {
	case kind == "timeout_after" && err == nil:
		return unknown
	case kind == "twice" && err == nil && w.Order.Payment == "":
		w.Bill.Bill.Version = e.bills[w.Bill.Bill.ID].Version // a gateway repeats it, and this ERP has nothing against that
		return e.carryOut(w, e.company.now(), kind)
	}
	return err
}

// land carries out what is late.
func (e *records) land() {
	now := e.company.now()
	e.late = slices.DeleteFunc(e.late, func(l lateWrite) bool {
		if now.Before(l.at) {
			return false
		}
		kind := "late"
		if l.at.Sub(l.sent) > settle {
			kind = "too late"
		}
		if b := e.bills[l.write.Bill.Bill.ID]; b != nil {
			l.write.Bill.Bill.Version = b.Version // whoever reads it then does not look
			read := b.read
			b.read = l.read
			defer func() { b.read = read }()
		}
		_ = e.carryOut(l.write, l.at, kind) // nobody hears what became of it
		return true
	})
}

func (e *records) carryOut(w erp.Write, at time.Time, kind string) error {
	b, order := e.bills[w.Bill.Bill.ID], w.Order
	if b == nil {
		return erp.NotFound{What: "bill " + w.Bill.Bill.ID}
	}
	if b.Version != w.Bill.Bill.Version {
		return erp.Stale{What: "bill " + b.ID}
	}
	before := b.Paid
	amount, made, err := e.book(b, w)
	if err != nil {
		return err
	}
	e.settle(b)
	unavoidable, onTheWay := kind == "twice" || kind == "too late", order.Payment == "" && !made
	if onTheWay && !unavoidable {
		return nil // nothing counts yet
	}
	e.written = append(e.written, entry{
		at: at, direction: reconcile.ToERP, key: order.Key, bill: b.ID, amount: amount, date: string(order.Date), before: before, after: b.Paid, total: b.Total,
		read: b.read, creates: order.Payment == "" && made, excused: unavoidable && (onTheWay || len(e.steps) == 0), stray: kind == "too late",
	})
	return nil
}

// book does what the order asks for, as it looked from the bill that it was given.
func (e *records) book(b *recordBill, w erp.Write) (amount money.Amount, made bool, err error) {
	order := w.Order
	if order.Payment != "" {
		i := slices.IndexFunc(b.Payments, func(p reconcile.Payment) bool { return p.ID == order.Payment })
		if i < 0 {
			return amount, false, erp.NotFound{What: "payment " + order.Payment}
		}
		if b.Payments[i].Fixed {
			return amount, false, erp.Refused{Text: "no record of its own", Code: "fixed"}
		}
		b.Payments[i].Tag = order.Key
		return b.Payments[i].Amount, false, nil
	}
	byKey := func(p reconcile.Payment) bool { return len(e.steps) > 0 && p.Tag == order.Key && !p.Cancelled }
	if seen := slices.IndexFunc(w.Bill.Bill.Payments, byKey); seen >= 0 {
		was := w.Bill.Bill.Payments[seen]
		i := slices.IndexFunc(b.Payments, func(p reconcile.Payment) bool { return p.ID == was.ID })
		if i < 0 {
			return amount, false, erp.NotFound{What: "payment " + was.ID}
		}
		return b.Payments[i].Amount, e.further(&b.Payments[i], was.Pending), nil
	}
	e.made++
	p := reconcile.Payment{ID: fmt.Sprintf("%s-%d", b.ID, e.made), Amount: order.Amount, Date: order.Date}
	if e.keepsKey {
		p.Tag = order.Key
	}
	if len(e.steps) > 0 {
		p.Pending = e.steps[0]
	}
	b.Payments, b.ours[p.ID] = append(b.Payments, p), true
	return order.Amount, p.Pending == "", nil
}

func (e *records) wrote() bool {
	e.land()
	return len(e.written) > 0
}

func (e *records) entries([]sandbox.Write) []entry {
	e.land()
	written := e.written
	e.written = nil
	return written
}

func (e *records) view() []bill {
	var bills []bill
	for _, id := range slices.Sorted(maps.Keys(e.bills)) {
		b := e.bills[id]
		seen := bill{id: id, link: b.Link, total: b.Total, paid: b.Paid, confirmed: b.Confirmed, clean: b.clean}
		for _, p := range b.Payments {
			seen.payments = append(seen.payments, payment{id: p.ID, key: p.Tag, amount: p.Amount, date: string(p.Date), ours: b.ours[p.ID], cancelled: p.Cancelled || p.Pending != "", pending: p.Pending != "" && !p.Cancelled})
		}
		bills = append(bills, seen)
	}
	return bills
}

func (e *records) plague(r *rand.Rand)    { e.r = r }
func (e *records) calm()                  { e.r = nil }
func (e *records) faults() map[string]int { return e.struck }

func (e *records) some(r *rand.Rand) string {
	if len(e.bills) == 0 {
		return ""
	}
	ids := slices.Sorted(maps.Keys(e.bills))
	begun := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !e.bills[id].Begun() })
	if len(begun) > 0 && r.IntN(2) == 0 {
		return pick(r, begun...) // what lies between two steps is a moment, and is to be met
	}
	return pick(r, ids...)
}

func (e *records) work(r *rand.Rand, id string) (what string) {
	b := e.bills[id]
	defer func() {
		if what != "" {
			e.settle(b)
		}
	}()
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		open := b.Total.Minor() - b.Paid.Minor()
		if open <= 0 || !b.Confirmed {
			return ""
		}
		e.made++
		p := reconcile.Payment{
			ID: fmt.Sprintf("%s-%d", b.ID, e.made), Amount: minor(pick(r, open, open, max(open/2, 1)), string(b.Total.Currency())),
			Date: money.Date(e.company.now().Format(time.DateOnly)), Fixed: r.IntN(4) == 0,
		}
		if len(e.steps) > 0 && !p.Fixed && r.IntN(2) == 0 {
			p.Pending = pick(r, e.steps...)
		}
		b.Payments = append(b.Payments, p)
		return "pays in the ERP"
	case 8:
		b.Confirmed = !b.Confirmed
		return "confirms or not in the ERP"
	case 9:
		b.Link = ""
		return "unlinks in the ERP"
	}
	if len(b.Payments) == 0 {
		return ""
	}
	i := r.IntN(len(b.Payments))
	switch r.IntN(4 + min(len(e.steps), 2)) {
	case 4:
		if !e.further(&b.Payments[i], b.Payments[i].Pending) {
			return "goes on with a payment in the ERP"
		}
		return "pays in the ERP"
	case 5:
		if b.Payments[i].Pending == "" {
			b.Payments[i].Pending = e.steps[len(e.steps)-1]
			return "puts a payment back in the ERP"
		}
		return ""
	case 0:
		b.Payments[i].Cancelled = true
		return "cancels in the ERP"
	case 1:
		if b.Payments[i].Fixed {
			return ""
		}
		b.Payments[i].Tag = pick(r, "", "bank-8")
		return "tags in the ERP"
	case 2:
		b.Payments[i].Amount = b.Total
		return "edits in the ERP"
	default:
		b.Payments = slices.Delete(b.Payments, i, i+1)
		return "removes in the ERP"
	}
}
