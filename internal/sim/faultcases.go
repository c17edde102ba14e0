package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"go.temporal.io/sdk/workflow"

	"payrecon/erp"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// FaultCase is one fault by itself: how it is injected, and what must come of it.
type FaultCase struct {
	Fault sandbox.Fault
	// Must is what has to happen, in words.
	Must string
	// Doubles: the fault itself makes a second payment, which no client can prevent; then it must be reported.
	Doubles bool
}

// Name says kind and place.
func (f FaultCase) Name() string { return f.Kind() + " at " + f.Fault.Match }

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
	default:
	}
	return kind
}

// The same words for the same outcome.
const (
	readAgain  = "read again after a minute"
	lookedFor  = "waited out, looked for, found; nothing is sent twice"
	sentAgain  = "waited out, looked for, not found, sent again"
	notSent    = "surely not carried out: looked for and sent again when the limit lifts"
	refusedRow = "`rejected`, with the other side's words; the next run tries again"
	asIfNone   = "no difference"
)

const (
	listing = "GET /invoices"
	single  = "GET /invoices/{idn}"
	post    = "POST /payments"
	save    = "savePurchaseDocument"
	bills   = "getPurchaseDocuments"
)

// FaultCases are all faults that can strike in virtual time, at each kind of request that they can strike. What waits by the
// real clock (slow), or costs real time and memory (endless), is for tests over sockets.
func FaultCases() []FaultCase {
	var all []FaultCase
	add := func(must string, kind sandbox.FaultKind, matches ...string) {
		for _, match := range matches {
			all = append(all, FaultCase{Fault: sandbox.Fault{Side: sideOf(match), Match: match, Kind: kind}, Must: must})
		}
	}
	for _, kind := range []sandbox.FaultKind{
		sandbox.LostAnswer, sandbox.Error500After, sandbox.TimeoutAfter, sandbox.CutBody, sandbox.Empty, sandbox.Malformed,
		sandbox.Reset, sandbox.Refused, sandbox.Error500Before, sandbox.Timeout, sandbox.HTML,
	} {
		add(readAgain, kind, listing, single, bills)
	}
	for _, kind := range []sandbox.FaultKind{
		sandbox.LostAnswer, sandbox.Error500After, sandbox.TimeoutAfter, sandbox.CutBody, sandbox.Empty, sandbox.Malformed,
	} {
		add(lookedFor, kind, post, save)
	}
	for _, kind := range []sandbox.FaultKind{sandbox.Reset, sandbox.Error500Before, sandbox.Timeout, sandbox.HTML} {
		add(sentAgain, kind, post, save)
	}
	add(notSent, sandbox.Refused, post, save)
	for _, limiter := range []string{"second", "same_get", "hour", "day"} {
		for _, match := range []string{listing, single, post} {
			all = append(all, throttled(match, limiter))
		}
	}
	for _, limiter := range []string{"hour", "burst"} {
		all = append(all, throttled(bills, limiter), throttled(save, limiter))
	}
	add(asIfNone, sandbox.Drip, listing, single, bills, post, save)
	add(asIfNone, sandbox.Reordered, listing, bills, save)
	add("the list is not believed to be shorter than it is", sandbox.LyingTotal, listing, bills)
	add("the session is renewed once; what was not sent is sent again", sandbox.ExpireSession, bills, save)
	add(refusedRow, sandbox.PartFails, save)
	add("the run ends and says so, without the credentials", sandbox.Echo, listing, bills)
	add(refusedRow+", without the credentials", sandbox.Echo, post, save)
	for _, match := range []string{post, save} {
		side := sideOf(match)
		all = append(all,
			FaultCase{Fault: sandbox.Fault{Side: side, Match: match, Kind: sandbox.Late, Delay: 9 * time.Minute}, Must: "within the settle time: " + lookedFor},
			FaultCase{Fault: sandbox.Fault{Side: side, Match: match, Kind: sandbox.Late, Delay: 90 * time.Minute}, Must: lateMust(match), Doubles: match == post},
			FaultCase{Fault: sandbox.Fault{Side: side, Match: match, Kind: sandbox.Twice}, Must: twiceMust(match), Doubles: match == post},
		)
	}
	all = append(all,
		FaultCase{Fault: sandbox.Fault{Side: "precoro", Match: single, Kind: sandbox.Body, Body: "<html>maintenance</html>"}, Must: readAgain},
		FaultCase{Fault: sandbox.Fault{Side: "precoro", Match: post, Kind: sandbox.Body, Body: "{}"}, Must: "a bare 200 is no success: " + sentAgain},
		FaultCase{Fault: sandbox.Fault{Side: "precoro", Match: listing, Kind: sandbox.Body, Body: `{"data":null}`}, Must: readAgain},
		FaultCase{Fault: sandbox.Fault{Side: "erply", Match: save, Kind: sandbox.Body, Body: "{}"}, Must: sentAgain},
	)
	return all
}

func lateMust(match string) string {
	if match == post {
		return "beyond the settle time nobody can prevent it: found by the next run, `duplicate_payment` or `overpaid`"
	}
	return "beyond the settle time: the record is the same attribute, so nothing is doubled"
}

func twiceMust(match string) string {
	if match == post {
		return "nobody can prevent it: found, `duplicate_payment` or `overpaid`"
	}
	return "the record is the same attribute, so nothing is doubled"
}

func sideOf(match string) string {
	if match == save || match == bills {
		return "erply"
	}
	return "precoro"
}

func throttled(match, limiter string) FaultCase {
	must := "asked again when the limit lifts, and not within a minute"
	if match == post || match == save {
		must = notSent
	}
	delay := 20 * time.Second
	if limiter == "hour" || limiter == "day" {
		delay = 40 * time.Minute
	}
	return FaultCase{Fault: sandbox.Fault{Side: sideOf(match), Match: match, Kind: sandbox.Throttle, Limiter: limiter, Delay: delay}, Must: must}
}

// Play lets the fault strike a run that has one payment to make on each side, and judges what came of it as any world.
func (f FaultCase) Play() (Verdict, error) {
	s, err := newStage(1, func(s *stage, registry erp.Registry) string {
		c := s.newCompany("c1", sandbox.Options{})
		c.plot, c.bumps = rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(1, 2)) //nolint:gosec // nobody draws from them
		for n := range 4 {
			inv := c.sandbox.AddInvoice(sandbox.Invoice{Name: "1: missing in the other", Currency: "EUR", Total: "120.00", Created: epoch.AddDate(0, 0, -n-1)})
			b := c.sandbox.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00", Confirmed: 1, Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(inv.ID, 10)}})
			if n%2 == 0 {
				c.sandbox.AddPayment(sandbox.Payment{InvoiceID: inv.ID, Amount: "120.00"})
			} else {
				c.sandbox.EditBill(b.ID, func(b *sandbox.Bill) { b.Paid = 1 })
			}
		}
		c.sandbox.Fail(f.Fault)
		c.story = alone
		return c.configuration(1000, c.useErply(registry))
	})
	if err != nil {
		return Verdict{}, err
	}
	return s.play()
}

// alone is the story of a fault case: one run under the fault, which may end as an error; then as in any world. The
// invoices are named, so that each is read by itself, and then all of them are listed.
func alone(c *company, ctx workflow.Context) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	var named []int64
	for _, inv := range c.sandbox.State().Invoices {
		named = append(named, inv.IDN)
	}
	for n, request := range []workflows.Request{{Company: c.name, Invoices: named[:2], Wait: "24h"}, {Company: c.name, Scope: workflows.ScopeFull, Wait: "24h"}} {
		var r report.Report
		if err := workflow.ExecuteChildWorkflow(child(ctx, fmt.Sprintf("%s-alone-%d", c.name, n)), workflows.TypeReconcilePayments, request).Get(ctx, &r); err != nil {
			c.noSecrets(err.Error())
		}
	}
	return c.calm(ctx, workflows.ScopeFull)
}

// Judge says what of the case's outcome is not as it must be.
func (f FaultCase) Judge(v Verdict) error {
	struck := v.Figures.Faults[f.Fault.Counted()]
	switch {
	case len(v.Breaches) > 0:
		return fmt.Errorf("broke %v", v.Breaches)
	case struck == 0:
		return errors.New("the fault struck nothing")
	case v.Figures.Created != 4:
		return fmt.Errorf("%d payments were made, not 4", v.Figures.Created)
	case f.Doubles && (v.Figures.Doubled != 1 || len(v.Figures.Exceptions) == 0):
		return fmt.Errorf("doubled %d, exceptions %v: a payment that stands twice must be reported", v.Figures.Doubled, v.Figures.Exceptions)
	case !f.Doubles && (v.Figures.Doubled != 0 || len(v.Figures.Exceptions) > 0):
		return fmt.Errorf("doubled %d, exceptions %v: everything has to be settled", v.Figures.Doubled, v.Figures.Exceptions)
	}
	return nil
}
