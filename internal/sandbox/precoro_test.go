package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

func eur(total string) sandbox.Invoice { return sandbox.Invoice{Currency: "EUR", Total: total} }

func TestDatabaseIDsAreOtherDocumentsNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	var ids, idns []int64
	for range 20 {
		i := w.AddInvoice(eur("120.00"))
		require.NotEqual(t, i.ID, i.IDN)
		ids, idns = append(ids, i.ID), append(idns, i.IDN)
	}
	require.True(t, slices.ContainsFunc(ids, func(id int64) bool { return slices.Contains(idns, id) }))

	got := w.get("/invoices/" + text(ids[0])).json(t)
	require.NotEqual(t, text(ids[0]), plain(got["id"]), "a path takes the document number")
}

func TestInvoicesComeInPagesNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	for range 23 {
		w.AddInvoice(eur("120.00"))
		w.clock.move(time.Second)
	}
	shapes := map[string]bool{}
	var idns []string
	for number := 1; number <= 4; number++ {
		a := w.get(fmt.Sprintf("/invoices?per_page=10&page=%d", number))
		idns = append(idns, column(rows(t, a), "idn")...)
		meta, ok := a.json(t).at(t, "meta", "pagination").(map[string]any)
		require.True(t, ok)
		require.Equal(t, "23", plain(meta["total"]))
		require.Equal(t, fmt.Sprint(number), plain(meta["current_page"]))
		if next, newer := meta["has_next_page"]; newer {
			require.Equal(t, number < 3, next)
			shapes["newer"] = true
		} else {
			require.Equal(t, "3", plain(meta["total_pages"]))
			shapes["older"] = true
		}
	}
	require.Len(t, idns, 23)
	require.Equal(t, "1023", idns[0])
	require.True(t, slices.IsSortedFunc(idns, func(a, b string) int { return strings.Compare(b, a) }))
	require.Len(t, rows(t, w.get("/invoices")), 23)
	require.Empty(t, w.State().Alarms)
}

func TestBothPaginationShapesAreServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	seen := map[bool]int{}
	for range 40 {
		i := w.AddInvoice(eur("120.00"))
		meta, ok := w.get("/invoices?id="+text(i.ID)).json(t).at(t, "meta", "pagination").(map[string]any)
		require.True(t, ok)
		_, newer := meta["has_next_page"]
		seen[newer]++
	}
	require.Greater(t, seen[true], 5)
	require.Greater(t, seen[false], 5)
}

func TestInvoicesAreFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	approved := w.AddInvoice(eur("120.00"))
	partly := w.AddInvoice(eur("120.00"))
	w.AddPayment(sandbox.Payment{InvoiceID: partly.ID, Amount: "20.00"})
	w.clock.move(time.Hour)
	since := w.clock.Now().Format("2006-01-02T15:04:05")
	linked := w.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "50.00", ExternalID: "8842", Status: 8})
	credit := w.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "50.00", LogicType: 1})
	draft := w.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "50.00", Draft: true})

	for query, want := range map[string][]int64{
		"status[]=2&status[]=4&status[]=5":        {credit.ID, partly.ID, approved.ID},
		"status[]=0":                              {draft.ID},
		"id=" + text(linked.ID):                   {linked.ID},
		"idn=" + text(linked.IDN):                 {linked.ID},
		"external_id[]=8842&external_id[]=7":      {linked.ID},
		"external_id[]=884":                       {},
		"modifiedSince=" + url.QueryEscape(since): {draft.ID, credit.ID, linked.ID},
		"logicType[]=1&logicType[]=5":             {credit.ID},
		"status[]=2&logicType[]=0":                {approved.ID},
	} {
		wanted := []string{}
		for _, id := range want {
			wanted = append(wanted, text(id))
		}
		require.Equal(t, wanted, column(rows(t, w.get("/invoices?"+query)), "id"), query)
	}
	require.Empty(t, w.State().Alarms)
}

func TestAPaymentShowsItsInvoiceAsModified(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	w.clock.move(time.Hour)
	query := "/invoices?modifiedSince=" + w.clock.Now().Format("2006-01-02T15:04:05")
	require.Empty(t, rows(t, w.get(query)))
	require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status)
	require.Len(t, rows(t, w.get(query)), 1)
}

func TestListRowsHaveNeitherItemsNorPayments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	p := w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "20.00", Date: "2026-02-01"})

	row := rows(t, w.get("/invoices"))[0]
	require.NotContains(t, row, "items")
	require.NotContains(t, row, "payments")

	whole := w.get("/invoices/" + text(i.IDN)).json(t)
	require.NotContains(t, whole, "data")
	payments := objects(t, whole["payments"])
	require.Equal(t, []string{text(p.ID)}, column(payments, "id"))
	require.Equal(t, []string{"20.00"}, column(payments, "sumPaid"))
	require.Equal(t, []string{"2026-02-01T00:00:00+00:00"}, column(payments, "payDate"))
	require.Equal(t, http.StatusNotFound, w.get("/invoices/77").status)
}

func TestPaymentsAreListedAndFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	first, second := w.AddInvoice(eur("120.00")), w.AddInvoice(eur("120.00"))
	a := w.AddPayment(sandbox.Payment{InvoiceID: first.ID, Amount: "20.00"})
	w.clock.move(time.Second)
	b := w.AddPayment(sandbox.Payment{InvoiceID: second.ID, Amount: "30.00"})

	require.Equal(t, []string{text(b.ID), text(a.ID)}, column(rows(t, w.get("/payments?per_page=200&page=1")), "id"))
	require.Equal(t, []string{text(a.ID)}, column(rows(t, w.get("/payments?invoice="+text(first.IDN))), "id"))
	require.Equal(t, []string{text(b.ID)}, column(rows(t, w.get("/payments?id="+text(b.ID))), "id"))
	require.Equal(t, []string{text(b.ID)}, column(rows(t, w.get("/payments?idn="+text(b.IDN))), "id"))
	require.Equal(t, text(b.ID), plain(w.get("/payments/" + text(b.IDN)).json(t)["id"]))
	require.Equal(t, http.StatusNotFound, w.get("/payments/77").status)
	require.Empty(t, w.State().Alarms)
}

func TestJSONIsLooseInEveryKnownWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	seen := map[string]bool{}
	see := func(field string, value any) { seen[fmt.Sprintf("%s %T", field, value)] = true }
	for n := range 40 {
		i := w.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", ExternalID: text(int64(n))})
		cancelled := w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "20.00"})
		w.CancelPayment(cancelled.ID)
		w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "20.00"})
		whole := w.get("/invoices/" + text(i.IDN)).json(t)
		require.Equal(t, "20.00", plain(whole["sumPaid"]))
		for _, field := range []string{"sumPaid", "idn", "externalId", "legalEntity", "payments"} {
			see(field, whole[field])
		}
		for _, p := range objects(t, whole["payments"]) {
			see("canceledBy", p["canceledBy"])
		}
	}
	for _, kind := range []string{
		"sumPaid string", "sumPaid json.Number", "idn string", "idn json.Number", "externalId string", "externalId json.Number",
		"legalEntity <nil>", "legalEntity []interface {}", "payments []interface {}", "payments map[string]interface {}",
		"canceledBy <nil>", "canceledBy []interface {}", "canceledBy map[string]interface {}",
	} {
		require.Contains(t, seen, kind)
	}
}

func TestStatusFollowsPayments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	status := func() string { return plain(w.get("/invoices/" + text(i.IDN)).json(t)["status"]) }
	require.Equal(t, "2", status())

	require.Equal(t, http.StatusCreated, w.post(payment(i, "20.00")).status)
	require.Equal(t, "4", status())
	require.Equal(t, http.StatusCreated, w.post(payment(i, "100.00")).status)
	require.Equal(t, "5", status())

	payments := w.State().Payments
	w.CancelPayment(payments[1].ID)
	require.Equal(t, "4", status())
	w.EditPayment(payments[0].ID, func(p *sandbox.Payment) { p.Amount = "120.00" })
	require.Equal(t, "5", status())
	w.CancelPayment(payments[0].ID)
	require.Equal(t, "2", status())
	require.Equal(t, "0.00", w.State().Invoices[0].Paid)
}

func TestAStatusOutsideTheThreeStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", Status: 8})
	w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "120.00"})
	require.Equal(t, 8, w.State().Invoices[0].Status)
	require.Equal(t, "120.00", w.State().Invoices[0].Paid)
}

func TestPaidCanBeAnythingAServerSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", PaidOverride: "1e3"})
	require.Equal(t, "1e3", w.get("/invoices/" + text(i.IDN)).json(t)["sumPaid"])
}

func TestAPaymentIsCreatedAsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	a := w.post(payment(i, "20.5", "payDate", "2026-03-14T23:00:00+02:00"))
	require.Equal(t, http.StatusCreated, a.status)
	got := a.json(t)
	require.Equal(t, "er.8842.paid", got["externalId"])
	require.Equal(t, "20.50", plain(got["sumPaid"]))
	require.Equal(t, "2026-03-14T00:00:00+00:00", got["payDate"])
	require.Equal(t, text(i.ID), plain(got.at(t, "invoice", "id")))
	require.Equal(t, text(i.IDN), plain(got.at(t, "invoice", "idn")))

	state := w.State()
	require.Equal(t, "api", state.Payments[0].By)
	require.Equal(t, []sandbox.Write{{
		At: w.clock.Now(), Side: "precoro", Op: "POST /payments", Document: text(i.IDN), ID: state.Payments[0].ID, Key: "er.8842.paid",
		Amount: "20.50", Currency: "EUR", Date: "2026-03-14", Before: "0.00", After: "20.50", Answered: true,
		Changes: []sandbox.Change{{Field: "sumPaid", Before: "0.00", After: "20.50"}, {Field: "status", Before: "2", After: "4"}},
	}}, state.Ledger)
}

func TestExternalIDOfAPostCanBeDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{IgnoreExternalIDOnPost: true})
	i := w.AddInvoice(eur("120.00"))
	require.Nil(t, w.post(payment(i, "20.00")).json(t)["externalId"])
	require.Empty(t, w.State().Payments[0].ExternalID)
	require.Equal(t, "er.8842.paid", w.State().Ledger[0].Key, "the ledger says what was sent")
}

func TestExternalIDsArePatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	p := w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "20.00", Date: "2026-02-01", ExternalID: "old"})

	require.Equal(t, "er.1.paid", w.patch("/payments/"+text(p.IDN), "er.1.paid").json(t)["externalId"])
	require.Equal(t, "8842", plain(w.patch("/invoices/"+text(i.IDN), "8842").json(t)["externalId"]))
	require.Equal(t, http.StatusNotFound, w.patch("/payments/77", "x").status)
	require.Equal(t, http.StatusUnprocessableEntity, w.patch("/payments/"+text(p.IDN), strings.Repeat("x", 256)).status)

	state := w.State()
	require.Equal(t, "er.1.paid", state.Payments[0].ExternalID)
	require.Equal(t, "8842", state.Invoices[0].ExternalID)
	require.Len(t, state.Ledger, 2)
	require.Equal(t, sandbox.Write{
		At: state.Ledger[0].At, Side: "precoro", Op: "PATCH /payments/{idn}", Document: text(i.IDN), ID: p.ID, Key: "er.1.paid", Amount: "20.00",
		Currency: "EUR", Date: "2026-02-01", Before: "old", After: "er.1.paid", Answered: true,
		Changes: []sandbox.Change{{Field: "externalId", Before: "old", After: "er.1.paid"}},
	}, state.Ledger[0])
	require.Equal(t, "PATCH /invoices/{idn}", state.Ledger[1].Op)
}

func TestAPaymentIsRefusedByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	pending := w.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", Status: 1})
	paid := w.AddInvoice(eur("120.00"))
	w.AddPayment(sandbox.Payment{InvoiceID: paid.ID, Amount: "120.00"})

	for _, c := range []struct {
		name, field string
		form        url.Values
	}{
		{"unknown invoice", "invoice", payment(i, "20.00", "invoice[id]", "99999")},
		{"invoice that is not approved", "invoice", payment(pending, "20.00")},
		{"paid invoice", "sumPaid", payment(paid, "0.01")},
		{"above the remainder", "sumPaid", payment(i, "120.01")},
		{"zero", "sumPaid", payment(i, "0")},
		{"negative", "sumPaid", payment(i, "-20.00")},
		{"too many digits", "sumPaid", payment(i, "20.001")},
		{"no number", "sumPaid", payment(i, "20,00")},
		{"bad date", "payDate", payment(i, "20.00", "payDate", "14.03.2026")},
		{"other kind", "logicType", payment(i, "20.00", "logicType", "2")},
		{"long external ID", "externalId", payment(i, "20.00", "externalId", strings.Repeat("x", 256))},
	} {
		a := w.post(c.form)
		require.Equal(t, http.StatusUnprocessableEntity, a.status, c.name)
		require.NotEmpty(t, a.json(t).at(t, "errors", "errors", c.field), c.name)
	}
	require.Len(t, w.State().Payments, 1)
	require.Empty(t, w.State().Ledger)
}

func TestASecondPaymentShowsInLaxMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{LaxOverpay: true})
	i := w.AddInvoice(eur("120.00"))
	for range 2 {
		require.Equal(t, http.StatusCreated, w.post(payment(i, "120.00")).status)
	}
	require.Equal(t, "240.00", w.State().Invoices[0].Paid)
	require.Equal(t, 5, w.State().Invoices[0].Status)
}

func TestMistakesOfAClientAreErrorsAndAlarms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	without := payment(i, "20.00")
	without.Del("payDate")
	doubled := payment(i, "20.00")
	doubled.Add("sumPaid", "20.00")

	for _, c := range []struct {
		name, method, target, field string
		form                        url.Values
		edit                        func(*http.Request)
	}{
		{name: "unknown parameter", method: "GET", target: "/invoices?state=2", field: "state"},
		{name: "status without brackets", method: "GET", target: "/invoices?status=2", field: "status"},
		{name: "doubled parameter", method: "GET", target: "/invoices?page=1&page=2", field: "page"},
		{name: "page size", method: "GET", target: "/invoices?per_page=30", field: "per_page"},
		{name: "page zero", method: "GET", target: "/invoices?page=0", field: "page"},
		{name: "time with a zone", method: "GET", target: "/invoices?modifiedSince=2026-03-14T00:00:00Z", field: "modifiedSince"},
		{name: "status in words", method: "GET", target: "/invoices?status[]=paid", field: "status[]"},
		{name: "filter of the other listing", method: "GET", target: "/payments?modifiedSince=2026-03-14T00:00:00", field: "modifiedSince"},
		{name: "query of a single document", method: "GET", target: "/invoices/" + text(i.IDN) + "?page=1", field: "page"},
		{name: "unknown field", method: "POST", target: "/payments", field: "currency", form: payment(i, "20.00", "currency", "EUR")},
		{name: "missing field", method: "POST", target: "/payments", field: "payDate", form: without},
		{name: "doubled field", method: "POST", target: "/payments", field: "sumPaid", form: doubled},
		{name: "no form", method: "POST", target: "/payments", field: "invoice[id]"},
		{
			name: "JSON", method: "POST", target: "/payments", field: "Content-Type", form: payment(i, "20.00"),
			edit: func(r *http.Request) { r.Header.Set("Content-Type", "application/json") },
		},
	} {
		w.clock.move(time.Minute)
		alarms := len(w.State().Alarms)
		a := w.send(t.Context(), c.method, "/precoro"+c.target, c.form, c.edit)
		require.Equal(t, http.StatusBadRequest, a.status, "%s: %s", c.name, a.body)
		require.NotEmpty(t, a.json(t).at(t, "errors", "errors", c.field), c.name)
		require.Len(t, w.State().Alarms, alarms+1, c.name)
	}
	require.Empty(t, w.State().Ledger)
}

func TestUnknownRoutesAreAlarms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	for _, target := range []string{"/invoices/x", "/invoices/1/payments", "/suppliers", "/invoices/", "/invoices/0"} {
		require.Equal(t, http.StatusNotFound, w.get(target).status, target)
	}
	w.clock.move(time.Minute)
	require.Equal(t, http.StatusNotFound, w.send(t.Context(), http.MethodPut, "/precoro/payments/1", url.Values{"externalId": {"x"}}, nil).status)
	require.Len(t, w.State().Alarms, 6)
	require.Equal(t, 6, w.State().Requests["precoro"]["unknown"])
}

func TestCredentialsAndUserAgentAreAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	for status, edits := range map[int][]func(*http.Request){
		http.StatusUnauthorized: {
			func(r *http.Request) { r.Header.Set("X-AUTH-TOKEN", "wrong") },
			func(r *http.Request) { r.Header.Set("email", "other@example.com") },
			func(r *http.Request) { r.Header.Del("email") },
		},
		http.StatusForbidden: {
			func(r *http.Request) { r.Header.Del("User-Agent") },
			func(r *http.Request) { r.Header.Set("User-Agent", "Go-http-client/1.1") },
		},
	} {
		for _, edit := range edits {
			w.clock.move(time.Minute)
			require.Equal(t, status, w.send(t.Context(), http.MethodGet, "/precoro/invoices", nil, edit).status)
		}
	}
	require.Len(t, w.State().Alarms, 2, "of the User-Agent")
}

func TestTheServersClockIsInTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	require.Equal(t, "Sat, 14 Mar 2026 09:27:53 GMT", w.get("/invoices").header.Get("Date"))
}

func TestARemovedInvoiceIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	w.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: "20.00"})
	w.RemoveInvoice(i.ID)
	require.Equal(t, http.StatusNotFound, w.get("/invoices/"+text(i.IDN)).status)
	require.Empty(t, rows(t, w.get("/payments")))
}

func TestMistakesOfAWorldBuilderAreAlarms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	i := w.AddInvoice(eur("120.00"))
	w.AddInvoice(sandbox.Invoice{ID: i.ID, Currency: "EUR", Total: "1.00"})
	w.AddPayment(sandbox.Payment{InvoiceID: 77, Amount: "1.00"})
	w.CancelPayment(77)
	w.EditBill(77, func(*sandbox.Bill) {})
	w.Fail(sandbox.Fault{Side: "precoro", Match: "GET /invoice", Kind: sandbox.Reset})
	require.Len(t, w.State().Alarms, 5)
	require.Len(t, w.State().Invoices, 1)
}
