package tryton_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
)

func TestATrytonThatCannotBeUsedIsToldByTheOptionThatIsWrong(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*double){
		`url: the server says that it is Tryton "7.0.1"; accepted is 6.0`: func(d *double) { d.answer = answering("common.server.version", reply{result: "7.0.1"}) },
		`url: the server says that it is Tryton "6.01.1"`:                 func(d *double) { d.answer = answering("common.server.version", reply{result: "6.01.1"}) },
		`url: the server says that it is Tryton null`:                     func(d *double) { d.answer = answering("common.server.version", reply{}) },
		`url: is not that of a Tryton server`:                             func(d *double) { d.answer = answering("common.server.version", reply{status: 404}) },
		`database: there is no such database at this url`:                 func(d *double) { d.answer = answering("common.db.login", reply{status: 404}) },
		`username: the user has no current company`: func(d *double) {
			d.answer = answering("model.res.user.get_preferences", reply{result: object{"company": nil}})
		},
		`Tryton does not know 'account.payment': is a module missing?`: func(d *double) {
			d.answer = answering("model.account.payment.fields_get", reply{fault: list{"'account.payment'", ""}})
		},
		`external_id_field: account.invoice has no field "reference"`: func(d *double) {
			d.answer = answering("model.account.invoice.fields_get", reply{result: object{}})
		},
		`has no field "reference" of type char that can be searched`: func(d *double) {
			d.answer = answering("model.account.invoice.fields_get", reply{result: object{"reference": object{"type": "many2one", "searchable": true}}})
		},
		`journal: the user's current company has no payment journal "Supplier payments"`: func(d *double) { d.rows["account.payment.journal"] = list{} },
	} {
		d := newDouble(t)
		change(d)
		_, err := d.adapter(t).FindBills(t.Context(), []erp.Link{{Invoice: "1042"}})
		requireA[erp.Refused](t, err)
		require.ErrorContains(t, err, want)
	}
}

func TestAJournalFromWhichNothingReachesTheLedgerIsRefusedWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	usd := object{"currency.": object{"id": 2, "code": "USD"}}
	for want, journals := range map[string]list{
		`has no clearing account`:                     {journal(object{"clearing_account": nil})},
		`has the process method "sepa"`:               {journal(object{"process_method": "sepa"})},
		`there are 0 payment journals`:                {journal(usd)},
		`there are 2 payment journals "Supplier paym`: {journal(nil), journal(object{"id": 2})},
	} {
		d := newDouble(t)
		d.rows["account.payment.journal"] = journals
		d.hold(invoice(nil), list{line(nil)})
		adapter := d.adapter(t)
		err := adapter.WritePayments(t.Context(), []erp.Write{{Bill: readOne(t, adapter, "20"), Order: order(t, "1.00")}})[0]
		require.Equal(t, "journal", requireA[erp.Refused](t, err).Field)
		require.ErrorContains(t, err, want)
		require.Empty(t, d.of(createMethod))
	}
}

func TestTheJournalIsTheOneOfTheBillsCurrency(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.rows["account.payment.journal"] = list{journal(object{"id": 2, "currency.": object{"id": 2, "code": "USD"}}), journal(object{"id": 3})}
	d.hold(invoice(nil), list{line(nil)})
	adapter := d.adapter(t)
	require.NoError(t, adapter.WritePayments(t.Context(), []erp.Write{{Bill: readOne(t, adapter, "20"), Order: order(t, "1.00")}})[0])
	values, _ := d.of(createMethod)[0].Params[0].(list)[0].(object)
	require.EqualValues(t, 3, values["journal"])
}

func order(t *testing.T, amount string) erp.Order {
	t.Helper()
	return erp.Order{Key: "pr.5512", Amount: eur(t, amount), Date: "2026-03-12"}
}
