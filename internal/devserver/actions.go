//go:build unix

package devserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"regexp"
	"time"
)

// Actions are billable actions by kind, in the server's own words: "grpc_StartWorkflowExecution",
// "command_ScheduleActivityTask", "command_BatchMarkers", "activity_retry", ...
type Actions map[string]int

// Total is the number of all actions.
func (a Actions) Total() int {
	total := 0
	for _, n := range a {
		total += n
	}
	return total
}

// Since are the actions that came after earlier ones.
func (a Actions) Since(earlier Actions) Actions {
	since := Actions{}
	for kind, n := range a {
		if more := n - earlier[kind]; more != 0 {
			since[kind] = more
		}
	}
	return since
}

// SettledActions are the actions once no more come: what they caused can be seen a moment before they are counted.
func (s *Server) SettledActions(ctx context.Context) (Actions, error) {
	again := time.NewTicker(stillEvery)
	defer again.Stop()
	var last Actions
	for same := 0; same < still; same++ {
		now, err := s.Actions(ctx)
		if err != nil {
			return nil, err
		}
		if !maps.Equal(now, last) {
			last, same = now, 0
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return last, nil
}

const (
	// A count is settled when it was the same so often.
	still, stillEvery = 5, 100 * time.Millisecond

	metricsTimeout = 10 * time.Second
	maxMetrics     = 64 << 20 // bytes; a busy server has less than one MiB
)

// An action of the server's own workflows, in the namespace temporal-system, is nobody's.
var actionLine = regexp.MustCompile(`^action\{action_type="([^"]*)",namespace="default",[^}]*\} (\S+)$`)

// Actions are what the server has counted as billable in the namespace "default" since it was started, by its counter
// `action`. The server counts an action when it has answered the request that caused it: a client that was woken by the
// outcome may be a moment early. Options.Metrics must be set.
func (s *Server) Actions(ctx context.Context) (Actions, error) {
	text, err := s.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	return readActions(bytes.NewReader(text))
}

// Metrics is everything that the server measures, in Prometheus' text format. Options.Metrics must be set.
func (s *Server) Metrics(ctx context.Context) ([]byte, error) {
	if s.metrics == "" {
		return nil, errors.New("the Temporal server serves no metrics")
	}
	ctx, cancel := context.WithTimeout(ctx, metricsTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.metrics, nil)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the server's metrics: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // it has been read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the server's metrics: %s", answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxMetrics))
	if err != nil {
		return nil, fmt.Errorf("read the server's metrics: %w", err)
	}
	return text, nil
}

// readActions reads the counter out of Prometheus' text format.
func readActions(metrics io.Reader) (Actions, error) {
	actions := Actions{}
	lines := bufio.NewScanner(metrics)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		found := actionLine.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		n, ok := new(big.Rat).SetString(found[2]) // a million is written 1e+06
		if !ok || !n.IsInt() || !n.Num().IsInt64() {
			return nil, fmt.Errorf("read the server's metrics: %q is no count of actions", found[2])
		}
		actions[found[1]] += int(n.Num().Int64())
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the server's metrics: %w", err)
	}
	return actions, nil
}
