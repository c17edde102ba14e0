package tryton

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"payrecon/internal/remote"
)

// Config is the table [company.erp.tryton] of the configuration file, secrets expanded.
type Config struct {
	URL      string `toml:"url"` // https://tryton.example.com/; the database is appended
	Database string `toml:"database"`
	Username string `toml:"username"`
	Password string `toml:"password"`
	// Journal is the name of the payment journals (account.payment.journal) that payments are made in. There may be one for
	// each currency.
	Journal string `toml:"journal"`
	// ExternalIDField is the field of account.invoice that holds the Precoro invoice, reference unless set.
	ExternalIDField string `toml:"external_id_field"`
}

const (
	defaultField = "reference"
	maxJournal   = 200 // characters
)

var (
	databaseName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)
	fieldName    = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
)

// checked fills the defaults in, and reports everything that is wrong at once.
func (c Config) checked() (Config, error) {
	if c.ExternalIDField == "" {
		c.ExternalIDField = defaultField
	}
	return c, errors.Join(c.checkPlace(), c.checkLogin(), c.checkBooks())
}

func (c Config) checkPlace() error {
	var problems []error
	if _, err := remote.ParseURL(c.URL); err != nil {
		problems = append(problems, fmt.Errorf("url: %w; accepted is such as https://tryton.example.com/, without the database", err))
	}
	if !databaseName.MatchString(c.Database) {
		problems = append(problems, fmt.Errorf("database %q: accepted are 1 to 63 of A-Z, a-z, 0-9, dash and underscore", remote.Words(c.Database)))
	}
	return errors.Join(problems...)
}

func (c Config) checkLogin() error {
	var problems []error
	switch {
	case c.Username == "":
		problems = append(problems, errors.New("username: is empty; accepted is the login of a Tryton user"))
	case strings.Contains(c.Username, ":"): // it separates the parts of a session
		problems = append(problems, fmt.Errorf("username %q: accepted is a login without a colon", remote.Words(c.Username)))
	}
	if c.Password == "" {
		problems = append(problems, errors.New("password: is empty; accepted is that user's password"))
	}
	return errors.Join(problems...)
}

func (c Config) checkBooks() error {
	var problems []error
	if n := utf8.RuneCountInString(c.Journal); n < 1 || n > maxJournal || !utf8.ValidString(c.Journal) {
		problems = append(problems, fmt.Errorf("journal %q: accepted is the name of a payment journal, 1 to %d characters", remote.Words(c.Journal), maxJournal))
	}
	if !fieldName.MatchString(c.ExternalIDField) {
		problems = append(problems, fmt.Errorf(
			"external_id_field %q: accepted is the name of a field of account.invoice, 1 to 63 of a-z, 0-9 and underscore", remote.Words(c.ExternalIDField)))
	}
	return errors.Join(problems...)
}
