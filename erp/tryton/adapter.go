// Package tryton is the adapter for Tryton 6.0: a client of its JSON-RPC, and the port on top of it.
//
// A payment to a supplier is an account.payment here. It is made by four writes, each a transaction of its own, which the
// caller takes one after another: create, approve, process, succeed. Only the last one reaches the ledger. What people pay by
// the invoice's Pay wizard or by a bank statement has no such record: it is a line of the ledger.
//
// Facts about Tryton are from its source, version 6.0.29 as Debian 12 has it.
package tryton

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"payrecon/erp"
)

// Adapter is one user of one Tryton database behind the port. It may be used by several goroutines.
type Adapter struct {
	client *client
}

var (
	_ erp.Adapter = (*Adapter)(nil)
	_ erp.Factory = Factory
)

// Factory makes an adapter of its table in the configuration file.
func Factory(decode func(into any) error) (erp.Adapter, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	adapter, err := New(cfg, nil, nil)
	if err != nil {
		return nil, err
	}
	return adapter, nil
}

// New checks cfg and makes the adapter. A nil transport and a nil clock are the real ones. The error names every key that
// is wrong, its value (never the password) and what is accepted.
func New(cfg Config, transport http.RoundTripper, now func() time.Time) (*Adapter, error) {
	client, err := newClient(cfg, transport, now)
	if err != nil {
		return nil, err
	}
	return &Adapter{client: client}, nil
}

// Account is the address, the database and the user: it is by the user that one of a database's companies is chosen.
func (a *Adapter) Account() string {
	cfg := a.client.cfg
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return cfg.Database + "/" + cfg.Username // the URL was checked by New
	}
	return strings.TrimSuffix(strings.ToLower(u.Host), ":443") + strings.TrimSuffix(u.Path, "/") + "/" + cfg.Database + "/" + cfg.Username
}

const (
	// maxLinks is how many links one FindBills takes, and how many bills one part of a list has. A bill comes with everything
	// that it was reconciled with: a hundred that were reconciled together are some 3 MB of JSON, a thousand would be too many.
	maxLinks = 100

	// maxBulk is how many payments are made together: 50 take Tryton about half a second a step.
	maxBulk = 50

	// lag is how long a change may take to show up in a list. Tryton dates it by the start of the transaction that makes it,
	// which is seen only when that ends: the longest of them are the bulks of others, some minutes.
	lag = 5 * time.Minute
)

// Capabilities: a payment is created with its key. Tryton has no quota.
func (a *Adapter) Capabilities() erp.Capabilities {
	return erp.Capabilities{Links: maxLinks, Bulk: maxBulk, Tags: true, KeepsKey: true, Lag: lag}
}
