package erply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/erp/erptest"
	"payrecon/internal/faulty"
	"payrecon/internal/money"
	"payrecon/internal/sandbox"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	erptest.Test(t, erptest.Subject{
		New: newAccount,
		Cannot: map[erptest.Ability]string{
			erptest.PartPayments: "a paid flag says that the whole is paid",
			erptest.ForeignTags:  "a paid flag carries no text",
			erptest.LongKeys:     "a record's name holds the number of a Precoro payment and nothing else",
		},
		Currencies: []string{"EUR", "USD", "JPY", "KWD"},
		Days:       []money.Date{"2026-03-14", "2024-02-29", "2025-12-31", "2027-01-01"},
		Part:       1050, // the first part of all is 1000
		Requests:   2,
		Once:       true, // an attribute is set by its name
	})
}

// books are the sandbox's Erply, and whoever works there.
type books struct {
	*sandbox.Sandbox

	mu       sync.Mutex
	now      time.Time
	sessions []string
}

// newAccount is an Erply account on a sandbox of its own. The adapter's clock stands still while the ERP's goes on, so that
// sessions end before the adapter expects it.
func newAccount(t *testing.T) *erptest.Account {
	t.Helper()
	b := &books{now: noon}
	b.Sandbox = sandbox.New(sandbox.Options{Now: b.clock, Password: erplyPassword, Limits: sandbox.Limits{ErplyPerHour: 1 << 20, ErplyPer30s: 1 << 20}})
	t.Cleanup(func() { require.Empty(t, b.State().Alarms) })
	wire := faulty.NewTransport(b, b.clock)
	open := func(t *testing.T, transport http.RoundTripper, password string) erp.Adapter {
		t.Helper()
		adapter, err := erply.New(erply.Config{
			URL: "https://123456.erply.com/erply/api/", ClientCode: "123456", Username: "robot", Password: password,
		}, transport, at(noon))
		require.NoError(t, err)
		return adapter
	}
	return &erptest.Account{
		Adapter: open(t, wire, erplyPassword), Wire: wire, Other: open(t, b, erplyPassword),
		Intruder: func(t *testing.T) erp.Adapter { t.Helper(); return open(t, wire, "a wrong password") },
		Secrets:  b.secrets, IsLogin: isLogin, IsWrite: isSave,
		Refusal: func(words string) (int, string) {
			body, err := json.Marshal(object{"status": object{"responseStatus": "error", "errorCode": 1016, "errorField": words}})
			require.NoError(t, err)
			return http.StatusOK, string(body)
		},
		ExpireSessions: func(*testing.T) { b.advance(2 * time.Hour) },
		Deny: func(*testing.T) {
			b.Fail(sandbox.Fault{Side: "erply", Match: "bulk", Kind: sandbox.PartFails, Status: 1060, Times: 1000})
		},
		Now: b.clock, Advance: b.advance,
		Spent:    func() int { return 100 * b.Counters().ErplyTenths },
		AddBills: b.addBills, Edit: b.edit, Text: b.text, Remove: b.remove, Books: b.books,
		Ways: map[string]erptest.Way{"flag": {
			Pay:      func(t *testing.T, bill string, _ money.Amount) { t.Helper(); b.setPaid(t, bill, 1) },
			TakeBack: func(t *testing.T, bill string) { t.Helper(); b.setPaid(t, bill, 0) },
			Whole:    true,
		}},
		TakeBack: func(t *testing.T, bill, _ string) { t.Helper(); b.setPaid(t, bill, 0) },
	}
}

// erplyPassword could be the name of a field: what names one is shown in errors.
const erplyPassword = "Erply4Secret"

func (b *books) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *books) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

var sessionKey = regexp.MustCompile(`"sessionKey":"([^"]+)"`)

// RoundTrip is the sandbox's, and keeps the session keys that it gives.
func (b *books) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if found := sessionKey.FindSubmatch(body); found != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sessions = append(b.sessions, string(found[1]))
	}
	return answer, nil
}

func (b *books) secrets() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{erplyPassword}, b.sessions...)
}

func isLogin(_ *http.Request, body []byte) bool {
	form, err := url.ParseQuery(string(body))
	return err == nil && form.Get("request") == "verifyUser"
}

func isSave(_ *http.Request, body []byte) bool {
	form, err := url.ParseQuery(string(body))
	return err == nil && strings.Contains(form.Get("requests"), `"savePurchaseDocument"`)
}

func (b *books) addBills(_ *testing.T, specs ...erptest.BillSpec) []string {
	ids := make([]string, len(specs))
	for i, spec := range specs {
		bill := sandbox.Bill{
			Currency: string(spec.Total.Currency()), Total: spec.Total.Number(), Confirmed: 1, Notes: spec.Text, Attributes: map[string]string{},
		}
		if spec.Draft {
			bill.Confirmed = 0
		}
		if spec.Link != "" {
			bill.Attributes["precoroInvoiceID"] = spec.Link
		}
		ids[i] = strconv.FormatInt(b.AddBill(bill).ID, 10)
	}
	return ids
}

// change lets somebody edit a bill that is there.
func (b *books) change(t *testing.T, bill string, edit func(*sandbox.Bill)) {
	t.Helper()
	b.EditBill(b.document(t, bill).ID, edit)
}

func (b *books) document(t *testing.T, bill string) sandbox.Bill {
	t.Helper()
	all := b.State().Bills
	i := slices.IndexFunc(all, func(one sandbox.Bill) bool { return strconv.FormatInt(one.ID, 10) == bill })
	require.GreaterOrEqual(t, i, 0, "bill %s", bill)
	return all[i]
}

func (b *books) setPaid(t *testing.T, bill string, paid int) {
	t.Helper()
	b.change(t, bill, func(d *sandbox.Bill) { d.Paid = paid })
}

func (b *books) edit(t *testing.T, bill, text string) {
	t.Helper()
	b.change(t, bill, func(d *sandbox.Bill) { d.Notes = text })
}

func (b *books) text(t *testing.T, bill string) string {
	t.Helper()
	return b.document(t, bill).Notes
}

// remove makes an order of the bill: that is none any more, and the sandbox has nobody who deletes documents.
func (b *books) remove(t *testing.T, bill string) {
	t.Helper()
	b.change(t, bill, func(d *sandbox.Bill) { d.Type = "PRCORDER" })
}

// books are the document's own flag, and its attributes that look like records.
func (b *books) books(t *testing.T, bill string) erptest.Books {
	t.Helper()
	document := b.document(t, bill)
	held := erptest.Books{Total: parsed(t, document.Total, document.Currency), Paid: parsed(t, "0", document.Currency)}
	for _, name := range slices.Sorted(maps.Keys(document.Attributes)) {
		id, isRecord := strings.CutPrefix(name, "payrecon-")
		if !isRecord {
			continue
		}
		var number, currency, day string
		_, err := fmt.Sscanf(document.Attributes[name], "%s %s %s", &number, &currency, &day)
		require.NoError(t, err)
		entry := erptest.Entry{Key: "pr." + id, Amount: parsed(t, number, currency), Date: money.Date(day), Counted: true}
		held.Payments = append(held.Payments, entry)
		held.Paid, err = held.Paid.Add(entry.Amount)
		require.NoError(t, err)
	}
	switch complete := len(held.Payments) > 0 && held.Paid == held.Total; {
	case document.Paid == 1:
		held.Paid = held.Total
	case complete: // somebody took the flag back
		held.Paid = parsed(t, "0", document.Currency)
		for i := range held.Payments {
			held.Payments[i].Counted = false
		}
	}
	return held
}

func parsed(t *testing.T, number, currency string) money.Amount {
	t.Helper()
	amount, err := money.Parse(number, currency)
	require.NoError(t, err)
	return amount
}
