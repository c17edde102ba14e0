package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
)

// A paid flag says that the whole is paid, not how: first every Precoro payment without a record gets one, and what Precoro
// then lacks to the total is one derived payment.
func TestPaidFlag(t *testing.T) {
	t.Parallel()
	record := func(id, amount string) reconcile.Payment {
		return pay("8842.payrecon-"+id, amount, "2026-03-14", tagged("pr."+id))
	}
	const derived = "create er.8842.paid 60.00 EUR of 2026-04-01 in Precoro and tag 8842.paid back"
	tell(t, []tale{
		{
			name: "nothing is known", erp: payments{paidFlag("100")},
			want: "create er.8842.paid 100.00 EUR of 2026-04-01 in Precoro and tag 8842.paid back",
		},
		{
			name: "a payment has no record", precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{paidFlag("100")},
			want: "tag 8842.paid with pr.1 in ERP; " + derived,
		},
		{
			name: "a payment has a record", precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{record("1", "40"), paidFlag("60")},
			want: derived,
		},
		{
			name: "Precoro knows everything", precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "60", "2026-03-15")}, erp: payments{paidFlag("100")},
			want: "tag 8842.paid with pr.1 in ERP; tag 8842.paid with pr.2 in ERP",
		},
		{
			name: "the records are complete", precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "60", "2026-03-15")},
			erp: payments{record("1", "40"), record("2", "60")}, want: "nothing",
		},
		{
			name: "the payment made for it has no record yet", precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "60", "2026-04-01", tagged("er.8842.paid"))},
			erp: payments{record("1", "40"), paidFlag("60")}, want: "tag 8842.paid with pr.2 in ERP",
		},
		{
			name:    "the payment made for it has one, and what is left of the flag is from before the start",
			precoro: payments{pay("1", "40", "2025-03-14"), pay("2", "60", "2026-04-01", tagged("er.8842.paid"))},
			erp:     payments{record("2", "60"), paidFlag("40")}, want: "nothing",
		},
		{
			name:    "the payment made for it has one, and what is left of the flag is missing: its key is taken",
			precoro: payments{pay("2", "60", "2026-04-01", tagged("er.8842.paid"))},
			erp:     payments{record("2", "60"), paidFlag("40")}, want: "exception amount_mismatch",
		},
		{
			name: "the payment made for it has one", precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "60", "2026-04-01", tagged("er.8842.paid"))},
			erp: payments{record("1", "40"), record("2", "60")}, want: "nothing",
		},
		{
			name: "the payment made for it does not fill it", precoro: payments{pay("2", "50", "2026-04-01", tagged("er.8842.paid"))},
			erp: payments{paidFlag("60"), record("9", "40")}, changes: []change{func(s *scene) { s.precoro = append(s.precoro, pay("9", "40", "2026-03-14")); s.inv.Paid = eur("90") }},
			want: "exception amount_mismatch",
		},
		{
			name: "the payment made for it was cancelled", precoro: payments{pay("2", "100", "2026-04-01", tagged("er.8842.paid"), cancelled)},
			erp: payments{paidFlag("100")}, want: "exception reversed",
		},
		{
			name: "the flag was taken back", precoro: payments{pay("2", "100", "2026-04-01", tagged("er.8842.paid"))},
			want: "exception reversed",
		},
		{
			name: "the flag was taken back although the records are complete", precoro: payments{pay("1", "100", "2026-03-14")},
			erp: payments{pay("8842.payrecon-1", "100", "2026-03-14", tagged("pr.1"), cancelled)}, want: "exception reversed",
		},
		{
			name: "two payments for one flag", precoro: payments{pay("1", "30", "2026-04-01", tagged("er.8842.paid")), pay("2", "70", "2026-04-01", tagged("er.8842.paid"))},
			erp: payments{paidFlag("100")}, want: "exception duplicate_payment",
		},
		{
			name: "Precoro has more than it says", precoro: payments{pay("1", "40", "2026-03-14"), pay("2", "40", "2026-03-15")}, erp: payments{paidFlag("60"), record("1", "40")},
			changes: []change{func(s *scene) { s.precoro = append(s.precoro, pay("3", "21", "2026-03-15")); s.inv.Paid = eur("101") }, totals("200", "100")},
			want:    "exception overpaid",
		},
		{
			name: "Precoro has more than it says, and nothing would be written", precoro: payments{pay("1", "101", "2026-03-14")}, erp: payments{paidFlag("100")},
			changes: []change{direction(reconcile.ToPrecoro), totals("200", "100")}, want: "exception overpaid",
		},
		{
			name: "what is from before the start explains, and gets no record", precoro: payments{pay("1", "40", "2025-03-14")}, erp: payments{paidFlag("100")},
			want: derived,
		},
		{
			name: "a credit is not recorded", precoro: payments{pay("1", "40", "2026-03-14", unsupported)}, erp: payments{paidFlag("100")},
			want: "exception unsupported_payment",
		},
		{
			name:    "what was credited before the start has no record",
			precoro: payments{pay("1", "-5", "2025-03-14", unsupported), pay("2", "65", "2026-03-14"), pay("9", "40", "2026-03-14")},
			erp:     payments{paidFlag("60"), record("9", "40")}, want: "exception unsupported_payment",
		},
		{
			name: "nor can what Precoro lacks be told then", precoro: payments{pay("1", "-5", "2025-03-14", unsupported)}, erp: payments{paidFlag("100")},
			want: "exception unsupported_payment",
		},
		{
			name:    "which does not matter where nothing would be written",
			precoro: payments{pay("1", "-5", "2025-03-14", unsupported), pay("2", "105", "2025-03-14")}, erp: payments{paidFlag("100")}, want: "nothing",
		},
		{
			name: "to Precoro only", precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{paidFlag("100")}, changes: []change{direction(reconcile.ToPrecoro)},
			want: "create er.8842.paid 60.00 EUR of 2026-04-01 in Precoro",
		},
		{
			name: "to Precoro only, and it is there", precoro: payments{pay("1", "100", "2026-03-14", tagged("er.8842.paid"))}, erp: payments{paidFlag("100")},
			changes: []change{direction(reconcile.ToPrecoro)}, want: "nothing",
		},
		{
			name: "to the ERP only", precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{paidFlag("100")}, changes: []change{direction(reconcile.ToERP)},
			want: "tag 8842.paid with pr.1 in ERP; 1 in the other direction",
		},
		{
			name: "the ERP holds no record of it", precoro: payments{pay("1", "40", "2026-03-14")}, erp: payments{paidFlag("100")}, changes: []change{holdsNoTag},
			want: "create er.8842.paid 60.00 EUR of 2026-04-01 in Precoro",
		},
		{
			name: "seen before the start", erp: payments{paidFlag("100")}, changes: []change{func(s *scene) { s.policy.Start = "2026-05-01" }},
			want: "1 before the start",
		},
		{name: "the bill is a draft", erp: payments{paidFlag("100")}, changes: []change{draft}, want: "exception not_confirmed"},
		{name: "the totals differ", erp: payments{paidFlag("100")}, changes: []change{totals("101", "100")}, want: "exception total_mismatch"},
		{
			name: "beside records of somebody else's that could be the same", precoro: payments{pay("1", "40", "2026-01-14")},
			erp: payments{pay("91", "40", "2026-03-14"), paidFlag("60")}, want: "exception possible_duplicate",
		},
		{
			name: "beside records of somebody else's that could not", precoro: payments{pay("1", "30", "2026-01-14")},
			erp: payments{pay("91", "40", "2026-03-14"), paidFlag("60")},
			want: "tag 8842.paid with pr.1 in ERP; create er.8842.paid 30.00 EUR of 2026-04-01 in Precoro and tag 8842.paid back; " +
				"create er.91 40.00 EUR of 2026-03-14 in Precoro and tag 91 back",
		},
		{
			name: "the payment made for it is no leftover", precoro: payments{pay("2", "60", "2026-04-01", tagged("er.8842.paid"))},
			erp: payments{pay("91", "60", "2026-03-14"), paidFlag("60")}, changes: []change{totals("120", "120")},
			want: "tag 8842.paid with pr.2 in ERP; create er.91 60.00 EUR of 2026-03-14 in Precoro and tag 91 back",
		},
		{
			name: "what is missing within the tolerance is not created", precoro: payments{pay("1", "99.99", "2026-03-14")}, erp: payments{paidFlag("100")},
			changes: []change{tolerance("0.01")}, want: "tag 8842.paid with pr.1 in ERP",
		},
		{
			name: "a derived payment is cut, too", erp: payments{paidFlag("100")}, changes: []change{tolerance("0.01"), totals("99.99", "100")},
			want: "create er.8842.paid 99.99 EUR of 2026-04-01 in Precoro and tag 8842.paid back",
		},
	})
}

func amounts(d reconcile.Decision) (list []string) {
	for _, w := range d.Writes {
		list = append(list, w.Amount.Number())
	}
	return list
}

// The records of a paid bill never exceed it.
func TestRecordsAreCutToWhatTheFlagSays(t *testing.T) {
	t.Parallel()
	within := []change{tolerance("1"), totals("100.50", "100")}
	d := newScene(payments{pay("1", "60", "2026-03-14"), pay("2", "40.50", "2026-03-15")}, payments{paidFlag("100")}, within...).decide()
	require.Equal(t, []string{"60.00", "40.00"}, amounts(d))

	d = newScene(payments{pay("1", "100", "2026-03-14"), pay("2", "0.50", "2026-03-15")}, payments{paidFlag("100")}, within...).decide()
	require.Equal(t, "exception overpaid", told(d), "not to nothing")

	d = newScene(payments{pay("1", "100.30", "2026-03-14"), pay("2", "0.20", "2026-03-15")}, payments{paidFlag("100")}, within...).decide()
	require.Equal(t, "exception overpaid", told(d), "nor below")
}

func TestDerivedPaymentIsDatedByTheDayItWasSeen(t *testing.T) {
	t.Parallel()
	d := newScene(nil, payments{paidFlag("100")}, func(s *scene) { s.policy.Today = "2026-02-03" }).decide()
	require.Equal(t, []reconcile.Write{{
		Direction: reconcile.ToPrecoro, Key: "er.8842.paid", Amount: eur("100"), Date: "2026-02-03", Source: "8842.paid", TagBack: true,
	}}, d.Writes)
}
