//go:build unix

package trytond

import (
	"context"
	"fmt"
)

// Database is one of a server's databases.
type Database struct {
	Name     string
	Username string // of User
	Password string
	Journal  string // name of the payment journals

	server *Server
}

// Clone makes a database of its own, with or without this project's module in it. Its name was never used on this server:
// trytond would take a new database for the one it knew.
func (s *Server) Clone(ctx context.Context, withModule bool) (*Database, error) {
	template := golden
	if withModule {
		template = goldenKey
	}
	name := fmt.Sprintf("books%d", s.clones.Add(1))
	if err := s.home.sql(ctx, "postgres", fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		return nil, err
	}
	return &Database{Name: name, Username: User, Password: UserPassword, Journal: Journal, server: s}, nil
}

// Drop deletes the database, also while somebody is connected to it.
func (d *Database) Drop(ctx context.Context) error {
	return d.server.home.sql(ctx, "postgres", fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", d.Name))
}

func (s *Server) client(database, user, password string) *client {
	return &client{url: s.URL + "/" + database + "/", user: user, password: password, context: object{}}
}
