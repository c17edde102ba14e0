package remote_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/remote"
)

func TestURLsAccepted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"https://api.precoro.com", "https://api.precoro.com/", "https://123456.erply.com/api/", "https://api.precoro.com:8443/v1", "HTTPS://api.precoro.com",
		"https://10.0.0.1", "http://localhost:8080", "http://127.0.0.1:8080/precoro", "http://127.8.0.1", "http://[::1]:8080",
	} {
		_, err := remote.ParseURL(text)
		require.NoError(t, err, text)
		_, err = remote.NewClient(text, "", failing(nil))
		require.NoError(t, err, text)
	}
}

func TestURLsRefused(t *testing.T) {
	t.Parallel()
	const (
		noURL  = "is not a URL such as https://api.precoro.com"
		secret = "must not hold a user, a query or a fragment"
		plain  = "must be https unless the host is loopback"
	)
	for text, want := range map[string]string{
		"":                                      noURL,
		"api.precoro.com":                       noURL,
		"/invoices":                             noURL,
		"https://":                              noURL,
		"https://:443":                          noURL,
		"https:api.precoro.com":                 noURL,
		"https://a b":                           noURL,
		"https://api.precoro.com:port":          noURL,
		"https://hunter2@api.precoro.com":       secret,
		"https://user:hunter2@api.precoro.com":  secret,
		"https://api.precoro.com?token=hunter2": secret,
		"https://api.precoro.com/#hunter2":      secret,
		"http://user:hunter2@localhost":         secret,
		"http://api.precoro.com":                plain,
		"http://10.0.0.1":                       plain,
		"http://0.0.0.0":                        plain,
		"http://localhost.example.com":          plain,
		"http://127.0.0.1.example.com":          plain,
		"ftp://api.precoro.com":                 plain,
		"ws://localhost":                        plain,
		"file://localhost/etc/passwd":           plain,
	} {
		_, err := remote.ParseURL(text)
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "hunter2")
		_, err = remote.NewClient(text, "", failing(nil))
		require.ErrorContains(t, err, want, text)
	}
}
