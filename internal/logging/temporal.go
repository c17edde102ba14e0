package logging

import (
	"fmt"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/log"
)

// Temporal lets Temporal's SDK, workflows and activities write to a zerolog logger.
func Temporal(logger zerolog.Logger) log.Logger { return temporal{logger} }

type temporal struct{ logger zerolog.Logger }

var _ log.WithLogger = temporal{}

func (t temporal) Debug(msg string, pairs ...any) { t.logger.Debug().Fields(fields(pairs)).Msg(msg) }
func (t temporal) Info(msg string, pairs ...any)  { t.logger.Info().Fields(fields(pairs)).Msg(msg) }
func (t temporal) Warn(msg string, pairs ...any)  { t.logger.Warn().Fields(fields(pairs)).Msg(msg) }
func (t temporal) Error(msg string, pairs ...any) { t.logger.Error().Fields(fields(pairs)).Msg(msg) }

func (t temporal) With(pairs ...any) log.Logger {
	return temporal{t.logger.With().Fields(fields(pairs)).Logger()}
}

// fields names a last value that has no name: zerolog would drop it.
func fields(pairs []any) []any {
	named := make([]any, 0, len(pairs)+1)
	for i := 0; i+1 < len(pairs); i += 2 {
		named = append(named, fmt.Sprint(pairs[i]), pairs[i+1])
	}
	if len(pairs)%2 == 1 {
		named = append(named, "extra", pairs[len(pairs)-1])
	}
	return named
}
