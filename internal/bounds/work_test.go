package bounds_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/bounds"
	"payrecon/internal/sandbox"
)

func TestTheWorkIsCountedInTheWorld(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	s := sandbox.New(sandbox.Options{Now: func() time.Time { return now }})
	sandbox.Scale(1, 300, 21)(s)
	s.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "10.00", Status: 1, Created: now.AddDate(0, -1, 0)})

	work, err := bounds.Before(s.State(), time.Time{})
	require.NoError(t, err)
	require.Equal(t, bounds.Work{Company: 300, Invoices: 300, Differing: 21, Payments: len(s.State().Payments), Bills: 300}, work)

	sandbox.Pay(1, 7)(s)
	work, err = bounds.Before(s.State(), now.Add(-24*time.Hour))
	require.NoError(t, err)
	require.Equal(t, bounds.Work{Company: 300, Invoices: 4, Differing: 28, Payments: len(s.State().Payments), Bills: 300}, work, "the ERP's changes do not show in Precoro")
}

func TestWhatDiffers(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		paid       []string
		cancelled  bool
		flag       int
		attributes []string
		differs    bool
	}{
		"nothing is paid":                        {},
		"paid and flagged, without a record":     {paid: []string{"120.00"}, flag: 1, differs: true},
		"paid and recorded, without the flag":    {paid: []string{"120.00"}, attributes: []string{"120.00 EUR 2026-03-14"}},
		"paid in part and recorded":              {paid: []string{"20.00", "30.00"}, attributes: []string{"20.00 EUR 2026-03-14", "30.00 EUR 2026-03-14"}},
		"paid in part and flagged":               {paid: []string{"20.00"}, flag: 1, attributes: []string{"20.00 EUR 2026-03-14"}, differs: true},
		"one of two is recorded":                 {paid: []string{"20.00", "30.00"}, attributes: []string{"20.00 EUR 2026-03-14"}, differs: true},
		"recorded with another amount":           {paid: []string{"20.00"}, attributes: []string{"21.00 EUR 2026-03-14"}, differs: true},
		"only flagged":                           {flag: 1, differs: true},
		"only paid in Precoro":                   {paid: []string{"120.00"}, differs: true},
		"cancelled, and there is no record":      {paid: []string{"120.00"}, cancelled: true},
		"cancelled, and there is a record of it": {paid: []string{"120.00"}, cancelled: true, attributes: []string{"120.00 EUR 2026-03-14"}, differs: true},
	} {
		s := sandbox.New(sandbox.Options{})
		i := s.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00"})
		attributes := map[string]string{bounds.Attribute: strconv.FormatInt(i.ID, 10)}
		for n, amount := range one.paid {
			p := s.AddPayment(sandbox.Payment{InvoiceID: i.ID, Amount: amount})
			if n < len(one.attributes) {
				attributes["payrecon-"+strconv.FormatInt(p.ID, 10)] = one.attributes[n]
			}
			if one.cancelled {
				s.CancelPayment(p.ID)
			}
		}
		s.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00", Confirmed: 1, Paid: one.flag, Attributes: attributes})

		differing, err := bounds.Differing(s.State())

		require.NoError(t, err, name)
		require.Equal(t, one.differs, differing == 1, name)
	}
}

func TestAWorldThatCannotBeJudgedIsAnError(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Options{})
	s.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00"})
	_, err := bounds.Before(s.State(), time.Time{})
	require.ErrorContains(t, err, bounds.Attribute)
}

func TestWhatWasWrittenIsCountedInTheLedger(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	s := sandbox.New(sandbox.Options{Now: func() time.Time { now = now.Add(2 * time.Second); return now }})
	i := s.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00"})
	send := func(method, path string, form url.Values) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://any.example/precoro"+path, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		r.Header = http.Header{
			"User-Agent": {"bounds-test"}, "X-Auth-Token": {"precoro-token"}, "Email": {"robot@example.com"},
			"Content-Type": {"application/x-www-form-urlencoded"},
		}
		answer, err := s.Transport().RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Less(t, answer.StatusCode, 300)
	}
	payment := url.Values{"invoice[id]": {strconv.FormatInt(i.ID, 10)}, "sumPaid": {"10.00"}, "payDate": {"2026-03-14T00:00:00+00:00"}, "logicType": {"0"}}
	send(http.MethodPost, "/payments", payment)
	before := s.Counters()
	send(http.MethodPost, "/payments", payment)
	send(http.MethodPatch, "/payments/"+strconv.FormatInt(s.State().Payments[0].IDN, 10), url.Values{"externalId": {"er.1"}})

	require.Equal(t, bounds.Work{Bills: 3, Created: 1, Tags: 1}, bounds.Work{Bills: 3}.And(before, s.Counters()))
	require.Equal(t, bounds.Spent{Precoro: 2}, bounds.Requests(before, s.Counters()))
}
