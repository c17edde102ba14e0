package report

import (
	"maps"
	"slices"

	"payrecon/internal/reconcile"
)

// reasons are the reason codes in the order of their precedence, each in the words of whoever has to settle it.
var reasons = []struct {
	reason reconcile.Reason
	words  string
}{
	{reconcile.Unreadable, "A value of the invoice or its bill cannot be read, so nothing of it was judged."},
	{reconcile.NoBill, "Payments are booked in Precoro, but no bill in the ERP carries the invoice's id. Create or link the bill."},
	{reconcile.AmbiguousBill, "More than one bill fits, or the links of the two sides disagree. Leave exactly one link."},
	{reconcile.CurrencyMismatch, "Invoice and bill are in different currencies. Correct the wrong one."},
	{reconcile.TotalMismatch, "Invoice and bill have different totals. Correct the wrong one, or allow a tolerance."},
	{reconcile.Overpaid, "One side holds more than the total, or would after the missing payment. Check which payment is wrong."},
	{reconcile.PossibleDuplicate, "Payments on the two sides may be the same, but not surely. Correct one, or record the missing one by hand."},
	{reconcile.DuplicatePayment, "Two payments carry the same key: one of them was booked twice. Cancel the wrong one."},
	{reconcile.AmountMismatch, "A payment was copied, and later one of the two amounts was changed. Make them equal again."},
	{reconcile.Reversed, "A payment was cancelled or removed on one side only. Do the same on the other, or restore it."},
	{reconcile.ListMismatch, "The payments of a document do not add up to what the document says is paid."},
	{reconcile.UnsupportedPayment, "A credit, a prepayment or an unknown kind of payment is involved. Settle it by hand."},
	{reconcile.NotConfirmed, "The bill in the ERP is a draft. Confirm it."},
	{reconcile.Rejected, "The other system refused the payment; its words are in the note."},
	{reconcile.Unverified, "After three tries nobody can say whether the payment was written. Look at both sides."},
}

func wordsOf(reason reconcile.Reason) string {
	for _, known := range reasons {
		if known.reason == reason {
			return known.words
		}
	}
	return "This reason is newer than this program; the note says more."
}

// inOrder gives the reasons of a count by precedence, then those that this program does not know.
func inOrder(counts map[reconcile.Reason]int) []reconcile.Reason {
	var order, unknown []reconcile.Reason
	for _, known := range reasons {
		if counts[known.reason] > 0 {
			order = append(order, known.reason)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		if counts[reason] > 0 && !slices.Contains(order, reason) {
			unknown = append(unknown, reason)
		}
	}
	return append(order, unknown...)
}
