//go:build unix

package tryout_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/faulty"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/tryout"
)

// moment is a point of a run at which people act, and what they then leave of a payment of ours.
type moment struct {
	name string
	at   func(*tryout.Company, func())
	left string // the state that it is left in, "" where there is nothing of it
}

// second picks the second request that matches.
func second(match faulty.Match) faulty.Match {
	var seen atomic.Int64
	return func(r *http.Request, body []byte) bool { return match(r, body) && seen.Add(1) == 2 }
}

func moments() []moment {
	before := func(match faulty.Match) func(*tryout.Company, func()) {
		return func(c *tryout.Company, act func()) { c.Proxy.Before(match, act) }
	}
	return []moment{
		{"after the decision", before(second(tryout.ReadInvoices.Is)), ""}, // the first reading was to decide
		{"when a payment is created", before(tryout.Create.Is), "draft"},
		{"when it is approved", before(tryout.Approve.Is), "approved"},
		{"when it was processed", func(c *tryout.Company, act func()) { c.Proxy.After(tryout.Process.Is, act) }, "processing"},
	}
}

// act lets people do several things at a moment.
func (m moment) act(t *testing.T, c *tryout.Company, acts []func() error) {
	t.Helper()
	m.at(c, func() {
		for _, act := range acts {
			if err := act(); err != nil {
				t.Errorf("%s: %v", m.name, err)
			}
		}
	})
}

// Target: a run that makes payments in Tryton. Injection: a person enters the same payment there, in each of the three ways, at
// a moment of the run; of bills that have room for both payments, so that Tryton says nothing. On other bills another part is
// paid at the same moments.
// Expected: the same is never paid twice. What the run has begun is left as it was then, and an exception names it; where it had
// begun nothing, the next run sees that both sides have the same payment. Of those who pay another part, both payments are made.
func TestAPersonPaysTheSameInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	c := open(t, false)
	left, begun := map[*tryout.Case]string{}, 0
	for i, m := range moments() {
		var acts []func() error
		for _, way := range tryout.Ways() {
			one := enter(t, c, tryout.Document{Total: "200.00"})
			f := payInPrecoro(t, c, one, "80.00", -2)
			if left[one] = m.left; m.left != "" {
				begun++
			}
			acts = append(acts, func() error { return c.EnterInTryton(t.Context(), one, f, way) })
		}
		other := enter(t, c, tryout.Document{Total: "200.00"})
		payInPrecoro(t, c, other, "80.00", -2)
		acts = append(acts, func() error {
			_, err := c.PayInTryton(t.Context(), other, tryout.Ways()[i%3], "120.00", -1)
			return err
		})
		m.act(t, c, acts)
	}

	r := run(t, c)
	require.Equal(t, report.ByDirection{ToERP: len(moments())}, r.Created)
	for one, state := range left {
		row := rowOf(t, r, one)
		require.Equal(t, reconcile.PossibleDuplicate, row.Reason, "%+v", row)
		require.Contains(t, row.Note, state)
	}
	v := judged(t, c)
	require.Equal(t, []int{2 * len(moments()), begun}, []int{v.Due, v.Left})
	require.Equal(t, map[reconcile.Reason]int{reconcile.PossibleDuplicate: begun}, v.Exceptions)
}

// rowOf is the only row that a report has of a case.
func rowOf(t *testing.T, r report.Report, one *tryout.Case) report.Row {
	t.Helper()
	var rows []report.Row
	for _, row := range r.Rows {
		if row.Invoice == one.Invoice.IDN {
			rows = append(rows, row)
		}
	}
	require.Len(t, rows, 1)
	return rows[0]
}

// Target: as above. Injection: the person pays the whole bill, of which Tryton itself knows that it is paid then.
// Expected: Tryton refuses what comes second where it can: a draft of ours, or the person's Pay wizard. Otherwise the run goes no
// further, and what it had begun is left.
func TestAPersonPaysTheWholeBillInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	c := open(t, true)
	ways := []tryout.Way{tryout.ByWizard, tryout.ByStatement, tryout.ByRecord, tryout.ByStatement}
	left := map[*tryout.Case]moment{}
	for i, m := range moments() {
		if m.left == "draft" {
			m.left = "" // Tryton has none upon what is paid
		}
		one := enter(t, c, tryout.Document{Total: "100.00"})
		f := payInPrecoro(t, c, one, "100.00", -2)
		left[one] = m
		acts := []func() error{func() error { return c.EnterInTryton(t.Context(), one, f, ways[i]) }}
		if m.left == "approved" {
			other := enter(t, c, tryout.Document{Total: "100.00"})
			f := payInPrecoro(t, c, other, "100.00", -2)
			acts = append(acts, func() error {
				err := c.EnterInTryton(t.Context(), other, f, tryout.ByWizard)
				if err == nil || !strings.Contains(err.Error(), "UserError") {
					return fmt.Errorf("ours is under way for all of the bill, and Tryton let the Pay wizard pay it too: %w", err)
				}
				return nil
			})
		}
		m.act(t, c, acts)
	}

	r := run(t, c)
	require.Equal(t, report.ByDirection{ToERP: 1}, r.Created)
	for one, m := range left {
		row := rowOf(t, r, one)
		require.Equal(t, report.HasException, row.Action, "%s: %+v", m.name, row)
		require.Contains(t, row.Note, m.left)
	}
	v := judged(t, c)
	require.Equal(t, 2, v.Left)
	require.Equal(t, map[reconcile.Reason]int{reconcile.Overpaid: 2}, v.Exceptions)
}

// Target: the last step of a payment in Tryton. Injection: a person pays the same just as that request arrives there, behind
// everything that the run has read, and Tryton has no way to make one depend on the other.
// Expected: nobody can prevent it; the next run finds it and says so, and nothing more is written.
func TestAPaymentAtTheVeryLastMomentIsFoundOut(t *testing.T) {
	t.Parallel()
	c := open(t, true)
	one := enter(t, c, tryout.Document{Total: "100.00"})
	f := payInPrecoro(t, c, one, "100.00", -2)
	c.Proxy.Before(tryout.Succeed.Is, func() {
		if err := c.EnterInTryton(t.Context(), one, f, tryout.ByStatement); err != nil {
			t.Error(err)
		}
	})
	require.Equal(t, report.ByDirection{ToERP: 1}, run(t, c).Created)
	for range 2 {
		r := run(t, c)
		require.Equal(t, report.ByDirection{}, r.Created)
		require.Equal(t, reconcile.Overpaid, rowOf(t, r, one).Reason)
	}
}
