package sandbox

import (
	"maps"
	"net/url"
	"strconv"
)

// Asked is a request as it came, whether or not anything came of it.
type Asked struct {
	Side string
	// Calls are the request itself, or the parts of Erply's bulk.
	Calls []Call
	Bulk  bool
	// Met is the fault that struck it, "" if none did.
	Met FaultKind
}

// Call is what was asked for: the name that a Fault is matched by, and the fields. "idn" is the number in a path of Precoro's.
// The fields of a login hold its password.
type Call struct {
	Name   string
	Fields url.Values
}

// tell lets whoever wants to know see a request, when it is known what it meets.
func (s *Sandbox) tell(a Asked, met *Fault) {
	if met != nil {
		a.Met = met.Kind
	}
	s.opts.Asked(a)
}

func (in request) asked(name string, idn int64) Asked {
	fields := url.Values{}
	maps.Copy(fields, in.query)
	maps.Copy(fields, in.form)
	if idn != 0 {
		fields.Set("idn", strconv.FormatInt(idn, 10))
	}
	return Asked{Side: precoroSide, Calls: []Call{{name, fields}}}
}

func (m erplyMessage) asked() Asked {
	a := Asked{Side: erplySide, Bulk: m.bulk}
	for _, call := range m.calls {
		fields := url.Values{}
		for name, value := range call.params {
			fields.Set(name, value)
		}
		a.Calls = append(a.Calls, Call{call.name, fields})
	}
	return a
}
