//go:build unix

package trytond

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"payrecon/internal/money"
)

const (
	callTimeout = 2 * time.Minute
	maxAnswer   = 64 << 20 // bytes
)

// Fault is what Tryton answers instead of a result: the call changed nothing.
type Fault struct {
	Method string
	Kind   string // "UserError", "UserWarning", "ConcurrencyException", or Python's words for what it did not expect
	Text   string // in English
	name   string // of a warning, by which it is answered
}

func (e *Fault) Error() string { return fmt.Sprintf("%s: %s: %s", e.Method, e.Kind, e.Text) }

// status is an answer that is not 200.
type status struct {
	method string
	code   int
}

func (e *status) Error() string { return fmt.Sprintf("%s: HTTP %d", e.method, e.code) }

// client calls one database of one server as one user, or the server itself. Its calls may be made at the same time.
type client struct {
	url            string // ".../" of the server, ".../<database>/" of a database
	user, password string
	context        map[string]any // goes with every call of a model or wizard

	mu      sync.Mutex
	session string // value of the Authorization header, "" before the first login
	id      int    // of the user, once logged in
}

// Tryton's JSON has its own way to write what JSON has not.
type (
	object  = map[string]any
	list    = []any
	decimal string // "120.00"
	day     money.Date
)

func (d decimal) MarshalJSON() ([]byte, error) {
	return json.Marshal(object{"__class__": "Decimal", "decimal": string(d)})
}

func (d *decimal) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var wire struct {
		Decimal string `json:"decimal"`
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	*d = decimal(wire.Decimal)
	return nil
}

func (d day) MarshalJSON() ([]byte, error) {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return nil, err
	}
	return json.Marshal(object{"__class__": "date", "year": t.Year(), "month": int(t.Month()), "day": t.Day()})
}

func (d *day) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var wire struct{ Year, Month, Day int }
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	*d = day(fmt.Sprintf("%04d-%02d-%02d", wire.Year, wire.Month, wire.Day))
	return nil
}

// model calls a method of a model, which gets the context too. result may be nil.
func (c *client) model(ctx context.Context, result any, model, method string, parameters ...any) error {
	return c.signedIn(ctx, result, "model."+model+"."+method, append(parameters, c.context)...)
}

// signedIn makes a call in a session. A session that Tryton has forgotten, which it says before it does anything, is renewed.
func (c *client) signedIn(ctx context.Context, result any, method string, parameters ...any) error {
	session, err := c.login(ctx, "")
	if err != nil {
		return err
	}
	err = c.post(ctx, session, result, method, parameters)
	var refused *status
	if errors.As(err, &refused) && refused.code == http.StatusUnauthorized {
		if session, err = c.login(ctx, session); err != nil {
			return err
		}
		err = c.post(ctx, session, result, method, parameters)
	}
	return err
}

// login returns a session other than the one that is over.
func (c *client) login(ctx context.Context, over string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != over {
		return c.session, nil
	}
	var answer [2]any // the user's id and the session's
	if err := c.call(ctx, &answer, "common.db.login", c.user, object{"password": c.password}, "en"); err != nil {
		return "", err
	}
	id, ok := answer[0].(float64)
	if !ok {
		return "", fmt.Errorf("nobody is logged in as %s", c.user)
	}
	c.id = int(id)
	c.session = "Session " + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d:%v", c.user, c.id, answer[1]))
	return c.session, nil
}

// call makes a call outside of any session.
func (c *client) call(ctx context.Context, result any, method string, parameters ...any) error {
	return c.post(ctx, "", result, method, parameters)
}

func (c *client) post(ctx context.Context, session string, result any, method string, parameters list) error {
	if parameters == nil {
		parameters = list{}
	}
	// Exactly these three: with any other, Tryton answers differently.
	body, err := json.Marshal(object{"id": 1, "method": method, "params": parameters})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if session != "" {
		request.Header.Set("Authorization", session)
	}
	// The server closes every connection.
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer response.Body.Close() //nolint:errcheck // it has been read
	if response.StatusCode != http.StatusOK {
		return &status{method: method, code: response.StatusCode}
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  []any           `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if answer.Error != nil {
		return fault(method, answer.Error)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// fault reads [kind, detail], where detail is text or begins with text.
func fault(method string, wire []any) error {
	f := &Fault{Method: method}
	texts := make([]string, 0, 3)
	for _, part := range wire {
		switch part := part.(type) {
		case string:
			texts = append(texts, part)
		case []any:
			for _, word := range part {
				if text, ok := word.(string); ok {
					texts = append(texts, text)
				}
			}
		}
	}
	texts = append(texts, "", "", "")
	f.Kind, f.Text = texts[0], texts[1]
	if f.Kind == "UserWarning" {
		f.name, f.Text = texts[1], texts[2]
	}
	f.Text = tail([]byte(f.Text))
	return f
}

// ids are the records that a domain finds, in order.
func (c *client) ids(ctx context.Context, model string, domain list) ([]int, error) {
	var found []int
	err := c.model(ctx, &found, model, "search", domain, 0, nil, list{list{"id", "ASC"}})
	return found, err
}

// one is the only record that a domain finds.
func (c *client) one(ctx context.Context, model string, domain ...any) (int, error) {
	found, err := c.ids(ctx, model, domain)
	if err != nil {
		return 0, err
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("%d records of %s fit %v, want one", len(found), model, domain)
	}
	return found[0], nil
}

// create makes one record.
func (c *client) create(ctx context.Context, model string, values object) (int, error) {
	var made []int
	if err := c.model(ctx, &made, model, "create", list{values}); err != nil {
		return 0, err
	}
	if len(made) != 1 {
		return 0, fmt.Errorf("%d records of %s were created, want one", len(made), model)
	}
	return made[0], nil
}

// read reads fields of one record into a struct.
func read[T any](ctx context.Context, c *client, model string, id int, fields ...string) (T, error) {
	var rows []T
	var zero T
	if err := c.model(ctx, &rows, model, "read", []int{id}, fields); err != nil {
		return zero, err
	}
	if len(rows) != 1 {
		return zero, fmt.Errorf("%s %d is not there", model, id)
	}
	return rows[0], nil
}

// view is what a wizard shows between two buttons.
type view struct {
	State    string         `json:"state"`
	Defaults map[string]any `json:"defaults"`
}

// wizard is one that is open.
type wizard struct {
	c       *client
	name    string
	session int
	context object
	first   string // what is executed first
	forms   object // what has been filled in
}

// open starts a wizard upon records of a model, which may be none.
func (c *client) open(ctx context.Context, name, model string, ids ...int) (*wizard, error) {
	w := &wizard{c: c, name: "wizard." + name, context: object{}, forms: object{}}
	for key, value := range c.context {
		w.context[key] = value
	}
	if len(ids) > 0 {
		w.context["active_model"], w.context["active_id"], w.context["active_ids"] = model, ids[0], ids
	}
	var answer [3]any // session, first state, last state
	if err := c.signedIn(ctx, &answer, w.name+".create", w.context); err != nil {
		return nil, err
	}
	session, ok := answer[0].(float64)
	first, ok2 := answer[1].(string)
	if !ok || !ok2 {
		return nil, fmt.Errorf("%s: it did not start", w.name)
	}
	w.session, w.first = int(session), first
	return w, nil
}

// press presses the button of that name, with what has been filled in. What comes back is the next form, or nil at the end.
func (w *wizard) press(ctx context.Context, button string) (*view, error) {
	var answer struct {
		View *view `json:"view"`
	}
	if err := w.c.signedIn(ctx, &answer, w.name+".execute", w.session, w.forms, button, w.context); err != nil {
		return nil, err
	}
	return answer.View, nil
}

func (w *wizard) close(ctx context.Context) error {
	return w.c.signedIn(ctx, nil, w.name+".delete", w.session, w.context)
}

// values are the form as it is shown, to be sent back. What belongs to others that it shows is left out.
func (v *view) values() object {
	values := object{}
	for name, value := range v.Defaults {
		if !strings.Contains(name, ".") {
			values[name] = value
		}
	}
	return values
}
