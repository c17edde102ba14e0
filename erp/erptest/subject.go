// Package erptest is the conformance suite: what every ERP adapter promises (package erp), checked through the port and
// against the ERP's own books.
package erptest

import (
	"testing"
	"time"

	"payrecon/erp"
	"payrecon/internal/faulty"
	"payrecon/internal/money"
)

// Subject is an ERP and its adapter, as the suite needs them.
type Subject struct {
	// New makes an account that nobody else uses, without a bill that carries a link. It is called some fifteen times, from
	// tests that run at the same time.
	New func(t *testing.T) *Account

	// Cannot names what this ERP, or the way it is tested, is not capable of, and why. Everything that is not named here must
	// be there, and what is named must not.
	Cannot map[Ability]string

	// Currencies are those that bills can be in, the account's own first.
	Currencies []string
	// Days are those that payments can be made on. One of them is a 29 February, one a 31 December.
	Days []money.Date
	// Part is so many bills that a list of them, be it of all or of the changed ones, comes in more than one part.
	Part int
	// Requests is how many HTTP requests one call of the adapter sends at most, those to log in apart.
	Requests int
	// Once: an order that is written again upon the bill as it was before, or by several writers at once, makes one payment.
	// It must be so wherever Found.Unique is. Where it is not, each writer that has read before may make one: callers see to
	// it that there is one writer, who reads before each write.
	Once bool

	// Themes are those of the suite that are run, all of them if empty: for an ERP that was through all of it, when only
	// something about its writes is different.
	Themes []string
	// Costly: one payment takes the ERP the better part of a second. What says the same again in another way is left out.
	Costly bool
}

// Ability is what one ERP can do and another cannot.
type Ability string

// The abilities.
const (
	Drafts          Ability = "drafts"           // bills that are not confirmed
	ManyCurrencies  Ability = "many currencies"  // bills in another currency than the account's own
	Parts           Ability = "parts"            // so many bills that a list has several parts
	Removal         Ability = "removal"          // bills that go away
	PartPayments    Ability = "part payments"    // people pay a part of a bill
	Reversal        Ability = "reversal"         // people take back what they have paid
	OwnReversal     Ability = "own reversal"     // people take back what payrecon has paid
	Tags            Ability = "tags"             // people's payments can be given a key (Capabilities.Tags)
	ForeignTags     Ability = "foreign tags"     // people's payments can carry a text where a key would stand
	LongKeys        Ability = "long keys"        // any key of 128 letters, digits, dots and dashes
	MissingRights   Ability = "missing rights"   // the login can lack a right
	MovableClock    Ability = "movable clock"    // the ERP's clock can be put forward
	CountedRequests Ability = "counted requests" // the ERP itself says what the requests cost (Capabilities.PerHour)
)

// Account is one account of the ERP with everybody who works on it. What stands for an ability is nil where the Subject
// cannot do it.
type Account struct {
	// Adapter is the one under test, Wire what its HTTP goes through.
	Adapter erp.Adapter
	Wire    *faulty.Transport
	// Other is a second adapter on the same account, with a session and a transport of its own and without faults.
	Other erp.Adapter
	// Intruder makes an adapter with a wrong password on Wire.
	Intruder func(t *testing.T) erp.Adapter
	// Secrets are all credentials that may be known to Adapter now: passwords, tokens, sessions.
	Secrets func() []string

	// IsLogin and IsWrite tell by a request what it is for. A login is whatever is needed to get a session.
	IsLogin, IsWrite faulty.Match
	// Refusal is an answer by which the ERP refuses a write for good, with as much as it can of these words in it.
	Refusal func(words string) (status int, body string)
	// ExpireSessions ends all sessions on the account, as time does.
	ExpireSessions func(t *testing.T)
	// Deny takes a right from the login that it needs for reading and for writing. (MissingRights)
	Deny func(t *testing.T)

	// Now is the ERP's clock, and Advance puts it forward. (MovableClock)
	Now     func() time.Time
	Advance func(d time.Duration)
	// Spent is what all requests so far have cost by the ERP's own count, in thousandths of a request. (CountedRequests)
	Spent func() int

	// AddBills makes bills, in this order, and returns their ids.
	AddBills func(t *testing.T, specs ...BillSpec) []string
	// Edit lets somebody write a text upon a bill, in a field that payrecon has no use for and that takes several lines of
	// any text, and Text is what stands there.
	Edit func(t *testing.T, bill, text string)
	Text func(t *testing.T, bill string) string
	// Remove deletes a bill. (Removal)
	Remove func(t *testing.T, bill string)
	// Books are what the ERP itself holds of a bill, asked past the adapter.
	Books func(t *testing.T, bill string) Books

	// Ways are those in which people pay, at least one, by name.
	Ways map[string]Way
	// TakeBack takes back a payment of payrecon's, upon a bill that it has paid in whole. (OwnReversal)
	TakeBack func(t *testing.T, bill, key string)
	// PayTagged pays a bill in whole and writes the text where a key would stand. (ForeignTags)
	PayTagged func(t *testing.T, bill, text string)
}

// BillSpec is a bill to be made. It is confirmed unless it is a draft.
type BillSpec struct {
	Link  string // what its external-ID field holds, "" for nothing
	Total money.Amount
	Draft bool // (Drafts)
	Text  string
}

// Way is one in which people pay.
type Way struct {
	// Pay pays so much of the bill today. Where Whole is true it is never asked for less than all that is open. (One that is not
	// Whole: PartPayments)
	Pay   func(t *testing.T, bill string, amount money.Amount)
	Whole bool
	// TakeBack takes all that was paid this way back, nil where nobody can. (At least one way: Reversal)
	TakeBack func(t *testing.T, bill string)
	// Fixed: what is paid this way cannot be given a key. (At least one way that is not: Tags)
	Fixed bool
}

// Books are one bill in the ERP's own books.
type Books struct {
	Total, Paid money.Amount
	// Payments are all records of payments, those that do not count among them.
	Payments []Entry
}

// Entry is a record of a payment.
type Entry struct {
	Key     string // what stands where a key would, "" for nothing
	Amount  money.Amount
	Date    money.Date
	Counted bool // it is a part of what is paid: neither under way nor taken back
}
