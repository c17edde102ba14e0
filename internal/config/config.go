// Package config reads payrecon.toml, the one file that joins companies to their accounts. Whatever is wrong with it is
// reported at once, by file, line, column and key, and never with a secret in the text.
package config

import (
	"time"

	"payrecon/internal/money"
)

// Config is the whole file, checked, with its secrets expanded.
type Config struct {
	TaskQueue string    // the Temporal task queue that workers poll and runs are started on
	Companies []Company // at least one, in the file's order, names and Precoro accounts distinct
	Path      string    // of the file
	// EncryptionKeys are AES-256 keys for what Temporal keeps, 32 bytes each. The first encrypts, all decrypt. nil: nothing is
	// encrypted.
	EncryptionKeys []Secret
}

// Company is one Precoro account joined to one ERP account.
type Company struct {
	Name     string         // [a-z0-9-], at most 40
	Location *time.Location // in which the day of a derived payment is decided
	Start    money.Date     // payments before this day are counted, never written
	Precoro  Precoro
	Match    Match
	Caps     Caps
	ERP      ERP
}

// Precoro is one Precoro account.
type Precoro struct {
	URL, Email string
	Token      Secret
	Limits     Limits
}

// Limits are the quotas of a Precoro account, and the two waits that follow from how its API behaves.
type Limits struct {
	PerSecond, PerHour, PerDay int
	SameGet                    time.Duration // how long the same GET must not be sent again
	Settle                     time.Duration // how long a request may still take effect after its answer was given up
}

// Link values: whose external-ID field says which bill belongs to which invoice.
const (
	LinkERP     = "erp"
	LinkPrecoro = "precoro"
)

// Precoro key values: what the ERP's external-ID field holds of an invoice.
const (
	KeyID  = "id"
	KeyIDN = "idn"
)

// Match says how invoices find their bills, and when two payments are the same.
type Match struct {
	Link       []string // LinkERP, LinkPrecoro or both: which field to trust, in order
	PrecoroKey string   // KeyID or KeyIDN
	AdoptDays  int      // equal payments that lie at most so many days apart are a pair
	// Tolerance is how far totals and pairs may differ and still count as equal. A currency that is not in it has none.
	Tolerance map[money.Currency]money.Amount
}

// Caps bound what one run may write without somebody's approval.
type Caps struct {
	Payments int
	Amount   map[money.Currency]money.Amount // a currency that is not in it has no cap
}

// ERP is one ERP account, in the words of its adapter.
type ERP struct {
	System string // name of the adapter
	// Decode fills the adapter's own struct from the table [company.erp.<system>]. Fields are named by `toml` tags.
	// Unknown keys and wrong types are errors with line and column.
	Decode func(into any) error
}
