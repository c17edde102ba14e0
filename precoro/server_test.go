package precoro_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
	"payrecon/precoro"
)

const (
	token = "To/ken+5512=="
	email = "anna.b@example.com"

	serverDate = "Sat, 14 Mar 2026 09:00:00 GMT"
)

// server answers requests in process.
type server func(r *http.Request) (*http.Response, error)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Date": {serverDate}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
}

// always answers every request alike.
func always(status int, body string) server {
	return func(*http.Request) (*http.Response, error) { return answer(status, body), nil }
}

func connect(t *testing.T, s server) *precoro.Client {
	t.Helper()
	client, err := precoro.New(precoro.Options{
		Email: email, Token: token, Transport: s,
		Pause: func(context.Context) error { return nil },
	})
	require.NoError(t, err)
	return client
}

func eur(t *testing.T, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text, "EUR")
	require.NoError(t, err)
	return amount
}

// page wraps rows as Precoro does, on the only page.
func page(rows ...string) string { return `{"data":[` + strings.Join(rows, ",") + `]}` }
