// Package workflows decides; it never touches the network. ReconcilePayments is what people start, Company is the lock and
// the memory of one company, Run is one reconciliation.
package workflows

// Workflow types, as people type them.
const (
	TypeReconcilePayments = "ReconcilePayments"
	TypeCompany           = "Company"
	TypeRun               = "Run"
)

// Reserved is the prefix of our own workflow IDs.
const Reserved = "payrecon."

// CompanyID is the workflow ID of a company's lock and memory.
func CompanyID(company string) string { return Reserved + "company." + company }

// RunID is the workflow ID of a company's runs, one after another.
func RunID(company string) string { return Reserved + "run." + company }

// Signals. A trigger sends tickets; Company answers each of them.
const (
	signalTicket   = "ticket"   // trigger to Company: Ticket
	signalWithdraw = "withdraw" // trigger to Company: Ticket
	signalBegan    = "began"    // Company to trigger: Began
	signalDoing    = "doing"    // Run to trigger: Progress
	signalResult   = "result"   // Company to trigger: Result
)

// QueryProgress is the query that triggers, companies and runs answer.
const QueryProgress = "progress"

// Ticket is one request in the queue, and whom to answer.
type Ticket struct {
	ID       string `json:"id"`       // run ID of the trigger: sending a ticket again changes nothing
	Workflow string `json:"workflow"` // workflow ID of the trigger
	Job      Job    `json:"job"`
}

// Began tells a trigger which run does its work.
type Began struct {
	Workflow string `json:"workflow"`
	Run      string `json:"run"`
}
