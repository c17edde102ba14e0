//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"payrecon/internal/sandbox"
	"payrecon/workflows"
)

// Target: everything that anybody gets to see. Injection: every kind of answer that repeats what it was asked with, in every
// encoding, from every route of both sides; credentials in documents; wrong credentials; no connection, no TLS, faults that pass.
// Expected: no credential in logs, errors, histories, reports, descriptions, queries, metrics, or in what the program prints.
func TestNoCredentialIsEverShown(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	var scenes []scene
	for n, status := range []int{200, 400, 401, 403, 422, 500} {
		scenes = append(scenes, repeated(t, v.add(t, fmt.Sprintf("says-%d", status)), status, n))
	}
	scenes = append(scenes, documents(v.add(t, "documents")))
	for n, kind := range passingKinds {
		scenes = append(scenes, passing(v.add(t, fmt.Sprintf("passing-%d", n)), kind))
	}
	wrongToken, wrongPassword := v.add(t, "wrong-token"), v.add(t, "wrong-password")
	wrongToken.token, wrongPassword.password = secretToken[:20], secretPassword+"!"
	scenes = append(scenes, once(wrongToken), once(wrongPassword))
	var failing []*guarded
	for _, mode := range []string{"moved", "broken", "unreadable"} {
		precoro, erply := v.add(t, mode+"-precoro"), v.add(t, mode+"-erply")
		parrot := newParrot(t, mode)
		precoro.precoro, erply.erply = parrot+"/precoro", parrot+"/erply/api/"
		failing = append(failing, precoro, erply)
	}
	unreachable, untrusted := v.add(t, "unreachable"), v.add(t, "untrusted")
	unreachable.precoro, untrusted.precoro = "http://"+closedPort(t), newUntrusted(t)
	failing = append(failing, unreachable, untrusted)
	path := write(t, v.configuration())
	v.startWorker(t, path)
	process := v.startProcess(t, build(t), path)

	endless := map[*guarded]client.WorkflowRun{}
	for _, g := range failing {
		g.work()
		endless[g] = v.start(t, g, workflows.Request{})
	}
	for g, run := range endless {
		v.giveUp(t, g, run)
	}
	v.play(t, scenes)
	for _, output := range []string{"table", "json"} {
		v.command(t, "check", "--config", path, "--output", output)
		for _, name := range []string{"documents", "wrong-token", "moved-erply"} {
			v.command(t, "plan", "--config", path, "--output", output, "--company", name)
			told := v.command(t, "run", "--config", path, "--output", output, "--company", name)
			if name == "documents" {
				require.Contains(t, told, "take it out")
				require.NotContains(t, told, "rejected", "no write was decided upon a document with a credential")
			}
		}
	}
	for _, g := range v.guarded {
		v.ask(t, g)
	}
	v.histories(t)
	metrics, err := v.server.Metrics(t.Context())
	require.NoError(t, err)
	v.keep("metrics", metrics)
	v.keep("log of the worker in this process", v.log.bytes())
	output, err := os.ReadFile(process.Stdout.(*os.File).Name())
	require.NoError(t, err)
	v.keep("payrecon worker", output)

	hidden := 0
	for place, contents := range v.shown {
		for _, content := range contents {
			for _, text := range opened(content, 4) {
				hidden += bytes.Count(text, []byte("[hidden]"))
			}
		}
		require.NotEmpty(t, contents, place)
	}
	require.Greater(t, hidden, 50, "credentials were repeated, and hidden")
	v.judge(t)
}

// scene is what one company goes through, run by run: each step prepares one and gives its request.
type scene struct {
	*guarded
	steps []func() workflows.Request
}

// play plays all scenes at the same time.
func (v *vault) play(t *testing.T, scenes []scene) {
	t.Helper()
	for n, more := 0, true; more; n++ {
		more = false
		var runs []client.WorkflowRun
		for _, s := range scenes {
			if n < len(s.steps) {
				runs, more = append(runs, v.start(t, s.guarded, s.steps[n]())), true
			}
		}
		for _, run := range runs {
			v.await(t, run)
		}
	}
}

// once runs once, with work to do.
func once(g *guarded) scene {
	return scene{g, []func() workflows.Request{func() workflows.Request {
		g.work()
		return workflows.Request{}
	}}}
}

// repeated lets every other route of both sides answer once with a text that repeats the credentials, in one encoding after another.
func repeated(t *testing.T, g *guarded, status, turn int) scene {
	t.Helper()
	all := scene{guarded: g}
	sessions := sessionKeys(t)
	names := slices.Sorted(maps.Keys(encodings))
	for n, fault := range []sandbox.Fault{
		{Side: "precoro", Match: "GET /invoices"},
		{Side: "precoro", Match: "GET /payments"},
		{Side: "precoro", Match: "GET /invoices/{idn}"},
		{Side: "precoro", Match: "POST /payments"},
		{Side: "precoro", Match: "PATCH /payments"},
		{Side: "erply", Match: "getPurchaseDocuments"},
		{Side: "erply", Match: "savePurchaseDocument"},
		{Side: "erply", Match: "verifyUser"}, // the last: whoever was refused does not try again for a while
	} {
		if (n+turn)%2 > 0 {
			continue // the companies share the routes out: each is met with every other status
		}
		encode := encodings[names[(5*turn+n)%len(names)]]
		told := []string{secretToken, secretEmail}
		if fault.Side == "erply" {
			told = append([]string{secretUser, secretPassword}, sessions[:3]...)
		}
		for i := range told {
			told[i] = encode(told[i])
		}
		fault.Kind, fault.Status, fault.Body = sandbox.Body, status, saying(strings.Join(told, " "), turn+n)
		if fault.Side == "erply" && status == http.StatusBadRequest {
			fault.Status, fault.Body = 200, fmt.Sprintf(`{"status":{"responseStatus":"error","errorCode":1016,"errorField":%q}}`, []string{secretUser, sessions[0]}[n%2])
		}
		all.steps = append(all.steps, func() workflows.Request {
			inv, _ := g.work()
			if fault.Match == "verifyUser" {
				g.Fail(sandbox.Fault{Side: "erply", Kind: sandbox.Body, Body: `{"status":{"responseStatus":"error","errorCode":1054}}`})
			}
			g.Fail(fault)
			if fault.Match == "GET /invoices/{idn}" {
				return workflows.Request{Invoices: []int64{inv.IDN}}
			}
			return workflows.Request{Scope: workflows.ScopeFull}
		})
	}
	return all
}

// saying is a text as servers wrap it up, in one way after another.
func saying(text string, turn int) string {
	quoted, err := json.Marshal("cannot do: " + text)
	if err != nil {
		return text
	}
	switch turn % 5 {
	case 0:
		return `{"message":` + string(quoted) + `}`
	case 1:
		return `{"errors":{"errors":{"sumPaid":` + string(quoted) + `}}}`
	case 2:
		return "<html><body><p>" + html.EscapeString(text) + "</p></body></html>"
	case 3:
		return "cannot do: " + text
	}
	return `{"data":[{"id":` + string(quoted) + `,"idn":` + string(quoted) + `,"currency":` + string(quoted) + `}],"detail":` + string(quoted) + `}`
}

// passingKinds are all that can pass in seconds. Body has scenes of its own. After timeout, timeout_after and late the client
// waits for an answer over a socket until its own time-out, 30 s for each route.
var passingKinds = []sandbox.FaultKind{
	sandbox.LostAnswer, sandbox.Reset, sandbox.Refused, sandbox.Error500Before, sandbox.Error500After, sandbox.CutBody, sandbox.HTML, sandbox.Empty,
	sandbox.Malformed, sandbox.Throttle, sandbox.Slow, sandbox.Endless, sandbox.Twice, sandbox.Drip, sandbox.ExpireSession, sandbox.PartFails,
	sandbox.Reordered, sandbox.LyingTotal, sandbox.Echo,
}

// passing lets a fault pass on every route, once.
func passing(g *guarded, kind sandbox.FaultKind) scene {
	return scene{g, []func() workflows.Request{func() workflows.Request {
		routes := map[string]string{
			"GET /invoices": "precoro", "GET /invoices/{idn}": "precoro", "GET /payments": "precoro", "POST /payments": "precoro",
			"PATCH /payments": "precoro", "verifyUser": "erply", "getPurchaseDocuments": "erply", "savePurchaseDocument": "erply",
		}
		switch kind {
		case sandbox.Endless: // 16 MiB each
			routes = map[string]string{"GET /payments": "precoro", "getPurchaseDocuments": "erply"}
		case sandbox.Throttle: // Erply's would last until the next full hour
			routes = map[string]string{"GET /invoices": "precoro", "POST /payments": "precoro"}
		case sandbox.ExpireSession, sandbox.PartFails:
			routes = map[string]string{"getPurchaseDocuments": "erply", "savePurchaseDocument": "erply", "bulk": "erply"}
		case sandbox.Reordered, sandbox.LyingTotal:
			routes = map[string]string{"GET /invoices": "precoro", "GET /payments": "precoro", "getPurchaseDocuments": "erply", "bulk": "erply"}
		default:
		}
		fault := sandbox.Fault{Kind: kind, Delay: 100 * time.Millisecond}
		switch kind {
		case sandbox.Drip:
			fault.Delay = 100 * time.Microsecond // between two bytes
		case sandbox.Echo:
			fault.Status = http.StatusInternalServerError // is tried again, so that the run comes to all routes
		default:
		}
		for fault.Match, fault.Side = range routes {
			g.Fail(fault)
		}
		g.work()
		return workflows.Request{}
	}}}
}

// documents puts each side's credentials where people type there: they are read with the documents, and some go back.
func documents(g *guarded) scene {
	for _, typed := range []string{secretToken, secretEmail, encodings["query"](secretToken), encodings["base64"](secretEmail)} {
		inv := g.AddInvoice(sandbox.Invoice{Currency: "EUR", Total: "20.00", ExternalID: typed})
		g.paid(inv, "20.00", "2026-03-14")
		paid, _ := g.pair("30.00")
		g.AddPayment(sandbox.Payment{InvoiceID: paid.ID, Amount: "30.00", Date: "2026-03-14", ExternalID: typed})
	}
	for _, typed := range []string{secretUser, secretPassword, encodings["query"](secretPassword), encodings["base64"](secretPassword)} {
		for _, edit := range []func(*sandbox.Bill){
			func(b *sandbox.Bill) { b.Notes = "see " + typed },
			func(b *sandbox.Bill) { b.Number = typed },
			func(b *sandbox.Bill) { b.Currency = typed },
			func(b *sandbox.Bill) { b.Attributes["payrecon-1"+typed] = "1.00 EUR 2026-03-14" },
			func(b *sandbox.Bill) { b.Attributes["payrecon-77"] = typed },
		} {
			inv, bill := g.pair("40.00")
			g.paid(inv, "40.00", "2026-03-14")
			g.EditBill(bill.ID, edit)
		}
	}
	return scene{g, []func() workflows.Request{
		func() workflows.Request { return workflows.Request{Mode: workflows.ModePlan} },
		func() workflows.Request { return workflows.Request{} },
		func() workflows.Request { return workflows.Request{Scope: workflows.ScopeDeep} },
	}}
}

// newParrot serves whatever it is sent, in one encoding after another: as the place where something has moved to, as an
// answer that breaks HTTP, or as one that is no answer. It gives its URL.
func newParrot(t *testing.T, mode string) string {
	t.Helper()
	var served atomic.Int64
	names := slices.Sorted(maps.Keys(encodings))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(served.Add(1))
		encode := encodings[names[n%len(names)]]
		told := []string{}
		if token := r.Header.Get("X-Auth-Token"); token != "" {
			told = append(told, encode(token), encode(r.Header.Get("Email")))
		}
		_ = r.ParseForm() // what is no form has no fields
		for _, field := range []string{"username", "password", "sessionKey"} {
			if value := r.PostForm.Get(field); value != "" {
				told = append(told, encode(value))
			}
		}
		echo := strings.Join(told, " ")
		switch mode {
		case "moved":
			w.Header().Set("Location", "https://elsewhere.example/?"+echo)
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, saying(echo, n)) // the client may have left
		case "unreadable":
			_, _ = io.WriteString(w, saying(echo, n))
		default:
			breakHTTP(w, echo, n)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// breakHTTP answers with what is no HTTP: Go's errors repeat it.
func breakHTTP(w http.ResponseWriter, echo string, turn int) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close() //nolint:errcheck // it is broken on purpose
	echo = strings.ReplaceAll(echo, "\n", " ")
	_, _ = io.WriteString(conn, []string{ // the client may have left
		"HTTP/1.1 2x0 " + echo + "\r\n\r\n", echo + "\r\n\r\n", "HTTP/1.1 200 OK\r\n" + echo + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + echo + "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + echo + "\r\n\r\n",
	}[turn%5])
}

func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// newUntrusted is a server with a certificate that nobody trusts.
func newUntrusted(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// Target: the program. Injection: configuration files that are wrong in ways that people get them wrong.
// Expected: it says what is wrong, and shows no credential.
func TestAWrongConfigurationShowsNoCredential(t *testing.T) {
	t.Parallel()
	v := &vault{field: &field{}, shown: map[string][][]byte{}}
	v.guarded = []*guarded{{company: &company{name: "acme", url: "http://127.0.0.1:1", code: "123456"}}}
	right := v.configuration()
	token, email, user, password := fmt.Sprintf("%q", secretToken), fmt.Sprintf("%q", secretEmail), fmt.Sprintf("%q", secretUser), fmt.Sprintf("%q", secretPassword)
	for name, change := range map[string][2]string{
		"no quotes":           {token, secretToken},
		"one quote":           {token, `"` + secretEmail},
		"single quotes":       {password, "'" + secretPassword + "'x"},
		"colon":               {"token = " + token, "token: " + token},
		"a list":              {token, "[" + token + "]"},
		"a table":             {password, "{ secret = " + password + " }"},
		"a blank":             {email, `" payment.robot+acme@secret-corp.example"`},
		"twice":               {"token = " + token, "token = " + token + "\ntoken = " + token},
		"login in the URL":    {`"http://127.0.0.1:1/precoro"`, `"https://` + secretEmail + `:` + secretProxy + `@api.precoro.com"`},
		"token in the URL":    {`"http://127.0.0.1:1/erply/api/"`, `"https://123456.erply.com/api/?sessionKey=` + secretSession + `"`},
		"expanded":            {token, `"${` + secretToken + `}"`},
		"in another field":    {`"acme"`, email},
		"user in other field": {"client_code = \"123456\"", "client_code = " + user + "\npass = " + password},
		"user of a list":      {user, "[" + user + ", " + password + "]"},
		"a date":              {`"2026-01-01"`, email},
	} {
		wrong := strings.Replace(right, change[0], change[1], 1)
		require.NotEqual(t, right, wrong, name)
		path := write(t, wrong)
		for _, command := range []string{"worker", "check"} {
			output := v.command(t, command, "--config", path)
			require.Contains(t, output, "payrecon", name)
		}
	}
	v.judge(t)
}

// Target: the way to the other side. Injection: a proxy that is no URL, one that is not there, one that repeats its password.
// Expected: the check says what is wrong, and shows no credential.
func TestAProxyShowsNoCredential(t *testing.T) {
	t.Parallel()
	v := &vault{field: &field{}, shown: map[string][][]byte{}}
	v.guarded = []*guarded{{
		company: &company{name: "acme", code: "123456"}, precoro: "https://precoro.invalid", erply: "https://erply.invalid/api/",
	}}
	path := write(t, v.configuration())
	parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		breakHTTP(w, "HTTP/1.1 407 "+r.Header.Get("Proxy-Authorization")+" "+secretProxy, 1)
	}))
	t.Cleanup(parrot.Close)
	program := build(t)
	for _, proxy := range []string{
		"http://robot:" + secretProxy + "@a b:port", "http://robot:" + secretProxy + "@" + closedPort(t),
		strings.Replace(parrot.URL, "http://", "http://robot:"+secretProxy+"@", 1),
	} {
		for _, output := range []string{"table", "json"} {
			cmd := exec.CommandContext(t.Context(), program, "check", "--config", path, "--output", output)
			cmd.Env = append(os.Environ(), "HTTPS_PROXY="+proxy, "NO_PROXY=")
			said, err := cmd.CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(said), "proxy")
			v.keep("payrecon check", said)
		}
	}
	v.judge(t)
}
