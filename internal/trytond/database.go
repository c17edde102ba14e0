//go:build unix

package trytond

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// Database is one of a server's databases, with the trytond that serves it. Its methods may be called at the same time, apart
// from Kill, Start and Drop.
type Database struct {
	URL      string // of trytond: "http://127.0.0.1:<port>", the same over Kill and Start
	Name     string
	Username string // of User
	Password string
	Journal  string // name of the payment journals

	server  *Server
	address string   // host:port
	trytond *process // nil while it is killed
}

// Kill ends trytond as a power cut would, in the middle of whatever it does. PostgreSQL stays.
func (d *Database) Kill() error {
	if d.trytond == nil {
		return errors.New("trytond does not run")
	}
	return d.end(syscall.SIGKILL)
}

// Start runs trytond again after Kill, at the same address, and returns when it answers.
func (d *Database) Start(ctx context.Context) error {
	socket, err := d.listen(ctx)
	if err != nil {
		return err
	}
	defer socket.Close() //nolint:errcheck // trytond has it
	cmd := d.server.home.command(context.WithoutCancel(ctx), trytond, "-c", "trytond.conf", "-d", d.Name)
	// Werkzeug, which trytond serves with, takes an open socket from a parent of its own kind. So nobody else gets the port
	// between us choosing and trytond opening it.
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Env = append(cmd.Env, "WERKZEUG_RUN_MAIN=true", "WERKZEUG_SERVER_FD=3")
	p, err := d.server.home.start(cmd, d.Name+".log")
	if err != nil {
		return err
	}
	if err := socket.Close(); err != nil { // or connections to a dead trytond would wait in it
		return errors.Join(err, p.end(syscall.SIGKILL))
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := (&client{url: d.URL}).call(ctx, nil, "common.server.version"); err != nil {
		return errors.Join(fmt.Errorf("trytond does not answer: %w\n%s", err, p.complaint()), p.end(syscall.SIGKILL))
	}
	d.trytond = p
	return nil
}

// Drop ends trytond and deletes the database.
func (d *Database) Drop(ctx context.Context) error {
	return errors.Join(d.end(syscall.SIGTERM), d.server.drop(ctx, d.Name))
}

// end ends trytond if it runs.
func (d *Database) end(signal syscall.Signal) error {
	if d.trytond == nil {
		return nil
	}
	err := d.trytond.end(signal)
	d.trytond = nil
	return err
}

// listen opens the port: any free one the first time, the same one ever after. Connections that a killed trytond left behind
// are in nobody's way.
func (d *Database) listen(ctx context.Context) (*os.File, error) {
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	again := time.NewTicker(pollEvery)
	defer again.Stop()
	for {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", d.address)
		if err == nil {
			defer listener.Close() //nolint:errcheck // the file is a duplicate
			d.address = listener.Addr().String()
			d.URL = "http://" + d.address
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

func (d *Database) client(user, password string) *client {
	return &client{url: d.URL + "/" + d.Name + "/", user: user, password: password, context: object{}}
}
