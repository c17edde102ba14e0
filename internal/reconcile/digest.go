package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Planned is one write of a run, with the documents it is about.
type Planned struct {
	Invoice int64 // idn
	Bill    string
	Write   Write
}

// Digest names a complete plan: 16 hexadecimal digits that are the same for the same writes in any order, and others as
// soon as one differs. The digest of a plan without writes is "".
func Digest(plan []Planned) string {
	if len(plan) == 0 {
		return ""
	}
	lines := make([]string, 0, len(plan))
	for _, p := range plan {
		w := p.Write
		lines = append(lines, fmt.Sprintf("%d %q %t %s %s %s %s %q %t", p.Invoice, p.Bill, w.Adopt, w.Direction, w.Key, w.Amount, w.Date, w.Target, w.TagBack))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:8])
}

// State names both documents as the listings show them, and the policy they are judged by: as long as it is the same, so
// is every judgement that rests on them and on payment lists that did not change their totals.
func State(p Policy, inv Invoice, bill Bill) string {
	text := fmt.Sprintf("%d %d %d %s %s %q %q | %q %q %s %s %t %q %q | %s %d %d %s %t",
		inv.ID, inv.IDN, inv.Status, inv.Total, inv.Paid, inv.ExternalID, inv.Problem,
		bill.ID, bill.Link, bill.Total, bill.Paid, bill.Confirmed, bill.Version, bill.Problem,
		p.Start, p.AdoptDays, p.Tolerance.of(inv.Total.Currency()), p.Direction, p.TagsERP)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
