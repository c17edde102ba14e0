package reconcile

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
)

// Sides whose external-ID field links an invoice to its bill, as they stand in the configuration.
const (
	LinkERP     = "erp"     // the bill's field holds the invoice's id or idn
	LinkPrecoro = "precoro" // the invoice's field holds the bill's id
)

// PrecoroKeyIDN is the setting under which bills hold the invoice's document number instead of its database id.
const PrecoroKeyIDN = "idn"

// Linking says how an invoice finds its bill.
type Linking struct {
	Sides      []string `json:"sides"`       // LinkERP, LinkPrecoro: which field to trust, in order
	PrecoroKey string   `json:"precoro_key"` // "id" or "idn": what the ERP's field holds
}

// Key is what the ERP's external-ID field holds for the invoice.
func (l Linking) Key(inv Invoice) string { return strconv.FormatInt(l.key(&inv), 10) }

func (l Linking) key(inv *Invoice) int64 {
	if l.PrecoroKey == PrecoroKeyIDN {
		return inv.IDN
	}
	return inv.ID
}

// Link finds the invoice's bill among those known. Without one and without exception there is no bill.
func (l Linking) Link(inv Invoice, bills *Bills) (*Bill, *Exception) {
	place, exception := newLinker(l, bills).link(&inv)
	if place == 0 {
		return nil, exception
	}
	bill := *bills.at(place).Bill
	return &bill, nil
}

// linker links invoices to the bills of one index.
type linker struct {
	Linking
	bills        *Bills
	erp, precoro bool                 // the sides that are trusted
	shared       map[int32]*Exception // of links that several bills carry, by the first of them
	passed       int                  // bills gone through for shared
}

func newLinker(l Linking, bills *Bills) *linker {
	return &linker{Linking: l, bills: bills, erp: slices.Contains(l.Sides, LinkERP), precoro: slices.Contains(l.Sides, LinkPrecoro)}
}

// link is the place of the invoice's bill, 0 if it has none or there is an exception.
func (l *linker) link(inv *Invoice) (int32, *Exception) {
	var found int32
	if l.erp {
		switch s := l.bills.links.at(l.key(inv)); s.count {
		case 0:
		case 1:
			found = s.first
		default:
			return 0, l.sharedLink(s.first)
		}
	}
	if !l.precoro || inv.ExternalID == "" {
		return found, nil
	}
	return l.named(inv, found)
}

// named holds the bill that the invoice names against the one that was found otherwise, if any.
func (l *linker) named(inv *Invoice, found int32) (int32, *Exception) {
	if found != 0 {
		if bill := l.bills.at(found); bill.ID != inv.ExternalID {
			return 0, &Exception{AmbiguousBill, fmt.Sprintf("bill %s carries %s, but the invoice names bill %s", bill.ID, bill.Link, text(inv.ExternalID))}
		}
		return found, nil
	}
	place := l.bills.place(inv.ExternalID)
	if place == 0 {
		return 0, nil
	}
	// No bill carries the invoice's key: this one, if anything, another.
	if bill := l.bills.at(place); l.erp && bill.Link != "" {
		return 0, &Exception{AmbiguousBill, fmt.Sprintf("the invoice names bill %s, which carries %s instead of %s", bill.ID, text(bill.Link), l.Key(*inv))}
	}
	return place, nil
}

// sharedLink is the exception of all invoices whose key several bills carry: invoices may have one key, and the bills are
// gone through once.
func (l *linker) sharedLink(first int32) *Exception {
	if exception, known := l.shared[first]; known {
		return exception
	}
	count, ids := list(l.bills.from(first))
	l.passed += count
	exception := &Exception{AmbiguousBill, fmt.Sprintf("%d bills carry %s: %s", count, l.bills.at(first).Link, ids)}
	if l.shared == nil {
		l.shared = map[int32]*Exception{}
	}
	l.shared[first] = exception
	return exception
}

// list counts bills and names the first few of them by id.
func list(bills iter.Seq[*Bill]) (count int, ids string) {
	const most = 5
	first := make([]string, 0, most+1)
	for bill := range bills {
		count++
		if i, _ := slices.BinarySearch(first, bill.ID); i < most {
			first = slices.Insert(first, i, bill.ID)
			first = first[:min(len(first), most)]
		}
	}
	if count > most {
		return count, fmt.Sprintf("%v and %d more", first, count-most)
	}
	return count, fmt.Sprint(first)
}

// text bounds foreign text in a note.
func text(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most]
	}
	return strconv.Quote(s)
}
