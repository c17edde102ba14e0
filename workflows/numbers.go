package workflows

import (
	"cmp"
	"encoding/json"
	"slices"

	"payrecon/activities"
	"payrecon/internal/reconcile"
)

// Numbers are the document numbers of invoices that are not paid in full, ascending by database id. A bill names its invoice
// by database id, and Precoro's paths want the number: who knows it needs no request to find it. Only an invoice that is not
// paid can get a payment from the ERP, so that these are enough.
type Numbers = activities.Packed[Number]

// Number is one invoice's.
type Number struct{ ID, IDN int64 }

// MarshalJSON is short: a company's memory travels with every run.
func (n Number) MarshalJSON() ([]byte, error) { return json.Marshal([2]int64{n.ID, n.IDN}) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Number) UnmarshalJSON(data []byte) error {
	var pair [2]int64
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	n.ID, n.IDN = pair[0], pair[1]
	return nil
}

// maxNumbers bounds them: packed, they take some five bytes each. One that is not remembered costs a request more.
const maxNumbers = 20_000

// numberOf is the document number of the invoice with this database id.
func numberOf(numbers Numbers, id int64) (int64, bool) {
	i, known := slices.BinarySearchFunc(numbers, id, func(n Number, id int64) int { return cmp.Compare(n.ID, id) })
	if !known {
		return 0, false
	}
	return numbers[i].IDN, true
}

// numbered are the numbers of the invoices that are open by what a run has read, beside those that were known before.
func numbered(before Numbers, rows []reconcile.Invoice) Numbers {
	var all Numbers
	read := make(map[int64]bool, len(rows))
	for _, inv := range rows {
		if read[inv.ID] || inv.Problem != "" {
			continue
		}
		if read[inv.ID] = true; inv.Paid != inv.Total {
			all = append(all, Number{inv.ID, inv.IDN})
		}
	}
	for _, n := range before {
		if !read[n.ID] {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b Number) int { return cmp.Compare(a.ID, b.ID) })
	return all[max(0, len(all)-maxNumbers):] // the newest are paid next
}
