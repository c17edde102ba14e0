//go:build unix

package trytond

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// databaseUser owns everything; only who can reach the socket in the closed directory can be it.
	databaseUser = "tryton"

	startTimeout = 90 * time.Second // a second is enough on a machine that does nothing else
	pollEvery    = 20 * time.Millisecond
)

// newCluster makes an empty data directory.
func (h *home) newCluster(ctx context.Context) error {
	return h.run(ctx, filepath.Join(postgresBin, "initdb"), "-D", "pg", "-U", databaseUser, "-A", "trust", "-E", "UTF8",
		"--locale=C.UTF-8", "--no-sync", "--wal-segsize=1") // small segments: the directory is copied often
}

// startPostgres starts PostgreSQL on a socket in the directory and on no port. What it holds may be lost with the machine:
// nothing is waited for to reach the disk. Tryton asks many small questions, which only lose by being compiled first.
func (h *home) startPostgres(ctx context.Context) (*process, error) {
	cmd := h.command(context.WithoutCancel(ctx), filepath.Join(postgresBin, "postgres"), "-D", "pg", "-k", h.dir,
		"-c", "listen_addresses=", "-c", "max_connections=300", "-c", "fsync=off", "-c", "synchronous_commit=off",
		"-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "autovacuum=off", "-c", "jit=off")
	cmd.SysProcAttr = apart(h.as, syscall.SIGQUIT) // which it takes its children along with
	p, err := h.start(cmd, "postgres.log")
	if err != nil {
		return nil, err
	}
	late := time.NewTimer(startTimeout)
	defer late.Stop()
	again := time.NewTicker(pollEvery)
	defer again.Stop()
	for {
		if err = h.run(ctx, filepath.Join(postgresBin, "pg_isready")); err == nil {
			return p, nil
		}
		select {
		case <-again.C:
			continue
		case <-late.C:
		case <-p.exited:
		case <-ctx.Done():
		}
		return nil, errors.Join(fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, p.complaint()), p.end(syscall.SIGQUIT))
	}
}

// sql runs statements, each in a transaction of its own.
func (h *home) sql(ctx context.Context, database string, statements ...string) error {
	arguments := []string{"--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1", "--dbname", database}
	for _, statement := range statements {
		arguments = append(arguments, "--command", statement)
	}
	return h.run(ctx, filepath.Join(postgresBin, "psql"), arguments...)
}
