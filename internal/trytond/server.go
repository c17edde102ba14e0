//go:build unix

// Package trytond gives a test, or a demo, a real Tryton 6.0 out of Debian's packages, as child processes on loopback: one
// PostgreSQL, a database and a trytond of its own for everybody who asks, and what people do in it.
//
// A trytond could serve any number of databases; but while it opens one, what it is asked of another may fail, also after it
// was carried out.
//
// It judges the adapter, so it shares nothing with it: it has its own client, and its own reading of Tryton's books.
package trytond

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"syscall"
)

// Server is a running PostgreSQL with what Tryton's databases are cloned from. Its methods may be called at the same time.
type Server struct {
	home     *home
	postgres *process

	mu     sync.Mutex
	clones int                  // so many were ever made
	live   map[string]*Database // those of them that were not dropped
}

// Launch runs a server until Stop. It ends with the calling process too, however that ends, and takes its databases along.
// What a server starts from is made the first time, which takes a minute and is told to log. *Absent is returned where Tryton
// is not installed.
func Launch(ctx context.Context, log io.Writer) (*Server, error) {
	path, err := template(ctx, log)
	if err != nil {
		return nil, err
	}
	h, err := newHome()
	if err != nil {
		return nil, err
	}
	s, err := launch(ctx, h, path)
	if err != nil {
		return nil, errors.Join(err, h.remove())
	}
	return s, nil
}

func launch(ctx context.Context, h *home, template string) (*Server, error) {
	if err := h.run(ctx, "/usr/bin/tar", "-xf", template); err != nil {
		return nil, err
	}
	if err := h.configure(); err != nil {
		return nil, err
	}
	return h.serve(ctx)
}

// serve starts PostgreSQL upon the data directory that is there.
func (h *home) serve(ctx context.Context) (*Server, error) {
	postgres, err := h.startPostgres(ctx)
	if err != nil {
		return nil, err
	}
	return &Server{home: h, postgres: postgres, live: map[string]*Database{}}, nil
}

// Stop ends everything in an orderly way and deletes it.
func (s *Server) Stop() error {
	return errors.Join(s.end(), s.home.remove())
}

// end ends all programs and leaves the data directory.
func (s *Server) end() error {
	s.mu.Lock()
	live := slices.Collect(maps.Values(s.live))
	s.mu.Unlock()
	var err error
	for _, database := range live {
		err = errors.Join(err, database.end(syscall.SIGTERM))
	}
	return errors.Join(err, s.postgres.end(syscall.SIGINT)) // once nobody is connected: a fast shutdown
}

// Clone makes a database of its own, with or without this project's module in it, and a trytond that serves it.
func (s *Server) Clone(ctx context.Context, withModule bool) (*Database, error) {
	template := golden
	if withModule {
		template = goldenKey
	}
	s.mu.Lock()
	s.clones++
	name := fmt.Sprintf("books%d", s.clones)
	s.mu.Unlock()
	if err := s.home.sql(ctx, "postgres", fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		return nil, err
	}
	d, err := s.open(ctx, name)
	if err != nil {
		return nil, errors.Join(err, s.drop(ctx, name))
	}
	return d, nil
}

// open starts a trytond that serves the database.
func (s *Server) open(ctx context.Context, name string) (*Database, error) {
	d := &Database{Name: name, Username: User, Password: UserPassword, Journal: Journal, server: s, address: "127.0.0.1:0"}
	if err := d.Start(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[name] = d
	return d, nil
}

// drop deletes a database, also while somebody is connected to it.
func (s *Server) drop(ctx context.Context, name string) error {
	s.mu.Lock()
	delete(s.live, name)
	s.mu.Unlock()
	return s.home.sql(ctx, "postgres", fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name))
}
