package sandbox

import (
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"payrecon/internal/money"
)

// currencies are the account's, with the rate that counts today. EUR is the default one.
var currencies = map[string]string{
	"EUR": "1", "USD": "0.92", "GBP": "1.17", "SEK": "0.088", "NOK": "0.086", "PLN": "0.23", "CHF": "1.05", "JPY": "0.0061", "KWD": "3.01",
}

// headerField is a parameter of savePurchaseDocument that is not repeated.
type headerField struct {
	name   string
	target func(*Bill) any // *string, *int64 or *int
	valid  func(string) bool
	// fallback is the documented default where it is left out; nil for empty or 0.
	fallback func(now time.Time, b *Bill) string
	required bool
	decimal  bool
}

func text(string) bool { return true }

func textOf(most int) func(string) bool {
	return func(value string) bool { return utf8.RuneCountInString(value) <= most }
}

func flag(value string) bool { return value == "0" || value == "1" }

func wholeNumber(value string) bool {
	n, err := strconv.ParseInt(value, 10, 64)
	return err == nil && n >= 0
}

func decimalNumber(value string) bool { return decimalText.MatchString(value) }

var (
	twoPlaces = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,2}0*)?$`)
	timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$`)
	idList    = regexp.MustCompile(`^([1-9][0-9]{0,17}(,[1-9][0-9]{0,17})*)?$`)
)

func day(value string) bool {
	_, err := money.ParseDate(value)
	return err == nil
}

func dayOrNone(value string) bool { return value == "" || day(value) }

func knownCurrency(value string) bool { _, known := currencies[value]; return known }

func knownType(value string) bool { return among(billTypes, value) }

func constant(value string) func(time.Time, *Bill) string {
	return func(time.Time, *Bill) string { return value }
}

// headerFields is the parameter list of Erply's page, rows and attributes apart, and the newer deliveryAddressID, ediStatus,
// ediText and documentURL. currencyCode comes before the rate that depends on it.
var headerFields = []headerField{
	{name: "warehouseID", target: func(b *Bill) any { return &b.WarehouseID }, valid: wholeNumber, fallback: constant("1")},
	{name: "currencyCode", target: func(b *Bill) any { return &b.Currency }, valid: knownCurrency, required: true},
	{name: "no", target: func(b *Bill) any { return &b.Number }, valid: text, required: true},
	{name: "type", target: func(b *Bill) any { return &b.Type }, valid: knownType, fallback: constant("PRCINVOICE")},
	{
		name: "date", target: func(b *Bill) any { return &b.Date }, valid: day,
		fallback: func(now time.Time, _ *Bill) string { return now.UTC().Format(dayLayout) },
	},
	{
		name: "time", target: func(b *Bill) any { return &b.Time }, valid: timeOfDay.MatchString,
		fallback: func(now time.Time, _ *Bill) string { return now.UTC().Format(time.TimeOnly) },
	},
	{name: "confirmInvoice", target: func(b *Bill) any { return &b.Confirmed }, valid: flag, fallback: constant("1")},
	{name: "supplierID", target: func(b *Bill) any { return &b.SupplierID }, valid: wholeNumber, required: true},
	{name: "addressID", target: func(b *Bill) any { return &b.AddressID }, valid: wholeNumber},
	{name: "contactID", target: func(b *Bill) any { return &b.ContactID }, valid: wholeNumber},
	{name: "employeeID", target: func(b *Bill) any { return &b.EmployeeID }, valid: wholeNumber},
	{name: "stateID", target: func(b *Bill) any { return &b.StateID }, valid: wholeNumber},
	{
		name: "currencyRate", target: func(b *Bill) any { return &b.CurrencyRate }, valid: decimalNumber, decimal: true,
		fallback: func(_ time.Time, b *Bill) string { return currencies[b.Currency] },
	},
	{name: "paymentDays", target: func(b *Bill) any { return &b.PaymentDays }, valid: wholeNumber},
	{name: "paid", target: func(b *Bill) any { return &b.Paid }, valid: flag},
	{name: "transactionTypeID", target: func(b *Bill) any { return &b.TransactionTypeID }, valid: wholeNumber},
	{name: "transportTypeID", target: func(b *Bill) any { return &b.TransportTypeID }, valid: wholeNumber},
	{name: "deliveryTermsID", target: func(b *Bill) any { return &b.DeliveryTermsID }, valid: wholeNumber},
	{name: "deliveryTermsLocation", target: func(b *Bill) any { return &b.DeliveryTermsLocation }, valid: text},
	{name: "deliveryAddressID", target: func(b *Bill) any { return &b.DeliveryAddressID }, valid: wholeNumber},
	{name: "triangularTransaction", target: func(b *Bill) any { return &b.TriangularTransaction }, valid: flag},
	{name: "projectID", target: func(b *Bill) any { return &b.ProjectID }, valid: wholeNumber},
	{name: "referenceNumber", target: func(b *Bill) any { return &b.ReferenceNumber }, valid: textOf(50)},
	{name: "baseDocumentIDs", target: func(b *Bill) any { return &b.BaseDocumentIDs }, valid: idList.MatchString},
	{name: "notes", target: func(b *Bill) any { return &b.Notes }, valid: text},
	{name: "ediStatus", target: func(b *Bill) any { return &b.EDIStatus }, valid: text},
	{name: "ediText", target: func(b *Bill) any { return &b.EDIText }, valid: text},
	{name: "documentURL", target: func(b *Bill) any { return &b.DocumentURL }, valid: text},
	{name: "shipDate", target: func(b *Bill) any { return &b.ShipDate }, valid: dayOrNone},
	{name: "rounding", target: func(b *Bill) any { return &b.Rounding }, valid: twoPlaces.MatchString, fallback: constant("0.00"), decimal: true},
	{name: "netTotalForAccounting", target: func(b *Bill) any { return &b.NetTotalForAccounting }, valid: twoPlaces.MatchString, fallback: constant("0.00"), decimal: true},
	{name: "totalForAccounting", target: func(b *Bill) any { return &b.TotalForAccounting }, valid: twoPlaces.MatchString, fallback: constant("0.00"), decimal: true},
}

func (f headerField) get(b *Bill) string {
	switch target := f.target(b).(type) {
	case *string:
		return *target
	case *int64:
		return strconv.FormatInt(*target, 10)
	case *int:
		return strconv.Itoa(*target)
	}
	return ""
}

// set takes a valid value; the empty text is 0.
func (f headerField) set(b *Bill, value string) {
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		number = 0
	}
	switch target := f.target(b).(type) {
	case *string:
		*target = value
	case *int64:
		*target = number
	case *int:
		*target = int(number)
	}
}

// same compares values: 0.10 is 0.1 where the field is a decimal.
func (f headerField) same(a, b string) bool {
	return a == b || f.decimal && rational(a).Cmp(rational(b)) == 0
}

// unset is the value that a create gives the field where it is left out.
func (f headerField) unset(now time.Time, b *Bill) string {
	if f.fallback == nil {
		return ""
	}
	return f.fallback(now, b)
}
