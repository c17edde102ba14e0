//go:build unix

package trytond

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"payrecon/erp/tryton/module"
)

// A template is the data directory of a PostgreSQL that holds two databases, in one file: it is there or not, whole or not.
const (
	templates = "/var/tmp" // outlives a reboot, and every user can read it

	golden    = "golden"     // modules, company, chart of accounts
	goldenKey = "golden_key" // the same with this project's module
)

// modules are Tryton's own that a server has, with all that they depend on.
var modules = []string{"account_invoice", "account_payment_clearing", "account_statement"}

// What decides what a template holds.
//
//go:embed client.go postgres.go seed.go template.go
var sources embed.FS

// Prepare makes sure that Launch has all it needs: it installs Debian's packages, if it is root and they are missing, and
// makes the template. What it does is told to log. *Absent is returned where Tryton can not be had.
func Prepare(ctx context.Context, log io.Writer) error {
	_, missing, err := installed(ctx)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		if err := install(ctx, log, missing); err != nil {
			return err
		}
	}
	path, err := template(ctx, log)
	if err != nil {
		return err
	}
	say(log, "Tryton is ready: %s", path)
	return nil
}

// template returns the path of the template for the packages, the sources and the year at hand, and makes it if nobody has.
// Processes that need it at the same time wait for the first one.
func template(ctx context.Context, log io.Writer) (string, error) {
	versions, missing, err := installed(ctx)
	if err != nil {
		return "", err
	}
	if len(missing) > 0 {
		return "", absent(missing, "`make tryton` as root installs them")
	}
	year := time.Now().Year() //nolint:forbidigo // the books of this year are open, on every clock that Tryton may have
	name, err := fingerprint(versions, year)
	if err != nil {
		return "", err
	}
	if path, ok := trusted(name); ok {
		return path, nil
	}
	path := templateOf(os.Geteuid(), name)
	unlock, err := lock(filepath.Join(templates, fmt.Sprintf("payrecon-tryton-%d.lock", os.Geteuid())))
	if err != nil {
		return "", err
	}
	defer unlock()
	if path, ok := trusted(name); ok {
		return path, nil
	}
	forget()
	began := time.Now() //nolint:forbidigo // how long it takes is told
	say(log, "making a Tryton to start from; this takes a minute and is done once")
	if err := build(ctx, log, path, year); err != nil {
		return "", fmt.Errorf("make a Tryton to start from: %w", err)
	}
	say(log, "made it in %s", time.Since(began).Round(time.Second)) //nolint:forbidigo // the same
	return path, nil
}

func templateOf(uid int, name string) string {
	return filepath.Join(templates, fmt.Sprintf("payrecon-tryton-%d-%s.tar", uid, name))
}

// trusted finds a template that root made, or this user: somebody else's could be anything.
func trusted(name string) (path string, ok bool) {
	for _, uid := range []int{0, os.Geteuid()} {
		path := templateOf(uid, name)
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) == uid {
			return path, true
		}
	}
	return "", false
}

const keep = 7 * 24 * time.Hour

// forget deletes this user's templates that are a week old: each has 70 MB, and every change of a source makes another one.
func forget() {
	old, _ := filepath.Glob(templateOf(os.Geteuid(), "*")) // the pattern is well-formed
	for _, path := range old {
		if info, err := os.Lstat(path); err == nil && time.Since(info.ModTime()) > keep { //nolint:forbidigo // it is the machine's clock that stamped it
			_ = os.Remove(path) // it is only in the way
		}
	}
}

// fingerprint is the same exactly if the same template would come out.
func fingerprint(versions string, year int) (string, error) {
	hash := sha256.New()
	_, _ = fmt.Fprintf(hash, "%s\n%d\n", versions, year) // a hash takes everything
	for _, files := range []fs.FS{sources, module.Files} {
		err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := fs.ReadFile(files, path)
			_, _ = fmt.Fprintf(hash, "%s %d\n%s", path, len(text), text)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}

func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the path is ours
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return func() { _ = file.Close() }, nil // which unlocks it
}

// build makes a template at the path.
func build(ctx context.Context, log io.Writer, path string, year int) error {
	h, err := newHome()
	if err != nil {
		return err
	}
	err = h.build(ctx, log, year)
	if err == nil { // what was written so far is in the tables: its log is only copied for nothing
		err = h.run(ctx, filepath.Join(postgresBin, "pg_resetwal"), "-D", "pg")
	}
	if err == nil {
		err = h.pack(ctx, path)
	}
	return errors.Join(err, h.remove())
}

func (h *home) build(ctx context.Context, log io.Writer, year int) error {
	if err := h.configure(); err != nil {
		return err
	}
	if err := h.newCluster(ctx); err != nil {
		return err
	}
	s, err := h.serve(ctx)
	if err != nil {
		return err
	}
	say(log, "  database and modules")
	err = h.sql(ctx, "postgres", "CREATE DATABASE "+golden)
	if err == nil {
		err = h.hurried(ctx, golden, append([]string{"--activate-dependencies", "--email", "admin@example.org", "--update"}, modules...))
	}
	if err == nil {
		say(log, "  company, chart of accounts, journals")
		err = s.seed(ctx, year)
	}
	if err == nil {
		err = h.sql(ctx, "postgres", fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", goldenKey, golden))
	}
	if err == nil {
		say(log, "  the same with the module %s", module.Name)
		err = h.hurried(ctx, goldenKey, []string{"--update", module.Name})
	}
	for _, database := range []string{golden, goldenKey} {
		if err == nil {
			err = h.sql(ctx, database, "ANALYZE")
		}
		if err == nil { // nobody changes them any more
			err = h.sql(ctx, "postgres", fmt.Sprintf("ALTER DATABASE %s WITH IS_TEMPLATE true ALLOW_CONNECTIONS false", database))
		}
	}
	return errors.Join(err, s.end())
}

// seed fills the golden database. Nobody is connected to it afterwards: it can be copied.
func (s *Server) seed(ctx context.Context, year int) error {
	d, err := s.open(ctx, golden)
	if err != nil {
		return err
	}
	return errors.Join(seed(ctx, d.client(Admin, AdminPassword), year), d.Kill())
}

// standIns answer what trytond-admin asks of PostgreSQL's views of the same names, many times for every table. The views
// themselves follow the SQL standard, to which it is worth 50 ms to find a foreign key.
var standIns = map[string]string{
	"columns": `SELECT n.nspname AS table_schema, r.relname AS table_name, a.attname AS column_name, t.typname AS udt_name,
			CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
			information_schema._pg_char_max_length(a.atttypid, a.atttypmod) AS character_maximum_length,
			pg_get_expr(d.adbin, d.adrelid) AS column_default
		FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid JOIN pg_namespace n ON n.oid = r.relnamespace
			JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attnum > 0 AND NOT a.attisdropped`,
	"key_column_usage": `SELECT n.nspname AS constraint_schema, c.conname AS constraint_name,
			n.nspname AS table_schema, r.relname AS table_name, a.attname AS column_name
		FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
			JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = ANY (c.conkey)
		WHERE c.contype IN ('p', 'u', 'f')`,
	"referential_constraints": `SELECT n.nspname AS constraint_schema, c.conname AS constraint_name,
			CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
				WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS delete_rule
		FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
		WHERE c.contype = 'f'`,
}

// hurried runs trytond-admin upon a database, with the stand-ins in place meanwhile: it takes a third of the time.
func (h *home) hurried(ctx context.Context, database string, arguments []string) error {
	var before, after []string
	for view, query := range standIns {
		name, aside := "information_schema."+view, "payrecon_"+view
		before = append(before, "ALTER VIEW "+name+" RENAME TO "+aside, "CREATE VIEW "+name+" AS "+query)
		after = append(after, "DROP VIEW "+name, "ALTER VIEW information_schema."+aside+" RENAME TO "+view)
	}
	if err := h.sql(ctx, database, before...); err != nil {
		return err
	}
	if err := h.run(ctx, trytondAdmin, append([]string{"-c", "trytond.conf", "-d", database}, arguments...)...); err != nil {
		return err
	}
	return h.sql(ctx, database, after...)
}

// configure writes what trytond reads: its configuration, and our module as pip would lay it out.
func (h *home) configure() error {
	err := errors.Join(
		h.write("trytond.conf", "[database]\nuri = postgresql://\n[password]\npasslib = "+h.path("passlib.conf")+"\n"),
		// A password is checked in a millisecond instead of a quarter of a second.
		h.write("passlib.conf", "[passlib]\nschemes = pbkdf2_sha512\npbkdf2_sha512__rounds = 1000\n"),
		h.write("password", AdminPassword),
		h.write("modules/payrecon_tryton-6.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: payrecon_tryton\nVersion: 6.0.0\n"),
		h.write("modules/payrecon_tryton-6.0.0.dist-info/entry_points.txt",
			fmt.Sprintf("[trytond.modules]\n%s = trytond.modules.%[1]s\n", module.Name)),
	)
	if err != nil {
		return err
	}
	return os.CopyFS(h.path(filepath.Join("modules", "trytond", "modules", module.Name)), module.Files)
}

// pack writes the data directory into one file, which appears when it is complete.
func (h *home) pack(ctx context.Context, path string) error {
	file, err := os.CreateTemp(templates, "payrecon-tryton-*.part")
	if err != nil {
		return err
	}
	cmd := h.command(ctx, "/usr/bin/tar", "-cf", "-", "pg")
	cmd.Stdout = file
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("tar: %w: %s", err, complaints.String())
	}
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
