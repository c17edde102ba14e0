package money_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/money"
)

// later is the day that comes so many after the other.
func later(t *rapid.T, day money.Date, days int) money.Date {
	t.Helper()
	at, err := time.Parse(time.DateOnly, string(day))
	require.NoError(t, err)
	moved, err := money.ParseDate(at.AddDate(0, 0, days).Format(time.DateOnly))
	require.NoError(t, err)
	return moved
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-03-14", "2024-02-29", "1900-01-01", "2199-12-31"} {
		got, err := money.ParseDate(text)
		require.NoError(t, err)
		require.Equal(t, money.Date(text), got)
	}
	for _, text := range []string{
		"", "2026-3-14", "2026-02-29", "2026-13-01", "2026-03-14T00:00:00Z", " 2026-03-14", "14.03.2026", "20260314", "0000-00-00", "0001-01-01", "1899-12-31",
		"2200-01-01", "9999-12-31",
	} {
		got, err := money.ParseDate(text)
		require.ErrorContains(t, err, "is not a day such as 2026-03-14", text)
		require.Zero(t, got)
	}
}

func TestDateOfIsTheDayOnTheClocksThere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 14, 22, 30, 0, 0, time.UTC)
	require.Equal(t, money.Date("2026-03-14"), money.DateOf(at, time.UTC))
	require.Equal(t, money.Date("2026-03-15"), money.DateOf(at, time.FixedZone("Tallinn", 2*60*60)))
	require.Equal(t, money.Date("2026-03-14"), money.DateOf(at, time.FixedZone("Lima", -5*60*60)))
}

func TestNoDayIsInfinitelyFarAway(t *testing.T) {
	t.Parallel()
	day := money.Date("2026-03-14")
	require.Zero(t, day.Days(day))
	require.Equal(t, 1, day.Days("2026-03-13"))
	require.Equal(t, 365, day.Days("2027-03-14"))
	require.Equal(t, math.MaxInt, day.Days(""))
	require.Equal(t, math.MaxInt, money.Date("").Days(day))
	require.Equal(t, math.MaxInt, money.Date("").Days(""), "two unknown days are not the same day")
}
