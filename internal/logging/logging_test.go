package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"

	"payrecon/internal/logging"
)

func TestLogsAreJSONWhereNobodyReads(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := log.With(logging.Temporal(logging.New(&out, false, true)), "Namespace", "default")
	logger.Debug("not shown")
	logger.Warn("Started Worker", "TaskQueue", "payrecon", 7, errors.New("seven"), "odd")

	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line), out.String())
	require.NotEmpty(t, line["time"])
	delete(line, "time")
	require.Equal(t, map[string]any{
		"level": "warn", "message": "Started Worker", "Namespace": "default", "TaskQueue": "payrecon", "7": "seven", "extra": "odd",
	}, line)
}

func TestLogsAreReadableOnATerminal(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{true, false} {
		var out bytes.Buffer
		logger := logging.Temporal(logging.New(&out, true, color))
		logger.Info("Started", "queue", "payrecon")
		logger.Error("Stopped", "error", errors.New("gone"))
		require.Contains(t, out.String(), "Started")
		require.Contains(t, out.String(), "gone")
		require.Equal(t, color, bytes.Contains(out.Bytes(), []byte("\x1b[")))
	}
}
