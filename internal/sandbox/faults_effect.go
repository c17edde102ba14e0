package sandbox

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const gatewayPage = "<!DOCTYPE html><html><head><title>Just a moment</title></head><body>Please wait while we check your connection.</body></html>"

// instead is the answer of a fault that comes before anything happened, nil for the kinds that come after it.
func (s *Sandbox) instead(f *Fault, in request, now time.Time) *reply {
	switch f.Kind {
	case Reset:
		return &reply{broken: brokenReset}
	case Timeout:
		return &reply{broken: brokenSilent}
	case Error500Before:
		return serverError()
	case HTML:
		return &reply{status: 200, contentType: htmlType, body: []byte(gatewayPage)}
	case Throttle:
		return s.scriptedThrottle(f, now)
	case Echo:
		return f.echo(in)
	case Body:
		return &reply{status: orStatus(f.Status, 200), contentType: jsonType, body: []byte(f.Body)}
	default:
		return nil
	}
}

// scriptedThrottle is a refusal that looks as the limiter's own.
func (s *Sandbox) scriptedThrottle(f *Fault, now time.Time) *reply {
	var answer reply
	switch limits, until := s.opts.Limits, now.Add(cmp.Or(f.Delay, time.Minute)); {
	case f.Side == erplySide && f.Limiter == "burst":
		answer = erplyTurnedAway()
	case f.Side == erplySide:
		answer = erplyError(now, "", erplyFailure{code: 1002})
	case f.Limiter == "day":
		answer = tooMany(refusal{f.Limiter, dailyLimiter, limits.PrecoroPerDay, until})
	case f.Limiter == "hour":
		answer = tooMany(refusal{f.Limiter, hourlyLimiter, limits.PrecoroPerHour, until})
	case f.Limiter == "same_get":
		answer = tooMany(refusal{f.Limiter, routeLimiter, 1, until})
	default:
		answer = tooMany(refusal{f.Limiter, routeLimiter, 60 * limits.PrecoroPerSecond, until})
	}
	return &answer
}

// echo says why a request was bad by repeating what should never be repeated, where a client may look for a reason.
func (f *Fault) echo(in request) *reply {
	var words []string
	for _, secret := range in.credentials(f.Side) {
		words = append(words, secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	text := "Bad request of " + strings.Join(words, " ")
	body := map[string]any{"message": text, "errors": map[string]any{"errors": map[string]string{"request": text}}}
	if f.Side == erplySide {
		body = map[string]any{
			"status":  map[string]any{"responseStatus": "error", "errorCode": refusedForGood, "errorField": text},
			"records": nil, "message": text,
		}
	}
	answer := jsonReply(orStatus(f.Status, http.StatusBadRequest), body)
	return &answer
}

// credentials are those that came with the request.
func (in request) credentials(side string) []string {
	given := []string{in.header.Get("X-Auth-Token"), in.header.Get("Email")}
	if side == erplySide {
		given = []string{in.form.Get("sessionKey"), in.form.Get("username"), in.form.Get("password"), in.form.Get("clientCode")}
	}
	return slices.DeleteFunc(given, func(text string) bool { return text == "" })
}

// spoils tells whether the client does not learn what became of a request that was carried out.
func (f *Fault) spoils() bool {
	return slices.Contains([]FaultKind{LostAnswer, Error500After, TimeoutAfter, CutBody, Empty, Endless, Malformed}, f.Kind)
}

// spoil is what is left of the answer.
func (f *Fault) spoil(r reply) reply {
	switch f.Kind {
	case LostAnswer:
		r.broken = brokenReset
	case TimeoutAfter:
		r.broken = brokenSilent
	case Error500After:
		return *serverError()
	case CutBody:
		r.broken = brokenCut
	case Empty:
		r.status, r.body = 200, nil
	case Endless:
		r.broken = brokenEndless
	case Malformed:
		r.body = r.body[:len(r.body)/2]
	case Drip:
		r.broken, r.pause = brokenDrip, f.Delay
	case Reordered:
		return r.rewritten(reorder)
	case LyingTotal:
		return r.rewritten(f.lie)
	default:
	}
	return r
}

// rewritten is the reply with another body. What is no JSON object stays.
func (r reply) rewritten(edit func(body map[string]any)) reply {
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	decoder.UseNumber()
	var body map[string]any
	if decoder.Decode(&body) != nil {
		return r
	}
	edit(body)
	changed := jsonReply(r.status, body)
	r.body = changed.body
	return r
}

// partsOf are the answer itself and those of a bulk's parts.
func partsOf(body map[string]any) []map[string]any {
	parts := []map[string]any{body}
	list, _ := body["requests"].([]any) // nothing else holds parts
	for _, element := range list {
		if part, ok := element.(map[string]any); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

func reorder(body map[string]any) {
	for _, part := range partsOf(body) {
		for _, rows := range []any{part["data"], part["records"], part["requests"]} {
			if list, ok := rows.([]any); ok {
				slices.Reverse(list)
			}
		}
	}
}

func (f *Fault) lie(body map[string]any) {
	if meta, ok := body["meta"].(map[string]any); ok {
		f.lieIn(meta["pagination"], "total")
	}
	for _, part := range partsOf(body) {
		f.lieIn(part["status"], "recordsTotal")
	}
}

func (f *Fault) lieIn(object any, field string) {
	fields, ok := object.(map[string]any)
	if !ok {
		return
	}
	if number, ok := fields[field].(json.Number); ok {
		if n, err := number.Int64(); err == nil {
			fields[field] = n + int64(f.Off)
		}
	}
}

func serverError() *reply {
	return &reply{status: 500, contentType: htmlType, body: []byte("<html><body><h1>Internal Server Error</h1></body></html>")}
}

func orStatus(status, fallback int) int {
	if status == 0 {
		return fallback
	}
	return status
}
