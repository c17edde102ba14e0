package tryton_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// whole is how a double's only bill is read.
func whole(t *testing.T, inv object, lines list, records ...any) reconcile.Bill {
	t.Helper()
	d := newDouble(t)
	d.hold(inv, lines, records...)
	return readOne(t, d.adapter(t), "20").Bill
}

// in a reconciliation of its own.
func reconciled(row object) object { return with(row, object{"reconciliation": 7}) }

func TestAmountsAreExactWhateverPythonMakesOfThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"120.00": "120.00 EUR", "120": "120.00 EUR", "0": "0.00 EUR", "1E+2": "100.00 EUR", "1.5E2": "150.00 EUR", "0E-2": "0.00 EUR", "0E+3": "0.00 EUR",
		"1E-2": "0.01 EUR", "12345E-2": "123.45 EUR", "1.20E+1": "12.00 EUR", "90071992547409.93": "90071992547409.93 EUR", "120.0000": "120.00 EUR",
		"-0": "0.00 EUR", "-1E+1": "-10.00 EUR",
	} {
		bill := whole(t, invoice(nil), list{line(object{"credit": decimal(text)})})
		require.Equal(t, want, bill.Total.String(), text)
		require.Empty(t, bill.Problem)
	}
}

func TestWhatIsNoAmountIsAProblem(t *testing.T) {
	t.Parallel()
	for _, odd := range []any{
		120.5, 120, "120.00", nil, decimal("NaN"), decimal("Infinity"), decimal("1E+99"), decimal("1E-3"), decimal("1.005"), decimal(""), decimal("1e999999999"),
		object{"__class__": "float", "decimal": "1"},
		object{"__class__": "Decimal"},
		object{"__class__": "Decimal", "decimal": 1.5},
		list{},
	} {
		bill := whole(t, invoice(nil), list{line(object{"credit": odd})})
		require.Contains(t, bill.Problem, "line 40: credit: ", "%v", odd)
		require.Zero(t, bill.Total)
		require.Empty(t, bill.Payments)
		record := whole(t, invoice(nil), list{line(nil)}, payment(object{"amount": odd})).Payments[0]
		require.NotEmpty(t, record.Problem, "%v", odd)
	}
}

func TestPartPaymentsThatTrytonNeverReconcilesAreCounted(t *testing.T) {
	t.Parallel()
	bill := whole(t, invoice(nil), list{line(nil)}, payment(nil), payment(object{"id": 51, "amount": decimal("70"), "description": "bank ref", "clearing_move": 61}))
	require.Equal(t, eur(t, "120.00"), bill.Total)
	require.Equal(t, eur(t, "120.00"), bill.Paid, "although the bill is still posted")
	require.True(t, bill.Confirmed)
	require.True(t, bill.PaymentsRead)
	require.Equal(t, []reconcile.Payment{
		{ID: "p50", Tag: "pr.5512", Amount: eur(t, "50.00"), Date: "2026-03-12"},
		{ID: "p51", Tag: "bank ref", Amount: eur(t, "70.00"), Date: "2026-03-12"},
	}, bill.Payments)
}

func TestPaymentsUnderWayAndFailedOnesDoNotCount(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]reconcile.Payment{
		"draft": {Pending: "draft"}, "approved": {Pending: "approved"}, "processing": {Pending: "processing"}, "failed": {Cancelled: true},
	} {
		bill := whole(t, invoice(nil), list{line(nil)}, payment(object{"state": state, "clearing_move": nil}))
		want.ID, want.Tag, want.Amount, want.Date = "p50", "pr.5512", eur(t, "50.00"), "2026-03-12"
		require.Equal(t, []reconcile.Payment{want}, bill.Payments)
		require.Zero(t, bill.Paid.Sign())
	}
	require.Contains(t, whole(t, invoice(nil), list{line(nil)}, payment(object{"state": "stopped"})).Payments[0].Problem, `its state is "stopped"`)
	require.Contains(t, whole(t, invoice(nil), list{line(nil)}, payment(object{"clearing_move": nil})).Payments[0].Problem, "without a move in the ledger")
}

func TestWhatPeoplePayByTheWizardOrAStatementIsALineOfTheLedger(t *testing.T) {
	t.Parallel()
	for name, origin := range map[string]string{"wizard": "account.invoice,20", "statement": "account.statement,3"} {
		part := payer(object{"reconciliation": nil, "debit": decimal("30.00"), "move.": object{"date": day("2026-03-10"), "origin": origin}})
		bill := whole(t, invoice(object{"payment_lines": list{41}}), list{line(nil), part}, payment(nil))
		require.Equal(t, eur(t, "80.00"), bill.Paid, name)
		require.Equal(t, []reconcile.Payment{
			{ID: "p50", Tag: "pr.5512", Amount: eur(t, "50.00"), Date: "2026-03-12"},
			{ID: "l41", Amount: eur(t, "30.00"), Date: "2026-03-10", Fixed: true},
		}, bill.Payments, name)

		full := payer(object{"move.": object{"date": day("2026-03-10"), "origin": origin}})
		bill = whole(t, invoice(object{"state": "paid", "payment_lines": list{41}}), list{reconciled(line(nil)), full})
		require.Equal(t, bill.Total, bill.Paid, name)
		require.Equal(t, []reconcile.Payment{{ID: "l41", Amount: eur(t, "120.00"), Date: "2026-03-10", Fixed: true}}, bill.Payments, name)
	}
}

func TestWhatElseALineIsReconciledWithCountsAndIsNoPayment(t *testing.T) {
	t.Parallel()
	for _, origin := range []any{"account.invoice,21", "account.move,9", nil, "account.payment,77"} {
		bill := whole(t, invoice(object{"state": "paid"}), list{reconciled(line(nil)), payer(object{"move.": object{"date": day("2026-03-10"), "origin": origin}})})
		require.Equal(t, bill.Total, bill.Paid)
		require.Equal(t, []reconcile.Payment{{ID: "l41", Amount: eur(t, "120.00"), Date: "2026-03-10", Fixed: true, Unsupported: true}}, bill.Payments, "%v", origin)
	}
}

func TestALinePaidTogetherWithAnotherBillsAddsUp(t *testing.T) {
	t.Parallel()
	other := payer(object{"id": 42, "debit": decimal("0"), "credit": decimal("80.00"), "move.": object{"date": day("2026-03-01"), "origin": "account.invoice,21"}})
	both := payer(object{"debit": decimal("200.00"), "move.": object{"date": day("2026-03-10"), "origin": "account.statement,3"}})
	bill := whole(t, invoice(object{"state": "paid"}), list{reconciled(line(nil)), both, other})
	require.Equal(t, eur(t, "120.00"), bill.Paid)
	require.Equal(t, []string{"200.00 EUR false", "-80.00 EUR true"}, amounts(bill.Payments))
}

func amounts(payments []reconcile.Payment) (texts []string) {
	for _, p := range payments {
		text := p.Amount.String() + " false"
		if p.Unsupported {
			text = p.Amount.String() + " true"
		}
		texts = append(texts, text)
	}
	return texts
}

// Its own move in the ledger is what reconciles a bill with a record: it must not count twice.
func TestTheMoveOfARecordIsNotAnotherPayment(t *testing.T) {
	t.Parallel()
	clearing := payer(object{"move": 60, "move.": object{"date": day("2026-03-12"), "origin": "account.payment,50"}})
	bill := whole(t, invoice(object{"state": "paid"}), list{reconciled(line(nil)), clearing}, payment(object{"amount": decimal("120.00")}))
	require.Equal(t, eur(t, "120.00"), bill.Paid)
	require.Len(t, bill.Payments, 1)
	require.Equal(t, "p50", bill.Payments[0].ID)
}

func TestInstalmentsArePaidOneByOne(t *testing.T) {
	t.Parallel()
	first, second := reconciled(line(object{"credit": decimal("50.00")})), line(object{"id": 43, "credit": decimal("70.00")})
	cleared := payer(object{"move": 60, "debit": decimal("50.00"), "move.": object{"date": day("2026-03-12"), "origin": "account.payment,50"}})
	bill := whole(t, invoice(nil), list{first, second, cleared}, payment(nil), payment(object{"id": 51, "line": 43, "amount": decimal("20.00"), "clearing_move": 61}))
	require.Equal(t, eur(t, "120.00"), bill.Total)
	require.Equal(t, eur(t, "70.00"), bill.Paid)
}

func TestABillInAnotherCurrencyIsReadInItsOwn(t *testing.T) {
	t.Parallel()
	usd := object{"id": 2, "code": "USD"}
	dollars := func(amount string) object {
		return object{"amount_second_currency": decimal(amount), "second_currency.": usd}
	}
	own := with(line(object{"credit": decimal("100.00")}), dollars("-120.00"))
	record := payment(object{"journal.": object{"currency.": usd}})
	bill := whole(t, invoice(object{"currency.": usd}), list{own}, record)
	require.Equal(t, []string{"120.00 USD", "50.00 USD"}, []string{bill.Total.String(), bill.Paid.String()})

	// What exchanging has made is in the company's currency, and pays nothing of the bill.
	paid := with(payer(object{"debit": decimal("99.00")}), dollars("120.00"))
	exchange := payer(object{"id": 44, "move": 33, "debit": decimal("1.00"), "move.": object{"date": day("2026-03-10"), "origin": nil}})
	bill = whole(t, invoice(object{"currency.": usd, "state": "paid"}), list{reconciled(own), paid, exchange})
	require.Equal(t, []string{"120.00 USD false"}, amounts(bill.Payments))

	// But a payment may be too.
	euros := payer(object{"debit": decimal("100.00")})
	bill = whole(t, invoice(object{"currency.": usd, "state": "paid"}), list{reconciled(own), euros})
	require.Equal(t, "120.00 USD", bill.Paid.String())
	require.Equal(t, []string{"100.00 EUR false"}, amounts(bill.Payments))

	bill = whole(t, invoice(object{"currency.": usd}), list{line(nil)})
	require.Equal(t, "line 40: is in EUR, the bill in USD", bill.Problem)

	// A half that was settled in euros may be a cent off what was paid of it; what was paid is what counts.
	first := with(line(object{"credit": decimal("50.00"), "reconciliation": 7}), dollars("-60.01"))
	second := with(line(object{"id": 43, "credit": decimal("50.00")}), dollars("-59.99"))
	cleared := with(payer(object{"move": 60, "debit": decimal("50.00"), "move.": object{"date": day("2026-03-12"), "origin": "account.payment,50"}}), dollars("60.00"))
	half := payment(object{"amount": decimal("60.00"), "journal.": object{"currency.": usd}})
	bill = whole(t, invoice(object{"currency.": usd}), list{first, second, cleared}, half)
	require.Equal(t, []string{"120.00 USD", "60.00 USD"}, []string{bill.Total.String(), bill.Paid.String()})

	// One that Tryton does not hold against the debt yet must not look like none.
	bill = whole(t, invoice(object{"currency.": usd, "payment_lines": list{41}}), list{own, with(euros, object{"reconciliation": nil})})
	require.Equal(t, "line 41: pays in EUR, the bill is in USD: what is paid of it cannot be told", bill.Problem)
}

// A record that succeeded upon a line that something else has settled was paid on top, which must show in the sum. A line that
// settles several bills must not.
func TestWhatIsPaidOnTopIsPaid(t *testing.T) {
	t.Parallel()
	bill := whole(t, invoice(object{"state": "paid"}), list{reconciled(line(nil)), payer(nil)}, payment(object{"amount": decimal("120.00")}))
	require.Equal(t, eur(t, "240.00"), bill.Paid)

	bill = whole(t, invoice(object{"state": "paid"}), list{reconciled(line(nil)), payer(object{"debit": decimal("300.00")})})
	require.Equal(t, eur(t, "120.00"), bill.Paid)
}

// A payment by the Pay wizard that was cancelled stays among those of the bill, reconciled with what cancels it.
func TestALineThatWasUndoneDoesNotCount(t *testing.T) {
	t.Parallel()
	undone := payer(object{"debit": decimal("40.00"), "reconciliation": 9})
	bill := whole(t, invoice(object{"payment_lines": list{41}}), list{line(nil), undone})
	require.Equal(t, eur(t, "0.00"), bill.Paid)
	require.Len(t, bill.Payments, 1)
	require.True(t, bill.Payments[0].Cancelled)
}

// Several lines that were grouped are reconciled with one that is owed instead of them.
func TestAGroupedLineIsNotTakenForPaid(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	inv := nested(invoice(nil), list{reconciled(line(nil)), payer(nil)}, nil)
	own, _ := inv["lines_to_pay."].(list)
	first, _ := own[0].(object)
	settled, _ := first["reconciliation."].(object)
	settled["delegate_to"] = 88
	d.rows["account.invoice"] = list{inv}
	require.Contains(t, readOne(t, d.adapter(t), "20").Bill.Problem, "was grouped with others")
}

func TestADraftHasItsTotalAndNoPayments(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(object{"state": "draft", "move": nil, "total_amount": decimal("99.5")}), nil)
	bill := readOne(t, d.adapter(t), "20").Bill
	require.False(t, bill.Confirmed)
	require.Equal(t, []string{"99.50 EUR", "0.00 EUR"}, []string{bill.Total.String(), bill.Paid.String()})
	require.Len(t, d.of("model.account.invoice.search_read"), 2, "Tryton computes a total only where there is no move")

	require.False(t, whole(t, invoice(object{"state": "validated"}), list{line(nil)}).Confirmed)
}

func TestABillThatCannotBeJudgedHasAProblemAndNoAmounts(t *testing.T) {
	t.Parallel()
	many := list{line(nil)}
	for i := range 501 {
		many = append(many, line(object{"id": 1000 + i}))
	}
	for want, bill := range map[string]reconcile.Bill{
		"is not an active ISO 4217 code":               whole(t, invoice(object{"currency.": object{"code": "EURO"}}), list{line(nil)}),
		"nothing is owed by its move in the ledger":    whole(t, invoice(nil), nil),
		"502 lines and payments belong to it; accepte": whole(t, invoice(nil), many),
	} {
		require.Contains(t, bill.Problem, want)
		require.Zero(t, bill.Total)
		require.Zero(t, bill.Paid)
		require.NotEmpty(t, bill.Version)
	}
}

// Tryton books a payment and says that its bill is paid in two transactions.
func TestABillIsAsPaidAsTrytonSays(t *testing.T) {
	t.Parallel()
	require.Equal(t, eur(t, "120.00"), whole(t, invoice(object{"state": "paid"}), list{line(nil)}, payment(nil)).Paid)
	require.Equal(t, eur(t, "120.00"), whole(t, invoice(nil), list{reconciled(line(nil)), payer(nil)}).Paid)
}

// Its parts could not belong together otherwise.
func TestABillIsReadInOneTransaction(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(object{"state": "paid", "payment_lines": list{41}}), list{reconciled(line(nil)), payer(nil)})
	adapter := d.adapter(t)
	readOne(t, adapter, "20")
	d.forget()
	readOne(t, adapter, "20")
	require.Equal(t, []string{"model.account.invoice.search_read"}, d.methods())
}

func TestVersionChangesWithEverythingThatMatters(t *testing.T) {
	t.Parallel()
	version := func(inv, own object, records ...any) string { return whole(t, inv, list{own}, records...).Version }
	versions := []string{
		version(invoice(nil), line(nil), payment(nil)),
		version(invoice(object{"state": "paid"}), line(nil), payment(nil)),
		version(invoice(object{"_timestamp": "9.9"}), line(nil), payment(nil)),
		version(invoice(object{"reference": "1043"}), line(nil), payment(nil)),
		version(invoice(nil), line(object{"credit": decimal("120.01")}), payment(nil)),
		version(invoice(nil), line(object{"reconciliation": 7}), payment(nil)),
		version(invoice(nil), line(nil)),
		version(invoice(nil), line(nil), payment(object{"state": "failed"})),
		version(invoice(nil), line(nil), payment(object{"_timestamp": "9.9"})),
		version(invoice(nil), line(nil), payment(object{"description": ""})),
		version(invoice(nil), line(object{"credit": 5}), payment(nil)),
		version(invoice(nil), line(object{"credit": 6}), payment(nil)),
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(versions))), len(versions))
	require.Equal(t, versions[0], version(invoice(nil), line(nil), payment(nil)))
}

func TestTheKeyIsInItsOwnFieldWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for want, fields := range map[string]object{
		"pr.1":  {"payrecon_key": "pr.1", "description": "Precoro payment 1"},
		"":      {"payrecon_key": nil, "description": "urgent"},
		"x":     {"payrecon_key": "x", "description": "pr.2"},
		"pr.33": {"payrecon_key": nil, "description": "pr.33"}, // from before there was the field
	} {
		d := newDouble(t)
		d.withModule()
		d.hold(invoice(nil), list{line(nil)}, payment(fields))
		require.Equal(t, want, readOne(t, d.adapter(t), "20").Bill.Payments[0].Tag)
	}
}

func TestUniqueIsSaidWhereTheModuleIs(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	found, err := d.adapter(t).FindBills(t.Context(), []erp.Link{{Invoice: "1042"}})
	require.NoError(t, err)
	require.False(t, found.Unique)
	d.withModule()
	found, err = d.adapter(t).FindBills(t.Context(), []erp.Link{{Invoice: "1042"}})
	require.NoError(t, err)
	require.True(t, found.Unique)
	require.Equal(t, noon, found.Time)
}

func TestWhatPeopleTypedIsShortAndHoldsNoCredential(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 300)
	bill := whole(t, invoice(object{"reference": long}), list{line(nil)}, payment(object{"description": long}))
	for _, text := range []string{bill.Link, bill.Payments[0].Tag} {
		require.LessOrEqual(t, len(text), 260)
		require.True(t, strings.HasSuffix(text, "ü…"))
	}
	bill = whole(t, invoice(object{"reference": "see " + password}), list{line(nil)}, payment(object{"description": password, "state": password}))
	for _, text := range []string{bill.Link, bill.Payments[0].Tag, bill.Payments[0].Problem} {
		require.Contains(t, text, "[hidden]")
		require.NotContains(t, text, password)
	}
}
