package erply_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp/erply"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

func eur(t *testing.T, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text, "EUR")
	require.NoError(t, err)
	return amount
}

func bill(t *testing.T, doc object) reconcile.Bill {
	t.Helper()
	return snapshot(t, newDouble(t, doc).adapter(t), "8842").Bill
}

func TestUnpaidDocument(t *testing.T) {
	t.Parallel()
	require.Equal(t, reconcile.Bill{
		ID: "8842", Link: "7001", Total: eur(t, "120.00"), Paid: eur(t, "0.00"), Confirmed: true, Version: "1773000000", PaymentsRead: true,
	}, bill(t, document(nil)))
}

func TestFlagsHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, zero := range []any{"0", 0, "", nil, false} {
		got := bill(t, document(object{"paid": zero, "confirmed": zero}))
		require.Empty(t, got.Problem)
		require.False(t, got.Confirmed)
		require.Equal(t, eur(t, "0.00"), got.Paid)
	}
	for _, one := range []any{"1", 1, true} {
		got := bill(t, document(object{"paid": one, "confirmed": one}))
		require.Empty(t, got.Problem)
		require.True(t, got.Confirmed)
		require.Equal(t, eur(t, "120.00"), got.Paid)
	}
}

func TestRecordsArePayments(t *testing.T) {
	t.Parallel()
	got := bill(t, withRecords(document(nil), "payrecon-5512", "20.00 EUR 2026-03-14", "payrecon-5513", "30.50 EUR 2026-03-15", "other", "x"))
	require.Equal(t, eur(t, "50.50"), got.Paid)
	require.Equal(t, []reconcile.Payment{
		{ID: "8842.payrecon-5512", Tag: "pr.5512", Amount: eur(t, "20.00"), Date: "2026-03-14"},
		{ID: "8842.payrecon-5513", Tag: "pr.5513", Amount: eur(t, "30.50"), Date: "2026-03-15"},
	}, got.Payments)
	for _, payment := range got.Payments {
		require.True(t, reconcile.ValidKey(reconcile.KeyInPrecoro(payment.ID)))
	}
}

func TestPaidFlagBeyondTheRecordsIsOneDerivedPayment(t *testing.T) {
	t.Parallel()
	got := bill(t, withRecords(document(object{"paid": 1}), "payrecon-5512", "20.00 EUR 2026-03-14"))
	require.Equal(t, eur(t, "120.00"), got.Paid)
	require.Equal(t, reconcile.Payment{ID: "8842" + reconcile.DerivedSuffix, Amount: eur(t, "100.00"), Derived: true}, got.Payments[1])
}

func TestPaidFlagWithCompleteRecordsDerivesNothing(t *testing.T) {
	t.Parallel()
	got := bill(t, withRecords(document(object{"paid": "1"}), "payrecon-1", "120.00 EUR 2026-03-14"))
	require.Equal(t, eur(t, "120.00"), got.Paid)
	require.Len(t, got.Payments, 1)
	require.False(t, got.Payments[0].Derived)
}

func TestRecordsBeyondTheTotalShow(t *testing.T) {
	t.Parallel()
	got := bill(t, withRecords(document(object{"paid": 1}), "payrecon-1", "120.00 EUR 2026-03-14", "payrecon-2", "1.00 EUR 2026-03-14"))
	require.Equal(t, eur(t, "121.00"), got.Paid)
}

func TestPaidFlagTakenBackCancelsTheRecords(t *testing.T) {
	t.Parallel()
	got := bill(t, withRecords(document(nil), "payrecon-1", "100.00 EUR 2026-03-14", "payrecon-2", "20.00 EUR 2026-03-15"))
	require.Equal(t, eur(t, "0.00"), got.Paid)
	require.Len(t, got.Payments, 2)
	for _, payment := range got.Payments {
		require.True(t, payment.Cancelled)
	}
}

func TestRecordThatCannotBeReadIsAProblemOfThatPayment(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"payrecon-5512": "20.00 EUR", "payrecon-5513": "20,00 EUR 2026-03-14", "payrecon-5514": "20.00 EUR 14.03.2026",
		"payrecon-5515": "20.00 USD 2026-03-14", "payrecon-5516": "-20.00 EUR 2026-03-14", "payrecon-5517": "0.00 EUR 2026-03-14",
		"payrecon-5518": "20.001 EUR 2026-03-14", "payrecon-5519": "20.00  EUR 2026-03-14", "payrecon-": "20.00 EUR 2026-03-14",
		"payrecon-x": "20.00 EUR 2026-03-14", "payrecon-0": "20.00 EUR 2026-03-14", "payrecon-5520": "",
	} {
		for _, paid := range []int{0, 1} {
			got := bill(t, withRecords(document(object{"paid": paid}), name, value))
			require.Empty(t, got.Problem)
			require.Len(t, got.Payments, 1, "no derived payment beside a record that cannot be read: %s %q", name, value)
			require.NotEmpty(t, got.Payments[0].Problem, "%s %q", name, value)
		}
	}
}

func TestRecordThatStandsTwiceIsAProblem(t *testing.T) {
	t.Parallel()
	record := object{"attributeName": "payrecon-1", "attributeType": "text", "attributeValue": "20.00 EUR 2026-03-14"}
	got := bill(t, document(object{"attributes": []object{record, record}}))
	require.Empty(t, got.Payments[0].Problem)
	require.NotEmpty(t, got.Payments[1].Problem)
}

func TestDocumentThatCannotBeJudgedIsAProblemAndNoError(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string]object{
		"no total":           {"total": nil},
		"absurd total":       {"total": "1e99"},
		"too many decimals":  {"total": "120.005"},
		"total of a list":    {"total": []int{1}},
		"currency":           {"currencyCode": "EURO"},
		"paid":               {"paid": "120.00"},
		"confirmed":          {"confirmed": "yes"},
		"booked otherwise":   {"totalForAccounting": "119.00"},
		"booked unreadably":  {"totalForAccounting": "lots"},
		"field of an object": {"notes": object{}},
	} {
		doc := document(changes)
		got := bill(t, doc)
		require.NotEmpty(t, got.Problem, name)
		require.Equal(t, "7001", got.Link, name)
		require.False(t, got.Total.Valid(), name)
		require.Empty(t, got.Payments, name)
	}
	got := bill(t, document(object{"totalForAccounting": "119.00"}))
	require.Contains(t, got.Problem, "120.00")
	require.Contains(t, got.Problem, "119.00")
}

func TestTotalForAccountingThatAgreesOrIsNotSetIsNoProblem(t *testing.T) {
	t.Parallel()
	for _, value := range []any{"0.00", 0, "", nil, "120.0", 120} {
		require.Empty(t, bill(t, document(object{"totalForAccounting": value})).Problem, "%v", value)
	}
}

func TestMinorUnitsAreTheCurrencys(t *testing.T) {
	t.Parallel()
	got := bill(t, withRecords(document(object{"currencyCode": "KWD", "total": "1.500"}), "payrecon-1", "0.501 KWD 2026-03-14"))
	require.Empty(t, got.Problem)
	require.Equal(t, "0.501 KWD", got.Paid.String())
}

func TestTypesThatTakePart(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string][2]bool{ // without and with cash_invoices
		"PRCINVOICE": {true, true}, "PRCINVOICEONLY": {true, true}, "CASHPRCINVOICE": {false, true}, "PRCRETURN": {}, "PRCORDER": {},
		"PRCWAYBILL": {}, "": {},
	} {
		for i, cash := range []bool{false, true} {
			cfg := config()
			cfg.CashInvoices = cash
			adapter, err := erply.New(cfg, newDouble(t, document(object{"type": kind})), at(noon))
			require.NoError(t, err)
			snapshots, err := adapter.ReadBills(t.Context(), []string{"8842"})
			require.NoError(t, err)
			require.Equal(t, want[i], len(snapshots) == 1, kind)
		}
	}
}

func FuzzRecordValue(f *testing.F) {
	for _, seed := range []string{"120.00 EUR 2026-03-14", "", "1 EUR 2026-02-30", "-1.00 EUR 2026-03-14", "1e3 EUR 2026-03-14", "x y z", "1.00 eur 2026-03-14"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := bill(t, withRecords(document(nil), "payrecon-1", value))
		require.Len(t, got.Payments, 1)
		payment := got.Payments[0]
		if payment.Problem != "" {
			require.False(t, payment.Amount.Valid())
			return
		}
		require.Positive(t, payment.Amount.Sign())
		again := bill(t, withRecords(document(nil), "payrecon-1", fmt.Sprintf("%s %s", payment.Amount, payment.Date)))
		require.Equal(t, payment, again.Payments[0])
	})
}
