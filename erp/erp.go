// Package erp is the port: what any ERP must offer so that payrecon can keep its payments equal to Precoro's, and nothing
// more. It serves an ERP that has payment records and one that has only a paid flag.
//
// An adapter is one folder below this one and one line that registers it. It knows nothing of Temporal, never re-sends a
// write, and reports success of a write only as "not known to have failed": the caller reads the bill back. Where requests
// are scarce it sends one a call, apart from renewing its own session, and charges what they cost of the account's quota to
// the context (remote.Charge).
package erp

import (
	"context"
	"encoding/json"
	"time"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
)

// The closed set of errors that an adapter returns. Reads fail as Unavailable, writes as NotSent or OutcomeUnknown; the
// others say that nothing was carried out.
type (
	Unauthorized   = remote.Unauthorized
	Forbidden      = remote.Forbidden
	NotFound       = remote.NotFound
	Refused        = remote.Refused
	Throttled      = remote.Throttled
	Unavailable    = remote.Unavailable
	NotSent        = remote.NotSent
	OutcomeUnknown = remote.OutcomeUnknown
	Stale          = remote.Stale
)

// Adapter is one account of one ERP. Its methods may be called at the same time.
type Adapter interface {
	// Account names the account behind the adapter (its URL and login, no secret): two companies may not share one.
	Account() string

	Capabilities() Capabilities

	// FindBills answers for up to Capabilities.Links links at once, with every bill that fits any of them: none is no
	// error, and several for one link are real. Bills come in any order; what links them stands in Bill.Link and Bill.ID.
	FindBills(ctx context.Context, links []Link) (Found, error)

	// ListBills gives a part of all bills that carry a link; or, with a time, a part of all bills that changed since then,
	// or of which a payment did, whether they carry a link or not. Parts come in an order of the adapter's own. A bill
	// may come twice; none is missed that was there before the first part was asked for and stays.
	ListBills(ctx context.Context, query ListQuery) (Listed, error)

	// ReadBills reads up to Capabilities.Bulk bills with all their payments, and what the adapter needs to write to them.
	// A bill that is gone is left out.
	ReadBills(ctx context.Context, ids []string) ([]Snapshot, error)

	// WritePayments makes one payment, or puts a key on one that is there, upon each of up to Capabilities.Bulk different
	// bills as they were read. It sends at most one write for each, and gives one outcome for each in their order: nil
	// means that the ERP did not refuse it.
	//
	// Where an ERP makes a payment in several steps, a write is the next of them: the first one leaves a payment with the
	// order's key that is Pending, and the same order upon the bill as it was read then takes it one step further.
	WritePayments(ctx context.Context, writes []Write) []error
}

// Capabilities are what callers must know of an ERP beforehand.
type Capabilities struct {
	Links int `json:"links"` // at most so many links a FindBills
	Bulk  int `json:"bulk"`  // at most so many bills a ReadBills or WritePayments
	// Tags: a payment that is already there can be given a key.
	Tags bool `json:"tags"`
	// KeepsKey: a payment made by WritePayments surely carries its key, so one without it was made by somebody else.
	KeepsKey bool `json:"keeps_key"`
	// Interval is the least time from one request to the next.
	Interval time.Duration `json:"interval"`
	// PerHour is the account's quota of requests by the clock's hour, 0 where it has none.
	PerHour int `json:"per_hour,omitempty"`
	// Lag is how long a change may take to show up in ListBills.
	Lag time.Duration `json:"lag,omitempty"`
	// LinkCost and ListCost are the prices, in thousandths of a request, of looking up one link and of listing one bill.
	LinkCost int `json:"link_cost,omitempty"`
	ListCost int `json:"list_cost,omitempty"`
}

// Link is one way from an invoice to its bill: by what the ERP's external-ID field holds, or by the bill's own id.
// Exactly one of the two is set.
type Link struct {
	Invoice string `json:"invoice,omitempty"`
	Bill    string `json:"bill,omitempty"`
}

// Found is the answer of FindBills.
type Found struct {
	Bills []reconcile.Bill `json:"bills"`
	// Time is the ERP's own clock, the zero time where it has none.
	Time time.Time `json:"time,omitzero"`
	// Unique: the ERP itself refuses a second payment with a key that is there, however late it comes.
	Unique bool `json:"unique,omitempty"`
}

// ListQuery asks for the next part of a list of bills.
type ListQuery struct {
	ChangedSince time.Time `json:"changed_since,omitzero"` // by the ERP's clock; zero for all bills that carry a link
	Cursor       string    `json:"cursor,omitempty"`       // Listed.Next of the part before; "" for the first
}

// Listed is one part of a list of bills.
type Listed struct {
	Bills []reconcile.Bill
	Next  string    // cursor of the next part, "" after the last
	Total int       // how many bills the whole list looks through, -1 where the ERP does not say
	Time  time.Time // the ERP's own clock, the zero time where it has none
}

// Snapshot is a bill as it was read, with whatever the adapter needs of it for a write.
type Snapshot struct {
	Bill reconcile.Bill  `json:"bill"`
	Raw  json.RawMessage `json:"raw,omitempty"` // the adapter's own, opaque to everybody else
}

// Order is one payment to be written.
type Order struct {
	Key     string       `json:"key"` // [A-Za-z0-9.-], at most 128
	Amount  money.Amount `json:"amount"`
	Date    money.Date   `json:"date"`
	Payment string       `json:"payment,omitempty"` // the ERP's payment that gets the key; "" creates one
}

// Write is one order upon a bill as it was read.
type Write struct {
	Bill  Snapshot `json:"bill"`
	Order Order    `json:"order"`
}
