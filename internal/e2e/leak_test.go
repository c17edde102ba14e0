//go:build unix

package e2e_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"payrecon/activities"
)

// leaks looks for credentials in whatever people and other programs get to see. It shares no code with what hides them.
type leaks struct{ needles []needle }

// needle is a credential in one of the forms that it may have.
type needle struct{ name, form, text string }

func newLeaks(secrets map[string]string) leaks {
	var l leaks
	for name, secret := range secrets {
		known := map[string]bool{}
		for form, text := range forms(secret) {
			if !known[text] {
				l.needles = append(l.needles, needle{name, form, text})
			}
			known[text] = true
		}
	}
	return l
}

// encodings are the ways in which servers and programs write a text into another.
var encodings = map[string]func(string) string{
	"plain":   func(s string) string { return s },
	"query":   url.QueryEscape,
	"path":    url.PathEscape,
	"twice":   func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"percent": func(s string) string { return "%" + strings.Join(pairs(hex.EncodeToString([]byte(s))), "%") },
	"html":    html.EscapeString,
	"json":    jsonEscaped,
	"php":     func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
	"hex":     func(s string) string { return hex.EncodeToString([]byte(s)) },
	"base64":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"raw":     func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	"url64":   func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"rawurl":  func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"basic":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("login:" + s)) },
	"form64":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte("a=" + url.QueryEscape(s))) },
}

func pairs(digits string) []string {
	var all []string
	for at := 0; at < len(digits); at += 2 {
		all = append(all, digits[at:at+2])
	}
	return all
}

func jsonEscaped(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(quoted[1 : len(quoted)-1])
}

// forms are what a secret may look like, in lower case where case does not matter.
func forms(secret string) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"plain", "query", "path", "twice", "percent", "html", "json", "php", "hex"} {
		all[name] = strings.ToLower(encodings[name](secret))
	}
	for _, spelled := range []string{"plain", "query"} {
		for shift := range 3 {
			for alphabet, encoding := range map[string]*base64.Encoding{"std": base64.RawStdEncoding, "url": base64.RawURLEncoding} {
				all[fmt.Sprintf("base64 %s %s +%d", spelled, alphabet, shift)] = within(encoding, encodings[spelled](secret), shift)
			}
		}
	}
	return all
}

// within is what base64 makes of a text that stands behind shift other bytes, without the digits that its neighbours share.
func within(encoding *base64.Encoding, text string, shift int) string {
	const bits, digit = 8, 6
	encoded := encoding.EncodeToString(append(make([]byte, shift), text...))
	return encoded[(bits*shift+digit-1)/digit : bits*(shift+len(text))/digit]
}

// in finds the credentials in what came from a place, also inside JSON, base64 and deflated lists within it.
func (l leaks) in(place string, content []byte) []string {
	var found []string
	for _, text := range opened(content, 4) {
		folded := bytes.ToLower(text)
		for _, n := range l.needles {
			looked := folded
			if strings.HasPrefix(n.form, "base64") {
				looked = text
			}
			if at := bytes.Index(looked, []byte(n.text)); at >= 0 {
				found = append(found, fmt.Sprintf("%s: %s (%s) in ...%s", place, n.name, n.form, text[max(0, at-80):min(len(text), at+len(n.text)+20)]))
			}
		}
	}
	return found
}

// opened is a content and everything that is wrapped up in it.
func opened(content []byte, depth int) [][]byte {
	all := [][]byte{content}
	if depth == 0 {
		return all
	}
	var value any
	if json.Unmarshal(content, &value) != nil {
		return all
	}
	eachText(value, func(text string) {
		all = append(all, []byte(text))
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && len(decoded) > 0 {
			all = append(all, opened(decoded, depth-1)...)
			if inflated, err := inflate(decoded); err == nil {
				all = append(all, opened(inflated, depth-1)...)
			}
		}
	})
	return all
}

func eachText(value any, each func(string)) {
	switch v := value.(type) {
	case string:
		each(v)
	case []any:
		for _, one := range v {
			eachText(one, each)
		}
	case map[string]any:
		for key, one := range v {
			each(key)
			eachText(one, each)
		}
	}
}

func inflate(deflated []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(deflated))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// A search that finds nothing proves something only if it finds what is there.
func TestACredentialIsFoundHoweverItIsWrapped(t *testing.T) {
	t.Parallel()
	const secret = `T0ken/5f+2b "q"=&ü`
	l := newLeaks(map[string]string{"token": secret})
	for form, encode := range encodings {
		for _, before := range []string{"", "x", "xy", "xyz "} {
			require.NotEmpty(t, l.in("log", []byte(before+encode(secret)+" tail")), form)
		}
		for name, place := range map[string]func(string) []byte{
			"log line": func(s string) []byte { return []byte(`{"level":"warn","error":"` + jsonEscaped(s) + `"}`) },
			"failure": func(s string) []byte {
				return historyOf(t, &history.HistoryEvent{Attributes: &history.HistoryEvent_WorkflowExecutionFailedEventAttributes{
					WorkflowExecutionFailedEventAttributes: &history.WorkflowExecutionFailedEventAttributes{Failure: &failure.Failure{Message: s}},
				}})
			},
			"payload": func(s string) []byte { return historyOf(t, result(t, map[string]any{"note": s})) },
			"key":     func(s string) []byte { return historyOf(t, result(t, map[string]any{s: 1})) },
			"deflated": func(s string) []byte {
				return historyOf(t, result(t, map[string]any{"rows": activities.Packed[string]{strings.Repeat("filler ", 1000), s}}))
			},
		} {
			require.NotEmpty(t, l.in(name, place("about "+encode(secret))), "%s in a %s", form, name)
		}
	}
	require.Empty(t, l.in("log", []byte("nothing of the kind, T0ken/5f+2b")))
	require.Empty(t, l.in("history", historyOf(t, result(t, map[string]any{"note": "harmless"}))))
}

func historyOf(t *testing.T, events ...*history.HistoryEvent) []byte {
	t.Helper()
	text, err := protojson.Marshal(&history.History{Events: events})
	require.NoError(t, err)
	return text
}

func result(t *testing.T, value any) *history.HistoryEvent {
	t.Helper()
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(value)
	require.NoError(t, err)
	return &history.HistoryEvent{Attributes: &history.HistoryEvent_ActivityTaskCompletedEventAttributes{
		ActivityTaskCompletedEventAttributes: &history.ActivityTaskCompletedEventAttributes{Result: payloads},
	}}
}

// The histories that replay tests read were recorded with the sandbox's credentials.
func TestSavedHistoriesHoldNoCredential(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"token": "precoro-token", "email": "robot@example.com", "password": "erply-password"}
	for n, key := range sessionKeys(t) {
		secrets[fmt.Sprintf("session %d", n)] = key
	}
	l := newLeaks(secrets)
	files, err := filepath.Glob(filepath.Join("..", "..", "workflows", "testdata", "histories", "*.json*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasSuffix(file, ".gz") {
			r, err := gzip.NewReader(bytes.NewReader(content))
			require.NoError(t, err)
			content, err = io.ReadAll(r)
			require.NoError(t, err)
		}
		require.Contains(t, string(content), "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", file)
		require.Empty(t, l.in(filepath.Base(file), content))
	}
}
