//go:build unix

package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"payrecon/internal/codec"
	"payrecon/internal/config"
	"payrecon/internal/devserver"
	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// Target: Temporal's database, and whoever may look into Temporal. Injection: none at first; then keys are configured while
// the company's state stands there unencrypted, and one worker is left without them.
// Expected: without keys everything can be read there, which shows that the search finds it. With keys nothing of what is new
// can, and the report can all the same. The worker without the key harms nothing: another one goes on.
func TestNobodyReadsAmountsInTemporalOnceThereAreKeys(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "temporal.db")
	f := newFieldOn(t, devserver.Options{Database: database})
	acme := f.addCompany(t, "acme", sandbox.Options{})
	program, open := build(t), f.config(t)
	keyed := withKey(t, open)

	before := acme.secretly(904_417_352, "7351.42", "for the merger with Umbrella")
	stop := f.startWorker(t)
	require.Contains(t, f.payrecon(t, program, "run", "--config", open), "7351.42")
	stored := f.stored(t, database, acme)
	require.Equal(t, before, readable(stored["database"], before))
	require.Equal(t, before, readable(stored["histories"], before))
	stop()

	after := acme.secretly(905_528_461, "8642.97", "for the sale of Hooli")
	keyless := f.startProcess(t, program, open)
	f.startEncrypted(t, keyed, "after")
	eventually(t, "the worker without the key has met the run", func() bool {
		described, err := f.client.DescribeWorkflowExecution(t.Context(), "after", "")
		return err == nil && described.GetPendingWorkflowTask().GetAttempt() > 1
	})
	require.NoError(t, keyless.Process.Signal(syscall.SIGTERM))
	require.NoError(t, keyless.Wait())
	f.startProcess(t, program, keyed)
	require.Contains(t, f.payrecon(t, program, "run", "--config", keyed, "--attach", "after"), "8642.97")
	require.Contains(t, f.payrecon(t, program, "run", "--config", open, "--attach", "after"), `is encrypted by key "da9a5bd2770f7a57"`)
	const digest = "906639417" // is none, so that the run fails and says so
	require.Contains(t, f.payrecon(t, program, "run", "--config", keyed, "--approve", digest), digest)

	for _, bill := range acme.State().Bills {
		require.Equal(t, 1, bill.Paid)
	}
	for place, content := range f.stored(t, database, acme) {
		require.NotEmpty(t, content, place)
		require.Empty(t, readable(content, append(after, digest)), place)
	}
}

// secretly gives the next run a payment to make in the ERP, and tells what of it is confidential.
func (c *company) secretly(idn int64, amount, note string) []string {
	inv := c.AddInvoice(sandbox.Invoice{IDN: idn, Currency: "EUR", Total: amount})
	bill := c.bill(inv)
	c.EditBill(bill.ID, func(b *sandbox.Bill) { b.Notes = note })
	c.paid(inv, amount, "2026-03-14")
	return []string{text(idn), amount, note}
}

// withKey is a configuration with one line more.
func withKey(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "key"), []byte("bjN3LW4zdy1uM3ctbjN3LW4zdy1uM3ctbjN3LW4zdy0=\n"), 0o600))
	keyed := filepath.Join(folder, "payrecon.toml")
	require.NoError(t, os.WriteFile(keyed, append([]byte("encryption_keys = [\"${file:key}\"]\n"), content...), 0o600))
	return keyed
}

// startEncrypted starts a trigger as `payrecon run` does. The SDK reports only the first failure of a workflow task and lets
// later ones run into the time-out, which is short here.
func (f *field) startEncrypted(t *testing.T, path, id string) {
	t.Helper()
	keys, err := config.LoadKeys(path)
	require.NoError(t, err)
	payloads, err := codec.New(keys)
	require.NoError(t, err)
	options := client.Options{HostPort: f.server.Address}
	payloads.ForClient(&options)
	c, err := client.Dial(options)
	require.NoError(t, err)
	defer c.Close()
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: f.queue, WorkflowTaskTimeout: time.Second},
		workflows.TypeReconcilePayments, workflows.Request{})
	require.NoError(t, err)
}

// payrecon runs a command line and gives all that it prints.
func (f *field) payrecon(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, arguments...)
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+f.server.Address)
	output, _ := cmd.CombinedOutput() // the exit code says how the run went
	return string(output)
}

// stored is everything that Temporal keeps or shows to whoever asks, as it stands there and with all that is wrapped up in it.
func (f *field) stored(t *testing.T, database string, c *company) map[string][]byte {
	t.Helper()
	v := &vault{field: f, shown: map[string][][]byte{}}
	v.histories(t)
	v.ask(t, &guarded{company: c})
	stored := map[string][]byte{}
	for place, contents := range v.shown {
		for _, content := range contents {
			stored[place] = append(stored[place], bytes.Join(opened(content, 4), nil)...)
		}
	}
	for _, ending := range []string{"", "-wal"} {
		content, err := os.ReadFile(database + ending)
		require.NoError(t, err)
		stored["database"] = append(stored["database"], content...)
	}
	return stored
}

// readable are those of the texts that can be read there.
func readable(content []byte, texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return !bytes.Contains(content, []byte(text)) })
}
