package workflows

import (
	"time"

	"payrecon/activities"
	"payrecon/internal/reconcile"
)

// Listing is how pages are gathered.
type Listing struct{ listing }

// NewListing is one before its first page.
func NewListing() *Listing {
	return &Listing{listing{seen: map[int64]int{}, sent: map[int]time.Time{}, total: -1}}
}

// Take adds a page and says which is next, 0 for none.
func (l *Listing) Take(page int, answer activities.InvoicePage) (int, error) {
	return l.take(page, answer)
}

// Rows are what was gathered.
func (l *Listing) Rows() []reconcile.Invoice { return l.rows }
