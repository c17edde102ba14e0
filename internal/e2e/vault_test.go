//go:build unix

package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/query/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"payrecon/cmd/payrecon/cli"
	"payrecon/internal/config"
	"payrecon/internal/devserver"
	"payrecon/internal/logging"
	"payrecon/internal/sandbox"
	"payrecon/worker"
	"payrecon/workflows"
)

// Credentials that nothing else could be taken for, with what encodings change. The user's name could be a field's.
const (
	secretToken    = `Pr3c0ro/T0ken+5f2b9c1d7e==&"x`
	secretEmail    = "payment.robot+acme@secret-corp.example"
	secretUser     = "erplyLoginRobot7"
	secretPassword = `pass wörd/"hünter2"+&%41<x>`
	secretSession  = "53ss10n/k3y+0a1b2c3d4e5f=="
	secretProxy    = "pr0xy-pa55word~7"
)

// vault is a field whose companies have these credentials, and everything that it shows of itself.
type vault struct {
	*field
	guarded []*guarded
	log     safeBuffer

	mu    sync.Mutex
	shown map[string][][]byte // by place
}

// guarded is a company in a vault. What is not empty here stands in the configuration instead of what is right.
type guarded struct {
	*company
	precoro, erply, token, password string
}

// safeBuffer may be written to by several goroutines.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *safeBuffer) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.text.Bytes())
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{field: newFieldOn(t, devserver.Options{Metrics: true}), shown: map[string][][]byte{}}
	c, err := client.Dial(client.Options{HostPort: v.server.Address, Logger: logging.Temporal(v.logger())})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	v.client = c
	return v
}

// logger says everything there is to say.
func (v *vault) logger() zerolog.Logger { return zerolog.New(&v.log).Level(zerolog.TraceLevel) }

func (v *vault) add(t *testing.T, name string) *guarded {
	t.Helper()
	code := text(int64(100_000 + len(v.guarded)))
	c := v.addCompany(t, name, sandbox.Options{
		Email: secretEmail, Token: secretToken, ClientCode: code, Username: secretUser, Password: secretPassword,
		LaxOverpay: true, IgnoreExternalIDOnPost: true,
	})
	c.code = code
	g := &guarded{company: c}
	v.guarded = append(v.guarded, g)
	return g
}

// work gives the next run payments to make, in both directions.
func (g *guarded) work() (sandbox.Invoice, sandbox.Bill) {
	toPrecoro, bill := g.pair("80.00")
	g.setPaid(bill, 1)
	for range 2 {
		toERP, _ := g.pair("120.00")
		g.paid(toERP, "120.00", "2026-03-14")
	}
	return toPrecoro, bill
}

func (v *vault) configuration() string {
	text := "task_queue = \"vault\"\n"
	for _, g := range v.guarded {
		or := func(instead, usual string) string {
			if instead != "" {
				return instead
			}
			return usual
		}
		text += fmt.Sprintf(`
[[company]]
name = %q
start = "2026-01-01"
[company.precoro]
url = %q
email = %q
token = %q
limits = { per_second = 100, same_get = "50ms", settle = "200ms" }
[company.erp]
system = "erply"
[company.erp.erply]
url = %q
client_code = %q
username = %q
password = %q
limits = { per_second = 100 }
`, g.name, or(g.precoro, g.url+"/precoro"), secretEmail, or(g.token, secretToken), or(g.erply, g.url+"/erply/api/"), g.code, secretUser,
			or(g.password, secretPassword))
	}
	return text
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payrecon.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// keep keeps what was shown somewhere.
func (v *vault) keep(place string, content []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shown[place] = append(v.shown[place], content)
}

func (v *vault) keepMessage(t *testing.T, place string, message proto.Message) {
	t.Helper()
	content, err := protojson.Marshal(message)
	require.NoError(t, err)
	v.keep(place, content)
}

// startWorker runs the worker in this process, with everything logged.
func (v *vault) startWorker(t *testing.T, path string) {
	t.Helper()
	cfg, err := config.Load(path)
	require.NoError(t, err)
	w, err := worker.New(v.client, cfg, v.registry, v.logger())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

// start starts a trigger of a company.
func (v *vault) start(t *testing.T, g *guarded, request workflows.Request) client.WorkflowRun {
	t.Helper()
	request.Company = g.name
	id := fmt.Sprintf("vault-%s-%d", g.name, time.Now().UnixNano())
	run, err := v.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: "vault"}, workflows.TypeReconcilePayments, request)
	require.NoError(t, err)
	return run
}

// await waits for the end of a trigger and keeps how it ended.
func (v *vault) await(t *testing.T, run client.WorkflowRun) {
	t.Helper()
	r, err := await(t, run)
	if err != nil {
		v.keep("errors", []byte(err.Error()))
	}
	var table bytes.Buffer
	require.NoError(t, r.Table(&table, 0, false))
	require.NoError(t, r.JSON(&table))
	v.keep("reports", table.Bytes())
}

// giveUp cancels a trigger whose run fails again and again, once it has done so for a while, unless it has ended.
func (v *vault) giveUp(t *testing.T, g *guarded, run client.WorkflowRun) {
	t.Helper()
	const attempts = 5
	eventually(t, "the run has failed often", func() bool {
		trigger, err := v.client.DescribeWorkflowExecution(t.Context(), run.GetID(), "")
		require.NoError(t, err)
		described, err := v.client.DescribeWorkflowExecution(t.Context(), workflows.RunID(g.name), "")
		if err != nil {
			return false // it has not begun
		}
		v.keepMessage(t, "descriptions", described)
		return trigger.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING ||
			slices.ContainsFunc(described.GetPendingActivities(), func(a *workflow.PendingActivityInfo) bool { return a.GetAttempt() > attempts })
	})
	v.ask(t, g)
	require.NoError(t, v.client.CancelWorkflow(t.Context(), run.GetID(), ""))
	v.await(t, run)
}

// ask keeps what a company and its run say of themselves.
func (v *vault) ask(t *testing.T, g *guarded) {
	t.Helper()
	for _, id := range []string{workflows.CompanyID(g.name), workflows.RunID(g.name)} {
		for _, name := range []string{workflows.QueryProgress, "__temporal_workflow_metadata"} {
			answer, err := v.client.WorkflowService().QueryWorkflow(t.Context(), &workflowservice.QueryWorkflowRequest{
				Namespace: "default", Execution: &common.WorkflowExecution{WorkflowId: id}, Query: &query.WorkflowQuery{QueryType: name},
			})
			if err != nil {
				v.keep("errors", []byte(err.Error()))
				continue
			}
			v.keepMessage(t, "queries", answer)
		}
	}
}

// command runs the program in this process, and keeps what it prints.
func (v *vault) command(t *testing.T, arguments ...string) string {
	t.Helper()
	var output safeBuffer
	program := cli.Program{
		Stdout: &output, Stderr: &output, Logger: zerolog.New(&output), Now: time.Now, Patience: time.Second,
		Dial: func(context.Context, []config.Secret) (cli.Temporal, error) {
			return client.Dial(client.Options{HostPort: v.server.Address, Logger: logging.Temporal(zerolog.New(&output))})
		},
	}
	program.Run(t.Context(), arguments)
	require.NotEmpty(t, output.bytes(), arguments)
	v.keep("payrecon "+arguments[0], output.bytes())
	return string(output.bytes())
}

// histories keeps every workflow of the namespace.
func (v *vault) histories(t *testing.T) {
	t.Helper()
	var page []byte
	for {
		list, err := v.client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{NextPageToken: page})
		require.NoError(t, err)
		for _, one := range list.GetExecutions() {
			id, run := one.GetExecution().GetWorkflowId(), one.GetExecution().GetRunId()
			v.keepMessage(t, "descriptions", one)
			var all history.History
			for events := v.client.GetWorkflowHistory(t.Context(), id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
				event, err := events.Next()
				require.NoError(t, err)
				all.Events = append(all.Events, event)
			}
			v.keepMessage(t, "histories", &all)
		}
		if page = list.GetNextPageToken(); len(page) == 0 {
			return
		}
	}
}

// judge searches everything that was shown for every credential.
func (v *vault) judge(t *testing.T) {
	t.Helper()
	secrets := map[string]string{
		"token": secretToken, "email": secretEmail, "user": secretUser, "password": secretPassword, "session": secretSession, "proxy": secretProxy,
	}
	for n, key := range sessionKeys(t) {
		secrets[fmt.Sprintf("session %d", n)] = key
	}
	for _, g := range v.guarded {
		if g.Sandbox == nil {
			continue // only configured
		}
		state := g.State()
		require.LessOrEqual(t, state.Requests["erply"]["verifyUser"], keysKnown, "%s: keys of sessions that are not searched for", g.name)
		require.Empty(t, state.Alarms, g.name)
	}
	l := newLeaks(secrets)
	var found []string
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, place := range slices.Sorted(maps.Keys(v.shown)) {
		bytes := 0
		for _, content := range v.shown[place] {
			bytes += len(content)
			found = append(found, l.in(place, content)...)
		}
		t.Logf("%s: searched %d texts of %d bytes", place, len(v.shown[place]), bytes)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) > 0 {
		t.Fatalf("%d credentials are shown, among them:\n%s", len(found), strings.Join(found[:min(len(found), 10)], "\n"))
	}
}

// keysKnown is how many keys of sessions are searched for.
const keysKnown = 8

// sessionKeys are the first that a sandbox gives out: every one gives out the same.
func sessionKeys(t *testing.T) []string {
	t.Helper()
	box := httptest.NewServer(sandbox.New(sandbox.Options{}).Handler())
	defer box.Close()
	var keys []string
	for range keysKnown {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, box.URL+"/erply/api/", strings.NewReader(url.Values{
			"clientCode": {"123456"}, "request": {"verifyUser"}, "username": {"robot"}, "password": {"erply-password"}, "responseType": {"JSON"}, "sendContentType": {"1"},
		}.Encode()))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := box.Client().Do(request)
		require.NoError(t, err)
		var login struct {
			Records []struct {
				SessionKey string `json:"sessionKey"`
			} `json:"records"`
		}
		require.NoError(t, json.NewDecoder(answer.Body).Decode(&login))
		require.NoError(t, answer.Body.Close())
		require.Len(t, login.Records, 1)
		keys = append(keys, login.Records[0].SessionKey)
	}
	return keys
}
