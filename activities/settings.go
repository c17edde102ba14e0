package activities

import (
	"context"
	"time"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// Settings is a company's configuration as a run uses it from its beginning to its end, whatever file a worker that
// takes over was started with. It holds no secret.
type Settings struct {
	Company   string              `json:"company"`
	Timezone  string              `json:"timezone"` // IANA name
	Start     money.Date          `json:"start"`
	Linking   reconcile.Linking   `json:"linking"`
	AdoptDays int                 `json:"adopt_days"`
	Tolerance reconcile.Tolerance `json:"tolerance,omitempty"`
	Caps      Caps                `json:"caps"`
	SameGet   time.Duration       `json:"same_get"` // before a GET may be repeated
	Settle    time.Duration       `json:"settle"`   // how long a request may still take effect after its answer was given up
	ERP       erp.Capabilities    `json:"erp"`
}

// Caps are how much a run may create without approval.
type Caps struct {
	Payments int                             `json:"payments"`
	Amount   map[money.Currency]money.Amount `json:"amount,omitempty"` // no cap for a currency that is not named
}

// SettingsRequest names a company; "" is the only one.
type SettingsRequest struct {
	Company string `json:"company"`
}

// ReadSettings gives a company's settings. It is a local activity: it reads memory, nothing remote.
// Fails as InvalidRequest for a company that is not configured.
func (a *Activities) ReadSettings(_ context.Context, request SettingsRequest) (Settings, error) {
	company, err := a.company(request.Company)
	return company.Settings, err
}
