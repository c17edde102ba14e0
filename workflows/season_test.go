package workflows_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp/erply"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/precoro"
	"payrecon/workflows"
)

// season is a company that runs for days, on the real limits of both APIs and in virtual time: the real workflow, the real
// activities and clients, and the sandbox, which refuses what the real systems would refuse.
type season struct {
	*sandbox.Sandbox
	acts   *activities.Activities
	clock  time.Time
	now    func() time.Time
	memory workflows.Memory
	runs   int
}

func newSeason(t *testing.T) *season {
	t.Helper()
	s := &season{clock: epoch}
	s.now = func() time.Time { return s.clock }
	now := func() time.Time { return s.now() }
	s.Sandbox = sandbox.New(sandbox.Options{Now: now})
	client, err := precoro.New(precoro.Options{Email: "robot@example.com", Token: "precoro-token", URL: "https://sandbox.example/precoro", Transport: s.Transport()})
	require.NoError(t, err)
	adapter, err := erply.New(erply.Config{
		URL: "https://sandbox.example/erply/api/", ClientCode: "123456", Username: "robot", Password: "erply-password",
	}, s.Transport(), now)
	require.NoError(t, err)
	settings := newWorld().settings
	settings.PerHour, settings.PerDay, settings.ERP = 1500, 3000, adapter.Capabilities()
	settings.Caps.Payments = 100_000
	s.acts = activities.New([]activities.Company{{Settings: settings, Precoro: client, ERP: adapter}}, activities.Options{
		Now: now, Wait: func(context.Context, time.Duration) error { return nil }, // slots are kept on the workflow's clock
	})
	return s
}

// run carries out one run. Every request to Precoro keeps its slot of a second, on the clock of the workflow.
func (s *season) run(t *testing.T, job workflows.Job) report.Report {
	t.Helper()
	env := newEnvironment()
	s.runs++
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second, Interceptors: []interceptor.WorkerInterceptor{&runAs{id: fmt.Sprintf("run-%d", s.runs)}}})
	env.SetStartTime(s.clock)
	env.RegisterWorkflowWithOptions(workflows.Run, workflow.RegisterOptions{Name: workflows.TypeRun})
	env.RegisterActivity(s.acts)
	s.pace(env)
	s.now = env.Now
	began := s.clock
	env.ExecuteWorkflow(workflows.TypeRun, workflows.RunStart{Company: "acme", Job: job, Memory: s.memory})
	s.clock = env.Now()
	s.now = func() time.Time { return s.clock }
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	var end workflows.RunEnd
	require.NoError(t, env.GetWorkflowResult(&end))
	s.memory.Take(job, end, s.clock)
	require.False(t, s.clock.Before(began))
	return end.Report
}

// pace lets each activity take its slot on the workflow's clock.
func (s *season) pace(env *testsuite.TestWorkflowEnvironment) {
	const precoro, erp = 1050 * time.Millisecond, 350 * time.Millisecond
	paced(env, precoro, s.acts.ListInvoices)
	paced(env, precoro, s.acts.ListPayments)
	paced(env, precoro, s.acts.ReadInvoice)
	paced(env, precoro, s.acts.PostPayment)
	paced(env, precoro, s.acts.TagPayment)
	paced(env, erp, s.acts.FindBills)
	paced(env, erp, s.acts.ListBills)
	paced(env, erp, s.acts.ReadBill)
	paced(env, erp, s.acts.ReadBills)
	paced(env, erp, s.acts.WriteBill)
	paced(env, erp, s.acts.WriteBills)
}

func paced[In, Out any](env *testsuite.TestWorkflowEnvironment, slot time.Duration, activity func(context.Context, In) (Out, error)) {
	env.OnActivity(activity, mock.Anything, mock.Anything).After(slot).Return(func(ctx context.Context, in In) (Out, error) {
		now := env.Now()
		for _, read := range readsIn(&in) {
			read.At = time.Now().Add(read.At.Sub(now))
		}
		out, err := activity(ctx, in)
		for _, read := range readsIn(&out) {
			read.At = now
		}
		return out, err
	})
}

// readsIn are the times of reads in a request or a result. The test environment gives activities the time of the wall, so
// that they are moved there and back.
func readsIn(message any) []*activities.Read {
	switch m := message.(type) {
	case *activities.InvoicePage:
		return []*activities.Read{&m.Read}
	case *activities.PaymentPage:
		return []*activities.Read{&m.Read}
	case *activities.InvoiceRead:
		return []*activities.Read{&m.Read}
	case *activities.BillsFound:
		return []*activities.Read{&m.Read}
	case *activities.BillsListed:
		return []*activities.Read{&m.Read}
	case *activities.BillRead:
		return []*activities.Read{&m.Read}
	case *activities.BillsRead:
		return []*activities.Read{&m.Read}
	case *activities.PostPaymentRequest:
		return []*activities.Read{&m.Read}
	case *activities.WriteBillRequest:
		return []*activities.Read{&m.Read}
	case *activities.WriteBillsRequest:
		var all []*activities.Read
		for i := range m.Writes {
			all = append(all, &m.Writes[i].Read)
		}
		return all
	}
	return nil
}

// every runs the job at every full quarter of an hour until the time has passed, skipping those that fall into a run. People
// work before each.
func (s *season) every(t *testing.T, job workflows.Job, length time.Duration, people func()) []report.Report {
	t.Helper()
	var reports []report.Report
	for end := s.clock.Add(length); s.clock.Before(end); {
		people()
		reports = append(reports, s.run(t, job))
		s.clock = s.clock.Truncate(15 * time.Minute).Add(15 * time.Minute)
	}
	return reports
}

// add makes an invoice with its bill, both unpaid.
func (s *season) add(n int, total string) (sandbox.Invoice, sandbox.Bill) {
	inv := s.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: total, Created: epoch.AddDate(0, -1, 0).Add(time.Duration(n) * time.Second)})
	return inv, s.AddBill(sandbox.Bill{
		Currency: "EUR", Total: total, Confirmed: 1, Number: "S-" + strconv.Itoa(n), Added: inv.Created.Unix(),
		Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(inv.ID, 10)},
	})
}

func auto() workflows.Job {
	return workflows.Job{Mode: workflows.ModeApply, Scope: workflows.ScopeAuto, Direction: reconcile.Both}
}

func (s *season) sent() (n int) {
	for _, count := range s.State().Requests["precoro"] {
		n += count
	}
	return n
}

// Three days, a run every quarter of an hour, people paying on both sides all the time: no request is refused, the day's
// quota lasts, and at the end both sides agree.
func TestQuarterHoursForDaysStayWithinTheRealLimits(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable
	type pair struct {
		inv  sandbox.Invoice
		bill sandbox.Bill
	}
	var unpaid []pair
	for n := range 600 {
		inv, bill := s.add(n, "100.00")
		unpaid = append(unpaid, pair{inv, bill})
	}
	paid := 0
	people := func() {
		for range random.IntN(4) {
			at := random.IntN(len(unpaid))
			one := unpaid[at]
			unpaid = slices.Delete(unpaid, at, at+1)
			if paid++; random.IntN(2) == 0 {
				s.AddPayment(sandbox.Payment{InvoiceID: one.inv.ID, Amount: one.inv.Total, Date: s.clock.Format(time.DateOnly)})
			} else {
				s.EditBill(one.bill.ID, func(b *sandbox.Bill) { b.Paid = 1 })
			}
		}
	}

	reports := s.every(t, auto(), 72*time.Hour, people)
	last := s.run(t, auto())

	state := s.State()
	require.Empty(t, state.Throttled)
	require.Empty(t, state.Alarms)
	require.Equal(t, report.Agreed, last.Outcome)
	created, scopes := 0, map[string]int{}
	for _, r := range append(reports, last) {
		created += r.Created.ToERP + r.Created.ToPrecoro
		scopes[r.Scope]++
		require.Empty(t, r.Waits)
	}
	require.Equal(t, paid, created)
	require.Equal(t, 3, scopes[workflows.ScopeFull], "one a day: %v", scopes)
	require.Greater(t, scopes[workflows.ScopeChanges], 280)
	t.Logf("%d runs, %d payments, %d requests to Precoro, %d.%d units of Erply", s.runs, paid, s.sent(), state.ErplyTenths/10, state.ErplyTenths%10)
	require.Less(t, s.sent(), 3*(3*96+80)+3*paid, "a quiet run is one request, and each payment two at most beside it")
}

// More single invoices than the day has requests for: the runs wait for the day, and none is refused.
func TestTooManyRequestsWaitForTheirQuota(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	named := auto()
	for n := range 100 {
		inv, _ := s.add(n, "10.00")
		named.Invoices = append(named.Invoices, inv.IDN)
	}

	reports := s.every(t, named, 26*time.Hour, func() {})

	require.Empty(t, s.State().Throttled)
	require.Greater(t, s.sent(), 3000)
	require.LessOrEqual(t, s.sent(), 2*3000)
	var waits []report.Wait
	for _, r := range reports {
		require.Equal(t, report.Agreed, r.Outcome)
		waits = append(waits, r.Waits...)
	}
	require.NotEmpty(t, waits)
	require.Equal(t, "the 3000 requests a day that Precoro allows are used up", waits[0].Why)
	require.Equal(t, epoch.Add(24*time.Hour+15*time.Minute), waits[0].Until, "when the first quarter of an hour is a day old")
}

// Target: a quota that another program spends from. Injection: it uses up the hour, again and again. Expected: at most one
// request of ours is refused each time; the run waits until the moment that the answer names.
func TestWhatOthersSpendIsWaitedOut(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	for n := range 1000 {
		s.add(n, "10.00")
	}
	other := s.Transport()
	people := func() {
		for n := range 400 {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://sandbox.example/precoro/invoices/%d", 1001+n), http.NoBody)
			require.NoError(t, err)
			request.Header = http.Header{"X-Auth-Token": {"precoro-token"}, "Email": {"robot@example.com"}, "User-Agent": {"other"}}
			s.clock = s.clock.Add(1100 * time.Millisecond)
			answer, err := other.RoundTrip(request)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			if answer.StatusCode == http.StatusTooManyRequests {
				return
			}
		}
	}

	reports := s.every(t, auto(), 172*time.Hour, people)

	refused := 0
	for _, r := range reports {
		require.Equal(t, report.Agreed, r.Outcome)
		refused += len(r.Waits)
	}
	require.Positive(t, refused)
	throttled := s.State().Throttled
	t.Logf("%d waits, %v", refused, throttled)
	require.LessOrEqual(t, throttled["precoro"], 3*refused, "one of ours and a few of the other's")
}
