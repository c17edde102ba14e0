package erply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
)

const (
	// MaxBulk is how many requests one bulk call may hold; Erply ignores the whole call if there are more. Each costs a
	// tenth of a request of the hourly quota.
	MaxBulk = 100

	// maxBody is how long a bulk call may be as it goes out. How much Erply takes is not documented.
	maxBody = 1 << 20
)

// Sub is one request within a bulk call. None may depend on another.
type Sub struct {
	Name   string // of the call
	Fields map[string]string
}

// Outcome is what became of one Sub. Err is one of the port's errors.
type Outcome struct {
	Records json.RawMessage
	Total   int // how many records there are in all, of which Records is one page; -1 where it is not said
	Err     error
}

// Bulk sends up to MaxBulk requests as one and returns the outcome of each, in the order of subs, and Erply's time. The
// error is that of the call as a whole: then no outcome is known. A request that the answer does not mention is
// Unavailable, or OutcomeUnknown if it was to write.
func (c *Client) Bulk(ctx context.Context, subs []Sub) ([]Outcome, time.Time, error) {
	if len(subs) == 0 || len(subs) > MaxBulk {
		return nil, time.Time{}, refuse("requests", "%d in one call; accepted are 1 to %d", len(subs), MaxBulk)
	}
	write := false
	list := make([]json.RawMessage, 0, len(subs))
	for i, sub := range subs {
		element, err := sub.encode(i)
		if err != nil {
			return nil, time.Time{}, err
		}
		list = append(list, element)
		write = write || isWrite(sub.Name)
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("encode bulk call: %w", err)
	}
	got, err := c.call(ctx, url.Values{"requests": {string(encoded)}}, len(subs)*subCost, write)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("bulk call: %w", err)
	}
	return got.outcomes(subs), got.at, nil
}

// encode is the request as an element of a bulk call.
func (s Sub) encode(id int) (json.RawMessage, error) {
	element := map[string]string{"requestName": s.Name, "requestID": strconv.Itoa(id)}
	maps.Copy(element, s.Fields)
	encoded, err := json.Marshal(element)
	if err != nil {
		return nil, fmt.Errorf("encode bulk call: %w", err)
	}
	return encoded, nil
}

// size is how long the request is within the form that goes out.
func (s Sub) size() (int, error) {
	encoded, err := s.encode(MaxBulk)
	return len(url.QueryEscape(string(encoded) + ",")), err
}

// isWrite: whatever does not say that it only reads may change something.
func isWrite(call string) bool { return !strings.HasPrefix(call, "get") }

// outcomes matches answers to requests by requestID, never by position. An id that is answered twice says nothing.
func (a answer) outcomes(subs []Sub) []Outcome {
	answers := make(map[Text]answer, len(a.Requests))
	count := make(map[Text]int, len(a.Requests))
	for _, one := range a.Requests {
		if one.Status != nil {
			answers[one.Status.RequestID] = one
			count[one.Status.RequestID]++
		}
	}
	outcomes := make([]Outcome, len(subs))
	for i, sub := range subs {
		id := Text(strconv.Itoa(i))
		if count[id] != 1 {
			outcomes[i] = Outcome{Err: uncertain(isWrite(sub.Name), fmt.Errorf("answered %d times", count[id]))}
			continue
		}
		outcomes[i] = answers[id].outcome(a.at, isWrite(sub.Name))
	}
	return outcomes
}

func (a answer) outcome(at time.Time, write bool) Outcome {
	found, err := a.Status.fault(at)
	switch {
	case err != nil:
		return Outcome{Err: uncertain(write, err)}
	case found == nil:
		return Outcome{Records: a.Records, Total: a.Status.total()}
	}
	err = found.err(write)
	if _, over := remote.As[sessionOver](err); over {
		// The other requests of the call had a session: it ended in between, and the next call gets a new one.
		err = betweenTwo(write)
	}
	return Outcome{Err: err}
}

func betweenTwo(write bool) error {
	cause := errors.New("the session ended during a bulk call")
	if write {
		return erp.NotSent{Cause: cause}
	}
	return erp.Unavailable{Cause: cause}
}

// total is how many records there are in all, -1 where it is not said.
func (s *status) total() int {
	n, err := s.RecordsTotal.integer()
	if err != nil || s.RecordsTotal == "" || n > 1<<31 {
		return -1
	}
	return int(n)
}
