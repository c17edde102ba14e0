package erply_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/erp/erply"
)

const (
	username = "payrecon-user"
	password = "pass-word-1234"
	serverAt = 1_773_480_600 // 2026-03-14 09:30:00 UTC, half past
)

// object is JSON as the double holds and answers it.
type object = map[string]any

// double speaks the wire of classic Erply, as far as the adapter needs it. It stands in for the HTTP transport.
type double struct {
	t *testing.T

	mu       sync.Mutex
	docs     []object
	forms    []url.Values // every call but logins
	logins   []url.Values
	sessions map[string]bool
	strict   bool // an update applies the defaults to what was not sent, instead of leaving it alone

	// answer, if set, may answer a call in the double's place; "" leaves it to the double.
	answer func(form url.Values) (status int, body string)
	// within, if set, may do the same for a request within a bulk call, or change it.
	within func(request url.Values) (body string)
	// before, if set, is called for each call, outside of the lock.
	before func(form url.Values)
}

func newDouble(t *testing.T, docs ...object) *double {
	t.Helper()
	return &double{t: t, docs: docs, sessions: map[string]bool{}}
}

func config() erply.Config {
	return erply.Config{URL: "https://123456.erply.com/api/", ClientCode: "123456", Username: username, Password: password}
}

// at is a clock that stands still.
func at(now time.Time) func() time.Time { return func() time.Time { return now } }

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func (d *double) client(t *testing.T) *erply.Client {
	t.Helper()
	client, err := erply.NewClient(config(), d, at(noon))
	require.NoError(t, err)
	return client
}

func (d *double) adapter(t *testing.T) *erply.Adapter {
	t.Helper()
	adapter, err := erply.New(config(), d, at(noon))
	require.NoError(t, err)
	return adapter
}

// bulks is every bulk call.
func (d *double) bulks() []url.Values {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(d.forms), func(f url.Values) bool { return !f.Has("requests") })
}

// sent is every request of this name within the bulk calls, without its name and id.
func (d *double) sent(name string) []url.Values {
	d.t.Helper()
	var sent []url.Values
	for _, form := range d.bulks() {
		requests, err := requestsOf(form)
		require.NoError(d.t, err)
		for _, request := range requests {
			if request.Get("requestName") == name {
				request.Del("requestName")
				request.Del("requestID")
				sent = append(sent, request)
			}
		}
	}
	return sent
}

// requestsOf takes a bulk call apart.
func requestsOf(form url.Values) ([]url.Values, error) {
	var list []map[string]string
	if err := json.Unmarshal([]byte(form.Get("requests")), &list); err != nil {
		return nil, err
	}
	requests := make([]url.Values, len(list))
	for i, fields := range list {
		requests[i] = url.Values{}
		for name, value := range fields {
			requests[i].Set(name, value)
		}
	}
	return requests, nil
}

func (d *double) loginCount() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.logins)
}

func (d *double) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || r.URL.RawQuery != "" || r.Method != http.MethodPost || r.URL.String() != "https://123456.erply.com/api/" {
		return nil, fmt.Errorf("not a form posted to the API: %s", r.Method)
	}
	if d.before != nil {
		d.before(form)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if form.Get("request") == "verifyUser" {
		d.logins = append(d.logins, form)
	} else {
		d.forms = append(d.forms, form)
	}
	if d.answer != nil {
		if status, text := d.answer(form); text != "" {
			return respond(status, text), nil
		}
	}
	return respond(http.StatusOK, d.serve(form)), nil
}

func respond(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"text/html"}, "Date": {"Sat, 14 Mar 2026 09:30:00 GMT"}},
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

func (d *double) serve(form url.Values) string {
	if form.Get("request") == "verifyUser" {
		key := "secret-session-" + strconv.Itoa(len(d.logins))
		d.sessions[key] = true
		return ok([]object{{"sessionKey": key, "sessionLength": 3600}}, 1)
	}
	if !d.sessions[form.Get("sessionKey")] {
		return fault(1055, "")
	}
	if form.Has("requests") {
		return d.bulk(form)
	}
	return fault(1005, "request") // nothing but the login is a call of its own
}

func (d *double) one(form url.Values) string {
	if d.within != nil {
		if text := d.within(form); text != "" {
			return text
		}
	}
	switch form.Get("requestName") {
	case "getPurchaseDocuments":
		return d.list(form)
	case "savePurchaseDocument":
		return d.save(form)
	}
	return fault(1005, "request")
}

func (d *double) bulk(form url.Values) string {
	requests, err := requestsOf(form)
	if err != nil || len(requests) > 100 {
		return fault(1020, "")
	}
	var answers []string
	for _, request := range requests {
		answers = append(answers, identified(request.Get("requestID"), d.one(request)))
	}
	slices.Reverse(answers) // in no order that was promised
	return bulkAnswer(answers...)
}

// identified is the answer to one request of a bulk call.
func identified(requestID, answer string) string {
	return strings.Replace(answer, `"status":{`, `"status":{"requestID":"`+requestID+`",`, 1)
}

func bulkAnswer(answers ...string) string {
	return fmt.Sprintf(`{"status":{"requestUnixTime":%d,"responseStatus":"ok","errorCode":0},"requests":[%s]}`, serverAt, strings.Join(answers, ","))
}

func (d *double) list(form url.Values) string {
	var hits []object
	ids := strings.Split(form.Get("ids")+","+form.Get("id"), ",")
	for _, doc := range d.docs {
		if (form.Has("id") || form.Has("ids")) && !slices.Contains(ids, fmt.Sprint(doc["id"])) {
			continue
		}
		if name := form.Get("searchAttributeName"); name != "" && attribute(doc, name) != form.Get("searchAttributeValue") {
			continue
		}
		if since := form.Get("changedSince"); since != "" && fmt.Sprint(doc["lastModified"]) < since {
			continue
		}
		hits = append(hits, doc)
	}
	if form.Get("orderBy") != "id" || form.Get("orderByDir") != "asc" {
		slices.Reverse(hits) // the newest first
	}
	size, _ := strconv.Atoi(form.Get("recordsOnPage"))
	page, _ := strconv.Atoi(form.Get("pageNo"))
	from := min((page-1)*size, len(hits))
	return ok(hits[from:min(from+size, len(hits))], len(hits))
}

// readNames are the fields of a save that are called otherwise when they are read.
var readNames = map[string]string{"no": "number", "confirmInvoice": "confirmed"}

// defaults are what a strict Erply puts in the place of header fields that an update does not send.
var defaults = map[string]string{
	"confirmed": "1", "type": "PRCINVOICE", "date": "2026-03-14", "time": "12:00:00", "warehouseID": "1", "currencyRate": "9.99",
}

func (d *double) save(form url.Values) string {
	i := slices.IndexFunc(d.docs, func(doc object) bool { return fmt.Sprint(doc["id"]) == form.Get("id") })
	if i < 0 {
		return fault(1011, "id")
	}
	doc := d.docs[i]
	if d.strict {
		for name := range doc {
			if slices.Contains([]string{"id", "attributes", "rows", "total", "lastModified", "baseDocuments"}, name) {
				continue
			}
			doc[name] = defaults[name]
		}
	}
	for name := range form {
		target, renamed := readNames[name]
		if !renamed {
			target = name
		}
		if _, known := doc[target]; known {
			doc[target] = form.Get(name)
		}
	}
	for n := 1; form.Has("attributeName" + strconv.Itoa(n)); n++ {
		number := strconv.Itoa(n)
		setAttribute(doc, form.Get("attributeName"+number), form.Get("attributeValue"+number))
	}
	id, _ := strconv.Atoi(form.Get("id"))
	return ok([]object{{"invoiceID": id, "total": doc["total"]}}, 1)
}

func setAttribute(doc object, name, value string) {
	list, _ := doc["attributes"].([]object)
	list = slices.DeleteFunc(slices.Clone(list), func(a object) bool { return a["attributeName"] == name })
	doc["attributes"] = append(list, object{"attributeName": name, "attributeType": "text", "attributeValue": value})
}

func attribute(doc object, name string) string {
	list, _ := doc["attributes"].([]object)
	for _, one := range list {
		if one["attributeName"] == name {
			return fmt.Sprint(one["attributeValue"])
		}
	}
	return ""
}

func ok(records []object, total int) string {
	body, err := json.Marshal(object{
		"status":  object{"requestUnixTime": serverAt, "responseStatus": "ok", "errorCode": 0, "errorField": nil, "recordsTotal": total},
		"records": records,
	})
	if err != nil {
		return err.Error()
	}
	return string(body)
}

func fault(code int, field string) string {
	return fmt.Sprintf(`{"status":{"requestUnixTime":"%d","responseStatus":"error","errorCode":"%d","errorField":%q},"records":null}`, serverAt, code, field)
}

// document is a confirmed invoice of 120.00 EUR for Precoro invoice 7001, changed as told.
func document(changes object) object {
	doc := object{
		"id": 8842, "type": "PRCINVOICE", "currencyCode": "EUR", "number": "INV-1", "supplierID": 5, "date": "2026-01-02",
		"confirmed": 1, "paid": 0, "total": 120.00, "lastModified": 1773000000,
		"attributes": []object{{"attributeName": "precoroInvoiceID", "attributeType": "text", "attributeValue": "7001"}},
	}
	maps.Copy(doc, changes)
	return doc
}

// withRecords adds payment records: name, value, name, value.
func withRecords(doc object, pairs ...string) object {
	for i := 0; i+1 < len(pairs); i += 2 {
		setAttribute(doc, pairs[i], pairs[i+1])
	}
	return doc
}
