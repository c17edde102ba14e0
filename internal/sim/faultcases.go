package sim

import (
	"slices"
	"time"

	"payrecon/internal/sandbox"
)

// FaultCase is one fault by itself: how it is injected, and what must come of it.
type FaultCase struct {
	Fault sandbox.Fault
	Must  Must
	// DropsKeys: Precoro does not keep the key that it is given in the call that creates a payment, so that a second one sets it.
	DropsKeys bool
	// Doubles: the fault itself makes a second payment, which no client can prevent; then it must be reported.
	Doubles bool
}

// Name says kind and place.
func (f FaultCase) Name() string {
	name := f.Kind() + " at " + f.Fault.Match
	if f.DropsKeys {
		name += ", keys dropped"
	}
	return name
}

// Kind says what strikes.
func (f FaultCase) Kind() string {
	kind := string(f.Fault.Kind)
	switch f.Fault.Kind {
	case sandbox.Throttle:
		kind += ", limit of the " + f.Fault.Limiter
	case sandbox.Late:
		kind += ", by " + f.Fault.Delay.String()
	case sandbox.Body:
		kind += " " + f.Fault.Body
	case sandbox.LyingTotal:
		if f.Fault.Off < 0 {
			kind += ", too few"
		} else {
			kind += ", too many"
		}
	default:
	}
	return kind
}

// Requests, as a fault is matched by.
const (
	listing  = "GET /invoices"
	single   = "GET /invoices/{idn}"
	payments = "GET /payments"
	post     = "POST /payments"
	patch    = "PATCH /payments/{idn}"
	login    = "verifyUser"
	bulk     = "bulk" // the first is one that reads; one that writes is met by save
	bills    = "getPurchaseDocuments"
	save     = "savePurchaseDocument"
)

var (
	reads  = []string{listing, single, payments, login, bulk, bills}
	writes = []string{post, patch, save}
)

func sideOf(match string) string {
	if slices.Contains([]string{login, bulk, bills, save}, match) {
		return "erply"
	}
	return "precoro"
}

// table is of fault cases.
type table []FaultCase

// add takes in a fault at each of these requests. What creates payments in Precoro is played with and without keys.
func (t *table) add(must Must, fault sandbox.Fault, matches ...string) {
	for _, match := range matches {
		fault.Side, fault.Match = sideOf(match), match
		f := FaultCase{Fault: fault, Must: must, DropsKeys: match == patch}
		f.Doubles = match == post && (fault.Kind == sandbox.Twice || fault.Kind == sandbox.Late && fault.Delay > settle)
		*t = append(*t, f)
		if match == post {
			f.DropsKeys = true
			*t = append(*t, f)
		}
	}
}

// FaultCases are all faults that can strike in virtual time, at each kind of request that they can strike. What waits by the
// real clock (slow), or costs real time and memory (endless), is for tests over sockets.
func FaultCases() []FaultCase {
	var t table
	t.addUnheard()
	t.addThrottles()
	t.addOddAnswers()
	t.addDeliveries()
	return t
}

// addUnheard are those that leave no answer, or none that says anything.
func (t *table) addUnheard() {
	carriedOut := []sandbox.FaultKind{
		sandbox.LostAnswer, sandbox.Error500After, sandbox.TimeoutAfter, sandbox.CutBody, sandbox.Empty, sandbox.Malformed,
	}
	nothing := []sandbox.FaultKind{sandbox.Reset, sandbox.Error500Before, sandbox.Timeout, sandbox.HTML}
	for _, kind := range slices.Concat(carriedOut, nothing, []sandbox.FaultKind{sandbox.Refused}) {
		t.add(readAgain, sandbox.Fault{Kind: kind}, reads...)
	}
	for _, kind := range carriedOut {
		t.add(lookedFor, sandbox.Fault{Kind: kind}, writes...)
	}
	for _, kind := range nothing {
		t.add(sentAgain, sandbox.Fault{Kind: kind}, writes...)
	}
	t.add(notSent, sandbox.Fault{Kind: sandbox.Refused}, writes...)
}

func (t *table) addThrottles() {
	for _, side := range []string{"precoro", "erply"} {
		elsewhere := func(match string) bool { return sideOf(match) != side }
		for _, limiter := range sandbox.Limiters(side) {
			fault := sandbox.Fault{Kind: sandbox.Throttle, Limiter: limiter, Delay: 20 * time.Second}
			if limiter == "hour" || limiter == "day" {
				fault.Delay = 40 * time.Minute
			}
			must := askedAgain
			if limiter == "burst" {
				must = unblocked
			}
			t.add(must, fault, slices.DeleteFunc(slices.Clone(reads), elsewhere)...)
			t.add(notSent, fault, slices.DeleteFunc(slices.Clone(writes), elsewhere)...)
		}
	}
}

// addOddAnswers are answers that are not what they should be.
func (t *table) addOddAnswers() {
	t.add(asIfNone, sandbox.Fault{Kind: sandbox.Drip}, slices.Concat(reads, writes)...)
	t.add(asIfNone, sandbox.Fault{Kind: sandbox.Reordered}, listing, payments, bulk, bills, save)
	for _, off := range []int{1, -1} {
		t.add(lists, sandbox.Fault{Kind: sandbox.LyingTotal, Off: off}, listing, payments)
	}
	t.add(search, sandbox.Fault{Kind: sandbox.LyingTotal, Off: 1}, bulk, bills)
	t.add(lists, sandbox.Fault{Kind: sandbox.LyingTotal, Off: -1}, bulk, bills)
	t.add(renewed, sandbox.Fault{Kind: sandbox.ExpireSession}, bulk, bills, save)
	t.add(refusedRow, sandbox.Fault{Kind: sandbox.PartFails}, save)
	t.add(failed, sandbox.Fault{Kind: sandbox.PartFails}, login, bulk, bills)
	t.add(failedEcho, sandbox.Fault{Kind: sandbox.Echo}, listing, login, bulk, bills)
	t.add(noneEcho, sandbox.Fault{Kind: sandbox.Echo}, single)
	t.add(singlyEcho, sandbox.Fault{Kind: sandbox.Echo}, payments)
	t.add(refusedEcho, sandbox.Fault{Kind: sandbox.Echo}, post, save)
	t.add(tied, sandbox.Fault{Kind: sandbox.Echo}, patch)
	t.add(readAgain, sandbox.Fault{Kind: sandbox.Body, Body: "<html>maintenance</html>"}, reads...)
	t.add(readAgain, sandbox.Fault{Kind: sandbox.Body, Body: `{"data":null}`}, listing, payments)
	t.add(bare, sandbox.Fault{Kind: sandbox.Body, Body: "{}"}, writes...)
}

// addDeliveries are requests that arrive late, or twice.
func (t *table) addDeliveries() {
	soon, late := sandbox.Fault{Kind: sandbox.Late, Delay: 9 * time.Minute}, sandbox.Fault{Kind: sandbox.Late, Delay: 90 * time.Minute}
	twice := sandbox.Fault{Kind: sandbox.Twice}
	t.add(readAgain, soon, reads...)
	t.add(asIfNone, twice, reads...)
	t.add(inTime, soon, writes...)
	t.add(tooLate, late, post)
	t.add(tooLateKey, late, patch)
	t.add(tooLateSave, late, save)
	t.add(twicePost, twice, post)
	t.add(twiceKey, twice, patch)
	t.add(twiceSave, twice, save)
}
