package workflows

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"payrecon/activities"
)

// Quota is what a company has spent of both sides' quotas. Company keeps it from run to run, so that a run knows before it
// sends. What other programs spend shows only in a refusal: then the refusal's stamp counts, and not our own figures.
type Quota struct {
	Hour window `json:"hour"` // Precoro requests, by the minute
	Day  window `json:"day"`  // Precoro requests, by the quarter of an hour
	// PerHour is the limit that the last run went by.
	PerHour int `json:"per_hour,omitempty"`
	// Until is until when Precoro has refused further requests, Limiter the name that it gave.
	Until   time.Time `json:"until,omitzero"`
	Limiter string    `json:"limiter,omitempty"`

	ERPHour  time.Time `json:"erp_hour,omitzero"`   // the full hour that ERPSpent belongs to
	ERPSpent int       `json:"erp_spent,omitempty"` // thousandths of a request
	ERPUntil time.Time `json:"erp_until,omitzero"`  // until when the ERP has refused further requests
}

// Whether Precoro's hour and day are those of the clock, begin with the first request or move along with the time is not
// known. No more than the quota within any 60 minutes and any 24 hours is right for all three.
const (
	hourBucket = time.Minute
	dayBucket  = 15 * time.Minute
	day        = 24 * time.Hour
)

// window counts what was spent, by the moment it may have been spent last.
type window []spent

type spent struct {
	Until int64 // end of the bucket, Unix seconds
	N     int
}

// MarshalJSON is short: a company's memory travels with every run.
func (s spent) MarshalJSON() ([]byte, error) { return json.Marshal([2]int64{s.Until, int64(s.N)}) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *spent) UnmarshalJSON(data []byte) error {
	var pair [2]int64
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	s.Until, s.N = pair[0], int(pair[1])
	return nil
}

// add counts n at now, and forgets what is over.
func (w window) add(now time.Time, length, bucket time.Duration, n int) window {
	end := now.Truncate(bucket).Add(bucket).Unix()
	kept := slices.DeleteFunc(slices.Clone(w), func(s spent) bool { return over(s, now, length) })
	if last := len(kept) - 1; last >= 0 && kept[last].Until >= end {
		kept[last].N += n
		return kept
	}
	return append(kept, spent{end, n})
}

// over tells whether the whole bucket lies further back than the window reaches.
func over(s spent, now time.Time, length time.Duration) bool {
	return !time.Unix(s.Until, 0).Add(length).After(now)
}

func (w window) spent(now time.Time, length time.Duration) (n int) {
	for _, s := range w {
		if !over(s, now, length) {
			n += s.N
		}
	}
	return n
}

// opens is when one more fits below the limit; the zero time if it does now.
func (w window) opens(now time.Time, length time.Duration, limit int) time.Time {
	excess := w.spent(now, length) - (limit - 1)
	var at time.Time
	for _, s := range w { // the oldest first
		if excess <= 0 {
			break
		}
		if !over(s, now, length) {
			excess -= s.N
			at = time.Unix(s.Until, 0).Add(length).UTC()
		}
	}
	return at
}

// clone shares nothing with the original.
func (q Quota) clone() Quota {
	q.Hour, q.Day = slices.Clone(q.Hour), slices.Clone(q.Day)
	return q
}

// spendPrecoro counts requests that were sent.
func (q *Quota) spendPrecoro(now time.Time, n int) {
	if n <= 0 {
		return
	}
	q.Hour = q.Hour.add(now, time.Hour, hourBucket, n)
	q.Day = q.Day.add(now, day, dayBucket, n)
}

// precoroOpens is when the next request may be sent to Precoro, and why not before; the zero time if it may be now.
// A limit of 0 is none.
func (q Quota) precoroOpens(now time.Time, perHour, perDay int) (at time.Time, why string) {
	if q.Until.After(now) {
		at, why = q.Until, "Precoro allows no more before: "+q.Limiter
	}
	for _, limit := range []struct {
		spent  window
		length time.Duration
		most   int
		name   string
	}{{q.Hour, time.Hour, perHour, "an hour"}, {q.Day, day, perDay, "a day"}} {
		if limit.most <= 0 {
			continue
		}
		if opens := limit.spent.opens(now, limit.length, limit.most); opens.After(at) && opens.After(now) {
			at, why = opens, fmt.Sprintf("the %d requests %s that Precoro allows are used up", limit.most, limit.name)
		}
	}
	return at, why
}

// precoroLeft is what is left of the hour and of the day.
func (q Quota) precoroLeft(now time.Time, perHour, perDay int) (hour, daily int) {
	if q.Until.After(now) {
		return 0, 0
	}
	return max(0, perHour-q.Hour.spent(now, time.Hour)), max(0, perDay-q.Day.spent(now, day))
}

// spendERP counts what was charged, in thousandths of a request. The ERP's hour is the clock's.
func (q *Quota) spendERP(now time.Time, cost int) {
	if hour := now.Truncate(time.Hour); hour.After(q.ERPHour) {
		q.ERPHour, q.ERPSpent = hour, 0
	}
	q.ERPSpent += cost
}

// erpOpens is when something of this cost may be sent to the ERP, and why not before.
func (q Quota) erpOpens(now time.Time, perHour, cost int) (at time.Time, why string) {
	if q.ERPUntil.After(now) {
		return q.ERPUntil, "the ERP allows no more before"
	}
	hour := now.Truncate(time.Hour)
	if perHour <= 0 || !q.ERPHour.Equal(hour) || q.ERPSpent == 0 || q.ERPSpent+cost <= perHour*erpRequest {
		return time.Time{}, ""
	}
	return hour.Add(time.Hour + clockMargin), fmt.Sprintf("the %d requests an hour that the ERP allows are used up", perHour)
}

func (q Quota) erpLeft(now time.Time, perHour int) int {
	switch {
	case q.ERPUntil.After(now):
		return 0
	case !q.ERPHour.Equal(now.Truncate(time.Hour)):
		return perHour
	}
	return max(0, perHour-(q.ERPSpent+erpRequest-1)/erpRequest)
}

// refused takes over what a refusal says. It shows that others spend from the quota too, so that our own figures up to then
// say nothing: from its stamp on, the quota is counted anew.
func (q *Quota) refused(now time.Time, failure activities.Failure) {
	until := now.Add(failure.Wait)
	if failure.Side == activities.SideERP {
		q.ERPUntil = until
		return
	}
	q.Until, q.Limiter = until, failure.Limiter
	if isDaily(failure) {
		q.Day = nil
	}
	q.Hour = nil
}

// isDaily: the names of Precoro's limiters are "Hourly limiter" and "Daily limiter", by production connectors.
func isDaily(failure activities.Failure) bool {
	return strings.Contains(strings.ToLower(failure.Limiter), "dai") || failure.Wait > time.Hour+clockMargin
}

const (
	erpRequest = 1000 // thousandths
	// clockMargin is how far two clocks may lie apart where an hour of the other side's clock is waited for.
	clockMargin = 5 * time.Second
)
