package precoro_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
	"payrecon/precoro"
)

// sent is a request as the server sees it.
type sent struct{ line, contentType, body string }

func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	tests := map[string]struct {
		call func(context.Context, *precoro.Client) error
		want sent
	}{
		"all invoices": {
			func(ctx context.Context, c *precoro.Client) error {
				_, err := c.ListInvoices(ctx, precoro.InvoiceFilter{}, 1)
				return err
			},
			sent{line: "GET https://api.precoro.com/invoices?page=1&per_page=200"},
		},
		"invoices by every filter": {
			func(ctx context.Context, c *precoro.Client) error {
				_, err := c.ListInvoices(ctx, precoro.InvoiceFilter{
					Statuses: []int{2, 4, 5}, ID: 77, ExternalIDs: []string{"8842", "88 43"},
					ModifiedSince: time.Date(2026, 3, 14, 1, 30, 5, 0, time.FixedZone("EET", 2*60*60)),
				}, 3)
				return err
			},
			sent{line: "GET https://api.precoro.com/invoices?external_id[]=8842&external_id[]=88+43&id=77&modifiedSince=2026-03-13T23:30:05" +
				"&page=3&per_page=200&status[]=2&status[]=4&status[]=5"},
		},
		"one invoice": {
			func(ctx context.Context, c *precoro.Client) error {
				_, err := c.Invoice(ctx, 1042)
				return err
			},
			sent{line: "GET https://api.precoro.com/invoices/1042"},
		},
		"all payments": {
			func(ctx context.Context, c *precoro.Client) error {
				_, err := c.ListPayments(ctx, precoro.PaymentFilter{}, 2)
				return err
			},
			sent{line: "GET https://api.precoro.com/payments?page=2&per_page=200"},
		},
		"payments of an invoice": {
			func(ctx context.Context, c *precoro.Client) error {
				_, err := c.ListPayments(ctx, precoro.PaymentFilter{InvoiceIDN: 1042, PerPage: 50}, 1)
				return err
			},
			sent{line: "GET https://api.precoro.com/payments?invoice=1042&page=1&per_page=50"},
		},
		"create a payment": {
			func(ctx context.Context, c *precoro.Client) error {
				amount, err := money.Parse("120", "EUR")
				if err != nil {
					return err
				}
				_, err = c.CreatePayment(ctx, precoro.NewPayment{InvoiceID: 77, Amount: amount, Date: "2026-03-14", ExternalID: "er.8842.paid"})
				return err
			},
			sent{
				line: "POST https://api.precoro.com/payments", contentType: form,
				body: "externalId=er.8842.paid&invoice[id]=77&logicType=0&payDate=2026-03-14T12:00:00+00:00&sumPaid=120.00",
			},
		},
		"set an external ID": {
			func(ctx context.Context, c *precoro.Client) error {
				_, err := c.SetPaymentExternalID(ctx, 31, "er.9", "EUR")
				return err
			},
			sent{line: "PATCH https://api.precoro.com/payments/31", contentType: form, body: "externalId=er.9"},
		},
	}
	readable := strings.NewReplacer("%5B", "[", "%5D", "]", "%3A", ":", "%2B", "+")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []sent
			client := connect(t, func(r *http.Request) (*http.Response, error) {
				var body []byte
				if r.Body != nil {
					var err error
					body, err = io.ReadAll(r.Body)
					require.NoError(t, err)
				}
				got = append(got, sent{
					line:        r.Method + " " + readable.Replace(r.URL.String()),
					contentType: r.Header.Get("Content-Type"),
					body:        readable.Replace(string(body)),
				})
				require.Equal(t, token, r.Header.Get("X-AUTH-TOKEN"))
				require.Equal(t, email, r.Header.Get("email"))
				require.Equal(t, "payrecon", r.Header.Get("User-Agent"))
				require.Equal(t, "application/json", r.Header.Get("Accept"))
				return answer(http.StatusInternalServerError, ""), nil
			})
			require.Error(t, test.call(t.Context(), client))
			require.Equal(t, []sent{test.want}, got, "one request, never again")
		})
	}
}

func TestClientUsesTheConfiguredAccount(t *testing.T) {
	t.Parallel()
	var url, agent string
	client, err := precoro.New(precoro.Options{
		URL: "http://127.0.0.1:8080/base/", Email: email, Token: token, UserAgent: "acme/2",
		Transport: server(func(r *http.Request) (*http.Response, error) {
			url, agent = r.URL.String(), r.Header.Get("User-Agent")
			return answer(http.StatusNotFound, ""), nil
		}),
	})
	require.NoError(t, err)
	_, err = client.Invoice(t.Context(), 1)
	require.Error(t, err)
	require.Equal(t, "http://127.0.0.1:8080/base/invoices/1", url)
	require.Equal(t, "acme/2", agent)
}

func TestUnusableOptionsAreRefused(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]precoro.Options{
		"no token":             {Email: email},
		"no email":             {Token: token},
		"a header in a header": {Email: email, Token: "a\r\nX-Other: b"},
		"plain http":           {Email: email, Token: token, URL: "http://api.precoro.com"},
		"a secret in the URL":  {Email: email, Token: token, URL: "https://user:pass@api.precoro.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := precoro.New(options)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "X-Other")
			require.NotContains(t, err.Error(), "pass")
		})
	}
}

func TestInputThatCannotBeRightIsNotSent(t *testing.T) {
	t.Parallel()
	good := precoro.NewPayment{InvoiceID: 77, Amount: eur(t, "120.00"), Date: "2026-03-14", ExternalID: "er.1"}
	create := func(change func(*precoro.NewPayment)) func(context.Context, *precoro.Client) error {
		return func(ctx context.Context, c *precoro.Client) error {
			order := good
			change(&order)
			_, err := c.CreatePayment(ctx, order)
			return err
		}
	}
	list := func(filter precoro.InvoiceFilter, page int) func(context.Context, *precoro.Client) error {
		return func(ctx context.Context, c *precoro.Client) error {
			_, err := c.ListInvoices(ctx, filter, page)
			return err
		}
	}
	payments := func(filter precoro.PaymentFilter, page int) func(context.Context, *precoro.Client) error {
		return func(ctx context.Context, c *precoro.Client) error {
			_, err := c.ListPayments(ctx, filter, page)
			return err
		}
	}
	tag := func(idn int64, key string, currency money.Currency) func(context.Context, *precoro.Client) error {
		return func(ctx context.Context, c *precoro.Client) error {
			_, err := c.SetPaymentExternalID(ctx, idn, key, currency)
			return err
		}
	}
	tests := map[string]struct {
		field string
		call  func(context.Context, *precoro.Client) error
	}{
		"no invoice":          {"invoice[id]", create(func(p *precoro.NewPayment) { p.InvoiceID = 0 })},
		"no amount":           {"sumPaid", create(func(p *precoro.NewPayment) { p.Amount = money.Amount{} })},
		"amount of zero":      {"sumPaid", create(func(p *precoro.NewPayment) { p.Amount = eur(t, "0") })},
		"negative amount":     {"sumPaid", create(func(p *precoro.NewPayment) { p.Amount = eur(t, "-1") })},
		"no date":             {"payDate", create(func(p *precoro.NewPayment) { p.Date = "" })},
		"impossible date":     {"payDate", create(func(p *precoro.NewPayment) { p.Date = "2026-02-30" })},
		"no key":              {"externalId", create(func(p *precoro.NewPayment) { p.ExternalID = "" })},
		"foreign key":         {"externalId", create(func(p *precoro.NewPayment) { p.ExternalID = "er_1" })},
		"key with a line end": {"externalId", create(func(p *precoro.NewPayment) { p.ExternalID = "er.1\n" })},
		"long key":            {"externalId", create(func(p *precoro.NewPayment) { p.ExternalID = strings.Repeat("a", 129) })},
		"tag without key":     {"externalId", tag(31, "", "EUR")},
		"tag on no payment":   {"idn", tag(0, "er.1", "EUR")},
		"tag in no currency":  {"currency", tag(31, "er.1", "eur")},
		"page 0":              {"page", list(precoro.InvoiceFilter{}, 0)},
		"negative invoice id": {"id", list(precoro.InvoiceFilter{ID: -1}, 1)},
		"empty external ID":   {"external_id", list(precoro.InvoiceFilter{ExternalIDs: []string{""}}, 1)},
		"external IDs":        {"external_id", list(precoro.InvoiceFilter{ExternalIDs: make([]string, 201)}, 1)},
		"payments' page 0":    {"page", payments(precoro.PaymentFilter{}, 0)},
		"payments' page size": {"per_page", payments(precoro.PaymentFilter{PerPage: 30}, 1)},
		"payments' invoice":   {"invoice", payments(precoro.PaymentFilter{InvoiceIDN: -1}, 1)},
		"no idn": {"idn", func(ctx context.Context, c *precoro.Client) error {
			_, err := c.Invoice(ctx, 0)
			return err
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := connect(t, func(*http.Request) (*http.Response, error) {
				t.Error("a request was sent")
				return answer(http.StatusOK, "{}"), nil
			})
			var refused precoro.Refused
			require.ErrorAs(t, test.call(t.Context(), client), &refused)
			require.Equal(t, "input", refused.Code)
			require.Equal(t, test.field, refused.Field)
			require.NotEmpty(t, refused.Text)
		})
	}
}
