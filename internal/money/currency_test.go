package money_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
)

func TestScaleIsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	for scale, codes := range map[int][]string{
		0: {"JPY", "KRW", "ISK", "VND", "XOF", "UYI"},
		2: {"EUR", "USD", "COP", "PKR", "RSD", "HUF", "XCG", "VED", "MGA"},
		3: {"KWD", "BHD", "TND", "IQD"},
		4: {"CLF", "UYW"},
	} {
		for _, code := range codes {
			c, err := money.ParseCurrency(code)
			require.NoError(t, err)
			require.Equal(t, scale, c.Scale(), code)
		}
	}
}

func TestParseCurrency(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"EUR", "eur", " Eur\n"} {
		c, err := money.ParseCurrency(text)
		require.NoError(t, err)
		require.Equal(t, money.Currency("EUR"), c)
	}
	// No money, no longer money, money of another kind.
	for _, text := range []string{"", "€", "EU", "EURO", "XXX", "XTS", "DEM", "HRK", "BTC", "XAU", "978"} {
		c, err := money.ParseCurrency(text)
		require.ErrorContains(t, err, "is not an active ISO 4217 code", text)
		require.Zero(t, c)
		require.Zero(t, money.Currency(text).Scale())
	}
}
