package sim

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/sandbox"
)

// flags are the books of classic Erply: a bill is paid or not, and what was paid when stands in attributes. Its faults are
// those of the sandbox.
type flags struct{ sandbox *sandbox.Sandbox }

const record = "payrecon-"

func (f *flags) plague(*rand.Rand)      {}
func (f *flags) calm()                  {}
func (f *flags) wrote() bool            { return false }
func (f *flags) faults() map[string]int { return nil }

func (f *flags) entries(ledger []sandbox.Write) []entry {
	if len(ledger) == 0 {
		return nil
	}
	state := f.sandbox.State()
	ours := map[string]bool{} // payments in Precoro that payrecon made
	for _, p := range state.Payments {
		ours[strconv.FormatInt(p.ID, 10)] = p.By == "api"
	}
	var entries []entry
	for _, w := range ledger {
		if w.Side != "erply" {
			continue
		}
		var b sandbox.Bill
		for _, candidate := range state.Bills {
			if candidate.ID == w.ID {
				b = candidate
			}
		}
		for _, change := range w.Changes {
			id, is := strings.CutPrefix(change.Field, "attributes."+record)
			if !is || change.Before != "" {
				continue
			}
			value := strings.Fields(change.After + "   ")
			e := entry{
				at: w.At, direction: reconcile.ToERP, key: "pr." + id, bill: w.Document, total: amount(b.Total, b.Currency), after: recorded(b),
				// A record upon a bill that somebody has flagged is bookkeeping, and so is that of a payment that we made ourselves.
				creates: strings.HasPrefix(w.Before, "paid=0") && !ours[id],
			}
			if len(value) == 3 {
				e.amount, e.date = amount(value[0], value[1]), value[2]
			}
			e.before = less(e.after, e.amount)
			e.excused, e.stray = excuse(w)
			entries = append(entries, e)
		}
	}
	return entries
}

// recorded is the sum of the records of a bill.
func recorded(b sandbox.Bill) money.Amount {
	sum := int64(0)
	for name, value := range b.Attributes {
		number, rest, _ := strings.Cut(value, " ")
		currency, _, _ := strings.Cut(rest, " ")
		if strings.HasPrefix(name, record) {
			sum += amount(number, currency).Minor()
		}
	}
	a, err := money.FromMinor(sum, money.Currency(b.Currency))
	if err != nil {
		return money.Amount{}
	}
	return a
}

// recordsOf are the payments that the attributes of a bill hold.
func recordsOf(b sandbox.Bill) []payment {
	var payments []payment
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		id, is := strings.CutPrefix(name, record)
		value := strings.Fields(b.Attributes[name] + "   ")
		if is && len(value) == 3 {
			payments = append(payments, payment{id: strconv.FormatInt(b.ID, 10) + "." + name, key: "pr." + id, amount: amount(value[0], value[1]), date: value[2]})
		}
	}
	return payments
}

// less is exact, and no amount where the currencies differ.
func less(a, b money.Amount) money.Amount {
	if a.Currency() != b.Currency() {
		return money.Amount{}
	}
	return minor(a.Minor()-b.Minor(), string(a.Currency()))
}

func (f *flags) view() []bill {
	var bills []bill
	for _, b := range f.sandbox.State().Bills {
		if b.Type != "PRCINVOICE" && b.Type != "PRCINVOICEONLY" {
			continue
		}
		seen := bill{payments: recordsOf(b), id: strconv.FormatInt(b.ID, 10), link: b.Attributes["precoroInvoiceID"], total: amount(b.Total, b.Currency), paid: recorded(b), confirmed: b.Confirmed == 1}
		switch {
		case b.Paid == 1 && seen.paid.Minor() < seen.total.Minor():
			seen.paid = seen.total
		case b.Paid == 0 && seen.paid.Minor() >= seen.total.Minor():
			seen.paid = minor(0, b.Currency) // somebody took the flag back
		}
		bills = append(bills, seen)
	}
	return bills
}

func (f *flags) some(r *rand.Rand) string {
	bills := f.sandbox.State().Bills
	if len(bills) == 0 {
		return ""
	}
	return strconv.FormatInt(pick(r, bills...).ID, 10)
}

func (f *flags) work(r *rand.Rand, id string) (what string) {
	f.sandbox.EditBill(number(id), func(b *sandbox.Bill) {
		switch r.IntN(10) {
		case 0, 1, 2, 3:
			if b.Paid == 0 && b.Confirmed == 1 {
				b.Paid, what = 1, "pays in Erply"
			}
		case 4:
			b.Paid, what = 0, "takes the flag back in Erply"
		case 5:
			b.Total, what = "77.00", "edits the total in Erply"
		case 6:
			delete(b.Attributes, "precoroInvoiceID")
			what = "unlinks in Erply"
		case 7:
			maps.DeleteFunc(b.Attributes, func(name, _ string) bool { return strings.HasPrefix(name, record) })
			what = "drops the records in Erply"
		case 8:
			b.Confirmed, what = 0, "makes it a draft in Erply"
		default:
			b.Notes, what = b.Notes+".", "pay-less: edits the notes in Erply"
		}
	})
	return what
}

// number reads one of the sandbox's own ids.
func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
