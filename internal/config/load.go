package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"payrecon/internal/money"
	"payrecon/internal/remote"
)

const (
	// DefaultTaskQueue is what workers poll and runs are started on unless the file says otherwise.
	DefaultTaskQueue = "payrecon"

	fileName = "payrecon.toml"
	fileEnv  = "PAYRECON_CONFIG"
)

// ErrNoFile says that nobody named a configuration file and the working directory has none.
var ErrNoFile = errors.New("no configuration: there is no " + fileName + " in the working directory; name one with --config or " + fileEnv)

// Find says which file to read: the one the flag names, else the one PAYRECON_CONFIG names, else payrecon.toml in the
// working directory, else ErrNoFile.
func Find(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv(fileEnv); path != "" {
		return path, nil
	}
	if _, err := os.Stat(fileName); errors.Is(err, fs.ErrNotExist) {
		return "", ErrNoFile
	}
	return fileName, nil
}

// Load reads and checks the whole file. In any string ${NAME} stands for an environment variable and ${file:PATH} for
// the content of a file, whose path is relative to the configuration's folder, less the newline at its end. The error
// lists every problem, each as file:line:column: key: what is wrong and what is accepted.
func Load(path string) (Config, error) {
	doc, err := readDocument(path)
	if err != nil {
		return Config{}, err
	}
	found := newProblems(doc)
	doc.expand(found)
	root := &table{doc: doc, found: found, values: doc.values}
	config := Config{Path: path, TaskQueue: taskQueue(root), EncryptionKeys: encryptionKeys(root)}
	tables := root.tables("company")
	for _, t := range tables {
		config.Companies = append(config.Companies, company(t))
	}
	root.close()
	checkCompanies(root, tables, config.Companies)
	if err := found.err(); err != nil {
		return Config{}, err
	}
	return config, nil
}

// LoadNames reads the task queue and the names of the companies, which is all that starting a run needs. It expands
// nothing, so it works where the secrets are not, and it leaves the rest of the file to the worker.
func LoadNames(path string) (queue string, companies []string, err error) {
	doc, err := readDocument(path)
	if err != nil {
		return "", nil, err
	}
	found := newProblems(doc)
	root := &table{doc: doc, found: found, values: doc.values}
	queue = taskQueue(root)
	if strings.Contains(queue, "${") {
		found.add(root.at("task_queue"), "holds ${, which only a worker expands: name the task queue by --task-queue")
	}
	for _, t := range root.tables("company") {
		companies = append(companies, name(t))
	}
	if err := found.err(); err != nil {
		return "", nil, err
	}
	return queue, companies, nil
}

func taskQueue(root *table) string {
	const most = 200 // Temporal takes 1000 bytes; this is a name for people
	queue := root.text("task_queue", DefaultTaskQueue)
	if len(queue) > most || strings.ContainsFunc(queue, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		root.reject(root.at("task_queue"), queue, fmt.Sprintf("a name of at most %d bytes without blanks", most))
	}
	return queue
}

func company(t *table) Company {
	c := Company{
		Name:     name(t),
		Location: location(t),
		Start:    start(t),
		Precoro:  precoro(t.table("precoro")),
		Match:    match(t.table("match")),
		Caps:     caps(t.table("caps")),
		ERP:      erp(t.table("erp")),
	}
	t.close()
	return c
}

var namePattern = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

func name(t *table) string {
	name := t.need("name")
	if !namePattern.MatchString(name) {
		t.reject(t.at("name"), name, "up to 40 of the characters a-z, 0-9 and -")
	}
	return name
}

func location(t *table) *time.Location {
	zone := t.text("timezone", "UTC")
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" { // a day must not depend on the machine that decides
		t.reject(t.at("timezone"), zone, "the name of a time zone such as Europe/Tallinn")
		return time.UTC
	}
	return loc
}

func start(t *table) money.Date {
	text := t.need("start")
	date, err := money.ParseDate(text)
	if err != nil {
		t.reject(t.at("start"), text, `a day such as "2026-01-01"`)
	}
	return date
}

func precoro(t *table) Precoro {
	p := Precoro{
		URL:    t.text("url", "https://api.precoro.com"),
		Email:  t.header("email"),
		Token:  Secret(t.header("token")),
		Limits: limits(t.table("limits")),
	}
	if _, err := remote.ParseURL(p.URL); err != nil {
		t.reject(t.at("url"), p.URL, "an https URL such as https://api.precoro.com, or http where the host is loopback, without user, query and fragment")
	}
	t.close()
	return p
}

// limits has Precoro's published quotas as defaults. The upper bounds only stop slips: a sandbox allows more than
// Precoro does.
func limits(t *table) Limits {
	l := Limits{
		PerSecond: t.integer("per_second", 1, 1, 1000),
		PerHour:   t.integer("per_hour", 1500, 1, 1_000_000),
		PerDay:    t.integer("per_day", 3000, 1, 10_000_000),
		SameGet:   t.duration("same_get", 61*time.Second, time.Hour),
		Settle:    t.duration("settle", 10*time.Minute, 24*time.Hour),
	}
	t.close()
	return l
}

func match(t *table) Match {
	m := Match{
		Link:       t.list("link", []string{LinkERP, LinkPrecoro}, LinkERP, LinkPrecoro),
		PrecoroKey: t.oneOf("precoro_key", KeyID, KeyID, KeyIDN),
		AdoptDays:  t.integer("adopt_days", 7, 0, 366),
		Tolerance:  t.amounts("tolerance"),
	}
	t.close()
	return m
}

func caps(t *table) Caps {
	c := Caps{
		Payments: t.integer("payments", 500, 0, 1_000_000),
		Amount:   t.amounts("amount"),
	}
	t.close()
	return c
}

func erp(t *table) ERP {
	system := t.need("system")
	if system == "" {
		return ERP{} // which of the other keys is the adapter's table cannot be told
	}
	adapter := t.table(system)
	if _, is := t.values[system]; !is {
		t.found.add(t.at(system), "is missing: the settings of the system that %s names", dotted(t.at("system")))
	}
	t.close()
	return ERP{System: system, Decode: func(into any) error {
		settings := &table{doc: adapter.doc, found: newProblems(adapter.doc), path: adapter.path, values: adapter.values}
		if err := settings.fill(reflect.ValueOf(into).Elem()); err != nil {
			return err
		}
		return settings.found.err()
	}}
}

// checkCompanies refuses what would let two companies work on one account: the lock and the quota belong to it.
func checkCompanies(root *table, tables []*table, companies []Company) {
	if len(companies) == 0 {
		root.found.add(root.at("company"), "is missing: at least one [[company]] is needed")
	}
	names := map[string]bool{}
	accounts := map[string]string{}
	for i, c := range companies {
		if names[c.Name] {
			root.found.add(tables[i].at("name"), "another company is called %q already", c.Name)
		}
		names[c.Name] = true
		if c.Precoro.Token == "" {
			continue
		}
		account := sameURL(c.Precoro.URL) + " " + c.Precoro.Token.Reveal()
		if other, taken := accounts[account]; taken {
			token := append(tables[i].at("precoro"), "token")
			root.found.add(token, "company %q has the same url and token: two companies may not share a Precoro account", other)
		}
		accounts[account] = c.Name
	}
}

// sameURL is equal for URLs that lead to one place.
func sameURL(text string) string {
	u, err := remote.ParseURL(text)
	if err != nil {
		return text // reported already
	}
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), ":443") + strings.TrimRight(u.Path, "/")
}
