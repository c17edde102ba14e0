package sandbox

import (
	"math/rand/v2"
	"time"
)

// Draw makes n faults that can happen to a client which keeps payments equal, now in Precoro and now in Erply; the same r
// gives the same ones. Every kind comes up but slow, which waits by the real clock, and endless, which costs a client as
// much time and memory as it dares to spend: those are for sockets. A body that is drawn is none that anybody should believe.
func Draw(r *rand.Rand, n int) []Fault {
	faults := make([]Fault, 0, n)
	for range n {
		faults = append(faults, draw(r))
	}
	return faults
}

// drawn is a kind, how often it comes up among the weights of all, and what it is drawn for.
type drawn struct {
	kind           FaultKind
	weight         int
	precoro, erply []string // Fault.Match
}

// Routes and calls that payments are kept equal by.
var (
	precoroReads  = []string{"GET /invoices", "GET /invoices/{idn}", "GET /payments"}
	precoroWrites = []string{"POST /payments", "PATCH /payments/{idn}"}
	precoroAny    = append(append([]string{""}, precoroReads...), precoroWrites...)
	erplyWrites   = []string{"savePurchaseDocument"}
	erplyWithin   = []string{bulkCall, "getPurchaseDocuments", "savePurchaseDocument"}
	erplyAny      = append([]string{"", "verifyUser"}, erplyWithin...)
)

// What loses an answer of a write is drawn more often: it is what costs money.
var draws = []drawn{
	{LostAnswer, 12, precoroAny, erplyAny},
	{Reset, 6, precoroAny, erplyAny},
	{Refused, 6, precoroAny, erplyAny},
	{Error500Before, 6, precoroAny, erplyAny},
	{Error500After, 8, precoroAny, erplyAny},
	{CutBody, 6, precoroAny, erplyAny},
	{HTML, 4, precoroAny, erplyAny},
	{Empty, 4, precoroAny, erplyAny},
	{Malformed, 4, precoroAny, erplyAny},
	{Throttle, 8, precoroAny, erplyAny},
	{Body, 4, precoroAny, erplyAny},
	{Timeout, 8, precoroAny, erplyAny},
	{TimeoutAfter, 8, precoroAny, erplyAny},
	{Late, 12, precoroWrites, erplyWrites},
	{Twice, 8, precoroWrites, erplyWrites},
	{Drip, 2, precoroAny, erplyAny},
	{ExpireSession, 5, nil, erplyWithin},
	{PartFails, 5, nil, erplyWithin},
	{Reordered, 4, precoroListings, erplyWithin},
	{LyingTotal, 4, precoroListings, []string{bulkCall, "getPurchaseDocuments"}},
	{Echo, 3, precoroAny, erplyAny},
}

func draw(r *rand.Rand) Fault {
	d := drawKind(r)
	f := Fault{Side: precoroSide, Kind: d.kind, After: r.IntN(31), Times: 1}
	matches := d.precoro
	if len(matches) == 0 || r.IntN(2) == 0 {
		f.Side, matches = erplySide, d.erply
	}
	f.Match = pick(r, matches)
	if r.IntN(5) == 0 {
		f.Times = 2 + r.IntN(3)
	}
	switch f.Kind {
	case Late:
		f.Delay = drawDelay(r, 0, 10*time.Minute, 3*time.Hour)
	case Throttle:
		f.Delay = drawDelay(r, time.Second, time.Minute, 2*time.Hour)
		f.Limiter = pick(r, limiters[f.Side])
	case PartFails:
		f.Status = pick(r, []int{0, 1011, 1016, 1017})
	case LyingTotal:
		f.Off = pick(r, []int{-2, -1, 1, 2, 100})
	case Echo:
		f.Status = pick(r, []int{0, 422, 500})
	case Body:
		f.Body, f.Status = pick(r, []string{"{}", "[]", "null", "0", `"ok"`, `{"data":null}`, "[{}]"}), pick(r, []int{0, 400, 502, 503})
	default:
	}
	return f
}

func drawKind(r *rand.Rand) drawn {
	all := 0
	for _, d := range draws {
		all += d.weight
	}
	left := r.IntN(all)
	for _, d := range draws {
		if left -= d.weight; left < 0 {
			return d
		}
	}
	return draws[0]
}

// drawDelay is in whole seconds: from least to mostly, and one in five from there to most.
func drawDelay(r *rand.Rand, least, mostly, most time.Duration) time.Duration {
	if r.IntN(5) == 0 {
		least, mostly = mostly, most
	}
	return least + time.Second*time.Duration(r.Int64N(int64((mostly-least)/time.Second)+1))
}

func pick[V any](r *rand.Rand, from []V) V { return from[r.IntN(len(from))] }
