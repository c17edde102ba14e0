package reconcile_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
)

func created(id, amount string) string {
	return fmt.Sprintf("create pr.%s %s EUR of 2026-03-14 in ERP", id, amount)
}

// Each reason that payment lists can give, with what makes it and what comes close.
func TestReasons(t *testing.T) {
	t.Parallel()
	one := payments{pay("1", "40", "2026-03-14")}
	half := payments{pay("91", "40", "2026-03-14", tagged("pr.1"))}
	for reason, tales := range map[reconcile.Reason][]tale{
		reconcile.Unreadable: {
			{name: "a payment that cannot be read", precoro: payments{pay("1", "40", "2026-03-14", broken)}, want: "exception unreadable"},
			{name: "also if cancelled: it may be half of a pair", precoro: payments{pay("1", "40", "2026-03-14", broken, cancelled)}, want: "exception unreadable"},
			{name: "two with one id", erp: payments{pay("91", "40", "2026-03-14"), pay("91", "30", "2026-03-14")}, want: "exception unreadable"},
			{name: "one id on either side", precoro: one, erp: payments{pay("1", "30", "2026-03-14")}, want: created("1", "40.00") +
				"; create er.1 30.00 EUR of 2026-03-14 in Precoro and tag 1 back"},
			{name: "no id", precoro: payments{pay("", "40", "2026-03-14")}, want: "exception unreadable"},
			{name: "no date", precoro: payments{pay("1", "40", "")}, want: "exception unreadable"},
			{name: "no date, and cancelled", precoro: payments{pay("1", "40", "", cancelled)}, want: "nothing"},
			{name: "an id that makes no key", precoro: payments{pay("a/b", "40", "2026-03-14")}, want: "exception unreadable"},
			{name: "an id that need not make one", precoro: payments{pay("a/b", "40", "2025-03-14")}, want: "1 before the start"},
			{name: "an invoice that cannot be read", precoro: one, changes: []change{func(s *scene) { s.inv.Problem = "sum: is not a number" }}, want: "exception unreadable"},
			{name: "a bill that cannot be read", precoro: one, changes: []change{func(s *scene) { s.bill.Problem = "total: is not a number" }}, want: "exception unreadable"},
			{name: "501 payments", precoro: crowd(501), want: "exception unreadable"},
			{name: "500 payments", precoro: crowd(500), want: "500 before the start"},
		},
		reconcile.CurrencyMismatch: {
			{name: "the documents", precoro: one, changes: []change{dollarBill}, want: "exception currency_mismatch"},
			{name: "the documents, and nothing is paid", changes: []change{dollarBill}, want: "nothing"},
			{
				name:    "the documents, and what is paid sums to nothing",
				precoro: payments{pay("1", "-40", "2025-03-14", unsupported), pay("2", "40", "2026-03-14")}, changes: []change{dollarBill},
				want: "exception currency_mismatch",
			},
			{name: "a payment", precoro: payments{pay("1", "40", "2026-03-14", in("USD"))}, want: "exception currency_mismatch"},
			{name: "a payment in the ERP", erp: payments{pay("91", "40", "2026-03-14", in("USD"))}, want: "exception currency_mismatch"},
			{name: "a cancelled payment", precoro: payments{pay("1", "40", "2026-03-14", in("USD"), cancelled)}, want: "nothing"},
			{
				name: "what is paid", precoro: one, changes: []change{func(s *scene) { s.bill.Paid = of("0", "USD") }},
				want: "exception currency_mismatch",
			},
		},
		reconcile.TotalMismatch: {
			{name: "the documents differ", precoro: one, changes: []change{totals("100", "99.99")}, want: "exception total_mismatch"},
			{name: "the documents differ, and nothing would be created", precoro: one, erp: half, changes: []change{totals("100", "99.99")}, want: "nothing"},
			{name: "the documents are equal", precoro: one, changes: []change{totals("99.99", "99.99")}, want: created("1", "40.00")},
		},
		reconcile.Overpaid: {
			{
				name: "one side holds more than the total", erp: payments{pay("91", "100.01", "2025-03-14")},
				want: "exception overpaid",
			},
			{name: "one side holds the total", erp: payments{pay("91", "100", "2025-03-14")}, want: "1 before the start"},
			{
				name:    "creating would",
				precoro: payments{pay("1", "60", "2026-03-14")}, erp: payments{pay("91", "40.01", "2026-03-14")},
				want: "exception overpaid",
			},
			{
				name:    "creating would not",
				precoro: payments{pay("1", "60", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")},
				want: created("1", "60.00") + "; create er.91 40.00 EUR of 2026-03-14 in Precoro and tag 91 back",
			},
			{
				name:    "creating would, in the direction that is not taken",
				precoro: payments{pay("1", "60", "2026-03-14")}, erp: payments{pay("91", "40.01", "2025-03-14")}, changes: []change{direction(reconcile.ToPrecoro)},
				want: "1 before the start; 1 in the other direction",
			},
		},
		reconcile.PossibleDuplicate: {
			{name: "equal, but too far apart", precoro: one, erp: payments{pay("91", "40", "2026-03-22")}, want: "exception possible_duplicate"},
			{
				name: "far apart, but not equal", precoro: one, erp: payments{pay("91", "40.01", "2026-03-22")},
				want: created("1", "40.00") + "; create er.91 40.01 EUR of 2026-03-22 in Precoro and tag 91 back",
			},
		},
		reconcile.DuplicatePayment: {
			{
				name: "two with one key", precoro: one, erp: append(payments{pay("92", "40", "2026-03-14", tagged("pr.1"))}, half...),
				want: "exception duplicate_payment",
			},
			{
				name: "two with one key that names nothing here", erp: payments{pay("91", "40", "2026-03-14", tagged("pr.5")), pay("92", "40", "2026-03-14", tagged("pr.5"))},
				want: "exception duplicate_payment",
			},
			{
				name: "two with one key in Precoro", precoro: payments{pay("1", "40", "2026-03-14", tagged("er.91")), pay("2", "40", "2026-03-14", tagged("er.91"))},
				erp: payments{pay("91", "40", "2026-03-14")}, want: "exception duplicate_payment",
			},
			{
				name: "one names another than it is named by", precoro: payments{pay("1", "40", "2026-03-14", tagged("er.92"))},
				erp: append(payments{pay("92", "40", "2026-03-14")}, half...), want: "exception duplicate_payment",
			},
			{
				name: "two, one of them cancelled", precoro: one, erp: append(payments{pay("92", "40", "2026-03-14", tagged("pr.1"), cancelled)}, half...),
				want: "nothing",
			},
		},
		reconcile.AmountMismatch: {
			{name: "a pair with different amounts", precoro: payments{pay("1", "40.01", "2026-03-14")}, erp: half, want: "exception amount_mismatch"},
			{name: "a pair with equal amounts", precoro: one, erp: half, want: "nothing"},
		},
		reconcile.Reversed: {
			{name: "the ERP's half was cancelled", precoro: one, erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"), cancelled)}, want: "exception reversed"},
			{name: "Precoro's half was cancelled", precoro: payments{pay("1", "40", "2026-03-14", cancelled)}, erp: half, want: "exception reversed"},
			{name: "Precoro's half is gone", erp: half, want: "exception reversed"},
			{name: "the ERP's half is gone", precoro: payments{pay("1", "40", "2026-03-14", tagged("er.91"))}, want: "exception reversed"},
			{
				name:    "the ERP's untagged half was cancelled",
				precoro: payments{pay("1", "40", "2026-03-14", tagged("er.91"))}, erp: payments{pay("91", "40", "2026-03-14", cancelled)},
				want: "exception reversed",
			},
			{
				name:    "a half that a foreign tag names was cancelled",
				precoro: payments{pay("1", "40", "2026-03-14", tagged("91"))}, erp: payments{pay("91", "40", "2026-03-14", cancelled)},
				want: "exception reversed",
			},
			{
				name: "both halves were cancelled", precoro: payments{pay("1", "40", "2026-03-14", cancelled)},
				erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"), cancelled)}, want: "nothing",
			},
			{name: "both halves are gone", precoro: payments{pay("2", "30", "2026-03-14")}, want: created("2", "30.00")},
			{
				name: "cancelled and untagged, it was half of nothing", precoro: one, erp: payments{pay("91", "40", "2026-03-14", cancelled)},
				want: created("1", "40.00"),
			},
			{name: "a foreign tag that names nothing is no half", erp: payments{pay("91", "40", "2026-03-14", tagged("5"))}, want: "create er.91 40.00 EUR of 2026-03-14 in Precoro"},
		},
		reconcile.ListMismatch: {
			{name: "Precoro's list", precoro: one, changes: []change{func(s *scene) { s.inv.Paid = eur("40.01") }}, want: "exception list_mismatch"},
			{name: "the ERP's list", precoro: one, erp: half, changes: []change{func(s *scene) { s.bill.Paid = eur("39.99") }}, want: "exception list_mismatch"},
			{
				name: "a tolerance is not for lists", precoro: one, changes: []change{tolerance("1"), func(s *scene) { s.inv.Paid = eur("40.01") }},
				want: "exception list_mismatch",
			},
			{
				name: "credits count in the sum", precoro: payments{pay("1", "-5", "2025-03-14", unsupported), pay("2", "40", "2026-03-14")},
				changes: []change{func(s *scene) { s.inv.Paid = eur("35") }}, want: created("2", "40.00") + "; 1 before the start",
			},
			{
				name: "cancelled ones do not", precoro: payments{pay("1", "5", "2026-03-14", cancelled), pay("2", "40", "2026-03-14")},
				changes: []change{func(s *scene) { s.inv.Paid = eur("45") }}, want: "exception list_mismatch",
			},
		},
		reconcile.UnsupportedPayment: {
			{name: "a credit or a prepayment", precoro: payments{pay("1", "40", "2026-03-14", unsupported)}, want: "exception unsupported_payment"},
			{name: "in the ERP", erp: payments{pay("91", "40", "2026-03-14", unsupported)}, want: "exception unsupported_payment"},
			{name: "it leaves the others alone, too", precoro: payments{pay("1", "30", "2026-03-14"), pay("2", "40", "2026-03-14", unsupported)}, want: "exception unsupported_payment"},
			{name: "below zero", precoro: payments{pay("1", "-40", "2026-03-14")}, want: "exception unsupported_payment"},
			{name: "nothing", precoro: payments{pay("1", "0", "2026-03-14")}, want: "exception unsupported_payment"},
			{name: "the smallest that is something", precoro: payments{pay("1", "0.01", "2026-03-14")}, want: created("1", "0.01")},
			{name: "cancelled", precoro: payments{pay("1", "40", "2026-03-14", unsupported, cancelled)}, want: "nothing"},
			{
				name: "somebody has paired it", precoro: payments{pay("1", "40", "2026-03-14", unsupported)}, erp: payments{pay("91", "40", "2026-03-14", tagged("1"))},
				want: "nothing",
			},
		},
		reconcile.NotConfirmed: {
			{name: "the bill is a draft", precoro: one, changes: []change{draft}, want: "exception not_confirmed"},
			{name: "for a payment in Precoro as well", erp: payments{pay("91", "40", "2026-03-14")}, changes: []change{draft}, want: "exception not_confirmed"},
			{name: "a draft, and nothing would be created", precoro: one, erp: half, changes: []change{draft}, want: "nothing"},
		},
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			tell(t, tales)
		})
	}
}

func dollarBill(s *scene) {
	s.bill.Total, s.bill.Paid = of("100", "USD"), of("0", "USD")
}

// crowd is many payments from before the start that add up to 50.00 at most.
func crowd(n int) (list payments) {
	for i := range n {
		list = append(list, pay(fmt.Sprint(i), "0.09", "2025-03-14"))
	}
	return list
}

func TestExceptionComesWithoutWrites(t *testing.T) {
	t.Parallel()
	d := newScene(
		payments{pay("1", "30", "2026-03-14"), pay("2", "5", "2025-03-14"), pay("3", "40", "2026-03-14", unsupported)},
		payments{pay("91", "30", "2026-03-14")},
	).decide()
	require.Equal(t, reconcile.Decision{
		Exception: &reconcile.Exception{Reason: reconcile.UnsupportedPayment, Note: "payment 3 of 40.00 EUR is not a plain payment"},
	}, d)
}

// The first reason that fits, from the top, is the one reported: each flaw is joined to all that come after it.
func TestTheFirstReasonIsReported(t *testing.T) {
	t.Parallel()
	flaws := []struct {
		reason reconcile.Reason
		add    change
	}{
		{reconcile.Unreadable, func(s *scene) { s.erp = append(s.erp, pay("u", "1", "2026-03-14", broken)) }},
		{reconcile.CurrencyMismatch, func(s *scene) { s.erp = append(s.erp, pay("c", "1", "2026-03-14", in("USD"))) }},
		{reconcile.TotalMismatch, func(s *scene) { s.bill.Total = eur("2000") }},
		{reconcile.Overpaid, func(s *scene) {
			s.precoro = append(s.precoro, pay("o", "900", "2026-03-14"))
			s.inv.Paid = sum(s.precoro)
		}},
		{reconcile.PossibleDuplicate, func(s *scene) {
			s.precoro, s.erp = append(s.precoro, pay("d1", "13", "2026-01-14")), append(s.erp, pay("d2", "13", "2026-03-14"))
		}},
		{reconcile.DuplicatePayment, func(s *scene) {
			s.precoro = append(s.precoro, pay("t1", "17", "2026-03-14", tagged("er.t3")), pay("t2", "17", "2026-03-14", tagged("er.t3")))
			s.erp = append(s.erp, pay("t3", "17", "2026-03-14"))
		}},
		{reconcile.AmountMismatch, func(s *scene) {
			s.precoro, s.erp = append(s.precoro, pay("a1", "19", "2026-03-14")), append(s.erp, pay("a2", "18", "2026-03-14", tagged("pr.a1")))
		}},
		{reconcile.Reversed, func(s *scene) { s.erp = append(s.erp, pay("r", "23", "2026-03-14", tagged("pr.gone"))) }},
		{reconcile.ListMismatch, func(s *scene) { s.precoro = append(s.precoro, pay("l", "29", "2025-03-14")) }},
		{reconcile.UnsupportedPayment, func(s *scene) {
			s.precoro = append(s.precoro, pay("n", "31", "2026-03-14", unsupported))
			s.inv.Paid = sum(s.precoro)
		}},
		{reconcile.NotConfirmed, draft},
	}
	reported := map[reconcile.Reason]bool{}
	for i, first := range flaws {
		s := newScene(payments{pay("1", "3", "2026-03-14")}, nil, totals("1000", "1000"))
		for _, flaw := range slices.Backward(flaws[i:]) {
			flaw.add(&s)
		}
		require.Equal(t, "exception "+string(first.reason), told(s.decide()))
		reported[first.reason] = true
	}
	for _, reason := range reconcile.Reasons() {
		switch reason {
		case reconcile.NoBill, reconcile.AmbiguousBill, reconcile.Rejected, reconcile.Unverified:
			require.False(t, reported[reason], "found before the lists are read, or while they are written")
		default:
			require.True(t, reported[reason], reason)
		}
	}
}

func TestReasonsStandInTheirOrder(t *testing.T) {
	t.Parallel()
	want := []reconcile.Reason{
		"unreadable", "no_bill", "ambiguous_bill", "currency_mismatch", "total_mismatch", "overpaid", "possible_duplicate", "duplicate_payment",
		"amount_mismatch", "reversed", "list_mismatch", "unsupported_payment", "not_confirmed", "rejected", "unverified",
	}
	require.Equal(t, want, reconcile.Reasons())
	reconcile.Reasons()[0] = "spoilt"
	require.Equal(t, want, reconcile.Reasons(), "a caller gets a copy")
}

func TestOfEqualReasonsTheOrderOfTheListsDoesNotChoose(t *testing.T) {
	t.Parallel()
	first, second := pay("1", "40", "2026-03-14", broken), pay("2", "40", "2026-03-14", broken)
	dollars := pay("0", "40", "2026-03-14", in("USD"))
	want := newScene(payments{first, second, dollars}, nil).decide()
	require.Equal(t, "exception unreadable", told(want))
	for _, list := range []payments{{second, first, dollars}, {dollars, second, first}, {dollars, first, second}} {
		require.Equal(t, want, newScene(list, nil).decide())
	}
}

func TestNotesBoundForeignText(t *testing.T) {
	t.Parallel()
	id := "\n\x1b[31m" + string(make([]byte, 100_000))
	d := newScene(payments{pay(id, "40", "2026-03-14")}, nil).decide()
	require.Equal(t, reconcile.Unreadable, d.Exception.Reason)
	require.Less(t, len(d.Exception.Note), 400)
	require.NotContains(t, d.Exception.Note, "\n")
}
