package workflows

import (
	"fmt"
	"strconv"

	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// paymentList are the payments of the differing invoices, out of the list of all payments. nil is an empty one.
type paymentList struct {
	byID, byIDN map[int64]*listedInvoice
	read        activities.Read // of the first page: what was made after it may be missing
}

type listedInvoice struct {
	reconcile.Invoice // as the listing of invoices showed it
	payments          []reconcile.Payment
}

// listPayments reads the list of all payments, where that is cheaper than one GET for each invoice that differs.
func (r *run) listPayments(ctx workflow.Context, differing []candidate) (*paymentList, error) {
	if r.everything() {
		r.sizes.Payments = max(r.sizes.Payments, r.paidInvoices()) // each of them has one at least
	}
	list := &paymentList{byID: map[int64]*listedInvoice{}, byIDN: map[int64]*listedInvoice{}}
	for _, c := range differing {
		if _, given := r.given[c.Invoice.IDN]; !given {
			inv := &listedInvoice{Invoice: c.Invoice}
			list.byID[inv.ID], list.byIDN[inv.IDN] = inv, inv
		}
	}
	singly := len(list.byID)
	if !r.settings.Knows(activities.CheaperWays) || singly == 0 {
		return nil, nil
	}
	if expected := paymentsChoice(singly, r.sizes.Payments); !expected.cheaperAll() {
		r.choose(expected)
		return nil, nil
	}
	l := newListing("payments", func(p activities.ListedPayment) int64 {
		id, _ := strconv.ParseInt(p.Payment.ID, 10, 64) // 0 where it could not be read
		return id
	})
	for page := 1; page > 0; {
		answer, err := r.readPaymentPage(ctx, l, page)
		if refusal, is := notOffered(err); is && page == 1 {
			r.report.Notes = append(r.report.Notes, "the list of all payments cannot be had, so that invoices are read one by one: "+refusal)
			return nil, nil
		}
		if err != nil {
			return nil, r.giveUp(err)
		}
		if len(l.sent) == 1 && page == 1 {
			// Now it is known how many there are. The page that was read is paid for either way.
			list.read, r.sizes.Payments = answer.Read, max(answer.Total, 0)
			if known := paymentsChoice(singly, answer.Total); !r.choose(known) && known.all.price-request > known.one.price || answer.Total > maxListed {
				return nil, nil
			}
		}
		if page, err = l.take(page, answer.Payments, answer.Total, answer.More); err != nil {
			return nil, err
		}
	}
	list.fill(l.rows)
	return list, nil
}

// notOffered tells whether Precoro, or the user's role, has no such list: its own recipes never use it.
func notOffered(err error) (words string, is bool) {
	kind, failure, _ := activities.KindOf(err)
	return failure.Text, kind == activities.NotFound || kind == activities.Refused || kind == activities.Forbidden
}

func (r *run) readPaymentPage(ctx workflow.Context, l *listing[activities.ListedPayment], page int) (activities.PaymentPage, error) {
	if err := r.waitUntil(ctx, l.again(page, r.settings.SameGet), "before the same page may be read again"); err != nil {
		return activities.PaymentPage{}, err
	}
	answer, err := askPrecoro(ctx, r, fmt.Sprintf("GET page %d of the payments", page), act.ListPayments,
		activities.ListPaymentsRequest{Company: r.settings.Ref(), Page: page})
	if err != nil {
		return answer, err
	}
	l.sent[page] = workflow.Now(ctx)
	r.progress.Pages++
	r.show(ctx)
	return answer, nil
}

// paidInvoices is how many invoices have a payment at least.
func (r *run) paidInvoices() (n int) {
	for _, inv := range r.invoices {
		if inv.Paid.Sign() != 0 {
			n++
		}
	}
	return n
}

// fill takes over the payments of the differing invoices.
func (l *paymentList) fill(rows []activities.ListedPayment) {
	for _, row := range rows {
		inv, wanted := l.byID[row.InvoiceID]
		if !wanted && row.InvoiceID == 0 {
			inv, wanted = l.byIDN[row.InvoiceIDN]
		}
		if wanted {
			inv.payments = append(inv.payments, row.In(inv.Total.Currency()))
		}
	}
}

// of is what the list says of an invoice. It says nothing where the payments do not add up to what the invoice's own
// listing says is paid: somebody paid between the two, and the invoice is read by itself.
func (l *paymentList) of(inv reconcile.Invoice) (activities.InvoiceRead, bool) {
	if l == nil || l.byID[inv.ID] == nil {
		return activities.InvoiceRead{}, false
	}
	listed := l.byID[inv.ID]
	var sum int64
	for _, p := range listed.payments {
		switch {
		case p.Problem != "":
			return activities.InvoiceRead{}, false
		case !p.Cancelled:
			sum += p.Amount.Minor()
		}
	}
	if paid, err := money.FromMinor(sum, inv.Total.Currency()); err != nil || paid != inv.Paid {
		return activities.InvoiceRead{}, false
	}
	return activities.InvoiceRead{Invoice: inv, Payments: listed.payments, Read: l.read}, true
}
