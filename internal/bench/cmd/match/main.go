//go:build unix

// Command match prints how fast payrecon matches invoices with bills, against the same join in SQLite, as Markdown. Sizes
// other than a thousand, a hundred thousand and a million may be given as arguments.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"

	"payrecon/internal/bench/match"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "match:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	sizes := []int{1000, 100_000, 1_000_000}
	if len(args) > 0 {
		sizes = nil
	}
	for _, arg := range args {
		size, err := strconv.Atoi(arg)
		if err != nil || size < 1 {
			return fmt.Errorf("%q is no number of invoices", arg)
		}
		sizes = append(sizes, size)
	}
	result, err := match.Run(ctx, sizes)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(os.Stdout, result.Markdown())
	return err
}
