package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
)

func TestSettingsAreThoseOfTheNamedCompany(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, name := range []string{"acme", ""} {
		value, err := b.env.ExecuteLocalActivity(b.acts.ReadSettings, activities.SettingsRequest{Company: name})
		require.NoError(t, err)
		var settings activities.Settings
		require.NoError(t, value.Get(&settings))
		require.Equal(t, "acme", settings.Company)
		require.Equal(t, interval, settings.ERP.Interval)
	}
}

func TestSettingsTellAResetRun(t *testing.T) {
	t.Parallel()
	for before, reset := range map[string]bool{"": false, runID: false, "before-the-reset": true} {
		b := newBench(t)

		settings, err := perform(b, b.acts.ReadSettings, activities.SettingsRequest{Company: "acme", RunID: before})

		require.NoError(t, err)
		require.Equal(t, reset, settings.Reset, before)
		require.Equal(t, reset, settings.RunID == runID, before)
	}
}

func TestRequestForOtherAccountsIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.erp.bills = func([]string) ([]erp.Snapshot, error) { return []erp.Snapshot{{}}, nil }
	for ref, accepted := range map[string]bool{"acme": true, "acme@00ff": true, "acme@0123": false} {
		_, err := perform(b, b.acts.ReadBill, activities.ReadBillRequest{Company: ref, ID: "8842"})
		if accepted {
			require.NoError(t, err)
			continue
		}
		_, kind, failure := failed(t, err)
		require.Equal(t, activities.InvalidRequest, kind)
		require.Contains(t, failure.Text, "other accounts")
	}
	require.NotEqual(t, activities.AccountsOf("https://a", "x", "e"), activities.AccountsOf("https://b", "x", "e"))
}

func TestCompanyThatIsNotConfiguredIsRefusedByEveryActivity(t *testing.T) {
	t.Parallel()
	two := activities.New([]activities.Company{
		{Settings: activities.Settings{Company: "globex"}}, {Settings: activities.Settings{Company: "acme"}},
	}, activities.Options{})
	for name, ask := range map[string]func(context.Context, string) error{
		"ReadSettings": func(ctx context.Context, company string) error {
			_, err := two.ReadSettings(ctx, activities.SettingsRequest{Company: company})
			return err
		},
		"ListInvoices": func(ctx context.Context, company string) error {
			_, err := two.ListInvoices(ctx, activities.ListInvoicesRequest{Company: company})
			return err
		},
		"ReadInvoice": func(ctx context.Context, company string) error {
			_, err := two.ReadInvoice(ctx, activities.ReadInvoiceRequest{Company: company})
			return err
		},
		"FindBills": func(ctx context.Context, company string) error {
			_, err := two.FindBills(ctx, activities.FindBillsRequest{Company: company})
			return err
		},
		"ReadBill": func(ctx context.Context, company string) error {
			_, err := two.ReadBill(ctx, activities.ReadBillRequest{Company: company})
			return err
		},
		"PostPayment": func(ctx context.Context, company string) error {
			_, err := two.PostPayment(ctx, activities.PostPaymentRequest{Company: company})
			return err
		},
		"TagPayment": func(ctx context.Context, company string) error {
			_, err := two.TagPayment(ctx, activities.TagPaymentRequest{Company: company})
			return err
		},
		"ReadBills": func(ctx context.Context, company string) error {
			_, err := two.ReadBills(ctx, activities.ReadBillsRequest{Company: company})
			return err
		},
		"ListBills": func(ctx context.Context, company string) error {
			_, err := two.ListBills(ctx, activities.ListBillsRequest{Company: company})
			return err
		},
		"ListPayments": func(ctx context.Context, company string) error {
			_, err := two.ListPayments(ctx, activities.ListPaymentsRequest{Company: company})
			return err
		},
		"WriteBills": func(ctx context.Context, company string) error {
			_, err := two.WriteBills(ctx, activities.WriteBillsRequest{Company: company})
			return err
		},
		"WriteBill": func(ctx context.Context, company string) error {
			_, err := two.WriteBill(ctx, activities.WriteBillRequest{Company: company})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, company := range []string{"initech", ""} {
				application, kind, _ := failed(t, ask(t.Context(), company))
				require.Equal(t, activities.InvalidRequest, kind)
				require.True(t, application.NonRetryable())
				require.Equal(t, `company: "`+company+`" is not configured, accepted: acme, globex`, application.Message())
			}
		})
	}
}
