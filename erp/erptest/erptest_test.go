package erptest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erptest"
	"payrecon/internal/faulty"
	"payrecon/internal/money"
)

// The suite itself is tried on an ERP that can do what Erply cannot, with an adapter that is as short as it can be.
func TestSuiteFitsAnERPWhosePaymentsAreMadeInSteps(t *testing.T) {
	t.Parallel()
	for name, unique := range map[string]bool{"keys are unique": true, "keys are not unique": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			erptest.Test(t, erptest.Subject{
				New: func(t *testing.T) *erptest.Account { t.Helper(); return newAccount(t, newOffice(unique)) },
				Cannot: map[erptest.Ability]string{
					erptest.CountedRequests: "requests cost nothing",
				},
				Currencies: []string{"EUR", "JPY", "KWD", "CLF"},
				Days:       []money.Date{"2026-03-14", "2024-02-29", "2026-12-31"},
				Part:       30,
				Requests:   mostAtOnce,
				Once:       unique,
			})
		})
	}
}

func newAccount(t *testing.T, o *office) *erptest.Account {
	t.Helper()
	clock := func() (now time.Time) { o.people(func() { now = o.now }); return now }
	wire := faulty.NewTransport(o, clock)
	open := func(transport http.RoundTripper, password string) erp.Adapter {
		opened, err := newAdapter(transport, password, o.unique)
		require.NoError(t, err)
		return opened
	}
	pay := func(p payment) func(t *testing.T, bill string, amount money.Amount) {
		return func(_ *testing.T, bill string, amount money.Amount) {
			o.people(func() {
				made := p
				made.Bill, made.Amount, made.Date, made.State = bill, amount, money.DateOf(o.now, time.UTC), states[3]
				o.enter(&made)
			})
		}
	}
	fail := func(bill string, fits func(*payment) bool) {
		o.people(func() {
			for _, p := range o.payments {
				if p.Bill == bill && fits(p) {
					p.State = "failed"
				}
			}
			o.touch(o.bill(bill))
		})
	}
	return &erptest.Account{
		Adapter: open(wire, officePassword), Wire: wire, Other: open(o, officePassword),
		Intruder: func(*testing.T) erp.Adapter { return open(wire, "a wrong password") },
		Secrets:  o.secrets,
		IsLogin:  does("login"), IsWrite: does("create", "advance", "key"),
		Refusal: func(words string) (int, string) {
			body, err := json.Marshal(says{Error: words})
			require.NoError(t, err)
			return http.StatusOK, string(body)
		},
		ExpireSessions: func(*testing.T) { o.people(func() { clear(o.sessions) }) },
		Deny:           func(*testing.T) { o.people(func() { o.denied = true }) },
		Now:            clock, Advance: func(d time.Duration) { o.people(func() { o.now = o.now.Add(d) }) },
		AddBills: func(_ *testing.T, specs ...erptest.BillSpec) (ids []string) {
			o.people(func() {
				for _, spec := range specs {
					b := &bill{ID: o.next(), Link: spec.Link, Total: spec.Total, Confirmed: !spec.Draft, Text: spec.Text}
					o.touch(b)
					o.bills, ids = append(o.bills, b), append(ids, b.ID)
				}
			})
			return ids
		},
		Edit:   func(_ *testing.T, id, text string) { o.people(func() { o.bill(id).Text = text; o.touch(o.bill(id)) }) },
		Text:   func(_ *testing.T, id string) (text string) { o.people(func() { text = o.bill(id).Text }); return text },
		Remove: func(_ *testing.T, id string) { o.people(func() { o.bill(id).Gone = true }) },
		Books: func(_ *testing.T, id string) (books erptest.Books) {
			o.people(func() {
				s := o.stands(o.bill(id))
				books.Total, books.Paid = s.Total, s.Paid
				for _, p := range s.Payments {
					books.Payments = append(books.Payments, erptest.Entry{Key: p.Key, Amount: p.Amount, Date: p.Date, Counted: p.State == states[3]})
				}
			})
			return books
		},
		Ways: map[string]erptest.Way{
			"record": {Pay: pay(payment{}), TakeBack: func(_ *testing.T, bill string) { fail(bill, func(p *payment) bool { return p.Key == "" }) }},
			"line":   {Pay: pay(payment{Line: true}), Fixed: true},
		},
		TakeBack: func(_ *testing.T, bill, key string) { fail(bill, func(p *payment) bool { return p.Key == key }) },
		PayTagged: func(t *testing.T, bill, text string) {
			t.Helper()
			pay(payment{Key: text})(t, bill, o.total(bill))
		},
	}
}

func (o *office) total(id string) (total money.Amount) {
	o.people(func() { total = o.bill(id).Total })
	return total
}

func does(what ...string) faulty.Match {
	return func(_ *http.Request, body []byte) bool {
		form, err := url.ParseQuery(string(body))
		return err == nil && slices.Contains(what, form.Get("do"))
	}
}
