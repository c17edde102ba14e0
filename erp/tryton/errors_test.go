package tryton_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
)

// kind is the port's error, by name.
func kind(err error) string {
	for _, one := range []struct {
		name string
		is   bool
	}{
		{"Unauthorized", is[erp.Unauthorized](err)},
		{"Forbidden", is[erp.Forbidden](err)},
		{"Refused", is[erp.Refused](err)},
		{"Throttled", is[erp.Throttled](err)},
		{"Unavailable", is[erp.Unavailable](err)},
		{"NotSent", is[erp.NotSent](err)},
		{"OutcomeUnknown", is[erp.OutcomeUnknown](err)},
		{"Stale", is[erp.Stale](err)},
	} {
		if one.is {
			return one.name
		}
	}
	return fmt.Sprintf("%T", err)
}

func is[T error](err error) bool {
	_, ok := as[T](err)
	return ok
}

// answering lets one method of the double answer so.
func answering(method string, r reply) func(sent) *reply {
	return func(one sent) *reply {
		if one.Method == method {
			return &r
		}
		return nil
	}
}

const createMethod = "model.account.payment.create"

func TestErrorsAreOfTheClosedSet(t *testing.T) {
	t.Parallel()
	const words = "You are trying to write to records \"50\" of \"Payment\" that don't exist anymore."
	for name, c := range map[string]struct {
		answer      reply
		read, write string
		text        string
	}{
		"declined":              {reply{fault: list{"UserError", list{"The value is not valid.", "Amount", list{"and", "5 kB"}}}}, "Refused", "Refused", "refused (UserError): The value is not valid. Amount"},
		"a question":            {reply{fault: list{"UserWarning", list{"name.5", "Overpays it.", "Go on?"}}}, "Refused", "Refused", "refused (UserWarning): Overpays it. Go on?"},
		"another was faster":    {reply{fault: list{"ConcurrencyException", "Records were modified in the meanwhile"}}, "Unavailable", "Stale", ""},
		"gone":                  {reply{fault: list{"UserError", list{words, "", nil}}}, "Refused", "Stale", ""},
		"gone by a rule":        {reply{fault: list{"UserError", list{`You are not allowed to read records "50" of "Payment" because of at least one of these rules:`, "", nil}}}, "Refused", "Stale", ""},
		"no right":              {reply{fault: list{"UserError", list{`You are not allowed to access "Payment".`, "", nil}}}, "Forbidden", "Forbidden", ""},
		"no right to a button":  {reply{fault: list{"UserError", list{`Calling button "approve on "account.payment" is not allowed.`, "", nil}}}, "Forbidden", "Forbidden", ""},
		"another login":         {reply{fault: list{"LoginException", list{"password", "Password?", "password"}}}, "Unauthorized", "Unauthorized", "Password?"},
		"too many":              {reply{fault: list{}}, "Throttled", "Throttled", ""},
		"no such model":         {reply{fault: list{"'account.payment'", ""}}, "Refused", "OutcomeUnknown", ""},
		"a crash":               {reply{fault: list{"list index out of range", ""}}, "Unavailable", "OutcomeUnknown", "list index out of range"},
		"serialization":         {reply{fault: list{"could not serialize access due to concurrent update\n", ""}}, "Unavailable", "NotSent", ""},
		"a deadlock":            {reply{fault: list{"deadlock detected\nDETAIL: Process 5", ""}}, "Unavailable", "NotSent", ""},
		"an odd error":          {reply{body: `{"id":1,"error":"no"}`}, "Unavailable", "OutcomeUnknown", ""},
		"an odder error":        {reply{body: `{"id":1,"error":[5]}`}, "Unavailable", "OutcomeUnknown", ""},
		"words of another kind": {reply{fault: list{"UserError", object{"a": 1}}}, "Refused", "Refused", ""},
		"no answer":             {reply{body: `{}`}, "Unavailable", "OutcomeUnknown", ""},
		"a page":                {reply{body: `<html>`}, "Unavailable", "OutcomeUnknown", ""},
		"404":                   {reply{status: http.StatusNotFound}, "Refused", "NotSent", "404"},
		"403":                   {reply{status: http.StatusForbidden}, "Forbidden", "Forbidden", "HTTP 403"},
		"308":                   {reply{status: http.StatusPermanentRedirect}, "Refused", "Refused", "url: is answered with a redirect"},
		"409":                   {reply{status: http.StatusConflict}, "Refused", "Refused", "UserWarning"},
		"423":                   {reply{status: http.StatusLocked}, "Unavailable", "Stale", ""},
		"400":                   {reply{status: http.StatusBadRequest}, "Refused", "Refused", "HTTP 400"},
		"429":                   {reply{status: http.StatusTooManyRequests}, "Throttled", "Throttled", ""},
		"408":                   {reply{status: http.StatusRequestTimeout}, "Unavailable", "OutcomeUnknown", ""},
		"500":                   {reply{status: http.StatusInternalServerError}, "Unavailable", "OutcomeUnknown", "HTTP 500"},
		"503":                   {reply{status: http.StatusServiceUnavailable}, "Unavailable", "OutcomeUnknown", ""},
		"204":                   {reply{status: http.StatusNoContent}, "Unavailable", "OutcomeUnknown", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t)
			d.hold(invoice(nil), list{line(nil)})
			adapter := d.adapter(t)
			bill := readOne(t, adapter, "20")

			d.answer = answering("model.account.invoice.search_read", c.answer)
			_, err := adapter.ReadBills(t.Context(), []string{"20"})
			require.Equal(t, c.read, kind(err), "%v", err)
			d.answer = answering(createMethod, c.answer)
			outcomes := adapter.WritePayments(t.Context(), []erp.Write{{Bill: bill, Order: erp.Order{Key: "pr.1", Amount: eur(t, "1.00"), Date: "2026-03-12"}}})
			require.Equal(t, c.write, kind(outcomes[0]), "%v", outcomes[0])
			require.ErrorContains(t, outcomes[0], c.text)
			require.Len(t, d.of(createMethod), 1, "nothing is sent again")
		})
	}
}

func TestThrottlingSaysForHowLong(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": time.Minute, "30": 30 * time.Second, "99999999999": time.Hour, "soon": time.Minute, "-1": time.Minute} {
		d := newDouble(t)
		d.answer = answering("model.account.invoice.search_read", reply{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {header}}})
		_, err := d.adapter(t).ReadBills(t.Context(), []string{"20"})
		limit := requireA[erp.Throttled](t, err)
		require.Equal(t, want, limit.After, header)
		require.Equal(t, noon.Add(want), limit.Until)
	}
}

func TestNoErrorShowsACredential(t *testing.T) {
	t.Parallel()
	echo := strings.Join([]string{username, password, "secret-session-1", "cGF5cmVjb24ucm9ib3Q6MzpzZWNyZXQtc2Vzc2lvbi0x"}, " ")
	for _, method := range []string{"common.db.login", "common.server.version", "model.account.payment.fields_get", "model.account.invoice.search_read", createMethod} {
		for _, answer := range []reply{
			{fault: list{"UserError", list{echo, echo, nil}}},
			{fault: list{"UserWarning", list{echo, echo, echo}}},
			{fault: list{echo, echo}},
			{fault: list{"LoginException", list{echo, echo, echo}}},
			{body: echo},
			{status: http.StatusBadRequest, body: echo},
			{result: echo},
		} {
			d := newDouble(t)
			d.hold(invoice(nil), list{line(nil)})
			bill := readOne(t, d.adapter(t), "20")
			d.answer = answering(method, answer)
			adapter := d.adapter(t)
			_, read := adapter.ReadBills(t.Context(), []string{"20"})
			write := adapter.WritePayments(t.Context(), []erp.Write{{Bill: bill, Order: erp.Order{Key: "pr.1", Amount: eur(t, "1.00"), Date: "2026-03-12"}}})[0]
			for _, err := range []error{read, write} {
				if err == nil {
					continue
				}
				for _, secret := range strings.Fields(echo) {
					if method == "common.db.login" && strings.Contains(secret, "session") {
						continue // there was none yet
					}
					require.NotContains(t, err.Error(), secret, method)
				}
				require.Less(t, len(err.Error()), 700)
			}
		}
	}
}
