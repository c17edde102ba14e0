package tryton

import (
	"context"
	"encoding/json"
	"regexp"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/remote"
)

// language is the one in which Tryton words its errors.
const language = "en"

// keyField is the field that the module beside this package gives to account.payment: no two payments may hold the same.
const keyField = "payrecon_key"

// books are what is read once a session: whose books the user keeps, and what this Tryton can do.
type books struct {
	company  int64
	journals []journal
	unique   bool // there is keyField
	clearing bool // module account_payment_clearing is there: payments reach the ledger
}

// journal is a payment journal of the configured name.
type journal struct {
	ID       int64  `json:"id"`
	Currency *coded `json:"currency."`
	Method   string `json:"process_method"`
	Account  int64  `json:"clearing_account"` // 0 for none: what is paid does not reach the ledger
	Company  struct {
		Currency *coded `json:"currency."`
	} `json:"company."`
}

// coded is a currency. A nil one is none.
type coded struct {
	Code string `json:"code"`
}

func (c *coded) code() string {
	if c == nil {
		return ""
	}
	return c.Code
}

// context is the last parameter of every call.
func (b books) context() map[string]any {
	settings := map[string]any{"language": language}
	if b.company != 0 {
		settings["company"] = b.company
	}
	return settings
}

// keyName is the field that holds a payment's key.
func (b books) keyName() string {
	if b.unique {
		return keyField
	}
	return "description"
}

// currency is the company's: the ledger's amounts are in it.
func (b books) currency() string { return b.journals[0].Company.Currency.code() }

// journal is the one for a currency, if payments can be made in it.
func (b books) journal(name string, currency money.Currency) (journal, error) {
	var found []journal
	for _, one := range b.journals {
		if one.Currency.code() == string(currency) {
			found = append(found, one)
		}
	}
	switch {
	case len(found) != 1:
		return journal{}, refuse("journal", "there are %d payment journals %q in %s; accepted is one", len(found), name, currency)
	case !b.clearing || found[0].Account == 0:
		return journal{}, refuse("journal", "payment journal %q in %s has no clearing account, so that what is paid would not reach the ledger", name, currency)
	case found[0].Method != "manual":
		// Another method may send money.
		return journal{}, refuse("journal", "payment journal %q in %s has the process method %q; accepted is manual", name, currency, found[0].Method)
	}
	return found[0], nil
}

var version = regexp.MustCompile(`^6\.0\.[0-9]{1,6}$`)

// readBooks reads them within a session that is not shared yet.
func (c *client) readBooks(ctx context.Context, authorization string) (books, error) {
	var b books
	if err := c.checkVersion(ctx); err != nil {
		return b, err
	}
	ask := func(method string, into any, params ...any) error {
		_, err := c.exchange(ctx, c.cfg.Database+"/", authorization, call{method: method, params: append(params, b.context()), into: into})
		return err
	}
	var preferences struct {
		Company int64 `json:"company"`
	}
	if err := ask("model.res.user.get_preferences", &preferences, true); err != nil {
		return b, err
	}
	if preferences.Company == 0 {
		return b, refuse("username", "the user has no current company; accepted is a user with one in its preferences")
	}
	b.company = preferences.Company
	var payment, invoice map[string]struct {
		Type       string `json:"type"`
		Searchable bool   `json:"searchable"`
	}
	if err := ask("model.account.payment.fields_get", &payment, []string{keyField, "clearing_move"}); err != nil {
		return b, err
	}
	_, b.unique = payment[keyField]
	_, b.clearing = payment["clearing_move"]
	if err := ask("model.account.invoice.fields_get", &invoice, []string{c.cfg.ExternalIDField}); err != nil {
		return b, err
	}
	if field := invoice[c.cfg.ExternalIDField]; field.Type != "char" || !field.Searchable {
		return b, refuse("external_id_field", "account.invoice has no field %q of type char that can be searched", c.cfg.ExternalIDField)
	}
	fields := []string{"currency.code", "company.currency.code", "process_method"}
	if b.clearing {
		fields = append(fields, "clearing_account")
	}
	domain := domain{where("name", "=", c.cfg.Journal), where("company", "=", b.company)}
	if err := ask("model.account.payment.journal.search_read", &b.journals, domain, 0, maxJournals, byID, fields); err != nil {
		return b, err
	}
	if len(b.journals) == 0 {
		return b, refuse("journal", "the user's current company has no payment journal %q", c.cfg.Journal)
	}
	return b, nil
}

// maxJournals is far more than there are currencies.
const maxJournals = 200

// checkVersion: other versions name some of the fields otherwise, and nobody has tried them.
func (c *client) checkVersion(ctx context.Context) error {
	var got json.RawMessage
	if _, err := c.exchange(ctx, "/", "", call{method: "common.server.version", params: []any{}, into: &got}); err != nil {
		if refused, ok := remote.As[erp.Refused](err); ok {
			refused.Field, refused.Text = "url", "is not that of a Tryton server"
			return refused
		}
		return err
	}
	var said string
	if json.Unmarshal(got, &said) != nil || !version.MatchString(said) {
		return refuse("url", "the server says that it is Tryton %s; accepted is 6.0", c.secrets.Words(string(got)))
	}
	return nil
}
