// Package overlay builds programs of this module with a few lines replaced (go build -overlay): older ones, and ones that are
// broken on purpose. The sources stay as they are, and nothing in them knows of it.
package overlay

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Patch is one file of the module with something else in the place of what a pattern finds, exactly once.
type Patch struct {
	File    string // from the module's root
	Find    *regexp.Regexp
	Replace string // as in regexp.Regexp.ReplaceAll
}

// Literal replaces a text by another.
func Literal(file, find, replace string) Patch {
	return Patch{file, regexp.MustCompile(regexp.QuoteMeta(find)), strings.ReplaceAll(replace, "$", "$$")}
}

// Build compiles a main package into a program, with some files changed. It leaves the changed files beside the program.
func Build(ctx context.Context, pkg, program string, patches ...Patch) error {
	root, err := Root(ctx)
	if err != nil {
		return err
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, change := range patches {
		original := filepath.Join(root, change.File)
		text, err := change.apply(root, overlay.Replace[original])
		if err != nil {
			return err
		}
		to := program + "-" + strings.ReplaceAll(change.File, "/", "-")
		if err := os.WriteFile(to, text, 0o600); err != nil {
			return err
		}
		overlay.Replace[original] = to
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return err
	}
	list := program + "-overlay.json"
	if err := os.WriteFile(list, text, 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", program, pkg) //nolint:gosec // our own program
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}

// Fits tells whether the patch changes the sources, as they are now, in one place.
func (p Patch) Fits(ctx context.Context) error {
	root, err := Root(ctx)
	if err != nil {
		return err
	}
	_, err = p.apply(root, "")
	return err
}

// apply is the patched text of the patch's file, or of what an earlier patch has made of it.
func (p Patch) apply(root, earlier string) ([]byte, error) {
	text, err := os.ReadFile(cmp.Or(earlier, filepath.Join(root, p.File)))
	if err != nil {
		return nil, err
	}
	if n := len(p.Find.FindAll(text, -1)); n != 1 {
		return nil, fmt.Errorf("overlay: %s holds %q %d times, want once", p.File, p.Find, n)
	}
	return p.Find.ReplaceAll(text, []byte(p.Replace)), nil
}

// Root is the folder of this module, wherever in it this process was started.
func Root(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "payrecon").Output()
	if err != nil {
		return "", fmt.Errorf("find the module payrecon: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}
