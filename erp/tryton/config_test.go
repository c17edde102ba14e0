package tryton_test

import (
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/tryton"
)

const table = `
url      = "https://Tryton.example.com:443/"
database = "erp"
username = "payrecon.robot"
password = "p4ssw0rd-8842"
journal  = "Supplier payments"
`

func factory(text string) (erp.Adapter, error) {
	return tryton.Factory(func(into any) error {
		_, err := toml.Decode(text, into)
		return err
	})
}

func TestAdapterSaysWhoItIsAndWhatItCan(t *testing.T) {
	t.Parallel()
	adapter, err := factory(table)
	require.NoError(t, err)
	require.Equal(t, "tryton.example.com/erp/payrecon.robot", adapter.Account())
	require.Equal(t, erp.Capabilities{Links: 100, Bulk: 50, Tags: true, KeepsKey: true, Lag: 5 * time.Minute}, adapter.Capabilities())
}

func TestEveryOptionIsRead(t *testing.T) {
	t.Parallel()
	var cfg tryton.Config
	meta, err := toml.Decode(table+`external_id_field = "precoro_invoice"`, &cfg)
	require.NoError(t, err)
	require.Empty(t, meta.Undecoded())
	require.Equal(t, tryton.Config{
		URL: "https://Tryton.example.com:443/", Database: "erp", Username: username, Password: password, Journal: "Supplier payments",
		ExternalIDField: "precoro_invoice",
	}, cfg)
}

func TestWrongOptionsAreNamedWithWhatIsAccepted(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*tryton.Config){
		`url: is not a URL`:                       func(c *tryton.Config) { c.URL = "" },
		`url: http://tryton.example.com: must be`: func(c *tryton.Config) { c.URL = "http://tryton.example.com/" },
		`url: must not hold a user`:               func(c *tryton.Config) { c.URL = "https://a:b@tryton.example.com/" },
		`database "": accepted are`:               func(c *tryton.Config) { c.Database = "" },
		`database "a/../b": accepted are`:         func(c *tryton.Config) { c.Database = "a/../b" },
		`database "a?b": accepted are`:            func(c *tryton.Config) { c.Database = "a?b" },
		`username: is empty`:                      func(c *tryton.Config) { c.Username = "" },
		`username "a:b": accepted is`:             func(c *tryton.Config) { c.Username = "a:b" },
		`password: is empty`:                      func(c *tryton.Config) { c.Password = "" },
		`journal "": accepted is`:                 func(c *tryton.Config) { c.Journal = "" },
		`journal "xxxx`:                           func(c *tryton.Config) { c.Journal = strings.Repeat("x", 201) },
		`external_id_field "a.b": accepted is`:    func(c *tryton.Config) { c.ExternalIDField = "a.b" },
		`external_id_field "Reference": accepted`: func(c *tryton.Config) { c.ExternalIDField = "Reference" },
	} {
		cfg := config()
		change(&cfg)
		_, err := tryton.New(cfg, nil, nil)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), password)
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	_, err := tryton.New(tryton.Config{Database: "a b", Password: password, ExternalIDField: "x y"}, nil, nil)
	for _, key := range []string{"url: ", "database ", "username: ", "journal ", "external_id_field "} {
		require.ErrorContains(t, err, key)
	}
	require.NotContains(t, err.Error(), password)
}

func TestPlainHTTPIsForLoopbackOnly(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.URL = "http://127.0.0.1:8000/tryton"
	adapter, err := tryton.New(cfg, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8000/tryton/erp/payrecon.robot", adapter.Account())
}
