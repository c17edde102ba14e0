package erply_test

import (
	"errors"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erply"
)

const table = `
url               = "https://123456.erply.com/api/"
client_code       = "123456"
username          = "someone"
password          = "pass-word-1234"
`

func factory(text string) (erp.Adapter, error) {
	return erply.Factory(func(into any) error {
		_, err := toml.Decode(text, into)
		return err
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	adapter, err := factory(table)
	require.NoError(t, err)
	require.Equal(t, "123456.erply.com/123456", adapter.Account())
	require.Equal(t, erp.Capabilities{
		Links: 100, Bulk: 100, Tags: true, KeepsKey: true, Interval: time.Second / 3, PerHour: 1000, Lag: 5 * time.Minute, LinkCost: 100, ListCost: 1,
	}, adapter.Capabilities())
}

func TestEveryOptionIsRead(t *testing.T) {
	t.Parallel()
	var cfg erply.Config
	meta, err := toml.Decode(table+`
invoice_attribute = "precoro"
cash_invoices     = true
limits            = { per_hour = 3000, per_second = 5 }
`, &cfg)
	require.NoError(t, err)
	require.Empty(t, meta.Undecoded())
	require.Equal(t, erply.Config{
		URL: "https://123456.erply.com/api/", ClientCode: "123456", Username: "someone", Password: password, InvoiceAttribute: "precoro",
		CashInvoices: true, Limits: erply.Limits{PerHour: 3000, PerSecond: 5},
	}, cfg)
}

func TestWrongOptionsAreNamedWithWhatIsAccepted(t *testing.T) {
	t.Parallel()
	for option, change := range map[string]func(*erply.Config){
		"url: must":                        func(c *erply.Config) { c.URL = "https://a:b@123456.erply.com/api/" },
		"url: http://":                     func(c *erply.Config) { c.URL = "http://123456.erply.com/api/" },
		"url \"https://12345":              func(c *erply.Config) { c.URL = "https://123456.erply.com/" },
		"client_code \"12a\"":              func(c *erply.Config) { c.ClientCode = "12a" },
		"username":                         func(c *erply.Config) { c.Username = "" },
		"password":                         func(c *erply.Config) { c.Password = "" },
		"invoice_attribute \"precoro id\"": func(c *erply.Config) { c.InvoiceAttribute = "precoro id" },
		"invoice_attribute \"payrecon-1\"": func(c *erply.Config) { c.InvoiceAttribute = "payrecon-1" },
		"limits.per_hour -1":               func(c *erply.Config) { c.Limits.PerHour = -1 },
		"limits.per_second 1001":           func(c *erply.Config) { c.Limits.PerSecond = 1001 },
	} {
		cfg := config()
		change(&cfg)
		_, err := erply.New(cfg, nil, nil)
		require.ErrorContains(t, err, option)
		require.NotContains(t, err.Error(), password)
	}
}

func TestAccountIsTheSameHoweverItsHostIsWritten(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.URL, cfg.Username = "https://123456.ERPLY.com/api/", "somebody-else"
	adapter, err := erply.New(cfg, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "123456.erply.com/123456", adapter.Account())
}

func TestFactoryGivesNoAdapterForAWrongTable(t *testing.T) {
	t.Parallel()
	adapter, err := factory("")
	require.Error(t, err)
	require.Nil(t, adapter)
	wrong := errors.New("line 3: unknown key")
	adapter, err = erply.Factory(func(any) error { return wrong })
	require.ErrorIs(t, err, wrong)
	require.Nil(t, adapter)
}
