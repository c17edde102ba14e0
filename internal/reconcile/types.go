// Package reconcile is the pure heart of payrecon: it pairs the payments of an invoice with those of its bill and decides
// what is missing where. It does no I/O, knows no clock and no Temporal; the same input gives the same decision, in any
// order.
package reconcile

import "payrecon/internal/money"

// Invoice statuses of Precoro that take part.
const (
	StatusApproved   = 2
	StatusPartlyPaid = 4
	StatusPaid       = 5
)

// Invoice is one Precoro invoice as its listing shows it. The JSON names are short because histories hold every invoice
// of a run, at about a hundred bytes each.
type Invoice struct {
	ID         int64        `json:"i"`           // database id, what a payment is created with
	IDN        int64        `json:"n"`           // document number, what people and paths use
	Status     int          `json:"s,omitempty"` // 2, 4 or 5
	Total      money.Amount `json:"t"`
	Paid       money.Amount `json:"p"`
	ExternalID string       `json:"x,omitempty"` // what Precoro's external-ID field holds: the bill's id, if anything
	LeftOut    bool         `json:"l,omitempty"` // credit note or split-cost child: counted, never touched
	Problem    string       `json:"e,omitempty"` // what of the row could not be read; then nothing else of it is to be trusted
}

// Bill is the ERP's purchase document for an invoice.
type Bill struct {
	ID        string       `json:"id"`
	Link      string       `json:"link,omitempty"` // what its external-ID field holds: the Precoro invoice it says it is for
	Total     money.Amount `json:"total"`
	Paid      money.Amount `json:"paid"` // what the ERP says is paid
	Confirmed bool         `json:"confirmed,omitempty"`
	Version   string       `json:"version,omitempty"` // opaque; another one means that it or one of its payments was edited, or cannot be read now
	Problem   string       `json:"problem,omitempty"` // what of it could not be read
	// Payments are in no order. They are complete only where PaymentsRead says so: some ERPs need another request.
	Payments     []Payment `json:"payments,omitempty"`
	PaymentsRead bool      `json:"payments_read,omitempty"`
}

// Payment is one payment record on either side.
type Payment struct {
	ID     string       `json:"id"`            // on its own side
	Ref    string       `json:"ref,omitempty"` // what its own side wants in a path instead of the ID (Precoro: the idn)
	Tag    string       `json:"tag,omitempty"` // its external-ID field, whoever wrote it
	Amount money.Amount `json:"amount"`
	Date   money.Date   `json:"date,omitempty"`
	// Cancelled payments do not count. That one is listed at all shows that half of a pair was taken back.
	Cancelled bool `json:"cancelled,omitempty"`
	// Unsupported payments count in the sum and are never copied: credits, prepayments, unknown kinds.
	Unsupported bool `json:"unsupported,omitempty"`
	// Pending is the step that a payment has reached which is not made yet, in its own side's words ("draft"); "" once it is
	// made. A pending payment counts in no sum and is never copied. One with our key is taken further by writing it again.
	Pending string `json:"pending,omitempty"`
	// Fixed payments cannot be given a key: they are no record of their own, such as a line of a bank statement.
	Fixed bool `json:"fixed,omitempty"`
	// Derived is no record of its own: it is what a paid flag says beyond the records. At most one a bill, its ID is
	// the bill's with DerivedSuffix.
	Derived bool   `json:"derived,omitempty"`
	Problem string `json:"problem,omitempty"` // what of it could not be read
}

// DerivedSuffix makes the ID of a derived payment out of its bill's.
const DerivedSuffix = ".paid"

// Direction says on which side a payment is created.
type Direction string

// Directions, as they stand in requests and reports.
const (
	ToERP     Direction = "to_erp"
	ToPrecoro Direction = "to_precoro"
	Both      Direction = "both"
)

// Allows tells whether a run in direction d may write in direction one (ToERP or ToPrecoro).
func (d Direction) Allows(one Direction) bool { return d == Both || d == one }

// Reason is why a difference must not be settled by a machine.
type Reason string

// Reasons in order of precedence: the first that fits is the one reported.
const (
	Unreadable         Reason = "unreadable" // a value that cannot be read; nothing else of the invoice can be judged
	NoBill             Reason = "no_bill"
	AmbiguousBill      Reason = "ambiguous_bill"
	CurrencyMismatch   Reason = "currency_mismatch"
	TotalMismatch      Reason = "total_mismatch"
	Overpaid           Reason = "overpaid"
	PossibleDuplicate  Reason = "possible_duplicate"
	DuplicatePayment   Reason = "duplicate_payment"
	AmountMismatch     Reason = "amount_mismatch"
	Reversed           Reason = "reversed"
	ListMismatch       Reason = "list_mismatch"
	UnsupportedPayment Reason = "unsupported_payment"
	NotConfirmed       Reason = "not_confirmed"
	Rejected           Reason = "rejected"
	Unverified         Reason = "unverified"
)

// Exception is a difference left to people, and what one needs to see in it.
type Exception struct {
	Reason Reason `json:"reason"`
	Note   string `json:"note,omitempty"`
}
