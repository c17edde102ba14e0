//go:build unix

package tryton_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erptest"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/internal/trytond"
)

// agree checks that a bill is read as Tryton's ledger holds it.
func (d *desk) agree(t *testing.T, adapter erp.Adapter, id string) reconcile.Bill {
	t.Helper()
	bill := readOne(t, adapter, id).Bill
	ledger, err := d.people.Ledger(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, bill.Problem)
	require.Equal(t, []any{ledger.Reference, ledger.Total, ledger.Paid}, []any{bill.Link, bill.Total, bill.Paid})
	require.Equal(t, ledger.State == "posted" || ledger.State == "paid", bill.Confirmed)
	want := []reconcile.Payment{}
	for _, r := range ledger.Payments {
		p := reconcile.Payment{ID: "p" + r.ID, Tag: r.Key, Amount: r.Amount, Date: r.Date, Cancelled: r.State == "failed"}
		if r.State != "failed" && r.State != "succeeded" {
			p.Pending = r.State
		}
		want = append(want, p)
	}
	for _, l := range ledger.Lines {
		plain := l.Origin == "account.invoice,"+id || strings.HasPrefix(l.Origin, "account.statement,")
		want = append(want, reconcile.Payment{ID: "l" + l.ID, Amount: l.Amount, Date: l.Date, Fixed: true, Unsupported: !plain})
	}
	require.ElementsMatch(t, want, bill.Payments)
	return bill
}

// scene is a desk within a test.
type scene struct {
	*desk

	t       *testing.T
	adapter erp.Adapter
}

func (s *scene) add(bill trytond.Bill) string {
	s.t.Helper()
	bill.Reference = s.t.Name()
	id, err := s.people.AddBill(s.t.Context(), bill)
	require.NoError(s.t, err)
	return id
}

func (s *scene) read(bill string) erp.Snapshot {
	s.t.Helper()
	return readOne(s.t, s.adapter, bill)
}

func (s *scene) agreed(bill string) reconcile.Bill {
	s.t.Helper()
	return s.agree(s.t, s.adapter, bill)
}

// pay takes an order to its end.
func (s *scene) pay(bill string, order erp.Order) error {
	s.t.Helper()
	_, err := erptest.Pay(s.t.Context(), s.adapter, bill, order)
	return err
}

func (s *scene) step(snapshot erp.Snapshot, order erp.Order) error {
	s.t.Helper()
	return erptest.Write(s.t.Context(), s.adapter, snapshot, order)
}

func (s *scene) order(key, currency, amount string) erp.Order {
	s.t.Helper()
	return erp.Order{Key: key, Amount: in(s.t, currency, amount), Date: today()}
}

func today() money.Date { return money.DateOf(time.Now(), time.UTC) }

func TestABillIsReadAsTheLedgerHoldsIt(t *testing.T) { //nolint:tparallel // one after another, see desk
	t.Parallel()
	d := newDesk(t, true)
	adapter := d.account(t).Adapter
	for name, play := range map[string]func(s *scene){ //nolint:paralleltest // one after another, see desk
		"a payment of the second instalment": func(s *scene) {
			bill := s.add(trytond.Bill{Total: "100.01", Instalments: 2})
			_, err := s.people.PayByRecord(s.t.Context(), trytond.Payment{Bill: bill, Amount: "1.00"})
			require.NoError(s.t, err)
			s.agreed(bill)
			require.NoError(s.t, s.pay(bill, s.order("pr.1", "EUR", "50.00")))
			require.Equal(s.t, eur(s.t, "51.00"), s.agreed(bill).Paid)
			require.NoError(s.t, s.pay(bill, s.order("pr.2", "EUR", "49.00")))
			require.Equal(s.t, eur(s.t, "100.00"), s.agreed(bill).Paid)
			requireA[erp.Refused](s.t, s.pay(bill, s.order("pr.3", "EUR", "0.02")))
		},
		"all ways at once, of each a part": func(s *scene) {
			bill := s.add(trytond.Bill{Total: "100.00"})
			require.NoError(s.t, s.pay(bill, s.order("pr.4", "EUR", "10.00")))
			require.NoError(s.t, s.people.PayByWizard(s.t.Context(), bill, "20.00", ""))
			require.NoError(s.t, s.people.PayByStatement(s.t.Context(), bill, "30.00", ""))
			_, err := s.people.PayByRecord(s.t.Context(), trytond.Payment{Bill: bill, Amount: "15.00", State: "draft"})
			require.NoError(s.t, err)
			require.Equal(s.t, eur(s.t, "60.00"), s.agreed(bill).Paid)
			requireA[erp.Refused](s.t, s.pay(bill, s.order("pr.5", "EUR", "30.00"))) // the draft claims a part of it
			require.NoError(s.t, s.pay(bill, s.order("pr.5", "EUR", "25.00")))
			require.Equal(s.t, eur(s.t, "85.00"), s.agreed(bill).Paid)
		},
		"ours, taken back": func(s *scene) {
			bill, order := s.add(trytond.Bill{Total: "100.00"}), s.order("pr.6", "EUR", "100.00")
			require.NoError(s.t, s.pay(bill, order))
			require.NoError(s.t, s.people.Fail(s.t.Context(), strings.TrimPrefix(s.agreed(bill).Payments[0].ID, "p")))
			require.Zero(s.t, s.agreed(bill).Paid.Sign())
			require.ErrorContains(s.t, s.step(s.read(bill), order), "has failed")
		},
		"what fails behind our back stays failed": func(s *scene) {
			bill, order := s.add(trytond.Bill{Total: "100.00"}), s.order("pr.9", "EUR", "100.00")
			for range 3 {
				require.NoError(s.t, s.step(s.read(bill), order))
			}
			processing := s.read(bill)
			require.Equal(s.t, "processing", processing.Bill.Payments[0].Pending)
			require.NoError(s.t, s.people.Fail(s.t.Context(), strings.TrimPrefix(processing.Bill.Payments[0].ID, "p")))
			requireA[erp.Stale](s.t, s.step(processing, order))
			require.True(s.t, s.agreed(bill).Payments[0].Cancelled)
		},
		"what is deleted behind our back is stale": func(s *scene) {
			bill, order := s.add(trytond.Bill{Total: "100.00"}), s.order("pr.10", "EUR", "100.00")
			require.NoError(s.t, s.step(s.read(bill), order))
			drafted := s.read(bill)
			require.NoError(s.t, s.people.DeleteDraft(s.t.Context(), strings.TrimPrefix(drafted.Bill.Payments[0].ID, "p")))
			requireA[erp.Stale](s.t, s.step(drafted, order))
			require.Empty(s.t, s.agreed(bill).Payments)
		},
		"a credit note": func(s *scene) {
			bill := s.add(trytond.Bill{Total: "100.00"})
			_, err := s.people.Credit(s.t.Context(), bill)
			require.NoError(s.t, err)
			read := s.agreed(bill)
			require.Equal(s.t, read.Total, read.Paid)
			require.True(s.t, read.Payments[0].Unsupported)
		},
		"a write-off of the rest": func(s *scene) {
			bill := s.add(trytond.Bill{Total: "100.00"})
			require.NoError(s.t, s.people.PayByWizard(s.t.Context(), bill, "99.00", ""))
			require.NoError(s.t, s.people.WriteOff(s.t.Context(), bill))
			require.Equal(s.t, []string{"99.00 EUR false", "1.00 EUR true"}, amounts(s.agreed(bill).Payments))
		},
		"another currency": func(s *scene) {
			bill := s.add(trytond.Bill{Total: "100.00", Currency: "USD"})
			require.NoError(s.t, s.pay(bill, s.order("pr.7", "USD", "33.33")))
			require.NoError(s.t, s.people.PayByStatement(s.t.Context(), bill, "50.00", ""))
			s.agreed(bill)
			require.NoError(s.t, s.pay(bill, s.order("pr.8", "USD", "16.67")))
			read := s.agreed(bill)
			require.Equal(s.t, read.Total, read.Paid)
		},
		"a draft": func(s *scene) {
			bill := s.add(trytond.Bill{Total: "12.34", Draft: true})
			s.agreed(bill)
			require.NoError(s.t, s.people.Post(s.t.Context(), bill))
			s.agreed(bill)
		},
		"one that is cancelled is none": func(s *scene) {
			bill := s.add(trytond.Bill{Total: "100.00"})
			require.NoError(s.t, s.people.CancelBill(s.t.Context(), bill))
			snapshots, err := s.adapter.ReadBills(s.t.Context(), []string{bill})
			require.NoError(s.t, err)
			require.Empty(s.t, snapshots)
		},
	} {
		t.Run(name, func(t *testing.T) { play(&scene{d, t, adapter}) })
	}
}

// Its bill does not show that an instalment was closed by hand.
func TestAnInstalmentThatIsClosedByHandIsAChange(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	adapter := d.account(t).Adapter
	bill, err := d.people.AddBill(t.Context(), trytond.Bill{Reference: "1042", Total: "100.00", Instalments: 2})
	require.NoError(t, err)
	credit, err := d.people.AddBill(t.Context(), trytond.Bill{Reference: "note", Total: "-50.00"})
	require.NoError(t, err)
	since := time.Now()
	var lines []int
	for _, one := range []string{bill, credit} {
		var rows []struct {
			Lines []int `json:"lines_to_pay"`
		}
		d.do(t, &rows, "account.invoice", "read", list{number(t, one)}, list{"lines_to_pay"})
		lines = append(lines, rows[0].Lines[0])
	}
	d.do(t, nil, "account.move.reconciliation", "create", list{object{"lines": list{list{"add", lines}}, "date": day(string(today()))}})
	require.Equal(t, eur(t, "50.00"), d.agree(t, adapter, bill).Paid)

	var changed []string
	for query := (erp.ListQuery{ChangedSince: since}); ; {
		part := listed(t, adapter, query)
		for _, one := range part.Bills {
			changed = append(changed, one.ID)
		}
		if query.Cursor = part.Next; query.Cursor == "" {
			break
		}
	}
	require.True(t, slices.Contains(changed, bill))
}
