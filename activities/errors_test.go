package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// verdict is what becomes of a client's error.
type verdict struct {
	kind  activities.Kind
	retry bool
	delay time.Duration // until the next attempt, where the error says so
	wait  time.Duration // that the workflow is told
}

// Every error of every client, for a call that may be repeated and for one that may not.
func TestTableOfRetries(t *testing.T) {
	t.Parallel()
	lifts := erp.Throttled{Limiter: "hour", Until: start.Add(40 * time.Minute), After: 40 * time.Minute}
	shortly := erp.Throttled{Limiter: "minute", Until: start.Add(time.Minute), After: time.Minute}
	for name, test := range map[string]struct {
		err         error
		read, write verdict
	}{
		"Unauthorized":      {erp.Unauthorized{Text: "bad token"}, verdict{kind: activities.Unauthorized}, verdict{kind: activities.Unauthorized}},
		"Forbidden":         {erp.Forbidden{Text: "no right"}, verdict{kind: activities.Forbidden}, verdict{kind: activities.Forbidden}},
		"NotFound":          {erp.NotFound{What: "bill 8842"}, verdict{kind: activities.NotFound}, verdict{kind: activities.Refused}},
		"Refused":           {erp.Refused{Text: "closed period", Code: "1016"}, verdict{kind: activities.Refused}, verdict{kind: activities.Refused}},
		"Throttled":         {lifts, verdict{kind: activities.Throttled, wait: 40*time.Minute + 2*time.Second}, verdict{kind: activities.NotSent, wait: 40*time.Minute + 2*time.Second}},
		"Throttled shortly": {shortly, verdict{activities.Throttled, true, time.Minute + 2*time.Second, time.Minute + 2*time.Second}, verdict{kind: activities.NotSent, wait: time.Minute + 2*time.Second}},
		"Throttled till ?":  {erp.Throttled{}, verdict{kind: activities.Throttled, retry: true}, verdict{kind: activities.NotSent}},
		"Throttled no more": {erp.Throttled{Until: start}, verdict{activities.Throttled, true, 2 * time.Second, 2 * time.Second}, verdict{kind: activities.NotSent, wait: 2 * time.Second}},
		"Unavailable":       {erp.Unavailable{Cause: errors.New("502")}, verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.Unknown}},
		"NotSent":           {erp.NotSent{Cause: errors.New("refused")}, verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.NotSent}},
		"Stale":             {erp.Stale{What: "bill 8842"}, verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.StaleRead}},
		"OutcomeUnknown":    {erp.OutcomeUnknown{Cause: errors.New("reset")}, verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.Unknown}},
		"anything else":     {errors.New("surprise"), verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.Unknown}},
		"given up":          {context.DeadlineExceeded, verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.Unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			wrapped := fmt.Errorf("save purchase document 8842: %w", test.err)
			b.erp.find = func([]erp.Link) (erp.Found, error) { return erp.Found{}, wrapped }
			b.erp.bills = func([]string) ([]erp.Snapshot, error) { return nil, wrapped }
			b.erp.write = func(erp.Snapshot, erp.Order) error { return wrapped }

			_, findErr := perform(b, b.acts.FindBills, activities.FindBillsRequest{Company: "acme"})
			_, readErr := perform(b, b.acts.ReadBill, activities.ReadBillRequest{Company: "acme", ID: "8842"})
			_, writeErr := perform(b, b.acts.WriteBill, writeRequest(t))

			requireVerdict(t, test.read, wrapped, findErr)
			requireVerdict(t, test.read, wrapped, readErr)
			requireVerdict(t, test.write, wrapped, writeErr)
		})
	}
}

func requireVerdict(t *testing.T, want verdict, cause, err error) {
	t.Helper()
	application, kind, failure := failed(t, err)
	require.Equal(t, want, verdict{kind, !application.NonRetryable(), application.NextRetryDelay(), failure.Wait})
	require.Equal(t, activities.SideERP, failure.Side)
	require.Equal(t, "ERP: "+cause.Error(), failure.Text)
	require.Equal(t, failure.Text, application.Message())
	require.Equal(t, 1, failure.Requests)
}

// What Precoro answers, for its reads, its create call and its tagging.
func TestPrecorosAnswersHaveTheirKinds(t *testing.T) {
	t.Parallel()
	throttled := `{"RateLimit-Type":"per_hour","RateLimit-Retry-After":"2026-03-14 09:30:00 UTC"}`
	half := 30*time.Minute + 2*time.Second
	for name, test := range map[string]struct {
		precoro transport
		read    verdict
		post    verdict
	}{
		"401":           {always(http.StatusUnauthorized, `{"message":"Invalid token"}`), verdict{kind: activities.Unauthorized}, verdict{kind: activities.Unauthorized}},
		"403":           {always(http.StatusForbidden, `{}`), verdict{kind: activities.Forbidden}, verdict{kind: activities.Forbidden}},
		"404":           {always(http.StatusNotFound, `{}`), verdict{kind: activities.NotFound}, verdict{kind: activities.Refused}},
		"422":           {always(http.StatusUnprocessableEntity, `{"errors":{"sumPaid":["too much"]}}`), verdict{kind: activities.Refused}, verdict{kind: activities.Refused}},
		"429":           {always(http.StatusTooManyRequests, throttled), verdict{kind: activities.Throttled, wait: half}, verdict{kind: activities.NotSent, wait: half}},
		"429 bare":      {always(http.StatusTooManyRequests, ``), verdict{kind: activities.Throttled, retry: true}, verdict{kind: activities.NotSent}},
		"500":           {always(http.StatusInternalServerError, `oops`), verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.Unknown}},
		"redirect":      {always(http.StatusFound, ``), verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.Unknown}},
		"HTML":          {always(http.StatusOK, `<html>`), verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.Unknown}},
		"reset":         {broken(errors.New("connection reset by peer")), verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.Unknown}},
		"no connection": {broken(dialError()), verdict{kind: activities.Unavailable, retry: true}, verdict{kind: activities.NotSent}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.precoro = test.precoro
			_, listErr := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 1})
			_, readErr := perform(b, b.acts.ReadInvoice, activities.ReadInvoiceRequest{Company: "acme", IDN: 1042})
			_, tagErr := perform(b, b.acts.TagPayment, activities.TagPaymentRequest{Company: "acme", Payment: "77", Key: "er.E7", Currency: "EUR"})
			_, postErr := perform(b, b.acts.PostPayment, postRequest(t))

			for _, seen := range []struct {
				err  error
				want verdict
			}{{listErr, test.read}, {readErr, test.read}, {tagErr, test.post}, {postErr, test.post}} {
				application, kind, failure := failed(t, seen.err)
				require.Equal(t, seen.want, verdict{kind, !application.NonRetryable(), application.NextRetryDelay(), failure.Wait})
				require.Equal(t, activities.SidePrecoro, failure.Side)
				require.Contains(t, failure.Text, "Precoro: ")
			}
			require.Len(t, b.sent, 4, "nothing is sent twice")
		})
	}
}

// Target: credentials in errors, which histories and reports hold. Injection: servers and transports that repeat them.
// Expected: no error and no detail holds either.
func TestNoErrorHoldsACredential(t *testing.T) {
	t.Parallel()
	echo := `{"message":"user ` + email + ` with token ` + token + ` may not","errors":{"` + token + `":["` + email + `"]}}`
	for name, server := range map[string]transport{
		"401":       always(http.StatusUnauthorized, echo),
		"403":       always(http.StatusForbidden, echo),
		"404":       always(http.StatusNotFound, echo),
		"422":       always(http.StatusUnprocessableEntity, echo),
		"429":       always(http.StatusTooManyRequests, `{"RateLimit-Type":"`+token+`"}`),
		"500":       always(http.StatusInternalServerError, "<b>"+email+token+"</b>"),
		"text":      always(http.StatusTeapot, "token "+token+" of "+email),
		"transport": broken(errors.New("proxy refused X-AUTH-TOKEN: " + token + ", email: " + email)),
		"row":       always(http.StatusOK, `{"data":[{"id":"`+token+`","idn":"`+email+`"}],"id":"`+token+`","idn":"`+email+`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.precoro = server
			page, listErr := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 1})
			_, readErr := perform(b, b.acts.ReadInvoice, activities.ReadInvoiceRequest{Company: "acme", IDN: 1042})
			_, tagErr := perform(b, b.acts.TagPayment, activities.TagPaymentRequest{Company: "acme", Payment: "77", Key: "er.E7", Currency: "EUR"})
			_, postErr := perform(b, b.acts.PostPayment, postRequest(t))

			rows, err := json.Marshal(page)
			require.NoError(t, err)
			texts := []string{string(rows)}
			for _, err := range []error{listErr, readErr, tagErr, postErr} {
				if err == nil {
					continue
				}
				_, _, failure := failed(t, err)
				detail, marshalErr := json.Marshal(failure)
				require.NoError(t, marshalErr)
				texts = append(texts, err.Error(), string(detail))
			}
			require.Greater(t, len(texts), 1)
			for _, text := range texts {
				require.NotContains(t, text, token)
				require.NotContains(t, text, email)
			}
		})
	}
}

func TestKindOfWhatATemporalErrorSays(t *testing.T) {
	t.Parallel()
	detail := activities.Failure{Side: activities.SideERP, Text: "ERP: throttled", Wait: time.Minute, Requests: 2}
	withDetail := temporal.NewApplicationErrorWithOptions("ERP: throttled", string(activities.Throttled), temporal.ApplicationErrorOptions{Details: []any{detail}})
	converter := temporal.GetDefaultFailureConverter() // a detail can only be misread where it was written down
	foreign := converter.FailureToError(converter.ErrorToFailure(temporal.NewNonRetryableApplicationError("gone", string(activities.NotFound), nil, "a text")))
	timeout := temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	for name, test := range map[string]struct {
		err    error
		kind   activities.Kind
		detail activities.Failure
		ok     bool
	}{
		"one of ours":           {withDetail, activities.Throttled, detail, true},
		"one of ours, wrapped":  {fmt.Errorf("reading: %w", withDetail), activities.Throttled, detail, true},
		"without detail":        {temporal.NewNonRetryableApplicationError("gone", string(activities.NotFound), nil), activities.NotFound, activities.Failure{Text: "gone"}, true},
		"with a foreign detail": {foreign, activities.NotFound, activities.Failure{Text: "gone"}, true},
		"a time-out":            {timeout, activities.Unknown, activities.Failure{Text: "no answer: " + timeout.Error()}, true},
		"a cancellation":        {temporal.NewCanceledError(), "", activities.Failure{}, false},
		"something else":        {errors.New("surprise"), "", activities.Failure{}, false},
		"nothing":               {nil, "", activities.Failure{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, detail, ok := activities.KindOf(test.err)
			require.Equal(t, test.ok, ok)
			require.Equal(t, test.kind, kind)
			require.Equal(t, test.detail, detail)
		})
	}
}

func TestFindBillsGivesNoBillsWithAnError(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.erp.find = func([]erp.Link) (erp.Found, error) {
		return erp.Found{Bills: []reconcile.Bill{{ID: "8842"}}}, erp.Unavailable{Cause: errors.New("cut off")}
	}

	found, err := perform(b, b.acts.FindBills, activities.FindBillsRequest{Company: "acme"})

	require.Error(t, err)
	require.Empty(t, found.Bills)
}

// A quota that lifts soon is Temporal's to wait for, also where the same GET may be repeated much later; and never before that.
func TestThrottledGetIsNotRepeatedBeforeTheSameGetMayBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stamp, sameGet, delay time.Duration
		retry                 bool
	}{
		"sooner":          {time.Second, 61 * time.Second, 61 * time.Second, true},
		"later":           {100 * time.Second, 61 * time.Second, 102 * time.Second, true},
		"much later":      {time.Second, 5 * time.Minute, 5 * time.Minute, true},
		"an hour's quota": {40 * time.Minute, time.Hour, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(s *activities.Settings) { s.SameGet = test.sameGet })
			b.precoro = always(http.StatusTooManyRequests, fmt.Sprintf(`{"RateLimit-Type":"limiter","RateLimit-Retry-After":%q}`, start.Add(test.stamp).Format("2006-01-02 15:04:05 MST")))

			_, err := perform(b, b.acts.ListInvoices, activities.ListInvoicesRequest{Company: "acme", Page: 1})

			application, kind, _ := failed(t, err)
			require.Equal(t, activities.Throttled, kind)
			require.Equal(t, test.retry, !application.NonRetryable())
			require.Equal(t, test.delay, application.NextRetryDelay())
		})
	}
}
