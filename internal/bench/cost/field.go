//go:build unix

package cost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"text/template"
	"time"

	"go.temporal.io/sdk/client"

	"payrecon/internal/devserver"
	"payrecon/internal/sandbox"
)

const (
	company   = "acme"
	taskQueue = "payrecon"

	// The pace is turned down, as nobody here has to be spared: what is counted is requests, not seconds. The worker is as
	// fast as its configuration can say, the sandbox lets that pass.
	sameGet   = 50 * time.Millisecond
	perSecond = 1000
)

// wide are limits that no client here meets. They cannot be turned off.
var wide = sandbox.Limits{
	PrecoroPerSecond: 1_000_000, PrecoroPerHour: 100_000_000, PrecoroPerDay: 100_000_000, SameGet: sameGet / 2,
	ErplyPerHour: 100_000_000, ErplyPer30s: 100_000_000,
}

// field is payrecon as people run it, against a sandbox: a Temporal server and a worker, each a process of its own, so that
// what they need is theirs.
type field struct {
	*sandbox.Sandbox
	temporal *devserver.Server
	client   client.Client
	worker   *exec.Cmd
	log      string
	close    []func() error // last first
}

// newField starts everything. Whatever it returns is to be stopped.
func newField(ctx context.Context, program string) (*field, error) {
	f := &field{Sandbox: sandbox.New(sandbox.Options{Limits: wide})}
	folder, err := os.MkdirTemp("", "payrecon-bench-")
	if err != nil {
		return f, err
	}
	f.close = append(f.close, func() error { return os.RemoveAll(folder) })
	address, err := f.serve(ctx)
	if err != nil {
		return f, err
	}
	if f.temporal, err = devserver.Launch(ctx, devserver.Options{Metrics: true}); err != nil {
		return f, err
	}
	f.close = append(f.close, f.temporal.Stop)
	if f.client, err = client.DialContext(ctx, client.Options{HostPort: f.temporal.Address, Logger: quiet{}}); err != nil {
		return f, fmt.Errorf("reach the Temporal server: %w", err)
	}
	f.close = append(f.close, func() error { f.client.Close(); return nil })
	return f, f.work(ctx, program, folder, address)
}

// serve puts the sandbox on loopback.
func (f *field) serve(ctx context.Context) (address string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- f.Serve(serving, listener) }()
	f.close = append(f.close, func() error { stop(); return <-served })
	return listener.Addr().String(), nil
}

var configuration = template.Must(template.New("").Parse(`
task_queue = "{{.Queue}}"
[[company]]
name = "{{.Company}}"
start = "2026-01-01"
[company.caps]
payments = 1000000
[company.precoro]
url = "http://{{.Address}}/precoro"
email = "robot@example.com"
token = "precoro-token"
limits = { per_second = {{.PerSecond}}, per_hour = 1000000, per_day = 10000000, same_get = "{{.SameGet}}", settle = "1s" }
[company.erp]
system = "erply"
[company.erp.erply]
url = "http://{{.Address}}/erply/api/"
client_code = "123456"
username = "robot"
password = "erply-password"
limits = { per_second = {{.PerSecond}}, per_hour = 1000000 }
`))

// work starts the worker.
func (f *field) work(ctx context.Context, program, folder, address string) error {
	var text strings.Builder
	if err := configuration.Execute(&text, map[string]any{
		"Queue": taskQueue, "Company": company, "Address": address, "PerSecond": perSecond, "SameGet": sameGet,
	}); err != nil {
		return err
	}
	path := filepath.Join(folder, "payrecon.toml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		return err
	}
	f.log = filepath.Join(folder, "worker.log")
	log, err := os.Create(f.log)
	if err != nil {
		return err
	}
	f.close = append(f.close, log.Close)
	f.worker = exec.CommandContext(context.WithoutCancel(ctx), program, "worker", "--config", path) //nolint:gosec // the program that is measured
	f.worker.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+f.temporal.Address)
	f.worker.Stdout, f.worker.Stderr = log, log
	if err := f.worker.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	f.close = append(f.close, f.endWorker)
	return nil
}

func (f *field) endWorker() error {
	if err := f.worker.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("end the worker: %w", err)
	}
	if err := f.worker.Wait(); err != nil {
		return fmt.Errorf("the worker: %w", err)
	}
	return nil
}

// stop ends everything in the reverse order.
func (f *field) stop() error {
	var problems []error
	for len(f.close) > 0 {
		last := len(f.close) - 1
		problems = append(problems, f.close[last]())
		f.close = f.close[:last]
	}
	return errors.Join(problems...)
}

// peak is the most memory in bytes that the worker had, once it has ended.
func (f *field) peak() int64 {
	if f.worker == nil || f.worker.ProcessState == nil {
		return 0
	}
	usage, ok := f.worker.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss // bytes there, KiB elsewhere
	}
	return usage.Maxrss * 1024
}

// complaints is what the worker logged, cut to its end.
func (f *field) complaints() string {
	text, err := os.ReadFile(f.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// quiet drops what the client has to say.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
