//go:build unix

package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

func TestAPlanWritesNothingAndSaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	inv, _ := acme.pair("120.00")
	acme.paid(inv, "120.00", "2026-03-14")
	_, bill := acme.pair("80.00")
	acme.setPaid(bill, 1)
	f.startWorker(t)

	plan := f.run(t, workflows.Request{Mode: "plan"})

	require.Zero(t, acme.writes())
	require.Equal(t, report.ByDirection{ToERP: 1, ToPrecoro: 1}, plan.Created)
	require.Equal(t, report.WouldCreate, rowsOf(plan, inv)[0].Action)
	require.Equal(t, report.Paid{Precoro: "120.00", ERP: "120.00"}, rowsOf(plan, inv)[0].After)
	require.Len(t, plan.Digest, 16)
	require.Equal(t, plan.Digest, f.run(t, workflows.Request{Mode: "plan"}).Digest, "the same plan has the same digest")
}

func TestAPlanOverTheCapsIsWrittenOnlyWithItsDigest(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	acme.more = "[company.caps]\npayments = 10\namount = { EUR = \"150.00\" }\n"
	for range 2 {
		inv, _ := acme.pair("100.00")
		acme.paid(inv, "100.00", "2026-03-14")
	}
	f.startWorker(t)

	held := f.run(t, workflows.Request{})
	require.Equal(t, report.NeedsApproval, held.Outcome)
	require.Contains(t, held.Notes, "200.00 EUR are more than the cap of 150.00 EUR")
	require.Zero(t, acme.writes())

	wrong := f.run(t, workflows.Request{Approve: "0123456789abcdef"})
	require.Equal(t, report.NeedsApproval, wrong.Outcome)
	require.Zero(t, acme.writes())

	approved := f.run(t, workflows.Request{Approve: held.Digest})
	require.Equal(t, report.Agreed, approved.Outcome)
	require.Equal(t, 2, approved.Created.ToERP)
	require.Equal(t, 2, acme.writes())
	f.saveHistories(t, "approved", "acme")
}

func TestDirectionAndSingleInvoicesLimitWhatIsWritten(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	one, oneBill := acme.pair("120.00")
	acme.paid(one, "120.00", "2026-03-14")
	two, twoBill := acme.pair("80.00")
	acme.setPaid(twoBill, 1)
	three, threeBill := acme.pair("60.00")
	acme.paid(three, "60.00", "2026-03-14")
	f.startWorker(t)

	toERP := f.run(t, workflows.Request{Direction: reconcile.ToERP, Invoices: []int64{one.IDN, two.IDN, 999_999}})

	require.Equal(t, report.ByDirection{ToERP: 1}, toERP.Created)
	require.Equal(t, 1, toERP.OtherDirection)
	require.Len(t, toERP.Notes, 1)
	require.Contains(t, toERP.Notes[0], "999999")
	require.Equal(t, 1, acme.billNow(t, oneBill).Paid)
	require.Empty(t, acme.precoroPayments(two))
	require.Zero(t, acme.billNow(t, threeBill).Paid)
	require.Equal(t, 3, toERP.Requests.Precoro, "one GET an invoice, nothing else")

	rest := f.run(t, workflows.Request{})
	require.Equal(t, report.ByDirection{ToERP: 1, ToPrecoro: 1}, rest.Created)
}

func TestBothLinksFindTheBill(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	byBill, _ := acme.pair("10.00")
	acme.paid(byBill, "10.00", "2026-03-01")
	bill := acme.AddBill(sandbox.Bill{Type: "PRCINVOICE", Currency: "EUR", Total: "20.00", Confirmed: 1, Number: "S-1"})
	byInvoice := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "20.00", ExternalID: text(bill.ID)})
	acme.paid(byInvoice, "20.00", "2026-03-01")
	f.startWorker(t)

	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, 2, r.Created.ToERP)
	require.Equal(t, text(bill.ID), rowsOf(r, byInvoice)[0].Bill)
}

// Nobody can wait for a run in which everything is accepted: {}, null and nothing at all are the same request, and what is
// wrong with one is said at once.
func TestInputsAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	inv, _ := acme.pair("120.00")
	f.startWorker(t)

	for name, input := range map[string][]any{
		"nothing": nil, "null": {nil}, "empty": {map[string]any{}}, "strings": {map[string]any{"invoices": []any{text(inv.IDN), inv.IDN}}},
	} {
		_, err := await(t, f.start(t, "good-"+name, input...))
		require.NoError(t, err, name)
	}
	for name, bad := range map[string]struct {
		input any
		want  []string
	}{
		"unknown field": {map[string]any{"compny": "acme"}, []string{"compny", "accepted are company, mode"}},
		"wrong value":   {map[string]any{"mode": "dry"}, []string{"mode", `"dry"`, `"apply" or "plan"`}},
		"wrong type":    {map[string]any{"wait": 3}, []string{"wait", "3", "duration"}},
		"no company":    {map[string]any{"company": "acne"}, []string{"company", `"acne"`, "accepted: acme"}},
		"a list":        {[]int{1}, []string{"[1]", "one JSON object"}},
	} {
		_, err := await(t, f.start(t, "bad-"+name, bad.input))
		for _, want := range bad.want {
			require.ErrorContains(t, err, want, name)
		}
	}
	_, err := await(t, f.start(t, "payrecon.run.acme"))
	require.ErrorContains(t, err, "reserved")
}

func TestTwoTriggersOfOneCompanyTakeTurnsAndPayOnce(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{LaxOverpay: true})
	for range 5 {
		_, bill := acme.pair("80.00")
		acme.setPaid(bill, 1)
	}
	f.startWorker(t)

	var runs []client.WorkflowRun
	for _, request := range []workflows.Request{{}, {}, {Direction: reconcile.ToPrecoro}} {
		runs = append(runs, f.start(t, "together-"+text(int64(len(runs))), request))
	}
	created := 0
	for _, run := range runs {
		r, err := await(t, run)
		require.NoError(t, err)
		created = max(created, r.Created.ToPrecoro)
	}

	require.Equal(t, 5, created)
	require.Equal(t, 5, acme.State().Requests["precoro"]["POST /payments"])
}

func TestOneCompanyWorksWhileAnotherGoesOn(t *testing.T) {
	t.Parallel()
	f := newField(t)
	slow := f.addCompany(t, "slow", sandbox.Options{})
	quick := f.addCompany(t, "quick", sandbox.Options{})
	slow.Fail(sandbox.Fault{Side: "precoro", Match: "GET /invoices", Kind: sandbox.Slow, Delay: 8 * time.Second})
	inv, bill := quick.pair("120.00")
	quick.paid(inv, "120.00", "2026-03-14")
	f.startWorker(t)

	waiting := f.start(t, "slow", workflows.Request{Company: "slow"})
	r := f.run(t, workflows.Request{Company: "quick"})

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, 1, quick.billNow(t, bill).Paid)
	slow.quiet(t)
	require.NoError(t, f.client.CancelWorkflow(t.Context(), waiting.GetID(), waiting.GetRunID()))
	stopped, err := await(t, waiting)
	require.NoError(t, err)
	require.Equal(t, report.Stopped, stopped.Outcome)
	f.trigger = waiting.GetID()
	f.saveHistories(t, "stopped", "slow")
}

func TestACancelledRunFinishesTheWriteAtHandAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{LaxOverpay: true})
	for range 3 {
		_, bill := acme.pair("80.00")
		acme.setPaid(bill, 1)
	}
	acme.Fail(sandbox.Fault{Side: "precoro", Match: "POST /payments", Kind: sandbox.Slow, Delay: 2 * time.Second})
	f.startWorker(t)
	run := f.start(t, "cancelled", workflows.Request{})
	posted := func() int { return acme.State().Requests["precoro"]["POST /payments"] }
	eventually(t, "the write is under way", func() bool { return posted() > 0 })

	require.NoError(t, f.client.CancelWorkflow(t.Context(), run.GetID(), run.GetRunID()))
	r, err := await(t, run)

	require.NoError(t, err)
	require.Equal(t, report.Stopped, r.Outcome)
	require.Equal(t, 1, r.Created.ToPrecoro, "what had begun is finished and reported")
	require.Equal(t, 1, posted())
	company, err := f.client.DescribeWorkflowExecution(t.Context(), workflows.CompanyID("acme"), "")
	require.NoError(t, err)
	require.Equal(t, enums.WORKFLOW_EXECUTION_STATUS_RUNNING, company.GetWorkflowExecutionInfo().GetStatus(), "only the wish was cancelled")
	rest := f.run(t, workflows.Request{})
	require.Equal(t, report.Agreed, rest.Outcome)
	require.Equal(t, 2, rest.Created.ToPrecoro)
	require.Equal(t, 3, posted())
}
