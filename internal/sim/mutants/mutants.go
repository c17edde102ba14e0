// Package mutants breaks the protocol on purpose, one step at a time, and lets worlds be played until one of them shows it:
// a judge that never finds anything may be blind. A mutant is built from today's sources with a few lines replaced (go build
// -overlay), so that nothing in the program itself knows of it.
package mutants

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"payrecon/internal/overlay"
	"payrecon/internal/sim"
)

// Mutant is payrecon without one step of its protocol.
type Mutant struct {
	Name    string
	Says    string        // what is done instead
	Breaks  []sim.Promise // the promises by which it must show
	Patches []overlay.Patch
	// First is the seed to begin with, the first one where it is 0: most worlds do not show some mutants, and to play those
	// each time would prove nothing.
	First uint64
}

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
func (m Mutant) Build(ctx context.Context, dir string) (program string, err error) {
	program = filepath.Join(dir, "sim")
	if err := overlay.Build(ctx, "payrecon/internal/sim/cmd/sim", program, m.Patches...); err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.Name, err)
	}
	return program, nil
}

var broke = regexp.MustCompile(`seed ([0-9]+) breaks (.*)`)

// Hunt plays so many worlds, or fewer if one shows the mutant.
func (m Mutant) Hunt(ctx context.Context, program string, worlds int) (Catch, error) {
	first := max(m.First, 1)
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
	if !slices.ContainsFunc(m.Breaks, func(p sim.Promise) bool { return strings.HasPrefix(string(found[2]), string(p)+":") }) {
		return Catch{}, fmt.Errorf("mutant %s: want it to break one of %v, it broke %s", m.Name, m.Breaks, found[2])
	}
	return Catch{Mutant: m.Name, Says: m.Says, Worlds: int(seed - first + 1), Seed: seed, Breach: string(found[2])}, nil //nolint:gosec // at most as many as were asked for
}

func tail(output []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-5):], []byte("\n"))
}
