package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

const (
	// perPage is the size of the pages that the listing is read in.
	perPage = 200
	// maxPages bounds a listing, 200 000 invoices.
	maxPages = 1000
	// maxIdle is how many pages in a row may bring nothing new before the listing is said to repeat itself. Pages that
	// are read again after a removal bring little.
	maxIdle = 5
)

// readInvoices reads the one listing of a run, or the invoices that were named.
func (r *run) readInvoices(ctx workflow.Context) error {
	if len(r.start.Job.Invoices) > 0 {
		return r.readNamed(ctx)
	}
	l := &listing{seen: map[int64]int{}, sent: map[int]time.Time{}, total: -1}
	for page := 1; page > 0; {
		if err := r.waitUntil(ctx, l.again(page, r.settings.SameGet), "before the same page may be read again"); err != nil {
			return err
		}
		answer, err := call(ctx, readOptions(r.settings.SameGet, fmt.Sprintf("GET page %d of the invoices", page)), act.ListInvoices,
			activities.ListInvoicesRequest{Company: r.settings.Ref(), Page: page})
		r.report.Requests.Precoro += requestsOf(answer.Requests, err)
		if err != nil {
			return r.giveUp(err)
		}
		l.sent[page] = workflow.Now(ctx)
		if page, err = l.take(page, answer); err != nil {
			return err
		}
		r.progress.Pages, r.progress.Invoices = len(l.sent), len(l.rows)
		r.show(ctx)
	}
	r.keep(l.rows)
	return nil
}

// listing gathers pages while rows may come, go and move between them.
type listing struct {
	rows  []reconcile.Invoice
	seen  map[int64]int // id -> place in rows
	sent  map[int]time.Time
	total int
	taken int // pages, each as often as it was read
	idle  int
}

// again is when a page may be asked for (again).
func (l *listing) again(page int, sameGet time.Duration) time.Time {
	if sent, before := l.sent[page]; before {
		return sent.Add(sameGet)
	}
	return time.Time{}
}

// take adds a page and says which is next, 0 for none. If the total shrank, rows were removed and what followed them
// moved left, onto pages that were read already: those are read again.
func (l *listing) take(page int, answer activities.InvoicePage) (next int, err error) {
	l.taken++
	fresh := 0
	for _, inv := range answer.Invoices {
		place, known := l.seen[inv.ID]
		if known && inv.ID != 0 {
			l.rows[place] = inv // the later answer is the truer one
			continue
		}
		l.seen[inv.ID] = len(l.rows)
		l.rows = append(l.rows, inv)
		fresh++
	}
	shrunk := l.total - answer.Total
	if answer.Total < 0 || l.total < 0 {
		shrunk = 0
	}
	l.total = answer.Total
	if fresh > 0 {
		l.idle = 0
	} else {
		l.idle++
	}
	switch {
	case l.taken >= maxPages && (answer.More || shrunk > 0):
		return 0, unreadable("the listing of invoices does not end: %d pages were read", l.taken)
	case shrunk > 0 && page > 1:
		return max(1, page-(shrunk+perPage-1)/perPage), nil
	case !answer.More:
		return 0, nil
	case l.idle >= maxIdle:
		return 0, unreadable("the listing of invoices repeats itself: %d pages in a row brought nothing new, the last was page %d", l.idle, page)
	}
	return page + 1, nil
}

func unreadable(format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), UnreadableList, nil)
}

// readNamed reads single invoices; each comes with its payments.
func (r *run) readNamed(ctx workflow.Context) error {
	var rows []reconcile.Invoice
	for _, idn := range r.start.Job.Invoices {
		read, err := r.readInvoice(ctx, idn)
		if kind, _, ok := activities.KindOf(err); ok && kind == activities.NotFound {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("invoice %d: Precoro has none of this number", idn))
			continue
		}
		if exception, one := aboutOne(err, invoiceGone); one {
			r.except(ctx, candidate{Invoice: reconcile.Invoice{IDN: idn}}, *exception)
			continue
		}
		if err != nil {
			return r.giveUp(err)
		}
		if status := read.Invoice.Status; read.Invoice.Problem == "" && !takesPart(status) {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("invoice %d: has status %d; only 2 (approved), 4 (partly paid) and 5 (paid) take part", idn, status))
			read.Invoice.LeftOut = true
		}
		r.given[idn] = read
		rows = append(rows, read.Invoice)
		r.progress.Invoices = len(rows)
	}
	r.keep(rows)
	return nil
}

func takesPart(status int) bool {
	return status == reconcile.StatusApproved || status == reconcile.StatusPartlyPaid || status == reconcile.StatusPaid
}

// readInvoice reads one invoice, not before the same GET may be sent again.
func (r *run) readInvoice(ctx workflow.Context, idn int64) (activities.InvoiceRead, error) {
	if before, ok := r.readAt[idn]; ok {
		if err := r.waitUntil(ctx, before.Add(r.settings.SameGet), fmt.Sprintf("before invoice %d may be read again", idn)); err != nil {
			return activities.InvoiceRead{}, err
		}
	}
	read, err := call(ctx, readOptions(r.settings.SameGet, fmt.Sprintf("GET invoice %d with its payments", idn)), act.ReadInvoice,
		activities.ReadInvoiceRequest{Company: r.settings.Ref(), IDN: idn})
	r.report.Requests.Precoro += requestsOf(read.Requests, err)
	r.readAt[idn] = workflow.Now(ctx)
	return read, err
}

// keep sets aside what takes no part, and puts the rest in one order.
func (r *run) keep(rows []reconcile.Invoice) {
	for _, inv := range rows {
		if inv.LeftOut {
			r.report.LeftOut++
			continue
		}
		r.invoices = append(r.invoices, inv)
	}
	slices.SortFunc(r.invoices, func(a, b reconcile.Invoice) int { return cmp.Or(cmp.Compare(a.IDN, b.IDN), cmp.Compare(a.ID, b.ID)) })
	r.report.Invoices = len(r.invoices)
}

// findBills looks up the bill of every invoice, by the links in the order in which they are trusted. The ERP's field is
// looked at for every invoice: that a second bill carries it shows nowhere else. The invoice's own field is asked only where
// that has not answered; what it says is compared in any case.
func (r *run) findBills(ctx workflow.Context) error {
	for _, side := range r.settings.Linking.Sides {
		links := r.missingLinks(side)
		for chunk := range slices.Chunk(links, max(1, r.settings.ERP.Links)) {
			found, err := call(ctx, readOptions(r.settings.SameGet, fmt.Sprintf("find the bills of %d invoices", len(chunk))), act.FindBills,
				activities.FindBillsRequest{Company: r.settings.Ref(), Links: chunk})
			r.report.Requests.ERP += requestsOf(found.Requests, err)
			if err != nil {
				return r.giveUp(err)
			}
			r.bills.Add(found.Bills...)
			if r.billsRead.IsZero() {
				r.billsRead = found.Read.At
			}
			r.progress.Linked += len(chunk)
			r.show(ctx)
		}
	}
	return nil
}

// missingLinks are the links of one kind that are to be asked for.
func (r *run) missingLinks(side string) []erp.Link {
	var links []erp.Link
	for _, inv := range r.invoices {
		if inv.Problem != "" {
			continue
		}
		if side == reconcile.LinkERP {
			links = append(links, erp.Link{Invoice: r.settings.Linking.Key(inv)})
			continue
		}
		bill, exception := r.settings.Linking.Link(inv, r.bills)
		if bill == nil && exception == nil && inv.ExternalID != "" {
			links = append(links, erp.Link{Bill: inv.ExternalID})
		}
	}
	return links
}

// aboutOne tells whether a failed call says something about one document only: the others go on. gone is what it means
// that the document is not there.
func aboutOne(err error, gone reconcile.Reason) (*reconcile.Exception, bool) {
	kind, failure, ok := activities.KindOf(err)
	if !ok {
		return nil, false
	}
	switch kind {
	case activities.NotFound:
		return &reconcile.Exception{Reason: gone, Note: failure.Text}, true
	case activities.Refused:
		return &reconcile.Exception{Reason: reconcile.Rejected, Note: failure.Text}, true
	case activities.Unreadable:
		return &reconcile.Exception{Reason: reconcile.Unreadable, Note: failure.Text}, true
	default:
		return nil, false
	}
}

// giveUp ends the run on a failed read: nothing of it is kept, and the next run starts clean.
func (r *run) giveUp(err error) error {
	kind, failure, ok := activities.KindOf(err)
	if !ok {
		return err
	}
	hint := ""
	switch kind {
	case activities.Unauthorized:
		hint = "; check the credentials in the configuration"
	case activities.Forbidden:
		hint = "; check what the user may see and do there"
	default:
	}
	return temporal.NewNonRetryableApplicationError(failure.Text+hint, string(kind), nil)
}

// requestsOf is how many requests a call has sent, whether it failed or not.
func requestsOf(requests int, err error) int {
	if err == nil {
		return requests
	}
	_, failure, _ := activities.KindOf(err)
	return failure.Requests
}
