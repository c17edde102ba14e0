//go:build unix

package trytond

import "context"

// BooksAs is Books as somebody else.
func BooksAs(ctx context.Context, d *Database, user, password string) (*Books, error) {
	return d.books(ctx, user, password)
}

// Dir is where the server lives.
func (s *Server) Dir() string { return s.home.dir }
