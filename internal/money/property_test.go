package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/money"
)

// most is the largest amount that Parse accepts, in minor units.
const most = 9_999_999_999_999_999

var currencies = rapid.SampledFrom([]money.Currency{"JPY", "EUR", "KWD", "CLF"}) // 0, 2, 3 and 4 minor units

// minors prefers what is near nothing, near the largest, and everything between, of both signs.
var minors = rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64Range(-most, most), rapid.Int64Range(most-1000, most))

func fromMinor(t *rapid.T, n int64, c money.Currency) money.Amount {
	t.Helper()
	a, err := money.FromMinor(n, c)
	require.NoError(t, err)
	return a
}

func TestWhatIsPrintedParsesToTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := currencies.Draw(t, "currency")
		x := fromMinor(t, minors.Draw(t, "minor"), c)
		parsed, err := money.Parse(x.Number(), string(c))
		require.NoError(t, err)
		require.True(t, same(x, parsed), "%s became %s", x, parsed)

		wire, err := json.Marshal(x)
		require.NoError(t, err)
		var read money.Amount
		require.NoError(t, json.Unmarshal(wire, &read))
		require.True(t, same(x, read), "%s became %s by way of %s", x, read, wire)
	})
}

func TestMinorIsTheInverseOfFromMinor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(minors, rapid.Int64Range(-math.MaxInt64, math.MaxInt64)).Draw(t, "minor")
		x := fromMinor(t, n, currencies.Draw(t, "currency"))
		require.Equal(t, n, x.Minor())
		require.Equal(t, big.NewInt(n).Sign(), x.Sign())
	})
}

func TestAddIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := currencies.Draw(t, "currency")
		n, m := minors.Draw(t, "n"), minors.Draw(t, "m")
		sum, err := fromMinor(t, n, c).Add(fromMinor(t, m, c))
		require.NoError(t, err)
		require.Equal(t, n+m, sum.Minor())
		require.True(t, same(sum, fromMinor(t, n+m, c)), "a sum has the scale of its currency")
	})
}

// Whatever it is given, Add answers with the sum or not at all.
func TestAddIsExactOrFails(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := currencies.Draw(t, "currency")
		n, m := rapid.Int64().Draw(t, "n"), rapid.Int64().Draw(t, "m")
		want := new(big.Int).Add(big.NewInt(n), big.NewInt(m))
		sum, err := fromMinor(t, n, c).Add(fromMinor(t, m, c))
		if err == nil {
			require.Equal(t, want.String(), big.NewInt(sum.Minor()).String())
			return
		}
		require.Equal(t, 1, want.CmpAbs(big.NewInt(math.MaxInt64)), "%s fits", want)
	})
}

func TestDaysCountEveryDay(t *testing.T) {
	t.Parallel()
	first, err := money.ParseDate("1900-01-01")
	require.NoError(t, err)
	days := rapid.IntRange(0, 109571) // to 2199-12-31
	rapid.Check(t, func(t *rapid.T) {
		n, m := days.Draw(t, "n"), days.Draw(t, "m")
		a, b := later(t, first, n), later(t, first, m)
		require.Equal(t, max(n-m, m-n), a.Days(b))
		require.Equal(t, a.Days(b), b.Days(a))
		require.Equal(t, n < m, a < b, "days compare as texts do")
	})
}
