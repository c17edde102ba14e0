package reconcile

import (
	"slices"
	"strings"
)

// A key is our external ID of one payment: made from the other side's id and nothing else, because an edited amount is
// not a new payment.
const (
	precoroPrefix = "pr." // in the ERP, names a Precoro payment
	erpPrefix     = "er." // in Precoro, names an ERP payment
)

// maxKey is what a key may measure; its characters are those of [A-Za-z0-9.-], the narrowest field that holds keys.
const maxKey = 128

// KeyInERP is the key that an ERP payment carries for the Precoro payment with this id.
func KeyInERP(precoroPayment string) string { return precoroPrefix + precoroPayment }

// KeyInPrecoro is the key that a Precoro payment carries for the ERP payment with this id.
func KeyInPrecoro(erpPayment string) string { return erpPrefix + erpPayment }

// ForPrecoro tells whether a bill holds a payment that Precoro may lack: one that does not carry the key of a Precoro
// payment. Where the payments are not known, that anything is paid says so.
func (b Bill) ForPrecoro() bool {
	if b.Problem != "" || !b.PaymentsRead {
		return b.Paid.Sign() != 0
	}
	return slices.ContainsFunc(b.Payments, func(p Payment) bool {
		_, ours := named(p.Tag, precoroPrefix)
		return !p.Cancelled && p.Pending == "" && !ours
	})
}

// ValidKey tells whether both systems can hold the text as a key unchanged.
func ValidKey(key string) bool {
	if key == "" || len(key) > maxKey {
		return false
	}
	for _, r := range key {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-':
		default:
			return false
		}
	}
	return true
}

// named is the other side's id that a tag names. A tag we did not write is tried as the bare id; ours tells it apart.
func named(tag, prefix string) (id string, ours bool) {
	if id, ours = strings.CutPrefix(tag, prefix); ours {
		return id, true
	}
	return tag, false
}
