package erply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"payrecon/erp"
	"payrecon/internal/money"
)

// SavePurchaseDocument is the whole input of savePurchaseDocument. A field with its zero value is not sent; where zero is
// a value of its own the field is a pointer.
//
// A document without ID is created, and then CurrencyCode, No and SupplierID are required. On an update Erply may apply
// its defaults to header fields that are not sent: ConfirmInvoice 1, Type PRCINVOICE, today's Date and Time, the first
// warehouse, the present CurrencyRate. Whoever updates sends the header as it was read.
type SavePurchaseDocument struct {
	ID                    int64
	WarehouseID           int64
	CurrencyCode          string // one of the account's currencies
	No                    string // the document's number, `number` when it is read
	Type                  string
	Date                  money.Date
	Time                  string // 14:59:00
	ConfirmInvoice        *bool  // `confirmed` when it is read
	SupplierID            int64
	AddressID             int64
	ContactID             int64
	EmployeeID            int64
	StateID               int64
	CurrencyRate          Decimal // of the document's currency against the account's default
	PaymentDays           *int64
	Paid                  *bool
	TransactionTypeID     int64
	TransportTypeID       int64
	DeliveryTermsID       int64
	DeliveryTermsLocation string
	DeliveryAddressID     int64
	TriangularTransaction *bool
	ProjectID             int64
	ReferenceNumber       string // at most 50 characters
	BaseDocumentIDs       []int64
	Notes                 string
	EDIStatus             string
	EDIText               string
	DocumentURL           string
	ShipDate              money.Date
	Rounding              Decimal // 2 places, as are the next two
	NetTotalForAccounting Decimal
	TotalForAccounting    Decimal
	// Rows replace all rows of the document. Without any the document keeps those it has.
	Rows []Row
	// Attributes are set one by one: those not named stay as they are.
	Attributes []Attribute
}

// Row is one row of a purchase document. ProductID and ServiceID exclude each other; with neither it is free text.
type Row struct {
	StableRowID      int64 // of the row that this one is, if it is on the document already
	ProductID        int64
	ServiceID        int64
	ItemName         string
	VATRateID        int64   // required
	Amount           Decimal // quantity, required unless AmountOfPackages says it
	Price            Decimal // net, of one, before the discount
	Discount         Decimal // percent
	PackageID        int64
	AmountOfPackages Decimal
}

// Decimal is a number such as -1.25543. It is text, so that it goes out as it came in; small rates come as 6.5e-5.
type Decimal string

const (
	savePurchaseDocument = "savePurchaseDocument"

	maxAttributeValue = 255 // characters, of a text attribute
	maxReference      = 50
)

var (
	decimalNumber = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,2})?$`)
	timeOfDay     = regexp.MustCompile(`^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$`)
)

// Saved is what became of a save: the id of the document that the answer names, or one of the port's errors.
type Saved struct {
	ID  int64
	Err error
}

// SavePurchaseDocuments sends up to MaxBulk saves in one bulk call, and returns what became of each, in their order. What
// Erply would refuse, or take for something else than data, is Refused before it is sent; the others go. The answers do
// not say whether a document is paid nor which attributes it carries: read it back.
//
// What does not fit into the call is NotSent: more than MaxBulk saves or maxBody bytes, and a second save of a document,
// as Erply does not say in which order it carries them out.
func (c *Client) SavePurchaseDocuments(ctx context.Context, documents []SavePurchaseDocument) []Saved {
	saved := make([]Saved, len(documents))
	var call saves
	for i, d := range documents {
		saved[i].Err = call.add(i, d)
	}
	if len(call.subs) == 0 {
		return saved
	}
	outcomes, _, err := c.Bulk(ctx, call.subs)
	for n, i := range call.places {
		if err != nil {
			saved[i].Err = fmt.Errorf("%s: %w", savePurchaseDocument, err)
			continue
		}
		saved[i] = documents[i].saved(outcomes[n])
	}
	return saved
}

// saves are the requests of one bulk call.
type saves struct {
	subs   []Sub
	places []int // of each in the list that it is from
	ids    map[int64]bool
	bytes  int
}

func (s *saves) add(place int, d SavePurchaseDocument) error {
	fields, err := d.fields()
	if err != nil {
		return err
	}
	sub := Sub{Name: savePurchaseDocument, Fields: fields}
	size, err := sub.size()
	switch {
	case err != nil:
		return err
	case size > maxBody:
		return refuse("requests", "%d bytes for one document; accepted are at most %d", size, maxBody)
	case len(s.subs) == MaxBulk || s.bytes+size > maxBody:
		return erp.NotSent{Cause: errors.New("the bulk call is full")}
	case s.ids[d.ID]:
		return erp.NotSent{Cause: fmt.Errorf("document %d is saved in the same bulk call", d.ID)}
	}
	if s.ids == nil {
		s.ids = map[int64]bool{}
	}
	s.ids[d.ID] = d.ID != 0 // new ones are documents of their own
	s.subs, s.places, s.bytes = append(s.subs, sub), append(s.places, place), s.bytes+size
	return nil
}

// saved reads the answer, which must name the document that was sent.
func (d SavePurchaseDocument) saved(outcome Outcome) Saved {
	if outcome.Err != nil {
		return Saved{Err: fmt.Errorf("%s: %w", savePurchaseDocument, outcome.Err)}
	}
	var records []struct {
		InvoiceID Text `json:"invoiceID"`
	}
	if json.Unmarshal(outcome.Records, &records) != nil || len(records) != 1 {
		return Saved{Err: erp.OutcomeUnknown{Cause: errors.New("the answer does not name the saved document")}}
	}
	id, err := records[0].InvoiceID.integer()
	if err != nil || id == 0 || d.ID != 0 && id != d.ID {
		return Saved{Err: erp.OutcomeUnknown{Cause: errors.New("the answer names another document")}}
	}
	return Saved{ID: id}
}

// fields is the document as flat, numbered parameters.
func (d SavePurchaseDocument) fields() (map[string]string, error) {
	f := &fields{values: map[string]string{}}
	if d.ID == 0 {
		f.require("currencyCode", d.CurrencyCode != "")
		f.require("no", d.No != "")
		f.require("supplierID", d.SupplierID != 0)
	}
	f.id("id", d.ID)
	f.id("warehouseID", d.WarehouseID)
	f.text("currencyCode", d.CurrencyCode)
	f.text("no", d.No)
	f.text("type", d.Type)
	f.date("date", d.Date)
	f.matching("time", d.Time, timeOfDay, "a time such as 14:59:00")
	f.flag("confirmInvoice", d.ConfirmInvoice)
	f.id("supplierID", d.SupplierID)
	f.id("addressID", d.AddressID)
	f.id("contactID", d.ContactID)
	f.id("employeeID", d.EmployeeID)
	f.id("stateID", d.StateID)
	f.decimal("currencyRate", d.CurrencyRate)
	f.number("paymentDays", d.PaymentDays)
	f.flag("paid", d.Paid)
	f.id("transactionTypeID", d.TransactionTypeID)
	f.id("transportTypeID", d.TransportTypeID)
	f.id("deliveryTermsID", d.DeliveryTermsID)
	f.text("deliveryTermsLocation", d.DeliveryTermsLocation)
	f.id("deliveryAddressID", d.DeliveryAddressID)
	f.flag("triangularTransaction", d.TriangularTransaction)
	f.id("projectID", d.ProjectID)
	f.bounded("referenceNumber", d.ReferenceNumber, maxReference)
	f.ids("baseDocumentIDs", d.BaseDocumentIDs)
	f.text("notes", d.Notes)
	f.text("ediStatus", d.EDIStatus)
	f.text("ediText", d.EDIText)
	f.text("documentURL", d.DocumentURL)
	f.date("shipDate", d.ShipDate)
	f.decimal("rounding", d.Rounding)
	f.decimal("netTotalForAccounting", d.NetTotalForAccounting)
	f.decimal("totalForAccounting", d.TotalForAccounting)
	for i, row := range d.Rows {
		row.put(f, strconv.Itoa(i+1))
	}
	for i, attribute := range d.Attributes {
		attribute.put(f, strconv.Itoa(i+1))
	}
	return f.values, f.err
}

func (r Row) put(f *fields, n string) {
	f.require("vatrateID"+n, r.VATRateID != 0)
	f.require("amount"+n, r.Amount != "" || r.AmountOfPackages != "")
	if r.ProductID != 0 && r.ServiceID != 0 {
		f.fail("serviceID"+n, "stands beside productID%s; accepted is one of them", n)
	}
	f.id("stableRowID"+n, r.StableRowID)
	f.id("productID"+n, r.ProductID)
	f.id("serviceID"+n, r.ServiceID)
	f.text("itemName"+n, r.ItemName)
	f.id("vatrateID"+n, r.VATRateID)
	f.decimal("amount"+n, r.Amount)
	f.decimal("price"+n, r.Price)
	f.decimal("discount"+n, r.Discount)
	f.id("packageID"+n, r.PackageID)
	f.decimal("amountOfPackages"+n, r.AmountOfPackages)
}

// put refuses the two words that delete an attribute: they are never data.
func (a Attribute) put(f *fields, n string) {
	name, value := string(a.Name), string(a.Value)
	if !attributeName.MatchString(name) {
		f.fail("attributeName"+n, "%.40q; accepted are 1 to 100 of A-Z, a-z, 0-9, dash and underscore", name)
	}
	f.require("attributeValue"+n, value != "")
	if word := strings.ToLower(strings.TrimSpace(value)); word == "null" || word == "undefined" {
		f.fail("attributeValue"+n, "%q would delete the attribute %.100s", value, name)
	}
	switch a.Type {
	case "text":
	case "int":
		if _, err := strconv.ParseInt(value, 10, 32); err != nil {
			f.fail("attributeValue"+n, "%.40q; accepted are whole numbers of 32 bits with a sign", value)
		}
	case "double":
		if !decimalNumber.MatchString(value) {
			f.fail("attributeValue"+n, "%.40q; accepted are decimal numbers", value)
		}
	default:
		f.fail("attributeType"+n, "%.40q; accepted are text, int and double", string(a.Type))
	}
	f.text("attributeName"+n, name)
	f.text("attributeType"+n, string(a.Type))
	f.bounded("attributeValue"+n, value, maxAttributeValue)
}

// fields collects parameters and the first thing that is wrong with them.
type fields struct {
	values map[string]string
	err    error
}

func (f *fields) fail(name, format string, args ...any) {
	if f.err == nil {
		f.err = refuse(name, format, args...)
	}
}

func (f *fields) require(name string, given bool) {
	if !given {
		f.fail(name, "is required")
	}
}

func (f *fields) text(name, value string) {
	if !utf8.ValidString(value) {
		f.fail(name, "is not UTF-8")
	}
	if value != "" {
		f.values[name] = value
	}
}

func (f *fields) bounded(name, value string, most int) {
	if n := utf8.RuneCountInString(value); n > most {
		f.fail(name, "is %d characters long; accepted are at most %d", n, most)
	}
	f.text(name, value)
}

func (f *fields) matching(name, value string, pattern *regexp.Regexp, accepted string) {
	if value != "" && !pattern.MatchString(value) {
		f.fail(name, "%.40q; accepted is %s", value, accepted)
	}
	f.text(name, value)
}

func (f *fields) decimal(name string, value Decimal) {
	f.matching(name, string(value), decimalNumber, "a decimal number such as 1.25543")
}

func (f *fields) date(name string, value money.Date) {
	if value == "" {
		return
	}
	if _, err := money.ParseDate(string(value)); err != nil {
		f.fail(name, "%v", err)
	}
	f.text(name, string(value))
}

func (f *fields) id(name string, value int64) {
	if value < 0 {
		f.fail(name, "%d; accepted are whole numbers from 1 on", value)
	}
	if value != 0 {
		f.values[name] = strconv.FormatInt(value, 10)
	}
}

func (f *fields) ids(name string, values []int64) {
	list := make([]string, 0, len(values))
	for _, value := range values {
		if value < 1 {
			f.fail(name, "%d; accepted are whole numbers from 1 on", value)
		}
		list = append(list, strconv.FormatInt(value, 10))
	}
	f.text(name, strings.Join(list, ","))
}

func (f *fields) number(name string, value *int64) {
	if value != nil {
		f.values[name] = strconv.FormatInt(*value, 10)
	}
}

func (f *fields) flag(name string, value *bool) {
	switch {
	case value == nil:
	case *value:
		f.values[name] = "1"
	default:
		f.values[name] = "0"
	}
}
