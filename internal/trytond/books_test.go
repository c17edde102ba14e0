//go:build unix

package trytond_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
	"payrecon/internal/trytond"
)

// shared is the one database of these tests; each has bills of its own in it.
var shared struct {
	once     sync.Once
	database *trytond.Database
	books    *trytond.Books
	err      error
}

func books(t *testing.T) *trytond.Books {
	t.Helper()
	server := trytond.Require(t)
	shared.once.Do(func() {
		if shared.database, shared.err = server.Clone(t.Context(), true); shared.err == nil {
			shared.books, shared.err = shared.database.Books(t.Context())
		}
	})
	require.NoError(t, shared.err)
	return shared.books
}

func add(t *testing.T, b *trytond.Books, bill trytond.Bill) string {
	t.Helper()
	id, err := b.AddBill(t.Context(), bill)
	require.NoError(t, err)
	return id
}

func pay(t *testing.T, b *trytond.Books, payment trytond.Payment) string {
	t.Helper()
	id, err := b.PayByRecord(t.Context(), payment)
	require.NoError(t, err)
	return id
}

func ledger(t *testing.T, b *trytond.Books, bill string) trytond.Ledger {
	t.Helper()
	l, err := b.Ledger(t.Context(), bill)
	require.NoError(t, err)
	return l
}

func amount(t *testing.T, number, currency string) money.Amount {
	t.Helper()
	a, err := money.Parse(number, currency)
	require.NoError(t, err)
	return a
}

func TestEveryWayToPayIsInTheLedger(t *testing.T) {
	t.Parallel()
	b := books(t)
	today, err := b.Today(t.Context())
	require.NoError(t, err)
	yesteryear := money.Date(lastYear(today) + "-12-30")
	bill := add(t, b, trytond.Bill{Reference: "PR-1042", Total: "100.00", Date: money.Date(lastYear(today) + "-12-01")})

	record := pay(t, b, trytond.Payment{Bill: bill, Amount: "30.00", Date: yesteryear, Description: "tellimus nr 7"})
	require.NoError(t, b.PayByWizard(t.Context(), bill, "20.00", yesteryear))
	before := ledger(t, b, bill)
	require.Equal(t, "posted", before.State)
	require.Equal(t, amount(t, "50.00", "EUR"), before.Paid)
	require.NoError(t, b.PayByStatement(t.Context(), bill, "", ""))

	l := ledger(t, b, bill)
	require.Equal(t, "PR-1042", l.Reference)
	require.Equal(t, "posted", l.State) // Tryton does not see by itself that the three make up the bill
	require.Equal(t, amount(t, "100.00", "EUR"), l.Total)
	require.Equal(t, l.Total, l.Paid)
	require.Equal(t, []trytond.Record{{
		ID: record, State: "succeeded", Amount: amount(t, "30.00", "EUR"), Date: yesteryear, Description: "tellimus nr 7", Cleared: true,
	}}, l.Payments)
	require.Len(t, l.Lines, 2)
	require.Equal(t, amount(t, "20.00", "EUR"), l.Lines[0].Amount)
	require.Equal(t, yesteryear, l.Lines[0].Date)
	require.Equal(t, "account.invoice,"+bill, l.Lines[0].Origin)
	require.Equal(t, amount(t, "50.00", "EUR"), l.Lines[1].Amount)
	require.Equal(t, today, l.Lines[1].Date)
	require.Contains(t, l.Lines[1].Origin, "account.statement,")

	require.NoError(t, b.WriteOff(t.Context(), bill))
	l.State = "paid"
	require.Equal(t, l, ledger(t, b, bill))
}

func TestWhatIsUnderWayPaysNothing(t *testing.T) {
	t.Parallel()
	b := books(t)
	bill := add(t, b, trytond.Bill{Total: "40.00"})
	var ids []string
	states := []string{"draft", "approved", "processing"}
	for _, state := range states {
		ids = append(ids, pay(t, b, trytond.Payment{Bill: bill, Amount: "10.00", State: state}))
	}
	l := ledger(t, b, bill)
	require.Equal(t, amount(t, "0.00", "EUR"), l.Paid)
	require.Len(t, l.Payments, len(states))
	for i, state := range states {
		require.Equal(t, state, l.Payments[i].State)
		require.False(t, l.Payments[i].Cleared)
	}

	require.NoError(t, b.DeleteDraft(t.Context(), ids[0]))
	require.Error(t, b.DeleteDraft(t.Context(), ids[1]))
	require.Len(t, ledger(t, b, bill).Payments, 2)
}

func TestAFailedPaymentOpensTheBillAgain(t *testing.T) {
	t.Parallel()
	b := books(t)
	bill := add(t, b, trytond.Bill{Total: "12.34"})
	record := pay(t, b, trytond.Payment{Bill: bill})
	require.Equal(t, "paid", ledger(t, b, bill).State)
	require.NoError(t, b.Fail(t.Context(), record))
	l := ledger(t, b, bill)
	require.Equal(t, "posted", l.State)
	require.Equal(t, amount(t, "0.00", "EUR"), l.Paid)
	require.Equal(t, "failed", l.Payments[0].State)
}

func TestTwoInstalmentsArePaidOneAfterTheOther(t *testing.T) {
	t.Parallel()
	b := books(t)
	bill := add(t, b, trytond.Bill{Total: "99.99", Instalments: 2})
	pay(t, b, trytond.Payment{Bill: bill})
	l := ledger(t, b, bill)
	require.Equal(t, "posted", l.State)
	require.Equal(t, amount(t, "50.00", "EUR"), l.Paid)
	require.NoError(t, b.PayByWizard(t.Context(), bill, "", ""))
	l = ledger(t, b, bill)
	require.Equal(t, "paid", l.State)
	require.Equal(t, l.Total, l.Paid)
}

func TestCurrenciesKeepTheirDecimals(t *testing.T) {
	t.Parallel()
	b := books(t)
	byRecord := func(ctx context.Context, bill, amount string, date money.Date) error {
		_, err := b.PayByRecord(ctx, trytond.Payment{Bill: bill, Amount: amount, Date: date})
		return err
	}
	for _, try := range []struct {
		currency, total string
		pay             way
	}{
		{"USD", "99.99", byRecord},
		{"JPY", "16001", b.PayByWizard},
		{"KWD", "0.337", b.PayByStatement},
	} {
		bill := add(t, b, trytond.Bill{Total: try.total, Currency: try.currency})
		require.NoError(t, try.pay(t.Context(), bill, "", ""), try.currency)
		l := ledger(t, b, bill)
		require.Equal(t, "paid", l.State, try.currency)
		require.Equal(t, amount(t, try.total, try.currency), l.Total)
		require.Equal(t, l.Total, l.Paid)
	}
}

func TestABillIsSettledWithoutAPayment(t *testing.T) {
	t.Parallel()
	b := books(t)

	credited := add(t, b, trytond.Bill{Total: "75.00"})
	note, err := b.Credit(t.Context(), credited)
	require.NoError(t, err)
	l := ledger(t, b, credited)
	require.Equal(t, "paid", l.State)
	require.Empty(t, l.Payments)
	require.Len(t, l.Lines, 1)
	require.Equal(t, "account.invoice,"+note, l.Lines[0].Origin)

	forgiven := add(t, b, trytond.Bill{Total: "10.00"})
	require.NoError(t, b.PayByWizard(t.Context(), forgiven, "9.98", ""))
	require.NoError(t, b.WriteOff(t.Context(), forgiven))
	l = ledger(t, b, forgiven)
	require.Equal(t, "paid", l.State)
	require.Len(t, l.Lines, 2)
	require.Equal(t, amount(t, "0.02", "EUR"), l.Lines[1].Amount)
	require.Empty(t, l.Lines[1].Origin)

	cancelled := add(t, b, trytond.Bill{Total: "10.00"})
	require.NoError(t, b.CancelBill(t.Context(), cancelled))
	require.Equal(t, "cancelled", ledger(t, b, cancelled).State)
}

func TestABillArrivesAsADraftAndIsPosted(t *testing.T) {
	t.Parallel()
	b := books(t)
	bill := add(t, b, trytond.Bill{Reference: "was", Total: "1.00", Draft: true, Supplier: trytond.Suppliers[2]})
	require.Equal(t, "draft", ledger(t, b, bill).State)
	require.Equal(t, amount(t, "1.00", "EUR"), ledger(t, b, bill).Total)
	require.NoError(t, b.SetReference(t.Context(), bill, "is"))
	require.NoError(t, b.Post(t.Context(), bill))
	require.Error(t, b.SetReference(t.Context(), bill, "will be"))
	l := ledger(t, b, bill)
	require.Equal(t, "posted", l.State)
	require.Equal(t, "is", l.Reference)
}

func TestPeopleMayPayTooMuch(t *testing.T) {
	t.Parallel()
	b := books(t)
	bill := add(t, b, trytond.Bill{Total: "10.00"})
	pay(t, b, trytond.Payment{Bill: bill, Amount: "15.00"})
	l := ledger(t, b, bill)
	require.Equal(t, amount(t, "15.00", "EUR"), l.Paid)
}

func TestWhatIsNotPaidIsAnError(t *testing.T) {
	t.Parallel()
	b := books(t)
	bill := add(t, b, trytond.Bill{Total: "10.00"})
	require.NoError(t, b.PayByWizard(t.Context(), bill, "", ""))
	for _, again := range []way{b.PayByWizard, b.PayByStatement} {
		require.Error(t, again(t.Context(), bill, "10.00", ""))
	}
	_, err := b.PayByRecord(t.Context(), trytond.Payment{Bill: bill})
	require.ErrorContains(t, err, "nothing to pay")
	require.Equal(t, amount(t, "10.00", "EUR"), ledger(t, b, bill).Paid)
}

func TestTheUserOfTheAdapterMayPayAndTheReaderMayLook(t *testing.T) {
	t.Parallel()
	admin := books(t)
	bill := add(t, admin, trytond.Bill{Total: "10.00"})

	reader, err := trytond.BooksAs(t.Context(), shared.database, trytond.Reader, trytond.ReaderPassword)
	require.NoError(t, err)
	var bills []int
	require.NoError(t, reader.Call(t.Context(), &bills, "account.invoice", "search", []any{[]any{"id", "=", number(t, bill)}}))
	require.Len(t, bills, 1)
	_, err = reader.Ledger(t.Context(), bill)
	var fault *trytond.Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, "UserError", fault.Kind)
	require.Contains(t, fault.Text, "not allowed")

	user, err := trytond.BooksAs(t.Context(), shared.database, shared.database.Username, shared.database.Password)
	require.NoError(t, err)
	pay(t, user, trytond.Payment{Bill: bill})
	require.Equal(t, "paid", ledger(t, user, bill).State)
}

func TestTheModuleRefusesASecondPaymentWithOneKey(t *testing.T) {
	t.Parallel()
	b := books(t)
	const callers = 8
	bill := add(t, b, trytond.Bill{Total: "80.00"})
	first := pay(t, b, trytond.Payment{Bill: bill, Amount: "1.00", State: "draft"})
	copies := func() error {
		var made []int
		return b.Call(t.Context(), &made, "account.payment", "copy", []int{number(t, first)}, map[string]any{"payrecon_key": "pr.5512"})
	}
	outcomes := make([]error, callers)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() { outcomes[i] = copies() })
	}
	group.Wait()
	made := 0
	for _, err := range append(outcomes, copies()) {
		if err == nil {
			made++
			continue
		}
		var fault *trytond.Fault
		require.ErrorAs(t, err, &fault)
		require.Equal(t, "UserError", fault.Kind)
		require.Contains(t, fault.Text, "already a payment with this payrecon key")
	}
	require.Equal(t, 1, made)
	l := ledger(t, b, bill)
	require.Len(t, l.Payments, 2)
	require.Equal(t, "pr.5512", l.Payments[1].Key)
	require.Empty(t, l.Payments[0].Key)
}

// way is a way to pay.
type way func(ctx context.Context, bill, amount string, date money.Date) error

func number(t *testing.T, id string) int {
	t.Helper()
	n, err := strconv.Atoi(id)
	require.NoError(t, err)
	return n
}

func lastYear(day money.Date) string {
	year, err := strconv.Atoi(string(day[:4]))
	if err != nil {
		return err.Error()
	}
	return strconv.Itoa(year - 1)
}
