package remote

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"html"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Secrets are the credentials that a client sends: some servers repeat a request in their answers, as it was or encoded, and
// what they say gets into errors, histories, reports and logs. The zero value knows of none. It may be used by several
// goroutines.
type Secrets struct {
	mu      sync.RWMutex
	lasting []string
	passing []string // the newest last
}

const (
	hidden = "[hidden]"

	// telling is how many bytes of a credential are taken for it: a text may be cut in the middle of one.
	telling = 8
	// longEnough is how long a credential is that can be in no ID by chance.
	longEnough = 12
	// keptSessions is how many session keys are remembered: an answer may come late.
	keptSessions = 8
	// maxLooked bounds the text that is looked through: much more than is shown of it.
	maxLooked = 8 << 10
	// encodings is how many encodings around one another are seen through.
	encodings = 4
	// shortestRun is how long a run of base64 or hexadecimal digits is that is decoded, and leastDecoded how long a credential
	// that is looked for in it: any two letters are in some run.
	shortestRun, leastDecoded = 6, 4
)

// NewSecrets takes the credentials; an empty one is none.
func NewSecrets(values ...string) *Secrets {
	return &Secrets{lasting: slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })}
}

// AddSession adds a credential that will be replaced by others: only the last few are remembered.
func (s *Secrets) AddSession(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value == "" || slices.Contains(s.passing, value) {
		return
	}
	s.passing = append(s.passing[max(0, len(s.passing)-keptSessions+1):], value)
}

// Hide replaces the credentials in a text by "[hidden]", also where they are cut off, in other case, or encoded: for a URL,
// HTML or JSON, in base64 or as hexadecimal digits, and in several of these around one another. What is longer than 8 KiB
// is cut.
func (s *Secrets) Hide(text string) string { return s.hide(text, 1) }

// Words is Hide, and then the function Words: a credential that was cut short by it could no longer be recognized.
func (s *Secrets) Words(text string) string { return Words(s.Hide(text)) }

// ID is Hide for what names a document or a payment. Short credentials are let through: they may be a part of an ID by
// chance, and the ID would no longer be one.
func (s *Secrets) ID(text string) string {
	if !s.In(text) {
		return text
	}
	return s.hide(text, longEnough)
}

// Error is the same error where its text is short and shows no credential, else one of the same type whose text is made fit
// by Words.
func (s *Secrets) Error(err error) error {
	if err == nil || s.Words(err.Error()) == err.Error() {
		return err
	}
	typed := s.typed(err)
	if typed == nil {
		return fmt.Errorf("%s", s.Words(err.Error()))
	}
	if before, _, found := strings.Cut(err.Error(), typed.original); found && before != "" {
		return fmt.Errorf("%s%w", s.Words(before), typed.clean)
	}
	return typed.clean
}

type cleaned struct {
	original string
	clean    error
}

// typed finds the error of this package's vocabulary, and makes it anew without credentials.
func (s *Secrets) typed(err error) *cleaned {
	cause := func(e error) error { return fmt.Errorf("%s", s.Words(e.Error())) }
	if e, ok := As[Unauthorized](err); ok {
		return &cleaned{e.Error(), Unauthorized{Text: s.Words(e.Text)}}
	}
	if e, ok := As[Forbidden](err); ok {
		return &cleaned{e.Error(), Forbidden{Text: s.Words(e.Text)}}
	}
	if e, ok := As[NotFound](err); ok {
		return &cleaned{e.Error(), NotFound{What: s.Words(e.What)}}
	}
	if e, ok := As[Refused](err); ok {
		return &cleaned{e.Error(), Refused{Field: s.Words(e.Field), Text: s.Words(e.Text), Code: s.Words(e.Code)}}
	}
	if e, ok := As[Throttled](err); ok {
		return &cleaned{e.Error(), Throttled{Limiter: s.Words(e.Limiter), Until: e.Until, After: e.After}}
	}
	if e, ok := As[Unavailable](err); ok {
		return &cleaned{e.Error(), Unavailable{Cause: cause(e.Cause), Unreadable: e.Unreadable}}
	}
	if e, ok := As[NotSent](err); ok {
		return &cleaned{e.Error(), NotSent{Cause: cause(e.Cause)}}
	}
	if e, ok := As[OutcomeUnknown](err); ok {
		return &cleaned{e.Error(), OutcomeUnknown{Cause: cause(e.Cause)}}
	}
	if e, ok := As[Stale](err); ok {
		return &cleaned{e.Error(), Stale{What: s.Words(e.What)}}
	}
	return nil
}

// In tells whether a text shows one of the credentials that ID looks for.
func (s *Secrets) In(text string) bool {
	return len(text) >= longEnough && len(search(text, s.values(longEnough), encodings)) > 0
}

// values are the credentials of at least so many bytes, and those with blanks as a form spells them.
func (s *Secrets) values(least int) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var values []string
	for _, v := range slices.Concat(s.lasting, s.passing) {
		if len(v) < least {
			continue
		}
		values = append(values, lower(v))
		if strings.Contains(v, " ") {
			values = append(values, lower(strings.ReplaceAll(v, " ", "+")))
		}
	}
	return values
}

func (s *Secrets) hide(text string, least int) string {
	values := s.values(least)
	if len(values) == 0 || text == "" {
		return text
	}
	text = text[:min(len(text), maxLooked)]
	found := search(text, values, encodings)
	if len(found) == 0 {
		return text
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var out strings.Builder
	at := 0
	for _, f := range found {
		if f.from >= at {
			out.WriteString(text[at:f.from] + hidden)
		}
		at = max(at, f.to)
	}
	return out.String() + text[at:]
}

// span is a part of a text, in bytes.
type span struct{ from, to int }

// view is a text with some of its encoding taken off: each byte stands for a part of the text it was made from.
type view struct {
	text []byte
	from []span
}

func plainView(text string) view {
	v := view{text: []byte(text), from: make([]span, len(text))}
	for i := range v.from {
		v.from[i] = span{i, i + 1}
	}
	return v
}

// search finds the values in a text, through at most so many encodings around one another.
func search(text string, values []string, depth int) []span {
	return plainView(text).search(values, depth)
}

// search takes one kind of escapes off at a time: what is another kind's may be a part of the credential.
func (v view) search(values []string, depth int) []span {
	found := v.find(values)
	if depth == 0 {
		return found
	}
	found = append(found, v.decoded(values, depth-1)...)
	for _, escape := range []byte{'%', '\\', '&'} {
		if next, changed := v.unescaped(escape); changed {
			found = append(found, next.search(values, depth-1)...)
		}
	}
	return found
}

// find finds the values as they are, and what a cut has left of them.
func (v view) find(values []string) []span {
	var found []span
	text := lower(string(v.text))
	for _, value := range values {
		head := value[:leastOf(value)]
		for at := 0; ; {
			i := strings.Index(text[at:], head)
			if i < 0 {
				break
			}
			from := at + i
			at = from + len(head)
			for at < len(text) && at-from < len(value) && text[at] == value[at-from] {
				at++
			}
			found = append(found, v.span(from, at))
		}
	}
	return found
}

// leastOf is how much of a value gives it away. An address is none before its @: "accounting" is a word.
func leastOf(value string) int {
	return min(len(value), max(telling, strings.IndexByte(value, '@')+2))
}

func (v view) span(from, to int) span { return span{v.from[from].from, v.from[to-1].to} }

// decoded finds the runs of base64 and of hexadecimal digits that hold a value.
func (v view) decoded(values []string, depth int) []span {
	long := slices.DeleteFunc(slices.Clone(values), func(value string) bool { return len(value) < leastDecoded })
	var found []span
	for at := 0; at < len(v.text) && len(long) > 0; at++ {
		from := at
		var run []byte
		for ; at < len(v.text); at++ {
			c := v.text[at]
			if c == '\r' || c == '\n' { // long base64 comes in lines
				continue
			}
			if !isBase64(c) {
				break
			}
			run = append(run, c)
		}
		if len(run) >= shortestRun && runHolds(run, long, depth) {
			found = append(found, v.span(from, at))
		}
	}
	return found
}

// runHolds decodes a run from each place where the first of its groups may begin: something else may stand before it.
func runHolds(run []byte, values []string, depth int) bool {
	const group = 4
	standard := bytes.Map(func(r rune) rune {
		switch r {
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, run)
	for at := range group {
		text := standard[at:]
		if len(text)%group == 1 {
			text = text[:len(text)-1]
		}
		if decoded, err := base64.RawStdEncoding.DecodeString(string(text)); err == nil && len(search(string(decoded), values, depth)) > 0 {
			return true
		}
	}
	for _, digits := range bytes.FieldsFunc(run, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) }) {
		for at := range min(2, len(digits)) {
			text, err := hex.DecodeString(string(digits[at : len(digits)-(len(digits)-at)%2]))
			if err == nil && len(text) >= leastDecoded && len(search(string(text), values, depth)) > 0 {
				return true
			}
		}
	}
	return false
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

// unescaped takes one layer of the escapes off that begin with this character.
func (v view) unescaped(escape byte) (view, bool) {
	if bytes.IndexByte(v.text, escape) < 0 {
		return v, false
	}
	out := view{text: make([]byte, 0, len(v.text)), from: make([]span, 0, len(v.text))}
	changed := false
	for at := 0; at < len(v.text); {
		plain, size := string(v.text[at:at+1]), 1
		if v.text[at] == escape {
			plain, size = unescape(v.text[at:])
		}
		changed = changed || size > 1
		for i := range len(plain) {
			out.text = append(out.text, plain[i])
			out.from = append(out.from, v.span(at, at+size))
		}
		at += size
	}
	return out, changed
}

// unescape gives what the first bytes of a text stand for, and how many they are.
func unescape(text []byte) (plain string, size int) {
	switch text[0] {
	case '%':
		if c, ok := hexadecimal(text, 1, 3); ok {
			return string(c), 3
		}
	case '\\':
		return unescapeBackslash(text)
	case '&':
		const longest = 12
		if end := bytes.IndexByte(text[:min(len(text), longest)], ';'); end > 0 {
			entity := string(text[:end+1])
			if plain := html.UnescapeString(entity); plain != entity {
				return plain, len(entity)
			}
		}
	}
	return string(text[:1]), 1
}

func unescapeBackslash(text []byte) (string, int) {
	switch {
	case len(text) < 2:
	case text[1] == 'u':
		if c, ok := hexadecimal(text, 2, 6); ok {
			return string(utf16.Decode([]uint16{binary.BigEndian.Uint16(c)})), 6
		}
	case text[1] == 'x':
		if c, ok := hexadecimal(text, 2, 4); ok {
			return string(c), 4
		}
	case text[1] == 'n' || text[1] == 'r':
		return "\n", 2
	case text[1] < utf8.RuneSelf && !isBase64(text[1]) || text[1] == '/':
		return string(text[1:2]), 2
	}
	return string(text[:1]), 1
}

func hexadecimal(text []byte, from, to int) ([]byte, bool) {
	if len(text) < to {
		return nil, false
	}
	decoded, err := hex.DecodeString(string(text[from:to]))
	return decoded, err == nil
}

// lower keeps the length of the text: only ASCII letters change.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
