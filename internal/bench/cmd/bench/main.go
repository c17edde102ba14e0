//go:build unix

// Command bench measures what runs cost, prints the page about it, and writes it to a file. It fails if a bound is exceeded.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"payrecon/internal/bench/cost"
	"payrecon/internal/bench/match"
)

func main() {
	sizes := flag.String("sizes", "1000 10000 100000", "invoices of each world, separated by blanks")
	worker := flag.String("worker", "", "path of the program payrecon")
	out := flag.String("out", "", "file to write the page to; empty writes none")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *sizes, *worker, *out, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, sizes, worker, out string, stdout, stderr io.Writer) error {
	o := cost.Options{Worker: worker, Clock: time.Now, Say: func(format string, args ...any) {
		_, _ = fmt.Fprintf(stderr, format+"\n", args...) // the page is what counts
	}}
	for text := range strings.FieldsSeq(sizes) {
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 {
			return fmt.Errorf("sizes: %q is no number of invoices", text)
		}
		o.Sizes = append(o.Sizes, size)
	}
	result, err := cost.Measure(ctx, o)
	if err != nil {
		return err
	}
	pairs := o.Sizes
	if out != "" {
		pairs = []int{1_000, 100_000, 1_000_000}
	}
	matching, err := match.Run(ctx, pairs)
	if err != nil {
		return err
	}
	page, err := result.Markdown(matching.Markdown())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(stdout, page); err != nil {
		return err
	}
	if out != "" {
		if err := os.WriteFile(out, []byte(page), 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	if exceeded := result.Exceeded(); len(exceeded) > 0 {
		return errors.New("above the bounds:\n  " + strings.Join(exceeded, "\n  "))
	}
	return nil
}
