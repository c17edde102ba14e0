package workflows

import (
	"time"

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

// PrecoroOpens is when the next request may be sent to Precoro, and why not before.
func (q Quota) PrecoroOpens(now time.Time, perHour, perDay int) (time.Time, string) {
	return q.precoroOpens(now, perHour, perDay)
}

// PrecoroLeft is what is left of the hour and of the day.
func (q Quota) PrecoroLeft(now time.Time, perHour, perDay int) (hour, day int) {
	return q.precoroLeft(now, perHour, perDay)
}

// SpendPrecoro counts requests.
func (q *Quota) SpendPrecoro(now time.Time, n int) { q.spendPrecoro(now, n) }

// ERPOpens is when something of this cost may be sent to the ERP, and why not before.
func (q Quota) ERPOpens(now time.Time, perHour, cost int) (time.Time, string) {
	return q.erpOpens(now, perHour, cost)
}

// SpendERP counts what was charged.
func (q *Quota) SpendERP(now time.Time, cost int) { q.spendERP(now, cost) }

// Refused takes over what a refusal says.
func (q *Quota) Refused(now time.Time, failure activities.Failure) { q.refused(now, failure) }

// Take takes over what a run has to hand on, as Company does.
func (m *Memory) Take(job Job, end RunEnd, now time.Time) {
	m.learn(job, end)
	m.LastEnd, m.LastClean, m.Quota = now, true, *end.Quota
	if end.Full {
		m.LastFull = now
	}
}
