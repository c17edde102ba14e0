package erply

import (
	"payrecon/internal/money"
)

// header is the document as it was read, in the words of a save. What was not set is not sent: ids of 0, empty texts and
// days, and the overrides rounding, netTotalForAccounting and totalForAccounting of 0, which would fix what Erply now
// works out by itself.
func header(d PurchaseDocument) (SavePurchaseDocument, error) {
	h := &headerReader{}
	s := SavePurchaseDocument{
		ID:                    h.id("id", d.ID),
		WarehouseID:           h.id("warehouseID", d.WarehouseID),
		CurrencyCode:          string(d.CurrencyCode),
		No:                    string(d.Number),
		Type:                  string(d.Type),
		Date:                  h.date("date", d.Date),
		Time:                  string(d.Time),
		ConfirmInvoice:        h.flag("confirmed", d.Confirmed),
		SupplierID:            h.id("supplierID", d.SupplierID),
		AddressID:             h.id("addressID", d.AddressID),
		ContactID:             h.id("contactID", d.ContactID),
		EmployeeID:            h.id("employeeID", d.EmployeeID),
		StateID:               h.id("stateID", d.StateID),
		CurrencyRate:          number(d.CurrencyRate),
		PaymentDays:           h.number("paymentDays", d.PaymentDays),
		Paid:                  h.flag("paid", d.Paid),
		TransactionTypeID:     h.id("transactionTypeID", d.TransactionTypeID),
		TransportTypeID:       h.id("transportTypeID", d.TransportTypeID),
		DeliveryTermsID:       h.id("deliveryTermsID", d.DeliveryTermsID),
		DeliveryTermsLocation: string(d.DeliveryTermsLocation),
		DeliveryAddressID:     h.id("deliveryAddressID", d.DeliveryAddressID),
		TriangularTransaction: h.flag("triangularTransaction", d.TriangularTransaction),
		ProjectID:             h.id("projectID", d.ProjectID),
		ReferenceNumber:       string(d.ReferenceNumber),
		Notes:                 string(d.Notes),
		EDIStatus:             string(d.EDIStatus),
		EDIText:               string(d.EDIText),
		DocumentURL:           string(d.DocumentURL),
		ShipDate:              h.date("shipDate", d.ShipDate),
		Rounding:              number(d.Rounding),
		NetTotalForAccounting: number(d.NetTotalForAccounting),
		TotalForAccounting:    number(d.TotalForAccounting),
	}
	for _, base := range d.BaseDocuments {
		s.BaseDocumentIDs = append(s.BaseDocumentIDs, h.id("baseDocuments", base.ID))
	}
	return s, h.err
}

// headerReader keeps the first field that cannot be sent back as it was read: then nothing is written.
type headerReader struct{ err error }

func (h *headerReader) fail(name string, err error) {
	if err != nil && h.err == nil {
		h.err = refuse(name, "as it was read: %v", err)
	}
}

func (h *headerReader) id(name string, t Text) int64 {
	n, err := t.integer()
	h.fail(name, err)
	return n
}

// number tells 0 from what was not there: 0 days to pay is a term of its own.
func (h *headerReader) number(name string, t Text) *int64 {
	if t == "" {
		return nil
	}
	return new(h.id(name, t))
}

func (h *headerReader) flag(name string, t Text) *bool {
	if t == "" {
		return nil
	}
	set, err := t.flag()
	h.fail(name, err)
	return &set
}

func (h *headerReader) date(name string, t Text) money.Date {
	if t == "" || t == "0000-00-00" {
		return ""
	}
	date, err := money.ParseDate(string(t))
	h.fail(name, err)
	return date
}

func number(t Text) Decimal {
	if unset(t) {
		return ""
	}
	return Decimal(t)
}
