package mutants

import (
	"payrecon/internal/overlay"
	"payrecon/internal/sim"
)

const (
	decide   = "internal/reconcile/decide.go"
	runGo    = "workflows/run.go"
	runPlan  = "workflows/run_decide.go"
	runTells = "workflows/run_report.go"
	runWrite = "workflows/run_write.go"
	toERP    = "workflows/run_write_erp.go"
	precoro  = "workflows/run_write_precoro.go"
	runRead  = "workflows/run_read.go"
	errorsGo = "activities/errors.go"
	postGo   = "activities/post_payment.go"
)

// All is one mutant for each step of the protocol.
func All() []Mutant {
	return []Mutant{
		{
			Name: "drop the check in Precoro", Says: "a post whose answer was lost is sent again without looking for it",
			Breaks: []sim.Promise{sim.Once, sim.NotAbove},
			Patches: []overlay.Patch{overlay.Literal(precoro, `		found, became, err := w.checkPrecoro(ctx, order, w.mayBeOurs(tried))
		if err != nil || became != 0 {
			return became, err
		}
`, `		var found *reconcile.Payment
		w.Read.At = workflow.Now(ctx)
`)},
		},
		{
			Name: "drop the check in the ERP", Says: "a write whose answer was lost is sent again without looking for it",
			Breaks: []sim.Promise{sim.Once, sim.NotAbove, sim.Reported},
			Patches: []overlay.Patch{overlay.Literal(toERP, `	found, double := appeared(w.Bill.Payments, w.knownERP, order)
	keyed`, `	found, double := appeared(nil, w.knownERP, order)
	version = w.Bill.Version
	keyed`)},
		},
		{
			Name: "drop the key", Says: "payments are posted without their external ID, and none is put on them",
			Breaks: []sim.Promise{sim.Once, sim.NoneLost, sim.Settles},
			Patches: []overlay.Patch{
				overlay.Literal(postGo, `ExternalID: request.Key,`, `ExternalID: "",`),
				overlay.Literal(precoro, `	keyed := payment.Tag == order.Key
`, `	keyed := true
`),
			},
		},
		{
			Name: "unknown is failed", Says: "an answer that was lost counts as one that says: not carried out",
			Breaks: []sim.Promise{sim.Once, sim.NotAbove},
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
			Breaks: []sim.Promise{sim.Reported, sim.Once},
			Patches: []overlay.Patch{overlay.Literal(postGo, `		return Posted{}, writeError(SidePrecoro, used, err)
`, `		if writeFault(SidePrecoro, used, err).kind == Unknown {
			return Posted{Payment: reconcile.Payment{ID: "1", Tag: request.Key, Amount: request.Amount}, Requests: 1}, nil
		}
		return Posted{}, writeError(SidePrecoro, used, err)
`)},
		},
		{
			Name: "retry the post", Says: "Temporal attempts a write three times",
			Breaks: []sim.Promise{sim.Once, sim.NotAbove, sim.Reported},
			Patches: []overlay.Patch{
				overlay.Literal(errorsGo, `	return writeFault(side, used, err).final()`, `	return writeFault(side, used, err).retryable()`),
				overlay.Literal("workflows/options.go", `		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},`, `		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 3},`),
			},
		},
		{
			Name: "ignore StaleRead", Says: "a write is sent however old the read is that it was decided on",
			Breaks: []sim.Promise{sim.Once, sim.NotAbove, sim.Guarded},
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
			Breaks: []sim.Promise{sim.InBudget, sim.Once, sim.Reported},
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
			Breaks: []sim.Promise{sim.Once, sim.Reported, sim.NotAbove}, First: 242,
			Patches: []overlay.Patch{overlay.Literal(runRead, `		if known && id != 0 {
`, `		if known && id != 0 && l.what == "" {
`)},
		},
		{
			Name: "drop the settle wait", Says: "after a lost answer the other side is looked at without waiting",
			Breaks:  []sim.Promise{sim.Once, sim.NotAbove},
			Patches: []overlay.Patch{overlay.Literal(runWrite, `at.Add(w.settings.Settle), "because nobody knows yet`, `at, "because nobody knows yet`)},
		},
	}
}

// Guards is one mutant for each of what else the promises rest on: which payments are made, and what is said of them.
func Guards() []Mutant {
	return []Mutant{
		{
			Name: "date payments today", Says: "a payment is made with today's date instead of its source's", Breaks: []sim.Promise{sim.Once},
			Patches: []overlay.Patch{
				overlay.Literal(decide, `Key: KeyInERP(e.ID), Amount: e.Amount, Date: e.Date, Source: e.ID,`, `Key: KeyInERP(e.ID), Amount: e.Amount, Date: max(e.Date, c.policy.Today), Source: e.ID,`),
				overlay.Literal(decide, `Key: KeyInPrecoro(e.ID), Amount: e.Amount, Date: e.Date, Source: e.ID, TagBack`, `Key: KeyInPrecoro(e.ID), Amount: e.Amount, Date: max(e.Date, c.policy.Today), Source: e.ID, TagBack`),
			},
		},
		{
			Name: "pay drafts", Says: "a bill that is not confirmed is paid", Breaks: []sim.Promise{sim.Guarded, sim.NoneLost},
			Patches: []overlay.Patch{
				overlay.Literal(decide, "\tif !c.bill.Confirmed {\n\t\tc.find(NotConfirmed", "\tif false {\n\t\tc.find(NotConfirmed"),
				overlay.Literal(decide, `c.policy.TagsERP && c.bill.Confirmed &&`, `c.policy.TagsERP &&`),
			},
		},
		{
			Name: "ignore the caps", Says: "however many payments there are, none waits for an approval", Breaks: []sim.Promise{sim.Guarded},
			Patches: []overlay.Patch{overlay.Literal(runPlan, `	if payments > caps.Payments {`, `	if payments < 0 {`)},
		},
		{
			Name: "ignore the direction", Says: "a run writes on both sides, whichever it was asked for", Breaks: []sim.Promise{sim.Guarded},
			Patches: []overlay.Patch{overlay.Literal(decide, "\tcase !c.policy.Direction.Allows(w.Direction):\n\t\tc.otherDirection++\n", "")},
		},
		{
			Name: "ignore the start", Says: "payments from before the company's start are copied", Breaks: []sim.Promise{sim.Guarded},
			Patches: []overlay.Patch{overlay.Literal(decide, "\tcase w.Date < c.policy.Start:\n\t\tc.beforeStart++\n", "\tcase false:\n")},
		},
		{
			Name: "let a plan write", Says: "a plan does what it says it would do", Breaks: []sim.Promise{sim.PlanWrites},
			Patches: []overlay.Patch{overlay.Literal(runPlan, `if r.start.Job.writes() && len(over) == 0`, `if len(over) == 0`)},
		},
		{
			Name: "adopt what is not equal", Says: "payments of different amounts are taken for one", Breaks: []sim.Promise{sim.Once, sim.NoneLost, sim.Reported, sim.Settles},
			Patches: []overlay.Patch{overlay.Literal("internal/reconcile/pair.go", `if apart <= c.tolerance && days <= c.policy.AdoptDays`, `if days <= c.policy.AdoptDays`)},
		},
		{
			Name: "keep exceptions for ever", Says: "an invoice that was an exception is not looked at again, though its documents have changed", Breaks: []sim.Promise{sim.NoneLost},
			Patches: []overlay.Patch{overlay.Literal(runPlan, `return open.Row != nil && open.State != "" && open.State == r.stateOf(c) && slices`, `return open.Row != nil && open.State != "" && slices`)},
		},
		{
			Name: "do not wait between runs", Says: "a run begins as soon as the last one has ended", Breaks: []sim.Promise{sim.InBudget},
			Patches: []overlay.Patch{overlay.Literal(runGo, `memory, pause := r.start.Memory, r.settings.SameGet`, `memory, pause := r.start.Memory, r.settings.SameGet*0`)},
		},
		{
			Name: "always say agreed", Says: "the outcome does not tell of open exceptions", Breaks: []sim.Promise{sim.Reported},
			Patches: []overlay.Patch{overlay.Literal(runTells, "\tif len(r.open) > 0 {\n\t\tr.report.Outcome = report.Exceptions\n\t}\n", "")},
		},
		{
			Name: "make up before and after", Says: "rows do not say what was paid before and after", Breaks: []sim.Promise{sim.Reported},
			Patches: []overlay.Patch{overlay.Literal(runTells, `Before: before, After: paidOf(c), Note: note`, `Before: report.Paid{Precoro: "1.00", ERP: "2.00"}, After: report.Paid{Precoro: "3.00", ERP: "4.00"}, Note: note`)},
		},
		{
			Name: "keep quiet about what was sent", Says: "a run that ends as an error does not tell of what it could not look for", Breaks: []sim.Promise{sim.Reported},
			Patches: []overlay.Patch{overlay.Literal(runWrite, `		if w.sent != nil && a.settings.Knows(activities.EveryWriteTold) {`, `		if false {`)},
		},
		{
			Name: "take steps blindly", Says: "a payment that is made in steps is carried on with, whatever has happened since it was begun", Breaks: []sim.Promise{sim.Once, sim.NotAbove, sim.Guarded},
			Patches: []overlay.Patch{
				overlay.Literal(toERP, `	case version != w.Bill.Version && why == planned:`, `	case version != w.Bill.Version && why == planned && stepOf(w.Bill, order) == "":`),
				overlay.Literal("workflows/run_write_bulk.go", `			e.Bill, e.waited = bill.Snapshot.Bill, true // the next step`, `			e.Bill = bill.Snapshot.Bill // the next step`),
			},
		},
		{
			Name: "forget what was begun", Says: "a payment that an earlier run has begun is not gone on with", Breaks: []sim.Promise{sim.NoneLost, sim.Settles},
			Patches: []overlay.Patch{overlay.Literal("internal/reconcile/pending.go", `			p.begun = true
			return
`, `			p.done = true
			return
`)},
		},
	}
}
