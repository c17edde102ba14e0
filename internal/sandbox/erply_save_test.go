package sandbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

func TestACarefulSaveChangesWhatItNames(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00", "precoroInvoiceID", "1004"))
	got := w.erply("savePurchaseDocument", header(b, "paid", "1", "attributeName1", "payrecon-5512", "attributeType1", "text",
		"attributeValue1", "120.00 EUR 2026-03-14")...)
	require.Equal(t, "0", got.code)
	require.Equal(t, text(b.ID), plain(got.records[0]["invoiceID"]))
	require.Equal(t, b.Number, got.records[0]["invoiceNo"])
	require.NotEmpty(t, got.records[0]["invoiceRegNo"])
	require.Equal(t, "120.00", plain(got.records[0]["total"]))
	require.NotContains(t, got.records[0], "paid")
	require.NotContains(t, got.records[0], "attributes")

	state := w.State()
	want := b
	want.Paid, want.LastModified = 1, w.clock.Now().Unix()
	want.Attributes = map[string]string{"precoroInvoiceID": "1004", "payrecon-5512": "120.00 EUR 2026-03-14"}
	require.Equal(t, want, state.Bills[0])
	require.Equal(t, []sandbox.Write{{
		At: w.clock.Now(), Side: "erply", Op: "savePurchaseDocument", Document: text(b.ID), ID: b.ID, Key: "payrecon-5512", Currency: "EUR",
		Before: "paid=0, attributes.payrecon-5512=", After: "paid=1, attributes.payrecon-5512=120.00 EUR 2026-03-14", Answered: true,
		Changes: []sandbox.Change{
			{Field: "paid", Before: "0", After: "1"},
			{Field: "attributes.payrecon-5512", After: "120.00 EUR 2026-03-14"},
		},
	}}, state.Ledger)
	require.Empty(t, state.Alarms)
}

func TestACarelessSaveTakesTheCreateDefaults(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	careful := sandbox.Bill{
		Currency: "USD", Total: "120.00", Number: "A-17", Type: "PRCINVOICEONLY", Date: "2026-01-02", Paid: 1, Notes: "by courier",
		ReferenceNumber: "1000017", Rounding: "0.02", Attributes: map[string]string{"precoroInvoiceID": "1004"},
	}
	b := w.AddBill(careful)
	require.Equal(t, "0", w.erply("savePurchaseDocument", "id", text(b.ID), "currencyCode", "USD", "no", "A-17", "supplierID", "7").code)

	got := w.State().Bills[0]
	require.Equal(t, 1, got.Confirmed, "a draft is confirmed and takes goods into stock")
	require.Equal(t, "PRCINVOICE", got.Type)
	require.Equal(t, w.clock.Now().Format("2006-01-02"), got.Date)
	require.Equal(t, w.clock.Now().Format("15:04:05"), got.Time)
	require.Equal(t, "0.92", got.CurrencyRate)
	require.EqualValues(t, 1, got.WarehouseID)
	require.Zero(t, got.Paid)
	require.Zero(t, got.PaymentDays)
	require.Empty(t, got.Notes)
	require.Equal(t, "119.98", got.Total)
	require.Equal(t, b.Attributes, got.Attributes)
	require.Equal(t, b.Rows, got.Rows)

	alarms := strings.Join(w.State().Alarms, "\n")
	for _, field := range []string{
		"warehouseID", "type", "date", "time", "confirmInvoice", "employeeID", "currencyRate", "paymentDays", "paid", "referenceNumber", "notes", "rounding",
	} {
		require.Contains(t, alarms, " left "+field+" out")
		require.True(t, slices.ContainsFunc(w.State().Ledger[0].Changes, func(c sandbox.Change) bool { return c.Field == field }), field)
	}
}

func TestALenientErplyKeepsWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{LenientErply: true})
	b := w.AddBill(bill("120.00"))
	require.Equal(t, "0", w.erply("savePurchaseDocument", "id", text(b.ID), "paid", "1").code)
	b.Paid, b.LastModified = 1, w.clock.Now().Unix()
	require.Equal(t, b, w.State().Bills[0])
	require.Empty(t, w.State().Alarms)
}

func TestRequiredFieldsOfASave(t *testing.T) {
	t.Parallel()
	for _, lenient := range []bool{false, true} {
		w := newErply(t, sandbox.Options{LenientErply: lenient})
		for _, field := range []string{"currencyCode", "no", "supplierID"} {
			pairs := header(sandbox.Bill{Currency: "EUR", Number: "A-17", Type: "PRCINVOICE", Date: "2026-01-02", Time: "09:30:00", CurrencyRate: "1", SupplierID: 7})
			pairs = pairs[2:] // a create
			at := slices.Index(pairs, field)
			got := w.erply("savePurchaseDocument", slices.Delete(pairs, at, at+2)...)
			require.Equal(t, "1010", got.code)
			require.Equal(t, field, got.field)
		}
		require.Empty(t, w.State().Bills)
	}
}

func TestACreateAddsItsRows(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	got := w.erply("savePurchaseDocument", "currencyCode", "EUR", "no", "A-17", "supplierID", "7", "confirmInvoice", "0",
		"itemName1", "Chairs", "vatrateID1", "2", "amount1", "2.5", "price1", "40.00", "discount1", "10",
		"vatrateID2", "1", "amount2", "1", "price2", "0.10")
	require.Equal(t, "0", got.code)
	b := w.State().Bills[0]
	require.Equal(t, []string{"90.10", "18.00", "108.10"}, []string{b.NetTotal, b.VATTotal, b.Total})
	require.Len(t, objects(t, got.records[0]["rows"]), 2)
	require.NotContains(t, got.records[0], "invoiceRegNo")
	require.Equal(t, "PRCINVOICE", b.Type)

	again := w.erply("savePurchaseDocument", header(b, "vatrateID1", "1", "amount1", "3", "price1", "10.00")...)
	require.Equal(t, "0", again.code, "rows of a draft are replaced as a whole")
	require.Equal(t, "30.00", w.State().Bills[0].Total)
	require.NotEqual(t, b.Rows[0].RowID, w.State().Bills[0].Rows[0].RowID)
}

func TestAConfirmedDocumentIsLocked(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00"))
	for _, c := range []struct {
		code, field string
		pairs       []string
	}{
		{"1017", "warehouseID", []string{"warehouseID", "1"}},
		{"1017", "currencyCode", []string{"currencyCode", "USD"}},
		{"1017", "amount1", []string{"vatrateID1", "1", "amount1", "1", "price1", "120.00"}},
		{"1017", "confirmInvoice", []string{"confirmInvoice", "0"}},
		{"1121", "type", []string{"type", "PRCINVOICEONLY"}},
	} {
		got := w.erply("savePurchaseDocument", header(b, c.pairs...)...)
		require.Equal(t, c.code, got.code, c.field)
		require.Equal(t, c.field, got.field)
	}
	require.Equal(t, b, w.State().Bills[0])
	require.Empty(t, w.State().Ledger)
}

func TestAttributesAreSetOneByOne(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00", "keep", "1", "drop", "2", "other", "3"))
	require.Equal(t, "0", w.erply("savePurchaseDocument", header(b,
		"attributeName1", "drop", "attributeType1", "text", "attributeValue1", "null",
		"attributeName2", "other", "attributeType2", "text", "attributeValue2", "undefined",
		"attributeName3", "new-1_A", "attributeValue3", strings.Repeat("ä", 255),
		"attributeName4", "n", "attributeType4", "int", "attributeValue4", "-2147483648",
		"attributeName5", "d", "attributeType5", "double", "attributeValue5", "1.5")...).code)
	got := w.State().Bills[0]
	require.Equal(t, map[string]string{"keep": "1", "new-1_A": strings.Repeat("ä", 255), "n": "-2147483648", "d": "1.5"}, got.Attributes)
	require.Equal(t, map[string]string{"n": "int", "d": "double"}, got.AttributeTypes)
}

func TestBadValuesOfASave(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00"))
	for _, c := range []struct {
		code, field string
		pairs       []string
	}{
		{"1011", "id", []string{"id", "77"}},
		{"1016", "paid", []string{"paid", "true"}},
		{"1016", "date", []string{"date", "14.03.2026"}},
		{"1016", "time", []string{"time", "9:30"}},
		{"1016", "currencyCode", []string{"currencyCode", "XXX"}},
		{"1016", "referenceNumber", []string{"referenceNumber", strings.Repeat("x", 51)}},
		{"1016", "rounding", []string{"rounding", "0.001"}},
		{"1016", "baseDocumentIDs", []string{"baseDocumentIDs", "1;2"}},
		{"1016", "no", []string{"no", ""}},
		{"1010", "attributeName1", []string{"attributeValue1", "x"}},
		{"1010", "attributeValue1", []string{"attributeName1", "x"}},
		{"1016", "attributeName1", []string{"attributeName1", "er.1", "attributeValue1", "x"}},
		{"1016", "attributeType1", []string{"attributeName1", "x", "attributeType1", "date", "attributeValue1", "x"}},
		{"1014", "attributeValue1", []string{"attributeName1", "x", "attributeValue1", strings.Repeat("x", 256)}},
		{"1014", "attributeValue1", []string{"attributeName1", "x", "attributeType1", "int", "attributeValue1", "2147483648"}},
		{"1014", "attributeValue1", []string{"attributeName1", "x", "attributeType1", "double", "attributeValue1", "1,5"}},
		{"1010", "attributeName2", []string{"attributeName2", "gap", "attributeValue2", "x"}},
		{"1010", "vatrateID1", []string{"amount1", "1"}},
		{"1010", "amount1", []string{"vatrateID1", "1"}},
		{"1011", "vatrateID1", []string{"amount1", "1", "vatrateID1", "99"}},
		{"1016", "price1", []string{"amount1", "1", "vatrateID1", "1", "price1", "1e3"}},
		{"1013", "serviceID1", []string{"amount1", "1", "vatrateID1", "1", "productID1", "1", "serviceID1", "1"}},
		{"1010", "temporaryUUID", []string{"temporaryUUID", "abc"}},
	} {
		got := w.erply("savePurchaseDocument", header(b, c.pairs...)...)
		require.Equal(t, c.code, got.code, c.pairs)
		require.Equal(t, c.field, got.field)
	}
	require.Equal(t, b, w.State().Bills[0])
	require.Empty(t, w.State().Ledger)
}

func TestEveryHeaderFieldCanBeSentBack(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(sandbox.Bill{
		Currency: "EUR", Total: "120.02", Rounding: "0.02", Confirmed: 1, AddressID: 1, ContactID: 2, StateID: 3, TransactionTypeID: 4, TransportTypeID: 5,
		DeliveryTermsID: 6, DeliveryTermsLocation: "Tallinn", DeliveryAddressID: 8, TriangularTransaction: 1, ProjectID: 9, ReferenceNumber: "1000017",
		BaseDocumentIDs: "5,6", Notes: "by courier", EDIStatus: "SENT", EDIText: "ok", DocumentURL: "https://example.com", ShipDate: "2026-03-01",
		NetTotalForAccounting: "100.00", TotalForAccounting: "120.02",
	})
	read := w.erply("getPurchaseDocuments", "id", text(b.ID)).records[0]
	pairs := []string{"id", text(b.ID), "baseDocumentIDs", strings.Join(column(objects(t, read["baseDocuments"]), "id"), ",")}
	for save, get := range map[string]string{"no": "number", "confirmInvoice": "confirmed"} {
		pairs = append(pairs, save, plain(read[get]))
	}
	for _, name := range strings.Fields("warehouseID currencyCode type date time supplierID addressID contactID employeeID stateID currencyRate paymentDays paid " +
		"transactionTypeID transportTypeID deliveryTermsID deliveryTermsLocation deliveryAddressID triangularTransaction projectID referenceNumber notes " +
		"ediStatus ediText documentURL shipDate rounding netTotalForAccounting totalForAccounting") {
		require.Contains(t, read, name)
		pairs = append(pairs, name, plain(read[name]))
	}
	require.Equal(t, "0", w.erply("savePurchaseDocument", pairs...).code)
	b.LastModified = w.clock.Now().Unix()
	require.Equal(t, b, w.State().Bills[0])
	require.Empty(t, w.State().Ledger[0].Changes)
	require.Empty(t, w.State().Alarms)
}

func TestEveryEditMovesLastModified(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00"))
	w.EditBill(b.ID, func(b *sandbox.Bill) { b.Paid = 1 })
	edited := w.State().Bills[0]
	require.Greater(t, edited.LastModified, b.LastModified, "also within one second")
	w.clock.move(time.Minute)
	require.Equal(t, "0", w.erply("savePurchaseDocument", header(edited)...).code)
	require.Equal(t, w.clock.Now().Unix(), w.State().Bills[0].LastModified)
	require.Equal(t, "0", w.send(t.Context(), http.MethodPost, "/erply/api/", w.save(edited), nil).code())
	require.Equal(t, w.clock.Now().Unix()+1, w.State().Bills[0].LastModified, "two saves within one second")
	require.Len(t, w.State().Ledger, 2, "a person's edit is none of an API's writes")
}

func TestPaymentsOfSalesDocumentsAreATrap(t *testing.T) {
	t.Parallel()
	w := newErply(t, sandbox.Options{})
	b := w.AddBill(bill("120.00"))
	saved := w.erply("savePayment", "documentID", text(b.ID), "sum", "120.00", "currencyCode", "EUR", "type", "TRANSFER")
	require.Equal(t, "0", saved.code, "a sales document has that id")
	id := plain(saved.records[0]["paymentID"])
	require.Equal(t, []string{id}, column(w.erply("getPayments", "documentID", text(b.ID)).records, "paymentID"))
	require.Equal(t, "0", w.erply("deletePayment", "paymentID", id).code)
	require.Equal(t, "1011", w.erply("deletePayment", "paymentID", id).code)

	state := w.State()
	require.Len(t, state.Alarms, 4)
	require.Contains(t, state.Alarms[0], "trap: savePayment")
	require.Equal(t, []string{"savePayment", "deletePayment"}, []string{state.Ledger[0].Op, state.Ledger[1].Op})
	require.Zero(t, state.Bills[0].Paid, "the bill is as unpaid as before")
}
