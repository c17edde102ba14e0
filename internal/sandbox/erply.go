package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	erplyPath = "/erply/api/"
	bulkCall  = "bulk" // our name of a call that holds others: it has none of its own
	maxBulk   = 100
)

// erplyCalls are the calls that are enabled for the account.
var erplyCalls = map[string]func(*Sandbox, map[string]string) erplyOutcome{
	"verifyUser":           (*Sandbox).verifyUser,
	"getPurchaseDocuments": (*Sandbox).getPurchaseDocuments,
	"savePurchaseDocument": (*Sandbox).savePurchaseDocument,
	"getPayments":          (*Sandbox).getSalesPayments,
	"savePayment":          (*Sandbox).saveSalesPayment,
	"deletePayment":        (*Sandbox).deleteSalesPayment,
}

var erplyCallNames = append(slices.Sorted(maps.Keys(erplyCalls)), bulkCall)

// erplyFailure is an error of the API: its code, and the field where one is named.
type erplyFailure struct {
	code  int
	field string
}

// erplyOutcome is what one call brings; code 0 is success.
type erplyOutcome struct {
	erplyFailure
	records []any
	total   int
}

func failed(code int, field string) erplyOutcome {
	return erplyOutcome{erplyFailure: erplyFailure{code, field}}
}

func one(record any) erplyOutcome { return erplyOutcome{records: []any{record}, total: 1} }

// serveErply: the address's limits, the envelope, the quota, a fault, the session, the work.
func (s *Sandbox) serveErply(in request, parallel int64) reply {
	m := readErply(in)
	s.opts.Before(erplySide, m.name())
	if f := s.refuseConnection(erplySide, m.names()); f != nil {
		s.tell(m.asked(), f)
		return reply{broken: brokenRefused}
	}
	refused, fault := s.admitErply(in, m, parallel)
	s.tell(m.asked(), fault)
	if refused != nil {
		return *refused
	}
	return s.carryOut(in, fault, func() reply {
		answer := s.erplyWork(m, fault)
		if m.common["sendContentType"] == "1" {
			return answer
		}
		answer.contentType = htmlType // unless asked for, the header does not say JSON
		return answer
	})
}

func (s *Sandbox) admitErply(in request, m erplyMessage, parallel int64) (*reply, *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.count(&s.ledger)
	now := s.now()
	refuse := func(failure erplyFailure) (*reply, *Fault) {
		answer := erplyError(now, m.name(), failure)
		return &answer, nil
	}
	if limiter := s.erply.admit(now, parallel); limiter != "" {
		s.ledger.throttle(erplySide, limiter)
		answer := erplyTurnedAway()
		return &answer, nil
	}
	switch {
	case m.flaw != nil:
		s.ledger.alarm("erply: %s: %s %s", m.name(), m.flaw.field, m.flaw.text)
		return refuse(m.failure)
	case m.common["clientCode"] != s.opts.ClientCode:
		return refuse(erplyFailure{1001, "clientCode"})
	case len(m.calls) > maxBulk:
		s.ledger.alarm("erply: %d requests in one bulk call", len(m.calls))
		return refuse(erplyFailure{1020, "requests"})
	case !s.erply.spend(now, m.tenths()):
		s.ledger.throttle(erplySide, "hour")
		return refuse(erplyFailure{code: 1002})
	}
	s.ledger.tenths += m.tenths()
	fault := s.strike(erplySide, m.names())
	if fault == nil {
		return nil, nil
	}
	return s.instead(fault, in, now), fault
}

func (s *Sandbox) erplyWork(m erplyMessage, f *Fault) reply {
	now := s.now()
	if !m.bulk && f.is(ExpireSession) {
		s.logins.end(m.common, now)
	}
	if m.bulk || m.calls[0].name != "verifyUser" {
		if code := s.logins.check(m.common, now); code != 0 {
			return erplyError(now, m.name(), erplyFailure{code: code})
		}
	}
	if !m.bulk && f.is(PartFails) {
		return erplyError(now, m.name(), erplyFailure{code: f.Status})
	}
	if !m.bulk {
		status, records := erplyStatus(now, s.perform(m.calls[0]))
		status["request"] = m.name()
		return jsonReply(http.StatusOK, map[string]any{"status": status, "records": records})
	}
	answers := []any{}
	for n, call := range m.calls {
		outcome := s.performPart(m, n, f)
		status, records := erplyStatus(now, outcome)
		status["requestName"] = call.asked
		if call.id != nil {
			status["requestID"] = call.id
		}
		answers = append(answers, map[string]any{"status": status, "records": records})
	}
	status, _ := erplyStatus(now, erplyOutcome{})
	delete(status, "recordsTotal")
	delete(status, "recordsInResponse")
	return jsonReply(http.StatusOK, map[string]any{"status": status, "requests": answers})
}

// performPart does one part of a bulk, or what a fault leaves of it.
func (s *Sandbox) performPart(m erplyMessage, n int, f *Fault) erplyOutcome {
	now := s.now()
	if f.is(ExpireSession) && n == len(m.calls)/2 {
		s.logins.end(m.common, now)
	}
	if code := s.logins.check(m.common, now); code != 0 {
		return failed(code, "")
	}
	switch {
	case f.is(PartFails) && n%2 == 0:
		return failed(f.Status, "")
	case m.calls[n].name == "verifyUser":
		return failed(1006, "requestName")
	}
	return s.perform(m.calls[n])
}

func (s *Sandbox) perform(call erplyCall) erplyOutcome {
	work, known := erplyCalls[call.name]
	if !known {
		s.ledger.alarm("erply: unknown call %.60q", call.asked)
		return failed(1005, "request")
	}
	return work(s, call.params)
}

func erplyStatus(now time.Time, o erplyOutcome) (status map[string]any, records any) {
	status = map[string]any{
		"requestUnixTime": now.Unix(), "responseStatus": "ok", "errorCode": o.code, "generationTime": 0,
		"recordsTotal": o.total, "recordsInResponse": len(o.records),
	}
	switch {
	case o.field != "":
		status["errorField"] = o.field
	case coin(now.Unix(), "errorField"):
		status["errorField"] = nil
	}
	if o.code != 0 {
		status["responseStatus"] = "error"
		return status, nil
	}
	if o.records == nil {
		o.records = []any{}
	}
	return status, o.records
}

// erplyError is an error of the call as a whole.
func erplyError(now time.Time, name string, failure erplyFailure) reply {
	status, _ := erplyStatus(now, erplyOutcome{erplyFailure: failure})
	if name != bulkCall {
		status["request"] = name
	}
	answer := jsonReply(http.StatusOK, map[string]any{"status": status, "records": nil})
	answer.contentType = htmlType
	return answer
}

// erplyTurnedAway is the page that stands before the API.
func erplyTurnedAway() reply {
	return reply{
		status: http.StatusTooManyRequests, contentType: htmlType,
		body: []byte("<html><head><title>429 Too Many Requests</title></head><body><center><h1>429 Too Many Requests</h1></center></body></html>"),
	}
}

// only finds a parameter that the call does not know.
func (s *Sandbox) only(call string, params map[string]string, known ...string) *erplyOutcome {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(known, name) {
			return s.unknownParameter(call, name)
		}
	}
	return nil
}

// unknownParameter: the real API ignores what it does not know, and that hides mistakes.
func (s *Sandbox) unknownParameter(call, name string) *erplyOutcome {
	s.ledger.alarm("erply: %s: %.60s is not a known parameter", call, name)
	outcome := failed(1010, name)
	return &outcome
}
