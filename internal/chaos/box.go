//go:build unix

package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"payrecon/internal/sandbox"
)

// box is a sandbox that runs as a program.
type box struct {
	url  string
	http *http.Client
}

func newBox(url string) *box { return &box{url: url, http: &http.Client{Timeout: 30 * time.Second}} }

const maxAnswer = 256 << 20 // bytes; a lane's world has less than some MiB

// ask sends one request to the sandbox's own side.
func (b *box) ask(ctx context.Context, method, path string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, b.url+"/_sandbox/"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	answer, err := b.http.Do(request)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // it has been read
	text, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("sandbox: %w", err)
	case answer.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("sandbox: %s %s: %s: %.500s", method, path, answer.Status, text)
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}

func (b *box) state(ctx context.Context) (s sandbox.State, err error) {
	err = b.ask(ctx, http.MethodGet, "state", nil, &s)
	return s, err
}

func (b *box) counters(ctx context.Context) (c sandbox.Counters, err error) {
	err = b.ask(ctx, http.MethodGet, "counters", nil, &c)
	return c, err
}

func (b *box) fail(ctx context.Context, faults ...sandbox.Fault) error {
	for _, fault := range faults {
		if err := b.ask(ctx, http.MethodPost, "faults", fault, nil); err != nil {
			return err
		}
	}
	return nil
}

// act lets people do one thing.
func (b *box) act(ctx context.Context, act sandbox.Act) (sandbox.Acted, error) {
	var answer struct {
		Done []sandbox.Acted `json:"done"`
	}
	err := b.ask(ctx, http.MethodPost, "acts", map[string]any{"acts": []sandbox.Act{act}}, &answer)
	if err != nil || len(answer.Done) != 1 {
		return sandbox.Acted{}, errors.Join(err, fmt.Errorf("people could not do %+v", act))
	}
	return answer.Done[0], nil
}
