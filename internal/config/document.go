package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"payrecon/internal/remote"
)

// maxFile bounds the configuration file. A company takes less than 2 KiB of it.
const maxFile = 1 << 20

// maxProblems bounds how many problems one error lists.
const maxProblems = 30

// document is a file that was read as TOML: its values, and where each stands.
type document struct {
	path     string
	source   string
	values   map[string]any
	offsets  map[string]int
	expanded map[string]bool // paths of values that came from the environment or another file: never to be shown
}

func readDocument(path string) (*document, error) {
	source, err := readBounded(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, withoutPath(err))
	}
	doc := &document{path: path, source: strings.TrimPrefix(source, "\ufeff"), expanded: map[string]bool{}}
	if _, err := toml.Decode(doc.source, &doc.values); err != nil {
		return nil, doc.syntaxError(err)
	}
	doc.offsets = locate(doc.source)
	return doc, nil
}

func readBounded(path string, most int64) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the path is the operator's own
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return "", err
	}
	if int64(len(content)) > most {
		return "", fmt.Errorf("is longer than %d bytes", most)
	}
	return string(content), nil
}

// withoutPath drops the path that os puts in front: the message names it already.
func withoutPath(err error) error {
	var with *os.PathError
	if errors.As(err, &with) {
		return with.Err
	}
	return err
}

// valueInMessage matches what the toml package quotes of the file. A word in the wrong place may be a password.
var valueInMessage = regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|^\S+ is out of range`)

func (d *document) syntaxError(err error) error {
	var parse toml.ParseError
	if !errors.As(err, &parse) {
		return fmt.Errorf("configuration %s: is not TOML", d.path)
	}
	text := parse.Message
	if !strings.HasPrefix(text, "Key '") { // those name a key
		text = valueInMessage.ReplaceAllStringFunc(text, func(quoted string) string {
			switch {
			case strings.HasSuffix(quoted, " is out of range"):
				return "the number is out of range"
			case utf8.RuneCountInString(quoted) <= len(`'\n'`):
				return quoted // one character
			}
			return "(value not shown)"
		})
	}
	line, column := d.position(parse.Position.Start)
	return fmt.Errorf("%s:%d:%d: is not valid TOML: %s", d.path, line, column, remote.Words(text))
}

// position is the line and the column (in characters) of a byte, both from 1.
func (d *document) position(offset int) (line, column int) {
	before := d.source[:min(max(offset, 0), len(d.source))]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// offset is where a path stands; for one that is missing, where the nearest table around it does.
func (d *document) offset(path toml.Key) int {
	for ; len(path) > 0; path = path[:len(path)-1] {
		if at, known := d.offsets[path.String()]; known {
			return at
		}
	}
	return 0
}

// problems collects everything that is wrong with a document, at most one thing a path: what follows from a first
// mistake helps nobody.
type problems struct {
	doc   *document
	seen  map[string]bool
	found []problem
}

type problem struct {
	offset int
	text   string
}

func newProblems(doc *document) *problems { return &problems{doc: doc, seen: map[string]bool{}} }

func (p *problems) add(path toml.Key, format string, args ...any) {
	if p.seen[path.String()] {
		return
	}
	p.seen[path.String()] = true
	text := remote.Words(dotted(path)) + ": " + fmt.Sprintf(format, args...)
	p.found = append(p.found, problem{offset: p.doc.offset(path), text: text})
}

// dotted shows a path as people write it, without the numbers of elements: the line says which one is meant.
func dotted(path toml.Key) string {
	return slices.DeleteFunc(slices.Clone(path), func(part string) bool { return strings.HasPrefix(part, "[") }).String()
}

// err is nil, or one line for each problem in the order of the file.
func (p *problems) err() error {
	slices.SortStableFunc(p.found, func(a, b problem) int { return cmp.Compare(a.offset, b.offset) })
	var lines []error
	for i, one := range p.found {
		if i == maxProblems {
			lines = append(lines, fmt.Errorf("%s: and %d more", p.doc.path, len(p.found)-maxProblems))
			break
		}
		line, column := p.doc.position(one.offset)
		lines = append(lines, fmt.Errorf("%s:%d:%d: %s", p.doc.path, line, column, one.text))
	}
	return errors.Join(lines...)
}
