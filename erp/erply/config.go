package erply

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"payrecon/internal/remote"
)

// Config is the table [company.erp.erply] of the configuration file, secrets expanded.
type Config struct {
	URL        string `toml:"url"`         // https://CLIENTCODE.erply.com/api/
	ClientCode string `toml:"client_code"` // the account's number
	Username   string `toml:"username"`
	Password   string `toml:"password"`
	// InvoiceAttribute is the document attribute that holds the Precoro invoice, precoroInvoiceID unless set.
	InvoiceAttribute string `toml:"invoice_attribute"`
	// CashInvoices lets purchase receipts (CASHPRCINVOICE) take part. They are usually paid at the till.
	CashInvoices bool   `toml:"cash_invoices"`
	Limits       Limits `toml:"limits"`
}

// Limits are the account's quotas.
type Limits struct {
	// PerHour is 1000 unless set: the lowest of the numbers that Erply's editions name (1000, 2000, 3000, 6000).
	PerHour int `toml:"per_hour"`
	// PerSecond is 3 unless set: Erply blocks an address that sends more than 150 requests in 30 s.
	PerSecond int `toml:"per_second"`
}

const (
	defaultAttribute = "precoroInvoiceID"
	defaultPerHour   = 1000
	defaultPerSecond = 3
	maxPerHour       = 1_000_000
	maxPerSecond     = 1000 // a sandbox may be asked as fast as that
)

var (
	clientCode    = regexp.MustCompile(`^[0-9]{1,12}$`)
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
)

// checked fills the defaults in, and reports everything that is wrong at once.
func (c Config) checked() (Config, error) {
	if c.InvoiceAttribute == "" {
		c.InvoiceAttribute = defaultAttribute
	}
	if c.Limits.PerHour == 0 {
		c.Limits.PerHour = defaultPerHour
	}
	if c.Limits.PerSecond == 0 {
		c.Limits.PerSecond = defaultPerSecond
	}
	return c, errors.Join(c.checkURL(), c.checkAccount(), c.checkAttribute(), c.checkLimits())
}

func (c Config) checkURL() error {
	u, err := remote.ParseURL(c.URL)
	if err != nil {
		return fmt.Errorf("url: %w; accepted is https://CLIENTCODE.erply.com/api/", err)
	}
	if !strings.HasSuffix(u.Path, "/api/") {
		return fmt.Errorf("url %q: does not end in /api/; accepted is https://CLIENTCODE.erply.com/api/", remote.Words(c.URL))
	}
	return nil
}

func (c Config) checkAccount() error {
	var problems []error
	if !clientCode.MatchString(c.ClientCode) {
		problems = append(problems, fmt.Errorf("client_code %q: accepted is the account's number, 1 to 12 digits", remote.Words(c.ClientCode)))
	}
	if c.Username == "" {
		problems = append(problems, errors.New("username: is empty; accepted is the name of an Erply user with API access"))
	}
	if c.Password == "" {
		problems = append(problems, errors.New("password: is empty; accepted is that user's password"))
	}
	return errors.Join(problems...)
}

func (c Config) checkAttribute() error {
	if !attributeName.MatchString(c.InvoiceAttribute) {
		return fmt.Errorf("invoice_attribute %q: accepted are 1 to 100 of A-Z, a-z, 0-9, dash and underscore", remote.Words(c.InvoiceAttribute))
	}
	if strings.HasPrefix(c.InvoiceAttribute, recordPrefix) {
		return fmt.Errorf("invoice_attribute %q: names that begin with %s are taken by payment records", c.InvoiceAttribute, recordPrefix)
	}
	return nil
}

func (c Config) checkLimits() error {
	var problems []error
	if n := c.Limits.PerHour; n < 1 || n > maxPerHour {
		problems = append(problems, fmt.Errorf("limits.per_hour %d: accepted are 1 to %d", n, maxPerHour))
	}
	if n := c.Limits.PerSecond; n < 1 || n > maxPerSecond {
		problems = append(problems, fmt.Errorf("limits.per_second %d: accepted are 1 to %d", n, maxPerSecond))
	}
	return errors.Join(problems...)
}

// interval is the least time from one request to the next.
func (l Limits) interval() time.Duration { return time.Second / time.Duration(l.PerSecond) }
