package erptest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
)

// adapter is the office behind the port: the shortest one that keeps every promise.
type adapter struct {
	wire     *remote.Client
	password string
	unique   bool
	secrets  *remote.Secrets

	mu      sync.Mutex
	session string
}

const mostAtOnce = 50

func newAdapter(transport http.RoundTripper, password string, unique bool) (*adapter, error) {
	wire, err := remote.NewClient("https://office.example/", "payrecon", transport)
	return &adapter{wire: wire, password: password, unique: unique, secrets: remote.NewSecrets(password)}, err
}

func (a *adapter) Account() string { return "office.example" }

func (a *adapter) Capabilities() erp.Capabilities {
	return erp.Capabilities{Links: mostAtOnce, Bulk: mostAtOnce, Tags: true, KeepsKey: true}
}

func (a *adapter) FindBills(ctx context.Context, links []erp.Link) (erp.Found, error) {
	if len(links) > mostAtOnce {
		return erp.Found{}, refuse("too many links")
	}
	form := url.Values{"do": {"read"}}
	for _, link := range links {
		switch {
		case (link.Invoice == "") == (link.Bill == ""):
			return erp.Found{}, refuse("one of invoice and bill")
		case link.Bill != "":
			form.Add("id", link.Bill)
		default:
			form.Add("link", link.Invoice)
		}
	}
	if len(links) == 0 {
		return erp.Found{}, nil
	}
	got, err := a.call(ctx, form, false)
	return erp.Found{Bills: billsOf(got), Time: timeOf(got), Unique: a.unique}, err
}

func (a *adapter) ListBills(ctx context.Context, query erp.ListQuery) (erp.Listed, error) {
	form := url.Values{"do": {"list"}}
	if !query.ChangedSince.IsZero() {
		form.Set("since", strconv.FormatInt(query.ChangedSince.Unix(), 10))
	}
	if query.Cursor != "" {
		if !cursor.MatchString(query.Cursor) {
			return erp.Listed{}, refuse("no such cursor")
		}
		form.Set("after", query.Cursor[1:])
	}
	got, err := a.call(ctx, form, false)
	listed := erp.Listed{Bills: billsOf(got), Total: -1, Time: timeOf(got)}
	if n := len(got.Bills); n > 0 {
		last := got.Bills[n-1]
		listed.Next = "c" + last.ID
		if !query.ChangedSince.IsZero() {
			listed.Next = "c" + strconv.Itoa(last.Place)
		}
	}
	return listed, err
}

var cursor = regexp.MustCompile(`^c[1-9][0-9]{0,17}$`)

func (a *adapter) ReadBills(ctx context.Context, ids []string) ([]erp.Snapshot, error) {
	if len(ids) > mostAtOnce {
		return nil, refuse("too many bills")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	got, err := a.call(ctx, url.Values{"do": {"read"}, "id": ids}, false)
	var snapshots []erp.Snapshot
	for _, bill := range billsOf(got) {
		snapshots = append(snapshots, erp.Snapshot{Bill: bill})
	}
	return snapshots, err
}

func (a *adapter) WritePayments(ctx context.Context, writes []erp.Write) []error {
	outcomes := make([]error, len(writes))
	for i, w := range writes {
		form, err := step(w.Bill.Bill, w.Order)
		if err == nil && form != nil {
			_, err = a.call(ctx, form, true)
		}
		outcomes[i] = err
	}
	return outcomes
}

// step is the next request of an order, nil where there is nothing left to do.
func step(bill reconcile.Bill, order erp.Order) (url.Values, error) {
	if err := check(bill, order); err != nil {
		return nil, err
	}
	var held []reconcile.Payment
	open := bill.Total.Minor() - bill.Paid.Minor()
	for _, p := range bill.Payments {
		switch {
		case p.Tag == order.Key:
			held = append(held, p)
		case p.Pending != "":
			open -= p.Amount.Minor()
		}
	}
	form := url.Values{"bill": {bill.ID}, "key": {order.Key}, "payment": {order.Payment}}
	switch {
	case len(held) > 1 || len(held) == 1 && held[0].Amount != order.Amount:
		return nil, refuse("another payment has the key")
	case len(held) == 1 && held[0].Pending == "":
		return nil, nil
	case len(held) == 1:
		form.Set("do", "advance")
		form.Set("payment", held[0].ID)
		form.Set("from", held[0].Pending)
		return form, nil
	case order.Payment != "":
		form.Set("do", "key")
		return form, checkTarget(bill, order)
	case order.Amount.Minor() > open:
		return nil, refuse("more than is open")
	}
	form.Set("do", "create")
	form.Set("amount", order.Amount.String())
	form.Set("date", string(order.Date))
	return form, nil
}

var key = regexp.MustCompile(`^[A-Za-z0-9.-]{1,128}$`)

func check(bill reconcile.Bill, order erp.Order) error {
	_, err := money.ParseDate(string(order.Date))
	switch {
	case err != nil:
		return refuse("no date")
	case !bill.Confirmed:
		return refuse("a draft")
	case order.Amount.Sign() <= 0 || order.Amount.Currency() != bill.Total.Currency():
		return refuse("no amount of the bill's currency")
	case !key.MatchString(order.Key):
		return refuse("no key")
	}
	return nil
}

func checkTarget(bill reconcile.Bill, order erp.Order) error {
	i := slices.IndexFunc(bill.Payments, func(p reconcile.Payment) bool { return p.ID == order.Payment })
	switch {
	case i < 0:
		return erp.Stale{What: "the payment"}
	case bill.Payments[i].Fixed || bill.Payments[i].Tag != "":
		return refuse("it takes no key")
	}
	return nil
}

func refuse(text string) error { return erp.Refused{Text: text, Code: "office"} }

func billsOf(got says) (bills []reconcile.Bill) {
	for _, s := range got.Bills {
		bill := reconcile.Bill{
			ID: s.ID, Link: s.Link, Total: s.Total, Paid: s.Paid, Confirmed: s.Confirmed, Version: strconv.Itoa(s.Place), PaymentsRead: true,
		}
		for _, p := range s.Payments {
			one := reconcile.Payment{ID: p.ID, Tag: p.Key, Amount: p.Amount, Date: p.Date, Cancelled: p.State == "failed", Fixed: p.Line}
			if !one.Cancelled && p.State != states[3] {
				one.Pending = p.State
			}
			bill.Payments = append(bill.Payments, one)
		}
		bills = append(bills, bill)
	}
	return bills
}

func timeOf(got says) time.Time {
	if got.Time == 0 {
		return time.Time{}
	}
	return time.Unix(got.Time, 0)
}

// call sends one request within a session, and once more if that is over.
func (a *adapter) call(ctx context.Context, form url.Values, write bool) (says, error) {
	for again := false; ; again = true {
		session, err := a.login(ctx)
		if err != nil {
			if failed, passing := remote.As[erp.Unavailable](err); passing && write {
				err = erp.NotSent{Cause: failed.Cause}
			}
			return says{}, err
		}
		form.Set("session", session)
		got, err := a.exchange(ctx, form, write)
		switch {
		case err != nil:
			return says{}, err
		case got.Over && again:
			return says{}, erp.Unauthorized{Text: "the session is over"}
		case got.Over:
			a.drop(session)
		case got.Denied:
			return says{}, erp.Forbidden{Text: "a right is missing"}
		case got.Error != "":
			return says{}, erp.Refused{Text: a.secrets.Words(got.Error), Code: "office"}
		default:
			return got, nil
		}
	}
}

func (a *adapter) login(ctx context.Context) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.session != "" {
		return a.session, nil
	}
	got, err := a.exchange(ctx, url.Values{"do": {"login"}, "password": {a.password}}, false)
	switch {
	case err != nil:
		return "", err
	case got.Denied:
		return "", erp.Unauthorized{Text: "wrong password"}
	case got.Session == "":
		return "", erp.Unavailable{Cause: errors.New("no session")}
	}
	a.session = got.Session
	a.secrets.AddSession(got.Session)
	return a.session, nil
}

func (a *adapter) drop(session string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.session == session {
		a.session = ""
	}
}

func (a *adapter) exchange(ctx context.Context, form url.Values, write bool) (says, error) {
	response, err := a.wire.Do(ctx, remote.Request{Method: http.MethodPost, Form: form, Write: write})
	if err != nil {
		return says{}, err
	}
	uncertain := func(cause string) error {
		if write {
			return erp.OutcomeUnknown{Cause: errors.New(cause)}
		}
		return erp.Unavailable{Cause: errors.New(cause)}
	}
	switch response.Status {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return says{}, erp.Unauthorized{Text: "HTTP 401"}
	case http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		after := time.Duration(seconds) * time.Second
		return says{}, erp.Throttled{Until: response.Date.Add(after), After: after}
	default:
		return says{}, uncertain(fmt.Sprintf("HTTP %d", response.Status))
	}
	var got says
	decoder := json.NewDecoder(strings.NewReader(string(response.Body)))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&got) != nil || !got.Done && !got.Over && !got.Denied && got.Error == "" {
		return says{}, uncertain("no answer of the office's")
	}
	return got, nil
}
