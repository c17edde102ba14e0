// Package sandbox is Precoro and Erply as they behave, in memory: the judge of end-to-end tests and the other half of
// the demo. What the real APIs would refuse it refuses, and what a client got wrong is an error and an alarm, never
// silence. It shares no code with the clients (only exact amounts), so that a misunderstanding shows.
//
// Facts come from Precoro's help pages, Erply's documentation and production connectors. Where those leave a choice, the
// sandbox takes the reading that hurts a careless client more.
package sandbox

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Options describe one Precoro company and one Erply account.
type Options struct {
	Now    func() time.Time // the clock of both servers and of all limits; nil = time.Now
	Limits Limits           // zero value = the real limits

	Email, Token                   string // Precoro; "robot@example.com", "precoro-token"
	ClientCode, Username, Password string // Erply; "123456", "robot", "erply-password"

	LaxOverpay             bool // Precoro accepts payments above the remainder, so that a second payment shows instead of being refused
	IgnoreExternalIDOnPost bool // Precoro drops externalId in POST /payments: acceptance there is unproven
	LenientErply           bool // omitted header fields of an update stay unchanged; else the create-defaults apply

	// Before is called before each request to Precoro or Erply is looked at, without any lock: it is where people work between
	// two requests, by AddPayment, EditBill and the like. The route is the name that a Fault is matched by: "POST /payments",
	// for Erply the call's name or "bulk", and "unknown" for what neither system has. Requests that come at the same time call
	// it at the same time. nil = nobody does anything.
	Before func(side, route string)

	// Asked is told of each request to Precoro or Erply, without any lock, when it is known which fault it meets, and before
	// anything is done for it. nil = nobody listens.
	Asked func(Asked)
}

// Limits are the budgets of both APIs. Zero is the real value; they can be turned down or up, never off.
type Limits struct {
	PrecoroPerSecond int           // 1
	PrecoroPerHour   int           // 1500
	PrecoroPerDay    int           // 3000
	SameGet          time.Duration // how long the same GET is refused: 60 s
	ErplyPerHour     int           // 1000 requests by the clock's hour
	ErplyPer30s      int           // 150 requests in 30 s
}

// Sandbox is one Precoro company and one Erply account. All methods may be called from several goroutines.
type Sandbox struct {
	opts Options

	precoroOpen, erplyOpen atomic.Int64 // requests at work: outside of mu, or there would never be two

	mu      guard
	world   world
	ledger  ledger
	faults  []*Fault
	late    []lateRequest // by the time they are due at
	precoro precoroLimits
	erply   erplyLimits
	logins  logins // Erply's sessions

	pretended time.Time // not zero while a late request is carried out
}

// New makes an empty world.
func New(opts Options) *Sandbox {
	opts = withDefaults(opts)
	s := &Sandbox{
		opts:    opts,
		world:   newWorld(),
		ledger:  newLedger(),
		precoro: newPrecoroLimits(opts.Limits),
		erply:   newErplyLimits(opts.Limits),
		logins:  newLogins(),
	}
	s.mu.catchUp = s.catchUp
	return s
}

func withDefaults(o Options) Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Before == nil {
		o.Before = func(string, string) {}
	}
	if o.Asked == nil {
		o.Asked = func(Asked) {}
	}
	orText(&o.Email, "robot@example.com")
	orText(&o.Token, "precoro-token")
	orText(&o.ClientCode, "123456")
	orText(&o.Username, "robot")
	orText(&o.Password, "erply-password")
	orNumber(&o.Limits.PrecoroPerSecond, 1)
	orNumber(&o.Limits.PrecoroPerHour, 1500)
	orNumber(&o.Limits.PrecoroPerDay, 3000)
	orNumber(&o.Limits.SameGet, time.Minute)
	orNumber(&o.Limits.ErplyPerHour, 1000)
	orNumber(&o.Limits.ErplyPer30s, 150)
	return o
}

func orText(field *string, fallback string) {
	if *field == "" {
		*field = fallback
	}
}

// orNumber takes negative values for zero too: no limit can be turned off.
func orNumber[N int | time.Duration](field *N, fallback N) {
	if *field <= 0 {
		*field = fallback
	}
}

// Handler serves /precoro/..., /erply/api/ and /_sandbox/...
func (s *Sandbox) Handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }
