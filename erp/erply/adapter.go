// Package erply is the adapter for classic Erply: a client of the few calls that are needed, and the port on top of it.
//
// Classic Erply has no payments to suppliers. A purchase document has a flag, paid or not; the records of what was paid
// when are kept here, as attributes of the document.
package erply

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
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

// Capabilities: a payment is given a key by a record of its own, and no record is ever without one.
func (a *Adapter) Capabilities() erp.Capabilities {
	limits := a.client.cfg.Limits
	return erp.Capabilities{Links: MaxBulk, Tags: true, KeepsKey: true, Interval: limits.interval(), PerHour: limits.PerHour}
}

// ReadBill asks for the document by its id. A document of a type that takes no payments is NotFound.
func (a *Adapter) ReadBill(ctx context.Context, id string) (erp.Snapshot, error) {
	missing := erp.NotFound{What: fmt.Sprintf("purchase document %.40q", id)}
	if !isID(id) {
		return erp.Snapshot{}, missing
	}
	q := Query{IDs: []string{id}}
	page, err := a.client.GetPurchaseDocuments(ctx, q, 1)
	if _, gone := remote.As[erp.NotFound](err); gone {
		return erp.Snapshot{}, missing
	}
	if err == nil {
		err = q.enough(page)
	}
	if err != nil {
		return erp.Snapshot{}, fmt.Errorf("read purchase document %s: %w", id, err)
	}
	if len(page.Documents) == 0 || !a.client.cfg.payable(page.Documents[0].Type) {
		return erp.Snapshot{}, missing
	}
	return a.client.cfg.snapshot(page.Documents[0])
}

// snapshot keeps the header, which goes back with a write. The attributes are in the bill, as far as they matter.
func (c Config) snapshot(d PurchaseDocument) (erp.Snapshot, error) {
	bill := c.bill(d)
	d.Attributes = nil
	raw, err := json.Marshal(d)
	if err != nil {
		return erp.Snapshot{}, fmt.Errorf("keep the header of purchase document %s: %w", d.ID, err)
	}
	return erp.Snapshot{Bill: bill, Raw: raw}, nil
}
