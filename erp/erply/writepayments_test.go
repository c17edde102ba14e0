package erply_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
)

// fullHeader sets every header field that a save can lose.
var fullHeader = object{
	"currencyCode": "USD", "currencyRate": "1.25543", "warehouseID": "2", "number": "INV-1", "type": "PRCINVOICEONLY", "date": "2026-01-02",
	"time": "14:59:00", "supplierID": "5", "addressID": "6", "contactID": "7", "employeeID": "8", "stateID": "9", "paymentDays": "0",
	"paid": "0", "confirmed": "1", "transactionTypeID": "10", "transportTypeID": "11", "deliveryTermsID": "12",
	"deliveryTermsLocation": "Tallinn", "deliveryAddressID": "13", "triangularTransaction": "1", "projectID": "14",
	"referenceNumber": "RF1", "notes": "two\nlines", "ediStatus": "SENT", "ediText": "text", "documentURL": "https://example.org/1",
	"shipDate": "2026-01-03", "rounding": "-0.01", "netTotalForAccounting": "100.00", "totalForAccounting": "120.00",
	"baseDocuments": []object{{"id": 1, "number": "PO-1"}, {"id": "2"}}, "rows": []object{{"rowID": 1}},
}

func order(t *testing.T, id, amount string) erp.Order {
	t.Helper()
	return erp.Order{Key: "pr." + id, Amount: eur(t, amount), Date: "2026-03-14"}
}

// write reads the bill and writes the order upon it.
func write(t *testing.T, d *double, order erp.Order) error {
	t.Helper()
	adapter := d.adapter(t)
	return writeUpon(t, adapter, snapshot(t, adapter, "8842"), order)
}

func writeUpon(t *testing.T, adapter *erply.Adapter, bill erp.Snapshot, order erp.Order) error {
	t.Helper()
	outcomes := adapter.WritePayments(t.Context(), []erp.Write{{Bill: bill, Order: order}})
	require.Len(t, outcomes, 1)
	return outcomes[0]
}

func TestUpdateKeepsEveryHeaderFieldWhateverErplyDoesWithOmittedOnes(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{true, false} {
		d := newDouble(t, document(fullHeader))
		d.strict = strict
		amount, err := money.Parse("20.00", "USD")
		require.NoError(t, err)
		require.NoError(t, write(t, d, erp.Order{Key: "pr.5512", Amount: amount, Date: "2026-03-14"}))

		after := maps.Clone(d.docs[0])
		require.Equal(t, "20.00 USD 2026-03-14", attribute(after, "payrecon-5512"))
		require.Equal(t, "7001", attribute(after, "precoroInvoiceID"))
		for name, before := range fullHeader {
			require.Equal(t, before, after[name], "%s, strict %t", name, strict)
		}
	}
}

func TestUpdateIsTheWholeHeaderAndNoRows(t *testing.T) {
	t.Parallel()
	d := newDouble(t, document(fullHeader))
	amount, err := money.Parse("120.00", "USD")
	require.NoError(t, err)
	require.NoError(t, write(t, d, erp.Order{Key: "pr.5512", Amount: amount, Date: "2026-03-14"}))
	want := url.Values{
		"id": {"8842"}, "no": {"INV-1"}, "confirmInvoice": {"1"}, "paid": {"1"}, "baseDocumentIDs": {"1,2"},
		"attributeName1": {"payrecon-5512"}, "attributeType1": {"text"}, "attributeValue1": {"120.00 USD 2026-03-14"},
	}
	for name, value := range fullHeader {
		switch name {
		case "number", "confirmed", "paid", "baseDocuments", "rows":
		default:
			want.Set(name, fmt.Sprint(value))
		}
	}
	require.Equal(t, []url.Values{want}, d.sent("savePurchaseDocument"))
}

func TestWhatWasNotSetIsNotSent(t *testing.T) {
	t.Parallel()
	d := newDouble(t, document(object{
		"rounding": "0.00", "netTotalForAccounting": 0, "totalForAccounting": "0", "shipDate": "0000-00-00", "projectID": 0,
		"notes": "", "contactID": "", "currencyRate": nil, "baseDocuments": []object{}, "paymentDays": "",
	}))
	require.NoError(t, write(t, d, order(t, "5512", "20.00")))
	form := d.sent("savePurchaseDocument")[0]
	for _, name := range []string{"rounding", "netTotalForAccounting", "totalForAccounting", "shipDate", "projectID", "notes", "contactID", "currencyRate", "baseDocumentIDs", "paymentDays"} {
		require.False(t, form.Has(name), name)
	}
}

func TestPaidFlagIsSetWhenTheRecordsReachTheTotal(t *testing.T) {
	t.Parallel()
	d := newDouble(t, document(nil))
	for _, step := range []struct{ id, amount, paid string }{
		{"1", "60.00", "0"}, {"2", "59.99", "0"}, {"2", "59.99", "0"}, {"3", "0.01", "1"}, {"1", "60.00", "1"},
	} {
		require.NoError(t, write(t, d, order(t, step.id, step.amount)))
		require.Equal(t, step.paid, fmt.Sprint(d.docs[0]["paid"]), "%v", step)
	}
	bill := snapshot(t, d.adapter(t), "8842").Bill
	require.Equal(t, bill.Total, bill.Paid)
	require.Len(t, bill.Payments, 3)
}

func TestKeyOfADerivedPaymentIsARecordUnderTheFlag(t *testing.T) {
	t.Parallel()
	d := newDouble(t, document(object{"paid": 1}))
	part := order(t, "5512", "20.00")
	part.Payment = "8842" + reconcile.DerivedSuffix
	require.NoError(t, write(t, d, part))
	require.Equal(t, "1", d.docs[0]["paid"], "a flag that is set stays set")

	rest := order(t, "5513", "100.00")
	rest.Payment = part.Payment
	require.NoError(t, write(t, d, rest))
	require.NoError(t, write(t, d, rest), "writing it again changes nothing")

	third := order(t, "5514", "1.00")
	third.Payment = part.Payment
	require.Equal(t, "Stale", kindOf(write(t, d, third)), "nothing is left to be given a key")
}

func TestOrdersThatAreNotSent(t *testing.T) {
	t.Parallel()
	usd, err := money.Parse("1.00", "USD")
	require.NoError(t, err)
	good := order(t, "5512", "20.00")
	record := []string{"payrecon-5512", "20.00 EUR 2026-03-14"}
	with := func(change func(*erp.Order)) erp.Order {
		changed := good
		change(&changed)
		return changed
	}
	for name, c := range map[string]struct {
		doc   object
		order erp.Order
	}{
		"draft":               {document(object{"confirmed": 0}), good},
		"problem":             {document(object{"total": "?"}), good},
		"above the total":     {document(nil), order(t, "5512", "120.01")},
		"above with others":   {withRecords(document(nil), "payrecon-1", "100.01 EUR 2026-03-14"), good},
		"above under flag":    {withRecords(document(object{"paid": 1}), "payrecon-1", "100.01 EUR 2026-03-14"), good},
		"taken back":          {withRecords(document(nil), "payrecon-1", "120.00 EUR 2026-03-14"), order(t, "1", "120.00")},
		"unreadable record":   {withRecords(document(nil), "payrecon-1", "many"), good},
		"key, other amount":   {withRecords(document(nil), record...), order(t, "5512", "20.01")},
		"record has a key":    {withRecords(document(nil), record...), with(func(o *erp.Order) { o.Key, o.Payment = "pr.1", "8842.payrecon-5512" })},
		"other currency":      {document(nil), with(func(o *erp.Order) { o.Amount = usd })},
		"no amount":           {document(nil), with(func(o *erp.Order) { o.Amount = money.Amount{} })},
		"zero":                {document(nil), order(t, "5512", "0.00")},
		"negative":            {document(nil), order(t, "5512", "-1.00")},
		"no date":             {document(nil), with(func(o *erp.Order) { o.Date = "" })},
		"foreign key":         {document(nil), with(func(o *erp.Order) { o.Key = "er.5512" })},
		"key without a id":    {document(nil), with(func(o *erp.Order) { o.Key = "pr." })},
		"key with a blank":    {document(nil), with(func(o *erp.Order) { o.Key = "pr.55 12" })},
		"header not readable": {document(object{"warehouseID": "main"}), good},
		"date not readable":   {document(object{"date": "soon"}), good},
	} {
		d := newDouble(t, c.doc)
		err := write(t, d, c.order)
		require.Equal(t, "Refused", kindOf(err), "%s: %v", name, err)
		require.Empty(t, d.sent("savePurchaseDocument"), name)
	}
}

func TestSnapshotOfSomethingElseIsNotWritten(t *testing.T) {
	t.Parallel()
	d := newDouble(t, document(nil), document(object{"id": 8843}))
	adapter := d.adapter(t)
	mine, other := snapshot(t, adapter, "8842"), snapshot(t, adapter, "8843")
	for _, snapshot := range []erp.Snapshot{{Bill: mine.Bill}, {Bill: mine.Bill, Raw: other.Raw}, {Bill: mine.Bill, Raw: []byte("[]")}} {
		require.Equal(t, "Refused", kindOf(writeUpon(t, adapter, snapshot, order(t, "5512", "20.00"))))
	}
	require.Empty(t, d.sent("savePurchaseDocument"))
}

func TestLockedHeaderIsLeftOutOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []int{1017, 1121} {
		for _, always := range []bool{false, true} {
			d := newDouble(t, document(object{"notes": "x"}))
			d.within = func(request url.Values) string {
				if request.Get("requestName") == "savePurchaseDocument" && (always || request.Has("notes")) {
					return fault(code, "notes")
				}
				return ""
			}
			err := write(t, d, order(t, "5512", "120.00"))
			sent := d.sent("savePurchaseDocument")
			require.Len(t, sent, 2)
			require.Equal(t, url.Values{
				"id": {"8842"}, "currencyCode": {"EUR"}, "no": {"INV-1"}, "supplierID": {"5"}, "paid": {"1"},
				"attributeName1": {"payrecon-5512"}, "attributeType1": {"text"}, "attributeValue1": {"120.00 EUR 2026-03-14"},
			}, sent[1])
			if always {
				require.Equal(t, "Refused", kindOf(err))
			} else {
				require.NoError(t, err)
			}
		}
	}
}

func TestWriteThatFailsIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"lost answer": {502, "<html>", "OutcomeUnknown"}, "maintenance": {200, fault(1000, ""), "OutcomeUnknown"},
		"being edited": {200, fault(1205, ""), "NotSent"}, "too fast": {429, "<html>", "Throttled"}, "refused": {200, fault(1016, "no"), "Refused"},
	} {
		d := newDouble(t, document(nil))
		d.answer = func(form url.Values) (int, string) {
			if !strings.Contains(form.Get("requests"), "savePurchaseDocument") {
				return 0, ""
			}
			return c.status, c.body
		}
		require.Equal(t, c.want, kindOf(write(t, d, order(t, "5512", "20.00"))), name)
		require.Len(t, d.sent("savePurchaseDocument"), 1, name)
	}
}

func TestSalesPaymentsAreNeverTouched(t *testing.T) {
	t.Parallel()
	d := newDouble(t, document(nil))
	d.before = func(form url.Values) {
		require.NotContains(t, strings.ToLower(form.Get("request")), "payment")
		require.NotContains(t, form.Get("requests"), `Payment"`)
	}
	require.NoError(t, write(t, d, order(t, "5512", "120.00")))
}

// several are n confirmed documents, ids from 1 on, and a payment of 20.00 upon each.
func several(t *testing.T, n int) (*double, *erply.Adapter, []erp.Write) {
	t.Helper()
	docs := make([]object, n)
	ids := make([]string, n)
	for i := range docs {
		docs[i] = document(object{"id": i + 1, "notes": "x"})
		ids[i] = strconv.Itoa(i + 1)
	}
	d := newDouble(t, docs...)
	adapter := d.adapter(t)
	snapshots, err := adapter.ReadBills(t.Context(), ids)
	require.NoError(t, err)
	require.Len(t, snapshots, n)
	writes := make([]erp.Write, n)
	for _, s := range snapshots {
		i := slices.Index(ids, s.Bill.ID)
		writes[i] = erp.Write{Bill: s, Order: order(t, strconv.Itoa(5001+i), "20.00")}
	}
	return d, adapter, writes
}

func kindsOf(errs []error) []string {
	kinds := make([]string, len(errs))
	for i, err := range errs {
		kinds[i] = kindOf(err)
	}
	return kinds
}

// saves answers the saves of these documents in the double's place.
func saves(answers map[string]string) func(url.Values) string {
	return func(request url.Values) string {
		if request.Get("requestName") != "savePurchaseDocument" {
			return ""
		}
		return answers[request.Get("id")]
	}
}

// recorded are the ids of the documents that hold a payment record.
func (d *double) recorded() (ids []string) {
	for _, doc := range d.docs {
		list, _ := doc["attributes"].([]object)
		if slices.ContainsFunc(list, func(a object) bool { return strings.HasPrefix(fmt.Sprint(a["attributeName"]), "payrecon-") }) {
			ids = append(ids, fmt.Sprint(doc["id"]))
		}
	}
	return ids
}

func TestHundredPaymentsAreOneRequest(t *testing.T) {
	t.Parallel()
	d, adapter, writes := several(t, 100)
	ctx, meter := remote.WithMeter(t.Context())
	for _, err := range adapter.WritePayments(ctx, writes) {
		require.NoError(t, err)
	}
	require.Equal(t, 1, meter.Requests())
	require.Equal(t, 10_000, meter.Cost())
	require.Len(t, d.recorded(), 100)
	for i, doc := range d.docs { // each its own, in whatever order the answers came
		require.Equal(t, "20.00 EUR 2026-03-14", attribute(doc, "payrecon-"+strconv.Itoa(5001+i)))
	}
}

// Target: payments that are written together. Injection: what Erply can say to each of them. Expected: one outcome each,
// its own, and every one that nobody refused is written.
func TestEachWriteHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	d, adapter, writes := several(t, 9)
	d.within = saves(map[string]string{
		"2": fault(1016, "date"), "3": fault(1300, ""), "4": fault(1205, ""), "5": fault(1002, ""), "6": fault(1060, ""),
		"7": ok([]object{{"invoiceID": 8}}, 1), "8": fault(1011, "id"),
	})
	outcomes := adapter.WritePayments(t.Context(), writes)
	require.Equal(t, []string{
		"none", "Refused", "OutcomeUnknown", "NotSent", "Throttled", "Forbidden", "OutcomeUnknown", "Refused", "none",
	}, kindsOf(outcomes))
	require.Equal(t, []string{"1", "9"}, d.recorded())
	require.Len(t, d.bulks(), 2, "one to read, one to write")
}

func TestWriteThatIsNotAnsweredIsUnknownAndTheOthersAreNot(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func([]string) []string{
		"missing":   func(answers []string) []string { return slices.Delete(answers, 1, 2) },
		"twice":     func(answers []string) []string { return append(answers, answers[1]) },
		"of no id":  func(answers []string) []string { answers[1] = ok(nil, 1); return answers },
		"unheard":   func(answers []string) []string { answers[1] = identified("17", ok(nil, 1)); return answers },
		"no object": func(answers []string) []string { answers[1] = `{"status":{"requestID":"1"}}`; return answers },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, adapter, writes := several(t, 3)
			d.answer = func(form url.Values) (int, string) {
				if !strings.Contains(form.Get("requests"), "savePurchaseDocument") {
					return 0, ""
				}
				answers := make([]string, 3)
				for i := range answers {
					answers[i] = identified(strconv.Itoa(i), ok([]object{{"invoiceID": i + 1}}, 1))
				}
				return http.StatusOK, bulkAnswer(lose(answers)...)
			}
			require.Equal(t, []string{"none", "OutcomeUnknown", "none"}, kindsOf(adapter.WritePayments(t.Context(), writes)))
			require.Len(t, d.sent("savePurchaseDocument"), 3, "nothing is sent again")
		})
	}
}

func TestCallThatFailsAsAWholeIsTheOutcomeOfAllThatWereSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"lost answer": {502, "<html>", "OutcomeUnknown"}, "cut answer": {200, bulkAnswer(ok(nil, 1))[:50], "OutcomeUnknown"},
		"quota": {200, fault(1002, ""), "Throttled"}, "too fast": {429, "<html>", "Throttled"},
		"no right": {200, fault(1060, ""), "Forbidden"}, "too many": {200, fault(1020, ""), "Refused"},
	} {
		d, adapter, writes := several(t, 3)
		writes[1].Order.Amount = eur(t, "120.01")
		d.answer = func(url.Values) (int, string) { return c.status, c.body }
		require.Equal(t, []string{c.want, "Refused", c.want}, kindsOf(adapter.WritePayments(t.Context(), writes)), name)
		require.Len(t, d.sent("savePurchaseDocument"), 2, name)
	}
}

func TestWritesAreNotSentWhereTheLoginFails(t *testing.T) {
	t.Parallel()
	d, _, writes := several(t, 2)
	d.answer = func(url.Values) (int, string) { return http.StatusOK, fault(1000, "") }
	require.Equal(t, []string{"NotSent", "NotSent"}, kindsOf(d.adapter(t).WritePayments(t.Context(), writes)))
	require.Empty(t, d.sent("savePurchaseDocument"))
}

func TestOrdersThatAreRefusedBeforehandDoNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	d, adapter, writes := several(t, 4)
	writes[0].Order.Key = "er.1"
	writes[2].Order.Payment = "gone"
	outcomes := adapter.WritePayments(t.Context(), writes)
	require.Equal(t, []string{"Refused", "none", "Stale", "none"}, kindsOf(outcomes))
	require.Equal(t, []string{"2", "4"}, d.recorded())
	require.Len(t, d.sent("savePurchaseDocument"), 2)

	before := len(d.bulks())
	require.Equal(t, []string{"Refused"}, kindsOf(adapter.WritePayments(t.Context(), writes[:1])))
	require.Empty(t, adapter.WritePayments(t.Context(), nil))
	require.Len(t, d.bulks(), before, "without anything to write there is no call")
}

func TestSecondWriteUponADocumentIsNotSent(t *testing.T) {
	t.Parallel()
	d, adapter, writes := several(t, 2)
	second := erp.Write{Bill: writes[0].Bill, Order: order(t, "9", "30.00")}
	outcomes := adapter.WritePayments(t.Context(), []erp.Write{writes[0], second, writes[1]})
	require.Equal(t, []string{"none", "NotSent", "none"}, kindsOf(outcomes))
	require.Empty(t, attribute(d.docs[0], "payrecon-9"))

	refused := writes[0]
	refused.Order.Amount = eur(t, "120.01")
	require.Equal(t, []string{"Refused", "none"}, kindsOf(adapter.WritePayments(t.Context(), []erp.Write{refused, second})), "only what is sent counts")
}

func TestLockedSavesGoOutOnceMoreTogether(t *testing.T) {
	t.Parallel()
	d, adapter, writes := several(t, 5)
	d.within = func(request url.Values) string {
		switch id := request.Get("id"); {
		case request.Get("requestName") != "savePurchaseDocument":
			return ""
		case id == "5":
			return fault(1016, "")
		case id == "2" && request.Has("notes"):
			return fault(1017, "warehouseID")
		case id == "4" && request.Has("notes"):
			return fault(1121, "type")
		}
		return ""
	}
	ctx, meter := remote.WithMeter(t.Context())
	outcomes := adapter.WritePayments(ctx, writes)
	require.Equal(t, []string{"none", "none", "none", "none", "Refused"}, kindsOf(outcomes))
	require.Equal(t, []string{"1", "2", "3", "4"}, d.recorded())
	require.Equal(t, 2, meter.Requests())
	require.Equal(t, 700, meter.Cost(), "five and two")
	var ids []string
	for _, request := range d.sent("savePurchaseDocument") {
		ids = append(ids, request.Get("id"))
	}
	require.Equal(t, []string{"1", "2", "3", "4", "5", "2", "4"}, ids)
}

func TestLostAnswerToTheShorterSavesIsTheirOutcome(t *testing.T) {
	t.Parallel()
	d, adapter, writes := several(t, 3)
	d.answer = func(form url.Values) (int, string) {
		switch requests := form.Get("requests"); {
		case strings.Contains(requests, `"notes"`):
			return http.StatusOK, bulkAnswer(identified("0", fault(1017, "")), identified("1", ok([]object{{"invoiceID": 2}}, 1)), identified("2", fault(1017, "")))
		case strings.Contains(requests, "savePurchaseDocument"):
			return http.StatusBadGateway, "<html>"
		}
		return 0, ""
	}
	require.Equal(t, []string{"OutcomeUnknown", "none", "OutcomeUnknown"}, kindsOf(adapter.WritePayments(t.Context(), writes)))
	require.Len(t, d.sent("savePurchaseDocument"), 5)
}

// Target: writes whose session ends. Injection: before the call, in the middle of it. Expected: the whole call is sent
// again where nothing was carried out, and nothing is where something was.
func TestSessionThatEndsWhileWriting(t *testing.T) {
	t.Parallel()
	d, adapter, writes := several(t, 3)
	delete(d.sessions, "secret-session-1")
	ctx, meter := remote.WithMeter(t.Context())
	require.Equal(t, []string{"none", "none", "none"}, kindsOf(adapter.WritePayments(ctx, writes)))
	require.Equal(t, 2, d.loginCount())
	require.Equal(t, 3, meter.Requests())
	require.Equal(t, 300+1000+300, meter.Cost())

	d, adapter, writes = several(t, 3)
	d.within = saves(map[string]string{"2": fault(1054, ""), "3": fault(1055, "")})
	require.Equal(t, []string{"none", "NotSent", "NotSent"}, kindsOf(adapter.WritePayments(t.Context(), writes)))
	require.Equal(t, 1, d.loginCount())
	require.Len(t, d.sent("savePurchaseDocument"), 3)
}

func TestWhatDoesNotFitIntoACallIsNotSent(t *testing.T) {
	t.Parallel()
	d, adapter, writes := several(t, 4)
	long := func(i, n int) {
		writes[i].Bill.Raw = []byte(strings.Replace(string(writes[i].Bill.Raw), `"notes":"x"`, `"notes":"`+strings.Repeat("y", n)+`"`, 1))
	}
	long(0, 600<<10)
	long(1, 600<<10)
	long(2, 1<<20)
	outcomes := adapter.WritePayments(t.Context(), writes)
	require.Equal(t, []string{"none", "NotSent", "Refused", "none"}, kindsOf(outcomes), "the third does not fit into any call")
	require.Less(t, len(d.bulks()[1].Encode()), 1<<20+1000)
	require.Equal(t, []string{"none"}, kindsOf(adapter.WritePayments(t.Context(), writes[1:2])))

	d, adapter, writes = several(t, 100)
	writes = append(writes, erp.Write{Bill: writes[0].Bill, Order: writes[0].Order})
	writes[100].Bill.Bill.ID = "101"
	writes[100].Bill.Raw = []byte(strings.Replace(string(writes[100].Bill.Raw), `"id":"1"`, `"id":"101"`, 1))
	outcomes = adapter.WritePayments(t.Context(), writes)
	require.Equal(t, "NotSent", kindOf(outcomes[100]))
	require.Len(t, d.recorded(), 100)
}
