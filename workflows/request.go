package workflows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"payrecon/internal/reconcile"
)

// Modes of a run.
const (
	ModeApply = "apply"
	ModePlan  = "plan"
)

// Scopes of a run.
const (
	ScopeAuto    = "auto"
	ScopeChanges = "changes"
	ScopeFull    = "full"
	ScopeDeep    = "deep"
)

// maxInvoices bounds Request.Invoices: each is one GET.
const maxInvoices = 100

// Request is the input of ReconcilePayments: one JSON object, every field optional. `{}`, `null` and no input at all are
// a valid run of the only configured company. What is wrong with it is reported by the workflow, not by the decoder: an
// input that cannot be decoded would otherwise fail without a word on what is accepted.
type Request struct {
	Company   string              `json:"company,omitempty"`   // name in the configuration; default: the only one
	Mode      string              `json:"mode,omitempty"`      // apply (default) or plan
	Scope     string              `json:"scope,omitempty"`     // auto (default), changes, full, deep
	Since     string              `json:"since,omitempty"`     // RFC 3339; for both feeds, instead of the watermarks: the scope is then changes
	Direction reconcile.Direction `json:"direction,omitempty"` // both (default), to_erp, to_precoro
	Invoices  []int64             `json:"invoices,omitempty"`  // Precoro document numbers, at most 100: only these
	Approve   string              `json:"approve,omitempty"`   // digest of a plan that was over the caps
	Wait      string              `json:"wait,omitempty"`      // how long to wait for its turn, a Go duration; default 1h

	problem string // what the input got wrong, "" if nothing
}

// UnmarshalJSON never fails: it keeps the first problem for the workflow to report.
func (r *Request) UnmarshalJSON(data []byte) error {
	*r = Request{}
	if err := r.decode(data); err != nil {
		r.problem = err.Error()
	}
	return nil
}

// requestFields are the accepted fields, each with where it goes and what it accepts.
func (r *Request) requestFields() map[string]field {
	return map[string]field{
		"company":   {&r.Company, "the name of a configured company"},
		"mode":      {&r.Mode, acceptsMode},
		"scope":     {&r.Scope, acceptsScope},
		"since":     {&r.Since, acceptsSince},
		"direction": {&r.Direction, acceptsDirection},
		"invoices":  {(*invoiceNumbers)(&r.Invoices), acceptsInvoices},
		"approve":   {&r.Approve, acceptsApprove},
		"wait":      {&r.Wait, acceptsWait},
	}
}

type field struct {
	into    any
	accepts string
}

// What each field accepts, in the words of its error.
const (
	acceptsMode      = `"apply" or "plan"`
	acceptsScope     = `"auto", "changes", "full" or "deep"`
	acceptsSince     = `a time in RFC 3339 such as "2026-03-14T00:00:00Z"`
	acceptsDirection = `"both", "to_erp" or "to_precoro"`
	acceptsInvoices  = `at most 100 Precoro document numbers such as [1042, "1043"]`
	acceptsApprove   = `the digest of a plan, 16 hexadecimal digits`
	acceptsWait      = `a duration from "0s" to "24h"`
)

func (r *Request) decode(data []byte) error {
	if text := bytes.TrimSpace(data); len(text) == 0 || bytes.Equal(text, []byte("null")) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("the request is %s, accepted is one JSON object such as {} or {\"mode\":\"plan\"}", shown(data))
	}
	fields, named := r.requestFields(), map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return fmt.Errorf("the request is not valid JSON: %w", err)
		}
		name := fmt.Sprint(token) // a key of a JSON object is a string
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return fmt.Errorf("the request is not valid JSON: %w", err)
		}
		target, known := fields[name]
		switch {
		case !known:
			return fmt.Errorf("%s: is no field of a request, accepted are company, mode, scope, since, direction, invoices, approve and wait", shown([]byte(name)))
		case named[name]:
			return fmt.Errorf("%s: is named twice, accepted is each field once", name)
		}
		named[name] = true
		if err := json.Unmarshal(value, target.into); err != nil {
			return fmt.Errorf("%s: %s is not accepted, accepted: %s", name, shown(value), target.accepts)
		}
	}
	return nil
}

// shown bounds a piece of the input for an error.
func shown(data []byte) string {
	const most = 60
	text := strings.ToValidUTF8(string(data), "?")
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// invoiceNumbers accepts numbers and numeric strings, as people type them into the Temporal UI.
type invoiceNumbers []int64

func (n *invoiceNumbers) UnmarshalJSON(data []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	for _, one := range raw {
		number, err := strconv.ParseInt(strings.Trim(string(one), `"`), 10, 64)
		if err != nil {
			return err
		}
		*n = append(*n, number)
	}
	return nil
}

// Job is a request as it was understood: complete, and equal for equal wishes. Inside payrecon it is decoded leniently,
// so that an older worker can read a newer one's.
type Job struct {
	Mode      string              `json:"mode"`
	Scope     string              `json:"scope"`
	Since     string              `json:"since,omitempty"`
	Direction reconcile.Direction `json:"direction"`
	Invoices  []int64             `json:"invoices,omitempty"` // ascending, without repetition
	Approve   string              `json:"approve,omitempty"`
}

// writes tells whether the job may change anything.
func (j Job) writes() bool { return j.Mode == ModeApply }

// same tells whether one run serves both.
func (j Job) same(other Job) bool {
	return j.Mode == other.Mode && j.Scope == other.Scope && j.Since == other.Since && j.Direction == other.Direction &&
		j.Approve == other.Approve && slices.Equal(j.Invoices, other.Invoices)
}

var digestPattern = regexp.MustCompile(`^[0-9a-f]{16}$`)

// job validates the request. Errors name the field, its value and what is accepted.
func (r Request) job() (Job, time.Duration, error) {
	if r.problem != "" {
		return Job{}, 0, invalid("%s", r.problem)
	}
	j := Job{
		Mode: orDefault(r.Mode, ModeApply), Scope: orDefault(r.Scope, ScopeAuto), Since: r.Since,
		Direction: orDefault(r.Direction, reconcile.Both), Approve: r.Approve,
	}
	if !slices.Contains([]string{ModeApply, ModePlan}, j.Mode) {
		return Job{}, 0, invalidField("mode", j.Mode, acceptsMode)
	}
	if !slices.Contains([]string{ScopeAuto, ScopeChanges, ScopeFull, ScopeDeep}, j.Scope) {
		return Job{}, 0, invalidField("scope", j.Scope, acceptsScope)
	}
	if !slices.Contains([]reconcile.Direction{reconcile.Both, reconcile.ToERP, reconcile.ToPrecoro}, j.Direction) {
		return Job{}, 0, invalidField("direction", string(j.Direction), acceptsDirection)
	}
	if r.Since != "" {
		if _, err := time.Parse(time.RFC3339, r.Since); err != nil {
			return Job{}, 0, invalidField("since", r.Since, acceptsSince)
		}
		if j.Scope == ScopeFull || j.Scope == ScopeDeep {
			return Job{}, 0, invalid("since: %q is not accepted beside scope %q, accepted: scope %q or %q", shown([]byte(r.Since)), j.Scope, ScopeAuto, ScopeChanges)
		}
	}
	if r.Approve != "" && !digestPattern.MatchString(r.Approve) {
		return Job{}, 0, invalidField("approve", r.Approve, acceptsApprove)
	}
	if len(r.Invoices) > maxInvoices {
		return Job{}, 0, invalid("invoices: %d numbers are too many, accepted: %s", len(r.Invoices), acceptsInvoices)
	}
	for _, idn := range r.Invoices {
		if idn <= 0 {
			return Job{}, 0, invalidField("invoices", strconv.FormatInt(idn, 10), acceptsInvoices)
		}
	}
	j.Invoices = slices.Compact(slices.Sorted(slices.Values(r.Invoices)))
	wait, err := time.ParseDuration(orDefault(r.Wait, defaultWait))
	if err != nil || wait < 0 || wait > 24*time.Hour {
		return Job{}, 0, invalidField("wait", r.Wait, acceptsWait)
	}
	return j, wait, nil
}

func orDefault[T ~string](value, otherwise T) T {
	if value == "" {
		return otherwise
	}
	return value
}
