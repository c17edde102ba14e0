//go:build unix

package chaos

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"

	"payrecon/internal/overlay"
)

// programs are payrecon as it stands, and a build whose workflows know one edition less.
type programs struct{ newer, older string }

// anEditionLess is how the older build differs: what it begins goes on by the older edition's rules on any build.
var anEditionLess = overlay.Patch{
	File: "activities/settings.go", Find: regexp.MustCompile(`(?m)^(\s+Newest\s+=\s+)(\w+)$`), Replace: "${1}${2} - 1",
}

// buildBoth makes both programs. What stands in broken is built into both: with it the campaign must fail.
func buildBoth(ctx context.Context, folder string, broken ...overlay.Patch) (programs, error) {
	const program = "payrecon/cmd/payrecon"
	p := programs{newer: filepath.Join(folder, "payrecon"), older: filepath.Join(folder, "payrecon-older")}
	return p, errors.Join(overlay.Build(ctx, program, p.newer, broken...), overlay.Build(ctx, program, p.older, append(broken, anEditionLess)...))
}
