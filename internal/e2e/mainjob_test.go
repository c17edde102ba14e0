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

func TestPaymentsAreCreatedBothWaysAndTheSecondRunWritesNothing(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})

	toERP, toERPBill := acme.pair("120.00")
	payment := acme.paid(toERP, "120.00", "2026-03-14")
	toPrecoro, toPrecoroBill := acme.pair("80.50")
	acme.setPaid(toPrecoroBill, 1)
	twins, twinsBill := acme.pair("100.00")
	acme.paid(twins, "30.00", "2026-03-15")
	acme.paid(twins, "30.00", "2026-03-15")
	inSync, inSyncBill := acme.pair("10.00")
	acme.paid(inSync, "10.00", "2026-03-01")
	acme.setPaid(inSyncBill, 1)
	acme.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "55.00"})
	_, unpaidBill := acme.pair("15.00")

	f.startWorker(t)
	r := f.run(t, workflows.Request{})

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 3, ToPrecoro: 1}, r.Created)
	require.Equal(t, []int{6, 2, 1}, []int{r.Invoices, r.InSync, r.Unlinked})
	bill := acme.billNow(t, toERPBill)
	require.Equal(t, 1, bill.Paid)
	require.Equal(t, "120.00 EUR 2026-03-14", bill.Attributes["payrecon-"+strconv.FormatInt(payment.ID, 10)])
	require.Equal(t, 0, acme.billNow(t, twinsBill).Paid, "60.00 of 100.00 is not all")
	require.Len(t, acme.precoroPayments(toPrecoro), 1)
	derived := acme.precoroPayments(toPrecoro)[0]
	require.Equal(t, []string{"80.50", "er." + strconv.FormatInt(toPrecoroBill.ID, 10) + ".paid"}, []string{derived.Amount, derived.ExternalID})
	require.Contains(t, acme.billNow(t, toPrecoroBill).Attributes, "payrecon-"+strconv.FormatInt(derived.ID, 10), "the ERP's half is tagged too")
	acme.quiet(t)
	require.Empty(t, acme.State().Throttled, "no 429 of our own making")
	sent := 0
	for _, n := range acme.State().Requests["precoro"] {
		sent += n
	}
	require.Equal(t, sent, r.Requests.Precoro, "the report counts what was sent")
	require.Equal(t, 3, sent, "one page of invoices, one of payments, one POST")

	f.saveHistories(t, "both-ways", "acme")
	row := rowsOf(r, toERP)[0]
	require.Equal(t, report.Row{
		Invoice: toERP.IDN, Bill: strconv.FormatInt(toERPBill.ID, 10), Action: report.Created, Direction: reconcile.ToERP,
		Key: "pr." + strconv.FormatInt(payment.ID, 10), Amount: "120.00", Currency: "EUR", Date: "2026-03-14",
		Before: report.Paid{Precoro: "120.00", ERP: "0.00"}, After: report.Paid{Precoro: "120.00", ERP: "120.00"},
	}, row)

	written := acme.writes()
	again := f.run(t, workflows.Request{})
	require.Equal(t, report.Agreed, again.Outcome)
	require.Equal(t, report.ByDirection{}, again.Created)
	require.Equal(t, written, acme.writes(), "a second run writes nothing")
	require.Equal(t, workflows.ScopeChanges, again.Scope)

	acme.setPaid(unpaidBill, 1)
	changed := f.run(t, workflows.Request{})
	require.Equal(t, report.ByDirection{ToPrecoro: 1}, changed.Created)
	require.Equal(t, workflows.ScopeChanges, changed.Scope)
	acme.quiet(t)
	f.saveHistories(t, "changes", "acme")
}
