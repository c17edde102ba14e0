package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// Pages of one listing are cut from what was found once; whatever changes the world in between must show.
func TestAListingShowsWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	first, second := w.AddInvoice(eur("120.00")), w.AddInvoice(eur("120.00"))
	approved := func() []string { return column(rows(t, w.get("/invoices?status[]=2&page=1")), "id") }
	payments := func() []string { return column(rows(t, w.get("/payments?page=1")), "id") }
	require.Equal(t, []string{text(second.ID), text(first.ID)}, approved())
	require.Equal(t, []string{text(second.ID), text(first.ID)}, approved())

	one := w.AddPayment(sandbox.Payment{InvoiceID: first.ID, Amount: "20.00"})
	require.Equal(t, []string{text(second.ID)}, approved(), "a person paid")
	require.Equal(t, []string{text(one.ID)}, payments())

	w.post(payment(second, "20.00"))
	require.Empty(t, approved(), "the API paid")
	require.Len(t, payments(), 2)

	w.CancelPayment(one.ID)
	require.Equal(t, []string{text(first.ID)}, approved())

	third := w.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "5.00", Created: w.clock.Now().AddDate(0, 0, -9)})
	require.Equal(t, []string{text(first.ID), text(third.ID)}, approved(), "an old one comes last")

	before := payments()
	w.EditPayment(one.ID, func(p *sandbox.Payment) { p.Created = w.clock.Now().Add(time.Hour) })
	require.Equal(t, []string{before[1], before[0]}, payments(), "the newest comes first")

	w.RemoveInvoice(first.ID)
	require.Equal(t, []string{text(third.ID)}, approved())
	require.Equal(t, before[:1], payments())

	w.patch("/invoices/"+text(third.IDN), "8842")
	require.Len(t, rows(t, w.get("/invoices?external_id[]=8842")), 1)
}
