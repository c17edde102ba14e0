package mutants

import "payrecon/internal/overlay"

const (
	runWrite = "workflows/run_write.go"
	runRead  = "workflows/run_read.go"
	errorsGo = "activities/errors.go"
	postGo   = "activities/post_payment.go"
)

// All is one mutant for each step of the protocol.
func All() []Mutant {
	return []Mutant{
		{
			Name: "drop the check in Precoro", Says: "a post whose answer was lost is sent again without looking for it",
			Patches: []overlay.Patch{overlay.Literal(runWrite, `		found, became, err := w.checkPrecoro(ctx, order)
		if err != nil || became != 0 {
			return became, err
		}
`, `		var found *reconcile.Payment
		w.Read.At = workflow.Now(ctx)
`)},
		},
		{
			Name: "drop the check in the ERP", Says: "a write whose answer was lost is sent again without looking for it",
			Patches: []overlay.Patch{overlay.Literal(runWrite, `	found, double := appeared(w.Bill.Payments, w.knownERP, order)
	switch {
	case found != nil && found.Tag == order.Key:
		became, err := w.booked(`, `	found, double := appeared(nil, w.knownERP, order)
	version = w.Bill.Version
	switch {
	case found != nil && found.Tag == order.Key:
		became, err := w.booked(`)},
		},
		{
			Name: "drop the key", Says: "payments are posted without their external ID, and none is put on them",
			Patches: []overlay.Patch{
				overlay.Literal(postGo, `ExternalID: request.Key,`, `ExternalID: "",`),
				overlay.Literal(runWrite, `	keyed := payment.Tag == order.Key
`, `	keyed := true
`),
			},
		},
		{
			Name: "unknown is failed", Says: "an answer that was lost counts as one that says: not carried out",
			Patches: []overlay.Patch{
				overlay.Literal(errorsGo, `		{Unknown, is[remote.OutcomeUnknown]},`, `		{NotSent, is[remote.OutcomeUnknown]},`),
				overlay.Literal(errorsGo, `	case Unavailable:
		f.kind = Unknown
`, `	case Unavailable:
		f.kind = NotSent
`),
			},
		},
		{
			Name: "unknown is done", Says: "an answer that was lost counts as one that says: carried out",
			Patches: []overlay.Patch{overlay.Literal(postGo, `		return Posted{}, writeError(SidePrecoro, used, err)
`, `		if writeFault(SidePrecoro, used, err).kind == Unknown {
			return Posted{Payment: reconcile.Payment{ID: "1", Tag: request.Key, Amount: request.Amount}, Requests: 1}, nil
		}
		return Posted{}, writeError(SidePrecoro, used, err)
`)},
		},
		{
			Name: "retry the post", Says: "Temporal attempts a write three times",
			Patches: []overlay.Patch{
				overlay.Literal(errorsGo, `	return writeFault(side, used, err).final()`, `	return writeFault(side, used, err).retryable()`),
				overlay.Literal("workflows/options.go", `		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},`, `		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 3},`),
			},
		},
		{
			Name: "ignore StaleRead", Says: "a write is sent however old the read is that it was decided on",
			Patches: []overlay.Patch{overlay.Literal("activities/fresh.go", `	default:
		return fault{}, false
	}
	f.text`, `	default:
	}
	if true {
		return fault{}, false
	}
	f.text`)},
		},
		{
			Name: "drop the queue", Says: "a company's runs begin as they are asked for, side by side",
			Patches: []overlay.Patch{
				overlay.Literal("workflows/company.go", `		if err := c.runNext(ctx); err != nil && ctx.Err() == nil {
			return err
		}
`, `		one := &company{CompanyState: c.CompanyState, tickets: c.tickets, withdraws: c.withdraws}
		one.Queue, c.Queue = slices.Clone(c.Queue[:1]), c.Queue[1:]
		workflow.Go(ctx, func(ctx workflow.Context) {
			if err := one.runNext(ctx); err == nil {
				c.Memory = one.Memory
			}
		})
`),
				overlay.Literal("workflows/company.go", `		WorkflowID:            RunID(c.Company),
`, `		WorkflowID:            RunID(c.Company) + "." + c.running[0].ID,
`),
			},
		},
		{
			Name: "drop the de-duplication of pages", Says: "a row that moved to the next page while pages were read counts twice",
			Patches: []overlay.Patch{overlay.Literal(runRead, `		if known && id != 0 {
`, `		if known && id != 0 && l.what == "" {
`)},
		},
		{
			Name: "drop the settle wait", Says: "after a lost answer the other side is looked at without waiting",
			Patches: []overlay.Patch{overlay.Literal(runWrite, `at.Add(w.settings.Settle), "because nobody knows yet`, `at, "because nobody knows yet`)},
		},
	}
}
