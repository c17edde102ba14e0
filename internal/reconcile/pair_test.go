package reconcile_test

import (
	"fmt"
	"testing"

	"payrecon/internal/money"
)

func TestPairsByKey(t *testing.T) {
	t.Parallel()
	tell(t, []tale{
		{
			name:    "the ERP's names Precoro's, whatever the dates",
			precoro: payments{pay("1", "40", "2026-01-02")}, erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"))},
			want: "nothing",
		},
		{
			name:    "Precoro's names the ERP's",
			precoro: payments{pay("1", "40", "2026-01-02", tagged("er.91"))}, erp: payments{pay("91", "40", "2026-03-14")}, changes: []change{holdsNoTag},
			want: "nothing",
		},
		{
			name:    "each names the other",
			precoro: payments{pay("1", "40", "2026-03-14", tagged("er.91"))}, erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"))},
			want: "nothing",
		},
		{
			name:    "before any pair by amount",
			precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "40", "2026-03-18")},
			erp:     payments{pay("91", "40", "2026-03-14", tagged("pr.2")), pay("92", "40", "2026-03-18")},
			want:    "tag 92 with pr.1 in ERP",
		},
		{
			name:    "the same id on both sides says nothing",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("1", "50", "2026-03-14")},
			want: "create pr.1 40.00 EUR of 2026-03-14 in ERP; create er.1 50.00 EUR of 2026-03-14 in Precoro and tag 1 back",
		},
		{
			name:    "the other side's prefix is none of ours",
			precoro: payments{pay("1", "40", "2026-03-14", tagged("pr.91"))}, erp: payments{pay("91", "40", "2026-03-14", tagged("er.1"))},
			want: "exception possible_duplicate",
		},
		{
			name:    "a part of an id is another id",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14", tagged("pr.11"))},
			want: "exception possible_duplicate",
		},
	})
}

// A tag we did not write is tried as the other side's native id, and is never overwritten.
func TestForeignTags(t *testing.T) {
	t.Parallel()
	tell(t, []tale{
		{
			name:    "in the ERP, Precoro's id",
			precoro: payments{pay("1", "40", "2026-01-02")}, erp: payments{pay("91", "40", "2026-03-14", tagged("1"))},
			want: "nothing",
		},
		{
			name:    "in Precoro, the ERP's id: the ERP's half is free to be tagged",
			precoro: payments{pay("1", "40", "2026-01-02", tagged("91"))}, erp: payments{pay("91", "40", "2026-03-14")},
			want: "tag 91 with pr.1 in ERP",
		},
		{
			name:    "in Precoro, the ERP's id, and the ERP holds no tag",
			precoro: payments{pay("1", "40", "2026-01-02", tagged("91"))}, erp: payments{pay("91", "40", "2026-03-14")}, changes: []change{holdsNoTag},
			want: "nothing",
		},
		{
			name:    "ours is not overwritten either, where the id makes no key for the ERP",
			precoro: payments{pay("p/1", "40", "2026-01-02", tagged("er.91"))}, erp: payments{pay("91", "40", "2026-03-14")},
			want: "nothing",
		},
		{
			name:    "with another amount",
			precoro: payments{pay("1", "40", "2026-01-02", tagged("91"))}, erp: payments{pay("91", "50", "2026-03-14")},
			want: "exception amount_mismatch",
		},
		{
			name:    "two name the same",
			precoro: payments{pay("1", "40", "2026-01-02", tagged("91")), pay("2", "40", "2026-01-02", tagged("91"))}, erp: payments{pay("91", "40", "2026-03-14")},
			want: "exception duplicate_payment",
		},
		{
			name:    "two alike that name nothing here are two payments",
			precoro: payments{pay("1", "40", "2026-03-14", tagged("bank")), pay("2", "40", "2026-03-14", tagged("bank"))},
			want:    "create pr.1 40.00 EUR of 2026-03-14 in ERP; create pr.2 40.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "what is tagged is not adopted",
			precoro: payments{pay("1", "40", "2026-03-14", tagged("bank"))}, erp: payments{pay("91", "40", "2026-03-14")},
			want: "exception possible_duplicate",
		},
	})
}

func TestAdoption(t *testing.T) {
	t.Parallel()
	tell(t, []tale{
		{
			name:    "on the ERP's side where it can",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")},
			want: "tag 91 with pr.1 in ERP",
		},
		{
			name:    "else in Precoro",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")}, changes: []change{holdsNoTag},
			want: "tag 1 with er.91 in Precoro",
		},
		{
			name:    "the last day of the window",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-21")},
			want: "tag 91 with pr.1 in ERP",
		},
		{
			name:    "the window opens both ways",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-07")},
			want: "tag 91 with pr.1 in ERP",
		},
		{
			name:    "the day after",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-22")},
			want: "exception possible_duplicate",
		},
		{
			name:    "a window of no days is the day itself",
			precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "30", "2026-03-14")},
			erp:     payments{pay("91", "40", "2026-03-14")}, changes: []change{func(s *scene) { s.policy.AdoptDays = 0 }},
			want: "tag 91 with pr.1 in ERP; create pr.2 30.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "the nearest date first",
			precoro: payments{pay("1", "40", "2026-03-10"), pay("2", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-13")},
			want: "tag 91 with pr.2 in ERP; create pr.1 40.00 EUR of 2026-03-10 in ERP",
		},
		{
			name:    "as multisets: two equal ones on a day, and one of them here",
			precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")},
			want: "tag 91 with pr.1 in ERP; create pr.2 40.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "as multisets: two equal ones on a day, on both sides",
			precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "40", "2026-03-14")},
			erp:     payments{pay("91", "40", "2026-03-14"), pay("92", "40", "2026-03-14")},
			want:    "tag 91 with pr.1 in ERP; tag 92 with pr.2 in ERP",
		},
		{
			name:    "each by its own date",
			precoro: payments{pay("1", "40", "2026-03-10"), pay("2", "40", "2026-03-14")},
			erp:     payments{pay("91", "40", "2026-03-14"), pay("92", "40", "2026-03-11")},
			want:    "tag 91 with pr.2 in ERP; tag 92 with pr.1 in ERP",
		},
		{
			name:    "not what is cancelled",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14", cancelled)},
			want: "create pr.1 40.00 EUR of 2026-03-14 in ERP",
		},
		{
			name:    "not what is no plain payment",
			precoro: payments{pay("1", "40", "2026-03-14", unsupported)}, erp: payments{pay("91", "40", "2026-03-14")},
			want: "exception possible_duplicate",
		},
		{
			name:    "not what is below zero",
			precoro: payments{pay("1", "-5", "2026-03-14"), pay("2", "40", "2026-03-14")},
			erp:     payments{pay("91", "-5", "2026-03-14"), pay("92", "40", "2026-03-14")},
			want:    "exception possible_duplicate",
		},
		{
			name:    "onto a draft: nothing is written to that",
			precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")}, changes: []change{draft, totals("100", "90")},
			want: "tag 1 with er.91 in Precoro",
		},
		{
			name:    "in Precoro, where the id makes no key for the ERP",
			precoro: payments{pay("p/1", "40", "2026-03-14")}, erp: payments{pay("91", "40", "2026-03-14")},
			want: "tag p/1 with er.91 in Precoro",
		},
	})
}

// If some of one side's leftovers sum to some of the other's, nobody can say that they are not the same.
func TestLeftoversThatCouldBeTheSame(t *testing.T) {
	t.Parallel()
	of := func(side string, amounts ...string) (list payments) {
		day := map[string]money.Date{"p": "2026-01-14", "e": "2026-03-14"}[side]
		for i, amount := range amounts {
			list = append(list, pay(fmt.Sprint(side, i), amount, day))
		}
		return list
	}
	large := []change{totals("5000", "5000")}
	const same = "exception possible_duplicate"
	tell(t, []tale{
		{name: "one to one", precoro: of("p", "40"), erp: of("e", "40"), want: same},
		{name: "one to two", precoro: of("p", "40"), erp: of("e", "15", "25"), want: same},
		{name: "two to one", precoro: of("p", "15", "25"), erp: of("e", "40"), want: same},
		{name: "two to two", precoro: of("p", "15", "25"), erp: of("e", "10", "30"), want: same},
		{name: "some of them", precoro: of("p", "15", "25", "7"), erp: of("e", "40", "9"), want: same},
		{
			name: "none", precoro: of("p", "15"), erp: of("e", "40"),
			want: "create pr.p0 15.00 EUR of 2026-01-14 in ERP; create er.e0 40.00 EUR of 2026-03-14 in Precoro and tag e0 back",
		},
		{
			name: "only one side has any", precoro: of("p", "15", "15"),
			want: "create pr.p0 15.00 EUR of 2026-01-14 in ERP; create pr.p1 15.00 EUR of 2026-01-14 in ERP",
		},
		{
			name:    "ten are told apart",
			precoro: of("p", "1", "2", "4", "8", "16"), erp: of("e", "100", "200", "300", "400", "500"), changes: large,
			want: "create pr.p0 1.00 EUR of 2026-01-14 in ERP; create pr.p1 2.00 EUR of 2026-01-14 in ERP; create pr.p2 4.00 EUR of 2026-01-14 in ERP; " +
				"create pr.p3 8.00 EUR of 2026-01-14 in ERP; create pr.p4 16.00 EUR of 2026-01-14 in ERP; " +
				"create er.e0 100.00 EUR of 2026-03-14 in Precoro and tag e0 back; create er.e1 200.00 EUR of 2026-03-14 in Precoro and tag e1 back; " +
				"create er.e2 300.00 EUR of 2026-03-14 in Precoro and tag e2 back; create er.e3 400.00 EUR of 2026-03-14 in Precoro and tag e3 back; " +
				"create er.e4 500.00 EUR of 2026-03-14 in Precoro and tag e4 back",
		},
		{
			name:    "the ten of which all of one side are one of the other",
			precoro: of("p", "1", "2", "4", "8", "16", "32", "64", "128", "256"), erp: of("e", "511"), changes: large,
			want: same,
		},
		{
			name:    "more than ten count as yes",
			precoro: of("p", "1", "2", "4", "8", "16"), erp: of("e", "100", "200", "300", "400", "500", "600"), changes: large,
			want: same,
		},
		{
			name:    "what is paired is left out",
			precoro: append(of("p", "15"), pay("1", "40", "2026-03-14")), erp: payments{pay("91", "40", "2026-03-14", tagged("pr.1"))},
			want: "create pr.p0 15.00 EUR of 2026-01-14 in ERP",
		},
		{
			name: "so is what is cancelled", precoro: of("p", "15"), erp: payments{pay("91", "15", "2026-03-14", cancelled)},
			want: "create pr.p0 15.00 EUR of 2026-01-14 in ERP",
		},
	})
}

func TestMoreThanTenLeftoversOnOneSideAreMissing(t *testing.T) {
	t.Parallel()
	var many payments
	want := ""
	for i := range 50 {
		many = append(many, pay(fmt.Sprintf("p%02d", i), "2", "2026-03-14"))
		want += fmt.Sprintf("; create pr.p%02d 2.00 EUR of 2026-03-14 in ERP", i)
	}
	tell(t, []tale{{name: "fifty", precoro: many, want: want[2:]}})
}
