// Package erply is the adapter for classic Erply: a client of the few calls that are needed, and the port on top of it.
//
// Classic Erply has no payments to suppliers. A purchase document has a flag, paid or not; the records of what was paid
// when are kept here, as attributes of the document.
package erply

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"payrecon/erp"
)

// Adapter is one Erply account behind the port. It may be used by several goroutines.
type Adapter struct {
	client *Client
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
	client, err := NewClient(cfg, transport, now)
	if err != nil {
		return nil, err
	}
	return &Adapter{client: client}, nil
}

// Account is the host and the account's number. The user does not matter: the quota and the documents are the account's.
func (a *Adapter) Account() string {
	u, err := url.Parse(a.client.cfg.URL)
	if err != nil {
		return a.client.cfg.ClientCode // the URL was checked by New
	}
	return strings.TrimSuffix(strings.ToLower(u.Host), ":443") + "/" + a.client.cfg.ClientCode
}

// lag is how long a change may take to show up in a list. It also covers what is not documented: whether changedSince
// takes in its own second, and how long a save takes to be listed.
const lag = 5 * time.Minute

// Capabilities: a payment is given a key by a record of its own, and no record is ever without one. A link is looked up by
// a request in a bulk call, and so are pageSize bills listed.
func (a *Adapter) Capabilities() erp.Capabilities {
	limits := a.client.cfg.Limits
	return erp.Capabilities{
		Links: MaxBulk, Bulk: min(MaxBulk, maxIDs), Tags: true, KeepsKey: true, Interval: limits.interval(), PerHour: limits.PerHour,
		Lag: lag, LinkCost: subCost, ListCost: subCost / pageSize,
	}
}
