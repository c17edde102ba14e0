//go:build unix

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// recordERP is an ERP with payment records, behind the port: what Erply cannot show.
type recordERP struct {
	mu       sync.Mutex
	name     string
	keepsKey bool
	bills    map[string]*reconcile.Bill
	made     int
	// outcomes are what the next writes answer; none left: they succeed.
	outcomes []outcome
	orders   []erp.Order
}

type outcome struct {
	err        error
	carriedOut bool
}

var _ erp.Adapter = (*recordERP)(nil)

// useRecordERP puts a company on an ERP with payment records instead of Erply.
func (f *field) useRecordERP(c *company, keepsKey bool) *recordERP {
	e := &recordERP{name: c.name, keepsKey: keepsKey, bills: map[string]*reconcile.Bill{}}
	system := "records-" + c.name
	f.registry[system] = func(decode func(any) error) (erp.Adapter, error) {
		var nothing struct{}
		return e, decode(&nothing)
	}
	c.erp = fmt.Sprintf("\n[company.erp]\nsystem = %q\n[company.erp.%s]\n", system, system)
	return e
}

func (e *recordERP) Account() string { return e.name }

func (e *recordERP) Capabilities() erp.Capabilities {
	return erp.Capabilities{Links: 100, Bulk: 100, Tags: true, KeepsKey: e.keepsKey}
}

func (e *recordERP) FindBills(_ context.Context, links []erp.Link) (erp.Found, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var found erp.Found
	for _, bill := range e.bills {
		if slices.ContainsFunc(links, func(l erp.Link) bool { return l.Bill == bill.ID || l.Invoice != "" && l.Invoice == bill.Link }) {
			listed := *bill
			listed.Payments, listed.PaymentsRead = nil, false
			found.Bills = append(found.Bills, listed)
		}
	}
	return found, nil
}

// ListBills gives the bills that carry a link in parts of two, in the order of their ids. It knows of no changes: it gives
// all bills where it is asked for those.
func (e *recordERP) ListBills(_ context.Context, query erp.ListQuery) (erp.Listed, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	listed := erp.Listed{Total: len(e.bills)}
	for _, id := range slices.Sorted(maps.Keys(e.bills)) {
		bill := *e.bills[id]
		if id <= query.Cursor || bill.Link == "" && query.ChangedSince.IsZero() {
			continue
		}
		if len(listed.Bills) == 2 {
			listed.Next = listed.Bills[1].ID
			break
		}
		bill.Payments, bill.PaymentsRead = nil, false
		listed.Bills = append(listed.Bills, bill)
	}
	return listed, nil
}

func (e *recordERP) ReadBills(_ context.Context, ids []string) ([]erp.Snapshot, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var snapshots []erp.Snapshot
	for _, id := range ids {
		bill, ok := e.bills[id]
		if !ok {
			continue
		}
		read := *bill
		read.Payments, read.PaymentsRead = slices.Clone(bill.Payments), true
		snapshots = append(snapshots, erp.Snapshot{Bill: read})
	}
	return snapshots, nil
}

func (e *recordERP) WritePayments(_ context.Context, writes []erp.Write) []error {
	e.mu.Lock()
	defer e.mu.Unlock()
	outcomes := make([]error, len(writes))
	for i, w := range writes {
		outcomes[i] = e.write(w.Bill, w.Order)
	}
	return outcomes
}

func (e *recordERP) write(snapshot erp.Snapshot, order erp.Order) error {
	result := outcome{carriedOut: true}
	if len(e.outcomes) > 0 {
		result, e.outcomes = e.outcomes[0], e.outcomes[1:]
	}
	if !result.carriedOut {
		return result.err
	}
	bill := e.bills[snapshot.Bill.ID]
	if bill.Version != snapshot.Bill.Version {
		return erp.Stale{What: "bill " + bill.ID}
	}
	e.orders = append(e.orders, order)
	if order.Payment != "" {
		i := slices.IndexFunc(bill.Payments, func(p reconcile.Payment) bool { return p.ID == order.Payment })
		if i < 0 {
			return erp.NotFound{What: "payment " + order.Payment}
		}
		bill.Payments[i].Tag = order.Key
	} else {
		key := order.Key
		if !e.keepsKey {
			key = ""
		}
		e.made++
		bill.Payments = append(bill.Payments, reconcile.Payment{ID: fmt.Sprintf("%s-%d", bill.ID, 900+e.made), Tag: key, Amount: order.Amount, Date: order.Date})
	}
	e.settle(bill)
	return result.err
}

// settle recomputes what is paid and moves the version.
func (e *recordERP) settle(bill *reconcile.Bill) {
	var sum int64
	for _, p := range bill.Payments {
		if !p.Cancelled {
			sum += p.Amount.Minor()
		}
	}
	bill.Paid, _ = money.FromMinor(sum, bill.Total.Currency())
	version, _ := strconv.Atoi(bill.Version)
	bill.Version = strconv.Itoa(version + 1)
}

// add makes a confirmed bill for an invoice.
func (e *recordERP) add(t *testing.T, id string, invoice int64, total string, payments ...reconcile.Payment) *reconcile.Bill {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	bill := &reconcile.Bill{ID: id, Link: strconv.FormatInt(invoice, 10), Total: amount(t, total), Confirmed: true, Version: "1", Payments: payments}
	e.settle(bill)
	e.bills[id] = bill
	return bill
}

// now is a copy of a bill as it stands.
func (e *recordERP) now(id string) reconcile.Bill {
	e.mu.Lock()
	defer e.mu.Unlock()
	bill := *e.bills[id]
	bill.Payments = slices.Clone(bill.Payments)
	return bill
}

func amount(t *testing.T, text string) money.Amount {
	t.Helper()
	a, err := money.Parse(text, "EUR")
	require.NoError(t, err)
	return a
}

var (
	refusedOutcome = outcome{err: erp.Refused{Code: "1016", Text: "the period is closed"}}
	unknownOutcome = outcome{err: erp.OutcomeUnknown{Cause: errNoAnswer}}
	lostOutcome    = outcome{err: erp.OutcomeUnknown{Cause: errNoAnswer}, carriedOut: true}
	errNoAnswer    = errors.New("connection reset")
)
