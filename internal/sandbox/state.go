package sandbox

import (
	"cmp"
	"maps"
	"slices"
)

const (
	precoroSide = "precoro"
	erplySide   = "erply"
)

// Counters are what the sandbox has counted so far. GET /_sandbox/counters gives the same as JSON, at no cost that grows with
// the world.
type Counters struct {
	// Requests counts by side and then by route ("GET /invoices/{idn}") or call ("savePurchaseDocument"). A bulk call of
	// Erply is one "bulk", and each of its parts counts as "bulk/<call>".
	Requests map[string]map[string]int `json:"requests"`
	// Throttled counts refusals by the real limiters (scripted ones are not the client's fault): in all by side
	// ("precoro"), and by limiter ("precoro second", "precoro overlap", "precoro same_get", "precoro hour", "precoro day",
	// "erply hour", "erply burst", "erply parallel").
	Throttled map[string]int `json:"throttled"`
	// Faults counts by side and then by Fault.Counted ("lost_answer", "throttle_hour") how many requests have met a scripted
	// fault.
	Faults map[string]map[string]int `json:"faults"`
	// ErplyTenths is what all Erply calls so far have cost, in tenths of a request.
	ErplyTenths int `json:"erply_tenths"`
	// Writes counts the ledger by Write.Op.
	Writes map[string]int `json:"writes"`
}

// State is what the sandbox saw and holds, a copy. GET /_sandbox/state gives the same as JSON.
type State struct {
	Counters

	Ledger   []Write   `json:"ledger"`
	Invoices []Invoice `json:"invoices"` // by id
	Payments []Payment `json:"payments"` // by id
	Bills    []Bill    `json:"bills"`    // by id
	// Alarms are mistakes of a client (or of whoever built the world), in words: unknown parameters, wrong types, the
	// trap, header fields that a save changed without naming them.
	Alarms []string `json:"alarms"`
}

// Counters takes a snapshot of the counters alone.
func (s *Sandbox) Counters() Counters {
	s.mu.LockToLook()
	defer s.mu.Unlock()
	return s.ledger.counters()
}

// State takes a snapshot.
func (s *Sandbox) State() State {
	s.mu.LockToLook()
	defer s.mu.Unlock()
	state := State{
		Counters: s.ledger.counters(),
		Ledger:   make([]Write, 0, len(s.ledger.writes)),
		Invoices: make([]Invoice, 0, len(s.world.invoices)),
		Payments: make([]Payment, 0, len(s.world.payments)),
		Bills:    make([]Bill, 0, len(s.world.bills.byID)),
		Alarms:   append([]string{}, s.ledger.alarms...),
	}
	for _, w := range s.ledger.writes {
		w.Changes = slices.Clone(w.Changes)
		state.Ledger = append(state.Ledger, w)
	}
	for _, id := range sortedIDs(s.world.invoices) {
		state.Invoices = append(state.Invoices, s.world.invoice(id))
	}
	for _, id := range sortedIDs(s.world.payments) {
		state.Payments = append(state.Payments, *s.world.payments[id])
	}
	for _, id := range s.world.bills.ids {
		state.Bills = append(state.Bills, s.world.bills.byID[id].clone())
	}
	return state
}

func sortedIDs[V any](documents map[int64]V) []int64 {
	return slices.SortedFunc(maps.Keys(documents), cmp.Compare[int64])
}
