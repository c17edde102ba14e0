// Package progress shows on a terminal, or in plain lines, what a run is doing.
package progress

import (
	"io"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Screen is a terminal with a few lines at its bottom that are drawn again in place. What is written to it goes above them.
// It moves the cursor and clears lines, and changes no mode of the terminal: whatever ends the program, nothing has to be put
// back. Safe for concurrent use.
type Screen struct {
	// Size is that of the terminal now, in cells; it may change at any time. 0 columns: it is not known.
	Size  func() (columns, rows int)
	Color bool // it shows colors

	mu    sync.Mutex
	out   io.Writer
	lines []string // as they stand on the terminal
}

// NewScreen draws on a terminal.
func NewScreen(out io.Writer, size func() (columns, rows int)) *Screen {
	return &Screen{Size: size, out: out}
}

// Write prints above the lines.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lines) == 0 {
		return s.out.Write(p)
	}
	lines := s.lines
	frame := s.erased() + strings.TrimSuffix(string(p), "\n") + "\n"
	s.lines = lines
	if _, err := io.WriteString(s.out, frame+strings.Join(lines, "\n")); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Show draws these lines instead of the last ones: at most as many as fit, and none wider than the terminal. Without lines
// what was drawn is taken away.
func (s *Screen) Show(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, rows := s.Size()
	if most := max(rows-1, 1); rows > 0 && len(lines) > most {
		lines = lines[:most]
	}
	frame := s.erased()
	for _, line := range lines {
		s.lines = append(s.lines, fit(line, columns))
	}
	_, _ = io.WriteString(s.out, frame+strings.Join(s.lines, "\n")) // in one piece, so that it does not flicker
}

// erased forgets the lines, and is what takes them off the terminal: the cursor stands at the end of the last one.
func (s *Screen) erased() string {
	if len(s.lines) == 0 {
		return ""
	}
	columns, _ := s.Size()
	up := -1
	for _, line := range s.lines { // a terminal that became narrower has broken them
		up++
		if width := text.StringWidthWithoutEscSequences(line); columns > 0 && width > columns {
			up += (width - 1) / columns
		}
	}
	s.lines = nil
	return "\r" + strings.Repeat("\x1b[A", up) + "\x1b[J"
}

// margin is left free at the end of each line: a terminal echoes ^C there, and breaks a line that is too long.
const margin = 3

// fit cuts a line so that it stays one.
func fit(line string, columns int) string {
	if columns <= margin {
		return line
	}
	return text.Snip(line, columns-margin, "…")
}
