package sandbox

import "time"

// window lets limit requests pass from its first one on until length later, as the limiters of PHP frameworks do.
type window struct {
	length time.Duration
	limit  int
	opened time.Time
	used   int
}

// full tells until when no more pass. It is the zero time while there is room.
func (w *window) full(now time.Time) time.Time {
	end := w.opened.Add(w.length)
	if !now.Before(end) {
		w.used = 0
	}
	if w.used < w.limit {
		return time.Time{}
	}
	return end
}

// take counts a request that full let pass.
func (w *window) take(now time.Time) {
	if w.used == 0 {
		w.opened = now
	}
	w.used++
}

// refusal is what a limiter answers.
type refusal struct {
	limiter string // as in State.Throttled
	kind    string // RateLimit-Type
	limit   int
	until   time.Time
}

// precoroLimits are known from Precoro's page on rate limits; the types' names from production connectors.
type precoroLimits struct {
	second, hour, day window
	sameFor           time.Duration
	gets              map[string]time.Time // when each GET of late was last let pass
	fading            []passed             // the same, oldest first
}

// passed is a GET that was let pass.
type passed struct {
	get string
	at  time.Time
}

func newPrecoroLimits(l Limits) precoroLimits {
	return precoroLimits{
		second:  window{length: time.Second, limit: l.PrecoroPerSecond},
		hour:    window{length: time.Hour, limit: l.PrecoroPerHour},
		day:     window{length: 24 * time.Hour, limit: l.PrecoroPerDay},
		sameFor: l.SameGet,
		gets:    map[string]time.Time{},
	}
}

const (
	routeLimiter  = "Route based limiter by minute"
	hourlyLimiter = "Hourly limiter"
	dailyLimiter  = "Daily limiter"
)

// admit counts a request, or refuses it without a trace. get is the canonical form of a GET, "" for a write.
func (l *precoroLimits) admit(now time.Time, overlapping bool, get string) *refusal {
	if overlapping {
		return &refusal{"overlap", routeLimiter, 60 * l.second.limit, now.Add(time.Second)}
	}
	for _, one := range []struct {
		window  *window
		limiter string
		kind    string
		scale   int // the second's budget is announced by the minute
	}{{&l.day, "day", dailyLimiter, 1}, {&l.hour, "hour", hourlyLimiter, 1}, {&l.second, "second", routeLimiter, 60}} {
		if until := one.window.full(now); !until.IsZero() {
			return &refusal{one.limiter, one.kind, one.scale * one.window.limit, until}
		}
	}
	if get != "" {
		if until := l.gets[get].Add(l.sameFor); now.Before(until) {
			return &refusal{"same_get", routeLimiter, 1, until}
		}
		l.forget(now)
		l.gets[get] = now
		l.fading = append(l.fading, passed{get, now})
	}
	l.second.take(now)
	l.hour.take(now)
	l.day.take(now)
	return nil
}

// forget drops the GETs that may be sent again. No GET passes twice while it is remembered, so each stands in fading once.
func (l *precoroLimits) forget(now time.Time) {
	faded := 0
	for faded < len(l.fading) && !now.Before(l.fading[faded].at.Add(l.sameFor)) {
		delete(l.gets, l.fading[faded].get)
		faded++
	}
	l.fading = l.fading[faded:]
}

const (
	erplyParallel = 10               // requests of one address at a time
	erplyBurst    = 30 * time.Second // over which the burst limit counts
	erplyBlock    = 10 * time.Second // for how long an address is then turned away
)

// erplyLimits are known from Erply's pages on limits: by address with HTTP 429, by account with error 1002.
type erplyLimits struct {
	burst        window
	blockedUntil time.Time

	tenthsPerHour int
	hour          time.Time // the full hour that used belongs to
	used          int       // tenths of a request
}

func newErplyLimits(l Limits) erplyLimits {
	return erplyLimits{burst: window{length: erplyBurst, limit: l.ErplyPer30s}, tenthsPerHour: 10 * l.ErplyPerHour}
}

// admit names the limiter that turns an address away, "" for none.
func (l *erplyLimits) admit(now time.Time, parallel int64) string {
	var limiter string
	switch {
	case now.Before(l.blockedUntil):
		return "burst"
	case parallel > erplyParallel:
		limiter = "parallel"
	case !l.burst.full(now).IsZero():
		limiter = "burst"
	default:
		l.burst.take(now)
		return ""
	}
	l.blockedUntil = now.Add(erplyBlock)
	return limiter
}

// spend takes tenths of a request from the hour's quota, whole or not at all.
func (l *erplyLimits) spend(now time.Time, tenths int) bool {
	if hour := now.Truncate(time.Hour); !hour.Equal(l.hour) {
		l.hour, l.used = hour, 0
	}
	if l.used+tenths > l.tenthsPerHour {
		return false
	}
	l.used += tenths
	return true
}
