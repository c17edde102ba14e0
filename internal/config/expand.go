package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxSecret bounds a file named by ${file:PATH}.
const maxSecret = 64 << 10

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} and ${file:PATH} in every string of the document. What they give is taken as it is and not
// looked at again, so it may hold "${".
func (d *document) expand(found *problems) { d.expandTable(nil, d.values, found) }

func (d *document) expandTable(path toml.Key, values map[string]any, found *problems) {
	for key, value := range values {
		values[key] = d.expandValue(append(slices.Clone(path), key), value, found)
	}
}

func (d *document) expandValue(path toml.Key, value any, found *problems) any {
	switch v := value.(type) {
	case string:
		if !strings.Contains(v, "${") {
			return v
		}
		d.expanded[path.String()] = true
		text, err := d.expandText(v)
		if err != nil {
			found.add(path, "%s", err)
		}
		return text
	case map[string]any:
		d.expandTable(path, v, found)
	case []map[string]any:
		for i := range v {
			d.expandTable(append(slices.Clone(path), element(i)), v[i], found)
		}
	case []any:
		for i := range v {
			v[i] = d.expandValue(append(slices.Clone(path), element(i)), v[i], found)
		}
	}
	return value
}

func (d *document) expandText(text string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", errors.New("holds ${ without }, accepted are ${NAME} and ${file:PATH}")
		}
		value, err := d.lookup(name)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
		text = after
	}
}

func (d *document) lookup(name string) (string, error) {
	if path, isFile := strings.CutPrefix(name, "file:"); isFile {
		return d.lookupFile(path)
	}
	if !envName.MatchString(name) {
		return "", errors.New("what stands between ${ and } is not accepted, accepted are ${NAME} of an environment variable and ${file:PATH}")
	}
	value, set := os.LookupEnv(name)
	if !set {
		return "", fmt.Errorf("environment variable %s is not set", bounded(name))
	}
	return value, nil
}

// lookupFile reads a secret from a file, whose path is relative to the folder of the configuration. Editors and
// `echo` end a file with a newline that is not part of the secret.
func (d *document) lookupFile(path string) (string, error) {
	if path == "" {
		return "", errors.New("${file:} names no file")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(d.path), path)
	}
	text, err := readBounded(path, maxSecret)
	if err != nil {
		return "", fmt.Errorf("file %s: %w", bounded(path), withoutPath(err))
	}
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("file %s: is not UTF-8 text", bounded(path))
	}
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), nil
}
