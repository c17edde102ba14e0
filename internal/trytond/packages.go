//go:build unix

package trytond

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// packages are what a server is made of: Debian 12's.
var packages = []string{
	"postgresql-15", "python3-psycopg2", "tryton-modules-account-invoice", "tryton-modules-account-payment-clearing",
	"tryton-modules-account-statement", "tryton-server",
}

const (
	postgresBin  = "/usr/lib/postgresql/15/bin"
	trytond      = "/usr/bin/trytond"
	trytondAdmin = "/usr/bin/trytond-admin"
)

// Absent says that there is no Tryton on this machine, and why.
type Absent struct{ Reason string }

func (e *Absent) Error() string { return "there is no Tryton: " + e.Reason }

// installed are the packages that there are and decide what a server does, each with its version, in one text; and those
// that are missing.
func installed(ctx context.Context) (versions string, missing []string, err error) {
	cmd := exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\n",
		"tryton-*", "postgresql-15", "python3-psycopg2")
	var output bytes.Buffer
	cmd.Stdout = &output
	// It also fails when one of them is unknown: what it lists is the answer.
	if err := cmd.Run(); errors.Is(err, exec.ErrNotFound) {
		return "", nil, &Absent{Reason: "this is no Debian (dpkg-query is not there)"}
	} else if ctx.Err() != nil {
		return "", nil, ctx.Err()
	}
	var found, names []string
	for line := range strings.Lines(output.String()) {
		if status, rest, _ := strings.Cut(strings.TrimSpace(line), " "); status == "installed" {
			name, _, _ := strings.Cut(rest, " ")
			found, names = append(found, rest), append(names, name)
		}
	}
	for _, name := range packages {
		if !slices.Contains(names, name) {
			missing = append(missing, name)
		}
	}
	slices.Sort(found)
	return strings.Join(found, "\n"), missing, nil
}

// install gets the packages, and nothing that runs by itself: no service is started, and no PostgreSQL cluster is made.
func install(ctx context.Context, log io.Writer, missing []string) error {
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return absent(missing, "and apt-get is not there to install them")
	}
	if os.Geteuid() != 0 {
		return absent(missing, "and only root can install them")
	}
	say(log, "installing %s with apt-get, without starting any service", strings.Join(missing, ", "))
	undo, err := noServices()
	defer undo()
	if err != nil {
		return err
	}
	for _, arguments := range [][]string{
		{"update", "-qq"},
		append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...),
	} {
		cmd := exec.CommandContext(ctx, apt, arguments...) //nolint:gosec // the arguments are ours
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := cmd.CombinedOutput(); err != nil {
			return &Absent{Reason: fmt.Sprintf("apt-get %s: %v: %s", arguments[0], err, tail(output))}
		}
	}
	return nil
}

func absent(missing []string, why string) error {
	return &Absent{Reason: fmt.Sprintf("the packages %s are not installed, %s", strings.Join(missing, ", "), why)}
}

// noServices tells Debian's packages to start nothing while they are installed, and to make no PostgreSQL cluster. What the
// machine's owner said before is left alone; undo takes back the rest.
func noServices() (undo func(), err error) {
	var made []string
	undo = func() {
		for _, path := range made {
			_ = os.Remove(path)
		}
	}
	for path, text := range map[string]string{
		"/usr/sbin/policy-rc.d":                                "#!/bin/sh\nexit 101\n",
		"/etc/postgresql-common/createcluster.d/payrecon.conf": "create_main_cluster = false\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as Debian has it
			return undo, err
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755) //nolint:gosec // one of them is a program
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return undo, err
		}
		made = append(made, path)
		_, err = file.WriteString(text)
		if err := errors.Join(err, file.Close()); err != nil {
			return undo, err
		}
	}
	return undo, nil
}

func say(log io.Writer, format string, arguments ...any) {
	_, _ = fmt.Fprintf(log, format+"\n", arguments...) // it is only told
}
