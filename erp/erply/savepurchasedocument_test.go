package erply_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp/erply"
)

// fieldsOf sends one document and returns its fields.
func fieldsOf(t *testing.T, document erply.SavePurchaseDocument) (url.Values, error) {
	t.Helper()
	d := newDouble(t)
	d.within = func(url.Values) string { return ok([]object{{"invoiceID": "8842"}}, 1) }
	saved := d.client(t).SavePurchaseDocuments(t.Context(), []erply.SavePurchaseDocument{document})
	require.Len(t, saved, 1)
	sent := d.sent("savePurchaseDocument")
	if len(sent) == 0 {
		require.Zero(t, d.loginCount())
		return nil, saved[0].Err
	}
	require.Len(t, sent, 1)
	return sent[0], saved[0].Err
}

func TestWholeParameterListOfASave(t *testing.T) {
	t.Parallel()
	form, err := fieldsOf(t, erply.SavePurchaseDocument{
		ID: 8842, WarehouseID: 2, CurrencyCode: "USD", No: "INV-1", Type: "PRCINVOICE", Date: "2026-01-02", Time: "14:59:00",
		ConfirmInvoice: new(false), SupplierID: 5, AddressID: 6, ContactID: 7, EmployeeID: 8, StateID: 9, CurrencyRate: "1.25543",
		PaymentDays: new(int64(0)), Paid: new(true), TransactionTypeID: 10, TransportTypeID: 11, DeliveryTermsID: 12,
		DeliveryTermsLocation: "Tallinn", DeliveryAddressID: 13, TriangularTransaction: new(false), ProjectID: 14,
		ReferenceNumber: "RF1", BaseDocumentIDs: []int64{1, 2, 3}, Notes: "a & b=c\nünïcode", EDIStatus: "SENT", EDIText: "text",
		DocumentURL: "https://example.org/1", ShipDate: "2026-01-03", Rounding: "-0.01", NetTotalForAccounting: "100.00",
		TotalForAccounting: "120.00",
		Rows: []erply.Row{
			{StableRowID: 20, ProductID: 21, VATRateID: 1, Amount: "-1.5", Price: "10.0001", Discount: "5"},
			{ServiceID: 22, ItemName: "Freight", VATRateID: 2, PackageID: 23, AmountOfPackages: "4"},
		},
		Attributes: []erply.Attribute{
			{Name: "payrecon-5512", Type: "text", Value: "120.00 EUR 2026-03-14"},
			{Name: "count", Type: "int", Value: "-2147483648"},
			{Name: "share", Type: "double", Value: "0.5"},
		},
	})
	require.NoError(t, err)
	want := url.Values{}
	for line := range strings.FieldsFuncSeq(`id=8842|warehouseID=2|currencyCode=USD|no=INV-1|type=PRCINVOICE|date=2026-01-02|time=14:59:00
|confirmInvoice=0|supplierID=5|addressID=6|contactID=7|employeeID=8|stateID=9|currencyRate=1.25543|paymentDays=0|paid=1
|transactionTypeID=10|transportTypeID=11|deliveryTermsID=12|deliveryTermsLocation=Tallinn|deliveryAddressID=13
|triangularTransaction=0|projectID=14|referenceNumber=RF1|baseDocumentIDs=1,2,3|ediStatus=SENT|ediText=text
|documentURL=https://example.org/1|shipDate=2026-01-03|rounding=-0.01|netTotalForAccounting=100.00|totalForAccounting=120.00
|stableRowID1=20|productID1=21|vatrateID1=1|amount1=-1.5|price1=10.0001|discount1=5
|serviceID2=22|itemName2=Freight|vatrateID2=2|packageID2=23|amountOfPackages2=4
|attributeName1=payrecon-5512|attributeType1=text|attributeValue1=120.00 EUR 2026-03-14
|attributeName2=count|attributeType2=int|attributeValue2=-2147483648|attributeName3=share|attributeType3=double|attributeValue3=0.5`,
		func(r rune) bool { return r == '|' || r == '\n' }) {
		name, value, _ := strings.Cut(line, "=")
		want.Set(name, value)
	}
	want.Set("notes", "a & b=c\nünïcode")
	require.Equal(t, want, form)
}

func TestZeroValuesAreNotSent(t *testing.T) {
	t.Parallel()
	form, err := fieldsOf(t, erply.SavePurchaseDocument{ID: 8842})
	require.NoError(t, err)
	require.Equal(t, url.Values{"id": {"8842"}}, form)
}

func TestSavesThatErplyWouldMisunderstandAreNotSent(t *testing.T) {
	t.Parallel()
	attribute := func(name, kind, value erply.Text) erply.SavePurchaseDocument {
		return erply.SavePurchaseDocument{ID: 8842, Attributes: []erply.Attribute{{Name: name, Type: kind, Value: value}}}
	}
	row := func(row erply.Row) erply.SavePurchaseDocument {
		return erply.SavePurchaseDocument{ID: 1, Rows: []erply.Row{row}}
	}
	for name, document := range map[string]erply.SavePurchaseDocument{
		"create without number":      {CurrencyCode: "EUR", SupplierID: 5},
		"create without currency":    {No: "1", SupplierID: 5},
		"create without supplier":    {No: "1", CurrencyCode: "EUR"},
		"negative id":                {ID: -1},
		"decimal":                    {ID: 1, CurrencyRate: "1,2"},
		"date":                       {ID: 1, Date: "02.01.2026"},
		"time":                       {ID: 1, Time: "now"},
		"long reference":             {ID: 1, ReferenceNumber: strings.Repeat("ü", 51)},
		"base document":              {ID: 1, BaseDocumentIDs: []int64{0}},
		"not UTF-8":                  {ID: 1, Notes: "\xff"},
		"attribute name":             attribute("pay recon", "text", "1"),
		"no attribute name":          attribute("", "text", "1"),
		"attribute type":             attribute("a", "date", "1"),
		"value that deletes":         attribute("a", "text", "null"),
		"other value that deletes":   attribute("a", "text", " Undefined "),
		"no value":                   attribute("a", "text", ""),
		"value of 256 characters":    attribute("a", "text", erply.Text(strings.Repeat("ü", 256))),
		"int out of bounds":          attribute("a", "int", "2147483648"),
		"double":                     attribute("a", "double", "half"),
		"row without VAT rate":       row(erply.Row{Amount: "1"}),
		"row without amount":         row(erply.Row{VATRateID: 1}),
		"row of product and service": row(erply.Row{VATRateID: 1, Amount: "1", ProductID: 1, ServiceID: 1}),
	} {
		form, err := fieldsOf(t, document)
		require.Equal(t, "Refused", kindOf(err), name)
		require.Nil(t, form, name)
	}
	_, err := fieldsOf(t, attribute("a", "text", erply.Text(strings.Repeat("ü", 255))))
	require.NoError(t, err)
}

func TestAnswerThatDoesNotNameTheDocumentLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	for _, records := range []string{`null`, `[]`, `[{}]`, `{}`, `[{"invoiceID":0}]`, `[{"invoiceID":8843}]`, `[{"invoiceID":8842},{"invoiceID":8843}]`} {
		d := newDouble(t)
		d.within = recordsOf(records, "1")
		require.Equal(t, "OutcomeUnknown", kindOf(save(t.Context(), d.client(t))), records)
	}
}

func TestNewDocumentsAreSavedTogether(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.within = func(request url.Values) string {
		return ok([]object{{"invoiceID": "88" + strings.TrimPrefix(request.Get("no"), "INV-")}}, 1)
	}
	document := func(no string) erply.SavePurchaseDocument {
		return erply.SavePurchaseDocument{CurrencyCode: "EUR", No: no, SupplierID: 5}
	}
	saved := d.client(t).SavePurchaseDocuments(t.Context(), []erply.SavePurchaseDocument{document("INV-1"), {}, document("INV-2")})
	require.Equal(t, "Refused", kindOf(saved[1].Err))
	require.Equal(t, []erply.Saved{{ID: 881}, {Err: saved[1].Err}, {ID: 882}}, saved)
	require.Len(t, d.bulks(), 1)
}
