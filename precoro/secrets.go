package precoro

import (
	"cmp"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// secrets finds the credentials in foreign text: some servers repeat a request in their error messages.
type secrets struct{ pattern *regexp.Regexp }

func newSecrets(values ...string) secrets {
	var forms []string
	for _, value := range values {
		encoded := []string{value, url.QueryEscape(value), url.PathEscape(value), html.EscapeString(value)}
		if quoted, err := json.Marshal(value); err == nil {
			encoded = append(encoded, strings.Trim(string(quoted), `"`))
		}
		for _, form := range encoded {
			// PHP escapes slashes in JSON, once for each time the text is wrapped up.
			forms = append(forms, strings.ReplaceAll(regexp.QuoteMeta(form), "/", `\\*/`))
		}
	}
	// The longest first, or a shorter form would leave the rest of a longer one behind.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return secrets{regexp.MustCompile("(?i)" + strings.Join(slices.Compact(forms), "|"))}
}

// hide replaces the credentials, also URL-, HTML- or JSON-encoded and in other case.
func (s secrets) hide(text string) string { return s.pattern.ReplaceAllLiteralString(text, "[hidden]") }
