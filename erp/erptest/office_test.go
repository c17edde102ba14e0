package erptest_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"payrecon/internal/money"
)

// office is an ERP that has what Erply has not: payments are records of their own, made in four steps, and people pay by
// such a record or by a line of a bank statement, in parts or in whole. It stands in for the HTTP transport.
type office struct {
	unique bool // it refuses a second payment with a key that is there

	mu       sync.Mutex
	now      time.Time
	serial   int // of sessions, bills, payments and changes
	sessions map[string]bool
	denied   bool
	bills    []*bill
	payments []*payment
}

type bill struct {
	ID        string
	Link      string
	Total     money.Amount
	Confirmed bool
	Text      string
	Changed   time.Time
	Place     int // in the list of changes
	Gone      bool
}

type payment struct {
	ID    string
	Bill  string
	Key   string
	State string // of states, or "failed"
	Line  bool   // of a bank statement

	Amount money.Amount
	Date   money.Date
}

// states are the steps in which a payment is made; it counts in the last of them.
var states = []string{"draft", "approved", "processing", "succeeded"}

// officePassword is the only user's.
const officePassword = "office-password"

func newOffice(unique bool) *office {
	return &office{unique: unique, now: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC), sessions: map[string]bool{}}
}

// says is what the office answers; Error is a refusal in words, and Over that the session is not known.
type says struct {
	Error   string `json:",omitempty"`
	Over    bool   `json:",omitempty"`
	Denied  bool   `json:",omitempty"`
	Session string `json:",omitempty"`
	Time    int64
	Bills   []stands
	Done    bool
}

// stands is a bill with what is paid.
type stands struct {
	bill
	Paid     money.Amount
	Payments []payment
}

// RoundTrip serves one request: a form with do, session and the fields of what is to be done.
func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	answer := o.serve(form)
	answer.Time = o.now.Unix()
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Date": {o.now.Format(http.TimeFormat)}}, Body: io.NopCloser(strings.NewReader(string(text))),
	}, nil
}

func (o *office) serve(form url.Values) says {
	if form.Get("do") == "login" {
		if form.Get("password") != officePassword {
			return says{Denied: true}
		}
		session := "secret-session-" + o.next()
		o.sessions[session] = true
		return says{Session: session, Done: true}
	}
	switch {
	case !o.sessions[form.Get("session")]:
		return says{Over: true}
	case o.denied:
		return says{Denied: true}
	}
	switch do := form.Get("do"); do {
	case "read":
		return says{Bills: o.which(func(b *bill) bool {
			return slices.Contains(form["id"], b.ID) || b.Link != "" && slices.Contains(form["link"], b.Link)
		}, 0), Done: true}
	case "list":
		return o.list(form)
	case "create", "advance", "key":
		if refusal := o.write(do, form); refusal != "" {
			return says{Error: refusal}
		}
		return says{Done: true}
	}
	return says{Error: "no such thing"}
}

// list gives 20 bills behind a place: all by id, or those changed since a time by when they changed.
func (o *office) list(form url.Values) says {
	since, _ := strconv.ParseInt(form.Get("since"), 10, 64)
	after, _ := strconv.Atoi(form.Get("after"))
	return says{Done: true, Bills: o.which(func(b *bill) bool {
		if since == 0 {
			id, _ := strconv.Atoi(b.ID)
			return b.Link != "" && id > after
		}
		return b.Place > after && b.Changed.Unix() >= since
	}, 20, since != 0)}
}

func (o *office) which(fits func(*bill) bool, most int, byChange ...bool) (found []stands) {
	for _, b := range o.bills {
		if !b.Gone && fits(b) {
			found = append(found, o.stands(b))
		}
	}
	if slices.Contains(byChange, true) {
		slices.SortFunc(found, func(a, b stands) int { return a.Place - b.Place })
	}
	if most > 0 {
		found = found[:min(most, len(found))]
	}
	return found
}

func (o *office) stands(b *bill) stands {
	s := stands{bill: *b}
	s.Paid, _ = money.FromMinor(0, b.Total.Currency())
	for _, p := range o.payments {
		if p.Bill != b.ID {
			continue
		}
		s.Payments = append(s.Payments, *p)
		if p.State == states[3] {
			s.Paid, _ = s.Paid.Add(p.Amount)
		}
	}
	return s
}

func (o *office) write(do string, form url.Values) (refusal string) {
	b := o.bill(form.Get("bill"))
	p := o.payment(form.Get("payment"))
	switch {
	case b == nil || b.Gone:
		return "no such bill"
	case do == "create":
		return o.create(b, form)
	case p == nil || p.Bill != b.ID:
		return "no such payment"
	case do == "key":
		if p.Key == "" {
			p.Key = form.Get("key")
		}
	case p.State == form.Get("from"):
		if refusal = o.advance(b, p); refusal != "" {
			return refusal
		}
	}
	o.touch(b)
	return ""
}

func (o *office) create(b *bill, form url.Values) (refusal string) {
	key := form.Get("key")
	if o.unique && slices.ContainsFunc(o.payments, func(p *payment) bool { return p.Key == key }) {
		return "the key must be unique"
	}
	p := &payment{Bill: b.ID, Key: key, State: states[0], Date: money.Date(form.Get("date"))}
	if err := p.Amount.UnmarshalText([]byte(form.Get("amount"))); err != nil {
		return "no amount"
	}
	o.enter(p)
	return ""
}

// advance takes a payment one step further; one that would pay more than the bill's total is stopped.
func (o *office) advance(b *bill, p *payment) (refusal string) {
	at := slices.Index(states, p.State)
	if at < 0 || at == len(states)-1 {
		return ""
	}
	if o.stands(b).Paid.Minor()+p.Amount.Minor() > b.Total.Minor() {
		return "more than is open"
	}
	p.State = states[at+1]
	return ""
}

func (o *office) enter(p *payment) {
	p.ID = "p" + o.next()
	o.payments = append(o.payments, p)
	o.touch(o.bill(p.Bill))
}

func (o *office) touch(b *bill) {
	b.Changed = o.now
	b.Place, _ = strconv.Atoi(o.next())
}

func (o *office) next() string {
	o.serial++
	return strconv.Itoa(o.serial)
}

func (o *office) bill(id string) *bill {
	i := slices.IndexFunc(o.bills, func(b *bill) bool { return b.ID == id })
	if i < 0 {
		return nil
	}
	return o.bills[i]
}

func (o *office) payment(id string) *payment {
	i := slices.IndexFunc(o.payments, func(p *payment) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return o.payments[i]
}

// people do something in the office.
func (o *office) people(do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do()
}

func (o *office) secrets() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string{officePassword}, slices.Collect(maps.Keys(o.sessions))...)
}
