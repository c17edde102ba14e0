package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"go.temporal.io/sdk/temporal"
)

type versionCommand struct{}

// Run prints what was built, from what, and with what.
func (versionCommand) Run(p *Program) error {
	version, revision := "(unknown)", "(unknown)"
	if build, is := debug.ReadBuildInfo(); is {
		version = build.Main.Version
		for _, setting := range build.Settings {
			switch {
			case setting.Key == "vcs.revision":
				revision = setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				revision += " (modified)"
			}
		}
	}
	_, err := fmt.Fprintf(p.Stdout, "payrecon %s\nrevision %s\n%s %s/%s\nTemporal SDK %s\n",
		version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH, temporal.SDKVersion)
	return err
}
