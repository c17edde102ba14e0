package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"payrecon/internal/money"
)

// table reads one TOML table key by key. What is wrong goes to its problems, and a harmless value comes back, so that
// reading goes on and everything is reported at once.
type table struct {
	doc    *document
	found  *problems
	path   toml.Key
	values map[string]any
	asked  []string // keys that were asked for: those that are accepted
}

func (t *table) at(key string) toml.Key { return append(slices.Clone(t.path), key) }

func (t *table) take(key string) (any, bool) {
	t.asked = append(t.asked, key)
	value, is := t.values[key]
	return value, is
}

// reject reports a value and what would be accepted instead.
func (t *table) reject(path toml.Key, value any, accepted string) {
	t.found.add(path, "%s is not accepted, accepted is %s", t.show(path, value), accepted)
}

const notShown = "the value (not shown)"

// show gives a value for an error, unless it is a secret or may be one.
func (t *table) show(path toml.Key, value any) string {
	if _, secret := value.(Secret); secret || t.doc.isSecret(path) {
		return notShown
	}
	switch v := value.(type) {
	case string:
		if strings.ContainsAny(v, "@?#") { // a URL may hold a login or a token
			return notShown
		}
		return bounded(fmt.Sprintf("%q", v))
	case int64, float64, bool:
		return fmt.Sprint(v)
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "an array"
	default:
		return "a date or time without quotes"
	}
}

// isSecret: what came from an expansion, and what is called by the name of a secret.
func (d *document) isSecret(path toml.Key) bool {
	name := path[len(path)-1]
	return d.expanded[path.String()] || name == keysKey || name == "token" || name == "password" || name == "email" || name == "username"
}

func bounded(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// text is a string that must not be empty; fallback where it is absent.
func (t *table) text(key, fallback string) string {
	value, is := t.take(key)
	if !is {
		return fallback
	}
	text, isText := value.(string)
	if !isText {
		t.reject(t.at(key), value, "a string in quotes")
		return fallback
	}
	if text == "" {
		t.found.add(t.at(key), "is empty")
		return fallback
	}
	return text
}

// need is a text that must be there. It is "" only if that was reported.
func (t *table) need(key string) string {
	if _, is := t.values[key]; !is {
		t.found.add(t.at(key), "is missing")
	}
	return t.text(key, "")
}

// header is a text that goes into an HTTP header as it is.
func (t *table) header(key string) string {
	text := t.need(key)
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.reject(t.at(key), text, "printable ASCII without blanks or line breaks")
	}
	return text
}

func (t *table) oneOf(key, fallback string, accepted ...string) string {
	text := t.text(key, fallback)
	if !slices.Contains(accepted, text) {
		t.reject(t.at(key), text, strings.Join(accepted, ", "))
	}
	return text
}

func (t *table) integer(key string, fallback, low, high int) int {
	value, is := t.take(key)
	if !is {
		return fallback
	}
	number, isNumber := value.(int64)
	if !isNumber || number < int64(low) || number > int64(high) {
		t.reject(t.at(key), value, fmt.Sprintf("a whole number from %d to %d", low, high))
		return fallback
	}
	return int(number)
}

func (t *table) duration(key string, fallback, high time.Duration) time.Duration {
	text := t.text(key, fallback.String())
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 || parsed > high {
		t.reject(t.at(key), text, fmt.Sprintf("a duration such as 61s or 10m, from 0s to %s", high))
		return fallback
	}
	return parsed
}

// list is an array of one or more distinct strings out of the accepted ones.
func (t *table) list(key string, fallback []string, accepted ...string) []string {
	value, is := t.take(key)
	if !is {
		return fallback
	}
	want := fmt.Sprintf("a list of one or more of %s, each once", strings.Join(accepted, ", "))
	items, isList := value.([]any)
	if !isList || len(items) == 0 {
		t.reject(t.at(key), value, want)
		return fallback
	}
	var list []string
	for i, item := range items {
		text, isText := item.(string)
		if !isText || !slices.Contains(accepted, text) || slices.Contains(list, text) {
			t.reject(append(t.at(key), element(i)), item, want)
			continue
		}
		list = append(list, text)
	}
	return list
}

// amounts is a table of amounts by currency, none of them negative; nil where it is absent.
func (t *table) amounts(key string) map[money.Currency]money.Amount {
	sub := t.table(key)
	var amounts map[money.Currency]money.Amount
	for code := range sub.values {
		text := sub.text(code, "")
		currency, err := money.ParseCurrency(code)
		if err != nil || string(currency) != code {
			t.found.add(sub.at(code), "is not a currency, accepted are ISO 4217 codes such as EUR")
			continue
		}
		amount, err := currency.Parse(text)
		if err != nil || amount.Sign() < 0 {
			accepted := fmt.Sprintf("an amount in quotes, not negative, with at most %d decimals", currency.Scale())
			t.reject(sub.at(code), text, accepted)
			continue
		}
		if amounts == nil {
			amounts = map[money.Currency]money.Amount{}
		}
		amounts[currency] = amount
	}
	return amounts
}

// table is a table below this one, an empty one where it is absent.
func (t *table) table(key string) *table {
	sub := &table{doc: t.doc, found: t.found, path: t.at(key)}
	value, is := t.take(key)
	if !is {
		return sub
	}
	values, isTable := value.(map[string]any)
	if !isTable {
		t.reject(t.at(key), value, "one table")
		sub.found = newProblems(t.doc) // what such a table lacks need not be said
	}
	sub.values = values
	return sub
}

// tables is an array of tables below this one.
func (t *table) tables(key string) []*table {
	value, is := t.take(key)
	if !is {
		return nil
	}
	var all []map[string]any
	switch v := value.(type) {
	case []map[string]any:
		all = v
	case []any: // written inline
		for i, item := range v {
			one, isTable := item.(map[string]any)
			if !isTable {
				t.reject(append(t.at(key), element(i)), item, "a table")
			}
			all = append(all, one)
		}
	default:
		t.reject(t.at(key), value, fmt.Sprintf("an array of tables, each under a line [[%s]]", key))
	}
	var list []*table
	for i, values := range all {
		list = append(list, &table{doc: t.doc, found: t.found, path: append(t.at(key), element(i)), values: values})
	}
	return list
}

// close reports the keys that nobody asked for.
func (t *table) close() {
	slices.Sort(t.asked)
	for key := range t.values {
		if !slices.Contains(t.asked, key) {
			t.found.add(t.at(key), "is not a key of this table, accepted are %s", strings.Join(slices.Compact(t.asked), ", "))
		}
	}
}
