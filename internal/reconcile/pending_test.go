package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

func pending(p *reconcile.Payment) { p.Pending = "draft" }
func fixed(p *reconcile.Payment)   { p.Fixed = true }

func TestWhatWeHaveBegunIsFinished(t *testing.T) {
	t.Parallel()
	begun := pay("91", "40", "2026-03-14", tagged("pr.1"), pending)
	tell(t, []tale{
		{
			name:    "as if it were not there",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{begun},
			want: "create pr.1 40.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "and its half is not paired with another payment of the same amount",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{begun, pay("92", "40", "2026-03-14")},
			want: "exception possible_duplicate",
		},
		{
			name:    "also where it was cut to what was open",
			precoro: payments{pay("1", "100.01", "2026-03-14")}, erp: payments{pay("91", "100", "2026-03-14", tagged("pr.1"), pending)},
			changes: []change{tolerance("0.01")},
			want:    "create pr.1 100.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "not in the other direction",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{begun}, changes: []change{direction(reconcile.ToPrecoro)},
			want: "1 in the other direction",
		},
		{
			name:    "unless its half was cancelled",
			precoro: payments{pay("1", "40", "2026-03-14", cancelled)}, erp: payments{begun},
			want: "exception reversed",
		},
		{
			name: "or is gone", erp: payments{begun},
			want: "exception reversed",
		},
		{
			name:    "or has another amount now",
			precoro: payments{pay("1", "50", "2026-03-14")}, erp: payments{begun},
			want: "exception amount_mismatch",
		},
		{
			name:    "or somebody has paid the bill meanwhile",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{begun, pay("92", "70", "2026-03-15")},
			want: "exception overpaid",
		},
		{
			name:    "or it was begun twice",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{begun, pay("92", "40", "2026-03-14", tagged("pr.1"), pending)},
			want: "exception duplicate_payment",
		},
		{
			name:    "or made and begun again",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{begun, pay("92", "40", "2026-03-14", tagged("pr.1"))},
			want: "exception duplicate_payment",
		},
		{
			name:    "or its half is tied to another one",
			precoro: payments{pay("1", "40", "2026-03-14", tagged("er.92"))}, erp: payments{begun, pay("92", "40", "2026-03-14")},
			want: "exception duplicate_payment",
		},
		{
			name:    "but not if it was begun and failed",
			precoro: payments{pay("1", "40", "2026-03-14", cancelled)}, erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"), pending, cancelled)},
			want: "nothing",
		},
	})
}

func TestWhatPeopleHaveBegunIsNoPaymentYet(t *testing.T) {
	t.Parallel()
	tell(t, []tale{
		{name: "it is not copied", erp: payments{pay("91", "40", "2026-03-14", pending)}, want: "nothing"},
		{
			name:    "it is not adopted, and what it may be is not made beside it",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14", pending)},
			want: "exception possible_duplicate",
		},
		{
			name:    "nor in parts",
			precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "20", "2026-03-15")}, erp: payments{pay("91", "60", "2026-03-14", pending)},
			want: "exception possible_duplicate",
		},
		{
			name:    "what is another one is made",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "30", "2026-03-14", pending, tagged("bank 7"))},
			want: "create pr.1 40.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "if there is room for both",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "70", "2026-03-14", pending)},
			want: "exception overpaid",
		},
		{
			name:    "one that was made, copied and put back is reversed",
			precoro: payments{pay("1", "40", "2026-03-14", tagged("er.91"))}, erp: payments{pay("91", "40", "2026-03-14", pending)},
			want: "exception reversed",
		},
	})
}

func TestAPaymentThatCanHoldNoKeyIsTiedInPrecoro(t *testing.T) {
	t.Parallel()
	tell(t, []tale{
		{
			name: "when it is copied", erp: payments{pay("l91", "40", "2026-03-14", fixed)},
			want: "create er.l91 40.00 EUR of 2026-03-14 in Precoro",
		},
		{
			name:    "when it is adopted",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("l91", "40", "2026-03-14", fixed)},
			want: "tag 1 with er.l91 in Precoro",
		},
		{
			name:    "and needs nothing more then",
			precoro: payments{pay("1", "40", "2026-03-14", tagged("er.l91"))}, erp: payments{pay("l91", "40", "2026-03-14", fixed)},
			want: "nothing",
		},
		{
			name:    "not where the direction forbids it",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("l91", "40", "2026-03-14", fixed)}, changes: []change{direction(reconcile.ToERP)},
			want: "nothing",
		},
	})
}

// A run that is cut off after any step of a payment is gone on with by the next: with begun payments beside them, the
// documents ask for the same writes as without.
func TestWhatWasBegunIsDecidedAsBefore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds.Draw(t, "world")
		before := w.decide()
		if w.flagOnly {
			return // there, a payment is made by one write
		}
		inv, payments, bill := w.documents()
		for _, write := range before.Writes {
			if write.Direction == reconcile.ToERP && !write.Adopt && rapid.Bool().Draw(t, "begun") {
				step := rapid.SampledFrom([]string{"draft", "approved", "processing"}).Draw(t, "step")
				bill.Payments = append(bill.Payments, reconcile.Payment{ID: "n" + write.Source, Tag: write.Key, Amount: write.Amount, Date: write.Date, Pending: step})
			}
		}
		require.Equal(t, told(before), told(w.decideOn(inv, payments, bill)))
	})
}

func TestABillWithNothingButBegunPaymentsHoldsNothingForPrecoro(t *testing.T) {
	t.Parallel()
	bill := reconcile.Bill{PaymentsRead: true, Paid: money.Amount{}, Payments: payments{pay("91", "40", "2026-03-14", pending)}}
	require.False(t, bill.ForPrecoro())
	bill.Payments = append(bill.Payments, pay("92", "40", "2026-03-14"))
	require.True(t, bill.ForPrecoro())
}
