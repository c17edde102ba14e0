package workflows

import (
	"payrecon/internal/reconcile"
)

// Request is the input of ReconcilePayments: one JSON object, every field optional. `{}`, `null` and no input at all are
// a valid run of the only configured company.
type Request struct {
	Company   string              `json:"company,omitempty"`   // name in the configuration; default: the only one
	Mode      string              `json:"mode,omitempty"`      // apply (default) or plan
	Scope     string              `json:"scope,omitempty"`     // auto (default), changes, full, deep
	Since     string              `json:"since,omitempty"`     // RFC 3339; for both feeds, instead of the watermarks
	Direction reconcile.Direction `json:"direction,omitempty"` // both (default), to_erp, to_precoro
	Invoices  []int64             `json:"invoices,omitempty"`  // Precoro document numbers, at most 100: only these
	Approve   string              `json:"approve,omitempty"`   // digest of a plan that was over the caps
	Wait      string              `json:"wait,omitempty"`      // how long to wait for its turn, a Go duration; default 1h
}
