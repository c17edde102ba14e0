//go:build unix

package tryton_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erptest"
	"payrecon/erp/tryton"
	"payrecon/internal/faulty"
	"payrecon/internal/money"
	"payrecon/internal/trytond"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	conform(t, false)
}

func TestConformanceWithTheModule(t *testing.T) {
	t.Parallel()
	conform(t, true)
}

const part = 25 // of a list

func conform(t *testing.T, withModule bool) {
	t.Helper()
	shared, year := newDesk(t, withModule), time.Now().Year()
	var themes []string
	if !withModule { // which makes a difference for writes only
		themes = []string{"writing", "tagging", "errors of writes"}
	}
	erptest.Test(t, erptest.Subject{
		New: func(t *testing.T) *erptest.Account {
			t.Helper()
			if strings.Contains(t.Name(), "/listing") { // which are of all that there is
				return newDesk(t, withModule).account(t)
			}
			return shared.account(t)
		},
		Cannot: map[erptest.Ability]string{
			erptest.MovableClock:    "it has the machine's clock",
			erptest.CountedRequests: "it has no quota",
		},
		Currencies: []string{"EUR", "USD", "JPY", "KWD"},
		Days:       []money.Date{money.DateOf(time.Now(), time.UTC), money.Date(fmt.Sprintf("%d-02-29", (year-1)/4*4)), money.Date(fmt.Sprintf("%d-12-31", year-1))},
		Part:       part + 5,
		Requests:   12, // the wizard takes three, what is read once a session five, and a write looks at its bills, keys and periods
		Once:       withModule,
		Themes:     themes,
		Costly:     true,
	})
}

// desk is one database of a real Tryton with the people who work there. To make one takes longer than most tests, so that
// they share it, one after another: trytond uses one core, and nothing is gained by asking it two things at once.
type desk struct {
	*trytond.Database

	people *trytond.Books
	key    string         // the field where a key stands
	known  map[string]int // records that were looked up
	turn   chan struct{}
}

func newDesk(t *testing.T, withModule bool) *desk {
	t.Helper()
	d := &desk{
		Database: trytond.NewDatabase(t, trytond.Require(t), withModule), key: "description", known: map[string]int{}, turn: make(chan struct{}, 1),
	}
	if withModule {
		d.key = "payrecon_key"
	}
	people, err := d.Books(t.Context())
	require.NoError(t, err)
	d.people = people
	return d
}

func header(user string, id, key any) string {
	return "Session " + base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("%s:%v:%v", user, id, key)))
}

// do calls a method of a model past the adapter, as somebody who may do everything.
func (d *desk) do(t *testing.T, result any, model, method string, params ...any) {
	t.Helper()
	require.NoError(t, d.people.Call(context.WithoutCancel(t.Context()), result, model, method, params...))
}

// wire is the network.
var wire = &http.Transport{DisableKeepAlives: true}

// visitor is a desk as one account sees it: with the sessions that its adapters were given.
type visitor struct {
	*desk

	mu       sync.Mutex
	sessions []string
	live     []string // headers of those that were not ended
}

// RoundTrip is the network, and keeps the sessions that are given.
func (v *visitor) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := wire.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var login struct{ Result []any }
	if json.Unmarshal(body, &login) == nil && len(login.Result) == 2 {
		if key, ok := login.Result[1].(string); ok {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.sessions, v.live = append(v.sessions, key), append(v.live, header(v.Username, login.Result[0], key))
		}
	}
	return answer, nil
}

func (v *visitor) secrets() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string{v.Password}, v.sessions...)
}

func (v *visitor) endSessions(t *testing.T) {
	t.Helper()
	v.mu.Lock()
	live := v.live
	v.live = nil
	v.mu.Unlock()
	for _, one := range live {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.URL+"/"+v.Name+"/", strings.NewReader(`{"id":1,"method":"common.db.logout","params":[]}`))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", one)
		answer, err := wire.RoundTrip(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
	}
}

func (v *visitor) open(t *testing.T, transport http.RoundTripper, password string) *tryton.Adapter {
	t.Helper()
	adapter, err := tryton.New(tryton.Config{URL: v.URL, Database: v.Name, Username: v.Username, Password: password, Journal: v.Journal}, transport, nil)
	require.NoError(t, err)
	adapter.ListInPartsOf(part)
	return adapter
}

func calls(methods ...string) faulty.Match {
	return func(_ *http.Request, body []byte) bool {
		var one sent
		return json.Unmarshal(body, &one) == nil && slices.Contains(methods, one.Method)
	}
}

func (d *desk) account(t *testing.T) *erptest.Account {
	t.Helper()
	d.turn <- struct{}{}
	t.Cleanup(func() { <-d.turn })
	v := &visitor{desk: d}
	faults := faulty.NewTransport(v, time.Now)
	return &erptest.Account{
		Adapter: v.open(t, faults, d.Password), Wire: faults, Other: v.open(t, v, d.Password),
		Intruder: func(t *testing.T) erp.Adapter { t.Helper(); return v.open(t, faults, "a wrong password") },
		Secrets:  v.secrets, IsLogin: calls("common.db.login"),
		IsWrite: calls(
			"model.account.payment.create", "model.account.payment.approve", "wizard.account.payment.process.execute", "model.account.payment.succeed",
			"model.account.payment.write",
		),
		Refusal: func(words string) (int, string) {
			body, err := json.Marshal(object{"id": 1, "error": list{"UserError", list{words, "", nil}}})
			require.NoError(t, err)
			return http.StatusOK, string(body)
		},
		ExpireSessions: v.endSessions, Deny: d.deny, Now: time.Now,
		AddBills: d.addBills, Edit: d.edit, Text: d.text, Remove: d.remove, Books: d.books,
		Ways: map[string]erptest.Way{
			"record": {Pay: func(t *testing.T, bill string, amount money.Amount) { t.Helper(); d.pay(t, bill, amount, "") }, TakeBack: d.takeBack},
			"wizard": {
				Pay: func(t *testing.T, bill string, amount money.Amount) {
					t.Helper()
					require.NoError(t, d.people.PayByWizard(t.Context(), bill, amount.Number(), ""))
				},
				Fixed: true,
			},
			"statement": {
				Pay: func(t *testing.T, bill string, amount money.Amount) {
					t.Helper()
					require.NoError(t, d.people.PayByStatement(t.Context(), bill, amount.Number(), ""))
				},
				Fixed: true,
			},
		},
		TakeBack:  func(t *testing.T, bill, key string) { t.Helper(); d.fail(t, bill, key) },
		PayTagged: d.payTagged,
	}
}

// deny takes the groups from the login by which it may see bills and payments.
func (d *desk) deny(t *testing.T) {
	t.Helper()
	var users []struct {
		ID     int
		Groups []int
	}
	d.do(t, &users, "res.user", "search_read", list{list{"login", "=", d.Username}}, 0, nil, nil, list{"groups"})
	require.Len(t, users, 1)
	change := func(how string) {
		d.do(t, nil, "res.user", "write", list{users[0].ID}, object{"groups": list{list{how, users[0].Groups}}})
	}
	change("remove")
	t.Cleanup(func() { change("add") })
}

func (d *desk) one(t *testing.T, model string, domain ...any) int {
	t.Helper()
	name := fmt.Sprint(model, domain)
	if d.known[name] == 0 {
		var ids []int
		d.do(t, &ids, model, "search", domain, 0, nil, nil)
		require.Len(t, ids, 1, name)
		d.known[name] = ids[0]
	}
	return d.known[name]
}

// addBills enters all of them together: one by one takes Tryton longer than all tests.
func (d *desk) addBills(t *testing.T, specs ...erptest.BillSpec) []string {
	t.Helper()
	supplier := d.one(t, "party.party", list{"name", "=", trytond.Suppliers[0]})
	address := d.one(t, "party.address", list{"party", "=", supplier})
	account := d.one(t, "account.account", list{"name", "=", "Main Payable"})
	expense := d.one(t, "account.account", list{"name", "=", "Main Expense"})
	journal := d.one(t, "account.journal", list{"type", "=", "expense"})
	term := d.one(t, "account.invoice.payment_term", list{"name", "=", "30 days"})
	bills := make(list, len(specs))
	for i, spec := range specs {
		currency := d.one(t, "currency.currency", list{"code", "=", string(spec.Total.Currency())})
		bills[i] = object{
			"type": "in", "currency": currency, "party": supplier, "invoice_address": address, "journal": journal,
			"account": account, "payment_term": term, "invoice_date": day(time.Now().UTC().Format(time.DateOnly)), "reference": spec.Link,
			"lines": list{list{"create", list{object{
				"type": "line", "currency": currency, "quantity": 1, "account": expense, "unit_price": decimal(spec.Total.Number()), "description": "as agreed", "note": spec.Text,
			}}}},
		}
	}
	var made []int
	d.do(t, &made, "account.invoice", "create", bills)
	var confirmed []int
	ids := make([]string, len(made))
	for i, id := range made {
		ids[i] = strconv.Itoa(id)
		if !specs[i].Draft {
			confirmed = append(confirmed, id)
		}
	}
	if len(confirmed) > 0 {
		d.do(t, nil, "account.invoice", "post", confirmed)
	}
	return ids
}

// edit writes upon the bill's only row: of a bill that is posted, Tryton lets nothing else be changed.
func (d *desk) edit(t *testing.T, bill, text string) {
	t.Helper()
	row := d.one(t, "account.invoice.line", list{"invoice", "=", number(t, bill)})
	d.do(t, nil, "account.invoice", "write", list{number(t, bill)}, object{"lines": list{list{"write", list{row}, object{"note": text}}}})
}

func (d *desk) text(t *testing.T, bill string) string {
	t.Helper()
	var rows []struct{ Note string }
	d.do(t, &rows, "account.invoice.line", "search_read", list{list{"invoice", "=", number(t, bill)}}, 0, nil, nil, list{"note"})
	require.Len(t, rows, 1)
	return rows[0].Note
}

// remove cancels the bill: nothing that was posted is ever deleted.
func (d *desk) remove(t *testing.T, bill string) {
	t.Helper()
	require.NoError(t, d.people.CancelBill(t.Context(), bill))
}

func number(t *testing.T, id string) int {
	t.Helper()
	n, err := strconv.Atoi(id)
	require.NoError(t, err)
	return n
}

func (d *desk) pay(t *testing.T, bill string, amount money.Amount, text string) string {
	t.Helper()
	id, err := d.people.PayByRecord(t.Context(), trytond.Payment{Bill: bill, Amount: amount.Number(), Description: text})
	require.NoError(t, err)
	return id
}

// takeBack takes back what people have paid by a record.
func (d *desk) takeBack(t *testing.T, bill string) {
	t.Helper()
	for _, one := range d.records(t, bill) {
		if one.State == "succeeded" && one.key(d) == "" {
			require.NoError(t, d.people.Fail(t.Context(), strconv.Itoa(one.ID)))
		}
	}
}

func (d *desk) fail(t *testing.T, bill, key string) {
	t.Helper()
	for _, one := range d.records(t, bill) {
		if one.key(d) == key {
			require.NoError(t, d.people.Fail(t.Context(), strconv.Itoa(one.ID)))
			return
		}
	}
	require.Fail(t, "nothing carries "+key)
}

func (d *desk) payTagged(t *testing.T, bill, text string) {
	t.Helper()
	books := d.books(t, bill)
	id := d.pay(t, bill, books.Total, text)
	if d.key != "description" {
		d.do(t, nil, "account.payment", "write", list{number(t, id)}, object{d.key: text})
	}
}

// record is an account.payment.
type record struct {
	ID           int
	State        string
	Amount       figure
	Date         civil
	Description  string
	PayreconKey  string `json:"payrecon_key"`
	ClearingMove *struct {
		Date civil
	} `json:"clearing_move."`
}

func (r record) key(d *desk) string {
	if d.key == "description" {
		return r.Description
	}
	return r.PayreconKey
}

type figure struct{ Decimal string }

type civil struct{ Year, Month, Day int }

func (c civil) date() money.Date {
	return money.Date(fmt.Sprintf("%04d-%02d-%02d", c.Year, c.Month, c.Day))
}

func (d *desk) records(t *testing.T, bill string) []record {
	t.Helper()
	fields := list{"state", "amount", "date", "description", "clearing_move.date"}
	if d.key != "description" {
		fields = append(fields, d.key)
	}
	var records []record
	d.do(t, &records, "account.payment", "search_read", list{list{"line.move.origin.id", "=", number(t, bill), "account.invoice"}}, 0, nil, nil, fields)
	return records
}

// books are what Tryton itself computes: the total, and what is left to pay, of which it takes off payments under way.
func (d *desk) books(t *testing.T, bill string) erptest.Books {
	t.Helper()
	var invoices []struct {
		State    string
		Total    figure                `json:"total_amount"`
		Open     figure                `json:"amount_to_pay"`
		Currency struct{ Code string } `json:"currency."`
		Payers   []struct {
			Debit  figure
			Second *figure              `json:"amount_second_currency"`
			Move   struct{ Date civil } `json:"move."`
		} `json:"payment_lines."`
	}
	d.do(t, &invoices, "account.invoice", "search_read", list{list{"id", "=", number(t, bill)}}, 0, nil, nil, list{
		"state", "total_amount", "amount_to_pay", "currency.code", "payment_lines.debit", "payment_lines.amount_second_currency", "payment_lines.move.date",
	})
	require.Len(t, invoices, 1)
	inv := invoices[0]
	amount := func(f figure) money.Amount { return in(t, inv.Currency.Code, f.Decimal) }
	books := erptest.Books{Total: amount(inv.Total), Paid: amount(figure{"0"}), Payments: []erptest.Entry{}}
	left := amount(inv.Open).Minor()
	for _, one := range d.records(t, bill) {
		succeeded := one.State == "succeeded"
		switch {
		case succeeded:
			require.NotNil(t, one.ClearingMove, "it has reached the ledger")
			require.Equal(t, one.Date, one.ClearingMove.Date, "on its own day")
		case one.State != "failed":
			left += amount(one.Amount).Minor()
		}
		books.Payments = append(books.Payments, erptest.Entry{Key: one.key(d), Amount: amount(one.Amount), Date: one.Date.date(), Counted: succeeded})
	}
	for _, line := range inv.Payers {
		paid := line.Debit
		if line.Second != nil {
			paid = *line.Second
		}
		books.Payments = append(books.Payments, erptest.Entry{Amount: amount(paid), Date: line.Move.Date.date(), Counted: true})
	}
	if inv.State == "posted" || inv.State == "paid" {
		paid, err := money.FromMinor(books.Total.Minor()-left, books.Total.Currency())
		require.NoError(t, err)
		books.Paid = paid
	}
	return books
}
