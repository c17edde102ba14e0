package precoro

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"payrecon/internal/remote"
)

// judge says what an answer's status means; nil for 2xx, whose body is still to be read.
func (c *Client) judge(answer remote.Response, write bool, what string) error {
	status := answer.Status
	if status >= 200 && status < 300 {
		return nil
	}
	field, text := reason(answer.Body)
	field, text = c.secrets.Words(field), c.secrets.Words(text)
	switch {
	case status == http.StatusUnauthorized:
		return Unauthorized{Text: text}
	case status == http.StatusForbidden:
		return Forbidden{Text: text}
	case status == http.StatusNotFound:
		return NotFound{What: what}
	case status == http.StatusTooManyRequests:
		return c.throttled(answer)
	case passing(status) && write:
		return OutcomeUnknown{Cause: fmt.Errorf("HTTP status %d: %s", status, text)}
	case passing(status):
		return Unavailable{Cause: fmt.Errorf("HTTP status %d: %s", status, text)}
	}
	return Refused{Field: field, Text: text, Code: strconv.Itoa(status)}
}

// passing are the statuses that do not come from Precoro's own judgement of the request. A redirect is one: it is never
// followed.
func passing(status int) bool {
	return status < 400 || status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooEarly
}

// maxWait is more than the longest quota, a day. A stamp beyond it is somebody's mistake.
const maxWait = 48 * time.Hour

// throttled reads what Precoro says of its quota: in the body, as an absolute instant, not in headers. The instant counts
// only beside the answer's own clock, because ours may be another.
func (c *Client) throttled(answer remote.Response) Throttled {
	fields, err := document(answer.Body)
	if err != nil {
		return Throttled{}
	}
	t := Throttled{Limiter: c.secrets.Words(plain(fields["RateLimit-Type"]))}
	until, err := time.Parse("2006-01-02 15:04:05 UTC", plain(fields["RateLimit-Retry-After"]))
	wait := until.Sub(answer.Date)
	if err != nil || answer.Date.IsZero() || wait > maxWait {
		return t
	}
	t.Until, t.After = until, max(wait, 0)
	return t
}

// plain is a scalar's text, "" for anything else.
func plain(raw json.RawMessage) string {
	text, err := scalar(raw)
	if err != nil {
		return ""
	}
	return text
}
