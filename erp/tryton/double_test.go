package tryton_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/tryton"
	"payrecon/internal/money"
	"payrecon/internal/remote"
)

const (
	username = "payrecon.robot"
	password = "p4ssw0rd-8842"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

func config() tryton.Config {
	return tryton.Config{URL: "https://tryton.example.com/", Database: "erp", Username: username, Password: password, Journal: "Supplier payments"}
}

type (
	object = map[string]any
	list   = []any
)

// sent is a call as it came.
type sent struct {
	Method        string `json:"method"`
	Params        list   `json:"params"`
	path          string
	authorization string
	body          string
}

// context is the last parameter.
func (s sent) context() object {
	context, _ := s.Params[len(s.Params)-1].(object)
	return context
}

// reply is what a double answers: a status that is not 200, an error of Tryton's, or a result.
type reply struct {
	status int
	header http.Header
	body   string
	fault  list
	result any
}

// double stands in for a Tryton that holds some rows, whatever it is asked for.
type double struct {
	mu    sync.Mutex
	calls []sent
	rows  map[string]list // by model; each answer takes all of them
	// answer may answer instead; nil goes on.
	answer func(sent) *reply
	// before may hold a call up.
	before func(sent)
	logins int
}

func newDouble(t *testing.T) *double {
	t.Helper()
	return &double{rows: map[string]list{
		"account.payment.journal": {journal(nil)},
		"account.period":          {object{"id": 1, "start_date": day("2026-01-01"), "end_date": day("2026-12-31")}},
	}}
}

func with(base object, changes object) object {
	for key, value := range changes {
		base[key] = value
	}
	return base
}

func journal(changes object) object {
	return with(object{
		"id": 1, "currency.": object{"id": 1, "code": "EUR"}, "process_method": "manual", "clearing_account": 8,
		"company.": object{"id": 1, "currency.": object{"id": 1, "code": "EUR"}},
	}, changes)
}

func decimal(text string) object { return object{"__class__": "Decimal", "decimal": text} }

func day(text string) object {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil
	}
	return object{"__class__": "date", "year": t.Year(), "month": int(t.Month()), "day": t.Day()}
}

// invoice 20 of 120.00 EUR, its move 30, its only line 40.
func invoice(changes object) object {
	return with(object{
		"id": 20, "state": "posted", "currency.": object{"id": 1, "code": "EUR"}, "account": 4, "move": 30, "party": 5,
		"payment_lines": list{}, "_timestamp": "1.5", "reference": "1042",
	}, changes)
}

func line(changes object) object {
	return with(object{
		"id": 40, "move": 30, "account": 4, "debit": decimal("0"), "credit": decimal("120.00"), "amount_second_currency": nil,
		"second_currency.": nil, "reconciliation": nil, "maturity_date": day("2026-04-01"),
		"move.": object{"id": 30, "date": day("2026-03-01"), "origin": "account.invoice,20"},
	}, changes)
}

// payer is a line that pays 120.00 EUR by the Pay wizard.
func payer(changes object) object {
	return with(line(object{
		"id": 41, "move": 31, "debit": decimal("120.00"), "credit": decimal("0"), "maturity_date": nil, "reconciliation": 7,
		"move.": object{"id": 31, "date": day("2026-03-10"), "origin": "account.invoice,20"},
	}), changes)
}

func payment(changes object) object {
	return with(object{
		"id": 50, "line": 40, "kind": "payable", "state": "succeeded", "amount": decimal("50.00"), "journal.": object{"id": 1, "currency.": object{"id": 1, "code": "EUR"}},
		"date": day("2026-03-12"), "description": "pr.5512", "clearing_move": 60, "_timestamp": "2.5",
	}, changes)
}

// hold lets the double hold one bill: its own lines, what else pays it, and its records.
func (d *double) hold(inv object, lines list, records ...any) {
	d.rows["account.invoice"] = list{nested(inv, lines, records)}
}

// nested puts into the invoice what Tryton puts there: its own lines with their payments and what they are reconciled with, and
// the lines that were put to it.
func nested(inv object, lines, records list) object {
	own, payers := list{}, list{}
	for _, one := range lines {
		row, _ := one.(object)
		if listed, _ := inv["payment_lines"].(list); slices.Contains(listed, row["id"]) {
			payers = append(payers, row)
		}
		if row["move"] != inv["move"] || row["account"] != inv["account"] {
			continue
		}
		paid, settled := list{}, list{}
		for _, record := range records {
			if p, _ := record.(object); p["line"] == row["id"] {
				paid = append(paid, p)
			}
		}
		for _, other := range lines {
			if o, _ := other.(object); row["reconciliation"] != nil && o["reconciliation"] == row["reconciliation"] {
				settled = append(settled, maps.Clone(o))
			}
		}
		mine := with(maps.Clone(row), object{"payments.": paid, "reconciliation.": nil})
		if len(settled) > 0 {
			mine["reconciliation."] = object{"id": row["reconciliation"], "lines.": settled}
		}
		own = append(own, mine)
	}
	return with(inv, object{"lines_to_pay.": own, "payment_lines.": payers})
}

func (d *double) adapter(t *testing.T) *tryton.Adapter {
	t.Helper()
	return d.adapterAt(t, config(), at(noon))
}

func (d *double) adapterAt(t *testing.T, cfg tryton.Config, now func() time.Time) *tryton.Adapter {
	t.Helper()
	adapter, err := tryton.New(cfg, d, now)
	require.NoError(t, err)
	return adapter
}

func (d *double) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	one := sent{path: r.URL.Path, authorization: r.Header.Get("Authorization"), body: string(body)}
	if err := json.Unmarshal(body, &one); err != nil {
		return nil, err
	}
	if d.before != nil {
		d.before(one)
	}
	d.mu.Lock()
	d.calls = append(d.calls, one)
	answer := d.reply(one)
	d.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return answer.response()
}

func (r reply) response() (*http.Response, error) {
	status, body := r.status, r.body
	if status == 0 {
		status = http.StatusOK
	}
	if body == "" && status == http.StatusOK {
		whole := object{"id": 1, "result": r.result}
		if r.fault != nil {
			whole = object{"id": 1, "error": r.fault}
		}
		encoded, err := json.Marshal(whole)
		if err != nil {
			return nil, err
		}
		body = string(encoded)
	}
	header := http.Header{"Date": {noon.Format(http.TimeFormat)}}
	for name, values := range r.header {
		header[name] = values
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// reply is called under the lock.
func (d *double) reply(one sent) reply {
	if one.Method == "common.db.login" {
		d.logins++
	}
	if d.answer != nil {
		if answer := d.answer(one); answer != nil {
			return *answer
		}
	}
	switch one.Method {
	case "common.db.login":
		return reply{result: list{3, fmt.Sprintf("secret-session-%d", d.logins)}}
	case "common.server.version":
		return reply{result: "6.0.29"}
	case "model.res.user.get_preferences":
		return reply{result: object{"company": 1}}
	case "model.account.payment.fields_get":
		return reply{result: object{"clearing_move": object{"type": "many2one", "searchable": true}}}
	case "model.account.invoice.fields_get":
		return reply{result: object{"reference": object{"type": "char", "searchable": true}}}
	case "wizard.account.payment.process.create":
		return reply{result: list{9, "start", "end"}}
	}
	if model, ok := strings.CutSuffix(strings.TrimPrefix(one.Method, "model."), ".search_read"); ok {
		if d.rows[model] == nil {
			return reply{result: list{}}
		}
		return reply{result: d.rows[model]}
	}
	return reply{}
}

// withModule lets the double have the field that only one payment can hold the same of.
func (d *double) withModule() {
	next := d.answer
	d.answer = func(one sent) *reply {
		if one.Method == "model.account.payment.fields_get" {
			return &reply{result: object{"clearing_move": object{}, "payrecon_key": object{}}}
		}
		if next != nil {
			return next(one)
		}
		return nil
	}
}

// of are the calls of a method.
func (d *double) of(method string) (calls []sent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.calls {
		if one.Method == method {
			calls = append(calls, one)
		}
	}
	return calls
}

func (d *double) methods() (methods []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.calls {
		methods = append(methods, one.Method)
	}
	return methods
}

func (d *double) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = nil
}

func eur(t *testing.T, text string) money.Amount {
	t.Helper()
	return in(t, "EUR", text)
}

func in(t *testing.T, currency, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text, currency)
	require.NoError(t, err)
	return amount
}

func readOne(t *testing.T, a erp.Adapter, id string) erp.Snapshot {
	t.Helper()
	snapshots, err := a.ReadBills(t.Context(), []string{id})
	require.NoError(t, err)
	require.Len(t, snapshots, 1)
	return snapshots[0]
}

func as[T error](err error) (T, bool) { return remote.As[T](err) }

func requireA[T error](t *testing.T, err error) T {
	t.Helper()
	found, ok := as[T](err)
	require.True(t, ok, "%T: %v", err, err)
	return found
}
