package remote_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/remote"
)

var spellings = map[string]func(string) string{
	"plain":      func(s string) string { return s },
	"upper case": upperASCII,
	"query":      url.QueryEscape,
	"path":       url.PathEscape,
	"html":       html.EscapeString,
	"json": func(s string) string {
		quoted, _ := json.Marshal(s)
		return string(quoted[1 : len(quoted)-1])
	},
	"php":     func(s string) string { return strings.ReplaceAll(s, "/", `\\\/`) },
	"base64":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"url64":   func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"basic":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("me:" + s)) },
	"hex":     func(s string) string { return hex.EncodeToString([]byte(s)) },
	"lines64": func(s string) string { return wrapped(base64.StdEncoding.EncodeToString([]byte("X-AUTH-TOKEN: " + s))) },
}

func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r + 'A' - 'a'
		}
		return r
	}, s)
}

func wrapped(text string) string {
	const width = 16
	var lines []string
	for ; len(text) > width; text = text[width:] {
		lines = append(lines, text[:width])
	}
	return strings.Join(append(lines, text), "\r\n")
}

func TestACredentialIsHiddenHoweverItIsSpelled(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{`T0ken/5f+2b9c==&"x`, "robot+x@example.com", `pass wörd/"hünter2"+&%41<x>`, "aaaaaaaa"} {
		secrets := remote.NewSecrets("another-one", secret)
		for outer, wrap := range spellings {
			for inner, spell := range spellings {
				if outer == "upper case" && inner != "plain" {
					continue // base64 in other case is something else
				}
				text := "bad: " + wrap(spell(secret)) + " (400)"
				hidden := secrets.Hide(text)
				require.True(t, strings.HasPrefix(hidden, "bad: [hidden]"), "%s in %s: %s", inner, outer, hidden)
				require.True(t, strings.HasSuffix(hidden, " (400)"), "%s in %s: %s", inner, outer, hidden)
				require.Less(t, len(hidden), len("bad: [hidden]")+len("== (400)")+8, "%s in %s: %s", inner, outer, hidden)
			}
		}
	}
}

func TestWhatACutHasLeftOfACredentialIsHidden(t *testing.T) {
	t.Parallel()
	secrets := remote.NewSecrets("5f2b9c1d7e0a4f6b8d3c", "accounting@acme.example")
	require.Equal(t, "wrong: [hidden]…", secrets.Hide("wrong: 5f2b9c1d7e…"))
	require.Equal(t, "wrong: [hidden]", secrets.Hide("wrong: "+spellings["base64"]("me:5f2b9c1d7e0a4f6b")[:20]))
	require.Equal(t, "wrong: [hidden]", secrets.Hide("wrong: accounting@ac"))
	require.Equal(t, "ask accounting", secrets.Hide("ask accounting"), "a word is no address")
	require.Equal(t, "5f2b9c1", secrets.Hide("5f2b9c1"), "a part that tells nothing")
}

func TestOtherTextStaysAsItIs(t *testing.T) {
	t.Parallel()
	secrets := remote.NewSecrets("T0ken/5f+2b9c", "robot@example.com", "")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z %\\&;/0-9A-Z=+-]{0,300}`).Draw(t, "text")
		require.Equal(t, text, secrets.Hide(text))
	})
	require.Equal(t, "any text", new(remote.Secrets).Hide("any text"))
}

func TestAnyCredentialIsHidden(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{8,60}`).Draw(t, "secret")
		spell := spellings[rapid.SampledFrom([]string{"plain", "query", "path", "html", "json", "base64", "url64", "basic", "hex"}).Draw(t, "spelling")]
		before := rapid.StringMatching(`[a-z ,.]{0,20}`).Draw(t, "before")
		hidden := remote.NewSecrets(secret).Hide(before + ":" + spell(secret))
		require.Contains(t, hidden, "[hidden]")
		require.NotContains(t, strings.ToLower(hidden), strings.ToLower(spell(secret)))
	})
}

func TestIDsLoseLongCredentialsOnly(t *testing.T) {
	t.Parallel()
	secrets := remote.NewSecrets("robot", "5f2b9c1d7e0a4f6b8d3c", "12345678")
	for _, id := range []string{"", "1042", "er.8842.paid", "pr.12345678", "payrecon-robot-9"} {
		require.Equal(t, id, secrets.ID(id))
	}
	require.Equal(t, "x[hidden]y", secrets.ID("x5f2b9c1d7e0a4f6b8d3cy"))
	require.True(t, secrets.In(`{"notes":"`+spellings["base64"]("5f2b9c1d7e0a4f6b8d3c")+`"}`))
	require.False(t, secrets.In(`{"notes":"robot 12345678"}`))
}

// A login is often made of words that stand in other texts too.
func TestAPartOfACredentialDecidesNothing(t *testing.T) {
	t.Parallel()
	for login, text := range map[string]string{
		"accounting-bot":       "accounting",
		"Accounting Robot":     "totalForAccounting",
		"supplier-payments":    "supplierID",
		"employee.api.1":       "employeeID",
		"accounting@acme.ee":   "accounting@amazon.com",
		"5f2b9c1d7e0a4f6b8d3c": "5f2b9c1d7e0a4f6b8d3",
	} {
		secrets := remote.NewSecrets(login)
		require.False(t, secrets.In(text), login)
		require.Equal(t, text, secrets.ID(text), login)
		require.Equal(t, "[hidden]", secrets.Hide(login[:len(login)-1]), "%s may have been cut", login)
		for name, spell := range spellings {
			require.True(t, secrets.In("by "+spell(login)+"!"), "%s, %s", login, name)
			require.Contains(t, secrets.ID("by "+spell(login)+"!"), "[hidden]", "%s, %s", login, name)
		}
	}
}

func TestALongTextIsSearchedToItsEnd(t *testing.T) {
	t.Parallel()
	const token = "5f2b9c1d7e0a4f6b8d3c"
	secrets := remote.NewSecrets(token)
	long := strings.Repeat("harmless ", remote.MaxSearched/len("harmless ")-len(token))
	require.False(t, secrets.In(long))
	require.Equal(t, long, secrets.ID(long), "an ID is not cut")
	require.True(t, secrets.In(long+token))
	require.Equal(t, long+"[hidden]", secrets.ID(long+token))
	beyond := strings.Repeat("x", remote.MaxSearched+1)
	require.True(t, secrets.In(beyond), "nobody knows")
	require.Equal(t, "[hidden]", secrets.ID(beyond))
}

// How much work a text makes grows with its length, and not faster.
func BenchmarkIn(b *testing.B) {
	secrets := remote.NewSecrets("5f2b9c1d7e0a4f6b8d3c", "accounting@acme.example")
	for name, text := range map[string]string{
		"words": "harmless words, ", "base64": "aGFybWxlc3Mgd29yZHMs", "hex": "3333", "escapes": "%25255c\\&amp;#37;", "nested": "ZFhOa1dIT",
	} {
		for _, size := range []int{1 << 10, 8 << 10, remote.MaxSearched} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				long := strings.Repeat(text, size/len(text))
				for b.Loop() {
					secrets.In(long)
				}
			})
		}
	}
}

func TestTheLastSessionsAreHidden(t *testing.T) {
	t.Parallel()
	secrets := remote.NewSecrets("T0ken/5f+2b9c")
	for n := range 10 {
		secrets.AddSession(fmt.Sprintf("session-key-%d-0a1b", n))
		secrets.AddSession("")
	}
	require.Equal(t, "[hidden] [hidden]", secrets.Hide("session-key-9-0a1b session-key-2-0a1b"))
	require.Equal(t, "[hidden]", secrets.Hide("T0ken/5f+2b9c"))
}

// What caused an error may be of a kind of its own.
func TestAnErrorOfAnErrorStaysWhatItIs(t *testing.T) {
	t.Parallel()
	const token = "T0ken/5f+2b9c"
	secrets := remote.NewSecrets(token)
	kinds := []func(error) error{
		func(cause error) error { return remote.Unavailable{Cause: cause, Unreadable: true} },
		func(cause error) error { return remote.NotSent{Cause: cause} },
		func(cause error) error { return remote.OutcomeUnknown{Cause: cause} },
	}
	for _, outer := range kinds {
		for _, inner := range append(kinds, func(error) error { return remote.Refused{Field: "token", Text: token, Code: "400"} }) {
			dirty, clean := outer(fmt.Errorf("again: %w", inner(errors.New(token)))), outer(fmt.Errorf("again: %w", inner(errors.New("[hidden]"))))
			got := secrets.Error(dirty)
			require.Equal(t, strings.ReplaceAll(dirty.Error(), token, "[hidden]"), got.Error())
			require.Equal(t, chain(clean), chain(got))
			require.Equal(t, "write: "+got.Error(), secrets.Error(fmt.Errorf("write: %w", dirty)).Error())
			require.Equal(t, chain(clean), chain(secrets.Error(fmt.Errorf("write: %w", dirty)))[1:])
		}
	}
}

// chain is the types of an error and of what it wraps.
func chain(err error) (types []string) {
	for ; err != nil; err = errors.Unwrap(err) {
		types = append(types, fmt.Sprintf("%T", err))
	}
	return types
}

func TestAnErrorStaysWhatItIsWithoutTheCredential(t *testing.T) {
	t.Parallel()
	const token, hidden = "T0ken/5f+2b9c", "[hidden]"
	secrets := remote.NewSecrets(token)
	cause := errors.New("malformed " + token)
	for _, pair := range [][2]error{
		{remote.Unauthorized{Text: token}, remote.Unauthorized{Text: hidden}},
		{remote.Forbidden{Text: token}, remote.Forbidden{Text: hidden}},
		{remote.NotFound{What: token}, remote.NotFound{What: hidden}},
		{remote.Refused{Field: token, Text: token, Code: "400"}, remote.Refused{Field: hidden, Text: hidden, Code: "400"}},
		{remote.Throttled{Limiter: token}, remote.Throttled{Limiter: hidden}},
		{remote.Unavailable{Cause: cause, Unreadable: true}, remote.Unavailable{Cause: errors.New("malformed " + hidden), Unreadable: true}},
		{remote.NotSent{Cause: cause}, remote.NotSent{Cause: errors.New("malformed " + hidden)}},
		{remote.OutcomeUnknown{Cause: cause}, remote.OutcomeUnknown{Cause: errors.New("malformed " + hidden)}},
		{remote.Stale{What: token}, remote.Stale{What: hidden}},
		{cause, errors.New("malformed " + hidden)},
	} {
		got := secrets.Error(pair[0])
		require.Equal(t, fmt.Sprintf("%T", pair[1]), fmt.Sprintf("%T", got))
		require.Equal(t, pair[1].Error(), got.Error())
		inside := secrets.Error(fmt.Errorf("bulk call with %s: %w", token, pair[0]))
		require.Equal(t, "bulk call with [hidden]: "+pair[1].Error(), inside.Error())
	}
	plain := remote.Refused{Text: "no", Code: "400"}
	require.Equal(t, plain, secrets.Error(plain))
	require.NoError(t, secrets.Error(nil))
	long := secrets.Error(remote.Unavailable{Cause: errors.New(strings.Repeat("x", 1000))})
	require.Less(t, len(long.Error()), 330, "and it is short")
}
