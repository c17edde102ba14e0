//go:build unix

package chaos_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/internal/chaos"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// agreed is what is left of a round in which all went well: payment 10 was made in Precoro and recorded on bill 1, bill 2 was
// paid in the ERP and payment 20 made for it, and invoice 103 has a payment and no bill.
func agreed() chaos.Evidence {
	record := func(id string) sandbox.Write {
		return sandbox.Write{At: noon, Op: "savePurchaseDocument", Changes: []sandbox.Change{{Field: "attributes.payrecon-" + id, After: "50.00 EUR 2026-03-14"}}}
	}
	created := func(invoice int64, direction reconcile.Direction, key string) report.Row {
		return report.Row{Invoice: invoice, Action: report.Created, Direction: direction, Key: key, Amount: "50.00"}
	}
	exception := report.Row{Invoice: 103, Action: report.HasException, Reason: reconcile.NoBill}
	return chaos.Evidence{
		World: sandbox.State{
			Invoices: []sandbox.Invoice{
				{ID: 1, IDN: 101, Status: 5, Currency: "EUR", Total: "50.00"},
				{ID: 2, IDN: 102, Status: 5, Currency: "EUR", Total: "50.00"},
				{ID: 3, IDN: 103, Status: 5, Currency: "EUR", Total: "50.00"},
			},
			Payments: []sandbox.Payment{
				{ID: 10, InvoiceID: 1, Amount: "50.00", Date: "2026-03-14", By: "person"},
				{ID: 20, InvoiceID: 2, Amount: "50.00", Date: "2026-03-14", By: "api", ExternalID: "er.2.paid"},
				{ID: 30, InvoiceID: 3, Amount: "50.00", Date: "2026-03-14", By: "person"},
			},
			Bills: []sandbox.Bill{
				{ID: 1, Total: "50.00", Paid: 1, Attributes: map[string]string{"precoroInvoiceID": "1", "payrecon-10": "50.00 EUR 2026-03-14"}},
				{ID: 2, Total: "50.00", Paid: 1, Attributes: map[string]string{"precoroInvoiceID": "2", "payrecon-20": "50.00 EUR 2026-03-14"}},
			},
			Ledger: []sandbox.Write{
				record("10"), {At: noon, Op: "POST /payments", ID: 20, Document: "102", Key: "er.2.paid", Amount: "50.00", After: "50.00"}, record("20"),
			},
		},
		Again: 3,
		Due: map[string]chaos.Due{
			"pr.10": {Direction: reconcile.ToERP, Invoice: 101, Cents: 5000}, "er.2.paid": {Direction: reconcile.ToPrecoro, Invoice: 102, Cents: 5000},
		},
		Except: map[int64]reconcile.Reason{103: reconcile.NoBill},
		Last:   report.Report{Outcome: report.Exceptions, Rows: []report.Row{exception}},
		Passes: []chaos.Pass{{ID: "one", Started: noon.Add(-time.Minute), Done: noon.Add(time.Minute), Reported: true, Rows: []report.Row{
			created(101, reconcile.ToERP, "pr.10"), created(102, reconcile.ToPrecoro, "er.2.paid"), exception,
		}}},
	}
}

func TestAWorldInWhichAllWentWellIsAccepted(t *testing.T) {
	t.Parallel()
	v := chaos.Judge(agreed())
	require.Empty(t, v.Broken)
	require.Equal(t, []int{1, 1, 0, 0, 0}, []int{v.ToERP, v.ToPrecoro, v.Lost, v.Doubled, v.Unreported})
}

// Each promise is broken in one way, and that is seen.
func TestWhatIsBrokenIsSeen(t *testing.T) {
	t.Parallel()
	const post = "POST /payments"
	for want, breaks := range map[string]func(*chaos.Evidence){
		"I1: 2 payments were made in Precoro for er.2.paid": func(e *chaos.Evidence) {
			e.World.Ledger = append(e.World.Ledger, sandbox.Write{At: noon, Op: post, ID: 21, Document: "102", Key: "er.2.paid", Amount: "50.00", After: "100.00"})
		},
		"I1: payments 20 and 21 carry one external ID": func(e *chaos.Evidence) {
			e.World.Payments = append(e.World.Payments, sandbox.Payment{ID: 21, InvoiceID: 2, ExternalID: "er.2.paid", Cancelled: true})
		},
		"I1: the record of payment 10 on bill 1 was written over": func(e *chaos.Evidence) {
			e.World.Ledger[0].ID, e.World.Ledger[0].Changes[0].Before = 1, "49.00 EUR 2026-03-14"
		},
		"I1: 2 bills hold the record of pr.10":                                func(e *chaos.Evidence) { e.World.Bills[1].Attributes["payrecon-10"] = "50.00 EUR 2026-03-14" },
		"I1: payment 20 is 49.00":                                             func(e *chaos.Evidence) { e.World.Ledger[1].Amount = "49.00" },
		"I2: payment 20 of ours took invoice":                                 func(e *chaos.Evidence) { e.World.Ledger[1].After = "50.01"; e.World.Payments[1].InvoiceID = 2 },
		"I2: the records on bill 1 come to":                                   func(e *chaos.Evidence) { e.World.Bills[0].Attributes["payrecon-11"] = "0.01 EUR 2026-03-14" },
		"I3: invoice 101: payment 10 is":                                      func(e *chaos.Evidence) { e.World.Bills[0].Attributes["payrecon-10"] = "49.00 EUR 2026-03-14" },
		"I3: invoice 101: the records are complete, and the bill is not paid": func(e *chaos.Evidence) { e.World.Bills[0].Paid = 0 },
		"I3: invoice 101: the record of payment 10 has no payment":            func(e *chaos.Evidence) { e.World.Payments[0].Cancelled = true },
		"I3: invoice 102: the bill is paid, and Precoro has 0.00": func(e *chaos.Evidence) {
			e.World.Payments[1].Cancelled = true
			delete(e.World.Bills[1].Attributes, "payrecon-20")
		},
		"I3: invoice 101 is an exception": func(e *chaos.Evidence) {
			e.Last.Rows = append(e.Last.Rows, report.Row{Invoice: 101, Action: report.HasException, Reason: reconcile.Unverified})
		},
		"I3: one run more wrote":      func(e *chaos.Evidence) { e.Again = 2 },
		"I4: pr.10 of 50.00 on":       func(e *chaos.Evidence) { delete(e.World.Bills[0].Attributes, "payrecon-10") },
		"I4: er.2.paid of 50.00 on":   func(e *chaos.Evidence) { e.World.Ledger = e.World.Ledger[:1] },
		"I4: invoice 103 is no_bill":  func(e *chaos.Evidence) { e.Last.Rows, e.Last.Outcome = nil, report.Agreed },
		"I6: payment 20 of 50.00 was": func(e *chaos.Evidence) { delete(e.Due, "er.2.paid") },
		"I6: bill 1 got a record of":  func(e *chaos.Evidence) { delete(e.Due, "pr.10"); e.World.Ledger[0].ID = 1 },
		"I6: notes of bill":           func(e *chaos.Evidence) { e.World.Ledger[0].Changes[0].Field = "notes" },
		"I6: the external ID of": func(e *chaos.Evidence) {
			e.World.Ledger[0] = sandbox.Write{Op: "PATCH /payments/{idn}", Before: "bank-1"}
		},
		"I6: savePayment on":           func(e *chaos.Evidence) { e.World.Ledger[0].Op = "savePayment" },
		"I8: 2 requests were refused":  func(e *chaos.Evidence) { e.World.Throttled = map[string]int{"precoro overlap": 2} },
		"I8: the sandbox is alarmed":   func(e *chaos.Evidence) { e.World.Alarms = []string{"unknown parameter"} },
		"I10: the quiet run says":      func(e *chaos.Evidence) { e.Last.Outcome = report.Agreed },
		"I10: savePurchaseDocument on": func(e *chaos.Evidence) { e.Passes[0].Rows = e.Passes[0].Rows[1:] },
		"I10: POST /payments on 102":   func(e *chaos.Evidence) { e.Passes[0].Rows = e.Passes[0].Rows[:1] },
		"I10: run one says it created": func(e *chaos.Evidence) { e.Passes[0].Rows[1].Amount = "51.00" },
		"I10: run one says created pr": func(e *chaos.Evidence) { e.World.Ledger = e.World.Ledger[1:] },
		"I10: pr.10 was created by": func(e *chaos.Evidence) {
			e.Passes = append(e.Passes, chaos.Pass{ID: "two", Reported: true, Rows: e.Passes[0].Rows})
		},
	} {
		e := agreed()
		breaks(&e)
		require.Contains(t, strings.Join(chaos.Judge(e).Broken, "\n"), want)
	}
}

func TestWritesOfARunThatWasCutOffAreCountedAndNoLie(t *testing.T) {
	t.Parallel()
	e := agreed()
	e.Passes = []chaos.Pass{{ID: "cut", Started: noon.Add(-time.Minute), Done: noon, Cut: true}}
	v := chaos.Judge(e)
	require.Empty(t, v.Broken)
	require.Equal(t, 3, v.Unreported)
}

// A write while a healthy run writes is that run's, however shortly before another one was cut.
func TestAMissingRowOfAHealthyRunIsNotExcusedByTheOneBefore(t *testing.T) {
	t.Parallel()
	const settle = 3 * time.Second
	e := agreed()
	cut := chaos.Pass{ID: "cut", Started: noon.Add(-time.Minute), Done: noon.Add(-settle), Cut: true}
	healthy := e.Passes[0]
	healthy.Started, healthy.Rows = cut.Done, healthy.Rows[1:]
	healthy.Writing = []chaos.Span{{Begin: noon.Add(-time.Millisecond), End: noon}}
	e.Passes = []chaos.Pass{cut, healthy}
	require.Len(t, chaos.Judge(e).Broken, 1)
	require.Contains(t, chaos.Judge(e).Broken[0], "I10: savePurchaseDocument")

	e.World.Ledger[0].At = cut.Done.Add(time.Second) // what the one that was cut had sent
	v := chaos.Judge(e)
	require.Empty(t, v.Broken)
	require.Equal(t, 1, v.Unreported)
	e.World.Ledger[0].At, e.World.Ledger[0].Sent = noon, cut.Done.Add(-time.Second)
	require.Empty(t, chaos.Judge(e).Broken)
}

func TestWritesAreKnownByTheNamesOfTheirActivities(t *testing.T) {
	t.Parallel()
	for _, name := range chaos.Writes() {
		_, is := reflect.TypeFor[*activities.Activities]().MethodByName(name)
		require.True(t, is, name)
	}
}

func TestARunThatWasResetReportsWhatItsBaseDid(t *testing.T) {
	t.Parallel()
	e := agreed()
	again := chaos.Pass{ID: "two", Reported: true, Rows: e.Passes[0].Rows}
	again.Base = "one"
	e.Passes = append(e.Passes, again)
	require.Empty(t, chaos.Judge(e).Broken)
}
