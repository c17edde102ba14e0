package tryton

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"payrecon/internal/money"
)

// Tryton's JSON tags what JSON has no type for: {"__class__": "Decimal", "decimal": "1.00"}. A plain number is taken for an
// amount too, and is a float then: none is ever sent, and none is read.

// decimal is an amount as Tryton wrote it: 120.00, 0, 1E+2. What it is not shows when it is parsed, so that one odd value
// does not lose the page that it stands on.
type decimal struct {
	text string
	odd  string // what stood there instead
}

func (d *decimal) UnmarshalJSON(raw []byte) error {
	*d = decimal{}
	var tagged struct {
		Class   string  `json:"__class__"`
		Decimal *string `json:"decimal"`
	}
	switch {
	case string(raw) == "null":
	case json.Unmarshal(raw, &tagged) != nil || tagged.Class != "Decimal" || tagged.Decimal == nil:
		d.odd = fmt.Sprintf("%.40q is no decimal number", raw)
	default:
		d.text = *tagged.Decimal
	}
	return nil
}

// MarshalJSON is what Version is made of, not what Tryton is sent.
func (d decimal) MarshalJSON() ([]byte, error) { return json.Marshal(d.text + d.odd) }

// in is the amount in a currency, exactly.
func (d decimal) in(currency money.Currency) (money.Amount, error) {
	if d.odd != "" {
		return money.Amount{}, errors.New(d.odd)
	}
	plain, err := plainNotation(d.text)
	if err != nil {
		return money.Amount{}, err
	}
	return currency.Parse(plain)
}

var scientific = regexp.MustCompile(`^(-?)([0-9]{1,30})(?:\.([0-9]{1,30}))?[Ee]([+-]?[0-9]{1,2})$`)

// maxExponent is beyond every amount that package money takes.
const maxExponent = 30

// plainNotation rewrites Python's scientific notation of a decimal number; others stay as they are.
func plainNotation(text string) (string, error) {
	parts := scientific.FindStringSubmatch(text)
	if parts == nil {
		return text, nil
	}
	sign, whole, fraction := parts[1], parts[2], parts[3]
	exponent, err := strconv.Atoi(parts[4])
	if err != nil || exponent > maxExponent || exponent < -maxExponent {
		return "", fmt.Errorf("amount %.40q: has too large an exponent", text)
	}
	digits, point := whole+fraction, len(whole)+exponent
	if point <= 0 {
		digits, point = strings.Repeat("0", 1-point)+digits, 1
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	if point < len(digits) {
		digits = digits[:point] + "." + digits[point:]
	}
	return sign + digits, nil
}

// date is a day, "" where there is none that can be read.
type date struct{ money.Date }

func (d *date) UnmarshalJSON(raw []byte) error {
	*d = date{}
	var tagged struct {
		Class            string `json:"__class__"`
		Year, Month, Day int
	}
	if json.Unmarshal(raw, &tagged) == nil && tagged.Class == "date" {
		d.Date, _ = money.ParseDate(fmt.Sprintf("%04d-%02d-%02d", tagged.Year, tagged.Month, tagged.Day)) // the zero value says that it is none
	}
	return nil
}

// tagged values are what Tryton is sent.

func taggedAmount(a money.Amount) any {
	return map[string]any{"__class__": "Decimal", "decimal": a.Number()}
}

func taggedDate(d money.Date) (any, error) {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return nil, fmt.Errorf("date %.40q is not a day such as 2026-03-14", string(d))
	}
	return map[string]any{"__class__": "date", "year": t.Year(), "month": int(t.Month()), "day": t.Day()}, nil
}

// taggedTime is in UTC, as all of Tryton's are.
func taggedTime(t time.Time) any {
	t = t.UTC()
	return map[string]any{
		"__class__": "datetime", "year": t.Year(), "month": int(t.Month()), "day": t.Day(),
		"hour": t.Hour(), "minute": t.Minute(), "second": t.Second(), "microsecond": t.Nanosecond() / int(time.Microsecond),
	}
}

// decode reads an answer without a float.
func decode(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return decoder.Decode(into)
}
