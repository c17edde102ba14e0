//go:build unix

package chaos

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// programs are payrecon as it stands, and a build whose workflows know one edition less.
type programs struct{ newer, older string }

// patch is one file of the module with something else in the place of what a pattern finds.
type patch struct {
	file    string // from the module's root
	find    *regexp.Regexp
	replace string
}

// anEditionLess is how the older build differs: what it begins goes on by the older edition's rules on any build.
var anEditionLess = patch{"activities/settings.go", regexp.MustCompile(`(?m)^(\s+newest\s+=\s+)(\w+)$`), "${1}${2} - 1"}

// buildBoth makes both programs. What stands in broken is built into both: with it the campaign must fail.
func buildBoth(ctx context.Context, folder string, broken ...patch) (programs, error) {
	p := programs{newer: filepath.Join(folder, "payrecon"), older: filepath.Join(folder, "payrecon-older")}
	return p, errors.Join(build(ctx, folder, p.newer, broken...), build(ctx, folder, p.older, append(broken, anEditionLess)...))
}

// build compiles payrecon with some of its files changed.
func build(ctx context.Context, folder, program string, patches ...patch) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, change := range patches {
		original := filepath.Join(root, change.file)
		text, err := change.apply(root, overlay.Replace[original])
		if err != nil {
			return err
		}
		to := filepath.Join(folder, filepath.Base(program)+"-"+strings.ReplaceAll(change.file, "/", "-"))
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
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", program, "payrecon/cmd/payrecon") //nolint:gosec // our own program
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}

// apply is the patched text of the patch's file, or of what an earlier patch has made of it.
func (p patch) apply(root, earlier string) ([]byte, error) {
	text, err := os.ReadFile(cmp.Or(earlier, filepath.Join(root, p.file)))
	if err != nil {
		return nil, err
	}
	if n := len(p.find.FindAll(text, 2)); n != 1 {
		return nil, fmt.Errorf("build: %s holds %q not exactly once", p.file, p.find)
	}
	return p.find.ReplaceAll(text, []byte(p.replace)), nil
}

// moduleRoot is the folder of this module, wherever in it this process was started.
func moduleRoot(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "payrecon").Output()
	if err != nil {
		return "", fmt.Errorf("find the module payrecon: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}
