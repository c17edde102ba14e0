package worker_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/erp/tryton"
	"payrecon/internal/config"
	"payrecon/internal/money"
	"payrecon/internal/reconcile"
	"payrecon/worker"
	"payrecon/workflows"
)

const (
	token    = "t0ken-5512"
	email    = "anna.b@example.com"
	username = "anna.erply"
	password = "p4ssw0rd-8842"
)

var registry = erp.Registry{"erply": erply.Factory, "tryton": tryton.Factory}

// company is one company of the file. Two of different names differ in both accounts.
func company(name, account string) string {
	return fmt.Sprintf(`
[[company]]
name  = %q
start = "2026-01-01"
[company.precoro]
email = %q
token = "%s-%s"
[company.erp]
system = "erply"
[company.erp.erply]
url         = "https://%s.erply.com/api/"
client_code = "%s"
username    = %q
password    = %q
`, name, email, token, name, account, account, username, password)
}

// load reads a configuration file and builds its companies.
func load(t *testing.T, content string) ([]activities.Company, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payrecon.toml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	cfg, err := config.Load(path)
	require.NoError(t, err)
	return worker.Companies(cfg, registry)
}

func TestCompanyGetsItsClientsAndSettings(t *testing.T) {
	t.Parallel()
	companies, err := load(t, strings.Replace(company("acme", "123456"), `[company.erp]`, `limits = { per_second = 2, same_get = "70s", settle = "20m" }
[company.match]
link        = ["precoro"]
precoro_key = "idn"
adopt_days  = 3
tolerance   = { EUR = "0.05" }
[company.caps]
payments = 7
amount   = { EUR = "900.00" }
[company.erp]`, 1)+company("globex", "654321"))

	require.NoError(t, err)
	require.Len(t, companies, 2)
	require.NotNil(t, companies[0].Precoro)
	require.Equal(t, 525*time.Millisecond, companies[0].Slot, "2 a second, and some room")
	require.Equal(t, 1050*time.Millisecond, companies[1].Slot)
	tolerance, err := money.Parse("0.05", "EUR")
	require.NoError(t, err)
	most, err := money.Parse("900.00", "EUR")
	require.NoError(t, err)
	require.Equal(t, activities.Settings{
		Company: "acme", Accounts: companies[0].Settings.Accounts, Timezone: "UTC", Start: "2026-01-01",
		Linking:   reconcile.Linking{Sides: []string{"precoro"}, PrecoroKey: "idn"},
		AdoptDays: 3, Tolerance: reconcile.Tolerance{"EUR": tolerance},
		Caps:    activities.Caps{Payments: 7, Amount: map[money.Currency]money.Amount{"EUR": most}},
		SameGet: 70 * time.Second, Settle: 20 * time.Minute, PerHour: 1500, PerDay: 3000, ERP: companies[0].ERP.Capabilities(),
	}, companies[0].Settings)
}

func TestDefaultsAreThoseOfTheDesign(t *testing.T) {
	t.Parallel()
	companies, err := load(t, company("acme", "123456"))

	require.NoError(t, err)
	settings := companies[0].Settings
	require.Equal(t, 61*time.Second, settings.SameGet)
	require.Equal(t, 10*time.Minute, settings.Settle)
	require.Equal(t, 7, settings.AdoptDays)
	require.Equal(t, 500, settings.Caps.Payments)
	require.Empty(t, settings.Caps.Amount)
	require.Equal(t, []string{reconcile.LinkERP, reconcile.LinkPrecoro}, settings.Linking.Sides)
}

func TestTwoCompaniesMayNotShareAnERPAccount(t *testing.T) {
	t.Parallel()
	_, err := load(t, company("acme", "123456")+company("globex", "123456"))

	require.EqualError(t, err, "company globex: uses the ERP account of company acme (erply 123456.erply.com/123456); each account belongs to one company")
}

func TestERPAccountIsComparedByWhereItLeads(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"in capitals": "https://123456.ERPLY.com/api/", "with its port": "https://123456.erply.com:443/api/",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := strings.NewReplacer("https://123456.erply.com/api/", url, username, "somebody.else").Replace(company("globex", "123456"))

			_, err := load(t, company("acme", "123456")+other)

			require.ErrorContains(t, err, "uses the ERP account of company acme")
		})
	}
}

func TestSystemThatIsNotKnownIsRefusedWithThoseThatAre(t *testing.T) {
	t.Parallel()
	_, err := load(t, strings.NewReplacer(`"erply"`, `"sap"`, "company.erp.erply", "company.erp.sap").Replace(company("acme", "123456")))

	require.EqualError(t, err, `company acme: erp: system "sap" is not known, accepted are: erply, tryton`)
}

func TestWrongKeysOfTheAdapterAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ old, replacement, text string }{
		"unknown":    {"client_code", "client", "client: is not a key of this table"},
		"of a type":  {`client_code = "123456"`, `client_code = 123456`, "client_code: "},
		"of a value": {`client_code = "123456"`, `client_code = "acme"`, "client_code"},
		"not https":  {"https://", "http://", "url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, strings.Replace(company("acme", "123456"), test.old, test.replacement, 1))

			require.ErrorContains(t, err, "company acme: erp.erply: ")
			require.ErrorContains(t, err, test.text)
			requireNoSecret(t, err.Error())
		})
	}
}

// Target: what histories hold. Injection: none. Expected: no credential is in the settings of a run, nor in the name of an
// account.
func TestSettingsHoldNoSecret(t *testing.T) {
	t.Parallel()
	companies, err := load(t, company("acme", "123456"))
	require.NoError(t, err)

	settings, err := json.Marshal(companies[0].Settings)

	require.NoError(t, err)
	requireNoSecret(t, string(settings))
	requireNoSecret(t, fmt.Sprintf("%+v %s", companies[0].Settings, companies[0].ERP.Account()))
}

func requireNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{token, email, username, password} {
		require.NotContains(t, text, secret)
	}
}

func TestWorkflowsAndActivitiesAreRegisteredUnderTheNamesThatPeopleType(t *testing.T) {
	t.Parallel()
	names := &register{}

	worker.Register(names, activities.New(nil, activities.Options{}))

	require.Equal(t, []string{workflows.TypeReconcilePayments, workflows.TypeCompany, workflows.TypeRun}, names.workflows)
	require.Len(t, names.activities, 1)
	var suite testsuite.WorkflowTestSuite
	require.NotPanics(t, func() { worker.Register(suite.NewTestWorkflowEnvironment(), activities.New(nil, activities.Options{})) })
}

type register struct {
	workflows  []string
	activities []any
}

func (r *register) RegisterWorkflowWithOptions(_ any, options workflow.RegisterOptions) {
	r.workflows = append(r.workflows, options.Name)
}

func (r *register) RegisterActivity(a any) { r.activities = append(r.activities, a) }

func TestStoppingWorkerWaitsLongerThanAnyActivityTakes(t *testing.T) {
	t.Parallel()
	require.Greater(t, worker.StopTimeout, time.Minute)
}
