package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/sandbox"
)

func demoState(t *testing.T, seed int64, invoices int) sandbox.State {
	t.Helper()
	w := newWorld(t, sandbox.Options{})
	sandbox.Demo(seed, invoices)(w.Sandbox)
	state := w.State()
	require.Empty(t, state.Alarms)
	require.Empty(t, state.Ledger)
	return state
}

func TestDemoIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	first, again := demoState(t, 1, 300), demoState(t, 1, 300)
	require.Equal(t, first, again)
	require.NotEqual(t, first, demoState(t, 2, 300))
}

func TestDemoHasAsManyInvoicesAsAskedFor(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 5, 32, 300} {
		require.Len(t, demoState(t, 7, n).Invoices, n)
	}
}

// seen is an invoice of the demo with what belongs to it.
type seen struct {
	invoice  sandbox.Invoice
	payments []sandbox.Payment
	bills    []sandbox.Bill // by attribute
	linked   []sandbox.Bill // by the invoice's external ID
}

func (s seen) bill() sandbox.Bill { return append(append(s.bills, s.linked...), sandbox.Bill{})[0] }

func (s seen) records() (names []string) {
	for name := range s.bill().Attributes {
		if strings.HasPrefix(name, "payrecon-") {
			names = append(names, name)
		}
	}
	return names
}

// states sorts the demo's invoices by the state that their names say.
func states(state sandbox.State) map[string][]seen {
	out := map[string][]seen{}
	for _, i := range state.Invoices {
		s := seen{invoice: i}
		for _, p := range state.Payments {
			if p.InvoiceID == i.ID {
				s.payments = append(s.payments, p)
			}
		}
		for _, b := range state.Bills {
			if b.Attributes["precoroInvoiceID"] == text(i.ID) {
				s.bills = append(s.bills, b)
			}
			if i.ExternalID != "" && i.ExternalID == text(b.ID) {
				s.linked = append(s.linked, b)
			}
		}
		_, name, _ := strings.Cut(i.Name, ": ")
		out[name] = append(out[name], s)
	}
	return out
}

func TestDemoShowsEveryState(t *testing.T) {
	t.Parallel()
	all := states(demoState(t, 1, 300))
	require.Greater(t, len(all["in sync, paid"]), 50)
	checks := map[string]func(seen) bool{
		"in sync, paid":                       func(s seen) bool { return s.bill().Paid == 1 && len(s.records()) == 1 && s.invoice.Status == 5 },
		"in sync, unpaid":                     func(s seen) bool { return s.bill().Paid == 0 && len(s.payments) == 0 },
		"in sync, partly paid":                func(s seen) bool { return s.bill().Paid == 0 && len(s.records()) == 1 && s.invoice.Status == 4 },
		"in sync, created from the paid flag": func(s seen) bool { return s.payments[0].ExternalID == "er."+text(s.bill().ID)+".paid" },
		"missing in the ERP":                  func(s seen) bool { return s.bill().Paid == 0 && len(s.records()) == 0 && s.invoice.Status == 5 },
		"missing in the ERP, a part":          func(s seen) bool { return len(s.records()) == 0 && s.invoice.Status == 4 },
		"missing in the ERP, two equal on a day": func(s seen) bool {
			return s.payments[0].Amount+s.payments[0].Date == s.payments[1].Amount+s.payments[1].Date
		},
		"missing in the ERP, one of two known":      func(s seen) bool { return len(s.payments) == 2 && len(s.records()) == 1 },
		"missing in the ERP, yen":                   func(s seen) bool { return s.invoice.Currency == "JPY" && !strings.Contains(s.invoice.Total, ".") },
		"missing in the ERP, linked by the invoice": func(s seen) bool { return len(s.bills) == 0 && len(s.linked) == 1 && len(s.payments) == 1 },
		"missing in Precoro":                        func(s seen) bool { return s.bill().Paid == 1 && len(s.payments) == 0 },
		"missing in Precoro, linked by the invoice": func(s seen) bool { return len(s.bills) == 0 && s.linked[0].Paid == 1 && len(s.payments) == 0 },
		"missing in Precoro, the rest":              func(s seen) bool { return s.bill().Paid == 1 && s.invoice.Status == 4 && len(s.records()) == 0 },
		"adoption: paid on both sides, not recorded": func(s seen) bool {
			return s.bill().Paid == 1 && s.invoice.Status == 5 && len(s.records()) == 0
		},
		"unlinked":                      func(s seen) bool { return len(s.bills)+len(s.linked)+len(s.payments) == 0 },
		"no bill":                       func(s seen) bool { return len(s.bills)+len(s.linked) == 0 && len(s.payments) == 1 },
		"ambiguous: two bills":          func(s seen) bool { return len(s.bills) == 2 },
		"ambiguous: the links disagree": func(s seen) bool { return len(s.bills) == 1 && len(s.linked) == 1 && s.bills[0].ID != s.linked[0].ID },
		"currency mismatch":             func(s seen) bool { return s.bill().Currency != s.invoice.Currency },
		"total mismatch":                func(s seen) bool { return s.bill().Total != s.invoice.Total },
		"draft bill":                    func(s seen) bool { return s.bill().Confirmed == 0 && len(s.payments) == 1 },
		"draft in Precoro":              func(s seen) bool { return s.invoice.Status == 1 },
		"overpaid":                      func(s seen) bool { return s.invoice.Status == 5 && s.invoice.Paid != s.invoice.Total },
		"duplicate payment":             func(s seen) bool { return s.payments[0].ExternalID == s.payments[1].ExternalID },
		"reversed in Precoro":           func(s seen) bool { return s.payments[0].Cancelled && len(s.records()) == 1 },
		"reversed in the ERP":           func(s seen) bool { return s.bill().Paid == 0 && s.invoice.Status == 5 && len(s.records()) == 1 },
		"amount mismatch": func(s seen) bool {
			return !strings.HasPrefix(s.bill().Attributes[s.records()[0]], s.payments[0].Amount+" ")
		},
		"list mismatch":       func(s seen) bool { return s.invoice.Paid == "200.00" && s.payments[0].Amount == "100.00" },
		"unsupported payment": func(s seen) bool { return s.payments[0].LogicType != 0 },
		"before the start":    func(s seen) bool { return s.payments[0].Date < "2026-01-01" },
		"credit note":         func(s seen) bool { return s.invoice.LogicType == 1 },
		"split-cost child":    func(s seen) bool { return s.invoice.ParentIDN != 0 },
	}
	require.Len(t, all, len(checks))
	for name, check := range checks {
		require.NotEmpty(t, all[name], name)
		for _, one := range all[name] {
			require.True(t, check(one), "%s: %+v", name, one)
		}
	}
}
