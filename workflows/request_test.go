package workflows_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/workflows"
)

// ask starts a trigger with this input, as the Temporal UI would, at a company that answers at once. It gives the job as
// the company understood it.
func ask(t *testing.T, input ...any) (workflows.Job, error) {
	t.Helper()
	env := newEnvironment()
	var job workflows.Job
	env.RegisterActivity(&backend{newWorld()})
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context, state workflows.CompanyState) error {
		var ticket workflows.Ticket
		workflow.GetSignalChannel(ctx, "ticket").Receive(ctx, &ticket)
		job = ticket.Job
		result := workflows.Result{Report: &report.Report{Company: state.Company}}
		return workflow.SignalExternalWorkflow(ctx, ticket.Workflow, ticket.ID, "result", result).Get(ctx, nil)
	}, workflow.RegisterOptions{Name: workflows.TypeCompany})
	noCompany(env)
	env.ExecuteWorkflow(workflows.TypeReconcilePayments, input...)
	require.True(t, env.IsWorkflowCompleted())
	return job, env.GetWorkflowError()
}

func TestRequestIsUnderstood(t *testing.T) {
	t.Parallel()
	usual := workflows.Job{Mode: "apply", Scope: "auto", Direction: reconcile.Both}
	for input, change := range map[string]func(*workflows.Job){
		`{}`:                                     func(*workflows.Job) {},
		`null`:                                   func(*workflows.Job) {},
		` { } `:                                  func(*workflows.Job) {},
		`{"company":"acme"}`:                     func(*workflows.Job) {},
		`{"company":null}`:                       func(*workflows.Job) {},
		`{"mode":"plan"}`:                        func(j *workflows.Job) { j.Mode = "plan" },
		`{"mode":"apply"}`:                       func(*workflows.Job) {},
		`{"scope":"deep"}`:                       func(j *workflows.Job) { j.Scope = "deep" },
		`{"scope":"full"}`:                       func(j *workflows.Job) { j.Scope = "full" },
		`{"scope":"changes"}`:                    func(j *workflows.Job) { j.Scope = "changes" },
		`{"direction":"to_erp"}`:                 func(j *workflows.Job) { j.Direction = reconcile.ToERP },
		`{"direction":"to_precoro"}`:             func(j *workflows.Job) { j.Direction = reconcile.ToPrecoro },
		`{"since":"2026-03-14T00:00:00+02:00"}`:  func(j *workflows.Job) { j.Since = "2026-03-14T00:00:00+02:00" },
		`{"invoices":[1042,"1043"]}`:             func(j *workflows.Job) { j.Invoices = []int64{1042, 1043} },
		`{"invoices":["1043",1042,1043,"1042"]}`: func(j *workflows.Job) { j.Invoices = []int64{1042, 1043} },
		`{"invoices":[]}`:                        func(*workflows.Job) {},
		`{"invoices":null}`:                      func(*workflows.Job) {},
		`{"approve":"9f2c00000000aaaa"}`:         func(j *workflows.Job) { j.Approve = "9f2c00000000aaaa" },
		`{"wait":"0s"}`:                          func(*workflows.Job) {},
		`{"wait":"24h"}`:                         func(*workflows.Job) {},
		`{"wait":"1h30m","mode":"plan","scope":"full"}`: func(j *workflows.Job) { j.Mode, j.Scope = "plan", "full" },
		`{"invoices":` + manyInvoices(100) + `}`: func(j *workflows.Job) {
			for n := range int64(100) {
				j.Invoices = append(j.Invoices, n+1)
			}
		},
	} {
		t.Run(shortened(input), func(t *testing.T) {
			t.Parallel()
			want := usual
			change(&want)

			job, err := ask(t, json.RawMessage(input))

			require.NoError(t, err)
			require.Equal(t, want, job)
		})
	}
}

func TestNoInputAtAllIsAWholeRequest(t *testing.T) {
	t.Parallel()
	for name, input := range map[string][]any{"none": {}, "nil": {nil}, "the zero request": {workflows.Request{}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job, err := ask(t, input...)

			require.NoError(t, err)
			require.Equal(t, workflows.Job{Mode: "apply", Scope: "auto", Direction: reconcile.Both}, job)
		})
	}
}

func TestRequestThatIsWrongSaysFieldValueAndWhatIsAccepted(t *testing.T) {
	t.Parallel()
	const (
		whole     = `accepted is one JSON object such as {} or {"mode":"plan"}`
		fields    = `accepted are company, mode, scope, since, direction, invoices, approve and wait`
		modes     = `accepted: "apply" or "plan"`
		scopes    = `accepted: "auto", "changes", "full" or "deep"`
		sides     = `accepted: "both", "to_erp" or "to_precoro"`
		times     = `accepted: a time in RFC 3339 such as "2026-03-14T00:00:00Z"`
		numbers   = `accepted: at most 100 Precoro document numbers such as [1042, "1043"]`
		digests   = `accepted: the digest of a plan, 16 hexadecimal digits`
		durations = `accepted: a duration from "0s" to "24h"`
		names     = `accepted: the name of a configured company`
	)
	for input, parts := range map[string][]string{
		`"plan"`:                         {`the request is "plan"`, whole},
		`[]`:                             {`the request is []`, whole},
		`[{"mode":"plan"}]`:              {`the request is [{"mode":"plan"}]`, whole},
		`42`:                             {`the request is 42`, whole},
		`true`:                           {`the request is true`, whole},
		`{"mode":"plan","mode":"apply"}`: {`mode: is named twice`, `accepted is each field once`},
		`{"mod":"plan"}`:                 {`mod: is no field of a request`, fields},
		`{"Mode":"plan"}`:                {`Mode: is no field of a request`, fields},
		`{"":1}`:                         {`: is no field of a request`, fields},
		`{"dry_run":true}`:               {`dry_run: is no field of a request`, fields},
		`{"company":7}`:                  {`company: 7 is not accepted`, names},
		`{"company":"initech"}`:          {`company: "initech" is not configured, accepted: acme`},
		`{"mode":"dry"}`:                 {`mode: "dry" is not accepted`, modes},
		`{"mode":"Plan"}`:                {`mode: "Plan" is not accepted`, modes},
		`{"mode":1}`:                     {`mode: 1 is not accepted`, modes},
		`{"mode":["plan"]}`:              {`mode: ["plan"] is not accepted`, modes},
		`{"scope":"all"}`:                {`scope: "all" is not accepted`, scopes},
		`{"scope":{}}`:                   {`scope: {} is not accepted`, scopes},
		`{"direction":"to_sap"}`:         {`direction: "to_sap" is not accepted`, sides},
		`{"direction":false}`:            {`direction: false is not accepted`, sides},
		`{"scope":"full","since":"2026-03-14T00:00:00Z"}`: {`since: "2026-03-14T00:00:00Z" is not accepted beside scope "full"`, `accepted: scope "auto" or "changes"`},
		`{"since":"yesterday"}`:                           {`since: "yesterday" is not accepted`, times},
		`{"since":"2026-03-14"}`:                          {`since: "2026-03-14" is not accepted`, times},
		`{"since":1700000000}`:                            {`since: 1700000000 is not accepted`, times},
		`{"invoices":1042}`:                               {`invoices: 1042 is not accepted`, numbers},
		`{"invoices":"1042"}`:                             {`invoices: "1042" is not accepted`, numbers},
		`{"invoices":["INV-7"]}`:                          {`invoices: ["INV-7"] is not accepted`, numbers},
		`{"invoices":[10.5]}`:                             {`invoices: [10.5] is not accepted`, numbers},
		`{"invoices":[1e3]}`:                              {`invoices: [1e3] is not accepted`, numbers},
		`{"invoices":[null]}`:                             {`invoices: [null] is not accepted`, numbers},
		`{"invoices":[[1]]}`:                              {`invoices: [[1]] is not accepted`, numbers},
		`{"invoices":[""]}`:                               {`invoices: [""] is not accepted`, numbers},
		`{"invoices":[0]}`:                                {`invoices: "0" is not accepted`, numbers},
		`{"invoices":[7,-1]}`:                             {`invoices: "-1" is not accepted`, numbers},
		`{"invoices":[99999999999999999999]}`:             {`invoices: [99999999999999999999] is not accepted`, numbers},
		`{"invoices":` + manyInvoices(101) + `}`:          {`invoices: 101 numbers are too many`, numbers},
		`{"approve":"yes"}`:                               {`approve: "yes" is not accepted`, digests},
		`{"approve":"9F2C00000000AAAA"}`:                  {`approve: "9F2C00000000AAAA" is not accepted`, digests},
		`{"approve":true}`:                                {`approve: true is not accepted`, digests},
		`{"wait":"soon"}`:                                 {`wait: "soon" is not accepted`, durations},
		`{"wait":"-1h"}`:                                  {`wait: "-1h" is not accepted`, durations},
		`{"wait":"24h1s"}`:                                {`wait: "24h1s" is not accepted`, durations},
		`{"wait":3600}`:                                   {`wait: 3600 is not accepted`, durations},
	} {
		t.Run(shortened(input), func(t *testing.T) {
			t.Parallel()
			_, err := ask(t, json.RawMessage(input))

			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			require.Equal(t, string(activities.InvalidRequest), application.Type())
			require.True(t, application.NonRetryable())
			require.Equal(t, strings.Join(parts, ", "), application.Message())
		})
	}
}

func TestLongValueIsCutInTheError(t *testing.T) {
	t.Parallel()
	_, err := ask(t, json.RawMessage(`{"mode":"`+strings.Repeat("é", 5000)+`"}`))

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Less(t, len(application.Message()), 300)
	require.Contains(t, application.Message(), "…")
}

func TestReservedWorkflowIDIsRefused(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"payrecon.company.acme", "payrecon.run.acme", "payrecon.anything"} {
		env := newEnvironment()
		env.RegisterActivity(&backend{newWorld()})
		env.SetStartWorkflowOptions(startAs(id))

		env.ExecuteWorkflow(workflows.TypeReconcilePayments, workflows.Request{})

		var application *temporal.ApplicationError
		require.ErrorAs(t, env.GetWorkflowError(), &application)
		require.Equal(t, string(activities.InvalidRequest), application.Type())
		require.Equal(t, `workflow ID: "`+id+`" begins with "payrecon.", which is reserved; start ReconcilePayments under any other ID`, application.Message())
	}
}

// People type these, schedules hold them, and running workflows are found by them: they never change.
func TestNamesStand(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ReconcilePayments", workflows.TypeReconcilePayments)
	require.Equal(t, "Company", workflows.TypeCompany)
	require.Equal(t, "Run", workflows.TypeRun)
	require.Equal(t, "payrecon.", workflows.Reserved)
	require.Equal(t, "payrecon.company.acme", workflows.CompanyID("acme"))
	require.Equal(t, "payrecon.run.acme", workflows.RunID("acme"))
	require.Equal(t, "progress", workflows.QueryProgress)
}

func FuzzRequestNeverFailsToDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, ``, `{"mode":"plan","invoices":[1,"2"]}`, `{"mode":`, `{"mode"}`, `[`, `{"invoices":[`, "{\"\x00\":1}", `{"wait":"1h"} trailing`, `{"a":{"b":[{}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		request := workflows.Request{Approve: "of another request"}
		require.NoError(t, request.UnmarshalJSON(input))
		require.NotEqual(t, "of another request", request.Approve)
	})
}

func manyInvoices(n int) string {
	var numbers []string
	for i := range n {
		numbers = append(numbers, strconv.Itoa(i+1))
	}
	return "[" + strings.Join(numbers, ",") + "]"
}

func shortened(text string) string {
	const most = 40
	return text[:min(len(text), most)]
}
