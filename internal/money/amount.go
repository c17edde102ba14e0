// Package money holds exact amounts with their currency, and the civil days on which they move.
//
// There is no float between a wire and a comparison, and no number without its currency.
package money

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/govalues/decimal"
)

// maxDigits bounds an amount to less than 10^16 minor units, so that the sum of several hundred amounts fits into an
// int64 and into govalues' 19 digits: arithmetic within one document cannot overflow.
const maxDigits = 16

// maxText bounds what is looked at before parsing: sign, digits, point and some zeros nobody asked for.
const maxText = 32

// Amount is an exact sum of money. Two Amounts are equal exactly if == says so. The zero value is "no amount"; it has no
// currency and is not Valid.
//
// It is a count of minor units, 16 bytes without a pointer: a run holds four of them for every invoice.
type Amount struct {
	minor int64
	unit  unit
}

// ErrNoAmount is returned where an amount is needed and there was none.
var ErrNoAmount = errors.New("no amount")

// Parse reads plain decimal notation ("120.00", "-3", "1000.000" for KWD) in the currency named by code. Exponents,
// thousands separators and blanks inside are refused, and so are digits beyond the currency's minor unit, unless they
// are zeros (which say nothing: ERPs print "1000.00" for JPY). Nothing is ever rounded.
func Parse(text, code string) (Amount, error) {
	c, err := ParseCurrency(code)
	if err != nil {
		return Amount{}, err
	}
	return c.Parse(text)
}

// Parse reads an amount in this currency, as the function Parse does.
func (c Currency) Parse(text string) (Amount, error) {
	u, err := c.unit(string(c))
	if err != nil {
		return Amount{}, err
	}
	scale := units[u].scale
	plain, err := canonical(text, scale)
	if err != nil {
		return Amount{}, fmt.Errorf("amount %s: %w", quote(text), err)
	}
	value, err := decimal.ParseExact(plain, scale)
	if err != nil {
		return Amount{}, fmt.Errorf("amount %s: %w", quote(text), err)
	}
	minor := int64(value.Coef()) //nolint:gosec // canonical has held it to maxDigits
	if value.IsNeg() {
		minor = -minor
	}
	return Amount{minor, u}, nil
}

// canonical checks the notation and cuts zeros beyond scale, before any number is made of it.
func canonical(text string, scale int) (string, error) {
	if text == "" {
		return "", ErrNoAmount
	}
	if len(text) > maxText {
		return "", fmt.Errorf("is %d characters long, at most %d are accepted", len(text), maxText)
	}
	digits := strings.TrimPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || !allDigits(whole) || !allDigits(fraction) || point && fraction == "" {
		return "", errors.New("is not a decimal number such as 120.00")
	}
	if len(fraction) > scale {
		if strings.Trim(fraction[scale:], "0") != "" {
			return "", fmt.Errorf("has more than %d decimals", scale)
		}
		fraction = fraction[:scale]
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole)+scale > maxDigits {
		return "", fmt.Errorf("has more than %d digits before the point", maxDigits-scale)
	}
	if whole == "" {
		whole = "0"
	}
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign = "-"
	}
	if fraction == "" {
		return sign + whole, nil
	}
	return sign + whole + "." + fraction, nil
}

func allDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// FromMinor is n minor units (cents) of the currency.
func FromMinor(n int64, c Currency) (Amount, error) {
	u, err := c.unit(string(c))
	if err != nil {
		return Amount{}, err
	}
	return Amount{n, u}, nil
}

// Minor is the amount in minor units (cents). Several hundred of them add up within an int64.
func (a Amount) Minor() int64 { return a.minor }

// Currency is the amount's currency, "" for the zero value.
func (a Amount) Currency() Currency { return units[a.unit].code }

// Valid tells an amount (also of 0.00) from the zero value, which is none.
func (a Amount) Valid() bool { return a.unit != 0 }

// Sign is -1, 0 or 1.
func (a Amount) Sign() int { return cmp.Compare(a.minor, 0) }

// Add is the exact sum. It fails on two different currencies: nothing is ever netted across them.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.unit != b.unit || !a.Valid() {
		return Amount{}, fmt.Errorf("%s and %s cannot be added: not one currency", a, b)
	}
	sum := a.minor + b.minor
	if (sum > a.minor) != (b.minor > 0) || sum == math.MinInt64 {
		return Amount{}, fmt.Errorf("%s + %s: more minor units than an int64 holds", a, b)
	}
	return Amount{sum, a.unit}, nil
}

// Number is the bare decimal with all its minor units, such as "120.00", for wires that name the currency elsewhere.
func (a Amount) Number() string {
	if !a.Valid() {
		return ""
	}
	value, err := decimal.New(a.minor, units[a.unit].scale)
	if err != nil {
		return "" // no currency has that many minor units
	}
	return value.String()
}

// String is "120.00 EUR", and "" for the zero value.
func (a Amount) String() string {
	if !a.Valid() {
		return ""
	}
	return a.Number() + " " + string(a.Currency())
}

// MarshalText gives String, the form in which amounts travel in JSON.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote; the empty text is the zero value.
func (a *Amount) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Amount{}
		return nil
	}
	number, code, found := strings.Cut(string(text), " ")
	if !found {
		return fmt.Errorf("amount %s: want a number and a currency, such as 120.00 EUR", quote(string(text)))
	}
	parsed, err := Parse(number, code)
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// quote shows foreign text in an error: quoted and bounded.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%.*q...", most, s)
	}
	return fmt.Sprintf("%q", s)
}
