package check

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"payrecon/internal/remote"
)

// Report is the result of a check. New fields may be added, none is renamed.
type Report struct {
	Reached   bool     `json:"reached"` // both sides of every company, be they busy
	Companies []Result `json:"companies"`
}

// NewReport joins the results of the companies.
func NewReport(results []Result) Report {
	return Report{Companies: results, Reached: !slices.ContainsFunc(results, func(r Result) bool { return !r.reached() })}
}

// Result is what both sides of one company showed.
type Result struct {
	Company string  `json:"company"`
	Precoro Precoro `json:"precoro"`
	ERP     ERP     `json:"erp"`
}

func (r Result) reached() bool { return r.Precoro.reached() && r.ERP.reached() }

// Side is what both sides have in common.
type Side struct {
	Outcome  Outcome `json:"outcome"`
	Requests int     `json:"requests"`
	// Failed is what was asked for when it failed, Reason why it did, Hint what to do about it. "" where all is well.
	Failed string `json:"failed,omitempty"`
	Reason string `json:"reason,omitempty"`
	Hint   string `json:"hint,omitempty"`
	// Until is when a busy side takes requests again, by its own clock; the zero time where it does not say.
	Until time.Time `json:"until,omitzero"`
	// ClockAhead is how far the side's clock is ahead of ours, as 1m30s; "" where it shows none.
	ClockAhead string   `json:"clock_ahead,omitempty"`
	Warnings   []string `json:"warnings,omitempty"` // it was reached, and does not show what is expected
}

func (s Side) reached() bool { return s.Outcome == OK || s.Outcome == Busy }

func (s *Side) warn(format string, args ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...))
}

// maxSkew is what a clock may be off without a word. A day's change, and with it the date of a payment, is then off by no
// more, and so is a token that expires.
const maxSkew = 3 * time.Minute

func (s *Side) compareClocks(whose string, theirs, ours time.Time) {
	if theirs.IsZero() {
		return
	}
	ahead := theirs.Sub(ours).Round(time.Second)
	s.ClockAhead = ahead.String()
	if ahead.Abs() > maxSkew {
		direction := "ahead of"
		if ahead < 0 {
			direction = "behind"
		}
		s.warn("%s's clock is %s %s this machine's. Is this machine's right?", whose, ahead.Abs(), direction)
	}
}

// Precoro is what Precoro shows. Invoices and Payments are nil where they could not be read.
type Precoro struct {
	Side
	Invoices *Rows `json:"invoices,omitempty"` // of status 2, 4 and 5
	Payments *Rows `json:"payments,omitempty"`
}

// Rows is a listing, of which the first page was read.
type Rows struct {
	Total       int    `json:"total"` // of all pages, -1 where Precoro does not say
	Read        int    `json:"read"`  // on the first page, the newest
	ExternalIDs int    `json:"external_ids"`
	Unreadable  int    `json:"unreadable"`
	First       int64  `json:"first_unreadable,omitempty"` // document number, 0 where that cannot be read either
	Problem     string `json:"problem,omitempty"`          // of the first
}

func (r *Rows) add(idn int64, externalID, problem string) {
	if externalID != "" {
		r.ExternalIDs++
	}
	if problem == "" {
		return
	}
	if r.Unreadable == 0 {
		r.First, r.Problem = idn, remote.Words(problem)
	}
	r.Unreadable++
}

// ERP is what the ERP shows. Bills is nil where there was no invoice to look for, or nothing could be read.
type ERP struct {
	Side
	Bills *Bills `json:"bills,omitempty"`
	// UniqueKeys: the ERP itself refuses a second payment with a key that is there (erp.Found.Unique).
	UniqueKeys bool `json:"unique_keys,omitempty"`
}

// Bills counts the bills of the newest invoices.
type Bills struct {
	Invoices   int    `json:"invoices"` // that were looked for; each is Linked, Ambiguous or Missing
	Linked     int    `json:"linked"`
	ByERP      int    `json:"by_erp"` // of the linked: by the field in the ERP, where that is trusted; else by the invoice's external ID
	Ambiguous  int    `json:"ambiguous"`
	Missing    int    `json:"missing"`
	Drafts     int    `json:"drafts"`
	Differ     int    `json:"differ"` // in total or currency from their invoice
	Unreadable int    `json:"unreadable"`
	First      string `json:"first_unreadable,omitempty"` // bill
	Problem    string `json:"problem,omitempty"`          // of the first
}

// JSON writes the report as one indented object, and nothing else.
func (r Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the check as JSON: %w", err)
	}
	return nil
}
