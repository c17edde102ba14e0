package erply

import (
	"encoding/json"
	"reflect"
)

// PurchaseDocument is the header of a purchase document as getPurchaseDocuments gives it, with its attributes and
// without its rows. Every value is as Erply wrote it; what was not in the answer is "".
type PurchaseDocument struct {
	ID                    Text           `json:"id,omitempty"`
	Type                  Text           `json:"type,omitempty"`
	CurrencyCode          Text           `json:"currencyCode,omitempty"`
	CurrencyRate          Text           `json:"currencyRate,omitempty"` // against the account's default currency
	WarehouseID           Text           `json:"warehouseID,omitempty"`
	Number                Text           `json:"number,omitempty"` // the supplier's; `no` when it is saved
	Date                  Text           `json:"date,omitempty"`
	Time                  Text           `json:"time,omitempty"`
	SupplierID            Text           `json:"supplierID,omitempty"`
	AddressID             Text           `json:"addressID,omitempty"`
	ContactID             Text           `json:"contactID,omitempty"`
	EmployeeID            Text           `json:"employeeID,omitempty"`
	StateID               Text           `json:"stateID,omitempty"`
	PaymentDays           Text           `json:"paymentDays,omitempty"`
	Paid                  Text           `json:"paid,omitempty"`      // 0 or 1; a sales document's field of this name is an amount
	Confirmed             Text           `json:"confirmed,omitempty"` // 0 or 1; `confirmInvoice` when it is saved
	TransactionTypeID     Text           `json:"transactionTypeID,omitempty"`
	TransportTypeID       Text           `json:"transportTypeID,omitempty"`
	DeliveryTermsID       Text           `json:"deliveryTermsID,omitempty"`
	DeliveryTermsLocation Text           `json:"deliveryTermsLocation,omitempty"`
	DeliveryAddressID     Text           `json:"deliveryAddressID,omitempty"`
	TriangularTransaction Text           `json:"triangularTransaction,omitempty"`
	ProjectID             Text           `json:"projectID,omitempty"`
	ReferenceNumber       Text           `json:"referenceNumber,omitempty"`
	Notes                 Text           `json:"notes,omitempty"`
	EDIStatus             Text           `json:"ediStatus,omitempty"`
	EDIText               Text           `json:"ediText,omitempty"`
	DocumentURL           Text           `json:"documentURL,omitempty"`
	ShipDate              Text           `json:"shipDate,omitempty"`
	Rounding              Text           `json:"rounding,omitempty"`
	Total                 Text           `json:"total,omitempty"` // in the document's currency
	NetTotalForAccounting Text           `json:"netTotalForAccounting,omitempty"`
	TotalForAccounting    Text           `json:"totalForAccounting,omitempty"`
	BaseDocuments         []BaseDocument `json:"baseDocuments,omitempty"`
	LastModified          Text           `json:"lastModified,omitempty"` // Unix seconds; moves upon any edit
	Attributes            []Attribute    `json:"attributes,omitempty"`

	// Problem says that the header could not be read: then only ID, Type and Attributes are set.
	Problem string `json:"-"`
}

// BaseDocument is a document that another one was made of.
type BaseDocument struct {
	ID Text `json:"id"`
}

// Attribute is a named value that a document carries beside its own fields.
type Attribute struct {
	Name  Text `json:"attributeName"`
	Type  Text `json:"attributeType"`
	Value Text `json:"attributeValue"`
}

// UnmarshalJSON reads as much as is needed to report a document that is not as it should be, instead of losing the page
// that it stands on.
func (d *PurchaseDocument) UnmarshalJSON(raw []byte) error {
	type plain PurchaseDocument
	err := json.Unmarshal(raw, (*plain)(d))
	if err == nil {
		return nil
	}
	var core struct {
		ID         Text        `json:"id"`
		Type       Text        `json:"type"`
		Attributes []Attribute `json:"attributes"`
	}
	if json.Unmarshal(raw, &core) != nil {
		return err
	}
	*d = PurchaseDocument{ID: core.ID, Type: core.Type, Attributes: core.Attributes, Problem: "a field of the document is a list or an object"}
	return nil
}

// attribute is the value of the named attribute, "" where the document does not carry it.
func (d PurchaseDocument) attribute(name string) string {
	for _, one := range d.Attributes {
		if string(one.Name) == name {
			return string(one.Value)
		}
	}
	return ""
}

// values is what stands in the fields, without the attributes and without the names of the fields, which are no secret.
func (d PurchaseDocument) values() []string {
	var values []string
	for _, field := range reflect.ValueOf(d).Fields() {
		if text, ok := field.Interface().(Text); ok {
			values = append(values, string(text))
		}
	}
	for _, base := range d.BaseDocuments {
		values = append(values, string(base.ID))
	}
	return values
}
