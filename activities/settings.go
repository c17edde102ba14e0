package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"go.temporal.io/sdk/activity"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// Settings is a company's configuration as a run uses it from its beginning to its end, whatever file a worker that
// takes over was started with. It holds no secret.
type Settings struct {
	Company string `json:"company"`
	// Accounts is a digest of the accounts behind the company, of nothing secret. It goes with every request, so that a
	// worker that was started with another file does not write into others.
	Accounts  string              `json:"accounts"`
	Timezone  string              `json:"timezone"` // IANA name
	Start     money.Date          `json:"start"`
	Linking   reconcile.Linking   `json:"linking"`
	AdoptDays int                 `json:"adopt_days"`
	Tolerance reconcile.Tolerance `json:"tolerance,omitempty"`
	Caps      Caps                `json:"caps"`
	SameGet   time.Duration       `json:"same_get"`           // before a GET may be repeated
	Settle    time.Duration       `json:"settle"`             // how long a request may still take effect after its answer was given up
	PerHour   int                 `json:"per_hour,omitempty"` // Precoro's quotas of requests; 0 where they are not counted
	PerDay    int                 `json:"per_day,omitempty"`
	ERP       erp.Capabilities    `json:"erp"`
	// Edition is what the worker that gave these settings could do; see Knows.
	Edition Edition `json:"edition,omitempty"`
	// Reset: the run was reset to a point before these were read, and its predecessor may have written.
	Reset bool `json:"reset,omitempty"`
	// RunID is what the run is called since then.
	RunID string `json:"run_id,omitempty"`
}

// Edition counts what workflows have learned. It comes with the settings, which a workflow reads first and its history keeps:
// one that began on an older worker goes on, and replays, as it began. A version marker says the same, and costs a billed
// action in every run.
type Edition int

// Editions.
const (
	// CheaperWays: changes are read, lists and scans where they cost less, bulk writes, and a company is signalled before it
	// is started.
	CheaperWays Edition = 1

	// EveryWriteTold: a run that ends as an error tells of what it had sent and could not look for; and a bill that was linked
	// elsewhere while its payments were read is left alone. What is left on an invoice is decided again upon what a write was
	// seen with, and a payment without a key is taken for ours only where one may have been sent.
	EveryWriteTold Edition = 2

	// NoKeyUntold: a run that is stopped while a payment of its lacks its key tells of it.
	NoKeyUntold Edition = 3

	// Newest is what this build can do.
	Newest = NoKeyUntold
)

// Knows tells whether the workflow may do what came with an edition.
func (s Settings) Knows(e Edition) bool { return s.Edition >= e }

// Ref names the company and its accounts in a request.
func (s Settings) Ref() string { return s.Company + accountsMark + s.Accounts }

// accountsMark stands between name and accounts in a Ref; names cannot hold it.
const accountsMark = "@"

// AccountsOf is the digest of two accounts: the login to Precoro, and what the adapter calls its account.
func AccountsOf(precoroURL, email, erpAccount string) string {
	sum := sha256.Sum256([]byte(precoroURL + "\n" + email + "\n" + erpAccount))
	return hex.EncodeToString(sum[:8])
}

// Caps are how much a run may create without approval.
type Caps struct {
	Payments int                             `json:"payments"`
	Amount   map[money.Currency]money.Amount `json:"amount,omitempty"` // no cap for a currency that is not named
}

// SettingsRequest names a company; "" is the only one.
type SettingsRequest struct {
	Company string `json:"company"`
	// RunID is the run's as it was before any reset, "" where that does not matter.
	RunID string `json:"run_id,omitempty"`
}

// ReadSettings gives a company's settings. It is a local activity: it reads memory, nothing remote.
// Fails as InvalidRequest for a company that is not configured.
func (a *Activities) ReadSettings(ctx context.Context, request SettingsRequest) (Settings, error) {
	company, err := a.company(request.Company)
	settings := company.Settings
	settings.Edition = Newest
	if request.RunID == "" {
		return settings, err
	}
	if now := activity.GetInfo(ctx).WorkflowExecution.RunID; request.RunID != now {
		settings.Reset, settings.RunID = true, now
	}
	return settings, err
}
