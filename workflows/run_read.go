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
	// maxPages bounds a listing.
	maxPages = 1000
	// maxListed is how many invoices of status 2, 4 and 5 one company may have. Nothing is written while they are read, so
	// that this many keep a run from writing for a quarter of an hour at one request a second; what was read of them and
	// of their bills takes about 15 MB of a history's 50.
	maxListed = maxPages * perPage
	// maxIdle is how many pages in a row may bring nothing new before the listing is said to repeat itself. Pages that
	// are read again after a removal bring little.
	maxIdle = 5
)

// readInvoices reads the one listing of a run, what changed since the last good run, or the invoices that were named.
func (r *run) readInvoices(ctx workflow.Context) error {
	var rows []reconcile.Invoice
	var err error
	switch r.report.Scope {
	case scopeInvoices:
		rows, err = r.readSingly(ctx, r.start.Job.Invoices)
	case ScopeChanges:
		rows, err = r.readChanges(ctx)
	default:
		rows, err = r.readListing(ctx, time.Time{})
		r.sizes.Invoices = len(rows)
	}
	if err != nil {
		return err
	}
	r.keep(rows)
	return nil
}

// readListing reads all invoices of status 2, 4 and 5, or those of them that changed since.
func (r *run) readListing(ctx workflow.Context, since time.Time) ([]reconcile.Invoice, error) {
	l := newListing("invoices", func(inv reconcile.Invoice) int64 { return inv.ID })
	for page := 1; page > 0; {
		if err := r.waitUntil(ctx, l.again(page, r.settings.SameGet), "before the same page may be read again"); err != nil {
			return nil, err
		}
		answer, err := askPrecoro(ctx, r, fmt.Sprintf("GET page %d of the invoices", page), act.ListInvoices,
			activities.ListInvoicesRequest{Company: r.settings.Ref(), Page: page, Since: since})
		if err != nil {
			return nil, r.giveUp(err)
		}
		r.marks.precoro(answer)
		if r.listed.At.IsZero() {
			r.listed = answer.Read
		}
		if answer.Total > maxListed {
			return nil, tooLarge(answer.Total)
		}
		l.sent[page] = workflow.Now(ctx)
		if page, err = l.take(page, answer.Invoices, answer.Total, answer.More); err != nil {
			return nil, err
		}
		r.progress.Pages, r.progress.Invoices = len(l.sent), len(l.rows)
		r.show(ctx)
	}
	return l.rows, nil
}

// tooLarge refuses a company that no run could read while nothing is written.
func tooLarge(invoices int) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(
		"Precoro lists %d invoices of status 2, 4 and 5; one company may have at most %d, because nothing is written while they are read: that many take %d requests and %d minutes. Divide the company, for instance by legal entity and a token of its own for each",
		invoices, maxListed, pages(maxListed), pages(maxListed)/60+1), TooLarge, nil)
}

// listing gathers pages while rows may come, go and move between them.
type listing[R any] struct {
	what  string
	id    func(R) int64 // 0 where it could not be read
	rows  []R
	seen  map[int64]int // id -> place in rows
	sent  map[int]time.Time
	total int
	taken int // pages, each as often as it was read
	idle  int
}

func newListing[R any](what string, id func(R) int64) *listing[R] {
	return &listing[R]{what: what, id: id, seen: map[int64]int{}, sent: map[int]time.Time{}, total: -1}
}

// again is when a page may be asked for (again).
func (l *listing[R]) again(page int, sameGet time.Duration) time.Time {
	if sent, before := l.sent[page]; before {
		return sent.Add(sameGet)
	}
	return time.Time{}
}

// take adds a page and says which is next, 0 for none. If the total shrank, rows were removed and what followed them
// moved left, onto pages that were read already: those are read again.
func (l *listing[R]) take(page int, rows []R, total int, more bool) (next int, err error) {
	l.taken++
	fresh := 0
	for _, row := range rows {
		id := l.id(row)
		place, known := l.seen[id]
		if known && id != 0 {
			l.rows[place] = row // the later answer is the truer one
			continue
		}
		l.seen[id] = len(l.rows)
		l.rows = append(l.rows, row)
		fresh++
	}
	shrunk := l.total - total
	if total < 0 || l.total < 0 {
		shrunk = 0
	}
	l.total = total
	if fresh > 0 {
		l.idle = 0
	} else {
		l.idle++
	}
	switch {
	case l.taken >= maxPages && (more || shrunk > 0):
		return 0, unreadable("the listing of %s does not end: %d pages were read", l.what, l.taken)
	case shrunk > 0 && page > 1:
		return max(1, page-(shrunk+perPage-1)/perPage), nil
	case !more:
		return 0, nil
	case l.idle >= maxIdle:
		return 0, unreadable("the listing of %s repeats itself: %d pages in a row brought nothing new, the last was page %d", l.what, l.idle, page)
	}
	return page + 1, nil
}

func unreadable(format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), UnreadableList, nil)
}

// readSingly reads invoices by number; each comes with its payments. One that is gone is noted, and closed.
func (r *run) readSingly(ctx workflow.Context, idns []int64) (rows []reconcile.Invoice, err error) {
	for _, idn := range idns {
		read, err := r.readInvoice(ctx, idn)
		if kind, _, ok := activities.KindOf(err); ok && kind == activities.NotFound {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("invoice %d: Precoro has none of this number", idn))
			r.looked[idn] = true
			continue
		}
		if exception, one := aboutOne(err, invoiceGone); one {
			r.except(ctx, candidate{Invoice: reconcile.Invoice{IDN: idn}}, *exception)
			continue
		}
		if err != nil {
			return nil, r.giveUp(err)
		}
		if status := read.Invoice.Status; read.Invoice.Problem == "" && !takesPart(status) {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("invoice %d: has status %d; only 2 (approved), 4 (partly paid) and 5 (paid) take part", idn, status))
			read.Invoice.LeftOut = true
		}
		r.given[idn] = read
		rows = append(rows, read.Invoice)
		r.progress.Invoices = len(rows)
	}
	return rows, nil
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
	read, err := askPrecoro(ctx, r, fmt.Sprintf("GET invoice %d with its payments", idn), act.ReadInvoice,
		activities.ReadInvoiceRequest{Company: r.settings.Ref(), IDN: idn})
	r.readAt[idn] = workflow.Now(ctx)
	return read, err
}

// keep sets aside what takes no part, and puts the rest in one order.
func (r *run) keep(rows []reconcile.Invoice) {
	for _, inv := range rows {
		r.looked[inv.IDN] = true
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
		if side == reconcile.LinkERP {
			if scanned, err := r.scanBills(ctx, len(links)); scanned || err != nil {
				if err != nil {
					return err
				}
				continue
			}
		}
		for chunk := range slices.Chunk(links, max(1, r.settings.ERP.Links)) {
			found, err := askERP(ctx, r, len(chunk)*r.settings.ERP.LinkCost, fmt.Sprintf("find the bills of %d invoices", len(chunk)), act.FindBills,
				activities.FindBillsRequest{Company: r.settings.Ref(), Links: chunk})
			if err != nil {
				return r.giveUp(err)
			}
			r.bills.Add(found.Bills...)
			r.billsFrom(found.Read, found.Time)
			r.progress.Linked += len(chunk)
			r.show(ctx)
		}
	}
	return nil
}

// billsFrom notes when the first bills of this run were read.
func (r *run) billsFrom(read activities.Read, clock time.Time) {
	if r.billsRead.IsZero() {
		r.billsRead = read.At
	}
	r.marks.erp(read, clock)
}

// scanBills lists all bills of the ERP instead of looking up each link, where that is cheaper. It keeps those that the
// invoices name.
func (r *run) scanBills(ctx workflow.Context, links int) (scanned bool, err error) {
	prices := r.settings.ERP
	if !r.settings.Knows(activities.CheaperWays) || !r.everything() || links == 0 || prices.ListCost == 0 || prices.LinkCost == 0 {
		return false, nil
	}
	expected := r.billsChoice(links, cmp.Or(r.sizes.Bills, links))
	if !expected.cheaperAll() {
		r.choose(expected)
		return false, nil
	}
	keys, ids := r.linkTexts()
	for cursor, read := "", 0; ; {
		listed, err := askERP(ctx, r, r.listPrice(), fmt.Sprintf("list bills, %d looked through", read), act.ListBills,
			activities.ListBillsRequest{Company: r.settings.Ref(), Query: erp.ListQuery{Cursor: cursor}})
		if err != nil {
			return false, r.giveUp(err)
		}
		r.billsFrom(listed.Read, listed.Time)
		for _, bill := range listed.Bills {
			if keys[bill.Link] || ids[bill.ID] {
				r.bills.Add(bill)
			}
		}
		if cursor == "" {
			// Now it is known how many there are. What has been read is paid for either way.
			r.sizes.Bills = max(listed.Total, 0)
			if known := r.billsChoice(links, listed.Total); !r.choose(known) && known.all.price-listed.Cost > known.one.price {
				return false, nil
			}
		}
		read += len(listed.Bills)
		if cursor = listed.Next; cursor == "" {
			r.progress.Linked = links
			return true, nil
		}
		r.show(ctx)
	}
}

// listPrice is what one part of a list of bills costs at most: adapters keep them to some two thousand bills.
func (r *run) listPrice() int { return 2000 * r.settings.ERP.ListCost }

// linkTexts are what the bills of this run's invoices may carry, and their ids where the invoices name them.
func (r *run) linkTexts() (keys, ids map[string]bool) {
	keys, ids = make(map[string]bool, len(r.invoices)), map[string]bool{}
	for _, inv := range r.invoices {
		if inv.Problem != "" {
			continue
		}
		keys[r.settings.Linking.Key(inv)] = true
		if inv.ExternalID != "" {
			ids[inv.ExternalID] = true
		}
	}
	return keys, ids
}

// missingLinks are the links of one kind that are to be asked for.
func (r *run) missingLinks(side string) []erp.Link {
	var links []erp.Link
	if side == reconcile.LinkERP {
		for _, inv := range r.invoices {
			if inv.Problem == "" {
				links = append(links, erp.Link{Invoice: r.settings.Linking.Key(inv)})
			}
		}
		return links
	}
	for i, match := range r.settings.Linking.MatchAll(r.settings.Tolerance, r.invoices, r.bills) {
		inv := r.invoices[i]
		notFound := match.Bill == nil && (match.Exception == nil || match.Exception.Reason == reconcile.NoBill)
		if notFound && inv.Problem == "" && inv.ExternalID != "" {
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
