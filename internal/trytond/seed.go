//go:build unix

package trytond

import (
	"context"
	"fmt"

	"payrecon/internal/money"
)

// Who there is in every database.
const (
	Admin         = "admin"           // what Books acts as
	AdminPassword = "Keepr-of-184-bz" //nolint:gosec // no secret: the server is on loopback and lives for a test

	// User may do what the adapter needs and no more: its groups are Account, Payment and Payment Approval.
	User         = "payrecon"
	UserPassword = "Twin-ledgr-8305" //nolint:gosec // no secret: the server is on loopback and lives for a test

	// Reader is in the group Account only: it may look at bills, and not even see payments.
	Reader         = "reader"
	ReaderPassword = "Only-skim-4273" //nolint:gosec // no secret: the server is on loopback and lives for a test
)

// Journal is the name of the payment journals, one for each currency.
const Journal = "Supplier payments"

// Suppliers are who bills come from.
var Suppliers = []string{"Paber ja Tint OÜ", "Nordic Tools AB", "Łódzka Drukarnia Sp. z o.o."}

const (
	company         = "Payrecon Works"
	homeCurrency    = "EUR"
	chart           = "Minimal Account Chart" // the English one that the module account brings
	clearingAccount = "Bank Clearing"
	cashAccount     = "Main Cash"
	payableAccount  = "Main Payable"
	expenseAccount  = "Main Expense"
	revenueAccount  = "Main Revenue"
	paymentMethod   = "Bank transfer"
	writeOff        = "Rounding"
)

// currencies have 0, 2 and 3 decimals; the rate is what one unit of the home currency is worth.
var currencies = []struct {
	code, name, rate, rounding string
	digits                     int
}{
	{homeCurrency, "Euro", "1", "0.01", 2},
	{"USD", "US Dollar", "1.10", "0.01", 2},
	{"JPY", "Yen", "160", "1", 0},
	{"KWD", "Kuwaiti Dinar", "0.33", "0.001", 3},
}

// terms are when a bill is due, by the number of its instalments less one.
var terms = []string{"30 days", "30 and 60 days"}

// seed makes the books that every database begins with. The fiscal years are those from the last leap year but this to the
// next year, so that there is a 29 February, and a test may last over New Year.
func seed(ctx context.Context, c *client, year int) error {
	first := (year - 1) / 4 * 4 // until 2100
	money, err := seedCurrencies(ctx, c, day(fmt.Sprintf("%d-01-01", first)))
	if err != nil {
		return err
	}
	id, err := seedCompany(ctx, c, money[homeCurrency])
	if err != nil {
		return err
	}
	c.context = object{"company": id, "language": "en"}
	if err := seedChart(ctx, c, id); err != nil {
		return err
	}
	for y := first; y <= year+1; y++ {
		if err := seedYear(ctx, c, id, y); err != nil {
			return err
		}
	}
	if err := seedJournals(ctx, c, id, money); err != nil {
		return err
	}
	if err := seedTerms(ctx, c); err != nil {
		return err
	}
	for _, name := range Suppliers {
		if _, err := c.create(ctx, "party.party", object{"name": name, "addresses": list{list{"create", list{object{"city": "Tallinn"}}}}}); err != nil {
			return err
		}
	}
	return seedUsers(ctx, c, id)
}

func seedCurrencies(ctx context.Context, c *client, from day) (map[money.Currency]int, error) {
	ids := map[money.Currency]int{}
	for _, currency := range currencies {
		id, err := c.create(ctx, "currency.currency", object{
			"code": currency.code, "name": currency.name, "symbol": currency.code, "digits": currency.digits, "rounding": decimal(currency.rounding),
			"rates": list{list{"create", list{object{"date": from, "rate": decimal(currency.rate)}}}},
		})
		if err != nil {
			return nil, err
		}
		ids[money.Currency(currency.code)] = id
	}
	return ids, nil
}

func seedCompany(ctx context.Context, c *client, currency int) (int, error) {
	party, err := c.create(ctx, "party.party", object{"name": company, "addresses": list{list{"create", list{object{"city": "Tallinn"}}}}})
	if err != nil {
		return 0, err
	}
	id, err := c.create(ctx, "company.company", object{"party": party, "currency": currency})
	if err != nil {
		return 0, err
	}
	return id, c.model(ctx, nil, "res.user", "write", []int{c.id}, object{"companies": list{list{"add", []int{id}}}, "company": id})
}

func seedChart(ctx context.Context, c *client, company int) error {
	template, err := c.one(ctx, "account.account.template", list{"name", "=", chart}, list{"parent", "=", nil})
	if err != nil {
		return err
	}
	w, err := c.open(ctx, "account.create_chart", "")
	if err != nil {
		return err
	}
	if _, err := w.press(ctx, w.first); err != nil {
		return err
	}
	w.forms["start"] = object{}
	if _, err := w.press(ctx, "account"); err != nil {
		return err
	}
	w.forms["account"] = object{"company": company, "account_template": template}
	properties, err := w.press(ctx, "create_account")
	if err != nil {
		return err
	}
	if properties == nil {
		return fmt.Errorf("%s: it does not ask for the default accounts", w.name)
	}
	w.forms["properties"] = properties.values()
	if _, err := w.press(ctx, "create_properties"); err != nil {
		return err
	}
	return w.close(ctx)
}

func seedYear(ctx context.Context, c *client, company, year int) error {
	moves, err := c.sequence(ctx, "ir.sequence", "Account Move", fmt.Sprintf("Moves %d", year), company)
	if err != nil {
		return err
	}
	invoices, err := c.sequence(ctx, "ir.sequence.strict", "Invoice", fmt.Sprintf("Invoices %d", year), company)
	if err != nil {
		return err
	}
	id, err := c.create(ctx, "account.fiscalyear", object{
		"name": fmt.Sprint(year), "company": company, "post_move_sequence": moves,
		"start_date": day(fmt.Sprintf("%d-01-01", year)), "end_date": day(fmt.Sprintf("%d-12-31", year)),
		"invoice_sequences": list{list{"create", list{object{
			"company": company, "in_invoice_sequence": invoices, "in_credit_note_sequence": invoices,
			"out_invoice_sequence": invoices, "out_credit_note_sequence": invoices,
		}}}},
	})
	if err != nil {
		return err
	}
	return c.model(ctx, nil, "account.fiscalyear", "create_period", []int{id})
}

// sequence makes one of a kind that is known by name.
func (c *client) sequence(ctx context.Context, model, kind, name string, company int) (int, error) {
	id, err := c.one(ctx, "ir.sequence.type", list{"name", "=", kind})
	if err != nil {
		return 0, err
	}
	return c.create(ctx, model, object{"name": name, "sequence_type": id, "company": company})
}

// account is the one of that name.
func (c *client) account(ctx context.Context, name string) (int, error) {
	return c.one(ctx, "account.account", list{"name", "=", name})
}

func seedJournals(ctx context.Context, c *client, company int, currencies map[money.Currency]int) error {
	cash, err := c.account(ctx, cashAccount)
	if err != nil {
		return err
	}
	like, err := read[struct{ Type, Parent int }](ctx, c, "account.account", cash, "type", "parent")
	if err != nil {
		return err
	}
	clearing, err := c.create(ctx, "account.account", object{
		"name": clearingAccount, "type": like.Type, "parent": like.Parent, "company": company, "reconcile": true,
	})
	if err != nil {
		return err
	}
	expense, err := c.one(ctx, "account.journal", list{"type", "=", "expense"})
	if err != nil {
		return err
	}
	money, err := c.one(ctx, "account.journal", list{"type", "=", "cash"})
	if err != nil {
		return err
	}
	if _, err := c.create(ctx, "account.invoice.payment.method", object{
		"name": paymentMethod, "company": company, "journal": money, "credit_account": cash, "debit_account": cash,
	}); err != nil {
		return err
	}
	sequence, err := c.sequence(ctx, "ir.sequence", "Account Journal", "Journals", company)
	if err != nil {
		return err
	}
	statements, err := c.create(ctx, "account.journal", object{"name": "Bank statements", "code": "STM", "type": "statement", "sequence": sequence})
	if err != nil {
		return err
	}
	for code, currency := range currencies {
		if _, err := c.create(ctx, "account.payment.journal", object{
			"name": Journal, "currency": currency, "company": company, "process_method": "manual",
			"clearing_account": clearing, "clearing_journal": expense,
		}); err != nil {
			return err
		}
		if _, err := c.create(ctx, "account.statement.journal", object{
			"name": "Bank " + string(code), "currency": currency, "company": company, "journal": statements, "account": cash,
			"validation": "number_of_lines",
		}); err != nil {
			return err
		}
	}
	return seedWriteOff(ctx, c, company, sequence)
}

func seedWriteOff(ctx context.Context, c *client, company, sequence int) error {
	expense, err := c.account(ctx, expenseAccount)
	if err != nil {
		return err
	}
	revenue, err := c.account(ctx, revenueAccount)
	if err != nil {
		return err
	}
	journal, err := c.create(ctx, "account.journal", object{"name": "Write-offs", "code": "WRO", "type": "write-off", "sequence": sequence})
	if err != nil {
		return err
	}
	_, err = c.create(ctx, "account.move.reconcile.write_off", object{
		"name": writeOff, "company": company, "journal": journal, "debit_account": expense, "credit_account": revenue,
	})
	return err
}

func seedTerms(ctx context.Context, c *client) error {
	after := func(days int) list { return list{list{"create", list{object{"days": days}}}} }
	half := object{"type": "percent_on_total", "ratio": decimal("0.5"), "divisor": decimal("2"), "sequence": 1, "relativedeltas": after(30)}
	rest := func(days int) object {
		return object{"type": "remainder", "sequence": 2, "relativedeltas": after(days)}
	}
	for i, lines := range []list{{rest(30)}, {half, rest(60)}} {
		if _, err := c.create(ctx, "account.invoice.payment_term", object{"name": terms[i], "lines": list{list{"create", lines}}}); err != nil {
			return err
		}
	}
	return nil
}

func seedUsers(ctx context.Context, c *client, company int) error {
	for _, user := range []struct {
		login, password string
		groups          []string
	}{
		{User, UserPassword, []string{"Account", "Payment", "Payment Approval"}},
		{Reader, ReaderPassword, []string{"Account"}},
	} {
		groups, err := c.ids(ctx, "res.group", list{list{"name", "in", user.groups}})
		if err != nil {
			return err
		}
		if len(groups) != len(user.groups) {
			return fmt.Errorf("%d of the groups %v are there", len(groups), user.groups)
		}
		if _, err := c.create(ctx, "res.user", object{
			"name": user.login, "login": user.login, "password": user.password, "company": company,
			"companies": list{list{"add", []int{company}}}, "groups": list{list{"add", groups}},
		}); err != nil {
			return err
		}
	}
	return nil
}
