package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// act sends acts to the sandbox's own side.
func (w *world) act(body string) answer {
	w.t.Helper()
	return w.send(w.t.Context(), http.MethodPost, "/_sandbox/acts", nil, func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	})
}

func TestPeopleActWhileBothSystemsAreServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})

	made := w.act(`{"acts": [
		{"act": "pair", "total": "120.00", "currency": "EUR"},
		{"act": "pair", "total": "80.00", "currency": "EUR", "bill": "draft", "bill_currency": "USD"},
		{"act": "pair", "total": "60.00", "currency": "EUR", "bill": "none", "status": 1}]}`)
	require.Equal(t, http.StatusOK, made.status, string(made.body))
	state := w.State()
	require.Len(t, state.Invoices, 3)
	require.Len(t, state.Bills, 2)
	require.Equal(t, text(state.Invoices[0].ID), state.Bills[0].Attributes["precoroInvoiceID"])
	require.Equal(t, []int{1, 0}, []int{state.Bills[0].Confirmed, state.Bills[1].Confirmed})
	require.Equal(t, "USD", state.Bills[1].Currency)
	require.Equal(t, []int{2, 2, 1}, []int{state.Invoices[0].Status, state.Invoices[1].Status, state.Invoices[2].Status})

	first, bill := text(state.Invoices[0].ID), text(state.Bills[0].ID)
	paid := w.act(`{"acts": [
		{"act": "pay", "invoice": ` + first + `, "amount": "20.00", "date": "2026-03-14", "external_id": "bank-1"},
		{"act": "paid", "bill_id": ` + bill + `, "paid": 1}]}`)
	require.Equal(t, http.StatusOK, paid.status, string(paid.body))
	payment := w.State().Payments[0]
	require.Equal(t, []string{"20.00", "2026-03-14", "bank-1", "person"}, []string{payment.Amount, payment.Date, payment.ExternalID, payment.By})
	require.Equal(t, 1, w.State().Bills[0].Paid)

	undone := w.act(`{"acts": [
		{"act": "retag", "payment": ` + text(payment.ID) + `, "external_id": ""},
		{"act": "cancel", "payment": ` + text(payment.ID) + `},
		{"act": "paid", "bill_id": ` + bill + `, "paid": 0},
		{"act": "remove", "invoice": ` + text(state.Invoices[2].ID) + `}]}`)
	require.Equal(t, http.StatusOK, undone.status, string(undone.body))
	after := w.State()
	require.True(t, after.Payments[0].Cancelled)
	require.Empty(t, after.Payments[0].ExternalID)
	require.Zero(t, after.Bills[0].Paid)
	require.Len(t, after.Invoices, 2)
	require.Empty(t, after.Ledger, "what people do is not in the ledger")
	require.Empty(t, after.Alarms)
}

func TestActsThatCannotBeAreRefusedInWords(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"acts": []}`:                  "0 of them, want 1 to 1000",
		`{"acts": [{}]}`:                `act \"\": want one of cancel, paid, pair, pay, remove, retag`,
		`{"acts": [{"act": "pay"}]} {}`: "something follows the object",
		`{"acts": [{"act": "pay"}]}`:    "number 1: pay: invoice is missing",
		`{"acts": [], "more": 1}`:       "unknown field",
		`{"acts": [{"act": "cancel", "payment": 1, "amount": "1"}]}`:                            "cancel: amount does not belong to it",
		`{"acts": [{"act": "cancel", "payment": 1}]}`:                                           "payment: none has the id 1",
		`{"acts": [{"act": "retag", "payment": 1, "external_id": "x"}]}`:                        "payment: none has the id 1",
		`{"acts": [{"act": "remove", "invoice": 1}]}`:                                           "invoice: none has the id 1",
		`{"acts": [{"act": "pay", "invoice": 1, "amount": "1.00"}]}`:                            "invoice: none has the id 1",
		`{"acts": [{"act": "paid", "bill_id": 1, "paid": 1}]}`:                                  "bill_id: no bill has the id 1",
		`{"acts": [{"act": "paid", "bill_id": 1, "paid": null}]}`:                               "paid: want 0 or 1",
		`{"acts": [{"act": "pair", "total": "0.00", "currency": "EUR"}]}`:                       "is not above 0",
		`{"acts": [{"act": "pair", "total": "1.001", "currency": "EUR"}]}`:                      "total:",
		`{"acts": [{"act": "pair", "total": "1.00", "currency": "EUR", "status": 99}]}`:         "status 99",
		`{"acts": [{"act": "pair", "total": "1.00", "currency": "EUR", "bill": "some"}]}`:       "want confirmed, draft or none",
		`{"acts": [{"act": "pair", "total": "1.00", "currency": "EUR", "bill_currency": "?"}]}`: "total:",
	} {
		w := newWorld(t, sandbox.Options{})
		refused := w.act(body)
		require.Equal(t, http.StatusBadRequest, refused.status, body)
		require.Contains(t, string(refused.body), want, body)
		require.Empty(t, w.State().Invoices, body)
		require.Empty(t, w.State().Alarms, body)
	}
}

func TestActsStopAtTheFirstThatCannotBeDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))

	refused := w.act(`{"acts": [
		{"act": "pay", "invoice": ` + text(i.ID) + `, "amount": "20.00"},
		{"act": "pay", "invoice": ` + text(i.ID) + `, "amount": "20.00", "date": "14.3.2026"},
		{"act": "pay", "invoice": ` + text(i.ID) + `, "amount": "20.00"}]}`)

	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Contains(t, string(refused.body), `number 2, pay: date \"14.3.2026\": want a day`)
	require.Contains(t, string(refused.body), `"payment":1004`, "what was done is said")
	require.Len(t, w.State().Payments, 1)
}
