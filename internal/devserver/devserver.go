//go:build unix

// Package devserver gives a test, or a measurement, a Temporal server of its own: the program of the demo module, as a child
// process on loopback. It is a process because this module must not depend on a Temporal server, and because a test may kill it.
package devserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Variable names the environment variable that holds the host:port of a server to use instead of starting one.
const Variable = "PAYRECON_TEST_TEMPORAL"

const (
	// A server answers within a second; a machine that builds at the same time may be slow.
	startTimeout = 90 * time.Second
	stopTimeout  = 30 * time.Second
)

// Options are what a test may choose.
type Options struct {
	// Database is a SQLite file, made if it is not there, that outlives the server. "" keeps everything in memory.
	Database string
	UI       bool // run the Web UI too
	Metrics  bool // serve metrics, for Actions
}

// Server is a running Temporal server with the namespace "default".
type Server struct {
	Address string // host:port of the gRPC endpoint; it stays the same over Restart
	UIURL   string // "" if there is no Web UI

	options Options
	program string   // of the server, once it is built
	metrics string   // URL, "" if they are not served
	process *process // nil while none of ours is running
}

// Start runs a server until the end of the test. It ends with the test's process too, however that ends.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	if given := os.Getenv(Variable); given != "" && !o.Metrics { // somebody else's counts others' actions too
		return &Server{Address: given, options: o}
	}
	s, err := Launch(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if s.process != nil {
			s.Kill(tb)
		}
	})
	return s
}

// Launch runs a server until Stop. It ends with the calling process too, however that ends.
func Launch(ctx context.Context, o Options) (*Server, error) {
	s := &Server{Address: "127.0.0.1:0", options: o}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Stop ends a server of Launch in an orderly way. One that has crashed is left as it is.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	if err := s.process.end(syscall.SIGTERM); err != nil {
		return fmt.Errorf("end temporal-dev: %w", err)
	}
	s.process = nil
	return nil
}

// Crash ends a server of Launch as a power cut would.
func (s *Server) Crash() error {
	if err := s.process.end(syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill temporal-dev: %w", err)
	}
	s.process = nil
	return nil
}

// Relaunch starts a server that has crashed at the same address. Without a Database it has forgotten everything.
func (s *Server) Relaunch(ctx context.Context) error { return s.run(ctx) }

// Kill ends the server as a power cut would.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.end(tb, syscall.SIGKILL)
}

// Restart stops the server if it runs, in an orderly way, and starts it at the same address. Without a Database it has
// forgotten everything.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if s.process != nil {
		s.end(tb, syscall.SIGTERM)
	}
	if err := s.run(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func (s *Server) run(ctx context.Context) error {
	if s.program == "" {
		program, err := build(ctx)
		if err != nil {
			return fmt.Errorf("build temporal-dev: %w", err)
		}
		s.program = program
	}
	arguments := []string{"--until-stdin-closes", "--address", s.Address, "--db", s.options.Database}
	if s.options.UI {
		arguments = append(arguments, "--ui-address", "127.0.0.1:0")
	}
	if s.options.Metrics {
		arguments = append(arguments, "--metrics-address", "127.0.0.1:0")
	}
	// The server outlives the context: a test's ends before the test's cleanup.
	p, ready, err := launch(exec.CommandContext(context.WithoutCancel(ctx), s.program, arguments...))
	if err != nil {
		return fmt.Errorf("start temporal-dev: %w", err)
	}
	s.process, s.Address, s.UIURL, s.metrics = p, ready.Address, ready.UI, ready.Metrics
	return nil
}

func (s *Server) end(tb testing.TB, signal os.Signal) {
	tb.Helper()
	if s.process == nil {
		tb.Fatalf("there is no Temporal server of this test to end (is %s set?)", Variable)
	}
	if err := s.process.end(signal); err != nil {
		tb.Fatalf("end temporal-dev: %v", err)
	}
	s.process = nil
}

// process is a child that ends when its standard input does.
type process struct {
	cmd    *exec.Cmd     // which holds the other end of its standard input
	exited chan struct{} // closed when it has been waited for
}

// readiness is the line that temporal-dev prints when it answers.
type readiness struct {
	Address string `json:"address"`
	UI      string `json:"ui"`
	Metrics string `json:"metrics"`
}

func launch(cmd *exec.Cmd) (*process, readiness, error) {
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, readiness{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, readiness{}, err
	}
	if err := cmd.Start(); err != nil {
		return nil, readiness{}, err
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	late := time.AfterFunc(startTimeout, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	late.Stop()
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // how it ended is the ender's business
	}()
	var ready readiness
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		err = errors.Join(err, p.end(syscall.SIGKILL))
		return nil, readiness{}, fmt.Errorf("it did not say that it is ready: %w\n%s", err, complaints.Bytes())
	}
	return p, ready, nil
}

func (p *process) end(signal os.Signal) error {
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
