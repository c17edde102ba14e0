package workflows_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

const (
	sameGet = 61 * time.Second
	settle  = 10 * time.Minute
)

// epoch is when the first run of every world begins.
var epoch = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// world is both sides of one company in memory, behind the names of the activities and on the clock of the workflow. It
// holds everybody to the protocol: a GET that is repeated too early, a write upon a read that is not fresh, and two
// requests at once are noted, and audit fails.
type world struct {
	mu       sync.Mutex
	settings activities.Settings
	keepsKey bool     // Precoro keeps the key in the call that creates a payment
	mute     bool     // Precoro accepts a key without keeping or showing it
	blind    bool     // the ERP accepts a payment without booking it
	lists    bool     // the ERP gives payments with the bills that it finds
	room     int      // how many bills fit into an answer, if not all that are asked for
	claims   int      // how many invoices Precoro says there are, if not as many as there are
	price    int      // of what was read and written in the ERP, in thousandths of a request
	renamed  string   // the run's ID since it was reset
	lax      bool     // the ERP writes without looking whether the bill is still as it was read
	steps    []string // that a payment goes through in the ERP before it is made
	late     []lateWrite
	invoices []*invoice
	bills    []*reconcile.Bill
	last     activities.LastRun
	faults   map[string][]fault
	created  int                  // in Precoro
	booked   int                  // in the ERP
	changed  map[string]time.Time // when each bill changed last
	modified map[int64]time.Time  // when each invoice changed last, by idn

	now    func() time.Time
	clock  time.Time // when the last run ended
	runs   int
	events []event
	gets   map[string]time.Time
	busy   int
	wrong  []string
}

type invoice struct {
	reconcile.Invoice
	payments []reconcile.Payment
}

// event is one request that was sent.
type event struct {
	at   time.Duration // since the epoch
	what string
}

// lateWrite is one that takes effect after its answer was given up.
type lateWrite struct {
	at    time.Time
	bill  string
	order erp.Order
	fault fault
}

// fault is what happens to one call.
type fault struct {
	err       error
	landed    bool          // carried out, though the call fails
	untagged  bool          // carried out without its key
	only      int           // of a bulk: so many of its writes are carried out, if not all
	after     time.Duration // a write in the ERP is carried out so much later
	runID     string        // of the run that is said to have read, where it is not this one
	meanwhile func()        // before the call is carried out
}

func newWorld() *world {
	return &world{
		settings: activities.Settings{
			Edition: activities.Newest, Company: "acme", Timezone: "Europe/Tallinn", Start: "2026-01-01", AdoptDays: 7, SameGet: sameGet, Settle: settle,
			Linking: reconcile.Linking{Sides: []string{reconcile.LinkERP, reconcile.LinkPrecoro}, PrecoroKey: "id"},
			Caps:    activities.Caps{Payments: 500},
			ERP:     erp.Capabilities{Links: 100, Tags: true, KeepsKey: true},
		},
		keepsKey: true, clock: epoch, faults: map[string][]fault{}, gets: map[string]time.Time{},
		changed: map[string]time.Time{}, modified: map[int64]time.Time{},
	}
}

func eur(text string) money.Amount {
	var amount money.Amount
	if err := amount.UnmarshalText([]byte(text + " EUR")); err != nil {
		return money.Amount{} // seen at once: nothing is equal to it
	}
	return amount
}

func sum(payments []reconcile.Payment) money.Amount {
	total := eur("0.00")
	for _, p := range payments {
		if p.Cancelled || p.Pending != "" {
			continue
		}
		more, err := total.Add(p.Amount)
		if err != nil {
			return money.Amount{}
		}
		total = more
	}
	return total
}

func pay(id, amount, date string) reconcile.Payment {
	return reconcile.Payment{ID: id, Ref: "9" + id, Amount: eur(amount), Date: money.Date(date)}
}

func tagged(p reconcile.Payment, tag string) reconcile.Payment {
	p.Tag = tag
	return p
}

// add puts an invoice and its bill into the world: the bill's id is B and the invoice's number.
func (w *world) add(idn int64, total string, inPrecoro, inERP []reconcile.Payment) {
	w.invoice(idn, total, inPrecoro...)
	bill := &reconcile.Bill{
		ID: billOf(idn), Link: strconv.FormatInt(idn+7000, 10), Total: eur(total), Confirmed: true, Version: "1", PaymentsRead: true, Payments: inERP,
	}
	bill.Paid = sum(inERP)
	w.bills = append(w.bills, bill)
}

// invoice puts an invoice without bill into the world. Its database id is not its number.
func (w *world) invoice(idn int64, total string, payments ...reconcile.Payment) {
	one := &invoice{Invoice: reconcile.Invoice{ID: idn + 7000, IDN: idn, Total: eur(total)}, payments: payments}
	w.invoices = append(w.invoices, one)
	one.settle()
}

func billOf(idn int64) string { return fmt.Sprintf("B%d", idn) }

func (i *invoice) settle() {
	i.Paid = sum(i.payments)
	switch {
	case i.Paid.Sign() == 0:
		i.Status = reconcile.StatusApproved
	case i.Paid == i.Total:
		i.Status = reconcile.StatusPaid
	default:
		i.Status = reconcile.StatusPartlyPaid
	}
}

func (w *world) invoiceBy(match func(*invoice) bool) *invoice {
	if i := slices.IndexFunc(w.invoices, match); i >= 0 {
		return w.invoices[i]
	}
	return nil
}

func (w *world) numbered(idn int64) *invoice {
	return w.invoiceBy(func(i *invoice) bool { return i.IDN == idn })
}

func (w *world) bill(id string) *reconcile.Bill {
	if i := slices.IndexFunc(w.bills, func(b *reconcile.Bill) bool { return b.ID == id }); i >= 0 {
		return w.bills[i]
	}
	return nil
}

// payInPrecoro is somebody else's payment.
func (w *world) payInPrecoro(idn int64, p reconcile.Payment) {
	i := w.numbered(idn)
	i.payments = append(i.payments, p)
	i.settle()
	w.modified[idn] = w.time()
}

// payInERP is somebody else's payment.
func (w *world) payInERP(idn int64, payments ...reconcile.Payment) {
	w.book(w.bill(billOf(idn)), append(slices.Clone(w.bill(billOf(idn)).Payments), payments...))
}

func (w *world) book(bill *reconcile.Bill, payments []reconcile.Payment) {
	bill.Payments, bill.Paid = payments, sum(payments)
	bill.Version += "'"
	w.changed[bill.ID] = w.time()
}

// time is the workflow's, or that at which the last run ended.
func (w *world) time() time.Time {
	if w.now == nil {
		return w.clock
	}
	return w.now()
}

// on queues what happens to the next calls of an activity.
func (w *world) on(activity string, faults ...fault) {
	w.faults[activity] = append(w.faults[activity], faults...)
}

// kind is an activity's failure, as package activities makes them.
func kind(k activities.Kind, side, text string, wait time.Duration) error {
	retryable := k == activities.Throttled || k == activities.Unavailable
	return temporal.NewApplicationErrorWithOptions(text, string(k), temporal.ApplicationErrorOptions{
		NonRetryable: !retryable, Details: []any{activities.Failure{Side: side, Text: text, Wait: wait, Requests: 1}},
	})
}

func unknown() error { return kind(activities.Unknown, "", "no answer", 0) }

// begin notes a request and takes the fault that waits for it.
func (w *world) begin(name, format string, args ...any) fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy++; w.busy > 1 {
		w.wrong = append(w.wrong, "two requests at once")
	}
	what := fmt.Sprintf(format, args...)
	at := w.now()
	w.land(at)
	if before, again := w.gets[what]; again && at.Sub(before) < w.settings.SameGet {
		w.wrong = append(w.wrong, fmt.Sprintf("%s again after %s", what, at.Sub(before)))
	}
	if strings.HasPrefix(what, "GET ") {
		w.gets[what] = at
	}
	w.events = append(w.events, event{at.Sub(epoch), what})
	return w.take(name)
}

// land carries out the late writes that are due.
func (w *world) land(now time.Time) {
	w.late = slices.DeleteFunc(w.late, func(l lateWrite) bool {
		if l.at.After(now) {
			return false
		}
		w.bookOrder(w.bill(l.bill), l.order, l.fault)
		return true
	})
}

// take takes the first fault that waits under one of these names.
func (w *world) take(names ...string) fault {
	var f fault
	for _, name := range names {
		if waiting := w.faults[name]; len(waiting) > 0 {
			f, w.faults[name] = waiting[0], waiting[1:]
			break
		}
	}
	if f.meanwhile != nil {
		f.meanwhile()
	}
	return f
}

func (w *world) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
}

func (w *world) runID(ctx context.Context) string {
	return cmp.Or(w.renamed, activity.GetInfo(ctx).WorkflowExecution.RunID)
}

// stale answers as the real activities do.
func (w *world) stale(ctx context.Context, read activities.Read, self activities.Self) error {
	failure := activities.Failure{Text: "not sent: stale", Requests: 1}
	if now := w.runID(ctx); self.RunID != now {
		failure.Wait, failure.RunID = w.settings.Settle, now
	} else if read.RunID != now {
		failure.Wait = w.settings.Settle
	} else if !read.At.Before(self.Since) && w.now().Sub(read.At) <= activities.FreshFor {
		return nil
	}
	w.events = append(w.events, event{w.now().Sub(epoch), "stale"})
	return temporal.NewNonRetryableApplicationError(failure.Text, string(activities.StaleRead), nil, failure)
}

// backend has the names and types of the activities; nothing else of world is exported.
type backend struct{ *world }

func (w *backend) ReadSettings(_ context.Context, in activities.SettingsRequest) (activities.Settings, error) {
	if in.Company != "" && in.Company != w.settings.Company {
		return activities.Settings{}, kind(activities.InvalidRequest, "", fmt.Sprintf("company: %q is not configured, accepted: acme", in.Company), 0)
	}
	return w.settings, nil
}

func (w *backend) FindLastRun(context.Context, activities.LastRunRequest) (activities.LastRun, error) {
	return w.last, nil
}

func (w *backend) ListInvoices(ctx context.Context, in activities.ListInvoicesRequest) (activities.InvoicePage, error) {
	what := fmt.Sprintf("page %d", in.Page)
	switch {
	case !in.Since.IsZero():
		what = fmt.Sprintf("changes %d", in.Page)
	case in.ID != 0:
		what = fmt.Sprintf("id %d", in.ID)
	case len(in.ExternalIDs) > 0:
		what = "external " + strings.Join(in.ExternalIDs, ",")
	}
	f := w.begin("ListInvoices", "GET %s", what)
	defer w.end()
	if f.err != nil {
		return activities.InvoicePage{}, f.err
	}
	var all []reconcile.Invoice
	for _, i := range w.invoices {
		if (in.Since.IsZero() || !w.modified[i.IDN].Before(in.Since)) && (in.ID == 0 || in.ID == i.ID) &&
			(len(in.ExternalIDs) == 0 || slices.Contains(in.ExternalIDs, i.ExternalID)) {
			all = append(all, i.Invoice)
		}
	}
	rows, more := pageOfRows(all, in.Page, 200)
	return activities.InvoicePage{
		Invoices: rows, Total: cmp.Or(w.claims, len(all)), More: more, Date: w.now(), Read: activities.Read{At: w.now(), RunID: w.runID(ctx)}, Requests: 1,
	}, nil
}

func (w *backend) ReadInvoice(ctx context.Context, in activities.ReadInvoiceRequest) (activities.InvoiceRead, error) {
	f := w.begin("ReadInvoice", "GET %d", in.IDN)
	defer w.end()
	if f.err != nil {
		return activities.InvoiceRead{}, f.err
	}
	i := w.numbered(in.IDN)
	if i == nil {
		return activities.InvoiceRead{}, kind(activities.NotFound, activities.SidePrecoro, "Precoro: not found", 0)
	}
	return activities.InvoiceRead{Invoice: i.Invoice, Payments: slices.Clone(i.payments), Read: activities.Read{At: w.now(), RunID: cmp.Or(f.runID, w.runID(ctx))}, Requests: 1}, nil
}

func (w *backend) FindBills(_ context.Context, in activities.FindBillsRequest) (activities.BillsFound, error) {
	f := w.begin("FindBills", "find %d", len(in.Links))
	defer w.end()
	found := activities.BillsFound{Read: activities.Read{At: w.now()}, Requests: 1}
	for _, bill := range w.bills {
		if slices.Contains(in.Links, erp.Link{Invoice: bill.Link}) || slices.Contains(in.Links, erp.Link{Bill: bill.ID}) {
			one := *bill
			if one.PaymentsRead = w.lists; !w.lists {
				one.Payments = nil
			}
			found.Bills = append(found.Bills, one)
		}
	}
	return found, f.err
}

func (w *backend) ReadBill(ctx context.Context, in activities.ReadBillRequest) (activities.BillRead, error) {
	f := w.begin("ReadBill", "bill %s", in.ID)
	defer w.end()
	w.price += 1000
	if f.err != nil {
		return activities.BillRead{}, f.err
	}
	w.take("bill " + in.ID)
	bill := w.bill(in.ID)
	if bill == nil {
		return activities.BillRead{}, kind(activities.NotFound, activities.SideERP, "ERP: bill "+in.ID+" not found", 0)
	}
	copied := *bill
	copied.Payments = slices.Clone(bill.Payments)
	return activities.BillRead{Snapshot: erp.Snapshot{Bill: copied}, Read: activities.Read{At: w.now(), RunID: cmp.Or(f.runID, w.runID(ctx))}, Requests: 1}, nil
}

func (w *backend) PostPayment(ctx context.Context, in activities.PostPaymentRequest) (activities.Posted, error) {
	if err := w.stale(ctx, in.Read, in.Self); err != nil {
		return activities.Posted{}, err
	}
	i := w.invoiceBy(func(i *invoice) bool { return i.ID == in.InvoiceID })
	f := w.begin("PostPayment", "POST %d %s %s", i.IDN, in.Key, in.Amount.Number())
	defer w.end()
	if f.err != nil && !f.landed {
		return activities.Posted{}, f.err
	}
	w.created++
	payment := reconcile.Payment{ID: strconv.Itoa(600 + w.created), Ref: strconv.Itoa(9600 + w.created), Amount: in.Amount, Date: in.Date}
	if w.keepsKey && !f.untagged {
		payment.Tag = in.Key
	}
	w.payInPrecoro(i.IDN, payment)
	return activities.Posted{Payment: payment, Requests: 1}, f.err
}

func (w *backend) TagPayment(_ context.Context, in activities.TagPaymentRequest) (activities.Posted, error) {
	f := w.begin("TagPayment", "PATCH %s %s", in.Payment, in.Key)
	defer w.end()
	if f.err != nil && !f.landed {
		return activities.Posted{}, f.err
	}
	for _, i := range w.invoices {
		for n := range i.payments {
			if p := &i.payments[n]; p.Ref == in.Payment {
				if !w.mute {
					p.Tag = in.Key
				}
				return activities.Posted{Payment: *p, Requests: 1}, f.err
			}
		}
	}
	return activities.Posted{}, kind(activities.NotFound, activities.SidePrecoro, "Precoro: payment not found", 0)
}

func (w *backend) ReadBills(ctx context.Context, in activities.ReadBillsRequest) (activities.BillsRead, error) {
	f := w.begin("ReadBills", "bills %d", len(in.IDs))
	defer w.end()
	w.price += 100
	w.isBulk(in.IDs)
	if f.err != nil {
		return activities.BillsRead{}, f.err
	}
	out := activities.BillsRead{Read: activities.Read{At: w.now(), RunID: cmp.Or(f.runID, w.runID(ctx))}, Requests: 1}
	for _, id := range in.IDs {
		w.take("bill " + id)
		switch bill := w.bill(id); {
		case w.room > 0 && len(out.Snapshots) == w.room:
			out.Rest = append(out.Rest, id)
		case bill != nil:
			copied := *bill
			copied.Payments = slices.Clone(bill.Payments)
			out.Snapshots = append(out.Snapshots, erp.Snapshot{Bill: copied})
		}
	}
	return out, nil
}

// isBulk notes what the port does not take.
func (w *world) isBulk(ids []string) {
	distinct := slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 || len(ids) > w.settings.ERP.Bulk || len(distinct) != len(ids) {
		w.wrong = append(w.wrong, fmt.Sprintf("not a bulk: %v", ids))
	}
}

func (w *backend) WriteBill(ctx context.Context, in activities.WriteBillRequest) (activities.BillWritten, error) {
	if err := w.stale(ctx, in.Read, in.Self); err != nil {
		return activities.BillWritten{}, err
	}
	w.begin("one write", "%s", writeEvent(in.Snapshot, in.Order))
	defer w.end()
	w.price += 1000
	return activities.BillWritten{Requests: 1}, w.writeBill(in.Snapshot, in.Order)
}

// WriteBills carries out one write after the other, each with the fault that waits for it. Faults of the whole make its
// answer: then what the writes came to is lost.
func (w *backend) WriteBills(ctx context.Context, in activities.WriteBillsRequest) (activities.BillsWritten, error) {
	f := w.begin("WriteBills", "bulk %d", len(in.Writes))
	defer w.end()
	var ids []string
	out := activities.BillsWritten{Outcomes: make([]activities.BillOutcome, len(in.Writes)), Requests: 1}
	for i, one := range in.Writes {
		ids = append(ids, one.Snapshot.Bill.ID)
		if f.err != nil && !f.landed || f.only > 0 && i >= f.only {
			continue
		}
		err := w.stale(ctx, one.Read, in.Self)
		if err == nil {
			w.price += 100
			w.events = append(w.events, event{w.now().Sub(epoch), writeEvent(one.Snapshot, one.Order)})
			err = w.writeBill(one.Snapshot, one.Order)
		}
		if kind, failure, ok := activities.KindOf(err); ok {
			out.Outcomes[i] = activities.BillOutcome{Kind: kind, Failure: failure}
		}
	}
	w.isBulk(ids)
	if f.only > 0 {
		out.Outcomes = out.Outcomes[:f.only]
	}
	return out, f.err
}

func writeEvent(bill erp.Snapshot, order erp.Order) string {
	verb := "write"
	if order.Payment != "" {
		verb = "note"
	}
	return fmt.Sprintf("%s %s %s %s", verb, bill.Bill.ID, order.Key, order.Amount.Number())
}

// writeBill carries out one write in the ERP, in whatever request it came.
func (w *world) writeBill(snapshot erp.Snapshot, order erp.Order) error {
	bill := w.bill(snapshot.Bill.ID)
	f := w.take("write "+bill.ID, "WriteBill")
	if f.err != nil && !f.landed {
		return f.err
	}
	if bill.Version != snapshot.Bill.Version && !w.lax {
		return kind(activities.StaleRead, activities.SideERP, "ERP: bill has changed", 0)
	}
	if f.after > 0 {
		w.late = append(w.late, lateWrite{w.now().Add(f.after), bill.ID, order, f})
		return f.err
	}
	w.bookOrder(bill, order, f)
	return f.err
}

func (w *world) bookOrder(bill *reconcile.Bill, order erp.Order, f fault) {
	payments := slices.Clone(bill.Payments)
	switch at := slices.IndexFunc(payments, func(p reconcile.Payment) bool { return p.ID == order.Payment }); {
	case w.blind:
	case order.Payment == "" && w.goesOn(payments, order.Key):
		w.book(bill, payments)
	case order.Payment == "":
		w.booked++
		payment := reconcile.Payment{ID: fmt.Sprintf("E%d", 600+w.booked), Amount: order.Amount, Date: order.Date}
		if len(w.steps) > 0 {
			payment.Pending = w.steps[0]
		}
		if w.settings.ERP.KeepsKey && !f.untagged {
			payment.Tag = order.Key
		}
		w.book(bill, append(payments, payment))
	case at < 0:
		w.wrong = append(w.wrong, "a key for a payment that is not there: "+order.Payment)
	case payments[at].Derived: // a record of its own takes its part of what the flag says
		record := reconcile.Payment{ID: "R" + order.Key, Tag: order.Key, Amount: order.Amount, Date: order.Date}
		rest, err := money.FromMinor(payments[at].Amount.Minor()-record.Amount.Minor(), "EUR")
		if err != nil {
			w.wrong = append(w.wrong, err.Error())
		}
		if payments[at].Amount = rest; rest.Sign() == 0 {
			payments = slices.Delete(payments, at, at+1)
		}
		w.book(bill, append(payments, record))
	default:
		payments[at].Tag = order.Key
		w.book(bill, payments)
	}
}

// goesOn takes the payment with the key one step further, if it is on its way.
func (w *world) goesOn(payments []reconcile.Payment, key string) bool {
	at := slices.IndexFunc(payments, func(p reconcile.Payment) bool { return p.Tag == key && p.Pending != "" && !p.Cancelled })
	if at < 0 {
		return false
	}
	next := slices.Index(w.steps, payments[at].Pending) + 1
	payments[at].Pending = ""
	if next < len(w.steps) {
		payments[at].Pending = w.steps[next]
	}
	return true
}

// runAs gives each run an ID of its own, as the server does.
type runAs struct {
	interceptor.WorkerInterceptorBase
	id      string
	renamed string // since it was reset
}

func (r *runAs) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &workflowAs{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, id: r.id, renamed: r.renamed}
}

func (r *runAs) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &activityAs{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, id: r.id}
}

type workflowAs struct {
	interceptor.WorkflowInboundInterceptorBase
	id, renamed string
}

func (w *workflowAs) Init(next interceptor.WorkflowOutboundInterceptor) error {
	return w.Next.Init(&workflowInfoAs{WorkflowOutboundInterceptorBase: interceptor.WorkflowOutboundInterceptorBase{Next: next}, id: w.id, renamed: w.renamed})
}

type workflowInfoAs struct {
	interceptor.WorkflowOutboundInterceptorBase
	id, renamed string
}

func (w *workflowInfoAs) GetInfo(ctx workflow.Context) *workflow.Info {
	info := *w.Next.GetInfo(ctx)
	info.WorkflowExecution.RunID, info.OriginalRunID = cmp.Or(w.renamed, w.id), w.id
	return &info
}

type activityAs struct {
	interceptor.ActivityInboundInterceptorBase
	id string
}

func (a *activityAs) Init(next interceptor.ActivityOutboundInterceptor) error {
	return a.Next.Init(&activityInfoAs{ActivityOutboundInterceptorBase: interceptor.ActivityOutboundInterceptorBase{Next: next}, id: a.id})
}

type activityInfoAs struct {
	interceptor.ActivityOutboundInterceptorBase
	id string
}

func (a *activityInfoAs) GetInfo(ctx context.Context) activity.Info {
	info := a.Next.GetInfo(ctx)
	info.WorkflowExecution.RunID = a.id
	return info
}

// silent keeps the environment's own logs out of the tests' output.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

func newEnvironment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent{})
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(30 * time.Second)
	env.RegisterWorkflowWithOptions(workflows.ReconcilePayments, workflow.RegisterOptions{Name: workflows.TypeReconcilePayments})
	return env
}

// manyPayments makes a GET for each invoice that differs the cheaper way.
var manyPayments = workflows.Sizes{Payments: 100_000}

// apply is a full run in both directions.
func apply() workflows.RunStart {
	return workflows.RunStart{
		Company: "acme", Job: workflows.Job{Mode: workflows.ModeApply, Scope: workflows.ScopeFull, Direction: reconcile.Both},
		Memory: workflows.Memory{Sizes: manyPayments},
	}
}

// plan is the same, writing nothing.
func plan() workflows.RunStart {
	start := apply()
	start.Job.Mode = workflows.ModePlan
	return start
}

// after is the run that Company starts when another one has ended.
func (w *world) after(end workflows.RunEnd, start workflows.RunStart) workflows.RunStart {
	start.Memory = workflows.Memory{
		LastEnd: w.clock, LastClean: true, KeepsKey: end.KeepsKey, Open: end.Open, Seen: end.Seen, Quota: *end.Quota, Sizes: end.Sizes,
		Marks: end.Marks, Settled: end.Settled, Numbers: end.Numbers,
	}
	if end.Full {
		start.Memory.LastFull = w.clock
	}
	return start
}

type prepare func(*testsuite.TestWorkflowEnvironment)

// attempt carries out one run on the world's clock and holds it to the promises.
func (w *world) attempt(t *testing.T, start workflows.RunStart, prepared ...prepare) (workflows.RunEnd, error) {
	t.Helper()
	env := newEnvironment()
	w.runs++
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second, Interceptors: []interceptor.WorkerInterceptor{&runAs{id: fmt.Sprintf("run-%d", w.runs), renamed: w.renamed}}})
	env.SetStartTime(w.clock)
	w.now = env.Now
	env.RegisterWorkflowWithOptions(workflows.Run, workflow.RegisterOptions{Name: workflows.TypeRun})
	env.RegisterActivity(&backend{w})
	for _, prepare := range prepared {
		prepare(env)
	}
	env.ExecuteWorkflow(workflows.TypeRun, start)
	w.clock = env.Now()
	require.True(t, env.IsWorkflowCompleted())
	w.audit(t)
	var end workflows.RunEnd
	if err := env.GetWorkflowError(); err != nil {
		return end, err
	}
	require.NoError(t, env.GetWorkflowResult(&end))
	return end, nil
}

// run is an attempt that must succeed.
func (w *world) run(t *testing.T, start workflows.RunStart, prepared ...prepare) workflows.RunEnd {
	t.Helper()
	end, err := w.attempt(t, start, prepared...)
	require.NoError(t, err)
	return end
}

// continued is the input of the run that this one continued as.
func continued(t *testing.T, err error) workflows.RunStart {
	t.Helper()
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &next)
	require.Equal(t, workflows.TypeRun, next.WorkflowType.Name)
	var start workflows.RunStart
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &start))
	return start
}

// audit holds the world to what no run may ever do.
func (w *world) audit(t *testing.T) {
	t.Helper()
	require.Empty(t, w.wrong)
	for _, i := range w.invoices {
		auditList(t, fmt.Sprintf("invoice %d", i.IDN), i.payments, i.Total)
	}
	for _, b := range w.bills {
		auditList(t, "bill "+b.ID, b.Payments, b.Total)
	}
}

func auditList(t *testing.T, of string, payments []reconcile.Payment, total money.Amount) {
	t.Helper()
	tags := map[string]int{}
	for _, p := range payments {
		if p.Tag != "" && !p.Cancelled && p.Pending == "" {
			tags[p.Tag]++
			require.Equal(t, 1, tags[p.Tag], "%s: two payments carry %s", of, p.Tag)
		}
	}
	require.LessOrEqual(t, sum(payments).Minor(), total.Minor(), "%s is overpaid", of)
}

// sent are the requests, in order; writes leaves out those that only read.
func (w *world) sent() []string {
	var all []string
	for _, e := range w.events {
		all = append(all, e.what)
	}
	return all
}

func (w *world) writes() []string {
	return slices.DeleteFunc(w.sent(), func(what string) bool {
		verb, _, _ := strings.Cut(what, " ")
		return !slices.Contains([]string{"POST", "PATCH", "write", "note"}, verb)
	})
}

// forget drops the events so far.
func (w *world) forget() { w.events = nil }

// tail are the requests from the first write on, each with the time since that write.
func (w *world) tail() []string {
	var all []string
	var from time.Duration
	for _, e := range w.events {
		verb, _, _ := strings.Cut(e.what, " ")
		if len(all) == 0 {
			if !slices.Contains([]string{"POST", "PATCH", "write", "note", "stale"}, verb) {
				continue
			}
			from = e.at
		}
		all = append(all, fmt.Sprintf("%s %s", e.at-from, e.what))
	}
	return all
}

// lines are the report's rows in short.
func lines(r report.Report) []string {
	var all []string
	for _, row := range r.Rows {
		text := fmt.Sprintf("%d %s", row.Invoice, row.Action)
		if row.Action == report.HasException {
			text += " " + string(row.Reason)
		} else {
			text += fmt.Sprintf(" %s %s %s", row.Direction, row.Key, row.Amount)
		}
		all = append(all, text)
	}
	return all
}

var errSurprise = errors.New("surprise")
