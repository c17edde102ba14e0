//go:build unix

package e2e_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// Target: POST /payments in Precoro. Injection: the payment is made, the answer is lost (or spoiled in another way).
// Expected: it is found by its key, nothing is posted again.
func TestLostAnswerFromPrecoroIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.LostAnswer, sandbox.Error500After, sandbox.CutBody, sandbox.Empty, sandbox.Malformed} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f := newField(t)
			acme := f.addCompany(t, "acme", sandbox.Options{LaxOverpay: true})
			inv, bill := acme.pair("120.00")
			acme.setPaid(bill, 1)
			acme.Fail(sandbox.Fault{Side: "precoro", Match: "POST /payments", Kind: kind})

			f.startWorker(t)
			r := f.run(t, workflows.Request{})

			require.Equal(t, report.Agreed, r.Outcome)
			require.Equal(t, 1, r.Created.ToPrecoro)
			require.Len(t, acme.precoroPayments(inv), 1)
			require.Equal(t, 1, acme.State().Requests["precoro"]["POST /payments"])
		})
	}
}

// Target: POST /payments in a Precoro that drops the key there. Injection: the answer is lost.
// Expected: the untagged payment is recognised as ours and tagged; nothing is posted again.
func TestLostAnswerIsAdoptedWherePrecoroDropsTheKey(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{LaxOverpay: true, IgnoreExternalIDOnPost: true})
	lost, lostBill := acme.pair("120.00")
	acme.setPaid(lostBill, 1)
	heard, heardBill := acme.pair("80.00")
	acme.setPaid(heardBill, 1)
	acme.Fail(sandbox.Fault{Side: "precoro", Match: "POST /payments", Kind: sandbox.LostAnswer})

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, 2, r.Created.ToPrecoro)
	for inv, bill := range map[int64]sandbox.Bill{lost.ID: lostBill, heard.ID: heardBill} {
		payments := acme.precoroPayments(sandbox.Invoice{ID: inv})
		require.Len(t, payments, 1)
		require.Equal(t, "er."+strconv.FormatInt(bill.ID, 10)+".paid", payments[0].ExternalID)
	}
	require.Equal(t, 2, acme.State().Requests["precoro"]["POST /payments"])
	f.saveHistories(t, "key-dropped", "acme")
}

// Target: savePurchaseDocument in Erply. Injection: the record is written, the answer is lost (or spoiled).
// Expected: the bill is read, the record is there, nothing is saved again.
func TestLostAnswerFromErplyIsFoundByItsRecord(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.LostAnswer, sandbox.CutBody, sandbox.Empty} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f := newField(t)
			acme := f.addCompany(t, "acme", sandbox.Options{})
			inv, bill := acme.pair("120.00")
			acme.paid(inv, "120.00", "2026-03-14")
			acme.Fail(sandbox.Fault{Side: "erply", Match: "savePurchaseDocument", Kind: kind})

			f.startWorker(t)
			r := f.run(t, workflows.Request{})

			require.Equal(t, report.Agreed, r.Outcome)
			require.Equal(t, 1, r.Created.ToERP)
			require.Equal(t, 1, acme.billNow(t, bill).Paid)
			require.Equal(t, 1, acme.writes())
		})
	}
}

// Target: an ERP whose payments are records without a key in the call that creates. Injection: none.
// Expected: the payment that appears is tagged; one payment, reported as created.
func TestPaymentInAnERPThatDropsTheKeyGetsIt(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	e := f.useRecordERP(acme, false)
	inv := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "100.00"})
	p := acme.paid(inv, "50.00", "2026-03-01")
	e.add(t, "B1", inv.ID, "100.00")

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 1}, r.Created)
	require.Len(t, e.now("B1").Payments, 1)
	require.Equal(t, "pr."+strconv.FormatInt(p.ID, 10), e.now("B1").Payments[0].Tag)
}

// Target: an ERP whose payments are records without a key in the call that creates. Injection: the answer is lost.
// Expected: the new untagged payment is ours; it is tagged, not made again.
func TestLostAnswerFromAnERPThatDropsTheKeyIsTagged(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	e := f.useRecordERP(acme, false)
	inv := acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "100.00"})
	p := acme.paid(inv, "50.00", "2026-03-01")
	e.add(t, "B1", inv.ID, "100.00")
	e.outcomes = []outcome{lostOutcome}

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 1}, r.Created, "it is ours")
	require.Equal(t, []string{"0.00", "50.00"}, []string{rowsOf(r, inv)[0].Before.ERP, rowsOf(r, inv)[0].After.ERP})
	require.Len(t, e.now("B1").Payments, 1)
	require.Equal(t, "pr."+strconv.FormatInt(p.ID, 10), e.now("B1").Payments[0].Tag)
}

// Target: POST /payments. Injection: the connection is reset before anything happened, once; three times.
// Expected: waited out, looked for, posted again; after three times nobody can say, and people are asked.
func TestAWriteThatGoesNowhereIsSentThreeTimesAtMost(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{LaxOverpay: true})
	first, firstBill := acme.pair("10.00")
	acme.setPaid(firstBill, 1)
	second, secondBill := acme.pair("20.00")
	acme.setPaid(secondBill, 1)
	acme.Fail(sandbox.Fault{Side: "precoro", Match: "POST /payments", Kind: sandbox.Reset, Times: 3})
	acme.Fail(sandbox.Fault{Side: "precoro", Match: "POST /payments", Kind: sandbox.Reset, Times: 1})

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, map[reconcile.Reason]int{reconcile.Unverified: 1}, r.Exceptions)
	require.Equal(t, reconcile.Unverified, rowsOf(r, first)[0].Reason)
	require.Empty(t, acme.precoroPayments(first))
	require.Len(t, acme.precoroPayments(second), 1)

	again := f.run(t, workflows.Request{})
	require.Equal(t, report.Agreed, again.Outcome, "once the fault is gone the next run settles it")
	require.Len(t, acme.precoroPayments(first), 1)
}

// Target: any. Injection: 429, 5xx, HTML, resets and cut bodies on reads and on writes, each once.
// Expected: read again or written again where nothing happened; each payment once.
func TestPassingFaultsOnEveryRequestAreRiddenOut(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{LaxOverpay: true})
	toERP, toERPBill := acme.pair("120.00")
	acme.paid(toERP, "120.00", "2026-03-14")
	toPrecoro, toPrecoroBill := acme.pair("80.00")
	acme.setPaid(toPrecoroBill, 1)
	for _, fault := range []sandbox.Fault{
		{Side: "precoro", Match: "GET /invoices", Kind: sandbox.Error500Before},
		{Side: "precoro", Match: "GET /invoices", Kind: sandbox.HTML},
		{Side: "precoro", Match: "GET /invoices/{idn}", Kind: sandbox.CutBody},
		{Side: "precoro", Match: "POST /payments", Kind: sandbox.Throttle, Delay: 1},
		{Side: "erply", Match: "getPurchaseDocuments", Kind: sandbox.Malformed},
		{Side: "erply", Match: "verifyUser", Kind: sandbox.Reset},
		{Side: "erply", Match: "savePurchaseDocument", Kind: sandbox.Reset},
	} {
		acme.Fail(fault)
	}

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 1, ToPrecoro: 1}, r.Created)
	require.Len(t, acme.precoroPayments(toPrecoro), 1)
	require.Equal(t, 1, acme.billNow(t, toERPBill).Paid)
	f.saveHistories(t, "faults", "acme")
}

// Target: one invoice of two. Injection: its answer is never one that can be read.
// Expected: a row that says so, and the other one is paid.
func TestAnInvoiceThatNobodyCanReadIsOneRow(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	bad, _ := acme.pair("10.00")
	acme.paid(bad, "10.00", "2026-03-14")
	good, goodBill := acme.pair("20.00")
	acme.paid(good, "20.00", "2026-03-14")
	acme.Fail(sandbox.Fault{Side: "precoro", Match: "GET /invoices/{idn}", Kind: sandbox.Body, Body: "<html>maintenance</html>", Times: 3})

	f.startWorker(t)
	r := f.run(t, workflows.Request{Invoices: []int64{bad.IDN, good.IDN}})

	require.Equal(t, report.Exceptions, r.Outcome)
	require.Equal(t, reconcile.Unreadable, rowsOf(r, bad)[0].Reason)
	require.Equal(t, report.Created, rowsOf(r, good)[0].Action)
	require.Equal(t, 1, acme.billNow(t, goodBill).Paid)
}

// Target: the listing. Injection: the same page again and again, each time with more to follow.
// Expected: a plain error, and nothing is written.
func TestAListingThatRepeatsItselfEndsTheRunPlainly(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	page := `{"data":[{"id":7,"idn":1,"status":2,"currency":"EUR","sum":"10.00","sumPaid":"0.00","logicType":0}],"meta":{"pagination":{"has_next_page":true}}}`
	acme.Fail(sandbox.Fault{Side: "precoro", Match: "GET /invoices", Kind: sandbox.Body, Body: page, Times: 100})

	f.startWorker(t)
	_, err := await(t, f.start(t, "repeats", workflows.Request{}))

	require.ErrorContains(t, err, "repeats itself")
	require.Zero(t, acme.writes())
}

func TestWrongCredentialsEndTheRunAndSayWhatToCheck(t *testing.T) {
	t.Parallel()
	f := newField(t)
	f.addCompany(t, "acme", sandbox.Options{Token: "another-token"})

	f.startWorker(t)
	_, err := await(t, f.start(t, "wrong", workflows.Request{}))

	require.ErrorContains(t, err, "Precoro")
	require.ErrorContains(t, err, "check the credentials")
	require.NotContains(t, err.Error(), "precoro-token")
}
