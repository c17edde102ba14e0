package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxAttributeValue = 255

var (
	rowParameter       = regexp.MustCompile(`^(stableRowID|productID|serviceID|itemName|vatrateID|amount|price|discount|packageID|amountOfPackages)([1-9][0-9]{0,3})$`)
	attributeParameter = regexp.MustCompile(`^(attributeName|attributeType|attributeValue)([1-9][0-9]{0,3})$`)
	attributeName      = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// saveInput is savePurchaseDocument's form, sorted.
type saveInput struct {
	id         string
	update     bool
	header     map[string]string
	rows       []map[string]string // from 1 on
	attributes []map[string]string
}

// savePurchaseDocument creates a document, or updates the one with the id. By Erply's page an update leaves rows alone
// unless there are any, and touches only the named attributes. Whether the defaults of omitted header fields hold for
// updates too it does not say: here they do, unless LenientErply.
func (s *Sandbox) savePurchaseDocument(params map[string]string) erplyOutcome {
	in, wrong := s.readSave(params)
	if wrong != nil {
		return *wrong
	}
	before := Bill{}
	if in.update {
		id, ok := positive(in.id)
		if !ok || s.world.bills.byID[id] == nil {
			return failed(1011, "id")
		}
		before = s.world.bills.byID[id].clone()
	}
	after, failure := s.saved(before, in)
	if failure.code == 0 {
		failure = locked(before, after, in)
	}
	if failure.code != 0 {
		return erplyOutcome{erplyFailure: failure}
	}
	return s.keep(before, after, in)
}

func (s *Sandbox) readSave(params map[string]string) (saveInput, *erplyOutcome) {
	in := saveInput{header: map[string]string{}}
	rows, attributes := map[int]map[string]string{}, map[int]map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		switch {
		case name == "id":
			in.id, in.update = params[name], true
		case slices.ContainsFunc(headerFields, func(f headerField) bool { return f.name == name }):
			in.header[name] = params[name]
		case rowParameter.MatchString(name):
			number(rows, rowParameter.FindStringSubmatch(name), params[name])
		case attributeParameter.MatchString(name):
			number(attributes, attributeParameter.FindStringSubmatch(name), params[name])
		default:
			return in, s.unknownParameter("savePurchaseDocument", name)
		}
	}
	for _, set := range []struct {
		from map[int]map[string]string
		to   *[]map[string]string
		name string
	}{{rows, &in.rows, "amount"}, {attributes, &in.attributes, "attributeName"}} {
		for n := 1; n <= len(set.from); n++ {
			if set.from[n] == nil { // a gap
				return in, s.unknownParameter("savePurchaseDocument", set.name+strconv.Itoa(slices.Max(slices.Collect(maps.Keys(set.from)))))
			}
			*set.to = append(*set.to, set.from[n])
		}
	}
	return in, nil
}

// number puts a parameter such as amount3 into its set.
func number(sets map[int]map[string]string, match []string, value string) {
	n, err := strconv.Atoi(match[2])
	if err != nil {
		return
	}
	if sets[n] == nil {
		sets[n] = map[string]string{}
	}
	sets[n][match[1]] = value
}

// saved is the document as the save would leave it.
func (s *Sandbox) saved(before Bill, in saveInput) (Bill, erplyFailure) {
	after := before.clone()
	strict := !in.update || !s.opts.LenientErply
	for _, f := range headerFields {
		value, given := in.header[f.name]
		switch {
		case given && !f.valid(value), given && f.required && value == "":
			return after, erplyFailure{1016, f.name}
		case given:
			f.set(&after, value)
		case strict && f.required:
			return after, erplyFailure{1010, f.name}
		case strict:
			f.set(&after, f.unset(s.now(), &after))
		}
	}
	for i, row := range in.rows {
		r, failure := readRow(row, strconv.Itoa(i+1))
		if failure.code != 0 {
			return after, failure
		}
		if i == 0 {
			after.Rows = nil
		}
		after.Rows = append(after.Rows, r)
	}
	for i, attribute := range in.attributes {
		if failure := after.setAttribute(attribute, strconv.Itoa(i+1)); failure.code != 0 {
			return after, failure
		}
	}
	if !in.update || len(in.rows) > 0 {
		after.NetTotal, after.VATTotal = rowTotals(after.Currency, after.Rows)
	}
	if !in.update || len(in.rows) > 0 || after.Rounding != before.Rounding {
		after.Total = total(after.Currency, after.NetTotal, after.VATTotal, after.Rounding)
	}
	return after, erplyFailure{}
}

func readRow(params map[string]string, n string) (Row, erplyFailure) {
	var r Row
	for _, field := range []struct {
		name   string
		target *int64
	}{{"stableRowID", &r.StableRowID}, {"productID", &r.ProductID}, {"serviceID", &r.ServiceID}, {"vatrateID", &r.VATRateID}} {
		value, given := params[field.name]
		id, ok := positive(value)
		if given && !ok {
			return r, erplyFailure{1016, field.name + n}
		}
		*field.target = id
	}
	for _, name := range []string{"amount", "price", "discount", "amountOfPackages"} {
		if value, given := params[name]; given && !decimalNumber(value) {
			return r, erplyFailure{1016, name + n}
		}
	}
	_, knownRate := vatRates[r.VATRateID]
	switch {
	case params["vatrateID"] == "":
		return r, erplyFailure{1010, "vatrateID" + n}
	case !knownRate:
		return r, erplyFailure{1011, "vatrateID" + n}
	case params["amount"] == "" && params["amountOfPackages"] == "":
		return r, erplyFailure{1010, "amount" + n}
	case r.ProductID != 0 && r.ServiceID != 0:
		return r, erplyFailure{1013, "serviceID" + n}
	}
	r.ItemName, r.Discount = params["itemName"], params["discount"]
	r.Amount, r.Price = cmp.Or(params["amount"], params["amountOfPackages"]), cmp.Or(params["price"], "0")
	return r, erplyFailure{}
}

// setAttribute: the words null and undefined delete.
func (b *Bill) setAttribute(params map[string]string, n string) erplyFailure {
	name, kind := params["attributeName"], cmp.Or(params["attributeType"], "text")
	value, given := params["attributeValue"]
	switch {
	case name == "":
		return erplyFailure{1010, "attributeName" + n}
	case !attributeName.MatchString(name):
		return erplyFailure{1016, "attributeName" + n}
	case !given:
		return erplyFailure{1010, "attributeValue" + n}
	case value == "null" || value == "undefined":
		delete(b.Attributes, name)
		delete(b.AttributeTypes, name)
		return erplyFailure{}
	}
	var valid bool
	switch kind {
	case "text":
		valid = utf8.RuneCountInString(value) <= maxAttributeValue
		delete(b.AttributeTypes, name)
	case "int":
		_, err := strconv.ParseInt(value, 10, 32)
		valid = err == nil
		b.AttributeTypes[name] = kind
	case "double":
		valid = decimalNumber(value)
		b.AttributeTypes[name] = kind
	default:
		return erplyFailure{1016, "attributeType" + n}
	}
	if !valid {
		return erplyFailure{1014, "attributeValue" + n}
	}
	b.Attributes[name] = value
	return erplyFailure{}
}

// locked is what may not change any more once a document is confirmed.
func locked(before, after Bill, in saveInput) erplyFailure {
	switch {
	case before.Confirmed != 1:
		return erplyFailure{}
	case after.Type != before.Type:
		return erplyFailure{1121, "type"}
	case len(in.rows) > 0:
		return erplyFailure{1017, "amount1"}
	case after.WarehouseID != before.WarehouseID:
		return erplyFailure{1017, "warehouseID"}
	case after.Currency != before.Currency:
		return erplyFailure{1017, "currencyCode"}
	case after.Confirmed != 1:
		return erplyFailure{1017, "confirmInvoice"}
	}
	return erplyFailure{}
}

// keep stores what was saved, writes it into the ledger, and says what a client changed without naming it.
func (s *Sandbox) keep(before, after Bill, in saveInput) erplyOutcome {
	w, now := &s.world, s.now()
	if !in.update {
		after.ID, after.Added = w.billIDs.take(holds(w.bills.byID)), now.Unix()
	}
	if after.Confirmed == 1 {
		orText(&after.RegNumber, regNumber(after.ID))
	}
	if !in.update || len(in.rows) > 0 {
		w.numberRows(after.Rows)
	}
	after.LastModified = max(now.Unix(), before.LastModified+1)
	changes := differences(before, after)
	if in.update {
		s.nameDamage(after.ID, changes, in)
	}
	kept := after.clone()
	w.bills.put(&kept)
	var keys []string
	for _, attribute := range in.attributes {
		keys = append(keys, attribute["attributeName"])
	}
	said := func(paid int, value func(Change) string) string {
		words := []string{"paid=" + strconv.Itoa(paid)}
		for _, c := range changes {
			if c.Field != "paid" {
				words = append(words, c.Field+"="+value(c))
			}
		}
		return strings.Join(words, ", ")
	}
	s.ledger.write(Write{
		At: now, Side: erplySide, Op: "savePurchaseDocument", Document: strconv.FormatInt(after.ID, 10), ID: after.ID,
		Key: strings.Join(keys, ","), Currency: after.Currency, Changes: changes,
		Before: said(before.Paid, func(c Change) string { return c.Before }),
		After:  said(after.Paid, func(c Change) string { return c.After }),
	})
	return one(savedJSON(&kept))
}

func savedJSON(b *Bill) map[string]any {
	out := map[string]any{
		"invoiceID": looseInt(b.ID, "invoiceID", b.ID), "invoiceNo": b.Number, "invoiceLink": invoiceLink(b.ID),
		"net": looseNumber(b.ID, "net", b.NetTotal), "vat": looseNumber(b.ID, "vat", b.VATTotal), "total": looseNumber(b.ID, "total", b.Total),
	}
	if b.Confirmed == 1 {
		out["invoiceRegNo"] = b.RegNumber
	}
	rows := []any{}
	for _, r := range b.Rows {
		rows = append(rows, map[string]any{
			"rowID": r.RowID, "stableRowID": r.StableRowID, "productID": r.ProductID, "serviceID": r.ServiceID,
			"amount": looseNumber(r.StableRowID, "amount", r.Amount),
		})
	}
	out["rows"] = rows
	return out
}

// nameDamage raises an alarm for header fields that took a default because the client left them out.
func (s *Sandbox) nameDamage(id int64, changes []Change, in saveInput) {
	for _, c := range changes {
		isHeader := slices.ContainsFunc(headerFields, func(f headerField) bool { return f.name == c.Field })
		if _, named := in.header[c.Field]; isHeader && !named {
			s.ledger.alarm("erply: savePurchaseDocument of bill %d left %s out and changed it from %.60q to %.60q", id, c.Field, c.Before, c.After)
		}
	}
}

// differences are in the order of the header's parameters, then rows and totals, then attributes by name. The header's
// fields have the names they are saved by.
func differences(before, after Bill) []Change {
	var changes []Change
	add := func(field, old, now string) {
		if old != now {
			changes = append(changes, Change{Field: field, Before: old, After: now})
		}
	}
	for _, f := range headerFields {
		if old, now := f.get(&before), f.get(&after); !f.same(old, now) {
			add(f.name, old, now)
		}
	}
	add("rows", rowsText(before.Rows), rowsText(after.Rows))
	add("total", before.Total, after.Total)
	names := maps.Clone(after.Attributes)
	maps.Copy(names, before.Attributes)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		add("attributes."+name, before.Attributes[name], after.Attributes[name])
	}
	return changes
}

func rowsText(rows []Row) string {
	var lines []string
	for _, r := range rows {
		lines = append(lines, fmt.Sprintf("%s x %s", r.Amount, r.Price))
	}
	return strings.Join(lines, "; ")
}
