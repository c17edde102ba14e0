package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxSlow = 90 * time.Second   // keeps scripted delays below the server's time-outs
	maxLate = 7 * 24 * time.Hour // nobody waits for it
	maxOff  = 1_000_000          // rows

	refusedForGood = 1016 // an invalid value

	firstErplyCode, lastErplyCode = 1000, 1220 // by Erply's list
)

// Limiters that a throttle can be of, the first by default.
var limiters = map[string][]string{
	precoroSide: {"second", "same_get", "hour", "day"},
	erplySide:   {"hour", "burst"},
}

var (
	precoroListings = []string{"GET /invoices", "GET /payments"}
	withinSession   = slices.DeleteFunc(slices.Clone(erplyCallNames), func(name string) bool { return name == "verifyUser" })
)

// onlyFor names, of the kinds that do not happen to every request, those that they happen to: by side, the requests' names.
var onlyFor = map[FaultKind]map[string][]string{
	ExpireSession: {erplySide: withinSession},
	PartFails:     {erplySide: erplyCallNames},
	Reordered:     {precoroSide: precoroListings, erplySide: withinSession},
	LyingTotal:    {precoroSide: precoroListings, erplySide: {"getPayments", "getPurchaseDocuments"}},
}

// canHappen tells whether the kind happens to a request with these names.
func (f *Fault) canHappen(names ...string) bool {
	only, restricted := onlyFor[f.Kind]
	return !restricted || slices.ContainsFunc(names, func(name string) bool { return slices.Contains(only[f.Side], name) })
}

// UnmarshalJSON reads a fault strictly. The delay is a Go duration such as "1.5s", or nanoseconds.
func (f *Fault) UnmarshalJSON(raw []byte) error {
	type plain Fault
	wire := struct {
		*plain
		Delay json.RawMessage `json:"delay"`
	}{plain: (*plain)(f)}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("fault: something follows the object")
	}
	return f.readDelay(wire.Delay)
}

func (f *Fault) readDelay(raw json.RawMessage) error {
	if len(raw) == 0 || raw[0] != '"' {
		if len(raw) > 0 && json.Unmarshal(raw, &f.Delay) != nil {
			return fmt.Errorf("fault: delay %.40s: want a duration such as \"1.5s\" or nanoseconds", raw)
		}
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("fault: delay: %w", err)
	}
	delay, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("fault: delay: %w", err)
	}
	f.Delay = delay
	return nil
}

// completed checks the fault, and names the route in full: a fault that never meets a request would prove nothing.
func (f Fault) completed() (Fault, error) {
	for _, check := range []func(*Fault) error{(*Fault).completeWhere, (*Fault).checkNumbers, (*Fault).completeStatus, (*Fault).completeLimiter, (*Fault).completeOff} {
		if err := check(&f); err != nil {
			return f, fmt.Errorf("fault: %w", err)
		}
	}
	if f.Times == 0 {
		f.Times = 1
	}
	return f, nil
}

// completeWhere looks at side, match and kind.
func (f *Fault) completeWhere() error {
	routes := precoroRouteNames
	switch f.Side {
	case precoroSide:
	case erplySide:
		routes = erplyCallNames
	default:
		return fmt.Errorf("side %.40q: want precoro or erply", f.Side)
	}
	if f.Side == precoroSide && !slices.Contains(routes, f.Match) && slices.Contains(routes, f.Match+"/{idn}") {
		f.Match += "/{idn}"
	}
	possible, restricted := onlyFor[f.Kind][f.Side], onlyFor[f.Kind] != nil
	if f.Side == erplySide && !slices.Contains(possible, bulkCall) {
		possible = append(slices.Clone(possible), bulkCall) // it may hold any of them
	}
	switch {
	case f.Match != "" && !slices.Contains(routes, f.Match):
		return fmt.Errorf("match %.80q: want one of %s", f.Match, strings.Join(routes, ", "))
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("kind %.40q: want one of %v", f.Kind, faultKinds)
	case restricted && possible == nil:
		return fmt.Errorf("side %q: %s happens to erply only", f.Side, f.Kind)
	case restricted && f.Match != "" && !slices.Contains(possible, f.Match):
		return fmt.Errorf("match %q: %s happens to %s only", f.Match, f.Kind, strings.Join(possible, ", "))
	}
	return nil
}

func (f *Fault) checkNumbers() error {
	most := map[FaultKind]time.Duration{Slow: maxSlow, Drip: maxSlow, Late: maxLate}
	bound, bounded := most[f.Kind]
	switch {
	case f.After < 0 || f.Times < 0 || f.Delay < 0:
		return fmt.Errorf("after %d, times %d, delay %s: want at least 0", f.After, f.Times, f.Delay)
	case bounded && f.Delay > bound:
		return fmt.Errorf("delay %s: want at most %s", f.Delay, bound)
	}
	return nil
}

func (f *Fault) completeStatus() error {
	least, most := 200, 599
	if f.Kind == PartFails {
		least, most = firstErplyCode, lastErplyCode
		f.Status = cmp.Or(f.Status, refusedForGood)
	}
	if f.Status != 0 && (f.Status < least || f.Status > most) {
		return fmt.Errorf("status %d: want %d to %d", f.Status, least, most)
	}
	return nil
}

func (f *Fault) completeLimiter() error {
	if f.Kind != Throttle {
		if f.Limiter != "" {
			return fmt.Errorf("limiter %.40q: want it with kind throttle only, not with %s", f.Limiter, f.Kind)
		}
		return nil
	}
	known := limiters[f.Side]
	if f.Side == erplySide && f.Status == http.StatusTooManyRequests {
		known = []string{"burst"} // what its status says
	}
	f.Limiter = cmp.Or(f.Limiter, known[0])
	if !slices.Contains(known, f.Limiter) {
		return fmt.Errorf("limiter %.40q: want one of %s", f.Limiter, strings.Join(known, ", "))
	}
	return nil
}

func (f *Fault) completeOff() error {
	switch {
	case f.Kind != LyingTotal && f.Off != 0:
		return fmt.Errorf("off %d: want it with kind lying_total only, not with %s", f.Off, f.Kind)
	case f.Off < -maxOff || f.Off > maxOff:
		return fmt.Errorf("off %d: want %d to %d", f.Off, -maxOff, maxOff)
	case f.Kind == LyingTotal:
		f.Off = cmp.Or(f.Off, 1)
	}
	return nil
}
