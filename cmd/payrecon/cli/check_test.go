package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/cmd/payrecon/cli"
	"payrecon/internal/config"
	"payrecon/internal/sandbox"
)

const (
	checkedToken    = "t0ken-5512"
	checkedPassword = "p4ssw0rd-8842"
)

// pair is one company's two systems, served on loopback: one paid invoice and its bill.
func pair(t *testing.T) (box *sandbox.Sandbox, url string) {
	t.Helper()
	box = sandbox.New(sandbox.Options{
		Now: program(nil, nil, nil).Now, Token: checkedToken, Password: checkedPassword,
		Limits: sandbox.Limits{PrecoroPerSecond: 1000}, // by a clock that stands still
	})
	invoice := box.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00"})
	box.AddPayment(sandbox.Payment{InvoiceID: invoice.ID, Amount: "120.00"})
	box.AddBill(sandbox.Bill{
		Currency: "EUR", Total: "120.00", Confirmed: 1, Attributes: map[string]string{"precoroInvoiceID": strconv.FormatInt(invoice.ID, 10)},
	})
	server := httptest.NewServer(box.Handler())
	t.Cleanup(server.Close)
	return box, server.URL
}

func checked(name, url, token string) string {
	return fmt.Sprintf(`
[[company]]
name = %[1]q
start = "2026-01-01"
[company.precoro]
url = "%[2]s/precoro"
email = "robot@example.com"
token = %[3]q
limits = { per_second = 1000 }
[company.erp]
system = "erply"
[company.erp.erply]
url = "%[2]s/erply/api/"
client_code = "123456"
username = "robot"
password = %[4]q
`, name, url, token, checkedPassword)
}

// checkWith runs the command where Temporal must not be asked.
func checkWith(t *testing.T, file string, args ...string) console {
	t.Helper()
	var stdout, stderr buffer
	p := program(nil, &stdout, &stderr)
	p.Dial = func(context.Context, []config.Secret) (cli.Temporal, error) {
		t.Error("Temporal was asked for")
		return nil, context.Canceled
	}
	code := p.Run(t.Context(), append([]string{"check", "--config", configuration(t, file)}, args...))
	for _, secret := range []string{"robot", checkedToken, checkedPassword} {
		require.NotContains(t, stdout.String()+stderr.String(), secret)
	}
	return console{code, stdout.String(), stderr.String()}
}

func TestCheckOfOneCompany(t *testing.T) {
	t.Parallel()
	box, url := pair(t)

	got := checkWith(t, checked("acme", url, checkedToken))

	require.Zero(t, got.code, got.stdout)
	require.Equal(t, "Checking acme.\n", got.stderr)
	golden(t, "check.txt", got.stdout)
	require.Empty(t, box.State().Alarms)
	require.Empty(t, box.State().Ledger)
}

func TestCheckGoesOnToTheNextCompany(t *testing.T) {
	t.Parallel()
	_, broken := pair(t)
	_, good := pair(t)
	config := checked("acme", broken, "t0ken-5521") + checked("globex", good, checkedToken)

	got := checkWith(t, config)
	require.Equal(t, 1, got.code)
	require.Equal(t, "Checking acme.\nChecking globex.\n", got.stderr)
	golden(t, "check_two.txt", got.stdout)

	got = checkWith(t, config, "--company", "globex", "-o", "json")
	require.Zero(t, got.code, "the other one was not asked for")
	require.Equal(t, "Checking globex.\n", got.stderr)
}

func TestCheckAsJSONIsOneObject(t *testing.T) {
	t.Parallel()
	_, url := pair(t)

	got := checkWith(t, checked("acme", url, checkedToken), "-o", "json")

	require.Zero(t, got.code)
	var report struct {
		Reached   bool
		Companies []struct{ Company string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
	require.True(t, report.Reached)
	require.Len(t, report.Companies, 1)
	require.Equal(t, "acme", report.Companies[0].Company)
}

func TestBusySideCountsAsReached(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"precoro", "erply"} {
		box, url := pair(t)
		box.Fail(sandbox.Fault{Side: side, Kind: sandbox.Throttle})

		got := checkWith(t, checked("acme", url, checkedToken))

		require.Zero(t, got.code)
		require.Contains(t, got.stdout, "is reachable, but busy")
	}
}

func TestCheckOfACompanyThatIsNotConfiguredIsWrongUsage(t *testing.T) {
	t.Parallel()
	box, url := pair(t)

	got := checkWith(t, checked("acme", url, checkedToken), "--company", "globex")

	require.Equal(t, 2, got.code)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, `payrecon: --company: "globex" is not in `)
	require.True(t, strings.HasSuffix(got.stderr, ", accepted are acme\nRun \"payrecon check --help\" to see what is accepted.\n"), got.stderr)
	require.Empty(t, box.State().Requests["precoro"])
}

func TestCheckSaysWhatIsWrongWithTheConfiguration(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ config, want string }{
		"of the program": {"[[company]]", "company.name: is missing"},
		"of the adapter": {strings.Replace(checked("acme", "http://127.0.0.1:1", checkedToken), `"123456"`, `"acme"`, 1), "company acme: erp.erply: client_code"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := checkWith(t, test.config)

			require.Equal(t, 1, got.code)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, test.want)
		})
	}
}

// Target: Ctrl-C. Injection: it comes while Precoro is asked. Expected: no result that looks like one.
func TestInterruptedCheckPrintsNoResult(t *testing.T) {
	t.Parallel()
	box, url := pair(t)
	box.Fail(sandbox.Fault{Side: "precoro", Kind: sandbox.Endless})
	ctx, interrupt := context.WithCancel(t.Context())
	var stdout, stderr buffer
	done := make(chan int)
	path := configuration(t, checked("acme", url, checkedToken))
	go func() { done <- program(nil, &stdout, &stderr).Run(ctx, []string{"check", "--config", path}) }()
	require.Eventually(t, func() bool { return len(box.State().Requests["precoro"]) > 0 }, testTimeout, pollEvery)

	interrupt()

	require.Equal(t, 130, <-done)
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "Interrupted")
}
