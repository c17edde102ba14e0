//go:build unix

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// build makes the program, with the race detector off: it is what people run.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "payrecon")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "payrecon/cmd/payrecon").CombinedOutput()
	require.NoError(t, err, string(output))
	return program
}

// process is a worker as people run it.
type process struct{ *exec.Cmd }

func (f *field) startProcess(t *testing.T, program, config string) process {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "worker", "--config", config)
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+f.server.Address)
	log, err := os.Create(filepath.Join(t.TempDir(), "worker.log"))
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill() // it may have ended by itself
			_ = cmd.Wait()
		}
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("worker:\n%s", text)
		}
	})
	return process{cmd}
}

// kill ends the worker as a power cut would.
func (p process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGKILL))
	_ = p.Wait() // it was killed
}

// eventually waits for a condition without hurry.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 20*time.Millisecond, what)
}

// Target: the worker. Injection: kill -9 while the request that creates a payment is under way, on either side; the
// request is carried out all the same. Another worker is started.
// Expected: the run goes on where it was, finds the payment, and makes no second one.
func TestWorkerKilledInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	program := build(t)
	for name, fault := range map[string]sandbox.Fault{
		"precoro": {Side: "precoro", Match: "POST /payments", Kind: sandbox.Slow, Delay: 2 * time.Second},
		"erply":   {Side: "erply", Match: "savePurchaseDocument", Kind: sandbox.Slow, Delay: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newField(t)
			acme := f.addCompany(t, "acme", sandbox.Options{LaxOverpay: true})
			toPrecoro, toPrecoroBill := acme.pair("80.00")
			acme.setPaid(toPrecoroBill, 1)
			toERP, toERPBill := acme.pair("120.00")
			acme.paid(toERP, "120.00", "2026-03-14")
			acme.Fail(fault)
			route := fault.Match
			if fault.Side == "erply" {
				route = "bulk/" + fault.Match
			}

			config := f.config(t)
			first := f.startProcess(t, program, config)
			run := f.start(t, fmt.Sprintf("killed-%s", name), workflows.Request{})
			eventually(t, "the write is under way", func() bool {
				requests := acme.State().Requests[fault.Side]
				return requests[route]+requests[fault.Match] > 0
			})
			first.kill(t)
			f.startProcess(t, program, config)
			r, err := await(t, run)
			require.NoError(t, err)

			require.Equal(t, report.Agreed, r.Outcome)
			require.Equal(t, report.ByDirection{ToERP: 1, ToPrecoro: 1}, r.Created)
			require.Len(t, acme.precoroPayments(toPrecoro), 1)
			require.Equal(t, 1, acme.billNow(t, toERPBill).Paid)
			require.Equal(t, 1, acme.State().Requests["precoro"]["POST /payments"])
			written := acme.writes()
			require.Equal(t, report.Agreed, f.run(t, workflows.Request{}).Outcome)
			require.Equal(t, written, acme.writes())
		})
	}
}

func TestWorkerStopsGracefullyOnSIGTERM(t *testing.T) {
	t.Parallel()
	program := build(t)
	f := newField(t)
	acme := f.addCompany(t, "acme", sandbox.Options{LaxOverpay: true})
	inv, bill := acme.pair("80.00")
	acme.setPaid(bill, 1)
	acme.Fail(sandbox.Fault{Side: "precoro", Match: "POST /payments", Kind: sandbox.Slow, Delay: 2 * time.Second})
	config := f.config(t)
	first := f.startProcess(t, program, config)
	run := f.start(t, "stopped", workflows.Request{})
	eventually(t, "the write is under way", func() bool { return acme.State().Requests["precoro"]["POST /payments"] > 0 })

	require.NoError(t, first.Process.Signal(syscall.SIGTERM))
	require.NoError(t, first.Wait(), "it ends by itself, without an error")
	require.Len(t, acme.precoroPayments(inv), 1, "what had begun is finished")
	second := f.startProcess(t, program, config)
	r, err := await(t, run)
	require.NoError(t, err)
	require.Equal(t, 1, r.Created.ToPrecoro)
	require.Equal(t, 1, acme.State().Requests["precoro"]["POST /payments"])
	require.NoError(t, second.Process.Signal(syscall.SIGINT))
	require.NoError(t, second.Wait())
}
