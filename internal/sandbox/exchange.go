package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	jsonType = "application/json"
	htmlType = "text/html; charset=UTF-8"
	formType = "application/x-www-form-urlencoded"

	maxForm = 4 << 20 // bytes of a request's body: a bulk call of 100 saves has room
)

// broken says how an answer does not arrive, or not as it should.
type broken int

const (
	brokenReset   broken = iota + 1 // the connection goes down instead
	brokenRefused                   // there was none
	brokenCut                       // it goes down in the middle of the body
	brokenEndless                   // the body does not end
	brokenSilent                    // nothing comes, and the connection stays
	brokenDrip                      // all of it comes, a byte at a time
)

// reply is an answer before it is known whether it leaves through a socket or in process.
type reply struct {
	status      int
	contentType string
	body        []byte
	date        time.Time
	broken      broken        // 0: whole
	pause       time.Duration // between two bytes of a drip
	wrote       [2]int        // the ledger's length before and after the writes that it tells of
}

func jsonReply(status int, value any) reply {
	body, err := json.Marshal(value)
	if err != nil {
		return reply{status: 500, contentType: jsonType, body: fmt.Appendf(nil, "%q", err.Error())}
	}
	return reply{status: status, contentType: jsonType, body: body}
}

// request is one that has been read, so that nothing waits for a client while it is worked on.
type request struct {
	ctx    context.Context // ends when the client hangs up
	life   context.Context // ends when the server goes down
	method string
	path   string
	header http.Header
	query  url.Values
	body   []byte
	form   url.Values // nil without a body
	flaw   *flaw      // why query or form could not be read
}

// flaw is what is wrong with one field.
type flaw struct{ field, text string }

type lifeKey struct{}

func readRequest(r *http.Request) request {
	in := request{ctx: r.Context(), life: context.WithoutCancel(r.Context()), method: r.Method, path: r.URL.Path, header: r.Header}
	if life, ok := r.Context().Value(lifeKey{}).(context.Context); ok {
		in.life = life
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		in.flaw = &flaw{"query", "cannot be read"}
	}
	in.query = query
	if r.Body == nil {
		return in
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	switch {
	case err != nil:
		in.flaw = &flaw{"body", "cannot be read"}
	case len(body) > maxForm:
		in.flaw = &flaw{"body", fmt.Sprintf("is longer than %d bytes", maxForm)}
	case len(body) > 0:
		in.body = body
		in.readForm()
	}
	return in
}

func (in *request) readForm() {
	given := in.header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(given); err != nil || kind != formType {
		in.flaw = &flaw{"Content-Type", fmt.Sprintf("is %.60q, want %s", given, formType)}
		return
	}
	form, err := url.ParseQuery(string(in.body))
	if err != nil {
		in.flaw = &flaw{"body", "is no form"}
		return
	}
	in.form = form
}

// serveControl is the sandbox's own side, which no limit and no fault concerns.
func (s *Sandbox) serveControl(in request) reply {
	switch in.method + " " + in.path {
	case "GET /_sandbox/state":
		return jsonReply(http.StatusOK, s.State())
	case "GET /_sandbox/counters":
		return jsonReply(http.StatusOK, s.Counters())
	case "POST /_sandbox/faults":
		var f Fault
		err := f.UnmarshalJSON(in.body)
		if err == nil {
			err = s.script(f)
		}
		if err != nil {
			return jsonReply(http.StatusBadRequest, map[string]string{"error": err.Error()})
		}
		return jsonReply(http.StatusCreated, f)
	case "POST /_sandbox/acts":
		return s.serveActs(in.body)
	}
	return jsonReply(http.StatusNotFound, map[string]string{
		"error": "want /precoro/..., POST /erply/api/, GET /_sandbox/state, GET /_sandbox/counters, POST /_sandbox/faults or POST /_sandbox/acts",
	})
}

// carryOut does the request's work under the lock, spoiled by what it meets: a fault, or a client that has hung up.
func (s *Sandbox) carryOut(in request, f *Fault, work func() reply) reply {
	switch {
	case f == nil:
	case f.Kind == Late:
		s.putOff(in, f, work)
		return reply{broken: brokenSilent}
	case f.Kind == Slow && !wait(in.life, f.Delay):
		return reply{broken: brokenReset}
	}
	if in.method == http.MethodGet {
		s.mu.LockToLook()
	} else {
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	mark := len(s.ledger.writes)
	answer := work()
	answer.date, answer.wrote = s.now(), [2]int{mark, len(s.ledger.writes)}
	if f != nil {
		answer = s.afflict(in, f, work, answer, mark)
	}
	if in.ctx.Err() != nil {
		s.ledger.unanswered(mark, len(s.ledger.writes))
	}
	return answer
}

// afflict is what the fault makes of a request that was carried out, whose writes are those from mark on.
func (s *Sandbox) afflict(in request, f *Fault, work func() reply, answer reply, mark int) reply {
	if f.Kind == Twice {
		mark = len(s.ledger.writes)
		if in.method != http.MethodGet {
			work()
		}
	}
	s.ledger.under(f.Kind, mark)
	if f.Kind == Twice || f.spoils() {
		s.ledger.unanswered(mark, len(s.ledger.writes))
	}
	return f.spoil(answer)
}

// unheard says that a client hung up while it was told.
func (s *Sandbox) unheard(answer reply) {
	s.mu.LockToLook()
	defer s.mu.Unlock()
	s.ledger.unanswered(answer.wrote[0], answer.wrote[1])
}

// wait is true when the time has passed, false when the server went down first. A client that hangs up does not stop a
// server that is at work.
func wait(life context.Context, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-life.Done():
		return false
	}
}

// answer finds the system that the request is for. done must be called when the answer has left: until then the request
// counts as being at work.
func (s *Sandbox) answer(r *http.Request) (answer reply, done func()) {
	in := readRequest(r)
	done = func() {}
	switch {
	case strings.HasPrefix(in.path, precoroBase+"/"):
		open := s.precoroOpen.Add(1)
		done = func() { s.precoroOpen.Add(-1) }
		answer = s.servePrecoro(in, open > 1)
	case in.path == erplyPath:
		open := s.erplyOpen.Add(1)
		done = func() { s.erplyOpen.Add(-1) }
		answer = s.serveErply(in, open)
	default:
		answer = s.serveControl(in)
	}
	if answer.date.IsZero() {
		answer.date = s.opts.Now()
	}
	return answer, done
}

func (r reply) header() http.Header {
	header := http.Header{}
	header.Set("Content-Type", r.contentType)
	header.Set("Date", r.date.UTC().Format(http.TimeFormat))
	return header
}

// padding is the endless part of an endless body. It comes fast up to maxPadding and then stalls, so that a client that
// keeps what it reads runs out of time instead of memory.
const maxPadding = 64 << 20

// endless reads as half of a body and blanks without end.
type endless struct {
	head io.Reader
	left int64
	done <-chan struct{}
}

func newEndless(body []byte, done <-chan struct{}) *endless {
	return &endless{head: bytes.NewReader(body[:len(body)/2]), left: maxPadding, done: done}
}

func (e *endless) Read(p []byte) (int, error) {
	if n, err := e.head.Read(p); err == nil {
		return n, nil
	}
	if e.left <= 0 {
		<-e.done
	}
	select {
	case <-e.done:
		return 0, context.Canceled
	default:
	}
	for i := range p {
		p[i] = ' '
	}
	e.left -= int64(len(p))
	return len(p), nil
}
