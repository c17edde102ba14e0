package remote_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/remote"
)

func TestWordsKeepsWhatIsHarmless(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Sum must be positive.", "Сумма не может быть больше остатка", "õigus ja 100 %", strings.Repeat("x", 300)} {
		require.Equal(t, text, remote.Words(text))
	}
}

func TestWordsIsOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\r\nb\tc":         "a  b c",
		"\x1b[31mred\x07":   " [31mred ",
		"a\u2028b\u0085c":   "a b c",     // lines end in more ways than \n
		"a\u202eb\u200bc":   "a b c",     // right to left, and no width
		"broken \xff\xfe":   "broken   ", // not UTF-8
		"a\u00a0b\x00c\x7f": "a b c ",
	} {
		require.Equal(t, want, remote.Words(text), "%q", text)
	}
}

func TestWordsCutsBetweenCharacters(t *testing.T) {
	t.Parallel()
	require.Equal(t, strings.Repeat("x", 300)+"…", remote.Words(strings.Repeat("x", 301)))
	require.Equal(t, strings.Repeat("x", 299)+"…", remote.Words(strings.Repeat("x", 299)+"ж"))
}

func TestWordsIsPrintableAndShort(t *testing.T) {
	t.Parallel()
	bytes := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 700), func(b []byte) string { return string(b) })
	rapid.Check(t, func(t *rapid.T) {
		got := remote.Words(rapid.OneOf(rapid.StringN(0, 400, -1), bytes).Draw(t, "text"))
		require.LessOrEqual(t, len(strings.TrimSuffix(got, "…")), 300)
		require.True(t, utf8.ValidString(got))
		for _, r := range got {
			require.True(t, unicode.IsPrint(r), "%q in %q", r, got)
		}
	})
}
