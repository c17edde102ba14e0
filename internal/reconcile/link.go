package reconcile

import (
	"fmt"
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
func (l Linking) Key(inv Invoice) string {
	if l.PrecoroKey == PrecoroKeyIDN {
		return strconv.FormatInt(inv.IDN, 10)
	}
	return strconv.FormatInt(inv.ID, 10)
}

// Bills finds bills by either link. A bill that is added again replaces what was known of it.
type Bills struct {
	byID   map[string]Bill
	byLink map[string][]string // invoice key -> bill ids
}

// NewBills is an empty index.
func NewBills() *Bills {
	return &Bills{byID: map[string]Bill{}, byLink: map[string][]string{}}
}

// Add takes bills in.
func (b *Bills) Add(bills ...Bill) {
	for _, bill := range bills {
		if known, there := b.byID[bill.ID]; there {
			b.byLink[known.Link] = slices.DeleteFunc(b.byLink[known.Link], func(id string) bool { return id == bill.ID })
		}
		if bill.Link != "" {
			b.byLink[bill.Link] = append(b.byLink[bill.Link], bill.ID)
		}
		b.byID[bill.ID] = bill
	}
}

// Link finds the invoice's bill among those known. Without one and without exception there is no bill.
func (l Linking) Link(inv Invoice, bills *Bills) (*Bill, *Exception) {
	key := l.Key(inv)
	var found *Bill
	if slices.Contains(l.Sides, LinkERP) {
		ids := bills.byLink[key]
		if len(ids) > 1 {
			return nil, &Exception{AmbiguousBill, fmt.Sprintf("%d bills carry %s: %s", len(ids), key, list(ids))}
		}
		if len(ids) == 1 {
			bill := bills.byID[ids[0]]
			found = &bill
		}
	}
	if !slices.Contains(l.Sides, LinkPrecoro) || inv.ExternalID == "" {
		return found, nil
	}
	if found != nil && found.ID != inv.ExternalID {
		return nil, &Exception{AmbiguousBill, fmt.Sprintf("bill %s carries %s, but the invoice names bill %s", found.ID, key, text(inv.ExternalID))}
	}
	if found != nil {
		return found, nil
	}
	bill, there := bills.byID[inv.ExternalID]
	if !there {
		return nil, nil
	}
	if slices.Contains(l.Sides, LinkERP) && bill.Link != "" && bill.Link != key {
		return nil, &Exception{AmbiguousBill, fmt.Sprintf("the invoice names bill %s, which carries %s instead of %s", bill.ID, text(bill.Link), key)}
	}
	return &bill, nil
}

func list(ids []string) string {
	sorted := slices.Sorted(slices.Values(ids))
	const most = 5
	if len(sorted) > most {
		return fmt.Sprintf("%v and %d more", sorted[:most], len(sorted)-most)
	}
	return fmt.Sprint(sorted)
}

// text bounds foreign text in a note.
func text(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most]
	}
	return strconv.Quote(s)
}
