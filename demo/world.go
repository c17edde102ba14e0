package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"go.temporal.io/sdk/client"

	"payrecon/demo/temporaldev"
	"payrecon/internal/config"
	"payrecon/internal/logging"
	"payrecon/internal/sandbox"
	"payrecon/worker"
)

//go:embed payrecon.toml.tmpl
var configTemplate string

// world is everything that payrecon needs around it, and the worker itself.
type world struct {
	dir      string // holds the configuration, the worker's log and Temporal's database
	url      string // of the sandbox
	temporal *temporaldev.Server
	sandbox  *sandbox.Sandbox
	other    otherSide
	config   config.Config
	client   client.Client

	undo []func() error // what stop does, last first
}

func newWorld(ctx context.Context, system string, say func(format string, args ...any)) (*world, error) {
	w := &world{}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"make a directory", w.makeDir},
		{"start the ERP", func(ctx context.Context) error { return w.startERP(ctx, system, say) }},
		{"start the sandbox", w.startSandbox},
		{"write the configuration", w.configure},
		{"start Temporal", w.startTemporal},
		{"start the worker", w.startWorker},
	} {
		if err := step.do(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", step.name, err), w.stop())
		}
	}
	return w, nil
}

// stop takes down what was started, in reverse.
func (w *world) stop() error {
	var problems []error
	for i := len(w.undo) - 1; i >= 0; i-- {
		problems = append(problems, w.undo[i]())
	}
	return errors.Join(problems...)
}

// later adds to what stop does.
func (w *world) later(undo func() error) { w.undo = append(w.undo, undo) }

func (w *world) makeDir(context.Context) (err error) {
	if w.dir, err = os.MkdirTemp("", "payrecon-demo-"); err != nil {
		return err
	}
	w.later(func() error { return os.RemoveAll(w.dir) })
	return nil
}

// background runs something until stop.
func (w *world) background(ctx context.Context, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // Ctrl-C ends things in order, by stop
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	w.later(func() error {
		cancel()
		return <-ended
	})
}

func (w *world) startERP(ctx context.Context, system string, say func(format string, args ...any)) (err error) {
	if w.other, err = newOtherSide(ctx, system, say); err != nil {
		return err
	}
	w.later(w.other.stop)
	return nil
}

// startSandbox makes Precoro and Erply, quicker than they are but no less strict.
func (w *world) startSandbox(ctx context.Context) error {
	w.sandbox = sandbox.New(sandbox.Options{Limits: sandbox.Limits{
		PrecoroPerSecond: 100, PrecoroPerHour: 100000, PrecoroPerDay: 100000, SameGet: 900 * time.Millisecond,
		ErplyPerHour: 100000, ErplyPer30s: 3000,
	}})
	if err := w.other.fill(ctx, w.sandbox); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.url = "http://" + listener.Addr().String()
	w.background(ctx, func(ctx context.Context) error { return w.sandbox.Serve(ctx, listener) })
	return nil
}

// configure writes a configuration file and reads it as the worker of a real company does.
func (w *world) configure(context.Context) error {
	values := struct {
		URL, Email, Token string
		ERP               settings
	}{w.url, "robot@example.com", "precoro-token", w.other.settings(w.url)} // the sandbox's own
	var text bytes.Buffer
	if err := template.Must(template.New("payrecon.toml").Parse(configTemplate)).Execute(&text, values); err != nil {
		return err
	}
	path := filepath.Join(w.dir, "payrecon.toml")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return err
	}
	var err error
	w.config, err = config.Load(path)
	return err
}

func (w *world) startTemporal(ctx context.Context) (err error) {
	w.temporal, err = temporaldev.Start(ctx, temporaldev.Options{
		Address: "127.0.0.1:0", UIAddress: "127.0.0.1:0", Database: filepath.Join(w.dir, "temporal.db"),
	})
	if err != nil {
		return err
	}
	w.later(w.temporal.Stop)
	return nil
}

func (w *world) startWorker(ctx context.Context) error {
	file, err := os.Create(w.logPath())
	if err != nil {
		return err
	}
	w.later(file.Close)
	logger := logging.New(file, false, false)
	w.client, err = client.DialContext(ctx, client.Options{HostPort: w.temporal.Address(), Logger: logging.Temporal(logger)})
	if err != nil {
		return err
	}
	w.later(func() error { w.client.Close(); return nil })
	payrecon, err := worker.New(w.client, w.config, adapters, logger)
	if err != nil {
		return err
	}
	w.background(ctx, payrecon.Run)
	return nil
}

func (w *world) logPath() string { return filepath.Join(w.dir, "worker.log") }

// writes is how many writes have taken effect on either side, as the two have them in their own books.
func (w *world) writes(ctx context.Context) (int, error) {
	inERP, err := w.other.writes(ctx)
	return len(w.sandbox.State().Ledger) + inERP, err
}

// complaints are what the sandbox holds against the worker: mistakes, and requests beyond the limits.
func (w *world) complaints() error {
	state := w.sandbox.State()
	var problems []error
	for _, alarm := range state.Alarms {
		problems = append(problems, fmt.Errorf("the sandbox raised an alarm: %s", alarm))
	}
	for _, side := range []string{"precoro", "erply"} {
		if n := state.Throttled[side]; n > 0 {
			problems = append(problems, fmt.Errorf("the limits of %s refused %d requests", side, n))
		}
	}
	return errors.Join(problems...)
}
