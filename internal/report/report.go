// Package report is what a run tells people: its JSON form, and the same as a table.
package report

import (
	"time"

	"payrecon/internal/reconcile"
)

// MaxRows is how many rows a workflow result carries. Every row is in the run's history.
const MaxRows = 500

// Outcome is how a run ended.
type Outcome string

// Outcomes. A run that failed has none: it ends as an error.
const (
	Agreed        Outcome = "agreed"         // no difference is left, but for what was left out on purpose
	Exceptions    Outcome = "exceptions"     // differences are open that people must settle
	NeedsApproval Outcome = "needs_approval" // the plan is over the caps, nothing was written
	Stopped       Outcome = "stopped"        // cancelled at a safe point; what had begun was finished
)

// Action is what was done, or would be, about one difference.
type Action string

// Actions. A plan has the would_ forms.
const (
	Created      Action = "created"
	WouldCreate  Action = "would_create"
	Adopted      Action = "adopted"
	WouldAdopt   Action = "would_adopt"
	HasException Action = "exception"
)

// Report is the result of a run. New fields may be added, none is renamed.
type Report struct {
	Company string  `json:"company"`
	Mode    string  `json:"mode"`  // apply or plan
	Scope   string  `json:"scope"` // what was really read: full, deep, changes, or invoices for single ones
	Outcome Outcome `json:"outcome"`
	Digest  string  `json:"digest"` // of everything the plan would write; what an approval names

	Invoices    int `json:"invoices"`            // of status 2, 4 and 5, without what was left out
	InSync      int `json:"in_sync"`             // both sides say that the same is paid
	Unlinked    int `json:"unlinked"`            // no bill and no payment: nothing to do yet
	Unchanged   int `json:"unchanged,omitempty"` // listed among the changes, but as an earlier run has settled them
	LeftOut     int `json:"left_out"`            // credit notes and split-cost children
	BeforeStart int `json:"before_start"`        // missing payments older than the company's start date
	// OtherDirection counts missing payments that the request's direction forbade to create.
	OtherDirection int `json:"other_direction"`

	Created    ByDirection              `json:"created"`
	Adopted    int                      `json:"adopted"`
	Exceptions map[reconcile.Reason]int `json:"exceptions"`
	Requests   Requests                 `json:"requests"`
	Truncated  bool                     `json:"truncated"` // there are more rows than MaxRows
	Rows       []Row                    `json:"rows"`
	Notes      []string                 `json:"notes,omitempty"` // what else a person should know of this run

	Ways  []Way  `json:"ways,omitempty"`  // where there were two ways to read the same: the cheaper one, and the other's price
	Left  *Left  `json:"left,omitempty"`  // of both sides' quotas when the run ended; nil if they are not known
	Waits []Wait `json:"waits,omitempty"` // for quotas, at most MaxWaits
}

// MaxWaits is how many waits a report lists; the longest run meets a limit once an hour.
const MaxWaits = 50

// PerRequest is what one plain request costs of a quota: costs are in thousandths of a request, as some calls cost less.
const PerRequest = 1000

// Way is how something was read. Costs are in thousandths of a request of that side's quota, and as they were expected
// when the way was chosen.
type Way struct {
	What        string `json:"what"` // bills, payments or invoices
	Way         string `json:"way"`
	Cost        int    `json:"cost"`
	Instead     string `json:"instead"`
	InsteadCost int    `json:"instead_cost"`
}

// Left is how many requests may still be sent.
type Left struct {
	PrecoroHour int `json:"precoro_hour"`
	PrecoroDay  int `json:"precoro_day"`
	ERPHour     int `json:"erp_hour,omitempty"`
}

// Wait is a wait for a quota.
type Wait struct {
	Until time.Time `json:"until"`
	Why   string    `json:"why"`
}

// ByDirection counts payments by direction: created, or those that would be in a plan and where an approval is needed.
type ByDirection struct {
	ToERP     int `json:"to_erp"`
	ToPrecoro int `json:"to_precoro"`
}

// Requests counts what was sent to each side.
type Requests struct {
	Precoro int `json:"precoro"`
	ERP     int `json:"erp"`
	ERPCost int `json:"erp_cost,omitempty"` // of the ERP's quota, in thousandths of a request
}

// Row is one payment written, or one exception.
type Row struct {
	Invoice   int64               `json:"invoice"` // Precoro document number (idn)
	Bill      string              `json:"bill"`
	Action    Action              `json:"action"`
	Direction reconcile.Direction `json:"direction"`
	Reason    reconcile.Reason    `json:"reason"`
	Key       string              `json:"key"`
	Amount    string              `json:"amount"`
	Currency  string              `json:"currency"`
	Date      string              `json:"date"`
	Before    Paid                `json:"before"`
	After     Paid                `json:"after"`
	Note      string              `json:"note"`
}

// Paid is what each side says is paid of one invoice.
type Paid struct {
	Precoro string `json:"precoro"`
	ERP     string `json:"erp"`
}
