// Package bounds says what one run may cost at most, from the work that there was: from the world before the run and from the
// sandbox's ledger, not from what payrecon says of itself.
package bounds

import "fmt"

// Work is what a run had to do.
type Work struct {
	Company   int // invoices that take part in all
	Invoices  int // that the run has to look at: all that take part, or those that Precoro lists as changed
	Differing int // of which one side says that more is paid than the other
	Payments  int // in Precoro
	Bills     int // in the ERP
	Created   int // payments that were created in Precoro
	Tags      int // external IDs that were changed in Precoro
	Written   int // bills that were written in the ERP
}

const (
	perPage = 200 // the largest page that Precoro gives
	// milli are the parts of a request that Erply's prices are counted in here.
	milli = 1000
)

// Precoro is how many requests Precoro may see: the invoices page by page; the payments of those that differ, one by one or
// page by page, whatever is less; one to create each payment, and one for each external ID that the creating call did not keep.
// The checks that lost answers need are not in it: it is for runs without faults.
func (w Work) Precoro() int {
	return max(1, pages(w.Invoices)) + min(w.Differing, pages(w.Payments)) + w.Created + w.Tags
}

// PrecoroFloor is how many requests Precoro must see from any client that keeps payments equal by asking: the listing of the
// invoices is the only place where what is paid can be seen, a page has at most 200 of them, and a payment is created by a
// request of its own.
func (w Work) PrecoroFloor() int {
	return max(1, pages(w.Invoices)) + w.Created
}

// ErplyTenths is what Erply may charge, in tenths of a request: a tenth for each invoice's bill that is looked up, or a
// thousandth for each bill of a list of all of them, whatever is less; two tenths for each bill written, as it is read before;
// and three requests for logging in and for what changed.
func (w Work) ErplyTenths() int {
	return (min(milli/10*w.Invoices, w.Bills) + milli/5*w.Written + 3*milli) * 10 / milli
}

// Actions is how many billable actions Temporal's server may count: ten for the run as such, one for fifty invoices of the
// company, whatever of them is read, and four for each payment created in Precoro.
func (w Work) Actions() int {
	return 10 + w.Company/50 + 4*w.Created
}

func pages(rows int) int { return (rows + perPage - 1) / perPage }

// Spent is what a run did cost.
type Spent struct {
	Precoro int // requests
	Tenths  int // of an Erply request
	Actions int // billable ones
}

// Exceeded says what was spent above the bounds, in words.
func (w Work) Exceeded(spent Spent) []string {
	var all []string
	if most := w.Precoro(); spent.Precoro > most {
		all = append(all, fmt.Sprintf("%d requests to Precoro, at most %d", spent.Precoro, most))
	}
	if most := w.ErplyTenths(); spent.Tenths > most {
		all = append(all, fmt.Sprintf("%d.%d units of Erply, at most %d.%d", spent.Tenths/10, spent.Tenths%10, most/10, most%10))
	}
	if most := w.Actions(); spent.Actions > most {
		all = append(all, fmt.Sprintf("%d billable actions, at most %d", spent.Actions, most))
	}
	return all
}
