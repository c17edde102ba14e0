package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
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

func applied() report.Report {
	return report.Report{
		Company: "acme", Mode: "apply", Scope: "full", Outcome: report.Exceptions, Digest: "9f2c0a1b9f2c0a1b",
		Invoices: 1000, InSync: 950, Unlinked: 20, Unchanged: 12, LeftOut: 5, BeforeStart: 1, OtherDirection: 2,
		Created: report.ByDirection{ToERP: 1, ToPrecoro: 1}, Adopted: 1,
		Exceptions: map[reconcile.Reason]int{reconcile.Rejected: 1, reconcile.NoBill: 3, "from_the_future": 1},
		Requests:   report.Requests{Precoro: 31, ERP: 4, ERPCost: 12_300},
		Ways: []report.Way{
			{What: "bills", Way: "by scan", Cost: 1100, Instead: "by link", InsteadCost: 100_000},
			{What: "payments", Way: "one by one", Cost: 5000, Instead: "by the list", InsteadCost: 6000},
		},
		Left:  &report.Left{PrecoroHour: 1469, PrecoroDay: 2100, ERPHour: 987},
		Waits: []report.Wait{{Until: time.Date(2026, 3, 14, 10, 1, 0, 0, time.UTC), Why: "the 1500 requests an hour that Precoro allows are used up"}},
		Rows: []report.Row{
			{
				Invoice: 1042, Bill: "8842", Action: report.Created, Direction: reconcile.ToERP, Key: "pr.5512", Amount: "120.00", Currency: "EUR",
				Date: "2026-03-14", Before: report.Paid{Precoro: "120.00", ERP: "0.00"}, After: report.Paid{Precoro: "120.00", ERP: "120.00"},
			},
			{
				Invoice: 7, Bill: "88", Action: report.Created, Direction: reconcile.ToPrecoro, Key: "er.88.paid", Amount: "1234567.89", Currency: "EUR",
				Date: "2026-03-15", Before: report.Paid{Precoro: "0.00", ERP: "1234567.89"}, After: report.Paid{Precoro: "1234567.89", ERP: "1234567.89"},
			},
			{Invoice: 8, Bill: "89", Action: report.Adopted, Direction: reconcile.ToERP, Key: "pr.12", Amount: "5", Currency: "JPY", Date: "2026-03-15"},
			{Invoice: 1043, Action: report.HasException, Reason: reconcile.NoBill, Before: report.Paid{Precoro: "10.00"}},
			{
				Invoice: 1044, Bill: "90", Action: report.HasException, Reason: reconcile.Rejected,
				Note: "refused (1016): paid: \x1b[31mthe document is locked\r\nby somebody else\u202e and will stay locked until the period is opened again",
			},
		},
		Notes: []string{"The previous run was terminated; this one began after the settle time."},
	}
}

func TestTableTellsWhatARunDid(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, applied().Table(&out, 0, false))
	golden(t, "applied.txt", out.String())
}

func TestTableKeepsWithinATerminal(t *testing.T) {
	t.Parallel()
	for _, width := range []int{60, 100, 150, 200} {
		var out bytes.Buffer
		require.NoError(t, applied().Table(&out, width, false))
		for line := range strings.Lines(out.String()) {
			require.LessOrEqual(t, text.StringWidth(strings.TrimRight(line, "\n")), width, line)
		}
		require.Contains(t, strings.Join(strings.Fields(out.String()), " "), "opened again", "nothing is cut off")
	}
	var out bytes.Buffer
	require.NoError(t, applied().Table(&out, 150, false))
	golden(t, "wrapped.txt", out.String())
	out.Reset()
	require.NoError(t, applied().Table(&out, 80, false))
	golden(t, "narrow.txt", out.String())
}

func TestTableTellsWhatAPlanWouldDo(t *testing.T) {
	t.Parallel()
	plan := applied()
	plan.Mode, plan.Outcome, plan.Exceptions, plan.Notes = "plan", report.Agreed, nil, nil
	plan.Rows = []report.Row{plan.Rows[0], plan.Rows[2]}
	plan.Rows[0].Action, plan.Rows[1].Action = report.WouldCreate, report.WouldAdopt
	var out bytes.Buffer
	require.NoError(t, plan.Table(&out, 0, false))
	golden(t, "plan.txt", out.String())
}

func TestTableTellsHowToApprove(t *testing.T) {
	t.Parallel()
	over := report.Report{Company: "acme", Mode: "apply", Scope: "full", Outcome: report.NeedsApproval, Digest: "9f2c0a1b9f2c0a1b", Created: report.ByDirection{ToERP: 501}}
	var out bytes.Buffer
	require.NoError(t, over.Table(&out, 0, false))
	golden(t, "needs_approval.txt", out.String())
}

func TestTableOfNothingToDoIsShort(t *testing.T) {
	t.Parallel()
	agreed := report.Report{Company: "acme", Mode: "apply", Scope: "full", Outcome: report.Agreed, Invoices: 3, InSync: 3, Truncated: true}
	var out bytes.Buffer
	require.NoError(t, agreed.Table(&out, 0, false))
	golden(t, "agreed.txt", out.String())
}

func TestOutcomesHaveWordsAndColors(t *testing.T) {
	t.Parallel()
	for outcome, start := range map[report.Outcome]string{
		report.Agreed:        "\x1b[32mPrecoro and the ERP agree.\x1b[0m\n",
		report.Exceptions:    "\x1b[31mDifferences are open",
		report.NeedsApproval: "\x1b[33mNothing was written",
		report.Stopped:       "\x1b[33mStopped",
		"new\x1b[2J":         "\x1b[33mnew [2J",
	} {
		var out bytes.Buffer
		require.NoError(t, report.Report{Outcome: outcome}.Table(&out, 0, true))
		require.True(t, strings.HasPrefix(out.String(), start), "%q", out.String())
	}
}

func TestForeignTextCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	evil := "\x1b]0;x\x07\u009b2J\r\n\u202e\u200b" + strings.Repeat("x", 1000)
	r := report.Report{
		Company: evil, Scope: evil, Digest: evil, Notes: []string{evil}, Outcome: report.NeedsApproval,
		Exceptions: map[reconcile.Reason]int{reconcile.Reason(evil): 1},
		Rows: []report.Row{{
			Bill: evil, Action: report.Action(evil), Direction: reconcile.Direction(evil), Reason: reconcile.Reason(evil), Key: evil, Amount: evil,
			Currency: evil, Date: evil, Before: report.Paid{Precoro: evil, ERP: evil}, After: report.Paid{Precoro: evil + "2", ERP: evil + "2"}, Note: evil,
		}},
	}
	var out bytes.Buffer
	require.NoError(t, r.Table(&out, 0, false))
	require.False(t, strings.ContainsAny(out.String(), "\x1b\x07\r\u009b\u202e\u200b"))
	require.NotContains(t, out.String(), strings.Repeat("x", 301), "bounded")
}

func TestEveryReasonIsExplained(t *testing.T) {
	t.Parallel()
	counts := map[reconcile.Reason]int{}
	for _, reason := range []reconcile.Reason{
		reconcile.Unreadable, reconcile.NoBill, reconcile.AmbiguousBill, reconcile.CurrencyMismatch, reconcile.TotalMismatch, reconcile.Overpaid,
		reconcile.PossibleDuplicate, reconcile.DuplicatePayment, reconcile.AmountMismatch, reconcile.Reversed, reconcile.ListMismatch,
		reconcile.UnsupportedPayment, reconcile.NotConfirmed, reconcile.Rejected, reconcile.Unverified,
	} {
		counts[reason] = 1
	}
	var out bytes.Buffer
	require.NoError(t, report.Report{Exceptions: counts}.Table(&out, 0, false))
	require.NotContains(t, out.String(), "newer than this program")
	golden(t, "reasons.txt", out.String())
}

func TestJSONIsExactlyTheReport(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, applied().JSON(&out))
	golden(t, "applied.json", out.String())
	var back report.Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	require.Equal(t, applied(), back)
}

func TestWriterThatFailsIsReported(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, applied().Table(broken{}, 0, false), errBroken)
	require.ErrorIs(t, applied().JSON(broken{}), errBroken)
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
