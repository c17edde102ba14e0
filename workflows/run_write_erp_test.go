package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
)

// oneForERP is a world in which one payment of Precoro is missing in the ERP.
func oneForERP() *world {
	w := newWorld()
	w.add(1042, "240.00", payments{pay("5512", "120.00", "2026-03-10")}, nil)
	return w
}

func TestBillIsReadBeforeAndAfterTheWrite(t *testing.T) {
	t.Parallel()
	w := oneForERP()

	end := w.run(t, apply())

	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Equal(t, []string{
		"GET page 1", "find 1", "GET 1042", "bill B1042", "bill B1042", "write B1042 pr.5512 120.00", "bill B1042",
	}, w.sent())
	require.Equal(t, report.Paid{Precoro: "120.00", ERP: "0.00"}, end.Report.Rows[0].Before)
	require.Equal(t, report.Paid{Precoro: "120.00", ERP: "120.00"}, end.Report.Rows[0].After)
	require.Equal(t, report.Requests{Precoro: 2, ERP: 5, ERPCost: 5000}, end.Report.Requests)
	require.Equal(t, report.ByDirection{ToERP: 1}, end.Report.Created)
}

func TestBillsThatComeWithTheirPaymentsAreNotReadForTheDecision(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.lists = true

	w.run(t, apply())

	require.Equal(t, []string{"GET page 1", "find 1", "GET 1042", "bill B1042", "write B1042 pr.5512 120.00", "bill B1042"}, w.sent())
}

// Target: I1. Injection: the answer to the write is lost, the write took effect. Expected: found after the settle time.
func TestLostAnswerOfTheERPIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("WriteBill", fault{err: unknown(), landed: true})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Equal(t, []string{"0s write B1042 pr.5512 120.00", "10m0s bill B1042"}, w.tail())
	require.Equal(t, report.Paid{Precoro: "120.00", ERP: "0.00"}, end.Report.Rows[0].Before)
	require.Equal(t, report.Paid{Precoro: "120.00", ERP: "120.00"}, end.Report.Rows[0].After)
}

// Target: I4. Injection: the write is lost before it arrives. Expected: written again after settle and check.
func TestLostWriteIsWrittenAgain(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("WriteBill", fault{err: unknown()})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Equal(t, []string{
		"0s write B1042 pr.5512 120.00", "10m0s bill B1042", "10m0s write B1042 pr.5512 120.00", "10m0s bill B1042",
	}, w.tail())
}

// Target: I1 in an ERP that does not keep keys. Injection: the answer is lost, the payment stands there without key.
// Expected: it is given the key, not made again.
func TestLostAnswerOfAnERPWithoutKeysIsTagged(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.settings.ERP.KeepsKey = false
	w.on("WriteBill", fault{err: unknown(), landed: true})

	w.run(t, apply())

	require.Equal(t, []string{"write B1042 pr.5512 120.00", "note B1042 pr.5512 120.00"}, w.writes())
	require.Len(t, w.bill("B1042").Payments, 1)
	require.Equal(t, "pr.5512", w.bill("B1042").Payments[0].Tag)
}

// Target: somebody else's payment. Injection: an equal one appears between the decision and the write, in an ERP that keeps
// keys. Expected: possible_duplicate, nothing is written.
func TestEqualPaymentThatAppearsInTheERPStopsTheWrite(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("ReadBill", fault{}, fault{meanwhile: func() { w.payInERP(1042, pay("E9", "120.00", "2026-03-10")) }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception possible_duplicate"}, lines(end.Report))
	require.Empty(t, w.writes())
}

// Target: the same without keys. Injection: as above. Expected: decided again, which adopts it.
func TestEqualPaymentThatAppearsInAnERPWithoutKeysIsDecidedUpon(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.settings.ERP.KeepsKey = false
	w.on("ReadBill", fault{}, fault{meanwhile: func() { w.payInERP(1042, pay("E9", "120.00", "2026-03-10")) }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 adopted to_erp pr.5512 120.00"}, lines(end.Report))
	require.Equal(t, []string{"note B1042 pr.5512 120.00"}, w.writes())
}

func TestTwoEqualPaymentsThatAppearInTheERPAreNotToldApart(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.settings.ERP.KeepsKey = false
	w.on("WriteBill", fault{err: unknown(), landed: true, meanwhile: func() {
		bill := w.bill("B1042")
		bill.Payments = append(bill.Payments, pay("E9", "120.00", "2026-03-10"))
	}})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception possible_duplicate"}, lines(end.Report))
	require.Equal(t, []string{"write B1042 pr.5512 120.00"}, w.writes())
}

// Target: I2. Injection: the bill is edited between the decision and the write, so that the payment would overpay it.
// Expected: decided again, an exception, nothing written.
func TestBillThatMovedIsDecidedAgain(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("ReadBill", fault{}, fault{meanwhile: func() { w.payInERP(1042, pay("E9", "200.00", "2026-03-01")) }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception overpaid"}, lines(end.Report))
	require.Empty(t, w.writes())
}

func TestBillThatMovedWithoutConsequenceIsWrittenTo(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("ReadBill", fault{}, fault{meanwhile: func() { w.bill("B1042").Version = "edited" }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Len(t, w.writes(), 1)
}

// Target: the moment between read and write. Injection: the bill changes under the write, the adapter says so. Expected:
// read and decided again, then written.
func TestBillThatMovesUnderTheWriteIsReadAgain(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("WriteBill", fault{meanwhile: func() { w.bill("B1042").Version = "edited" }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Len(t, w.writes(), 2)
	require.Len(t, w.bill("B1042").Payments, 1)
}

func TestDocumentThatNeverHoldsStillIsGivenUp(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	for range 30 {
		w.on("WriteBill", fault{meanwhile: func() { w.bill("B1042").Version += "!" }})
	}

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception rejected"}, lines(end.Report))
	require.Empty(t, w.bill("B1042").Payments)
}

// Target: a bare success. Injection: the ERP accepts the payment and books nothing. Expected: rejected, not created.
func TestWriteThatDoesNotShowIsNoSuccess(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.blind = true

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception rejected"}, lines(end.Report))
	require.Equal(t, "the ERP accepted the payment, but does not show it", end.Report.Rows[0].Note)
	require.Zero(t, end.Report.Created.ToERP)
	require.Len(t, w.writes(), 1)
}

func TestWriteOfUnknownOutcomeIsLeftToPeopleAfterThreeTries(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.add(1043, "50.00", payments{pay("5513", "50.00", "2026-03-11")}, nil)
	w.on("WriteBill", fault{err: unknown()}, fault{err: unknown()}, fault{err: unknown()})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception unverified", "1043 created to_erp pr.5513 50.00"}, lines(end.Report))
	require.Equal(t, []string{
		"0s write B1042 pr.5512 120.00", "10m0s bill B1042", "10m0s write B1042 pr.5512 120.00", "20m0s bill B1042",
		"20m0s GET 1042", "20m0s write B1042 pr.5512 120.00", "30m0s bill B1042",
	}, w.tail()[:7])
}

func TestUnsentWriteWaitsChecksAndIsWritten(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("WriteBill", fault{err: kind(activities.NotSent, activities.SideERP, "ERP: throttled", 3*sameGet)})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Equal(t, []string{"0s write B1042 pr.5512 120.00", "3m3s bill B1042", "3m3s write B1042 pr.5512 120.00", "3m3s bill B1042"}, w.tail())
}

func TestRefusedWriteLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.add(1043, "50.00", payments{pay("5513", "50.00", "2026-03-11")}, nil)
	w.on("WriteBill", fault{err: kind(activities.Refused, activities.SideERP, "ERP: refused (1016): closed period", 0)})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception rejected", "1043 created to_erp pr.5513 50.00"}, lines(end.Report))
	require.Equal(t, "ERP: refused (1016): closed period", end.Report.Rows[0].Note)
}

func TestBillThatIsGoneIsAnException(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.on("ReadBill", fault{}, fault{meanwhile: func() { w.bills = nil }})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 exception no_bill"}, lines(end.Report))
	require.Empty(t, w.writes())
}

func TestAdoptionInTheERPSetsAKeyAndCreatesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00",
		payments{pay("5512", "100.00", "2026-03-09"), pay("5513", "20.00", "2026-03-09")}, payments{pay("E1", "100.00", "2026-03-10")})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 adopted to_erp pr.5512 100.00", "1042 created to_erp pr.5513 20.00"}, lines(end.Report))
	require.Equal(t, 1, end.Report.Adopted)
	require.Equal(t, []string{"note B1042 pr.5512 100.00", "write B1042 pr.5513 20.00"}, w.writes())
}

// Target: the read that an ERP write rests on. Injection: 20 minutes pass on another invoice. Expected: both sides are read
// again before the write.
func TestDecisionThatGrewOldIsMadeAgainBeforeAWriteInTheERP(t *testing.T) {
	t.Parallel()
	w := oneForERP()
	w.add(1043, "50.00", payments{pay("5513", "50.00", "2026-03-11")}, nil)
	w.on("WriteBill", fault{err: unknown()}, fault{err: unknown(), meanwhile: func() {
		w.numbered(1043).payments[0].Cancelled = true
		w.numbered(1043).settle()
	}})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_erp pr.5512 120.00"}, lines(end.Report))
	require.Empty(t, w.bill("B1043").Payments, "what was cancelled meanwhile is not copied")
}

// Target: both directions on one invoice, with a lost answer in the first. Injection: the post's answer is lost. Expected:
// each payment is on both sides once, and the report's before and after are right.
func TestBothDirectionsOfOneInvoiceSurviveALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "500.00", payments{pay("5512", "100.00", "2026-03-09")}, payments{pay("E1", "30.00", "2026-01-10"), pay("E2", "7.00", "2026-01-11")})
	w.on("PostPayment", fault{err: unknown(), landed: true})
	w.on("WriteBill", fault{err: unknown(), landed: true})

	end := w.run(t, apply())

	require.Equal(t, []string{
		"1042 created to_erp pr.5512 100.00", "1042 created to_precoro er.E1 30.00", "1042 created to_precoro er.E2 7.00",
	}, lines(end.Report))
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Len(t, w.numbered(1042).payments, 3)
	require.Len(t, w.bill("B1042").Payments, 3)
	var paid []report.Paid
	for _, row := range end.Report.Rows {
		paid = append(paid, row.Before, row.After)
	}
	require.Equal(t, []report.Paid{
		{Precoro: "100.00", ERP: "37.00"},
		{Precoro: "100.00", ERP: "137.00"},
		{Precoro: "100.00", ERP: "137.00"},
		{Precoro: "130.00", ERP: "137.00"},
		{Precoro: "130.00", ERP: "137.00"},
		{Precoro: "137.00", ERP: "137.00"},
	}, paid)
}

// Target: I3. Injection: none. Expected: the run after a run writes nothing and reads no payment list.
func TestSecondRunWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00", payments{pay("5512", "120.00", "2026-03-10")}, nil)
	w.add(1043, "240.00", nil, payments{pay("E1", "120.00", "2026-03-10")})
	w.add(1044, "240.00", payments{pay("5513", "40.00", "2026-03-10")}, payments{pay("E2", "40.00", "2026-03-12")})
	first := w.run(t, apply())
	w.forget()

	end := w.run(t, w.after(first, apply()))

	require.Equal(t, []string{"GET page 1", "find 3"}, w.sent())
	require.Equal(t, 3, end.Report.InSync)
	require.Equal(t, report.Agreed, end.Report.Outcome)
	require.Empty(t, end.Report.Digest)
}

// Target: a flag that says paid, not how. Injection: none. Expected: what Precoro lacks is one payment, and a record in the
// ERP names it.
func TestPaidFlagBecomesOnePaymentDatedByTheCompanysDay(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.add(1042, "240.00", nil, payments{{ID: "B1042" + reconcile.DerivedSuffix, Amount: eur("240.00"), Derived: true}})

	end := w.run(t, apply())

	require.Equal(t, []string{"1042 created to_precoro er.B1042.paid 240.00"}, lines(end.Report))
	require.Equal(t, "2026-03-14", end.Report.Rows[0].Date)
	require.Equal(t, []string{"POST 1042 er.B1042.paid 240.00", "note B1042 pr.601 240.00"}, w.writes())
	require.Empty(t, end.Seen, "the flag is explained now")
}

func TestPaidFlagKeepsTheDayOnWhichItWasFirstSeen(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.clock = epoch.Add(13 * 3600e9) // 22:00 UTC: the next day in Tallinn
	w.add(1042, "240.00", nil, payments{{ID: "B1042" + reconcile.DerivedSuffix, Amount: eur("240.00"), Derived: true}})

	planned := w.run(t, plan())
	w.clock = w.clock.Add(72 * 3600e9)
	end := w.run(t, w.after(planned, apply()))

	require.Len(t, planned.Report.Rows, 1)
	require.Len(t, end.Report.Rows, 1)
	require.Equal(t, "2026-03-15", planned.Report.Rows[0].Date)
	require.Equal(t, "2026-03-15", end.Report.Rows[0].Date)
	require.Equal(t, planned.Report.Digest, end.Report.Digest)
}
