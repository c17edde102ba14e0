// Package erply is the adapter for classic Erply.
package erply

import (
	"context"
	"errors"
	"net/http"
	"time"

	"payrecon/erp"
)

const recordPrefix = "payrecon-"

// Adapter is one Erply account behind the port.
type Adapter struct {
	cfg Config
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
	return New(cfg, nil, nil)
}

// New checks cfg and makes the adapter. A nil transport and a nil clock are the real ones.
func New(cfg Config, _ http.RoundTripper, _ func() time.Time) (*Adapter, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	return &Adapter{cfg: cfg}, nil
}

// Account implements erp.Adapter.
func (a *Adapter) Account() string { return a.cfg.URL + a.cfg.ClientCode }

// Capabilities implements erp.Adapter.
func (a *Adapter) Capabilities() erp.Capabilities {
	return erp.Capabilities{Links: 100, Tags: true, KeepsKey: true, Interval: a.cfg.Limits.interval(), PerHour: a.cfg.Limits.PerHour}
}

// FindBills implements erp.Adapter.
func (a *Adapter) FindBills(context.Context, []erp.Link) (erp.Found, error) {
	return erp.Found{}, erp.Unavailable{Cause: errors.New("not built yet")}
}

// ReadBill implements erp.Adapter.
func (a *Adapter) ReadBill(context.Context, string) (erp.Snapshot, error) {
	return erp.Snapshot{}, erp.Unavailable{Cause: errors.New("not built yet")}
}

// WritePayment implements erp.Adapter.
func (a *Adapter) WritePayment(context.Context, erp.Snapshot, erp.Order) error {
	return erp.NotSent{Cause: errors.New("not built yet")}
}
