package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const precoroBase = "/precoro"

// precoroRoute is one endpoint: what it takes and what it does.
type precoroRoute struct {
	query, form []parameter
	serve       func(s *Sandbox, c precoroCall) reply
}

// parameter is a field that a route knows.
type parameter struct {
	name     string
	list     bool // may come several times
	required bool
}

var pageParameters = []parameter{{name: "page"}, {name: "per_page"}}

var externalIDForm = []parameter{{name: "externalId", required: true}}

var precoroRoutes = map[string]precoroRoute{
	"GET /invoices": {
		query: append([]parameter{
			{name: "status[]", list: true},
			{name: "id"},
			{name: "idn"},
			{name: "external_id[]", list: true},
			{name: "modifiedSince"},
			{name: "logicType[]", list: true},
		}, pageParameters...),
		serve: (*Sandbox).listInvoices,
	},
	"GET /invoices/{idn}":   {serve: (*Sandbox).getInvoice},
	"PATCH /invoices/{idn}": {form: externalIDForm, serve: (*Sandbox).patchInvoice},
	"GET /payments": {
		query: append([]parameter{{name: "invoice"}, {name: "id"}, {name: "idn"}}, pageParameters...),
		serve: (*Sandbox).listPayments,
	},
	"GET /payments/{idn}":   {serve: (*Sandbox).getPayment},
	"PATCH /payments/{idn}": {form: externalIDForm, serve: (*Sandbox).patchPayment},
	"POST /payments": {
		form: []parameter{
			{name: "invoice[id]", required: true},
			{name: "sumPaid", required: true},
			{name: "payDate", required: true},
			{name: "logicType", required: true},
			{name: "externalId"},
		},
		serve: (*Sandbox).postPayment,
	},
}

var precoroRouteNames = slices.Sorted(maps.Keys(precoroRoutes))

// precoroCall is a request that fits a route.
type precoroCall struct {
	name        string
	idn         int64
	query, form url.Values
}

// servePrecoro: an edge filter that looks at the User-Agent, the credentials, the limits, a fault, the fields, the work.
func (s *Sandbox) servePrecoro(in request, overlapping bool) reply {
	name, idn := precoroRouteOf(in)
	s.opts.Before(precoroSide, name)
	if f := s.refuseConnection(precoroSide, []string{name}); f != nil {
		s.tell(in.asked(name, idn), f)
		return reply{broken: brokenRefused}
	}
	refused, fault := s.admitPrecoro(in, name, overlapping)
	s.tell(in.asked(name, idn), fault)
	if refused != nil {
		return *refused
	}
	return s.carryOut(in, fault, func() reply {
		route, known := precoroRoutes[name]
		if !known {
			s.ledger.alarm("precoro: %s %.80q is no route", in.method, in.path)
			return jsonReply(http.StatusNotFound, map[string]string{"message": "No route found"})
		}
		if flaw := route.check(in); flaw != nil {
			s.ledger.alarm("precoro: %s: %s %s", name, flaw.field, flaw.text)
			return fieldErrors(http.StatusBadRequest, flaw)
		}
		return route.serve(s, precoroCall{name: name, idn: idn, query: in.query, form: in.form})
	})
}

// precoroRouteOf names the route, and the document number in its path.
func precoroRouteOf(in request) (name string, idn int64) {
	parts := strings.Split(strings.TrimPrefix(in.path, precoroBase+"/"), "/")
	name = in.method + " /" + parts[0]
	if len(parts) == 2 {
		if n, ok := positive(parts[1]); ok {
			name, idn = name+"/{idn}", n
		}
	}
	if _, known := precoroRoutes[name]; !known || len(parts) > 2 || len(parts) == 2 && idn == 0 {
		return "unknown", 0
	}
	return name, idn
}

func (s *Sandbox) admitPrecoro(in request, name string, overlapping bool) (*reply, *Fault) {
	s.mu.LockToLook()
	defer s.mu.Unlock()
	s.ledger.request(precoroSide, name)
	agent := in.header.Get("User-Agent")
	if agent == "" || strings.HasPrefix(agent, "Go-http-client/") {
		s.ledger.alarm("precoro: %s without a User-Agent of its own", name)
		return &reply{status: http.StatusForbidden, contentType: htmlType, body: []byte("<html><body><h1>403 Forbidden</h1></body></html>")}, nil
	}
	if in.header.Get("X-Auth-Token") != s.opts.Token || in.header.Get("Email") != s.opts.Email {
		answer := jsonReply(http.StatusUnauthorized, map[string]string{"message": "Bad credentials"})
		return &answer, nil
	}
	get := ""
	if in.method == http.MethodGet {
		get = in.path + "?" + in.query.Encode()
	}
	now := s.now()
	if over := s.precoro.admit(now, overlapping, get); over != nil {
		s.ledger.throttle(precoroSide, over.limiter)
		answer := tooMany(*over)
		return &answer, nil
	}
	fault := s.strike(precoroSide, []string{name})
	if fault == nil {
		return nil, nil
	}
	return s.instead(fault, in, now), fault
}

// tooMany is Precoro's 429. Its stamp has whole seconds.
func tooMany(over refusal) reply {
	until := over.until.UTC()
	if whole := until.Truncate(time.Second); !whole.Equal(until) {
		until = whole.Add(time.Second)
	}
	return jsonReply(http.StatusTooManyRequests, map[string]any{
		"error":                 "Too many requests. Please try again later.",
		"RateLimit-Type":        over.kind,
		"RateLimit-Retry-After": until.Format("2006-01-02 15:04:05") + " UTC",
		"RateLimit-Limit":       over.limit,
	})
}

// fieldErrors is how Precoro refuses fields: nested twice.
func fieldErrors(status int, flaws ...*flaw) reply {
	texts := map[string]string{}
	for _, f := range flaws {
		texts[f.field] = f.text
	}
	return jsonReply(status, map[string]any{"errors": map[string]any{"errors": texts}})
}

func refuse(field, format string, args ...any) reply {
	return fieldErrors(http.StatusUnprocessableEntity, &flaw{field, fmt.Sprintf(format, args...)})
}

func notFound() reply {
	return jsonReply(http.StatusNotFound, map[string]string{"message": "Not Found"})
}

// check finds what a client got wrong before the values matter: unknown, doubled and missing fields, the wrong encoding.
func (r precoroRoute) check(in request) *flaw {
	if in.flaw != nil {
		return in.flaw
	}
	if f := fits(in.query, r.query); f != nil {
		return f
	}
	return fits(in.form, r.form)
}

func fits(values url.Values, known []parameter) *flaw {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		at := slices.IndexFunc(known, func(p parameter) bool { return p.name == name })
		switch {
		case at < 0:
			return &flaw{fmt.Sprintf("%.60s", name), "is not a known parameter"}
		case len(values[name]) > 1 && !known[at].list:
			return &flaw{name, "was given more than once"}
		}
	}
	for _, p := range known {
		if p.required && !values.Has(p.name) {
			return &flaw{p.name, "is missing"}
		}
	}
	return nil
}

// positive reads a whole number above zero in its only spelling.
func positive(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == text
}
