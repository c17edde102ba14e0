package precoro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"payrecon/internal/money"
	"payrecon/internal/remote"
)

// Precoro's JSON is loose: a number may come as a string, an empty object as [], a collection bare, wrapped in data or
// keyed by id. All of that ends in this file. Numbers are never made into floats.

const (
	maxText   = 255  // characters of any text, the most Precoro gives an external ID
	maxFields = 1000 // of one object; an invoice has about sixty
)

// kind is what a value is, in words; "" for one that is missing or null.
func kind(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] == 'n' {
		return ""
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 't', 'f':
		return "a boolean"
	default:
		return "a number"
	}
}

// elements hands out the elements of a list (without key) or the members of an object, in their order. More than most
// are an error: they are counted while they are read, so that a hostile answer costs no memory.
func elements(raw json.RawMessage, most int, each func(key string, value json.RawMessage)) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	open, err := decoder.Token()
	if err != nil {
		return err
	}
	for n := 0; decoder.More(); n++ {
		if n == most {
			return fmt.Errorf("holds more than %d elements", most)
		}
		var key string
		if open == json.Delim('{') {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			key, _ = token.(string)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err
		}
		each(key, value)
	}
	return nil
}

// object reads an object; [] is an empty one.
func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	fields := make(map[string]json.RawMessage)
	isList := false
	switch kind(raw) {
	case "a list":
		isList = true
	case "an object":
	case "":
		return nil, errors.New("is missing")
	default:
		return nil, fmt.Errorf("is %s, want an object", kind(raw))
	}
	if err := elements(raw, maxFields, func(key string, value json.RawMessage) { fields[key] = value }); err != nil {
		return nil, err
	}
	if isList && len(fields) > 0 {
		return nil, errors.New("is a list, want an object")
	}
	return fields, nil
}

// document reads a whole answer.
func document(body []byte) (map[string]json.RawMessage, error) {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return nil, errors.New("answer is empty")
	case !json.Valid(body):
		return nil, errors.New("answer is not JSON, or cut off")
	}
	fields, err := object(body)
	if err != nil {
		return nil, fmt.Errorf("answer %w", err)
	}
	return fields, nil
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// collection reads a list of objects in any of its shapes. listed is false where there is none at all.
func collection(raw json.RawMessage, most int) (rows []json.RawMessage, listed bool, err error) {
	raw, err = unwrapped(raw)
	if err != nil || kind(raw) == "" {
		return nil, false, err
	}
	keyed := kind(raw) == "an object"
	if !keyed && kind(raw) != "a list" {
		return nil, false, fmt.Errorf("is %s, want a list", kind(raw))
	}
	foreign := false
	err = elements(raw, most, func(key string, value json.RawMessage) {
		rows = append(rows, value)
		foreign = foreign || keyed && !digits.MatchString(key)
	})
	if err == nil && foreign {
		err = errors.New("is an object with other keys than ids, want a list")
	}
	if err != nil {
		return nil, false, err
	}
	return rows, true, nil
}

// unwrapped takes {"data": ...} off.
func unwrapped(raw json.RawMessage) (json.RawMessage, error) {
	if kind(raw) != "an object" {
		return raw, nil
	}
	fields, err := object(raw)
	if err != nil {
		return nil, err
	}
	if data, wrapped := fields["data"]; wrapped {
		return data, nil
	}
	return raw, nil
}

// empty tells whether a value says "none": missing, null, [], {}, "", 0 or false.
func empty(raw json.RawMessage) bool {
	switch kind(raw) {
	case "":
		return true
	case "an object", "a list":
		some := false
		err := elements(raw, maxFields, func(string, json.RawMessage) { some = true })
		return err == nil && !some
	default:
		switch strings.Trim(string(bytes.TrimSpace(raw)), `"`) {
		case "", "0", "false":
			return true
		}
		return false
	}
}

// scalar is a text, or a number as it was written; "" for none.
func scalar(raw json.RawMessage) (string, error) {
	var text string
	switch kind(raw) {
	case "":
		return "", nil
	case "a text":
		if err := json.Unmarshal(raw, &text); err != nil {
			return "", errors.New("is not a text")
		}
	case "a number":
		text = string(raw)
	default:
		return "", fmt.Errorf("is %s, want a text or a number", kind(raw))
	}
	if utf8.RuneCountInString(text) > maxText {
		return "", fmt.Errorf("is longer than %d characters", maxText)
	}
	return text, nil
}

// reader takes fields out of one object and keeps the first thing that could not be read.
type reader struct {
	fields  map[string]json.RawMessage
	name    string // in front of the fields' names: "invoice."
	secrets *remote.Secrets
	// partial: a field may be missing, as in the answer to a write.
	partial bool
	problem *string
}

func newReader(raw json.RawMessage, s *remote.Secrets) reader {
	r := reader{secrets: s, problem: new(string)}
	fields, err := object(raw)
	if err != nil {
		r.fail("row", err.Error())
	}
	r.fields = fields
	return r
}

func (r reader) fail(field, text string) {
	if *r.problem == "" {
		*r.problem = r.name + field + " " + text
	}
}

// reject is fail for a value that is shown, bounded and without secrets.
func (r reader) reject(field, value, text string) {
	const most = 40
	shown := r.secrets.Hide(value)
	dots := ""
	if utf8.RuneCountInString(shown) > most {
		dots = "..."
	}
	r.fail(field, fmt.Sprintf("%.*q%s: %s", most, shown, dots, text))
}

// text is the field as text, "" where it is missing.
func (r reader) text(field string) string {
	text, err := scalar(r.fields[field])
	if err != nil {
		r.fail(field, err.Error())
	}
	return text
}

// externalID is the field of that name. People type into it what they like.
func (r reader) externalID() string { return r.secrets.ID(r.text("externalId")) }

// required is the field as text without blanks around it; want says what is accepted.
func (r reader) required(field, want string) string {
	raw := r.fields[field]
	text := strings.TrimSpace(r.text(field))
	switch {
	case text != "":
	case kind(raw) == "a text":
		r.reject(field, "", want)
	case kind(raw) == "" && !r.partial:
		r.fail(field, "is missing: "+want)
	}
	return text
}

// id is a whole number above zero; 0 where it cannot be read.
func (r reader) id(field string) int64 {
	const want = "want a whole number above 0"
	text := r.required(field, want)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || n == 0 {
		r.reject(field, text, want)
		return 0
	}
	return int64(n)
}

// number is a small whole number, none where the field is missing and -1 where it cannot be read.
func (r reader) number(field string, none int) int {
	text := strings.TrimSpace(r.text(field))
	if text == "" {
		return none
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		r.reject(field, text, "want a whole number from 0")
		return -1
	}
	return int(n)
}

// plainSum bounds a sum before it is parsed with its currency.
var plainSum = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,10})?$`)

// sum is a plain decimal number as text; "" where it cannot be read.
func (r reader) sum(field string) string {
	const want = "want a decimal number such as 120.00"
	text := r.required(field, want)
	if text == "" || plainSum.MatchString(text) {
		return text
	}
	r.reject(field, text, want)
	return ""
}

// amount is a sum in a currency that was read before; none where either could not be read.
func (r reader) amount(field string, currency money.Currency) money.Amount {
	sum := r.sum(field)
	if sum == "" || currency == "" {
		return money.Amount{}
	}
	amount, err := currency.Parse(sum)
	if err != nil {
		r.fail(field, err.Error())
	}
	return amount
}

func (r reader) currency(field string) money.Currency {
	const want = "want an active ISO 4217 code such as EUR"
	text := r.required(field, want)
	if text == "" {
		return ""
	}
	currency, err := money.ParseCurrency(text)
	if err != nil {
		r.reject(field, text, want)
	}
	return currency
}

// day is the date part of a date-time, as written: no time zone moves it.
func (r reader) day(field string) money.Date {
	const want = "want a date such as 2026-03-14T12:00:00+00:00"
	text := r.required(field, want)
	if text == "" {
		return ""
	}
	day := text
	if len(text) > 10 && (text[10] == 'T' || text[10] == ' ') {
		day = text[:10]
	}
	date, err := money.ParseDate(day)
	if err != nil {
		r.reject(field, text, want)
	}
	return date
}

// within reads an object inside the object, whose fields may all be missing.
func (r reader) within(field string) reader {
	inner := reader{name: r.name + field + ".", secrets: r.secrets, partial: true, problem: r.problem}
	if empty(r.fields[field]) {
		return inner
	}
	fields, err := object(r.fields[field])
	if err != nil {
		r.fail(field, err.Error())
	}
	inner.fields = fields
	return inner
}
