package money_test

import (
	"math/big"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
)

var plainDecimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// FuzzParse holds Parse against math/big: it accepts exactly the plain decimals of at most 32 characters that are a
// whole number of at most 16 digits in minor units, and what it accepts has the value that was written.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"120.00", "-3", "0", "-0.00", "1000.000", "1e3", ".5", "5.", "+1", " 1", "1,000.00", "00012.340", "9999999999999999", "10000000000000000", "NaN", "",
		"0.0000000000000000000000000000001", "99999999999999.99000000000000",
	} {
		for _, code := range []string{"EUR", "JPY", "KWD", "CLF", "xxx"} {
			f.Add(text, code)
		}
	}
	f.Fuzz(func(t *testing.T, text, code string) {
		got, err := money.Parse(text, code)
		currency, unknown := money.ParseCurrency(code)
		want, fits := exact(text, currency.Scale())
		if unknown != nil || !fits {
			require.Error(t, err)
			require.Zero(t, got)
			require.Less(t, len(err.Error()), 300)
			return
		}
		require.NoError(t, err)
		require.Equal(t, currency, got.Currency())
		printed, ok := new(big.Rat).SetString(got.Number())
		require.True(t, ok)
		require.Zero(t, want.Cmp(printed), "%q became %s", text, got)
		again, err := money.Parse(got.Number(), code)
		require.NoError(t, err)
		require.True(t, same(got, again), "%s became %s", got, again)
	})
}

// exact is the value of the text, and whether an amount of this scale may hold it.
func exact(text string, scale int) (*big.Rat, bool) {
	if len(text) > 32 || !plainDecimal.MatchString(text) {
		return nil, false
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, false
	}
	minor := new(big.Rat).Mul(value, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	return value, minor.IsInt() && minor.Num().CmpAbs(big.NewInt(most)) <= 0
}
