package money_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
)

func amount(t *testing.T, text, code string) money.Amount {
	t.Helper()
	a, err := money.Parse(text, code)
	require.NoError(t, err)
	return a
}

// same is what == says, which is what the code relies on.
func same(a, b money.Amount) bool { return a == b }

func TestParsePrintsAllMinorUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, code, want string }{
		{"120", "JPY", "120"},
		{"120", "EUR", "120.00"},
		{"120.5", "EUR", "120.50"},
		{"120.50", "EUR", "120.50"},
		{"1000.001", "KWD", "1000.001"},
		{"1000", "KWD", "1000.000"},
		{"1.2345", "CLF", "1.2345"},
		{"0.01", "EUR", "0.01"},
		{"0", "EUR", "0.00"},
		{"-3", "EUR", "-3.00"},
		{"-0.01", "EUR", "-0.01"},
		// Nothing is negative about nothing.
		{"-0", "EUR", "0.00"},
		{"-0.00", "EUR", "0.00"},
		{"007.10", "EUR", "7.10"},
		// Zeros beyond the minor unit say nothing.
		{"1000.00", "JPY", "1000"},
		{"120.5000000", "EUR", "120.50"},
		{"1.000000", "KWD", "1.000"},
		// The largest of each scale: 16 digits with the minor units.
		{"9999999999999999", "JPY", "9999999999999999"},
		{"99999999999999.99", "EUR", "99999999999999.99"},
		{"-9999999999999.999", "KWD", "-9999999999999.999"},
		{"999999999999.9999", "CLF", "999999999999.9999"},
		// Longer in digits, not in value.
		{"000000000000000000000000000012.5", "EUR", "12.50"},
		// The currency as people write it.
		{"1", " eur ", "1.00"},
	} {
		t.Run(c.text+" "+c.code, func(t *testing.T) {
			t.Parallel()
			got, err := money.Parse(c.text, c.code)
			require.NoError(t, err)
			require.Equal(t, c.want, got.Number())
			require.True(t, got.Valid())
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const notation = "is not a decimal number such as 120.00"
	for _, c := range []struct{ text, code, want string }{
		{"", "EUR", "no amount"},
		{"120.001", "EUR", "has more than 2 decimals"},
		{"120.0000000000001", "EUR", "has more than 2 decimals"},
		{"120.5", "JPY", "has more than 0 decimals"},
		{"1.2345", "KWD", "has more than 3 decimals"},
		{"1.00001", "CLF", "has more than 4 decimals"},
		{"1e3", "EUR", notation},
		{"1E3", "EUR", notation},
		{"1e-2", "EUR", notation},
		{"0x1f", "EUR", notation},
		{" 120", "EUR", notation},
		{"120 ", "EUR", notation},
		{"1 000", "EUR", notation},
		{"1,000", "EUR", notation},
		{"1.000.00", "EUR", notation},
		{"1_000", "EUR", notation},
		{"+5", "EUR", notation},
		{"--5", "EUR", notation},
		{"-", "EUR", notation},
		{".", "EUR", notation},
		{".5", "EUR", notation},
		{"5.", "EUR", notation},
		{"-.5", "EUR", notation},
		{"NaN", "EUR", notation},
		{"Infinity", "EUR", notation},
		{"12٣", "EUR", notation}, // a digit, but not ours
		{"12\x00", "EUR", notation},
		{"120.00 EUR", "EUR", notation},
		{"10000000000000000", "JPY", "has more than 16 digits before the point"},
		{"100000000000000", "EUR", "has more than 14 digits before the point"},
		{strings.Repeat("9", 33), "EUR", "is 33 characters long, at most 32 are accepted"},
		{strings.Repeat("9", 1<<20), "EUR", "is 1048576 characters long, at most 32 are accepted"},
		{"1", "", `currency "" is not an active ISO 4217 code`},
		{"1", "XXX", `currency "XXX" is not an active ISO 4217 code`},
		{"1", "EURO", `currency "EURO" is not an active ISO 4217 code`},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			got, err := money.Parse(c.text, c.code)
			require.ErrorContains(t, err, c.want)
			require.Zero(t, got)
			require.Less(t, len(err.Error()), 200, "foreign text is bounded")
		})
	}
}

func TestParseNeedsAnAmount(t *testing.T) {
	t.Parallel()
	_, err := money.Parse("", "EUR")
	require.ErrorIs(t, err, money.ErrNoAmount)
}

func TestParseInACurrencyNobodyChecked(t *testing.T) {
	t.Parallel()
	_, err := money.Currency("eur").Parse("1")
	require.ErrorContains(t, err, `currency "eur" is not`)
	_, err = money.FromMinor(1, "")
	require.ErrorContains(t, err, `currency "" is not`)
}

func TestEqualAmountsAreEqualValues(t *testing.T) {
	t.Parallel()
	ten := amount(t, "10", "EUR")
	require.True(t, same(ten, amount(t, "10.00", "EUR")))
	require.True(t, same(ten, amount(t, "0010.0000", "eur")))
	require.True(t, same(amount(t, "-0", "EUR"), amount(t, "0.00", "EUR")))
	require.False(t, same(ten, amount(t, "10.01", "EUR")))
	require.False(t, same(ten, amount(t, "10", "USD")))
	require.False(t, same(ten, amount(t, "-10", "EUR")))
	require.Len(t, map[money.Amount]bool{ten: true, amount(t, "10.0", "EUR"): true}, 1)

	minor, err := money.FromMinor(1000, "EUR")
	require.NoError(t, err)
	require.True(t, same(ten, minor))

	sum, err := amount(t, "4.50", "EUR").Add(amount(t, "5.5", "EUR"))
	require.NoError(t, err)
	require.True(t, same(ten, sum))
}

func TestSign(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, amount(t, "0.01", "EUR").Sign())
	require.Equal(t, 0, amount(t, "-0.00", "EUR").Sign())
	require.Equal(t, -1, amount(t, "-0.01", "EUR").Sign())
}

func TestZeroValueIsNoAmount(t *testing.T) {
	t.Parallel()
	var none money.Amount
	require.False(t, none.Valid())
	require.True(t, amount(t, "0", "EUR").Valid())
	require.False(t, same(none, amount(t, "0", "JPY")))
	require.Empty(t, none.String())
	require.Empty(t, none.Number())
	require.Empty(t, none.Currency())
	require.Zero(t, none.Minor())
}

func TestAddRefusesTwoCurrencies(t *testing.T) {
	t.Parallel()
	_, err := amount(t, "1", "EUR").Add(amount(t, "1", "USD"))
	require.EqualError(t, err, "1.00 EUR and 1.00 USD cannot be added: not one currency")
}

func TestAddRefusesWhatIsNoAmount(t *testing.T) {
	t.Parallel()
	var none money.Amount
	for _, pair := range [][2]money.Amount{{none, none}, {none, amount(t, "1", "EUR")}, {amount(t, "1", "EUR"), none}} {
		_, err := pair[0].Add(pair[1])
		require.ErrorContains(t, err, "cannot be added")
	}
}

// A sum that wrapped around would be a small one, and slip below a cap.
func TestAddRefusesWhatMinorCannotHold(t *testing.T) {
	t.Parallel()
	for _, most := range []int64{math.MaxInt64, -math.MaxInt64} {
		limit, err := money.FromMinor(most, "EUR")
		require.NoError(t, err)
		one, err := money.FromMinor(most/math.MaxInt64, "EUR")
		require.NoError(t, err)
		_, err = limit.Add(one)
		require.ErrorContains(t, err, "more minor units than an int64 holds")
	}
}

func TestFiveHundredOfTheLargestAmountsAddUp(t *testing.T) {
	t.Parallel()
	largest := amount(t, "99999999999999.99", "EUR")
	sum := amount(t, "0", "EUR")
	for range 500 {
		var err error
		sum, err = sum.Add(largest)
		require.NoError(t, err)
	}
	require.Equal(t, int64(4_999_999_999_999_999_500), sum.Minor())
}

func TestJSONHoldsNumberAndCurrency(t *testing.T) {
	t.Parallel()
	type row struct {
		Sum money.Amount `json:"sum"`
	}
	for text, want := range map[string]money.Amount{
		`{"sum":"120.00 EUR"}`: amount(t, "120", "EUR"),
		`{"sum":"-1000 JPY"}`:  amount(t, "-1000", "JPY"),
		`{"sum":"0.000 KWD"}`:  amount(t, "0", "KWD"),
		`{"sum":""}`:           {},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			var got row
			require.NoError(t, json.Unmarshal([]byte(text), &got))
			require.Equal(t, want, got.Sum)
			back, err := json.Marshal(got)
			require.NoError(t, err)
			require.Equal(t, text, string(back))
		})
	}
}

func TestJSONWithoutAmountIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`null`, `""`} {
		var got money.Amount
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.False(t, got.Valid(), "%s is no amount, not an amount of zero", text)
	}
}

func TestEmptyTextTakesAnAmountBack(t *testing.T) {
	t.Parallel()
	got := amount(t, "1", "EUR")
	require.NoError(t, json.Unmarshal([]byte(`""`), &got))
	require.Zero(t, got)
}

func TestJSONRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`120`:              "cannot unmarshal number",
		`120.5`:            "cannot unmarshal number",
		`{}`:               "cannot unmarshal object",
		`"120.00"`:         `amount "120.00": want a number and a currency, such as 120.00 EUR`,
		`"EUR 120.00"`:     `currency "120.00" is not`,
		`"120.00 EUR now"`: `currency "EUR now" is not`,
		`"120.001 EUR"`:    "has more than 2 decimals",
		`" EUR"`:           "no amount",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := amount(t, "1", "USD")
			require.ErrorContains(t, json.Unmarshal([]byte(text), &got), want)
			require.Equal(t, amount(t, "1", "USD"), got, "what cannot be read changes nothing")
		})
	}
}
