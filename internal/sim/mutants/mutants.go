// Package mutants breaks the protocol on purpose, one step at a time, and lets worlds be played until one of them shows it:
// a judge that never finds anything may be blind. A mutant is built from today's sources with a few lines replaced (go build
// -overlay), so that nothing in the program itself knows of it.
package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Mutant is payrecon without one step of its protocol.
type Mutant struct {
	Name  string
	Says  string // what is done instead
	Edits []Edit
}

// Edit replaces a piece of a file, given from the module's root, that stands there exactly once.
type Edit struct{ File, Old, New string }

// Catch is the first world that shows what a mutant does.
type Catch struct {
	Mutant string `json:"mutant"`
	Says   string `json:"says"`
	Worlds int    `json:"worlds"` // played until then
	Seed   uint64 `json:"seed"`
	Breach string `json:"breach"` // the promise, and what was seen
}

// ErrNotCaught says that no world has shown a mutant: its step is not needed, or the judge is blind for it.
var ErrNotCaught = errors.New("no world shows it")

// Build makes the simulator with the mutant in it.
func (m Mutant) Build(ctx context.Context, root, dir string) (program string, err error) {
	replaced := map[string]string{}
	for _, edit := range m.Edits {
		path := filepath.Join(root, edit.File)
		source, already := replaced[path]
		if !already {
			source = path
		}
		text, err := os.ReadFile(source)
		if err != nil {
			return "", err
		}
		if n := strings.Count(string(text), edit.Old); n != 1 {
			return "", fmt.Errorf("mutant %s: %s holds %d times, not once: %s", m.Name, edit.File, n, edit.Old)
		}
		replaced[path] = filepath.Join(dir, strings.ReplaceAll(edit.File, "/", "_"))
		if err := os.WriteFile(replaced[path], []byte(strings.Replace(string(text), edit.Old, edit.New, 1)), 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return "", err
	}
	program = filepath.Join(dir, "sim")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlayFile, "-o", program, "./internal/sim/cmd/sim") //nolint:gosec // our own sources
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mutant %s: %w\n%s", m.Name, err, output)
	}
	return program, nil
}

var broke = regexp.MustCompile(`seed ([0-9]+) breaks (.*)`)

// Hunt plays worlds from the first seed on until one shows the mutant.
func (m Mutant) Hunt(ctx context.Context, program string, first uint64, worlds int) (Catch, error) {
	hunt := exec.CommandContext(ctx, program, "--stop", "--first", strconv.FormatUint(first, 10), "--seeds", strconv.Itoa(worlds)) //nolint:gosec // just built
	output, err := hunt.CombinedOutput()
	found := broke.FindSubmatch(output)
	if found == nil {
		return Catch{}, errors.Join(fmt.Errorf("mutant %s: %w in %d", m.Name, ErrNotCaught, worlds), err, errors.New(string(tail(output))))
	}
	seed, err := strconv.ParseUint(string(found[1]), 10, 64)
	if err != nil {
		return Catch{}, err
	}
	return Catch{Mutant: m.Name, Says: m.Says, Worlds: int(seed - first + 1), Seed: seed, Breach: string(found[2])}, nil //nolint:gosec // a small number
}

func tail(output []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-5):], []byte("\n"))
}

// Root is the module's folder, found from the working directory upwards.
func Root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "workflows", "run.go")); missing == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("the working directory is not in the payrecon module")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
