package bounds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"payrecon/internal/money"
	"payrecon/internal/sandbox"
)

// Attribute is the bill's attribute that holds the id of its invoice, in the worlds that are measured.
const Attribute = "precoroInvoiceID"

// Before is the part of the work that stands in the world before a run. A run that reads what changed since a time has only the
// invoices to look at that Precoro lists as changed since then; for one that reads everything the time is zero.
func Before(world sandbox.State, since time.Time) (Work, error) {
	differing, err := Differing(world)
	work := Work{Differing: differing, Payments: len(world.Payments), Bills: len(world.Bills)}
	for _, i := range world.Invoices {
		if !takesPart(i) {
			continue
		}
		if work.Company++; !i.Updated.Before(since) {
			work.Invoices++
		}
	}
	return work, err
}

// And adds what was written during the run, by the sandbox's counters before and after it.
func (w Work) And(before, after sandbox.Counters) Work {
	wrote := func(op string) int { return after.Writes[op] - before.Writes[op] }
	w.Created = wrote("POST /payments")
	w.Tags = wrote("PATCH /payments/{idn}") + wrote("PATCH /invoices/{idn}")
	w.Written = wrote("savePurchaseDocument")
	return w
}

// Requests are what both sides were asked during a run, by the same counters.
func Requests(before, after sandbox.Counters) Spent {
	return Spent{Precoro: precoroRequests(after) - precoroRequests(before), Tenths: after.ErplyTenths - before.ErplyTenths}
}

func precoroRequests(c sandbox.Counters) int {
	all := 0
	for _, n := range c.Requests["precoro"] {
		all += n
	}
	return all
}

func takesPart(i sandbox.Invoice) bool { return slices.Contains([]int{2, 4, 5}, i.Status) }

// Differing counts the invoices of which Precoro and the bill do not say that the same is paid, or of which a payment of
// Precoro has no record on the bill.
func Differing(world sandbox.State) (int, error) {
	bills, payments := map[int64]sandbox.Bill{}, map[int64][]sandbox.Payment{}
	for _, b := range world.Bills {
		id, err := strconv.ParseInt(b.Attributes[Attribute], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("bill %d: attribute %s is %q, which is no invoice", b.ID, Attribute, b.Attributes[Attribute])
		}
		bills[id] = b
	}
	for _, p := range world.Payments {
		if !p.Cancelled {
			payments[p.InvoiceID] = append(payments[p.InvoiceID], p)
		}
	}
	differing := 0
	for _, i := range world.Invoices {
		bill, linked := bills[i.ID]
		if !linked || !takesPart(i) {
			continue
		}
		same, err := agree(i, payments[i.ID], bill)
		if err != nil {
			return 0, fmt.Errorf("invoice %d and bill %d: %w", i.IDN, bill.ID, err)
		}
		if !same {
			differing++
		}
	}
	return differing, nil
}

// agree: the same is paid, and each of Precoro's payments is recorded.
func agree(i sandbox.Invoice, payments []sandbox.Payment, bill sandbox.Bill) (bool, error) {
	for _, p := range payments {
		if _, recorded := bill.Attributes[recordOf(p.ID)]; !recorded {
			return false, nil
		}
	}
	currency, err := money.ParseCurrency(i.Currency)
	if err != nil {
		return false, err
	}
	paid, err := currency.Parse(i.Paid)
	if err != nil {
		return false, err
	}
	total, err := currency.Parse(bill.Total)
	if err != nil || bill.Paid == 1 {
		return paid == total, err
	}
	recorded, err := money.FromMinor(0, currency)
	if err != nil {
		return false, err
	}
	for name, value := range bill.Attributes {
		if !strings.HasPrefix(name, recordPrefix) {
			continue
		}
		text, _, _ := strings.Cut(value, " ")
		amount, err := currency.Parse(text)
		if err != nil {
			return false, err
		}
		if recorded, err = recorded.Add(amount); err != nil {
			return false, err
		}
	}
	return paid == recorded, nil
}

const recordPrefix = "payrecon-"

func recordOf(payment int64) string { return recordPrefix + strconv.FormatInt(payment, 10) }
