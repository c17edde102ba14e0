package check_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/internal/check"
	"payrecon/internal/reconcile"
	"payrecon/internal/sandbox"
	"payrecon/precoro"
)

const (
	email    = "anna.b@example.com"
	token    = "t0ken-5512"
	username = "anna.erply"
	password = "p4ssw0rd-8842"

	wrongToken    = "t0ken-5521"
	wrongPassword = "p4ssw0rd-8824"

	slot = 1050 * time.Millisecond
)

// clock is everybody's clock. Waiting moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wait(_ context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return nil
}

// stage is one company in front of a sandbox with all its limits.
type stage struct {
	*sandbox.Sandbox
	clock   *clock
	company check.Company

	mu   sync.Mutex
	sent map[string]int // by side: what left here, arrived or not
}

// settings are what the configuration says, right or wrong.
type settings struct{ token, password, attribute, key, links string }

func newStage(t *testing.T, s settings) *stage {
	t.Helper()
	st := &stage{clock: &clock{now: time.Date(2026, 3, 14, 10, 15, 0, 0, time.UTC)}, sent: map[string]int{}}
	st.Sandbox = sandbox.New(sandbox.Options{Now: st.clock.Now, Email: email, Token: token, Username: username, Password: password})
	client, err := precoro.New(precoro.Options{URL: "https://precoro.example.com/precoro", Email: email, Token: or(s.token, token), Transport: st})
	require.NoError(t, err)
	adapter, err := erply.New(erply.Config{
		URL: "https://123456.erply.example.com/erply/api/", ClientCode: "123456", Username: username, Password: or(s.password, password), InvoiceAttribute: s.attribute,
	}, st, st.clock.Now)
	require.NoError(t, err)
	st.company = check.Company{
		Name: "acme", Precoro: client, Slot: slot, ERP: adapter, System: "erply",
		Linking: reconcile.Linking{Sides: strings.Fields(or(s.links, "erp precoro")), PrecoroKey: or(s.key, "id")},
	}
	return st
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// RoundTrip counts what is sent.
func (st *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	side := "erp"
	if strings.HasPrefix(r.URL.Path, "/precoro") {
		side = "precoro"
	}
	st.mu.Lock()
	st.sent[side]++
	st.mu.Unlock()
	return st.Transport().RoundTrip(r)
}

// check checks, and holds the result against what every check promises.
func (st *stage) check(t *testing.T) check.Result {
	t.Helper()
	clear(st.sent)
	result := check.New(st.clock.Now, st.clock.Wait).Check(t.Context(), st.company)

	require.LessOrEqual(t, st.sent["precoro"], 2)
	require.LessOrEqual(t, st.sent["erp"], 2)
	require.Positive(t, st.sent["precoro"])
	require.Positive(t, st.sent["erp"], "also where Precoro fails")
	require.Equal(t, st.sent["precoro"], result.Precoro.Requests)
	require.Equal(t, st.sent["erp"], result.ERP.Requests)
	state := st.State()
	require.Empty(t, state.Alarms)
	require.Empty(t, state.Ledger, "a check only reads")
	require.Empty(t, state.Throttled)
	text, data := printed(t, result)
	for _, secret := range []string{email, token, wrongToken, username, password, wrongPassword} {
		require.NotContains(t, text+data, secret)
	}
	return result
}

func printed(t *testing.T, results ...check.Result) (text, data string) {
	t.Helper()
	var table, object strings.Builder
	report := check.NewReport(results)
	require.NoError(t, report.Table(&table, 0, false))
	require.NoError(t, report.JSON(&object))
	require.True(t, json.Valid([]byte(object.String())))
	return table.String(), object.String()
}

// linked adds an invoice and its bill.
func (st *stage) linked(edit func(*sandbox.Bill)) (sandbox.Invoice, sandbox.Bill) {
	invoice := st.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00"})
	bill := sandbox.Bill{
		Currency: "EUR", Total: "120.00", Confirmed: 1, Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(invoice.ID, 10)},
	}
	if edit != nil {
		edit(&bill)
	}
	return invoice, st.AddBill(bill)
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	st := newStage(t, settings{})
	first, _ := st.linked(nil)
	st.AddPayment(sandbox.Payment{InvoiceID: first.ID, Amount: "20.00", ExternalID: "er.9"})
	st.AddPayment(sandbox.Payment{InvoiceID: first.ID, Amount: "10.00"})
	bill := st.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00", Confirmed: 1})
	st.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", ExternalID: strconv.FormatInt(bill.ID, 10)})
	st.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00"})                                  // no bill yet
	st.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", LogicType: 1})                    // a credit note
	st.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", Draft: true, ExternalID: "8842"}) // not a run's

	result := st.check(t)

	require.Equal(t, check.OK, result.Precoro.Outcome)
	require.Equal(t, &check.Rows{Total: 4, Read: 4, ExternalIDs: 1}, result.Precoro.Invoices)
	require.Equal(t, &check.Rows{Total: 2, Read: 2, ExternalIDs: 1}, result.Precoro.Payments)
	require.Equal(t, "0s", result.Precoro.ClockAhead)
	require.Empty(t, result.Precoro.Warnings)
	require.Equal(t, check.OK, result.ERP.Outcome)
	require.Equal(t, &check.Bills{Invoices: 3, Linked: 2, ByERP: 1, Missing: 1}, result.ERP.Bills)
	require.Empty(t, result.ERP.Warnings)
	require.Equal(t, map[string]map[string]int{
		"precoro": {"GET /invoices": 1, "GET /payments": 1}, "erply": {"verifyUser": 1, "bulk": 1, "bulk/getPurchaseDocuments": 4},
	}, st.State().Requests)
}

// Target: a side that does not answer as it should. Injection: one fault, or a mistake in the configuration. Expected: the
// outcome that says whose fault it is, what to look at, and the other side checked all the same.
func TestFailuresAreToldApart(t *testing.T) {
	t.Parallel()
	const over = `{"status":{"responseStatus":"error","errorCode":1055}}`
	for name, test := range map[string]struct {
		settings settings
		fault    sandbox.Fault
		want     check.Outcome
		words    []string // of the side that fails
		requests int
		erp      bool // it is the ERP's side that fails
	}{
		"wrong token": {
			settings: settings{token: wrongToken}, want: check.Unauthorized, requests: 1,
			words: []string{"list of invoices: Bad credentials", "email, token and url in [company.precoro]"},
		},
		"wrong password": {
			settings: settings{password: wrongPassword}, want: check.Unauthorized, requests: 1, erp: true,
			words: []string{"error 1051", "[company.erp.erply] (username and password, with Erply client_code, with Tryton database)"},
		},
		"Precoro busy": {
			fault: sandbox.Fault{Side: "precoro", Kind: sandbox.Throttle}, want: check.Busy, requests: 1,
			words: []string{"Route based limiter by minute, until 2026-03-14 10:16:00 UTC (1m0s from now)", "nothing against the credentials"},
		},
		"Precoro busy at the second request": {
			fault: sandbox.Fault{Side: "precoro", Kind: sandbox.Throttle, After: 1}, want: check.Busy, requests: 2,
			words: []string{"list of payments: Route based limiter", "invoice of status 2, 4 and 5"},
		},
		"Erply's hour used up": {
			fault: sandbox.Fault{Side: "erply", Kind: sandbox.Throttle}, want: check.Busy, requests: 1, erp: true,
			words: []string{"Erply's hourly quota, until 2026-03-14 11:00:00 UTC", "nothing against the credentials"},
		},
		"Erply too fast": {
			fault: sandbox.Fault{Side: "erply", Kind: sandbox.Throttle, Status: 429, Match: "bulk"}, want: check.Busy, requests: 2, erp: true,
			words: []string{"150 requests in 30 s", "(10s from now)"},
		},
		"payments not allowed": {
			fault: sandbox.Fault{Side: "precoro", Kind: sandbox.Body, Match: "GET /payments", Status: 403, Body: `{"message":"Access denied"}`},
			want:  check.Forbidden, requests: 2, words: []string{"list of payments: Access denied", "token's user"},
		},
		"Erply right missing": {
			fault: sandbox.Fault{Side: "erply", Kind: sandbox.Body, Match: "bulk", Body: `{"status":{"responseStatus":"error","errorCode":1060}}`},
			want:  check.Forbidden, requests: 2, erp: true, words: []string{"error 1060", "the user of [company.erp.erply]"},
		},
		"Precoro down": {
			fault: sandbox.Fault{Side: "precoro", Kind: sandbox.Refused}, want: check.Unreachable, requests: 1,
			words: []string{"connection refused", "Check url in [company.precoro]"},
		},
		"Erply down": {
			fault: sandbox.Fault{Side: "erply", Kind: sandbox.Refused}, want: check.Unreachable, requests: 1, erp: true,
			words: []string{"connection refused", "Check url in [company.erp.erply]"},
		},
		"Erply gone after the login": {
			fault: sandbox.Fault{Side: "erply", Kind: sandbox.Reset, Match: "bulk"}, want: check.Unreachable, requests: 2, erp: true,
			words: []string{"connection reset"},
		},
		"a page instead of Precoro": {
			fault: sandbox.Fault{Side: "precoro", Kind: sandbox.HTML}, want: check.Unreadable, requests: 1,
			words: []string{"gives no usable answer", "is not JSON", "is that Precoro's API?"},
		},
		"a page instead of Erply": {
			fault: sandbox.Fault{Side: "erply", Kind: sandbox.HTML}, want: check.Unreadable, requests: 1, erp: true,
			words: []string{"no answer of Erply's", "is that the ERP's API?"},
		},
		"half an answer": {
			fault: sandbox.Fault{Side: "precoro", Kind: sandbox.CutBody}, want: check.Unreadable, requests: 1, words: []string{"unexpected EOF"},
		},
		"Precoro out of order": {
			fault: sandbox.Fault{Side: "precoro", Kind: sandbox.Error500Before, Match: "GET /payments"}, want: check.Unreadable, requests: 2,
			words: []string{"list of payments: HTTP status 500", "check again later"},
		},
		"no such path": {
			fault: sandbox.Fault{Side: "precoro", Kind: sandbox.Body, Status: 404, Body: `{}`}, want: check.Refused, requests: 1,
			words: []string{"list of invoices: not found", "Check url in [company.precoro]"},
		},
		"call refused": {
			fault: sandbox.Fault{Side: "erply", Kind: sandbox.Body, Match: "bulk", Body: `{"status":{"responseStatus":"error","errorCode":1020}}`},
			want:  check.Refused, requests: 2, erp: true, words: []string{"refused (1020)", "Check [company.erp.erply]."},
		},
		"session not accepted": {
			fault: sandbox.Fault{Side: "erply", Kind: sandbox.Body, Match: "bulk", Body: over, Times: 9}, want: check.Unreadable, requests: 2, erp: true,
			words: []string{"after 2 requests a further one was wanted"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStage(t, test.settings)
			st.linked(nil)
			if test.fault.Kind != "" {
				st.Fail(test.fault)
			}

			result := st.check(t)

			failing, other := result.Precoro.Side, result.ERP.Side
			if test.erp {
				failing, other = other, failing
			}
			require.Equal(t, test.want, failing.Outcome, failing.Reason)
			require.Equal(t, test.requests, failing.Requests)
			require.Equal(t, check.OK, other.Outcome, other.Reason)
			require.Equal(t, 2, other.Requests)
			require.Empty(t, other.Warnings)
			require.Equal(t, result.Precoro.Invoices != nil, test.erp || result.ERP.Bills != nil, "what was read is used")
			text, _ := printed(t, result)
			for _, words := range test.words {
				require.Contains(t, text, words)
			}
			require.Equal(t, test.want == check.Busy, check.NewReport([]check.Result{result}).Reached)
		})
	}
}

// Target: the bound of two requests. Injection: an ERP that refuses a list of ids, which the adapter then asks for one by
// one. Expected: no third request.
func TestAdapterThatWouldAskOnIsHeldBack(t *testing.T) {
	t.Parallel()
	st := newStage(t, settings{links: "precoro"})
	for _, bill := range []string{"7", "8"} {
		st.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", ExternalID: bill})
	}
	st.Fail(sandbox.Fault{
		Side: "erply", Kind: sandbox.Body, Match: "bulk",
		Body: `{"status":{"responseStatus":"ok","errorCode":0},"requests":[{"status":{"requestID":"0","responseStatus":"error","errorCode":1011}}]}`,
	})

	result := st.check(t)

	require.Equal(t, check.Unreadable, result.ERP.Outcome)
	require.Equal(t, 2, result.ERP.Requests)
}

// free is an ERP without a quota, in which no two payments hold one key.
type free struct{ erp.Adapter }

func (f free) Capabilities() erp.Capabilities {
	c := f.Adapter.Capabilities()
	c.PerHour = 0
	return c
}

func (f free) FindBills(ctx context.Context, links []erp.Link) (erp.Found, error) {
	found, err := f.Adapter.FindBills(ctx, links)
	found.Unique = true
	return found, err
}

func TestAnERPWithoutAQuotaIsAskedOn(t *testing.T) {
	t.Parallel()
	st := newStage(t, settings{})
	st.linked(nil)
	st.company.ERP = free{st.company.ERP}
	st.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Body, Match: "bulk", Body: `{"status":{"responseStatus":"error","errorCode":1054}}`})

	result := check.New(st.clock.Now, st.clock.Wait).Check(t.Context(), st.company)

	require.Equal(t, check.OK, result.ERP.Outcome, result.ERP.Reason)
	require.Equal(t, 4, result.ERP.Requests, "a login, a search that was turned away, and both again")
}

func TestAnERPThatRefusesASecondPaymentByItselfIsSaidToDoSo(t *testing.T) {
	t.Parallel()
	const words = "refuses by itself to hold two payments with one key"
	st := newStage(t, settings{})
	st.linked(nil)
	result := st.check(t)
	text, data := printed(t, result)
	require.False(t, result.ERP.UniqueKeys)
	require.NotContains(t, text, words)
	require.NotContains(t, data, "unique_keys")

	st.company.ERP = free{st.company.ERP}
	text, data = printed(t, check.New(st.clock.Now, st.clock.Wait).Check(t.Context(), st.company))
	require.Contains(t, text, words)
	require.Contains(t, data, `"unique_keys": true`)
}

// own is an ERP that fails in words of its own.
type own struct{ erp.Adapter }

func (own) FindBills(context.Context, []erp.Link) (erp.Found, error) {
	return erp.Found{}, errors.New("out of\tpaper")
}

func TestErrorThatNobodyKnowsIsPassedOn(t *testing.T) {
	t.Parallel()
	st := newStage(t, settings{})
	st.company.ERP, st.company.System = own{st.company.ERP}, "abacus"

	result := check.New(st.clock.Now, st.clock.Wait).Check(t.Context(), st.company)

	require.Equal(t, check.Unreadable, result.ERP.Outcome)
	require.Equal(t, "out of paper", result.ERP.Reason)
	require.Contains(t, result.ERP.Hint, "[company.erp.abacus]")
}

func TestWarningsTeach(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings     settings
		world        func(*stage)
		precoro, erp []string // what the only warning of the side says
	}{
		"no invoice is visible": {
			world:   func(*stage) {},
			precoro: []string{"No invoice of status 2 (approved), 4 (partly paid) or 5 (paid) is visible", "roles of the token's user"},
		},
		"another attribute": {
			settings: settings{attribute: "precoro_id"},
			world:    func(st *stage) { st.linked(nil); st.linked(nil) },
			erp: []string{
				"No bill was found for 2 of the newest 2 invoices", "The bill of invoice 1002 should carry 1007", "company.match.precoro_key (id)",
				"[company.erp.erply]", "invoice_attribute", "external ID should be the id of its bill",
			},
		},
		"another attribute, and a few other links": {
			settings: settings{attribute: "precoro_id"},
			world: func(st *stage) {
				st.linked(nil)
				st.linked(nil)
				bill := st.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00", Confirmed: 1})
				st.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00", ExternalID: strconv.FormatInt(bill.ID, 10)})
			},
			erp: []string{"No bill was found for 2 of the newest 3 invoices", "invoice_attribute"},
		},
		"another key": {
			settings: settings{key: "idn", links: "erp"},
			world:    func(st *stage) { st.linked(nil) },
			erp:      []string{"The bill of invoice 1001 should carry 1001", "company.match.precoro_key (idn)"},
		},
		"bills of other invoices": { // the number of one invoice is the id of another
			settings: settings{key: "idn", links: "erp"},
			world: func(st *stage) {
				st.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00"})
				st.AddBill(sandbox.Bill{Currency: "EUR", Total: "99.00", Confirmed: 1, Attributes: map[string]string{"precoroInvoiceID": "1001"}})
			},
			erp: []string{"1 of 1 bills have another total or currency", "company.match.precoro_key (idn)"},
		},
		"only a link that nobody filled in": {
			settings: settings{links: "precoro"},
			world:    func(st *stage) { st.linked(nil) },
			erp:      []string{"company.match.link trusts the invoices' external ID alone, and none of the newest 1 has one"},
		},
		"rows that cannot be read": {
			world: func(st *stage) {
				st.linked(nil)
				st.AddInvoice(sandbox.Invoice{IDN: 5001, Currency: "EURO", Total: "1.00"})
			},
			precoro: []string{"1 of the newest 2 invoices cannot be read. The first is number 5001: currency \"EURO\""},
		},
		"bills that cannot be read": {
			world: func(st *stage) { st.linked(func(b *sandbox.Bill) { b.TotalForAccounting = "99.00" }) },
			erp:   []string{"1 of 1 bills cannot be read. The first is bill 1001: total is 120.00 EUR, totalForAccounting 99.00 EUR"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStage(t, test.settings)
			test.world(st)

			result := st.check(t)

			requireWarning(t, test.precoro, result.Precoro.Side)
			requireWarning(t, test.erp, result.ERP.Side)
			require.True(t, check.NewReport([]check.Result{result}).Reached, "a warning is no failure")
		})
	}
}

func requireWarning(t *testing.T, want []string, side check.Side) {
	t.Helper()
	require.Equal(t, check.OK, side.Outcome, side.Reason)
	if len(want) == 0 {
		require.Empty(t, side.Warnings)
		return
	}
	require.Len(t, side.Warnings, 1)
	for _, words := range want {
		require.Contains(t, side.Warnings[0], words)
	}
}

func TestBillsAreCountedByWhatTheyMean(t *testing.T) {
	t.Parallel()
	st := newStage(t, settings{})
	for range 3 {
		st.linked(nil)
	}
	twice, _ := st.linked(nil)
	st.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00", Confirmed: 1, Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(twice.ID, 10)}})
	st.linked(func(b *sandbox.Bill) { b.Confirmed = 0 })
	st.linked(func(b *sandbox.Bill) { b.Currency = "USD" })

	result := st.check(t)

	require.Equal(t, &check.Bills{Invoices: 6, Linked: 5, ByERP: 5, Ambiguous: 1, Drafts: 1, Differ: 1}, result.ERP.Bills)
	require.Empty(t, result.ERP.Warnings)
}

func TestNewestInvoicesThatOneCallTakesAreLookedFor(t *testing.T) {
	t.Parallel()
	st := newStage(t, settings{})
	for range 120 {
		st.linked(nil)
	}

	result := st.check(t)

	require.Equal(t, &check.Bills{Invoices: 100, Linked: 100, ByERP: 100}, result.ERP.Bills)
	require.Equal(t, 120, result.Precoro.Invoices.Total)
}

func TestClockThatIsOffIsSaid(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]string{10 * time.Minute: "is 10m0s ahead of", -4 * time.Minute: "is 4m0s behind", 2 * time.Minute: ""} {
		st := newStage(t, settings{})
		st.linked(nil)
		ours := func() time.Time { return st.clock.Now().Add(-ahead) }

		result := check.New(ours, st.clock.Wait).Check(t.Context(), st.company)

		for _, side := range []check.Side{result.Precoro.Side, result.ERP.Side} {
			require.Equal(t, ahead.String(), side.ClockAhead)
			require.Equal(t, want != "", len(side.Warnings) == 1, side.Warnings)
			require.Contains(t, strings.Join(side.Warnings, ""), want)
		}
	}
}

func TestEveryPrecoroRequestKeepsItsSlot(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{"answered": token, "refused": wrongToken} {
		st := newStage(t, settings{token: token})
		st.linked(nil)
		began := st.clock.Now()

		result := st.check(t)

		require.Equal(t, slot*time.Duration(result.Precoro.Requests), st.clock.Now().Sub(began), name)
	}
}

// Target: the rule that Precoro refuses the same GET twice within a minute. Injection: a run right after a check. Expected:
// the run's listing is not the one that was just asked for.
func TestRunAfterACheckNeedNotWait(t *testing.T) {
	t.Parallel()
	st := newStage(t, settings{})
	st.linked(nil)
	st.check(t)

	run := precoro.InvoiceFilter{Statuses: []int{reconcile.StatusApproved, reconcile.StatusPartlyPaid, reconcile.StatusPaid}}
	page, err := st.company.Precoro.ListInvoices(t.Context(), run, 1)

	require.NoError(t, err)
	require.Len(t, page.Invoices, 1)
}
