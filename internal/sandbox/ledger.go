package sandbox

import (
	"fmt"
	"maps"
	"time"
)

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
	Changes  []Change  `json:"changes"`  // field by field, in a fixed order
	Answered bool      `json:"answered"` // false when a fault lost or spoiled the answer, or the client had hung up

	// Fault is what the request met that wrote this; of twice, only what the second delivery wrote has it.
	Fault FaultKind `json:"fault,omitempty"`
	// Sent is when the request of a late write came, zero for all others.
	Sent time.Time `json:"sent,omitzero"`
}

// Change is one field of a document before and after. An attribute's field is "attributes.<name>".
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ledger counts and remembers.
type ledger struct {
	requests  map[string]map[string]int
	throttled map[string]int
	faults    map[string]map[string]int // by side and Fault.Counted
	tenths    int
	writes    []Write
	written   map[string]int // by Write.Op
	alarms    []string
}

func newLedger() ledger {
	return ledger{
		requests:  map[string]map[string]int{precoroSide: {}, erplySide: {}},
		throttled: map[string]int{},
		faults:    map[string]map[string]int{precoroSide: {}, erplySide: {}},
		written:   map[string]int{},
	}
}

func (l *ledger) request(side, name string) { l.requests[side][name]++ }

func (l *ledger) throttle(side, limiter string) {
	l.throttled[side]++
	l.throttled[side+" "+limiter]++
}

// write adds a write; until anybody says otherwise it is answered.
func (l *ledger) write(w Write) {
	w.Answered = true
	l.writes = append(l.writes, w)
	l.written[w.Op]++
}

func (l *ledger) counters() Counters {
	c := Counters{
		Requests: map[string]map[string]int{}, Throttled: maps.Clone(l.throttled), Faults: map[string]map[string]int{},
		ErplyTenths: l.tenths, Writes: maps.Clone(l.written),
	}
	for _, side := range []string{precoroSide, erplySide} {
		c.Requests[side], c.Faults[side] = maps.Clone(l.requests[side]), maps.Clone(l.faults[side])
	}
	return c
}

// unanswered takes that back for the writes from one length of the ledger to another.
func (l *ledger) unanswered(from, to int) {
	for i := range l.writes[from:to] {
		l.writes[from+i].Answered = false
	}
}

// under says of all writes since the ledger had this length which fault they were made under.
func (l *ledger) under(kind FaultKind, since int) {
	for i := range l.writes[since:] {
		l.writes[since+i].Fault = kind
	}
}

// sent says of all writes since the ledger had this length when their request came.
func (l *ledger) sent(at time.Time, since int) {
	for i := range l.writes[since:] {
		l.writes[since+i].Sent = at
	}
}

func (l *ledger) alarm(format string, args ...any) {
	l.alarms = append(l.alarms, fmt.Sprintf(format, args...))
}
