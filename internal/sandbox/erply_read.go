package sandbox

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	recordsDefault = 20
	recordsMost    = 100
)

var searchParameters = []string{
	"id", "ids", "number", "type", "confirmed", "paid", "changedSince", "searchAttributeName", "searchAttributeValue",
	"recordsOnPage", "pageNo", "orderBy", "orderByDir", "getRowsForAllInvoices",
}

// pagingParameters are those of them that do not say which bills are meant.
var pagingParameters = []string{"recordsOnPage", "pageNo", "orderBy", "orderByDir", "getRowsForAllInvoices"}

// billTypes are those of accounts that use purchase waybills.
var billTypes = []string{"PRCINVOICE", "CASHPRCINVOICE", "PRCORDER", "PRCRETURN", "PRCWAYBILL", "PRCINVOICEONLY"}

// getPurchaseDocuments finds bills, newest first unless asked otherwise. Where the documentation is silent it is unkind:
// `number` finds parts of numbers, `changedSince` leaves out its own second, at most 100 `ids` are looked at.
func (s *Sandbox) getPurchaseDocuments(params map[string]string) erplyOutcome {
	if wrong := s.only("getPurchaseDocuments", params, searchParameters...); wrong != nil {
		return *wrong
	}
	q, failure := readSearch(params)
	if failure.code != 0 {
		return erplyOutcome{erplyFailure: failure}
	}
	page, total := s.world.bills.find(q)
	outcome := erplyOutcome{total: total}
	for _, b := range page {
		outcome.records = append(outcome.records, s.world.billJSON(b, q.rows || total == 1))
	}
	return outcome
}

// search is a query that has been understood.
type search struct {
	params      map[string]string
	ids         []string
	page, size  int
	order       int
	since       int64
	rows, after bool
	narrow      bool // there is more to it than pages of all bills
}

func readSearch(params map[string]string) (search, erplyFailure) {
	q := search{params: params, page: 1, size: recordsDefault, order: -1}
	_, name := params["searchAttributeName"]
	_, value := params["searchAttributeValue"]
	if name != value {
		return q, erplyFailure{1010, "searchAttributeValue"}
	}
	for _, field := range slices.Sorted(maps.Keys(params)) {
		q.narrow = q.narrow || !slices.Contains(pagingParameters, field)
		if !q.read(field, params[field]) {
			return q, erplyFailure{1016, field}
		}
	}
	if len(q.ids) > recordsMost {
		return q, erplyFailure{1162, "ids"}
	}
	return q, erplyFailure{}
}

// read takes one parameter in, false if its value is none.
func (q *search) read(field, value string) bool {
	number, err := strconv.ParseInt(value, 10, 64)
	isNumber := err == nil && number >= 0
	switch field {
	case "id":
		q.rows = true
		_, ok := positive(value)
		return ok
	case "number":
		q.rows = true
	case "ids":
		q.ids = strings.Split(value, ",")
		return !slices.ContainsFunc(q.ids, func(id string) bool { _, ok := positive(id); return !ok })
	case "type":
		return slices.Contains(billTypes, value)
	case "confirmed", "paid", "getRowsForAllInvoices":
		q.rows = q.rows || field == "getRowsForAllInvoices" && value == "1"
		return value == "0" || value == "1"
	case "changedSince":
		q.since, q.after = number, true
		return isNumber
	case "recordsOnPage":
		q.size = int(min(number, recordsMost))
		return isNumber && number > 0
	case "pageNo":
		q.page = int(min(number, 1<<30))
		return isNumber && number > 0
	case "orderBy":
		if _, given := q.params["orderByDir"]; !given {
			q.order = 1
		}
		return value == "id"
	case "orderByDir":
		if value == "asc" {
			q.order = 1
		}
		return value == "asc" || value == "desc"
	}
	return true
}

func (q *search) fits(b *Bill) bool {
	if q.after && b.LastModified <= q.since {
		return false
	}
	is := func(field, have string) bool {
		want, given := q.params[field]
		return !given || want == have
	}
	if name, given := q.params["searchAttributeName"]; given {
		if value, has := b.Attributes[name]; !has || value != q.params["searchAttributeValue"] {
			return false
		}
	}
	id := strconv.FormatInt(b.ID, 10)
	return is("id", id) && is("type", b.Type) && is("confirmed", strconv.Itoa(b.Confirmed)) && is("paid", strconv.Itoa(b.Paid)) &&
		among(q.ids, id) && strings.Contains(b.Number, q.params["number"])
}

// billJSON is a document as getPurchaseDocuments gives it.
func (w *world) billJSON(b *Bill, rows bool) map[string]any {
	id := b.ID
	number := func(name string, n int64) any { return looseInt(id, name, n) }
	decimal := func(name, text string) any { return looseNumber(id, name, text) }
	status := "PENDING"
	if b.Confirmed == 1 {
		status = "READY"
	}
	out := map[string]any{
		"id": number("id", id), "type": b.Type, "status": status, "currencyCode": b.Currency, "currencyRate": decimal("currencyRate", b.CurrencyRate),
		"warehouseID": number("warehouseID", b.WarehouseID), "warehouseName": "Main", "number": b.Number, "regnumber": b.RegNumber,
		"date": b.Date, "inventoryTransactionDate": b.Date, "time": b.Time, "supplierID": number("supplierID", b.SupplierID), "supplierName": "Supplier",
		"addressID": number("addressID", b.AddressID), "contactID": number("contactID", b.ContactID), "employeeID": number("employeeID", b.EmployeeID),
		"stateID": number("stateID", b.StateID), "paymentDays": number("paymentDays", b.PaymentDays), "paid": number("paid", int64(b.Paid)),
		"transactionTypeID": number("transactionTypeID", b.TransactionTypeID), "transportTypeID": number("transportTypeID", b.TransportTypeID),
		"deliveryTermsID": number("deliveryTermsID", b.DeliveryTermsID), "deliveryTermsLocation": b.DeliveryTermsLocation,
		"deliveryAddressID": number("deliveryAddressID", b.DeliveryAddressID), "triangularTransaction": number("triangularTransaction", b.TriangularTransaction),
		"projectID": number("projectID", b.ProjectID), "confirmed": number("confirmed", int64(b.Confirmed)), "referenceNumber": b.ReferenceNumber,
		"notes": b.Notes, "ediStatus": b.EDIStatus, "ediText": b.EDIText, "documentURL": b.DocumentURL, "shipDate": b.ShipDate,
		"rounding": decimal("rounding", b.Rounding), "netTotal": decimal("netTotal", b.NetTotal), "vatTotal": decimal("vatTotal", b.VATTotal),
		"total":                 decimal("total", b.Total),
		"netTotalForAccounting": decimal("netTotalForAccounting", b.NetTotalForAccounting),
		"totalForAccounting":    decimal("totalForAccounting", b.TotalForAccounting),
		"invoiceLink":           invoiceLink(id), "baseDocuments": w.baseDocuments(b), "attributes": b.attributesJSON(),
		"added": number("added", b.Added), "lastModified": number("lastModified", b.LastModified),
	}
	if rows {
		out["rows"] = b.rowsJSON()
	}
	return out
}

func invoiceLink(id int64) string {
	return "https://123456.erply.com/print/" + strconv.FormatInt(id, 10)
}

// baseDocuments are given by more than their ids where they are known.
func (w *world) baseDocuments(b *Bill) []any {
	list := []any{}
	for text := range strings.SplitSeq(b.BaseDocumentIDs, ",") {
		id, ok := positive(text)
		if !ok {
			continue
		}
		entry := map[string]any{"id": looseInt(id, "base", id)}
		if base := w.bills.byID[id]; base != nil {
			entry["number"], entry["regnumber"], entry["type"], entry["date"] = base.Number, base.RegNumber, base.Type, base.Date
		}
		list = append(list, entry)
	}
	return list
}

func (b *Bill) attributesJSON() []any {
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		kind, value := cmp.Or(b.AttributeTypes[name], "text"), any(b.Attributes[name])
		if kind != "text" {
			value = looseNumber(b.ID, name, b.Attributes[name])
		}
		list = append(list, map[string]any{"attributeName": name, "attributeType": kind, "attributeValue": value})
	}
	return list
}

func (b *Bill) rowsJSON() []any {
	list := []any{}
	for _, r := range b.Rows {
		list = append(list, map[string]any{
			"rowID": r.RowID, "stableRowID": r.StableRowID, "productID": r.ProductID, "serviceID": r.ServiceID, "itemName": r.ItemName,
			"vatrateID": r.VATRateID, "amount": looseNumber(r.StableRowID, "amount", r.Amount),
			"price": looseNumber(r.StableRowID, "price", r.Price), "discount": looseNumber(r.StableRowID, "discount", r.Discount),
		})
	}
	return list
}
