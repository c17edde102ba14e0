//go:build unix

package trytond

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	stopTimeout = 30 * time.Second
	// maxComplaint bounds what is quoted of a program that failed, in bytes.
	maxComplaint = 4 << 10

	// The directory must be reachable for the user tryton, and its name short: a socket's path has at most 107 bytes.
	homes = "/tmp"
)

// home is a directory and the programs that run in it.
type home struct {
	dir    string
	as     *syscall.Credential // whom the programs run as; nil: as this process
	reaper *exec.Cmd           // removes the directory once this process has ended
	leave  func() error        // tells the reaper to
}

// newHome makes a directory that goes with this process, however that ends.
func newHome() (*home, error) {
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(homes, "payrecon-tryton-")
	if err != nil {
		return nil, err
	}
	h := &home{dir: dir, as: as}
	if as != nil {
		err = os.Chown(dir, int(as.Uid), int(as.Gid))
	}
	if err == nil {
		err = h.startReaper()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return h, nil
}

// startReaper starts what outlives this process by a moment. It is told by the end of its input, which comes with the end
// of this process too; the programs in the directory may still be about to end then.
func (h *home) startReaper() error {
	h.reaper = exec.Command("/bin/sh", "-c", `cat >/dev/null; until rm -rf "$0" 2>/dev/null; do sleep 0.1; done`, h.dir) //nolint:gosec,noctx // our own directory; it must outlive every context
	h.reaper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	input, err := h.reaper.StdinPipe()
	if err != nil {
		return err
	}
	h.leave = input.Close
	return h.reaper.Start()
}

// remove deletes the directory. Nothing may run in it any more.
func (h *home) remove() error { return errors.Join(h.leave(), h.reaper.Wait()) }

func (h *home) path(name string) string { return filepath.Join(h.dir, name) }

// write makes a file that programs in the directory can read.
func (h *home) write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(h.path(name)), 0o755); err != nil { //nolint:gosec // the directory above is closed
		return err
	}
	return os.WriteFile(h.path(name), []byte(text), 0o644) //nolint:gosec // the same
}

// command is a program in the directory's own environment: nothing of the caller's reaches it.
func (h *home) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // programs and arguments are this package's own
	cmd.Dir = h.dir
	cmd.Env = []string{
		"PATH=/usr/bin:/bin", "HOME=" + h.dir, "LANG=C.UTF-8", "TZ=UTC",
		"PGHOST=" + h.dir, "PGUSER=" + databaseUser,
		"PYTHONPATH=" + h.path("modules"), "PYTHONDONTWRITEBYTECODE=1",
		"TRYTONPASSFILE=" + h.path("password"),
	}
	cmd.SysProcAttr = apart(h.as, syscall.SIGKILL)
	return cmd
}

// run runs a program to its end.
func (h *home) run(ctx context.Context, program string, arguments ...string) error {
	if output, err := h.command(ctx, program, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, tail(output))
	}
	return nil
}

// unprivileged is whom programs run as: initdb refuses root, and an ERP that runs as root proves less.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else is an answer
	}
	account, err := user.Lookup("tryton")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// process is a child that runs until it is ended.
type process struct {
	cmd    *exec.Cmd
	log    string        // path of what it prints
	exited chan struct{} // closed when it has been waited for
}

// start runs a program that stays. What it prints goes to a file of the given name.
func (h *home) start(cmd *exec.Cmd, log string) (*process, error) {
	file, err := os.OpenFile(h.path(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the child has it
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: h.path(log), exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // how it ended is the ender's business
	}()
	return p, nil
}

func (p *process) end(signal syscall.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	select {
	case <-p.exited:
		return nil
	case <-late.C:
		return errors.Join(fmt.Errorf("it did not end within %s of %s", stopTimeout, signal), p.cmd.Process.Kill())
	}
}

// complaint is the end of what it printed.
func (p *process) complaint() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return tail(text)
}

func tail(text []byte) string {
	text = bytes.TrimSpace(text)
	return string(text[max(0, len(text)-maxComplaint):])
}
