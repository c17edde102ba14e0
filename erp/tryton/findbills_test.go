package tryton_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
)

func TestAllLinksAreOneSearch(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	adapter := d.adapter(t)
	_, err := adapter.FindBills(t.Context(), []erp.Link{
		{Invoice: "1042"},
		{Bill: "20"},
		{Invoice: "x' OR 1=1"},
		{Bill: "020"},
		{Bill: "-1"},
		{Bill: "2147483648"},
		{Bill: "twenty"},
		{Invoice: "a\x00b"},
		{Invoice: "\xff"},
		{Invoice: strings.Repeat("9", 256)},
	})
	require.NoError(t, err)
	searches := d.of("model.account.invoice.search_read")
	require.Len(t, searches, 1)
	domain, _ := searches[0].Params[0].(list)
	require.Equal(t, list{"type", "=", "in"}, domain[0])
	require.Equal(t, list{"company", "=", 1.0}, domain[1])
	require.Equal(t, list{"state", "in", list{"draft", "validated", "posted", "paid"}}, domain[2], "a cancelled one is no bill")
	require.Equal(t, list{"OR", list{"reference", "in", list{"1042", "x' OR 1=1"}}, list{"id", "in", list{20.0}}}, domain[3])

	d.forget()
	found, err := adapter.FindBills(t.Context(), []erp.Link{{Bill: "twenty"}, {Invoice: "a\x00b"}})
	require.NoError(t, err)
	require.Empty(t, found.Bills)
	require.Empty(t, d.methods(), "nothing can be called so")
}

func TestALinkIsOneOfTheTwo(t *testing.T) {
	t.Parallel()
	adapter := newDouble(t).adapter(t)
	for _, links := range [][]erp.Link{{{}}, {{Invoice: "1", Bill: "2"}}, make([]erp.Link, 501)} {
		_, err := adapter.FindBills(t.Context(), links)
		requireA[erp.Refused](t, err)
	}
}

func TestTheLinkStandsInTheConfiguredField(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.answer = answering("model.account.invoice.fields_get", reply{result: object{"precoro_invoice": object{"type": "char", "searchable": true}}})
	d.hold(invoice(object{"precoro_invoice": "77"}), list{line(nil)})
	cfg := config()
	cfg.ExternalIDField = "precoro_invoice"
	found, err := d.adapterAt(t, cfg, at(noon)).FindBills(t.Context(), []erp.Link{{Invoice: "77"}})
	require.NoError(t, err)
	require.Equal(t, "77", found.Bills[0].Link)
}

func TestALinkThatHundredsOfBillsCarryIsRefused(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	bills := make(list, 0, 200)
	for i := range 200 {
		bills = append(bills, invoice(object{"id": i + 1, "move": nil, "total_amount": decimal("1")}))
	}
	d.rows["account.invoice"] = bills
	_, err := d.adapter(t).FindBills(t.Context(), []erp.Link{{Invoice: "1042"}})
	require.Equal(t, "external_id_field", requireA[erp.Refused](t, err).Field)
}

func TestBillsAreReadTogetherEachOnce(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	adapter := d.adapter(t)
	_, err := adapter.ReadBills(t.Context(), []string{"20", "21", "20", "x", "", "99999999999999999999"})
	require.NoError(t, err)
	domain, _ := d.of("model.account.invoice.search_read")[0].Params[0].(list)
	require.Equal(t, list{"id", "in", list{20.0, 21.0}}, domain[3])

	d.forget()
	snapshots, err := adapter.ReadBills(t.Context(), []string{"x"})
	require.NoError(t, err)
	require.Empty(t, snapshots)
	require.Empty(t, d.methods())
	_, err = adapter.ReadBills(t.Context(), make([]string, 51))
	requireA[erp.Refused](t, err)
}
