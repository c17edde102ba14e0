package money

import (
	"fmt"
	"time"
)

// Date is a civil day as "2026-03-14". Dates compare with < and >. The zero value "" is no day.
type Date string

const (
	layout        = "2006-01-02"
	secondsPerDay = 24 * 60 * 60
)

// ParseDate reads "2026-03-14". Years outside 1900 to 2199 are refused: they are somebody's placeholder.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(layout, text)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 {
		return "", fmt.Errorf("date %s is not a day such as 2026-03-14", quote(text))
	}
	return Date(text), nil
}

// DateOf is the day that clocks in loc show at t.
func DateOf(t time.Time, loc *time.Location) Date { return Date(t.In(loc).Format(layout)) }

// Days is how many days lie between the two, regardless of their order. A zero Date is infinitely far away.
func (d Date) Days(other Date) int {
	a, errA := time.Parse(layout, string(d))
	b, errB := time.Parse(layout, string(other))
	if errA != nil || errB != nil {
		return int(^uint(0) >> 1)
	}
	days := int((a.Unix() - b.Unix()) / secondsPerDay) // a Duration ends at 292 years
	if days < 0 {
		return -days
	}
	return days
}
