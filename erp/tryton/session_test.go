package tryton_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
)

func TestEveryRequestIsWhatTrytonTakesForJSONRPC(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)})
	readOne(t, d.adapter(t), "20")
	require.Equal(t, []string{
		"common.db.login", "common.server.version", "model.res.user.get_preferences", "model.account.payment.fields_get", "model.account.invoice.fields_get",
		"model.account.payment.journal.search_read", "model.account.invoice.search_read",
	}, d.methods())
	login := d.of("common.db.login")[0]
	require.JSONEq(t, `{"id":1,"method":"common.db.login","params":["payrecon.robot",{"password":"p4ssw0rd-8842"},"en"]}`, login.body)
	require.Equal(t, "/erp/", login.path)
	require.Empty(t, login.authorization)
	require.Equal(t, "/", d.of("common.server.version")[0].path)
	for _, one := range d.calls[2:] {
		require.Equal(t, "/erp/", one.path)
		require.Equal(t, "Session "+base64.StdEncoding.EncodeToString([]byte("payrecon.robot:3:secret-session-1")), one.authorization)
		require.Equal(t, "en", one.context()["language"], "%s: errors are told by their words", one.Method)
	}
	require.EqualValues(t, 1, d.calls[6].context()["company"])

	d.forget()
	readOne(t, d.adapter(t), "20")
	require.Len(t, d.methods(), 7, "another adapter has a session of its own")
}

func TestManyCallersShareOneLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, release := newDouble(t), make(chan struct{})
		d.before = func(one sent) {
			if one.Method == "common.db.login" {
				<-release
			}
		}
		adapter := d.adapter(t)
		var all sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			all.Go(func() { _, errs[i] = adapter.ReadBills(t.Context(), []string{"20"}) })
		}
		synctest.Wait()
		impatient, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { _, err := adapter.ReadBills(impatient, []string{"20"}); left <- err }()
		synctest.Wait()
		leave()
		requireA[erp.Unavailable](t, <-left) // whoever waits for somebody's login leaves with its own context

		close(release)
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, 1, d.logins)
		require.Len(t, d.of("common.server.version"), 1, "what is read once is read once")
	})
}

// over answers 401 to calls of the first session, of those that are named.
func over(methods ...string) func(sent) *reply {
	return func(one sent) *reply {
		for _, method := range methods {
			if one.Method == method && one.authorization == "Session "+base64.StdEncoding.EncodeToString([]byte("payrecon.robot:3:secret-session-1")) {
				return &reply{status: http.StatusUnauthorized}
			}
		}
		return nil
	}
}

func TestSessionThatIsOverIsRenewedOnce(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)}, payment(object{"state": "draft", "clearing_move": nil}))
	adapter := d.adapter(t)
	bill := readOne(t, adapter, "20")
	// An idle session is over for this call only.
	d.answer = over("model.account.payment.approve")
	require.Equal(t, []error{nil}, adapter.WritePayments(t.Context(), []erp.Write{{Bill: bill, Order: erp.Order{Key: "pr.5512", Amount: eur(t, "50.00"), Date: "2026-03-12"}}}))
	require.Len(t, d.of("model.account.payment.approve"), 2, "also a write is sent again: nothing was carried out")
	require.Equal(t, 2, d.logins)
	readOne(t, adapter, "20")
	require.Equal(t, 2, d.logins)
}

func TestSessionIsNotRenewedTwice(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"model.account.invoice.search_read", "common.server.version", "model.res.user.get_preferences"} {
		d := newDouble(t)
		d.answer = func(one sent) *reply {
			if one.Method == method {
				return &reply{status: http.StatusUnauthorized}
			}
			return nil
		}
		_, err := d.adapter(t).ReadBills(t.Context(), []string{"20"})
		requireA[erp.Unauthorized](t, err)
		require.LessOrEqual(t, d.logins, 2)
		require.LessOrEqual(t, len(d.of(method)), 2)
	}
}

func TestLateAnswerForAnOldSessionDoesNotEndTheNewOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, late := newDouble(t), make(chan struct{})
		adapter := d.adapter(t)
		_, err := adapter.ReadBills(t.Context(), []string{"1"})
		require.NoError(t, err)
		d.answer = over("model.account.invoice.search_read")
		d.before = func(one sent) {
			if one.Method == "model.account.invoice.search_read" && one.Params[2] == 2.0 { // as many as were asked for
				<-late
			}
		}
		done := make(chan error, 1)
		go func() { _, err := adapter.ReadBills(t.Context(), []string{"1", "2"}); done <- err }()
		synctest.Wait()
		_, err = adapter.ReadBills(t.Context(), []string{"1"})
		require.NoError(t, err)
		close(late)
		require.NoError(t, <-done)
		require.Equal(t, 2, d.logins)
	})
}

func TestRefusedLoginIsNotTriedAgainForAWhile(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]reply{
		"wrong password": {status: http.StatusUnauthorized},
		"a code":         {fault: list{"LoginException", list{"sms_code", "Which code did you get?", "char"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, now := newDouble(t), noon
			d.answer = func(one sent) *reply {
				if one.Method == "common.db.login" {
					return &refusal
				}
				return nil
			}
			adapter := d.adapterAt(t, config(), func() time.Time { return now })
			for _, step := range []struct {
				after  time.Duration
				logins int
			}{{0, 1}, {time.Second, 1}, {15*time.Minute - time.Second, 1}, {15 * time.Minute, 2}} {
				now = noon.Add(step.after)
				_, err := adapter.FindBills(t.Context(), []erp.Link{{Invoice: "1042"}})
				requireA[erp.Unauthorized](t, err)
				require.Equal(t, step.logins, d.logins, "after %s", step.after)
			}
			require.Len(t, d.methods(), 2, "nothing is asked without a session")
		})
	}
}

func TestLoginThatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, passing := range []reply{{status: http.StatusBadGateway}, {body: "<html>"}, {result: list{}}, {result: list{3, ""}}, {result: nil}, {fault: list{"connection already closed", ""}}} {
		d := newDouble(t)
		d.answer = func(one sent) *reply {
			if one.Method == "common.db.login" && d.logins == 1 {
				return &passing
			}
			return nil
		}
		adapter := d.adapter(t)
		_, err := adapter.ReadBills(t.Context(), []string{"20"})
		requireA[erp.Unavailable](t, err)
		_, err = adapter.ReadBills(t.Context(), []string{"20"})
		require.NoError(t, err)
	}
}

// Each attempt makes Tryton's own lockout longer.
func TestTooManyFailedLoginsAreWaitedOut(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.answer = func(sent) *reply { return &reply{status: http.StatusTooManyRequests} }
	_, err := d.adapter(t).ReadBills(t.Context(), []string{"20"})
	limit := requireA[erp.Throttled](t, err)
	require.Equal(t, 15*time.Minute, limit.After)
	require.Equal(t, noon.Add(15*time.Minute), limit.Until)
}

func TestWriteThatNeverWentOutIsNotSent(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.hold(invoice(nil), list{line(nil)})
	bill := readOne(t, d.adapter(t), "20")
	for _, method := range []string{"common.db.login", "common.server.version", "model.account.payment.journal.search_read", "model.account.period.search_read"} {
		d.answer = func(one sent) *reply {
			if one.Method == method {
				return &reply{status: http.StatusBadGateway}
			}
			return nil
		}
		d.forget()
		outcomes := d.adapter(t).WritePayments(t.Context(), []erp.Write{{Bill: bill, Order: erp.Order{Key: "pr.1", Amount: eur(t, "1.00"), Date: "2026-03-12"}}})
		requireA[erp.NotSent](t, outcomes[0])
		require.Empty(t, d.of("model.account.payment.create"))
	}
}
