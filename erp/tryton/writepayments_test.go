package tryton_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/remote"
)

// upon reads the double's only bill and writes an order upon it.
func upon(t *testing.T, d *double, order erp.Order) error {
	t.Helper()
	adapter := d.adapter(t)
	bill := readOne(t, adapter, "20")
	d.forget()
	outcomes := adapter.WritePayments(t.Context(), []erp.Write{{Bill: bill, Order: order}})
	require.Len(t, outcomes, 1)
	return outcomes[0]
}

// writes are the calls that may change something.
func (d *double) writes() (methods []string) {
	for _, method := range d.methods() {
		if !strings.HasSuffix(method, ".search_read") && !strings.HasSuffix(method, ".process.create") && !strings.HasSuffix(method, ".process.delete") {
			methods = append(methods, strings.TrimPrefix(method, "model.account.payment."))
		}
	}
	return methods
}

func TestEachStateTakesTheNextStepAndNoMore(t *testing.T) {
	t.Parallel()
	for state, want := range map[string][]string{
		"": {"create"}, "draft": {"approve"}, "approved": {"wizard.account.payment.process.execute"}, "processing": {"succeed"}, "succeeded": nil,
	} {
		d := newDouble(t)
		d.hold(invoice(nil), list{line(nil)})
		if state != "" {
			clearing := any(nil)
			if state == "succeeded" {
				clearing = 60
			}
			d.hold(invoice(nil), list{line(nil)}, payment(object{"state": state, "clearing_move": clearing}))
		}
		require.NoError(t, upon(t, d, order(t, "50.00")))
		require.Equal(t, want, d.writes(), state)
	}
}

func TestAPaymentIsCreatedWithItsKey(t *testing.T) {
	t.Parallel()
	want := object{
		"company": 1.0, "journal": 1.0, "kind": "payable", "party": 5.0, "line": 40.0, "amount": object{"__class__": "Decimal", "decimal": "50.00"},
		"date": object{"__class__": "date", "year": 2026.0, "month": 3.0, "day": 12.0}, "description": "pr.5512",
	}
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)})
	require.NoError(t, upon(t, d, order(t, "50.00")))
	require.Equal(t, list{want}, d.of(createMethod)[0].Params[0])

	want["payrecon_key"], want["description"] = "pr.5512", "Precoro payment 5512"
	d.withModule()
	require.NoError(t, upon(t, d, order(t, "50.00")))
	require.Equal(t, list{want}, d.of(createMethod)[0].Params[0])
}

// What is processed or succeeded after it has failed would count again.
func TestAStepIsTakenOnlyIfNobodyHasChangedThePayment(t *testing.T) {
	t.Parallel()
	for state, method := range map[string]string{
		"draft": "model.account.payment.approve", "approved": "wizard.account.payment.process.execute", "processing": "model.account.payment.succeed",
	} {
		d := newDouble(t)
		d.hold(invoice(nil), list{line(nil)}, payment(object{"state": state, "clearing_move": nil}))
		require.NoError(t, upon(t, d, order(t, "50.00")))
		require.Equal(t, object{"account.payment,50": "2.5"}, d.of(method)[0].context()["_timestamp"])

		d.answer = answering(method, reply{fault: list{"ConcurrencyException", "Records were modified in the meanwhile"}})
		requireA[erp.Stale](t, upon(t, d, order(t, "50.00")))
	}
}

func TestThePaymentsOwnDayIsTheOneInTheLedger(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)}, payment(object{"state": "processing", "clearing_move": nil, "date": day("2026-02-28")}))
	require.NoError(t, upon(t, d, order(t, "50.00")))
	require.Equal(t, object{"__class__": "date", "year": 2026.0, "month": 2.0, "day": 28.0}, d.of("model.account.payment.succeed")[0].context()["clearing_date"])
}

func TestProcessingIsAWizardOfWhichOneCallWrites(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)}, payment(object{"state": "approved", "clearing_move": nil}))
	require.NoError(t, upon(t, d, order(t, "50.00")))
	const wizard = "wizard.account.payment.process."
	require.Equal(t, []string{wizard + "create", wizard + "execute", wizard + "delete"}, d.methods())
	execute := d.of(wizard + "execute")[0]
	require.Equal(t, list{9.0, object{"start": object{}}, "process"}, execute.Params[:3])
	require.Equal(t, list{50.0}, execute.context()["active_ids"])

	d.answer = answering(wizard+"create", reply{status: http.StatusBadGateway})
	requireA[erp.NotSent](t, upon(t, d, order(t, "50.00")))
	d.answer = answering(wizard+"delete", reply{status: http.StatusBadGateway})
	require.NoError(t, upon(t, d, order(t, "50.00")), "a session that is left behind is nothing to fail for")
	d.answer = answering(wizard+"execute", reply{fault: list{"UserWarning", list{"w", "The payment overpays its line.", ""}}})
	require.Equal(t, "UserWarning", requireA[erp.Refused](t, upon(t, d, order(t, "50.00"))).Code)
	require.Len(t, d.of(wizard+"delete"), 1)
}

// many reads n bills of 120.00 EUR, with ids from 100 on, each with one line of ten times that and a payment in this state.
func many(t *testing.T, d *double, n int, state string) (adapter erp.Adapter, writes []erp.Write) {
	t.Helper()
	var invoices list
	ids := make([]string, 0, n)
	for i := range n {
		id := 100 + i
		ids = append(ids, strconv.Itoa(id))
		var records list
		if state != "" {
			records = list{payment(object{"id": 30 * id, "line": 20 * id, "state": state, "description": "pr." + strconv.Itoa(id), "clearing_move": nil})}
		}
		invoices = append(invoices, nested(invoice(object{"id": id, "move": 10 * id}), list{line(object{"id": 20 * id, "move": 10 * id})}, records))
	}
	d.rows["account.invoice"] = invoices
	adapter = d.adapter(t)
	snapshots, err := adapter.ReadBills(t.Context(), ids)
	require.NoError(t, err)
	require.Len(t, snapshots, n)
	for _, snapshot := range snapshots {
		writes = append(writes, erp.Write{Bill: snapshot, Order: erp.Order{Key: "pr." + snapshot.Bill.ID, Amount: eur(t, "50.00"), Date: "2026-03-12"}})
	}
	d.forget()
	return adapter, writes
}

func TestManyTakeOneStepTogether(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{"": "create", "draft": "approve", "approved": "wizard.account.payment.process.execute", "processing": "succeed"} {
		d := newDouble(t)
		adapter, writes := many(t, d, 50, state)
		for _, err := range adapter.WritePayments(t.Context(), writes) {
			require.NoError(t, err)
		}
		require.Equal(t, []string{want}, d.writes())
	}
}

func TestTheLedgerIsWrittenDayByDay(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	adapter, writes := many(t, d, 3, "processing")
	writes[1].Bill.Bill.Payments[0].Date = "2026-03-13"
	for _, err := range adapter.WritePayments(t.Context(), writes) {
		require.NoError(t, err)
	}
	calls := d.of("model.account.payment.succeed")
	require.Len(t, calls, 2)
	require.Equal(t, list{3000.0, 3060.0}, calls[0].Params[0])
	require.Equal(t, list{3030.0}, calls[1].Params[0])
}

func TestStepsOfOneCallDoNotMix(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	adapter, writes := many(t, d, 2, "")
	_, drafts := many(t, d, 4, "draft")
	for _, err := range adapter.WritePayments(t.Context(), append(writes, drafts[2:]...)) {
		require.NoError(t, err)
	}
	require.ElementsMatch(t, []string{"create", "approve"}, d.writes())
}

// ids of the payments that a call is about.
func idsOf(one sent) (ids []string) {
	list, _ := one.Params[0].(list)
	for _, id := range list {
		encoded, err := json.Marshal(id)
		if err == nil {
			ids = append(ids, string(encoded))
		}
	}
	return ids
}

func TestOneThatIsDeclinedDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]list{
		"error": {"UserError", list{"No.", "", nil}}, "question": {"UserWarning", list{"w", "Sure?", ""}}, "stale": {"ConcurrencyException", "Records were modified"},
	} {
		d := newDouble(t)
		adapter, writes := many(t, d, 3, "draft")
		d.answer = func(one sent) *reply {
			if one.Method == "model.account.payment.approve" && slices.Contains(idsOf(one), "3030") {
				return &reply{fault: refusal}
			}
			return nil
		}
		outcomes := adapter.WritePayments(t.Context(), writes)
		require.NoError(t, outcomes[0], name)
		require.Error(t, outcomes[1], name)
		require.NoError(t, outcomes[2], name)
		require.Len(t, d.of("model.account.payment.approve"), 4, "all together, where nothing was carried out, then each by itself")
	}
}

func TestManyWithoutAnAnswerAreNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, answer := range []reply{
		{status: http.StatusBadGateway},
		{fault: list{"crash", ""}},
		{status: http.StatusTooManyRequests},
		{status: http.StatusForbidden},
		{status: http.StatusNotFound},
		{fault: list{"UserError", list{`You are not allowed to access "Payment".`, "", nil}}},
		{fault: list{"could not serialize access", ""}},
	} {
		d := newDouble(t)
		adapter, writes := many(t, d, 3, "draft")
		d.answer = answering("model.account.payment.approve", answer)
		outcomes := adapter.WritePayments(t.Context(), writes)
		require.Error(t, outcomes[0])
		require.Equal(t, []string{outcomes[0].Error(), outcomes[0].Error()}, []string{outcomes[1].Error(), outcomes[2].Error()})
		require.Len(t, d.of("model.account.payment.approve"), 1)
	}
}

func TestWhatThereIsNoTimeForIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDouble(t)
		_, writes := many(t, d, 5, "draft")
		adapter := d.adapterAt(t, config(), time.Now)
		d.before = func(one sent) {
			if one.Method == "model.account.payment.approve" {
				_ = remote.Wait(t.Context(), 11*time.Second)
			}
		}
		d.answer = func(one sent) *reply {
			if one.Method == "model.account.payment.approve" && len(idsOf(one)) > 1 {
				return &reply{fault: list{"UserError", list{"One of them.", "", nil}}}
			}
			return nil
		}
		began := time.Now()
		outcomes := adapter.WritePayments(t.Context(), writes)
		require.Less(t, time.Since(began), 46*time.Second)
		require.Equal(t, []error{nil, nil}, outcomes[:2])
		for _, err := range outcomes[2:] {
			requireA[erp.NotSent](t, err)
		}
		require.Len(t, d.of("model.account.payment.approve"), 3)
	})
}

// The first of two writers has made it; ours is as good.
func TestAKeyThatIsTakenMeansThatThePaymentIsThere(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)})
	taken := payment(object{"payrecon_key": "pr.5512", "state": "draft", "clearing_move": nil})
	d.answer = func(one sent) *reply {
		if one.Method == createMethod {
			d.rows["account.payment"] = list{taken}
			return &reply{fault: list{"UserError", list{"Taken.", "", nil}}}
		}
		return nil
	}
	requireA[erp.Refused](t, upon(t, d, order(t, "50.00")))
	d.rows["account.payment"] = nil
	d.withModule()
	require.NoError(t, upon(t, d, order(t, "50.00")))
	search := d.of("model.account.payment.search_read")
	require.Equal(t, list{list{"payrecon_key", "=", "pr.5512"}}, search[len(search)-1].Params[0])

	d.rows["account.payment"], taken = nil, payment(object{"line": 999, "payrecon_key": "pr.5512"})
	requireA[erp.Refused](t, upon(t, d, order(t, "50.00"))) // it is another bill's
	d.rows["account.payment"], taken = nil, nil
	d.answer = answering(createMethod, reply{fault: list{"UserError", list{"No.", "", nil}}})
	d.withModule()
	requireA[erp.Refused](t, upon(t, d, order(t, "50.00"))) // it was declined for something else
}

func TestAKeyIsPutOnAPaymentThatHasNone(t *testing.T) {
	t.Parallel()
	tag := func(t *testing.T, target string) erp.Order {
		t.Helper()
		return erp.Order{Key: "pr.9", Amount: eur(t, "50.00"), Date: "2026-03-12", Payment: target}
	}
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)}, payment(object{"description": nil}))
	require.NoError(t, upon(t, d, tag(t, "p50")))
	require.Equal(t, []string{"write"}, d.writes())
	write := d.of("model.account.payment.write")[0]
	require.Equal(t, list{list{50.0}, object{"description": "pr.9"}}, write.Params[:2])
	require.Equal(t, object{"account.payment,50": "2.5"}, write.context()["_timestamp"])

	d.withModule()
	d.hold(invoice(nil), list{line(nil)}, payment(object{"description": "rent for March"}))
	require.NoError(t, upon(t, d, tag(t, "p50")))
	require.Equal(t, object{"payrecon_key": "pr.9"}, d.of("model.account.payment.write")[0].Params[1])

	for want, one := range map[string]struct {
		target  string
		records list
	}{
		"Refused: has something":  {"p50", list{payment(nil)}},
		"Refused: under way":      {"p50", list{payment(object{"description": nil, "state": "approved"})}},
		"Refused: failed":         {"p50", list{payment(object{"description": nil, "state": "failed"})}},
		"Refused: another has it": {"p50", list{payment(object{"description": nil}), payment(object{"id": 51, "description": "pr.9"})}},
		"Refused: fixed":          {"l41", list{payment(object{"description": nil})}},
		"Stale: gone":             {"p99", list{payment(object{"description": nil})}},
		"<nil>: has it":           {"p50", list{payment(object{"description": "pr.9"})}},
	} {
		d := newDouble(t)
		paid := payer(object{"reconciliation": nil, "debit": decimal("1.00")})
		d.hold(invoice(object{"payment_lines": list{41}}), list{line(nil), paid}, one.records...)
		err := upon(t, d, tag(t, one.target))
		require.Equal(t, strings.Split(want, ":")[0], kind(err), "%s: %v", want, err)
		require.Empty(t, d.writes(), want)
	}
}

func TestKeysForManyAreOneCall(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	adapter, writes := many(t, d, 2, "draft")
	for i := range writes {
		p := &writes[i].Bill.Bill.Payments[0]
		p.Tag, p.Pending = "", ""
		writes[i].Order.Payment = p.ID
	}
	for _, err := range adapter.WritePayments(t.Context(), writes) {
		require.NoError(t, err)
	}
	require.Equal(t, list{list{3000.0}, object{"description": "pr.100"}, list{3030.0}, object{"description": "pr.101"}}, d.of("model.account.payment.write")[0].Params[:4])
}

func TestWhatMustNotBeWrittenIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		invoice, line object
		records       list
		change        func(*erp.Order)
		field         string
	}{
		"a draft":            {invoice: object{"state": "validated"}, field: "state"},
		"an odd bill":        {line: object{"credit": 5}, field: "bill"},
		"an odd payment":     {records: list{payment(object{"description": "", "amount": 5})}, field: "bill"},
		"no key":             {change: func(o *erp.Order) { o.Key = "" }, field: "key"},
		"an odd key":         {change: func(o *erp.Order) { o.Key = "pr_1" }, field: "key"},
		"no amount":          {change: func(o *erp.Order) { o.Amount = money.Amount{} }, field: "amount"},
		"another currency":   {change: func(o *erp.Order) { o.Amount, _ = money.Parse("1", "USD") }, field: "amount"},
		"nothing":            {change: func(o *erp.Order) { o.Amount, _ = money.Parse("0", "EUR") }, field: "amount"},
		"too much":           {change: func(o *erp.Order) { o.Amount, _ = money.Parse("120.01", "EUR") }, field: "amount"},
		"an odd day":         {change: func(o *erp.Order) { o.Date = "2026-02-30" }, field: "date"},
		"a closed day":       {change: func(o *erp.Order) { o.Date = "2025-12-31" }, field: "date"},
		"another amount":     {records: list{payment(object{"amount": decimal("49.99")})}, field: "key"},
		"one that failed":    {records: list{payment(object{"state": "failed"})}, field: "key"},
		"two of them":        {records: list{payment(nil), payment(object{"id": 51})}, field: "key"},
		"drafts of others":   {records: list{payment(object{"state": "draft", "description": "", "amount": decimal("70.01")})}, field: "amount"},
		"paid otherwise":     {line: object{"reconciliation": 7}, invoice: object{"state": "paid"}, records: list{payment(object{"state": "draft"})}, field: "amount"},
		"paid in the middle": {records: list{payment(object{"state": "processing"}), payment(object{"id": 51, "description": "", "amount": decimal("70.01")})}, field: "amount"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t)
			d.hold(invoice(c.invoice), list{line(c.line)}, c.records...)
			one := order(t, "50.00")
			if c.change != nil {
				c.change(&one)
			}
			require.Equal(t, c.field, requireA[erp.Refused](t, upon(t, d, one)).Field)
			require.Empty(t, d.writes())
		})
	}
}

func TestABillThatWasNotReadHereIsRefused(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)})
	adapter := d.adapter(t)
	bill := readOne(t, adapter, "20")
	for _, raw := range []string{"", "null", "{}", "[]", `{"party":"x"}`} {
		bill.Raw = json.RawMessage(raw)
		require.Equal(t, "bill", requireA[erp.Refused](t, adapter.WritePayments(t.Context(), []erp.Write{{Bill: bill, Order: order(t, "1.00")}})[0]).Field)
	}
}

func TestAPaymentIsOfTheFirstInstalmentThatHoldsIt(t *testing.T) {
	t.Parallel()
	lines := func() list {
		return list{
			line(object{"id": 42, "credit": decimal("60.00"), "maturity_date": day("2026-06-01")}),
			line(object{"id": 43, "credit": decimal("20.00"), "maturity_date": nil}),
			line(object{"credit": decimal("40.00"), "maturity_date": day("2026-04-01")}),
		}
	}
	for amount, want := range map[string]float64{"40.00": 40, "40.01": 42, "60.00": 42, "10.00": 40} {
		d := newDouble(t)
		d.hold(invoice(nil), lines())
		require.NoError(t, upon(t, d, order(t, amount)))
		values, _ := d.of(createMethod)[0].Params[0].(list)[0].(object)
		require.InDelta(t, want, values["line"], 0, amount)
	}
	d := newDouble(t)
	d.hold(invoice(nil), lines())
	require.ErrorContains(t, upon(t, d, order(t, "60.01")), "60.01 EUR fits none of the 3 open instalments")

	// What was paid by the wizard is of the first that is due.
	d.hold(invoice(object{"payment_lines": list{41}}), append(lines(), payer(object{"reconciliation": nil, "debit": decimal("30.00")})))
	require.NoError(t, upon(t, d, order(t, "20.00")))
	values, _ := d.of(createMethod)[0].Params[0].(list)[0].(object)
	require.InDelta(t, 42, values["line"], 0)
}

func TestSnapshotSurvivesAHistory(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)}, payment(object{"state": "draft", "clearing_move": nil}))
	adapter := d.adapter(t)
	before := readOne(t, adapter, "20")
	encoded, err := json.Marshal(before)
	require.NoError(t, err)
	var after erp.Snapshot
	require.NoError(t, json.Unmarshal(encoded, &after))
	require.Equal(t, before, after)
	require.JSONEq(t, `{"party":5,"lines":[{"id":40,"open":"70.00 EUR"}],"payments":{"p50":{"id":50,"line":40,"timestamp":"2.5"}}}`, string(after.Raw))
}
