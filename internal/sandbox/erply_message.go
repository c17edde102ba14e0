package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// erplyMessage is one POST: a call, or up to a hundred of them in bulk.
type erplyMessage struct {
	bulk   bool
	calls  []erplyCall
	common map[string]string // what belongs to no call: clientCode, sessionKey, ...

	flaw    *flaw // a client's mistake that leaves nothing to do
	failure erplyFailure
}

// erplyCall is one call.
type erplyCall struct {
	name   string // "unknown" for what the API does not have
	asked  string // the name as it came
	id     any    // requestID, as it came: a number stays one
	params map[string]string
}

var commonParameters = []string{"clientCode", "sessionKey", "request", "requests", "version", "responseType", "sendContentType"}

// readErply takes the form apart. Fields are taken from the body alone: what stands in a URL stands in logs.
func readErply(in request) erplyMessage {
	m := erplyMessage{common: map[string]string{}}
	wrong := func(code int, field, text string) erplyMessage {
		m.flaw, m.failure = &flaw{field, text}, erplyFailure{code, field}
		return m
	}
	switch {
	case in.method != http.MethodPost:
		return wrong(1005, "request", "came by "+in.method+", want POST")
	case in.flaw != nil:
		return wrong(1005, in.flaw.field, in.flaw.text)
	case len(in.query) > 0:
		return wrong(1013, slices.Sorted(maps.Keys(in.query))[0], "stands in the URL")
	}
	params := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(in.form)) {
		if len(in.form[name]) > 1 {
			return wrong(1013, name, "was given more than once")
		}
		params[name] = in.form.Get(name)
	}
	for _, name := range commonParameters {
		if value, given := params[name]; given {
			m.common[name] = value
			delete(params, name)
		}
	}
	if kind, given := m.common["responseType"]; given && kind != "JSON" {
		return wrong(1007, "responseType", fmt.Sprintf("is %.20q", kind))
	}
	if requests, bulk := m.common["requests"]; bulk {
		if _, both := m.common["request"]; both || len(params) > 0 {
			return wrong(1013, "requests", "stands beside a call of its own")
		}
		return m.readBulk(requests)
	}
	m.calls = []erplyCall{newErplyCall(m.common["request"], nil, params)}
	return m
}

func newErplyCall(asked string, id any, params map[string]string) erplyCall {
	name := asked
	if name == bulkCall || !slices.Contains(erplyCallNames, name) {
		name = "unknown"
	}
	return erplyCall{name: name, asked: asked, id: id, params: params}
}

func (m erplyMessage) readBulk(text string) erplyMessage {
	m.bulk = true
	wrong := func(field, text string) erplyMessage {
		m.flaw, m.failure = &flaw{field, text}, erplyFailure{1014, "requests"}
		return m
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var list []map[string]any
	if err := decoder.Decode(&list); err != nil || decoder.More() {
		return wrong("requests", "is no JSON list of objects")
	}
	if len(list) == 0 {
		return wrong("requests", "is empty")
	}
	seen := map[string]bool{}
	for _, element := range list {
		params := map[string]string{}
		for name, value := range element {
			switch v := value.(type) {
			case string:
				params[name] = v
			case json.Number:
				params[name] = v.String()
			default:
				return wrong(name, "is neither text nor number")
			}
		}
		asked, id := params["requestName"], element["requestID"]
		if seen[params["requestID"]] && id != nil {
			return wrong("requestID", "is used twice")
		}
		seen[params["requestID"]] = true
		delete(params, "requestName")
		delete(params, "requestID")
		m.calls = append(m.calls, newErplyCall(asked, id, params))
	}
	return m
}

// name is how the message is called in answers and counts.
func (m erplyMessage) name() string {
	switch {
	case m.bulk:
		return bulkCall
	case len(m.calls) == 1:
		return m.calls[0].name
	}
	return "unknown"
}

// names are all that a fault may be scripted for.
func (m erplyMessage) names() []string {
	names := []string{m.name()}
	for _, call := range m.calls {
		names = append(names, call.name)
	}
	return names
}

// tenths is the cost: a request, or a tenth for each call in bulk.
func (m erplyMessage) tenths() int {
	if m.bulk {
		return len(m.calls)
	}
	return 10
}

func (m erplyMessage) count(l *ledger) {
	l.request(erplySide, m.name())
	if !m.bulk {
		return
	}
	for _, call := range m.calls {
		l.request(erplySide, bulkCall+"/"+call.name)
	}
}
