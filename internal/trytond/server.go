//go:build unix

// Package trytond gives a test, or a demo, a real Tryton 6.0 out of Debian's packages: PostgreSQL and trytond as child
// processes on loopback, a database of its own for everybody who asks, and what people do in it.
//
// It judges the adapter, so it shares nothing with it: it has its own client, and its own reading of Tryton's books.
package trytond

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// Server is a running Tryton. Its methods may be called at the same time, apart from Kill, Start and Stop.
type Server struct {
	URL string // "http://127.0.0.1:<port>", the same over Kill and Start

	home     *home
	address  string // host:port
	postgres *process
	trytond  *process // nil while it is killed
	clones   atomic.Int64
}

// Launch runs a server until Stop. It ends with the calling process too, however that ends. What a server starts from is
// made the first time, which takes a minute and is told to log. *Absent is returned where Tryton is not installed.
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

// serve starts both programs upon the data directory that is there.
func (h *home) serve(ctx context.Context) (*Server, error) {
	postgres, err := h.startPostgres(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{home: h, postgres: postgres, address: "127.0.0.1:0"}
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, postgres.end(syscall.SIGQUIT))
	}
	return s, nil
}

// Stop ends everything in an orderly way and deletes it.
func (s *Server) Stop() error {
	return errors.Join(s.end(), s.home.remove())
}

// end ends both programs and leaves the data directory.
func (s *Server) end() error {
	var err error
	if s.trytond != nil {
		err = s.trytond.end(syscall.SIGTERM)
		s.trytond = nil
	}
	return errors.Join(err, s.postgres.end(syscall.SIGINT)) // once nobody is connected: a fast shutdown
}

// Kill ends trytond as a power cut would, in the middle of whatever it does. PostgreSQL stays.
func (s *Server) Kill() error {
	if s.trytond == nil {
		return errors.New("trytond does not run")
	}
	err := s.trytond.end(syscall.SIGKILL)
	s.trytond = nil
	return err
}

// Start runs trytond again after Kill, at the same address, and returns when it answers.
func (s *Server) Start(ctx context.Context) error {
	socket, err := s.listen(ctx)
	if err != nil {
		return err
	}
	defer socket.Close() //nolint:errcheck // trytond has it
	cmd := s.home.command(context.WithoutCancel(ctx), trytond, "-c", "trytond.conf")
	// Werkzeug, which trytond serves with, takes an open socket from a parent of its own kind. So nobody else gets the port
	// between us choosing and trytond opening it.
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Env = append(cmd.Env, "WERKZEUG_RUN_MAIN=true", "WERKZEUG_SERVER_FD=3")
	p, err := s.home.start(cmd, "trytond.log")
	if err != nil {
		return err
	}
	if err := socket.Close(); err != nil { // or connections to a dead trytond would wait in it
		return errors.Join(err, p.end(syscall.SIGKILL))
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := (&client{url: s.URL}).call(ctx, nil, "common.server.version"); err != nil {
		return errors.Join(fmt.Errorf("trytond does not answer: %w\n%s", err, p.complaint()), p.end(syscall.SIGKILL))
	}
	s.trytond = p
	return nil
}

// listen opens the server's port: any free one the first time, the same one ever after. Connections that a killed trytond
// left behind are in nobody's way.
func (s *Server) listen(ctx context.Context) (*os.File, error) {
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	again := time.NewTicker(pollEvery)
	defer again.Stop()
	for {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", s.address)
		if err == nil {
			defer listener.Close() //nolint:errcheck // the file is a duplicate
			s.address = listener.Addr().String()
			s.URL = "http://" + s.address
			return listener.(*net.TCPListener).File()
		}
		select {
		case <-again.C: // a connection out of this machine may have been given the port in the meantime
		case <-late.C:
			return nil, err
		case <-ctx.Done():
			return nil, err
		}
	}
}
