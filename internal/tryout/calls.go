//go:build unix

package tryout

import (
	"bytes"
	"net/http"
	"slices"
)

// Step is a kind of request that payrecon sends to Tryton, by the method that it calls.
type Step string

// The writes, each a transaction in Tryton; the first four make a payment. And the reads.
const (
	Create  Step = "model.account.payment.create"
	Approve Step = "model.account.payment.approve"
	Process Step = "wizard.account.payment.process.execute"
	Succeed Step = "model.account.payment.succeed"
	PutKey  Step = "model.account.payment.write"

	LogIn        Step = "common.db.login"
	ReadInvoices Step = "model.account.invoice.search_read" // with all that pays them
)

// Making are the steps that make a payment, in their order.
func Making() []Step { return []Step{Create, Approve, Process, Succeed} }

// Is picks the requests that call it.
func (s Step) Is(_ *http.Request, body []byte) bool {
	return bytes.Contains(body, []byte(`"method":"`+string(s)+`"`))
}

// Writes picks the requests that change something in Tryton.
func Writes(r *http.Request, body []byte) bool {
	return slices.ContainsFunc(append(Making(), PutKey), func(s Step) bool { return s.Is(r, body) })
}
