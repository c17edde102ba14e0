package tryton

import (
	"encoding/json"
	"fmt"

	"payrecon/erp"
	"payrecon/internal/money"
)

// upon is what a write needs of a bill as it was read, beside the bill itself.
type upon struct {
	Party int64 `json:"party"`
	// Lines are what is owed and not reconciled, in the order in which it is due.
	Lines []openLine `json:"lines,omitempty"`
	// Payments are those that have not failed, by Payment.ID.
	Payments map[string]record `json:"payments,omitempty"`
}

// openLine is a line of the ledger, and what of it no payment claims yet.
type openLine struct {
	ID   int64        `json:"id"`
	Open money.Amount `json:"open"`
}

// record is an account.payment.
type record struct {
	ID        int64  `json:"id"`
	Line      int64  `json:"line"`
	Timestamp string `json:"timestamp"` // of its last change
}

func (c *client) snapshot(b books, inv invoiceRow) (erp.Snapshot, error) {
	bill := c.bill(b, inv)
	kept := upon{Party: inv.Party, Payments: map[string]record{}}
	for _, line := range inv.Own {
		for _, row := range line.Payments {
			if row.State != failed {
				kept.Payments[row.id()] = record{row.ID, line.ID, row.Timestamp}
			}
		}
	}
	if bill.Problem == "" {
		kept.Lines = b.openLines(inv, bill.Total.Currency())
	}
	raw, err := json.Marshal(kept)
	if err != nil {
		return erp.Snapshot{}, fmt.Errorf("keep bill %s: %w", bill.ID, err)
	}
	return erp.Snapshot{Bill: bill, Raw: raw}, nil
}

// openLines says what is open of each line. What was paid by the Pay wizard or a statement and is not reconciled yet is of no
// line in particular; it is taken off those that are due first.
func (b books) openLines(inv invoiceRow, currency money.Currency) []openLine {
	var floating int64
	for _, line := range inv.Payers {
		if paid, err := line.paid(b, currency); err == nil && line.Reconciliation == 0 && paid.Currency() == currency {
			floating += paid.Minor()
		}
	}
	var lines []openLine
	for _, line := range inv.Own {
		credited, err := line.paid(b, currency)
		if err != nil || line.Reconciliation != 0 {
			continue
		}
		open := -credited.Minor()
		for _, payment := range line.Payments {
			if amount, err := payment.amount(); err == nil && payment.State != failed {
				open -= amount.Minor()
			}
		}
		covered := min(max(open, 0), max(floating, 0))
		floating -= covered
		if amount, err := money.FromMinor(open-covered, currency); err == nil {
			lines = append(lines, openLine{line.ID, amount})
		}
	}
	return lines
}
