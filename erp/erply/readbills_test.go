package erply_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erply"
)

// snapshot reads one bill that is there.
func snapshot(t *testing.T, adapter *erply.Adapter, id string) erp.Snapshot {
	t.Helper()
	snapshots, err := adapter.ReadBills(t.Context(), []string{id})
	require.NoError(t, err)
	require.Len(t, snapshots, 1)
	return snapshots[0]
}

func idsOf(snapshots []erp.Snapshot) (ids []string) {
	for _, s := range snapshots {
		ids = append(ids, s.Bill.ID)
	}
	return ids
}

func TestHundredBillsAreOneRequest(t *testing.T) {
	t.Parallel()
	var docs []object
	var ids []string
	for i := range 100 {
		docs = append(docs, linked(1000+i, fmt.Sprint(5000+i)))
		ids = append(ids, strconv.Itoa(1000+i))
	}
	d := newDouble(t, docs...)
	snapshots, err := d.adapter(t).ReadBills(t.Context(), ids)
	require.NoError(t, err)
	require.ElementsMatch(t, ids, idsOf(snapshots))
	require.Len(t, d.bulks(), 1)
	require.Len(t, d.sent("getPurchaseDocuments"), 1)
	require.Equal(t, strings.Join(ids, ","), d.sent("getPurchaseDocuments")[0].Get("ids"))

	_, err = d.adapter(t).ReadBills(t.Context(), append(ids, "1"))
	require.Equal(t, "Refused", kindOf(err))
	require.Len(t, d.bulks(), 1)
}

func TestBillsThatAreNotThereAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, refusing := range []bool{false, true} {
		d := newDouble(t, linked(1, "7001"), linked(3, "7003"), document(object{"id": 4, "type": "PRCORDER"}))
		if refusing {
			d.within = refuseUnknown(d)
		}
		snapshots, err := d.adapter(t).ReadBills(t.Context(), []string{"1", "2", "1", "x", "", "0", "1,3", strings.Repeat("9", 40), "3", "4"})
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"1", "3"}, idsOf(snapshots))
		require.Equal(t, "1,2,3,4", d.sent("getPurchaseDocuments")[0].Get("ids"))

		snapshots, err = d.adapter(t).ReadBills(t.Context(), []string{"2"})
		require.NoError(t, err)
		require.Empty(t, snapshots)
	}
}

func TestNoBillIsNoRequest(t *testing.T) {
	t.Parallel()
	d := newDouble(t, document(nil))
	for _, ids := range [][]string{nil, {"x", ""}} {
		snapshots, err := d.adapter(t).ReadBills(t.Context(), ids)
		require.NoError(t, err)
		require.Empty(t, snapshots)
	}
	require.Zero(t, d.loginCount())
}

func TestReadBillsDoesNotTakeAnotherDocument(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.within = recordsOf(`[{"id":1,"type":"PRCINVOICE"}]`, "500")
	_, err := d.adapter(t).ReadBills(t.Context(), []string{"8842"})
	require.Equal(t, "Refused", kindOf(err), "an ignored filter does not mean that the document is gone")
}

func TestUnreadableBillDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	d := newDouble(t, linked(1, "7001"), document(object{"id": 2, "total": []int{1}}))
	snapshots, err := d.adapter(t).ReadBills(t.Context(), []string{"1", "2"})
	require.NoError(t, err)
	require.Len(t, snapshots, 2)
	for _, s := range snapshots {
		require.Equal(t, s.Bill.ID == "2", s.Bill.Problem != "", s.Bill.ID)
	}
}
