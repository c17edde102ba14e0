package sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"go.temporal.io/sdk/workflow"

	"payrecon/erp"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// FaultPlay is what came of a fault case.
type FaultPlay struct {
	Verdict
	asked []asked
	runs  []caseRun // in order; the last two are those after the faults
}

// asked is one request, and when it came.
type asked struct {
	sandbox.Asked
	at time.Time
}

// caseRun is one run as whoever started it learns of it.
type caseRun struct {
	began, ended time.Time
	report       report.Report
	err          error
}

// The stage of a fault case: half of the invoices are paid in Precoro only, the others in Erply only. The first run is told
// the numbers of some, so that each of them is read by itself; the next one finds the rest by listings, and because they are
// more than the list of all payments has pages, it reads that one.
const (
	caseInvoices = 6
	caseNamed    = 4
)

// Play lets the fault strike, and judges what came of it as any world.
func (f FaultCase) Play() (FaultPlay, error) {
	return playCase(f.DropsKeys, &f.Fault)
}

// playCase plays the stage with a fault, or with none.
func playCase(dropsKeys bool, fault *sandbox.Fault) (FaultPlay, error) {
	var played FaultPlay
	var mu sync.Mutex
	s, err := newStage(1, func(s *stage, registry erp.Registry) string {
		c := s.newCompany("c1", sandbox.Options{IgnoreExternalIDOnPost: dropsKeys, Asked: func(a sandbox.Asked) {
			mu.Lock()
			defer mu.Unlock()
			played.asked = append(played.asked, asked{a, s.now()})
		}})
		c.plot, c.bumps = rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(1, 2)) //nolint:gosec // nobody draws from them
		for n := range caseInvoices {
			inv := c.sandbox.AddInvoice(sandbox.Invoice{Name: "1: missing in the other", Currency: "EUR", Total: "120.00", Created: epoch.AddDate(0, 0, -n-1)})
			b := c.sandbox.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00", Confirmed: 1, Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(inv.ID, 10)}})
			if n%2 == 0 {
				c.sandbox.AddPayment(sandbox.Payment{InvoiceID: inv.ID, Amount: "120.00"})
			} else {
				c.sandbox.EditBill(b.ID, func(b *sandbox.Bill) { b.Paid = 1 })
			}
		}
		if fault != nil {
			c.sandbox.Fail(*fault)
		}
		c.story = played.alone
		return c.configuration(1000, c.useErply(registry))
	})
	if err != nil {
		return FaultPlay{}, err
	}
	played.Verdict, err = s.play()
	return played, err
}

// alone is the story of a fault case: two runs under the fault, which may end as an error; then as in any world.
func (p *FaultPlay) alone(c *company, ctx workflow.Context) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	var named []int64
	for _, inv := range c.sandbox.State().Invoices[:caseNamed] {
		named = append(named, inv.IDN)
	}
	for n, request := range []workflows.Request{{Company: c.name, Invoices: named, Wait: "24h"}, {Company: c.name, Scope: workflows.ScopeFull, Wait: "24h"}} {
		run := caseRun{began: workflow.Now(ctx)}
		run.err = workflow.ExecuteChildWorkflow(child(ctx, fmt.Sprintf("%s-alone-%d", c.name, n)), workflows.TypeReconcilePayments, request).Get(ctx, &run.report)
		if run.err != nil {
			c.noSecrets(run.err.Error())
		}
		run.ended = workflow.Now(ctx)
		p.runs = append(p.runs, run)
	}
	return c.calm(ctx, workflows.ScopeFull)
}
