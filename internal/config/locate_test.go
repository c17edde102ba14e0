package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/stretchr/testify/require"

	"payrecon/internal/config"
)

// Every `@` in the document stands before a key, an element or a header; the paths are listed in that order.
var located = map[string]struct {
	document string
	paths    []string
}{
	"keys below headers": {"@a = 1\n@[t]\n@a = 2\n@[t.u]\n  @a = 3\n", []string{"a", "t", "t.a", "t.u", "t.u.a"}},
	"dotted keys":        {"@a.b.c = 1\n@a.b.d = 2\n", []string{"a a.b a.b.c", "a.b.d"}},
	"dotted with blanks": {"@a . b = 1\n", []string{"a a.b"}},
	"quoted keys":        {"@\"a.b\" = 1\n@'c \"d' = 2\n@\"\\u0041\" = 3\n@\"\" = 4", []string{`"a.b"`, `"c \"d"`, "A", `""`}},
	"quoted headers":     {"@[\"a]\".b]\n@c = 1", []string{`"a]" "a]".b`, `"a]".b.c`}},
	"inline tables":      {"@a = { @b = 1, @c.d = { @e = 2 } }", []string{"a", "a.b", "a.c a.c.d", "a.c.d.e"}},
	"inline over lines":  {"@a = {\n @b = 1, # } b = 2\n @c = 2,\n}", []string{"a", "a.b", "a.c"}},
	"arrays":             {"@a = [@1, @[@2, @3], # 4]\n @\"]\" , ]\n@b = 1", []string{"a", `a."[0]"`, `a."[1]"`, `a."[1]"."[0]"`, `a."[1]"."[1]"`, `a."[2]"`, "b"}},
	"arrays of inline":   {"@a = [@{ @b = 1 }, @{ @b = 2 }]", []string{"a", `a."[0]"`, `a."[0]".b`, `a."[1]"`, `a."[1]".b`}},
	"arrays of tables": {
		"@[[a]]\n@b = 1\n@[a.c]\n@b = 2\n@[[a]]\n@b = 3\n@[a.c]\n@b = 4\n@[[a.d]]\n@[[a.d]]\n@b = 5",
		[]string{
			`a a."[0]"`, `a."[0]".b`, `a."[0]".c`, `a."[0]".c.b`, `a."[1]"`, `a."[1]".b`, `a."[1]".c`, `a."[1]".c.b`,
			`a."[1]".d a."[1]".d."[0]"`, `a."[1]".d."[1]"`, `a."[1]".d."[1]".b`,
		},
	},
	"comments":           {"# a = 1\n@a = 1 # b = 2 \"\n#'''\n@b = 2", []string{"a", "b"}},
	"strings with keys":  {"@a = \"\\\"\\nb = 1 # \"\n@c = 'b = \\'\n@b = 1", []string{"a", "c", "b"}},
	"long strings":       {"@a = \"\"\"\nb = 1\n\\\"\"\"[b]\"\"\"\"\"\n@c = '''\nb = 2''''\n@b = 3", []string{"a", "c", "b"}},
	"empty strings":      {"@a = \"\"\n@b = ''\n@c = \"\"\"\"\"\"\n@d = 1", []string{"a", "b", "c", "d"}},
	"dates with a blank": {"@a = 1979-05-27 07:32:00 # x\n@b = [@1979-05-27 07:32:00, @true]\n@c = -1_0e+3", []string{"a", "b", `b."[0]"`, `b."[1]"`, "c"}},
	"DOS line ends":      {"@[a]\r\n@b = 1\r\n\r\n@c = \"x\"\r\n", []string{"a", "a.b", "a.c"}},
	"header named twice": {"@[a.b]\n@[a]\n@c = 1", []string{"a a.b", "", "a.c"}},
}

func TestEveryKeyIsFoundWhereItStands(t *testing.T) {
	t.Parallel()
	for name, test := range located {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pieces := strings.Split(test.document, "@")
			require.Len(t, test.paths, len(pieces)-1)
			want, offset := map[string]int{}, len(pieces[0])
			for i, paths := range test.paths {
				for _, path := range splitPaths(paths) {
					want[path] = offset
				}
				offset += len(pieces[i+1])
			}
			source := strings.Join(pieces, "")
			require.NoError(t, toml.Unmarshal([]byte(source), new(map[string]any)), "the test's own document")
			require.Equal(t, want, config.Locate(source))
		})
	}
}

// splitPaths splits at blanks, but not inside a quoted key.
func splitPaths(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

func FuzzEveryKeyOfAnAcceptedDocumentIsLocated(f *testing.F) {
	for _, test := range located {
		f.Add(strings.ReplaceAll(test.document, "@", ""))
	}
	f.Fuzz(func(t *testing.T, source string) {
		var values map[string]any
		source = strings.TrimPrefix(source, "\ufeff")
		if len(source) > 1<<12 || toml.Unmarshal([]byte(source), &values) != nil {
			return
		}
		offsets := config.Locate(source)
		for _, path := range pathsOf(nil, values) {
			offset, found := offsets[path.String()]
			require.True(t, found, "%s is not located", path)
			require.True(t, offset >= 0 && offset < len(source), "%s is at %d", path, offset)
		}
	})
}

func pathsOf(at toml.Key, value any) []toml.Key {
	paths := []toml.Key{}
	below := func(part string, value any) {
		path := append(append(toml.Key{}, at...), part)
		paths = append(append(paths, path), pathsOf(path, value)...)
	}
	switch v := value.(type) {
	case map[string]any:
		for key, one := range v {
			below(key, one)
		}
	case []map[string]any:
		for i, one := range v {
			below(fmt.Sprintf("[%d]", i), one)
		}
	case []any:
		for i, one := range v {
			below(fmt.Sprintf("[%d]", i), one)
		}
	}
	return paths
}
