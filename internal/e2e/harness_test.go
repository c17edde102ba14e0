//go:build unix

package e2e_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/internal/config"
	"payrecon/internal/devserver"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
	"payrecon/worker"
	"payrecon/workflows"
)

// Times are turned down for all tests here; everything else is as in production.
const (
	sameGet = 30 * time.Millisecond
	settle  = 300 * time.Millisecond
	// patience bounds every wait of a test.
	patience = 3 * time.Minute
)

// fast are limits that a test does not wait for. They are still limits.
func fast() sandbox.Limits {
	return sandbox.Limits{PrecoroPerSecond: 200, PrecoroPerHour: 100_000, PrecoroPerDay: 100_000, SameGet: sameGet, ErplyPerHour: 100_000, ErplyPer30s: 10_000}
}

// field is one Temporal server with one worker and any number of companies.
type field struct {
	server    *devserver.Server
	client    client.Client
	companies []*company
	registry  erp.Registry
	queue     string
	trigger   string // workflow ID of the one started last
}

// company is one company of the configuration, and the sandbox behind it.
type company struct {
	*sandbox.Sandbox
	name string
	url  string
	erp  string // the lines of its ERP tables
	more string // further lines of its tables
	slow bool   // one request a second, as in production
	code string // of the Erply account, "" for the sandbox's usual one
}

func newField(t *testing.T) *field {
	t.Helper()
	return newFieldOn(t, devserver.Options{})
}

func newFieldOn(t *testing.T, options devserver.Options) *field {
	t.Helper()
	server := devserver.Start(t, options)
	c, err := client.Dial(client.Options{HostPort: server.Address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return &field{server: server, client: c, registry: erp.Registry{"erply": erply.Factory}, queue: "payrecon-test"}
}

// addCompany starts a sandbox on loopback and puts it into the configuration.
func (f *field) addCompany(t *testing.T, name string, options sandbox.Options) *company {
	t.Helper()
	if options.Limits == (sandbox.Limits{}) {
		options.Limits = fast()
	}
	c := &company{Sandbox: sandbox.New(options), name: name}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- c.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-served)
	})
	c.url = "http://" + listener.Addr().String()
	c.useErply()
	f.companies = append(f.companies, c)
	return c
}

// useErply puts the company on the sandbox's Erply.
func (c *company) useErply() {
	c.erp = fmt.Sprintf(`
[company.erp]
system = "erply"
[company.erp.erply]
url = "%s/erply/api/"
client_code = %q
username = "robot"
password = "erply-password"
limits = { per_second = 100 }
`, c.url, cmp.Or(c.code, "123456"))
}

// config writes the configuration file of all companies.
func (f *field) config(t *testing.T) string {
	t.Helper()
	text := "task_queue = " + strconv.Quote(f.queue) + "\n"
	for _, c := range f.companies {
		perSecond := 100
		if c.slow {
			perSecond = 1
		}
		text += fmt.Sprintf(`
[[company]]
name = %q
timezone = "Europe/Tallinn"
start = "2026-01-01"
[company.precoro]
url = "%s/precoro"
email = "robot@example.com"
token = "precoro-token"
limits = { per_second = %d, same_get = %q, settle = %q }
`, c.name, c.url, perSecond, (sameGet+20*time.Millisecond).String(), settle.String()) + c.more + c.erp
	}
	path := filepath.Join(t.TempDir(), "payrecon.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// startWorker runs the real worker in this process until the test ends, or until the returned function is called.
func (f *field) startWorker(t *testing.T) (stop func()) {
	t.Helper()
	cfg, err := config.Load(f.config(t))
	require.NoError(t, err)
	w, err := worker.New(f.client, cfg, f.registry, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-ended)
	}
	t.Cleanup(stop)
	return stop
}

// start starts a trigger as people do, by type name and task queue.
func (f *field) start(t *testing.T, id string, input ...any) client.WorkflowRun {
	t.Helper()
	run, err := f.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: f.queue}, workflows.TypeReconcilePayments, input...)
	require.NoError(t, err)
	f.trigger = id
	return run
}

// await waits for a trigger's report.
func await(t *testing.T, run client.WorkflowRun) (report.Report, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var r report.Report
	err := run.Get(ctx, &r)
	return r, err
}

// run starts a trigger and gives its report.
func (f *field) run(t *testing.T, request workflows.Request) report.Report {
	t.Helper()
	r, err := await(t, f.start(t, fmt.Sprintf("test-%d", time.Now().UnixNano()), request))
	require.NoError(t, err)
	return r
}

// pair adds an invoice and its bill, linked by the bill's attribute.
func (c *company) pair(total string) (sandbox.Invoice, sandbox.Bill) {
	inv := c.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: total})
	return inv, c.bill(inv)
}

// bill adds a confirmed bill for the invoice, linked by its attribute.
func (c *company) bill(inv sandbox.Invoice) sandbox.Bill {
	return c.AddBill(sandbox.Bill{
		Type: "PRCINVOICE", Currency: inv.Currency, Total: inv.Total, Confirmed: 1, Number: "S-" + strconv.FormatInt(inv.IDN, 10),
		Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(inv.ID, 10)},
	})
}

// paid adds a payment in Precoro, as a person does.
func (c *company) paid(inv sandbox.Invoice, amount, date string) sandbox.Payment {
	return c.AddPayment(sandbox.Payment{InvoiceID: inv.ID, Amount: amount, Date: date})
}

// setPaid sets a bill's paid flag, as a person does.
func (c *company) setPaid(bill sandbox.Bill, paid int) {
	c.EditBill(bill.ID, func(b *sandbox.Bill) { b.Paid = paid })
}

// precoroPayments are the payments of an invoice that count.
func (c *company) precoroPayments(inv sandbox.Invoice) []sandbox.Payment {
	var all []sandbox.Payment
	for _, p := range c.State().Payments {
		if p.InvoiceID == inv.ID && !p.Cancelled {
			all = append(all, p)
		}
	}
	return all
}

// billNow is a bill as it stands.
func (c *company) billNow(t *testing.T, bill sandbox.Bill) sandbox.Bill {
	t.Helper()
	for _, b := range c.State().Bills {
		if b.ID == bill.ID {
			return b
		}
	}
	require.FailNow(t, "the bill is gone")
	return sandbox.Bill{}
}

// writes counts what stands in the ledger.
func (c *company) writes() int { return len(c.State().Ledger) }

// quiet requires that no client mistake was seen, and no throttling of our own making.
func (c *company) quiet(t *testing.T) {
	t.Helper()
	state := c.State()
	require.Empty(t, state.Alarms)
	require.Empty(t, state.Throttled)
}

// rowOf finds the report's rows of an invoice.
func rowsOf(r report.Report, inv sandbox.Invoice) []report.Row {
	var rows []report.Row
	for _, row := range r.Rows {
		if row.Invoice == inv.IDN {
			rows = append(rows, row)
		}
	}
	return rows
}

func text(n int64) string { return strconv.FormatInt(n, 10) }
