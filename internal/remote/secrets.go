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
	// maxHidden bounds the text that Hide looks through: much more than is shown of it.
	maxHidden = 8 << 10
	// encodings is how many encodings around one another are seen through.
	encodings = 4
	// shortestRun is how long a run of base64 or hexadecimal digits is that is decoded, and leastDecoded how long a credential
	// that is looked for in it: any two letters are in some run.
	shortestRun, leastDecoded = 6, 4
)

// MaxSearched is how many bytes In and ID look through: as many as a database's longer texts have.
const MaxSearched = 64 << 10

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
func (s *Secrets) Hide(text string) string {
	needles := s.parts()
	if len(needles) == 0 {
		return text
	}
	return hide(text[:min(len(text), maxHidden)], needles)
}

// Words is Hide, and then the function Words: a credential that was cut short by it could no longer be recognized.
func (s *Secrets) Words(text string) string { return Words(s.Hide(text)) }

// ID is Hide for what names a document or a payment, and is the same text unless all of a credential is in it. Short
// credentials are let through: they may be a part of an ID by chance, and the ID would no longer be one. Nothing is cut: what
// is longer than MaxSearched names nothing, and is hidden as a whole.
func (s *Secrets) ID(text string) string {
	if len(text) > MaxSearched {
		return hidden
	}
	return hide(text, s.whole())
}

// In tells whether one of the credentials that ID looks for is in a text, all of it: what is decided must not hang upon a
// word that a credential begins with. Nobody knows of what is longer than MaxSearched, so that it counts as holding one.
func (s *Secrets) In(text string) bool {
	return len(text) > MaxSearched || len(text) >= longEnough && len(search(text, s.whole(), encodings)) > 0
}

// Error is the same error where its text is short and shows no credential, else one of the same type whose text is made fit
// by Words. So is what caused it: it is of the same kind for everybody who asks.
func (s *Secrets) Error(err error) error {
	if err == nil || s.Words(err.Error()) == err.Error() {
		return err
	}
	typed, ok := As[worded](err) // the outermost
	if !ok {
		return fmt.Errorf("%s", s.Words(err.Error()))
	}
	clean := typed.reworded(s)
	if before, _, found := strings.Cut(err.Error(), typed.Error()); found && before != "" {
		return fmt.Errorf("%s%w", s.Words(before), clean)
	}
	return clean
}

// worded is an error of this package's vocabulary.
type worded interface {
	error
	// reworded is the same error without credentials.
	reworded(s *Secrets) error
}

func (e Unauthorized) reworded(s *Secrets) error { return Unauthorized{Text: s.Words(e.Text)} }
func (e Forbidden) reworded(s *Secrets) error    { return Forbidden{Text: s.Words(e.Text)} }
func (e NotFound) reworded(s *Secrets) error     { return NotFound{What: s.Words(e.What)} }
func (e Stale) reworded(s *Secrets) error        { return Stale{What: s.Words(e.What)} }
func (e NotSent) reworded(s *Secrets) error      { return NotSent{Cause: s.Error(e.Cause)} }

func (e OutcomeUnknown) reworded(s *Secrets) error { return OutcomeUnknown{Cause: s.Error(e.Cause)} }

func (e Unavailable) reworded(s *Secrets) error {
	return Unavailable{Cause: s.Error(e.Cause), Unreadable: e.Unreadable}
}

func (e Refused) reworded(s *Secrets) error {
	return Refused{Field: s.Words(e.Field), Text: s.Words(e.Text), Code: s.Words(e.Code)}
}

func (e Throttled) reworded(s *Secrets) error {
	return Throttled{Limiter: s.Words(e.Limiter), Until: e.Until, After: e.After}
}

// needle is a credential that is looked for, in lower case. The first bytes of it are taken for it, at least so many.
type needle struct {
	text  string
	least int
}

// parts are all credentials, each found where enough of it is there to tell it: the rest may have been cut off.
func (s *Secrets) parts() []needle { return s.needles(1, leastOf) }

// whole are the long credentials, each found where all of it is there.
func (s *Secrets) whole() []needle {
	return s.needles(longEnough, func(value string) int { return len(value) })
}

// needles are the credentials of at least so many bytes, and those with blanks as a form spells them.
func (s *Secrets) needles(shortest int, least func(value string) int) []needle {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var needles []needle
	add := func(value string) { needles = append(needles, needle{value, least(value)}) }
	for _, v := range slices.Concat(s.lasting, s.passing) {
		if len(v) < shortest {
			continue
		}
		add(lower(v))
		if strings.Contains(v, " ") {
			add(lower(strings.ReplaceAll(v, " ", "+")))
		}
	}
	return needles
}

// hide replaces what of the needles is in a text.
func hide(text string, needles []needle) string {
	found := search(text, needles, encodings)
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

// search finds the needles in a text, through at most so many encodings around one another.
func search(text string, needles []needle, depth int) []span {
	if len(needles) == 0 || text == "" {
		return nil
	}
	return plainView(text).search(needles, depth)
}

// search takes one kind of escapes off at a time: what is another kind's may be a part of the credential.
func (v view) search(needles []needle, depth int) []span {
	found := v.find(needles)
	if depth == 0 {
		return found
	}
	found = append(found, v.decoded(needles, depth-1)...)
	for _, escape := range []byte{'%', '\\', '&'} {
		if next, changed := v.unescaped(escape); changed {
			found = append(found, next.search(needles, depth-1)...)
		}
	}
	return found
}

// find finds the needles as they are, and what a cut has left of them.
func (v view) find(needles []needle) []span {
	var found []span
	text := lower(string(v.text))
	for _, n := range needles {
		head := n.text[:n.least]
		for at := 0; ; {
			i := strings.Index(text[at:], head)
			if i < 0 {
				break
			}
			from := at + i
			at = from + len(head)
			for at < len(text) && at-from < len(n.text) && text[at] == n.text[at-from] {
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

// decoded finds the runs of base64 and of hexadecimal digits that hold a needle.
func (v view) decoded(needles []needle, depth int) []span {
	long := slices.DeleteFunc(slices.Clone(needles), func(n needle) bool { return len(n.text) < leastDecoded })
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
func runHolds(run []byte, needles []needle, depth int) bool {
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
		if decoded, err := base64.RawStdEncoding.DecodeString(string(text)); err == nil && len(search(string(decoded), needles, depth)) > 0 {
			return true
		}
	}
	for _, digits := range bytes.FieldsFunc(run, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) }) {
		for at := range min(2, len(digits)) {
			text, err := hex.DecodeString(string(digits[at : len(digits)-(len(digits)-at)%2]))
			if err == nil && len(text) >= leastDecoded && len(search(string(text), needles, depth)) > 0 {
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
