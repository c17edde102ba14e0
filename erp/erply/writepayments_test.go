package erply_test

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
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
