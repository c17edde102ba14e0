package check_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/check"
	"payrecon/internal/sandbox"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// mixed are three companies: one is well, one shows too little, one is broken and busy.
func mixed(t *testing.T) check.Report {
	t.Helper()
	good, poor, broken := newStage(t, settings{}), newStage(t, settings{attribute: "precoro_id"}), newStage(t, settings{token: wrongToken})
	poor.company.Name, broken.company.Name = "globex", "initech"
	invoice, _ := good.linked(nil)
	good.AddPayment(sandbox.Payment{InvoiceID: invoice.ID, Amount: "20.00", ExternalID: "er.9"})
	good.linked(func(b *sandbox.Bill) { b.Confirmed = 0 })
	good.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "120.00"})
	poor.linked(nil)
	poor.AddInvoice(sandbox.Invoice{IDN: 5001, Currency: "EURO", Total: "1.00"})
	broken.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Throttle})
	return check.NewReport([]check.Result{good.check(t), poor.check(t), broken.check(t)})
}

func TestTableIsReadAtAGlance(t *testing.T) {
	t.Parallel()
	var wide, narrow strings.Builder
	report := mixed(t)

	require.NoError(t, report.Table(&wide, 0, false))
	require.NoError(t, report.Table(&narrow, 60, false))

	golden(t, "table.txt", wide.String())
	golden(t, "narrow.txt", narrow.String())
	for line := range strings.Lines(narrow.String()) {
		require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), 60)
	}
}

func TestJSONIsOneObject(t *testing.T) {
	t.Parallel()
	var object strings.Builder

	require.NoError(t, mixed(t).JSON(&object))

	golden(t, "report.json", object.String())
}

func TestColorSaysHowItWent(t *testing.T) {
	t.Parallel()
	var table strings.Builder

	require.NoError(t, mixed(t).Table(&table, 0, true))

	for _, line := range []string{"\x1b[32macme: ", "\x1b[33mglobex: ", "\x1b[31minitech: "} {
		require.Contains(t, table.String(), line)
	}
}
