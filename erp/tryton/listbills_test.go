package tryton_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
)

func listed(t *testing.T, a erp.Adapter, query erp.ListQuery) erp.Listed {
	t.Helper()
	part, err := a.ListBills(t.Context(), query)
	require.NoError(t, err)
	return part
}

func TestAllBillsWithALinkAreListedByID(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.rows["account.invoice"] = list{
		invoice(object{"id": 20, "move": nil, "total_amount": decimal("1")}), invoice(object{"id": 23, "move": nil, "total_amount": decimal("1"), "reference": ""}),
	}
	adapter := d.adapter(t)
	adapter.ListInPartsOf(2)
	first := listed(t, adapter, erp.ListQuery{})
	require.Len(t, first.Bills, 1)
	require.Equal(t, erp.Listed{Bills: first.Bills, Next: "1.23", Total: -1, Time: noon}, first)
	search := d.of("model.account.invoice.search_read")[0]
	domain, _ := search.Params[0].(list)
	require.Equal(t, list{list{"reference", "!=", nil}, list{"id", ">", 0.0}}, domain[3:])
	require.Equal(t, list{0.0, 2.0, list{list{"id", "ASC"}}}, search.Params[1:4])

	d.forget()
	adapter.ListInPartsOf(3)
	require.Empty(t, listed(t, adapter, erp.ListQuery{Cursor: first.Next}).Next)
	domain, _ = d.of("model.account.invoice.search_read")[0].Params[0].(list)
	require.Equal(t, list{"id", ">", 23.0}, domain[4])
}

func TestChangesAreThoseOfBillsOfPaymentsAndOfLines(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(object{"reference": nil}), list{line(nil)})
	d.rows["account.move.line"] = list{line(nil)}
	d.rows["account.payment"] = list{payment(object{"line.": object{"id": 40, "move": 30}}), payment(object{"id": 51, "line.": object{"id": 40, "move": 30}})}
	adapter := d.adapter(t)
	since := time.Date(2026, 3, 14, 11, 55, 0, 123456789, time.FixedZone("", 3600))
	stamp := object{"__class__": "datetime", "year": 2026.0, "month": 3.0, "day": 14.0, "hour": 10.0, "minute": 55.0, "second": 0.0, "microsecond": 123456.0}
	changed := list{"OR", list{"write_date", ">=", stamp}, list{list{"write_date", "=", nil}, list{"create_date", ">=", stamp}}}

	for _, stage := range []struct {
		cursor, next string
		model        string
	}{{"", "2.0", "account.invoice"}, {"2.0", "3.0", "account.payment"}, {"3.0", "", "account.move.line"}} {
		d.forget()
		part := listed(t, adapter, erp.ListQuery{ChangedSince: since, Cursor: stage.cursor})
		require.Len(t, part.Bills, 1, "with a link or without, once a part")
		require.Equal(t, stage.next, part.Next)
		require.Equal(t, noon, part.Time)
		domain, _ := d.of("model." + stage.model + ".search_read")[0].Params[0].(list)
		require.Contains(t, domain, any(changed), stage.model)
		if stage.cursor != "" {
			domain, _ = d.of("model.account.invoice.search_read")[0].Params[0].(list)
			require.Contains(t, domain, any(list{"move", "in", list{30.0}}))
		}
	}
}

func TestAPartOfChangesGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.rows["account.payment"] = list{payment(object{"line.": object{"move": 30}}), payment(object{"id": 51, "line.": object{"move": 31}})}
	adapter := d.adapter(t)
	adapter.ListInPartsOf(2)
	part := listed(t, adapter, erp.ListQuery{ChangedSince: noon, Cursor: "2.7"})
	require.Equal(t, "2.51", part.Next, "by payments, whatever bills they are of")
	require.Empty(t, part.Bills)

	d.rows["account.payment"] = nil
	require.Equal(t, "3.0", listed(t, adapter, erp.ListQuery{ChangedSince: noon, Cursor: "2.51"}).Next)
}

func TestACursorOfSomebodyElsesIsRefused(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	adapter := d.adapter(t)
	for _, cursor := range []string{"x", "1", "0.5", "1.-1", "1.5x", " 1.5", "01.5", "4.0", "1.2147483648", "-1.0", "2.0.0"} {
		_, err := adapter.ListBills(t.Context(), erp.ListQuery{ChangedSince: noon, Cursor: cursor})
		require.Equal(t, "cursor", requireA[erp.Refused](t, err).Field, cursor)
	}
	_, err := adapter.ListBills(t.Context(), erp.ListQuery{Cursor: "2.0"})
	requireA[erp.Refused](t, err)
	require.Empty(t, d.methods())
}
