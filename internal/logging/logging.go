// Package logging makes payrecon's logger: lines for people on a terminal, JSON elsewhere.
package logging

import (
	"io"
	"time"

	"github.com/rs/zerolog"
)

// New makes a logger that writes to w: readable lines if w is a terminal, in color if wanted, else one JSON object a
// line.
func New(w io.Writer, terminal, color bool) zerolog.Logger {
	if terminal {
		w = zerolog.ConsoleWriter{Out: w, NoColor: !color, TimeFormat: time.DateTime}
	}
	return zerolog.New(w).Level(zerolog.InfoLevel).With().Timestamp().Logger()
}
