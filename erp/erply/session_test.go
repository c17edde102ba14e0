package erply_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erply"
)

func read(ctx context.Context, c *erply.Client) error {
	pages, _, err := c.GetPurchaseDocuments(ctx, []erply.Query{{}})
	if err != nil {
		return err
	}
	return pages[0].Err
}

// save sends one save of document 8842.
func save(ctx context.Context, c *erply.Client) error {
	return c.SavePurchaseDocuments(ctx, []erply.SavePurchaseDocument{{ID: 8842, Paid: new(true)}})[0].Err
}

func TestLoginIsFormFields(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	require.NoError(t, read(t.Context(), d.client(t)))
	require.Equal(t, []url.Values{{
		"request": {"verifyUser"}, "clientCode": {"123456"}, "username": {username}, "password": {password},
		"sessionLength": {"3600"}, "responseType": {"JSON"}, "sendContentType": {"1"},
	}}, d.logins)
}

func TestManyCallersShareOneLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDouble(t)
		release := make(chan struct{})
		d.before = func(form url.Values) {
			if form.Get("request") == "verifyUser" {
				<-release
			}
		}
		client := d.client(t)
		var all sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			all.Go(func() { errs[i] = read(t.Context(), client) })
		}
		synctest.Wait()
		impatient, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- read(impatient, client) }()

		synctest.Wait()
		leave()
		_, unavailable := as[erp.Unavailable](<-left)
		require.True(t, unavailable, "whoever waits for somebody's login leaves with its own context")

		close(release)
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, 1, d.loginCount())
	})
}

func TestSessionIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	d, now := newDouble(t), noon
	client, err := erply.NewClient(config(), d, func() time.Time { return now })
	require.NoError(t, err)
	for _, step := range []struct {
		after  time.Duration
		logins int
	}{{0, 1}, {3239 * time.Second, 1}, {3240 * time.Second, 2}, {3300 * time.Second, 2}} {
		now = noon.Add(step.after)
		require.NoError(t, read(t.Context(), client))
		require.Equal(t, step.logins, d.loginCount(), "after %s", step.after)
	}
}

func TestSessionLengthIsWhatErplyGives(t *testing.T) {
	t.Parallel()
	d, now := newDouble(t), noon
	d.answer = func(form url.Values) (int, string) {
		if form.Get("request") != "verifyUser" {
			return 0, ""
		}
		d.sessions["short"] = true
		return http.StatusOK, ok([]object{{"sessionKey": "short", "sessionLength": "100"}}, 1)
	}
	client, err := erply.NewClient(config(), d, func() time.Time { return now })
	require.NoError(t, err)
	require.NoError(t, read(t.Context(), client))
	now = noon.Add(90 * time.Second)
	require.NoError(t, read(t.Context(), client))
	require.Equal(t, 2, d.loginCount())
}

// ended are the ways in which Erply says that a session is over.
var ended = map[string]struct {
	status int
	body   string
}{
	"1054":      {http.StatusOK, fault(1054, "")},
	"1055":      {http.StatusOK, fault(1055, "")},
	"HTTP 403":  {http.StatusForbidden, "<html>"},
	"403, 1054": {http.StatusForbidden, fault(1054, "")},
}

func TestEndedSessionIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for name, end := range ended {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t, document(nil))
			d.answer = func(form url.Values) (int, string) {
				if form.Get("sessionKey") == "secret-session-1" {
					return end.status, end.body
				}
				return 0, ""
			}
			client := d.client(t)
			require.NoError(t, save(t.Context(), client), "also a write is sent again: nothing was carried out")
			require.NoError(t, read(t.Context(), client))
			require.Equal(t, 2, d.loginCount())
			require.Len(t, d.sent("savePurchaseDocument"), 2)
		})
	}
}

func TestLateAnswerForAnOldSessionDoesNotEndTheNewOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDouble(t)
		d.answer = func(form url.Values) (int, string) {
			if form.Get("sessionKey") == "secret-session-1" {
				return http.StatusOK, fault(1054, "")
			}
			return 0, ""
		}
		late := make(chan struct{})
		d.before = func(form url.Values) {
			if form.Get("sessionKey") == "secret-session-1" && strings.Contains(form.Get("requests"), `"pageNo":"2"`) {
				<-late
			}
		}
		client := d.client(t)
		done := make(chan error, 1)
		go func() {
			_, _, err := client.GetPurchaseDocuments(t.Context(), []erply.Query{{Page: 2}})
			done <- err
		}()
		synctest.Wait()
		require.NoError(t, read(t.Context(), client))
		close(late)
		require.NoError(t, <-done)
		require.Equal(t, 2, d.loginCount())
	})
}

func TestEndedSessionIsNotRenewedTwice(t *testing.T) {
	t.Parallel()
	for name, end := range ended {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t)
			d.answer = func(form url.Values) (int, string) {
				if form.Get("request") == "verifyUser" {
					return 0, ""
				}
				return end.status, end.body
			}
			err := read(t.Context(), d.client(t))
			_, unauthorized := as[erp.Unauthorized](err)
			_, forbidden := as[erp.Forbidden](err)
			require.True(t, unauthorized || forbidden, "%v", err)
			require.Equal(t, 2, d.loginCount())
			require.Len(t, d.sent("getPurchaseDocuments"), 2)
		})
	}
}

func TestBulkCallWithoutSessionIsRenewedOnce(t *testing.T) {
	t.Parallel()
	d := newDouble(t)
	d.answer = func(form url.Values) (int, string) {
		if form.Get("sessionKey") == "secret-session-1" {
			return http.StatusOK, bulkAnswer(sub("0", 1054), sub("1", 1055))
		}
		return 0, ""
	}
	outcomes, _, err := d.client(t).Bulk(t.Context(), gets(2))
	require.NoError(t, err)
	require.NoError(t, outcomes[0].Err)
	require.NoError(t, outcomes[1].Err)
	require.Equal(t, 2, d.loginCount())
}

func TestRefusedLoginIsNotTriedAgainForAWhile(t *testing.T) {
	t.Parallel()
	for _, code := range []int{1001, 1050, 1051, 1052, 1053, 1065, 1068, 1201, 1219} {
		d, now := newDouble(t), noon
		d.answer = func(url.Values) (int, string) { return http.StatusOK, fault(code, "") }
		client, err := erply.NewClient(config(), d, func() time.Time { return now })
		require.NoError(t, err)

		first := read(t.Context(), client)
		_, unauthorized := as[erp.Unauthorized](first)
		_, forbidden := as[erp.Forbidden](first)
		require.True(t, unauthorized || forbidden, "%d: %v", code, first)

		now = noon.Add(15*time.Minute - time.Second)
		require.Equal(t, first, read(t.Context(), client), "%d", code)
		require.Equal(t, 1, d.loginCount(), "%d", code)

		now = noon.Add(15 * time.Minute)
		require.Error(t, read(t.Context(), client))
		require.Equal(t, 2, d.loginCount(), "%d", code)
	}
}

func TestWriteIsNotSentWhereLoginFails(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"maintenance": fault(1000, ""), "not JSON": "<html>", "no key": ok([]object{{"sessionKey": nil}}, 1), "no user": ok(nil, 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t, document(nil))
			d.answer = func(url.Values) (int, string) { return http.StatusOK, answer }
			client := d.client(t)
			err := save(t.Context(), client)
			_, notSent := as[erp.NotSent](err)
			require.True(t, notSent, "%v", err)
			_, unavailable := as[erp.Unavailable](read(t.Context(), client))
			require.True(t, unavailable)
			require.Equal(t, 2, d.loginCount(), "what may pass is tried again by the next call")
		})
	}
}
