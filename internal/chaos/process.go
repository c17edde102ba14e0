//go:build unix

package chaos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"payrecon/internal/remote"
)

// stopTimeout bounds how long a killed process may take to be gone.
const stopTimeout = 30 * time.Second

// process is a program of the campaign. It is ended by its id, never by its name.
type process struct {
	cmd    *exec.Cmd
	log    string // file of its stderr
	exited chan struct{}
}

// start runs a program whose stdout and stderr go to a file.
func start(ctx context.Context, log, program, temporal string, arguments ...string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a file of the campaign
	if err != nil {
		return nil, err
	}
	defer file.Close()                                                            //nolint:errcheck // the child has its own
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, arguments...) //nolint:gosec // the program under test
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+temporal)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = mortal()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s %s: %w", filepath.Base(program), arguments[0], err)
	}
	p := &process{cmd: cmd, log: log, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // how it ended is said by its log
	}()
	return p, nil
}

// kill ends it as a power cut would, and waits until it is gone.
func (p *process) kill() error {
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill process %d: %w", p.cmd.Process.Pid, err)
	}
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	select {
	case <-p.exited:
		return nil
	case <-late.C:
		return fmt.Errorf("process %d is still there %s after it was killed", p.cmd.Process.Pid, stopTimeout)
	}
}

func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// awaitLine gives what follows a prefix on a line of the log, once it stands there.
func (p *process) awaitLine(ctx context.Context, prefix string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for {
		text, err := os.ReadFile(p.log)
		if err != nil {
			return "", err
		}
		lines := bufio.NewScanner(strings.NewReader(string(text)))
		for lines.Scan() {
			if rest, found := strings.CutPrefix(lines.Text(), prefix); found && strings.HasSuffix(string(text), "\n") {
				return strings.TrimSpace(rest), nil
			}
		}
		if p.gone() {
			return "", fmt.Errorf("it ended before it said %q:\n%s", prefix, text)
		}
		if err := remote.Wait(ctx, 20*time.Millisecond); err != nil {
			return "", fmt.Errorf("it did not say %q:\n%s", prefix, text)
		}
	}
}

// tail is the end of a log.
func tail(path string, bytes int64) string {
	file, err := os.Open(path) //nolint:gosec // a file of the campaign
	if err != nil {
		return err.Error()
	}
	defer file.Close() //nolint:errcheck // it is only read
	if info, err := file.Stat(); err == nil && info.Size() > bytes {
		_, _ = file.Seek(-bytes, io.SeekEnd) // if not, then from the beginning
	}
	text, err := io.ReadAll(io.LimitReader(file, bytes))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
