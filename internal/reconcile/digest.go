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
		lines = append(lines, fmt.Sprintf("%d %q %t %s %s %s %s %q", p.Invoice, p.Bill, w.Adopt, w.Direction, w.Key, w.Amount, w.Date, w.Target))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:8])
}
