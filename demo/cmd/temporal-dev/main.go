// Command temporal-dev runs a Temporal server for tests: on loopback, upon SQLite, until it is told to stop. When the
// server answers it prints one line of JSON, such as {"address":"127.0.0.1:7233","ui":"http://127.0.0.1:8233"}.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"payrecon/demo/temporaldev"
)

func main() {
	var o temporaldev.Options
	flag.StringVar(&o.Address, "address", "127.0.0.1:0", "gRPC endpoint; port 0 takes a free one")
	flag.StringVar(&o.UIAddress, "ui-address", "", "Web UI, for example 127.0.0.1:8233; empty runs none")
	flag.StringVar(&o.MetricsAddress, "metrics-address", "", "the server's own metrics for Prometheus, for example 127.0.0.1:9090; empty serves none")
	flag.StringVar(&o.Database, "db", "", "SQLite file; empty keeps everything in memory")
	untilClosed := flag.Bool("until-stdin-closes", false, "stop also when standard input ends, as it does when the parent dies")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *untilClosed {
		ctx = untilEnd(ctx, os.Stdin)
	}
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "temporal-dev:", err)
		os.Exit(1)
	}
}

// untilEnd returns a context that is done when the input ends.
func untilEnd(ctx context.Context, input io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, input) // an input that cannot be read has ended too
	}()
	return ctx
}

// run serves until the context is done.
func run(ctx context.Context, o temporaldev.Options, out io.Writer) error {
	server, err := temporaldev.Start(ctx, o)
	if err != nil {
		return err
	}
	ready := struct {
		Address string `json:"address"`
		UI      string `json:"ui,omitempty"`
		Metrics string `json:"metrics,omitempty"`
	}{server.Address(), server.UIURL(), server.MetricsURL()}
	if err := json.NewEncoder(out).Encode(ready); err != nil {
		return errors.Join(fmt.Errorf("say that the server is ready: %w", err), server.Stop())
	}
	<-ctx.Done()
	return server.Stop()
}
