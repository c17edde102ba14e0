package sandbox

import (
	"math/big"
	"regexp"

	"payrecon/internal/money"
)

var decimalText = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,8})?$`)

// total adds what is an amount of the currency; bad data counts as nothing.
func total(currency string, texts ...string) string {
	c, err := money.ParseCurrency(currency)
	if err != nil {
		return "0.00"
	}
	sum, err := money.FromMinor(0, c)
	if err != nil {
		return "0.00"
	}
	for _, text := range texts {
		amount, err := c.Parse(text)
		if err != nil {
			continue
		}
		if next, err := sum.Add(amount); err == nil {
			sum = next
		}
	}
	return sum.Number()
}

// less is a - b, bad data counting as nothing.
func less(currency, a, b string) string { return total(currency, a, negative(b)) }

func negative(text string) string {
	if text == "" {
		return ""
	}
	if text[0] == '-' {
		return text[1:]
	}
	return "-" + text
}

// sign is that of an amount, 0 for bad data.
func sign(currency, text string) int {
	amount, err := money.Parse(text, currency)
	if err != nil {
		return 0
	}
	return amount.Sign()
}

// vatRates are the account's, in percent by id.
var vatRates = map[int64]int64{1: 0, 2: 20, 3: 9}

// rowTotals works out a bill from its rows as Erply does: net of every row after its discount, VAT by its rate.
func rowTotals(currency string, rows []Row) (net, vat string) {
	scale := 2
	if c, err := money.ParseCurrency(currency); err == nil {
		scale = c.Scale()
	}
	netSum, vatSum := new(big.Rat), new(big.Rat)
	for _, row := range rows {
		line := new(big.Rat).Mul(rational(row.Amount), rational(row.Price))
		line.Sub(line, new(big.Rat).Mul(line, percent(rational(row.Discount))))
		netSum.Add(netSum, line)
		vatSum.Add(vatSum, new(big.Rat).Mul(line, percent(big.NewRat(vatRates[row.VATRateID], 1))))
	}
	return netSum.FloatString(scale), vatSum.FloatString(scale)
}

func percent(r *big.Rat) *big.Rat { return new(big.Rat).Quo(r, big.NewRat(100, 1)) }

// rational is exact; what is no plain decimal number is 0.
func rational(text string) *big.Rat {
	if !decimalText.MatchString(text) {
		return new(big.Rat)
	}
	r, _ := new(big.Rat).SetString(text)
	return r
}
