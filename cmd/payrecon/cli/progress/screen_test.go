package progress_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/cmd/payrecon/cli/progress"
)

// terminal shows what is written to it as a real one does, as far as a Screen goes: it breaks long lines, and knows how to go
// back, go up, and clear what follows.
type terminal struct {
	columns, rows int
	cells         [][]rune
	row, column   int
	frames        int
}

func newTerminal(columns int) *terminal {
	return &terminal{columns: columns, rows: 24, cells: [][]rune{{}}}
}

func (s *terminal) Write(p []byte) (int, error) {
	s.frames++
	text := string(p)
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b[A"):
			s.row, text = max(s.row-1, 0), text[3:]
			continue
		case strings.HasPrefix(text, "\x1b[J"):
			s.cells, text = s.cells[:s.row+1], text[3:]
			s.cells[s.row] = s.cells[s.row][:s.column]
			continue
		case text[0] == '\x1b':
			return 0, fmt.Errorf("unknown sequence %q", text)
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\r':
			s.column = 0
		case '\n':
			s.down()
		default:
			if s.column == s.columns {
				s.down()
			}
			s.cells[s.row] = append(s.cells[s.row][:s.column], r)
			s.column++
		}
	}
	return len(p), nil
}

func (s *terminal) down() {
	s.row, s.column = s.row+1, 0
	if s.row == len(s.cells) {
		s.cells = append(s.cells, []rune{})
	}
}

func (s *terminal) String() string {
	lines := make([]string, len(s.cells))
	for i, line := range s.cells {
		lines[i] = string(line)
	}
	return strings.Join(lines, "\n")
}

func screenOn(t *terminal) *progress.Screen {
	return progress.NewScreen(t, func() (int, int) { return t.columns, t.rows })
}

func TestLinesAreDrawnAgainInPlace(t *testing.T) {
	t.Parallel()
	on := newTerminal(40)
	s := screenOn(on)
	_, err := s.Write([]byte("Started.\n"))
	require.NoError(t, err)

	s.Show([]string{"one", "two", "three"})
	require.Equal(t, "Started.\none\ntwo\nthree", on.String())
	s.Show([]string{"1"})
	require.Equal(t, "Started.\n1", on.String())
	s.Show([]string{"1", "2"})
	require.Equal(t, "Started.\n1\n2", on.String())
	require.Equal(t, 4, on.frames, "each in one piece")
	s.Show(nil)
	require.Equal(t, "Started.\n", on.String(), "nothing is left behind")
}

func TestWhatIsWrittenGoesAboveTheLines(t *testing.T) {
	t.Parallel()
	on := newTerminal(40)
	s := screenOn(on)
	s.Show([]string{"one", "two"})

	n, err := s.Write([]byte("a warning\n"))

	require.NoError(t, err)
	require.Equal(t, 10, n)
	require.Equal(t, "a warning\none\ntwo", on.String())
	s.Show([]string{"one"})
	require.Equal(t, "a warning\none", on.String())
}

// A terminal echoes ^C where the cursor stands; a line that this breaks would leave a piece of itself behind.
func TestLinesLeaveRoomForAnEcho(t *testing.T) {
	t.Parallel()
	on := newTerminal(10)
	s := screenOn(on)
	s.Show([]string{"0123456789", "\x1b"[:0] + "abcdefghij"})
	require.Equal(t, "012345…\nabcdef…", on.String())

	_, err := on.Write([]byte("^C"))
	require.NoError(t, err)
	s.Show(nil)

	require.Empty(t, on.String())
}

func TestLinesAreNoMoreThanTheTerminalHas(t *testing.T) {
	t.Parallel()
	on := newTerminal(40)
	on.rows = 3
	s := screenOn(on)
	s.Show([]string{"one", "two", "three"})
	require.Equal(t, "one\ntwo", on.String())
	on.rows = 1
	s.Show([]string{"one", "two", "three"})
	require.Equal(t, "one", on.String())
}

func TestTerminalThatBecameNarrowerIsClearedToo(t *testing.T) {
	t.Parallel()
	on := newTerminal(40)
	s := screenOn(on)
	s.Show([]string{strings.Repeat("a", 30), strings.Repeat("b", 12)})
	// It breaks what stands on it, and its cursor stays at the end.
	on.columns = 10
	on.cells = nil
	for _, part := range []string{"aaaaaaaaaa", "aaaaaaaaaa", "aaaaaaaaaa", "bbbbbbbbbb", "bb"} {
		on.cells = append(on.cells, []rune(part))
	}
	on.row, on.column = 4, 2

	s.Show([]string{"c"})

	require.Equal(t, "c", on.String())
}

func TestTerminalOfUnknownSizeShowsWholeLines(t *testing.T) {
	t.Parallel()
	on := newTerminal(1000)
	s := progress.NewScreen(on, func() (int, int) { return 0, 0 })
	s.Show([]string{strings.Repeat("a", 300)})
	require.Equal(t, strings.Repeat("a", 300), on.String())
}

func TestColorsDoNotCountAsWidth(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	s := progress.NewScreen(&out, func() (int, int) { return 10, 24 })
	s.Show([]string{"\x1b[1mabcdefg\x1b[0m", "\x1b[1mabcdefgh\x1b[0m"})
	require.Equal(t, "\x1b[1mabcdefg\x1b[0m\n\x1b[1mabcdef\x1b[0m…", out.String())
}
