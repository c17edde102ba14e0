package reconcile_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
)

var (
	bothSides   = reconcile.Linking{Sides: []string{reconcile.LinkERP, reconcile.LinkPrecoro}, PrecoroKey: "id"}
	otherFirst  = reconcile.Linking{Sides: []string{reconcile.LinkPrecoro, reconcile.LinkERP}, PrecoroKey: "id"}
	erpOnly     = reconcile.Linking{Sides: []string{reconcile.LinkERP}, PrecoroKey: "id"}
	precoroOnly = reconcile.Linking{Sides: []string{reconcile.LinkPrecoro}, PrecoroKey: "id"}
	byNumber    = reconcile.Linking{Sides: []string{reconcile.LinkERP}, PrecoroKey: reconcile.PrecoroKeyIDN}
)

// The invoice has the id 7 and the number 1042. Bills are written as id and, after a colon, the invoice they say they are for.
func TestLinking(t *testing.T) {
	t.Parallel()
	const ambiguous = "ambiguous_bill"
	for _, c := range []struct {
		name    string
		linking reconcile.Linking
		names   string // the bill that the invoice names
		bills   []string
		want    string
	}{
		{"no bill at all", bothSides, "", nil, ""},
		{"a bill of another invoice", bothSides, "", []string{"b1:8"}, ""},
		{"a bill of no invoice", bothSides, "", []string{"b1:"}, ""},
		{"the bill carries the invoice", bothSides, "", []string{"b1:7", "b2:8"}, "b1"},
		{"the invoice names the bill", bothSides, "b1", []string{"b1:", "b2:"}, "b1"},
		{"both agree", bothSides, "b1", []string{"b1:7"}, "b1"},
		{"in either order", otherFirst, "b1", []string{"b1:7"}, "b1"},
		{"both disagree", bothSides, "b2", []string{"b1:7", "b2:"}, ambiguous},
		{"both disagree, in the other order", otherFirst, "b2", []string{"b1:7", "b2:"}, ambiguous},
		{"the bill that is named is another invoice's", bothSides, "b1", []string{"b1:8"}, ambiguous},
		{"the bill that is named is not there, another carries the invoice", bothSides, "b9", []string{"b1:7"}, ambiguous},
		{"the bill that is named is not there", bothSides, "b9", []string{"b1:8"}, ""},
		{"two carry the invoice", bothSides, "", []string{"b1:7", "b2:7"}, ambiguous},
		{"two carry the invoice, one of them is named", bothSides, "b1", []string{"b1:7", "b2:7"}, ambiguous},
		{"two carry the invoice, and only Precoro is trusted", precoroOnly, "b1", []string{"b1:7", "b2:7"}, "b1"},
		{"only Precoro is trusted, and names nothing", precoroOnly, "", []string{"b1:7"}, ""},
		{"only Precoro is trusted, whatever the bill carries", precoroOnly, "b1", []string{"b1:8"}, "b1"},
		{"only the ERP is trusted, whatever the invoice names", erpOnly, "b2", []string{"b1:7", "b2:8"}, "b1"},
		{"only the ERP is trusted, and carries nothing", erpOnly, "b1", []string{"b1:"}, ""},
		{"by number", byNumber, "", []string{"b1:7", "b2:1042"}, "b2"},
		{"not by number", erpOnly, "", []string{"b2:1042"}, ""},
		{"the same bill from two answers is one", bothSides, "", []string{"b1:7", "b1:7"}, "b1"},
		{"what a bill said before does not count", bothSides, "", []string{"b1:7", "b1:8"}, ""},
		{"what it says now does", bothSides, "", []string{"b1:8", "b1:7"}, "b1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bills := reconcile.NewBills()
			for _, text := range c.bills {
				bills.Add(reconcile.Bill{ID: text[:2], Link: text[3:]})
			}
			got, exception := c.linking.Link(reconcile.Invoice{ID: 7, IDN: 1042, ExternalID: c.names}, bills)
			switch c.want {
			case ambiguous:
				require.Nil(t, got)
				require.NotNil(t, exception)
				require.Equal(t, reconcile.AmbiguousBill, exception.Reason)
				require.NotEmpty(t, exception.Note)
			case "":
				require.Nil(t, got)
				require.Nil(t, exception)
			default:
				require.Nil(t, exception)
				require.NotNil(t, got)
				require.Equal(t, c.want, got.ID)
			}
		})
	}
}

func TestLinkKey(t *testing.T) {
	t.Parallel()
	inv := reconcile.Invoice{ID: 7, IDN: 1042}
	require.Equal(t, "7", bothSides.Key(inv))
	require.Equal(t, "1042", byNumber.Key(inv))
}

func TestAmbiguousBillsAreNamedInOneOrder(t *testing.T) {
	t.Parallel()
	var found []reconcile.Bill
	for i := range 9 {
		found = append(found, reconcile.Bill{ID: fmt.Sprint("b", i), Link: "7"})
	}
	turned := slices.Clone(found)
	slices.Reverse(turned)
	for _, order := range [][]reconcile.Bill{found, turned} {
		bills := reconcile.NewBills()
		bills.Add(order...)
		_, exception := bothSides.Link(reconcile.Invoice{ID: 7}, bills)
		require.Equal(t, &reconcile.Exception{Reason: reconcile.AmbiguousBill, Note: "9 bills carry 7: [b0 b1 b2 b3 b4] and 4 more"}, exception)
	}
}

func TestFoundBillIsACopy(t *testing.T) {
	t.Parallel()
	bills := reconcile.NewBills()
	bills.Add(reconcile.Bill{ID: "b1", Link: "7", Version: "1"})
	got, _ := bothSides.Link(reconcile.Invoice{ID: 7}, bills)
	got.Version = "2"
	again, _ := bothSides.Link(reconcile.Invoice{ID: 7}, bills)
	require.Equal(t, "1", again.Version)
}
