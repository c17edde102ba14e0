package sandbox

import "time"

// Write is one write that took effect through an API, whether or not the client ever heard of it. What people do
// (AddPayment, EditBill, ...) is not in the ledger.
type Write struct {
	At       time.Time `json:"at"`
	Side     string    `json:"side"`     // "precoro" or "erply"
	Op       string    `json:"op"`       // "POST /payments", "PATCH /payments/{idn}", "PATCH /invoices/{idn}", "savePurchaseDocument", ...
	Document string    `json:"document"` // the invoice's idn, the bill's id
	ID       int64     `json:"id"`       // database id of the payment, invoice or bill that was written
	Key      string    `json:"key"`      // the external ID that was sent; in Erply the attributes' names, comma separated
	Amount   string    `json:"amount"`   // of a payment
	Currency string    `json:"currency"`
	Date     string    `json:"date"`     // of a payment
	Before   string    `json:"before"`   // what the invoice said is paid; a tag's old value; in Erply "paid=0" and every other field that changed
	After    string    `json:"after"`    // the same afterwards
	Changes  []Change  `json:"changes"`  // field by field
	Answered bool      `json:"answered"` // false when a fault lost or spoiled the answer
}

// Change is one field of a document before and after.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

type ledger struct{}

func newLedger() ledger { return ledger{} }
