package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
)

func TestMissingPaymentsAreCreated(t *testing.T) {
	t.Parallel()
	tell(t, []tale{
		{name: "nothing is paid", want: "nothing"},
		{
			name:    "only Precoro has it",
			precoro: payments{pay("5512", "100", "2026-03-14")},
			want:    "create pr.5512 100.00 EUR of 2026-03-14 in ERP",
		},
		{
			name: "only the ERP has it",
			erp:  payments{pay("91", "100", "2026-03-14")},
			want: "create er.91 100.00 EUR of 2026-03-14 in Precoro and tag 91 back",
		},
		{
			name:    "each side has one of its own",
			precoro: payments{pay("5512", "30", "2026-03-14")},
			erp:     payments{pay("91", "70", "2026-03-14")},
			want: "create pr.5512 30.00 EUR of 2026-03-14 in ERP; " +
				"create er.91 70.00 EUR of 2026-03-14 in Precoro and tag 91 back",
		},
		{
			name:    "partial payments, the oldest first",
			precoro: payments{pay("3", "20", "2026-03-16"), pay("2", "20", "2026-03-15"), pay("1", "20", "2026-03-15")},
			want: "create pr.1 20.00 EUR of 2026-03-15 in ERP; create pr.2 20.00 EUR of 2026-03-15 in ERP; " +
				"create pr.3 20.00 EUR of 2026-03-16 in ERP",
		},
		{
			name:    "two equal ones on a day, one of them known",
			precoro: payments{pay("1", "50", "2026-03-14"), pay("2", "50", "2026-03-14")},
			erp:     payments{pay("91", "50", "2026-03-14", tagged("pr.1"))},
			want:    "create pr.2 50.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "what is cancelled is not missing",
			precoro: payments{pay("1", "50", "2026-03-14", cancelled)},
			erp:     payments{pay("91", "40", "2026-03-14", cancelled)},
			want:    "nothing",
		},
		{
			name:    "a tag of somebody else's that names nothing",
			precoro: payments{pay("1", "50", "2026-03-14", tagged("bank 4711"))},
			want:    "create pr.1 50.00 EUR of 2026-03-14 in ERP",
		},
		{
			name: "somebody else's tag in the ERP is not overwritten",
			erp:  payments{pay("91", "50", "2026-03-14", tagged("bank 4711"))},
			want: "create er.91 50.00 EUR of 2026-03-14 in Precoro",
		},
	})
}

func TestWriteNamesWhatItIsMadeOf(t *testing.T) {
	t.Parallel()
	d := newScene(
		payments{pay("1", "30", "2026-03-10", known("501")), pay("2", "20", "2026-03-14")},
		payments{pay("91", "30", "2026-03-11", known("r91")), pay("92", "50", "2026-03-15")},
	).decide()
	require.Equal(t, reconcile.Decision{Writes: []reconcile.Write{
		{Adopt: true, Direction: reconcile.ToERP, Key: "pr.1", Amount: eur("30"), Date: "2026-03-11", Source: "1", Target: "91", Ref: "r91"},
		{Direction: reconcile.ToERP, Key: "pr.2", Amount: eur("20"), Date: "2026-03-14", Source: "2"},
		{Direction: reconcile.ToPrecoro, Key: "er.92", Amount: eur("50"), Date: "2026-03-15", Source: "92", TagBack: true},
	}}, d)
}

// After a payment is created in Precoro the ERP's half is tagged, so that a half that vanishes is noticed.
func TestTagBack(t *testing.T) {
	t.Parallel()
	erp := payments{pay("91", "100", "2026-03-14")}
	tell(t, []tale{
		{name: "where the ERP can hold a tag", erp: erp, want: "create er.91 100.00 EUR of 2026-03-14 in Precoro and tag 91 back"},
		{name: "not where it cannot", erp: erp, changes: []change{holdsNoTag}, want: "create er.91 100.00 EUR of 2026-03-14 in Precoro"},
		{
			name: "not where the direction forbids it", erp: erp, changes: []change{direction(reconcile.ToPrecoro)},
			want: "create er.91 100.00 EUR of 2026-03-14 in Precoro",
		},
		{
			name:    "later, where it was not done in time",
			precoro: payments{pay("1", "100", "2026-03-14", tagged("er.91"))}, erp: erp,
			want: "tag 91 with pr.1 in ERP",
		},
		{
			name:    "but not over a tag of somebody else's",
			precoro: payments{pay("1", "100", "2026-03-14", tagged("er.91"))},
			erp:     payments{pay("91", "100", "2026-03-14", tagged("bank 4711"))},
			want:    "nothing",
		},
		{
			name:    "nor upon a payment from before the start",
			precoro: payments{pay("1", "100", "2026-03-14", tagged("er.91"))},
			erp:     payments{pay("91", "100", "2025-12-31")},
			want:    "nothing",
		},
		{
			name:    "the ERP's tag suffices",
			precoro: payments{pay("1", "100", "2026-03-14")},
			erp:     payments{pay("91", "100", "2026-03-14", tagged("pr.1"))},
			want:    "nothing",
		},
	})
}

func TestStartDate(t *testing.T) {
	t.Parallel()
	tell(t, []tale{
		{
			name: "the first day takes part", precoro: payments{pay("1", "40", "2026-01-01")},
			want: "create pr.1 40.00 EUR of 2026-01-01 in ERP",
		},
		{name: "the day before does not", precoro: payments{pay("1", "40", "2025-12-31")}, want: "1 before the start"},
		{
			name:    "each is counted, on both sides",
			precoro: payments{pay("1", "10", "2025-12-31"), pay("2", "20", "2025-12-30"), pay("3", "40", "2026-01-02")},
			erp:     payments{pay("91", "11", "2025-12-31")},
			want:    "create pr.3 40.00 EUR of 2026-01-02 in ERP; 3 before the start",
		},
		{
			name:    "a pair from before is a pair, and is not tagged",
			precoro: payments{pay("1", "40", "2025-12-31")}, erp: payments{pay("91", "40", "2026-01-02")},
			want: "nothing",
		},
		{
			name: "what is no plain payment does not matter then", precoro: payments{pay("1", "40", "2025-12-31", unsupported)},
			want: "1 before the start",
		},
		{
			name: "nor do the documents", precoro: payments{pay("1", "40", "2025-12-31")}, changes: []change{draft, totals("100", "90")},
			want: "1 before the start",
		},
		{
			name: "it comes before the direction", precoro: payments{pay("1", "40", "2025-12-31")}, changes: []change{direction(reconcile.ToPrecoro)},
			want: "1 before the start",
		},
	})
}

func TestDirection(t *testing.T) {
	t.Parallel()
	precoro, erp := payments{pay("5512", "30", "2026-03-14")}, payments{pay("91", "70", "2026-03-14")}
	tell(t, []tale{
		{
			name: "to the ERP only", precoro: precoro, erp: erp, changes: []change{direction(reconcile.ToERP)},
			want: "create pr.5512 30.00 EUR of 2026-03-14 in ERP; 1 in the other direction",
		},
		{
			name: "to Precoro only", precoro: precoro, erp: erp, changes: []change{direction(reconcile.ToPrecoro)},
			want: "create er.91 70.00 EUR of 2026-03-14 in Precoro; 1 in the other direction",
		},
		{
			name:    "adoption in Precoro, because the ERP may not be written to",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")},
			changes: []change{direction(reconcile.ToPrecoro)},
			want:    "tag 1 with er.91 in Precoro",
		},
		{
			name:    "no adoption in Precoro, if only the ERP may be written to and holds no tag",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")},
			changes: []change{direction(reconcile.ToERP), holdsNoTag},
			want:    "nothing",
		},
		{
			name: "a draft is no hindrance where nothing would be created", precoro: precoro, changes: []change{draft, direction(reconcile.ToPrecoro)},
			want: "1 in the other direction",
		},
	})
}

func TestDirectionAllows(t *testing.T) {
	t.Parallel()
	for d, want := range map[reconcile.Direction][2]bool{
		reconcile.Both: {true, true}, reconcile.ToERP: {true, false}, reconcile.ToPrecoro: {false, true}, "": {false, false},
	} {
		require.Equal(t, want, [2]bool{d.Allows(reconcile.ToERP), d.Allows(reconcile.ToPrecoro)}, d)
	}
}

// The tolerance makes totals and pairs equal, never a write larger.
func TestTolerance(t *testing.T) {
	t.Parallel()
	cent := []change{tolerance("0.01")}
	tell(t, []tale{
		{
			name:    "a pair by key",
			precoro: payments{pay("1", "40.01", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"))}, changes: cent,
			want: "nothing",
		},
		{
			name:    "a pair by key, further apart",
			precoro: payments{pay("1", "40.02", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"))}, changes: cent,
			want: "exception amount_mismatch",
		},
		{
			name:    "an adopted pair",
			precoro: payments{pay("1", "40.01", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")}, changes: cent,
			want: "tag 91 with pr.1 in ERP",
		},
		{
			name:    "the nearest amount first, then the nearest date",
			precoro: payments{pay("1", "40", "2026-03-14")},
			erp:     payments{pay("91", "40.01", "2026-03-14"), pay("92", "40", "2026-03-18")}, changes: cent,
			want: "tag 92 with pr.1 in ERP; create er.91 40.01 EUR of 2026-03-14 in Precoro and tag 91 back",
		},
		{
			name:    "sums of leftovers",
			precoro: payments{pay("1", "30", "2026-01-14"), pay("2", "20.01", "2026-01-14")}, erp: payments{pay("91", "50", "2026-03-14")}, changes: cent,
			want: "exception possible_duplicate",
		},
		{
			name:    "sums of leftovers, further apart",
			precoro: payments{pay("1", "30", "2026-01-14"), pay("2", "20.02", "2026-01-14")}, erp: payments{pay("91", "50", "2026-03-14")},
			changes: []change{tolerance("0.01"), totals("200", "200")},
			want: "create pr.1 30.00 EUR of 2026-01-14 in ERP; create pr.2 20.02 EUR of 2026-01-14 in ERP; " +
				"create er.91 50.00 EUR of 2026-03-14 in Precoro and tag 91 back",
		},
		{
			name:    "the totals of the documents",
			precoro: payments{pay("1", "40", "2026-03-14")}, changes: []change{tolerance("0.01"), totals("100.01", "100")},
			want: "create pr.1 40.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "the totals of the documents, further apart",
			precoro: payments{pay("1", "40", "2026-03-14")}, changes: []change{tolerance("0.01"), totals("100.02", "100")},
			want: "exception total_mismatch",
		},
		{
			name:    "a write is cut to what is open",
			precoro: payments{pay("1", "60", "2026-03-14"), pay("2", "40.01", "2026-03-15")}, changes: []change{tolerance("0.01"), totals("100.01", "100")},
			want: "create pr.1 60.00 EUR of 2026-03-14 in ERP; create pr.2 40.00 EUR of 2026-03-15 in ERP",
		},
		{
			name: "in Precoro, too",
			erp:  payments{pay("91", "100.01", "2026-03-14")}, changes: []change{tolerance("0.01"), totals("100", "100.01")},
			want: "create er.91 100.00 EUR of 2026-03-14 in Precoro and tag 91 back",
		},
		{
			name:    "what was cut is equal from then on",
			precoro: payments{pay("1", "100.01", "2026-03-14")}, erp: payments{pay("91", "100", "2026-03-14", tagged("pr.1"))},
			changes: []change{tolerance("0.01"), totals("100.01", "100")},
			want:    "nothing",
		},
		{
			name: "a write is not made larger",
			erp:  payments{pay("91", "100", "2026-03-14")}, changes: []change{tolerance("0.01"), totals("100.01", "100")},
			want: "create er.91 100.00 EUR of 2026-03-14 in Precoro and tag 91 back",
		},
		{
			name:    "a write is not cut to nothing",
			precoro: payments{pay("1", "100", "2026-03-14"), pay("2", "0.50", "2026-03-15")}, changes: []change{tolerance("1"), totals("100.50", "100")},
			want: "exception overpaid",
		},
		{
			name:    "one document holds more than its total, but not too much",
			precoro: payments{pay("1", "100.01", "2026-03-14")}, erp: payments{pay("91", "100", "2026-03-14", tagged("pr.1"))}, changes: cent,
			want: "nothing",
		},
		{
			name:    "a tolerance in another currency is none",
			precoro: payments{pay("1", "40.01", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"))},
			changes: []change{func(s *scene) { s.policy.Tolerance = reconcile.Tolerance{"USD": of("1", "USD"), "EUR": of("1", "USD")} }},
			want:    "exception amount_mismatch",
		},
	})
}

func TestACutIsExplained(t *testing.T) {
	t.Parallel()
	d := newScene(payments{pay("1", "100.01", "2026-03-14")}, nil, tolerance("0.05"), totals("100.01", "100")).decide()
	require.Len(t, d.Writes, 1)
	require.Equal(t, "100.01 EUR cut by 0.01 EUR to what is open", d.Writes[0].Note)
}
