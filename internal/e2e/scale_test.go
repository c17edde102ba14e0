//go:build unix

package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// progress asks a run what it is doing.
func (f *field) progress(t *testing.T, company string) workflows.Progress {
	t.Helper()
	var p workflows.Progress
	answer, err := f.client.QueryWorkflow(t.Context(), workflows.RunID(company), "", workflows.QueryProgress)
	if err != nil {
		return p // it has not begun
	}
	require.NoError(t, answer.Get(&p))
	return p
}

// Target: a worker that reads a large company. Injection: kill -9 in the middle of the listing. Expected: another worker goes on
// where it was; what was read is not read again, but for the one page that was under way.
func TestWhatWasReadIsNotReadAgainAfterAKill(t *testing.T) {
	t.Parallel()
	const invoices, pages = 6000, 30
	program := build(t)
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	sandbox.Scale(1, invoices, 20)(acme.Sandbox)
	config := f.config(t)

	first := f.startProcess(t, program, config)
	run := f.start(t, "killed-reading", workflows.Request{})
	eventually(t, "half of the listing is read", func() bool { return acme.Counters().Requests["precoro"]["GET /invoices"] >= pages/2 })
	first.kill(t)
	f.startProcess(t, program, config)
	r, err := await(t, run)
	require.NoError(t, err)

	require.Equal(t, report.Agreed, r.Outcome)
	require.Equal(t, report.ByDirection{ToERP: 10, ToPrecoro: 10}, r.Created)
	require.Equal(t, invoices, r.Invoices)
	require.LessOrEqual(t, acme.Counters().Requests["precoro"]["GET /invoices"], pages+1)
	acme.quiet(t)
	require.Empty(t, acme.State().Throttled)
}

// Target: the quota that others spend from too. Injection: Precoro refuses until a moment that it names; meanwhile the worker is
// replaced. Expected: the run says until when and why, waits, and goes on with the page that was refused.
func TestQuotaIsWaitedOutAcrossARestartOfTheWorker(t *testing.T) {
	t.Parallel()
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{})
	sandbox.Scale(1, 500, 0)(acme.Sandbox)
	acme.Fail(sandbox.Fault{Side: "precoro", Match: "GET /invoices", Kind: sandbox.Throttle, After: 1, Delay: 125 * time.Second})

	stop := f.startWorker(t)
	run := f.start(t, "throttled", workflows.Request{})
	waits := func() bool {
		return strings.Contains(f.progress(t, "acme").Waiting, "because Precoro allows no more before: ")
	}
	eventually(t, "the run says that it waits", waits)
	stop()
	f.startWorker(t)
	eventually(t, "it says so on the new worker too", waits)
	r, err := await(t, run)
	require.NoError(t, err)

	require.Equal(t, report.Agreed, r.Outcome)
	require.Len(t, r.Waits, 1)
	require.Equal(t, 4, acme.Counters().Requests["precoro"]["GET /invoices"], "three pages, and the one that was refused")
	require.Empty(t, acme.State().Throttled, "nothing of our own making")
	f.saveHistories(t, "quota", "acme")
}

// companies is how many share two workers: a hundred, or as many as `make crowd` says.
func companies(t *testing.T) int {
	t.Helper()
	text := os.Getenv("PAYRECON_COMPANIES")
	if text == "" {
		return 100
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// Two workers, many companies, each at its own pace of one request a second: none is refused, and none waits for the others.
func TestManyCompaniesShareTwoWorkers(t *testing.T) {
	t.Parallel()
	f := newField(t)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	mux := http.NewServeMux()
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	limits := fast()
	limits.PrecoroPerSecond = 1
	many := companies(t)
	for n := range many {
		code := strconv.Itoa(100_000 + n)
		c := &company{Sandbox: sandbox.New(sandbox.Options{Limits: limits, ClientCode: code}), name: fmt.Sprintf("c%d", n), code: code}
		c.url = fmt.Sprintf("http://%s/%s", listener.Addr(), c.name)
		mux.Handle("/"+c.name+"/", http.StripPrefix("/"+c.name, c.Handler()))
		c.useErply()
		c.slow = true
		inv, _ := c.pair("100.00")
		c.paid(inv, "100.00", "2026-03-14")
		_, bill := c.pair("50.00")
		c.setPaid(bill, 1)
		f.companies = append(f.companies, c)
	}
	f.startWorker(t)
	f.startWorker(t)

	began := time.Now()
	runs := make([]client.WorkflowRun, 0, many)
	for _, c := range f.companies {
		runs = append(runs, f.start(t, "many-"+c.name, workflows.Request{Company: c.name}))
	}
	took := make([]time.Duration, 0, many)
	for i, run := range runs {
		r, err := await(t, run)
		require.NoError(t, err)
		require.Equal(t, report.Agreed, r.Outcome)
		require.Equal(t, report.ByDirection{ToERP: 1, ToPrecoro: 1}, r.Created)
		require.Empty(t, f.companies[i].Counters().Throttled, f.companies[i].name)
		took = append(took, f.closed(t, run).Sub(began))
	}
	slices.Sort(took)
	t.Logf("%d companies: the first was done after %s, half after %s, the last after %s", many, took[0], took[len(took)/2], took[len(took)-1])
	require.Less(t, took[len(took)-1], 4*took[len(took)/2], "none is left behind")
}

// closed is when a workflow ended.
func (f *field) closed(t *testing.T, run client.WorkflowRun) time.Time {
	t.Helper()
	described, err := f.client.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
	require.NoError(t, err)
	return described.GetWorkflowExecutionInfo().GetCloseTime().AsTime()
}
