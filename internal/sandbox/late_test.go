package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

// late lets the next such request be carried out ten minutes from now. The client learns nothing.
func (w *world) late(side, match string) {
	w.t.Helper()
	w.Fail(sandbox.Fault{Side: side, Match: match, Kind: sandbox.Late, Delay: 10 * time.Minute})
}

func TestALateWriteHappensWhenItIsDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	w.late("precoro", "POST /payments")
	require.Equal(t, outcome{op: "read"}, w.post(payment(i, "20.00")).outcome())
	due := w.clock.Now().Add(10 * time.Minute)

	w.clock.move(10*time.Minute - time.Nanosecond)
	require.Empty(t, w.State().Payments)
	w.clock.move(time.Hour)
	state := w.State()
	require.Len(t, state.Payments, 1)
	require.Equal(t, due, state.Payments[0].Created, "nobody looked in between, but it happened then")
	require.Equal(t, due, state.Invoices[0].Updated)
	require.Equal(t, "20.00", state.Invoices[0].Paid)
	require.Len(t, state.Ledger, 1)
	require.Equal(t, due, state.Ledger[0].At)
	require.False(t, state.Ledger[0].Answered)
	require.Equal(t, sandbox.Late, state.Ledger[0].Fault)
	require.Equal(t, map[string]int{"POST /payments": 1}, state.Requests["precoro"], "it came once")
	require.Equal(t, map[string]int{"late": 1}, state.Faults["precoro"])
	require.Empty(t, state.Alarms)

	w.clock.move(time.Hour)
	require.Len(t, w.State().Payments, 1)
}

func TestWhoeverComesNextFindsTheLateWriteDone(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(w *world, i sandbox.Invoice) string{
		"a request": func(w *world, i sandbox.Invoice) string {
			return plain(w.send(w.t.Context(), http.MethodGet, "/precoro/invoices/"+text(i.IDN), nil, nil).json(w.t)["sumPaid"])
		},
		"counters": func(w *world, _ sandbox.Invoice) string {
			return map[int]string{1: "20.00"}[w.Counters().Writes["POST /payments"]]
		},
		"a person": func(w *world, i sandbox.Invoice) string {
			w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "1.00"})
			state := w.State()
			require.Equal(w.t, "api", state.Payments[0].By, "it came before the person")
			return state.Payments[0].Amount
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			i := w.AddInvoice(eur("120.00"))
			w.late("precoro", "POST /payments")
			require.Error(t, w.post(payment(i, "20.00")).err)
			w.clock.move(10 * time.Minute)
			require.Equal(t, "20.00", next(w, i))
		})
	}
}

func TestAListingHasTheLateWriteToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	w.late("precoro", "POST /payments")
	require.Error(t, w.post(payment(i, "20.00")).err)
	require.Empty(t, rows(t, w.get("/payments")))
	w.clock.move(10 * time.Minute)
	require.Len(t, rows(t, w.get("/payments")), 1, "what was found before is found anew")
}

func TestLateWritesHappenInTheOrderTheyAreDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	for _, delay := range []time.Duration{time.Hour, 10 * time.Minute} {
		w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Late, Delay: delay})
	}
	require.Error(t, w.post(payment(i, "1.00")).err)
	require.Error(t, w.post(payment(i, "2.00")).err)
	w.clock.move(2 * time.Hour)
	written := w.State().Ledger
	require.Len(t, written, 2)
	require.Equal(t, "2.00", written[0].Amount)
	require.True(t, written[0].At.Before(written[1].At))
}

func TestALateWriteThatWouldBeRefusedDoesNothing(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	b := w.AddBill(bill("120.00"))
	w.late("precoro", "POST /payments")
	require.Error(t, w.post(payment(i, "20.00")).err)
	w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "110.00"})
	w.Fail(sandbox.Fault{Side: "erply", Match: "savePurchaseDocument", Kind: sandbox.Late, Delay: 2 * time.Hour})
	require.Error(t, w.send(t.Context(), http.MethodPost, "/erply/api/", w.save(b, "paid", "1"), nil).err)
	w.clock.move(3 * time.Hour)
	state := w.State()
	require.Len(t, state.Payments, 1, "the rest is too small by then")
	require.Zero(t, state.Bills[0].Paid, "the session is over by then")
	require.Empty(t, state.Ledger)
	require.Empty(t, state.Alarms)
}

func TestALateSaveIsASave(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00"))
	w.late("erply", "savePurchaseDocument")
	before := w.State().ErplyTenths
	require.Error(t, w.send(t.Context(), http.MethodPost, "/erply/api/", w.save(b, "paid", "1"), nil).err)
	due := w.clock.Now().Add(10 * time.Minute)
	w.clock.move(time.Hour)
	state := w.State()
	require.Equal(t, 1, state.Bills[0].Paid)
	require.Equal(t, due.Unix(), state.Bills[0].LastModified)
	require.Equal(t, before+10, state.ErplyTenths, "it costs once")
	require.Equal(t, sandbox.Late, state.Ledger[0].Fault)
}

func TestALateReadIsNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	w.late("precoro", "GET /invoices")
	require.Equal(t, outcome{op: "read"}, w.get("/invoices?nonsense=1").outcome())
	w.clock.move(time.Hour)
	require.Empty(t, w.State().Alarms, "nobody ever looked at it")
}

func TestAWriteThatIsDeliveredTwice(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{Limits: sandbox.Limits{PrecoroPerHour: 2}})
	i := w.AddInvoice(eur("120.00"))
	b := w.AddBill(bill("120.00"))
	w.Fail(sandbox.Fault{Side: "precoro", Match: "POST /payments", Kind: sandbox.Twice, Times: 2})
	w.Fail(sandbox.Fault{Side: "erply", Match: "savePurchaseDocument", Kind: sandbox.Twice})
	first := w.post(payment(i, "50.00")).json(t)
	require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status, "its second delivery exceeds what is left")
	require.Equal(t, "0", w.send(t.Context(), http.MethodPost, "/erply/api/", w.save(b, "paid", "1"), nil).code())

	state := w.State()
	require.Len(t, state.Payments, 3)
	require.Equal(t, text(state.Payments[0].ID), plain(first["id"]), "the first one is the one that is told")
	var faults []sandbox.FaultKind
	var answered []bool
	for _, written := range state.Ledger {
		faults, answered = append(faults, written.Fault), append(answered, written.Answered)
	}
	require.Equal(t, []sandbox.FaultKind{"", sandbox.Twice, "", "", sandbox.Twice}, faults)
	require.Equal(t, []bool{true, false, true, true, false}, answered)
	require.Empty(t, state.Throttled, "the limiters saw each once")
	require.Empty(t, state.Alarms)
}

func TestAReadThatIsDeliveredTwiceIsARead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Twice})
	require.Equal(t, http.StatusBadRequest, w.get("/invoices?nonsense=1").status)
	require.Len(t, w.State().Alarms, 1)
	require.Equal(t, map[string]int{"twice": 1}, w.State().Faults["precoro"])
}

func TestPeopleWorkBetweenTwoRequests(t *testing.T) {
	t.Parallel()
	var routes []string
	var w *world
	var i sandbox.Invoice
	w = newErply(t, sandbox.Options{Before: func(side, route string) {
		routes = append(routes, side+" "+route)
		if route == "GET /invoices/{idn}" {
			w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "20.00"})
		}
	}})
	i = w.AddInvoice(eur("120.00"))
	require.Equal(t, "20.00", plain(w.get("/invoices/" + text(i.IDN)).json(t)["sumPaid"]))
	w.get("/nowhere")
	w.erply("getPurchaseDocuments")
	w.bulk(map[string]any{"requestName": "getPurchaseDocuments"})
	w.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Refused})
	require.Error(t, w.post(url.Values{}).err)
	require.Equal(t, http.StatusOK, w.send(t.Context(), http.MethodGet, "/_sandbox/counters", nil, nil).status)
	require.Equal(t, []string{
		"erply verifyUser", "precoro GET /invoices/{idn}", "precoro unknown", "erply getPurchaseDocuments", "erply bulk", "precoro POST /payments",
	}, routes, "the sandbox's own side is nobody's request")
}

func TestASocketIsHeldInSilence(t *testing.T) {
	t.Parallel()
	for kind, payments := range map[sandbox.FaultKind]int{sandbox.Timeout: 0, sandbox.TimeoutAfter: 1, sandbox.Late: 0} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w, stop := served(t)
			i := w.AddInvoice(eur("120.00"))
			w.Fail(sandbox.Fault{Side: "precoro", Kind: kind, Times: 2, Delay: time.Hour})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := w.send(ctx, http.MethodPost, "/precoro/payments", payment(i, "20.00"), nil).err
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Len(t, w.State().Payments, payments)

			w.clock.move(time.Second)
			waiting := make(chan error, 1)
			go func() {
				response, err := w.http.RoundTrip(w.request(t.Context(), http.MethodGet, "/precoro/invoices", nil))
				waiting <- errors.Join(err, closed(response))
			}()
			require.Eventually(t, func() bool { return w.Counters().Requests["precoro"]["GET /invoices"] == 1 }, 10*time.Second, time.Millisecond)
			w.clock.move(2 * time.Hour)
			require.Len(t, w.State().Payments, max(payments, map[sandbox.FaultKind]int{sandbox.Late: 1}[kind]))
			require.NoError(t, stop())
			require.Error(t, <-waiting, "the server's life ends the silence")
		})
	}
}

func closed(response *http.Response) error {
	if response == nil {
		return nil
	}
	return response.Body.Close()
}
