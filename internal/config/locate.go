package config

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
)

// locate finds where every key, table and array element of a TOML document stands, as a byte offset by path. Elements
// of an array, also of one made of [[headers]], have a path part of their own: element(0), element(1) and so on.
//
// The toml package keeps positions to itself, and by a path that all tables of an array share. The document must be one
// that it accepts: locate trusts the syntax.
func locate(source string) map[string]int {
	s := scanner{source: source, offsets: map[string]int{}, tables: map[string]int{}}
	var header toml.Key
	for s.skipBlank(); !s.done(); s.skipBlank() {
		if s.peek("[") {
			header = s.header()
		} else {
			s.pair(header)
		}
	}
	return s.offsets
}

func element(i int) string { return fmt.Sprintf("[%d]", i) }

type scanner struct {
	source  string
	at      int
	offsets map[string]int
	tables  map[string]int // how many [[headers]] each path has had so far
}

func (s *scanner) done() bool         { return s.at >= len(s.source) }
func (s *scanner) peek(t string) bool { return strings.HasPrefix(s.source[s.at:], t) }
func (s *scanner) oneOf(cs string) bool {
	return !s.done() && strings.IndexByte(cs, s.source[s.at]) >= 0
}

func (s *scanner) accept(t string) bool {
	if !s.peek(t) {
		return false
	}
	s.at += len(t)
	return true
}

func (s *scanner) skipBlank() {
	for !s.done() {
		switch {
		case s.oneOf(" \t\r\n"):
			s.at++
		case s.peek("#"):
			s.skipUntil("\n")
		default:
			return
		}
	}
}

func (s *scanner) skipUntil(stops string) {
	for !s.done() && !s.oneOf(stops) {
		s.at++
	}
}

// mark keeps the first place of a path: a table may be named again by a header below it.
func (s *scanner) mark(path toml.Key, offset int) {
	if _, known := s.offsets[path.String()]; !known {
		s.offsets[path.String()] = offset
	}
}

// header reads [a.b] or [[a.b]] and returns the path of the table that it opens.
func (s *scanner) header() toml.Key {
	offset := s.at
	array := s.accept("[[")
	if !array {
		s.accept("[")
	}
	parts := s.key()
	s.skipUntil("]")
	if !s.accept("]]") {
		s.accept("]")
	}
	var path toml.Key
	for i, part := range parts {
		path = append(path, part)
		s.mark(path, offset)
		if array && i == len(parts)-1 {
			s.tables[path.String()]++
		}
		if n := s.tables[path.String()]; n > 0 {
			path = append(path, element(n-1))
			s.mark(path, offset)
		}
	}
	return path
}

// pair reads key = value below a path.
func (s *scanner) pair(below toml.Key) {
	offset := s.at
	path := append(toml.Key{}, below...)
	for _, part := range s.key() {
		path = append(path, part)
		s.mark(path, offset)
	}
	s.skipUntil("=")
	s.accept("=")
	s.skipBlank()
	s.value(path)
}

func (s *scanner) value(path toml.Key) {
	switch {
	case s.oneOf(`"'`):
		s.text()
	case s.accept("["):
		for i := 0; s.more("]"); i++ {
			s.mark(append(path, element(i)), s.at)
			s.value(append(path, element(i)))
		}
	case s.accept("{"):
		for s.more("}") {
			s.pair(path)
		}
	default: // a number, a date (which may hold a blank) or a bool
		s.skipUntil(",]}#\n")
	}
}

// more goes to the next item of an array or an inline table, or past its end.
func (s *scanner) more(end string) bool {
	for s.skipBlank(); s.accept(","); {
		s.skipBlank()
	}
	return !s.done() && !s.accept(end)
}

// key reads a.b, "a b".c and the like.
func (s *scanner) key() []string {
	var parts []string
	for {
		s.skipBlank()
		start := s.at
		if s.oneOf(`"'`) {
			s.text()
			parts = append(parts, unquote(s.source[start:s.at]))
		} else {
			s.skipUntil(" \t\r\n.=]")
			parts = append(parts, s.source[start:s.at])
		}
		s.skipBlank()
		if !s.accept(".") {
			return parts
		}
	}
}

// unquote lets the toml package read one quoted key, escapes and all.
func unquote(quoted string) string {
	var doc struct{ Key string }
	if _, err := toml.Decode("key = "+quoted, &doc); err != nil {
		return quoted // not reached for a document that was accepted
	}
	return doc.Key
}

// text skips a string of any of the four kinds.
func (s *scanner) text() {
	quote := s.source[s.at : s.at+1]
	end := quote
	if s.peek(strings.Repeat(quote, 3)) {
		end = strings.Repeat(quote, 3)
	}
	s.at += len(end)
	for !s.done() && !s.peek(end) {
		if quote == `"` && s.peek(`\`) {
			s.at++
		}
		s.at++
	}
	s.at = min(s.at+len(end), len(s.source))
	for len(end) == 3 && s.accept(quote) { // up to two quotes more belong to the string
		continue
	}
}
