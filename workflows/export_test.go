package workflows

import (
	"payrecon/activities"
	"payrecon/internal/reconcile"
)

// Listing is how pages are gathered.
type Listing struct {
	*listing[reconcile.Invoice]
}

// NewListing is one before its first page.
func NewListing() *Listing {
	return &Listing{newListing("invoices", func(inv reconcile.Invoice) int64 { return inv.ID })}
}

// Take adds a page and says which is next, 0 for none.
func (l *Listing) Take(page int, answer activities.InvoicePage) (int, error) {
	return l.take(page, answer.Invoices, answer.Total, answer.More)
}

// Rows are what was gathered.
func (l *Listing) Rows() []reconcile.Invoice { return l.rows }
