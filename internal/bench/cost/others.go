//go:build unix

package cost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"payrecon/internal/bounds"
	"payrecon/internal/sandbox"
)

// way is another way to do the work of a run. What it asks of Precoro is counted; asking the other service is free for it.
type way struct {
	perPage int
	// twice: unpaid and paid invoices are listed apart.
	twice bool
	// careful: a payment is looked for before it is created and given its external ID afterwards, and one that is copied from
	// Precoro is read and given its external ID too.
	careful bool
}

var (
	// recipe is what Precoro's page of usage scenarios recommends: pages of ten, the whole document for each invoice, one POST
	// a payment.
	recipe = way{perPage: 10, twice: true}
	// connector is what integrations between accounting systems commonly do: pages as they come, the whole document for each
	// invoice, and three requests a payment.
	connector = way{perPage: 100, careful: true}
)

// other does the work in another way, upon a world of its own, and gives the requests that Precoro saw. A run that looks at
// changes has a time since when.
func other(ctx context.Context, w way, build func(*sandbox.Sandbox), since time.Time) (int, error) {
	s := sandbox.New(sandbox.Options{Limits: wide})
	build(s)
	before := s.State()
	differing, err := bounds.Differing(before)
	if err != nil {
		return 0, err
	}
	o := &others{way: w, client: &http.Client{Transport: s.Transport()}, service: serviceOf(before, since)}
	if err := o.run(ctx, since); err != nil {
		return 0, err
	}
	after := s.Counters()
	if left := differing - after.Writes["POST /payments"] - o.copied; left != 0 || len(after.Throttled) > 0 {
		return 0, fmt.Errorf("of %d differences %d are left; refused were %v", differing, left, after.Throttled)
	}
	return bounds.Requests(before.Counters, after).Precoro, nil
}

// service is the other service as these clients see it.
type service struct {
	paid    map[int64]bool // by the invoice's id
	has     map[int64]bool // the payments of Precoro that it knows, by id
	changed []invoiceRow   // what changed there since the last run
}

func serviceOf(world sandbox.State, since time.Time) service {
	s := service{paid: map[int64]bool{}, has: map[int64]bool{}}
	numbers := map[int64]int64{}
	for _, i := range world.Invoices {
		numbers[i.ID] = i.IDN
	}
	for _, b := range world.Bills {
		invoice, err := strconv.ParseInt(b.Attributes[bounds.Attribute], 10, 64)
		if err != nil {
			continue
		}
		s.paid[invoice] = b.Paid == 1
		if !since.IsZero() && b.LastModified >= since.Unix() {
			s.changed = append(s.changed, invoiceRow{ID: invoice, IDN: loose(strconv.FormatInt(numbers[invoice], 10))})
		}
		for name := range b.Attributes {
			if payment, err := strconv.ParseInt(strings.TrimPrefix(name, "payrecon-"), 10, 64); err == nil {
				s.has[payment] = true
			}
		}
	}
	return s
}

// others is a client of its own: it shares nothing with payrecon's.
type others struct {
	way
	client  *http.Client
	service service
	copied  int // payments that the other service got
}

type invoiceRow struct {
	ID        int64 `json:"id"`
	IDN       loose `json:"idn"`
	LeftToPay loose `json:"leftToPay"`
	Payments  list  `json:"payments"`
}

type paymentRow struct {
	ID  int64 `json:"id"`
	IDN loose `json:"idn"`
}

func (o *others) run(ctx context.Context, since time.Time) error {
	lists := [][]string{{"2", "4", "5"}}
	if o.twice {
		lists = [][]string{{"2", "4"}, {"5"}}
	}
	invoices := o.service.changed
	for _, statuses := range lists {
		rows, err := o.list(ctx, statuses, since)
		if err != nil {
			return err
		}
		invoices = append(invoices, rows...)
	}
	settled := map[int64]bool{}
	for _, row := range invoices {
		if settled[row.ID] {
			continue
		}
		settled[row.ID] = true
		if err := o.settle(ctx, row.IDN); err != nil {
			return fmt.Errorf("invoice %s: %w", row.IDN, err)
		}
	}
	return nil
}

// list reads all pages before anything is written, as writing moves them.
func (o *others) list(ctx context.Context, statuses []string, since time.Time) ([]invoiceRow, error) {
	query := url.Values{"status[]": statuses, "per_page": {strconv.Itoa(o.perPage)}}
	if !since.IsZero() {
		query.Set("modifiedSince", since.UTC().Format("2006-01-02T15:04:05"))
	}
	var all []invoiceRow
	for number := 1; ; number++ {
		query.Set("page", strconv.Itoa(number))
		var page struct {
			Data []invoiceRow `json:"data"`
			Meta struct {
				Pagination struct {
					Total int `json:"total"`
				} `json:"pagination"`
			} `json:"meta"`
		}
		if err := o.ask(ctx, http.MethodGet, "/invoices?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if number*o.perPage >= page.Meta.Pagination.Total {
			return all, nil
		}
	}
}

// settle reads one invoice, creates what it lacks, and copies to the other service what that lacks.
func (o *others) settle(ctx context.Context, idn loose) error {
	var invoice invoiceRow
	if err := o.ask(ctx, http.MethodGet, "/invoices/"+string(idn), nil, &invoice); err != nil {
		return err
	}
	for _, p := range invoice.Payments {
		if o.service.has[p.ID] {
			continue
		}
		if o.careful {
			if err := o.ask(ctx, http.MethodGet, "/payments/"+string(p.IDN), nil, &paymentRow{}); err != nil {
				return err
			}
			if err := o.tag(ctx, p); err != nil {
				return err
			}
		}
		o.copied++
	}
	if left := strings.Trim(string(invoice.LeftToPay), "0."); left == "" || !o.service.paid[invoice.ID] {
		return nil
	}
	return o.pay(ctx, invoice.ID, invoice.IDN, string(invoice.LeftToPay))
}

// pay creates a payment.
func (o *others) pay(ctx context.Context, id int64, idn loose, amount string) error {
	if o.careful {
		var found struct{}
		if err := o.ask(ctx, http.MethodGet, "/payments?invoice="+string(idn), nil, &found); err != nil {
			return err
		}
	}
	var made paymentRow
	if err := o.ask(ctx, http.MethodPost, "/payments", url.Values{
		"invoice[id]": {strconv.FormatInt(id, 10)}, "sumPaid": {amount}, "payDate": {"2026-04-01T00:00:00+00:00"}, "logicType": {"0"},
	}, &made); err != nil {
		return err
	}
	if o.careful {
		return o.tag(ctx, made)
	}
	return nil
}

func (o *others) tag(ctx context.Context, p paymentRow) error {
	return o.ask(ctx, http.MethodPatch, "/payments/"+string(p.IDN), url.Values{"externalId": {"other-" + string(p.IDN)}}, &paymentRow{})
}

const maxAnswer = 4 << 20

// ask sends one request and reads its answer.
func (o *others) ask(ctx context.Context, method, path string, form url.Values, into any) error {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://precoro.invalid/precoro"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("X-AUTH-TOKEN", "precoro-token")
	request.Header.Set("email", "robot@example.com")
	request.Header.Set("User-Agent", "bench/1.0")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := o.client.Do(request)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %.200s", method, path, answer.Status, text)
	}
	return json.Unmarshal(text, into)
}

// loose is a number or a string.
type loose string

// UnmarshalJSON takes either.
func (l *loose) UnmarshalJSON(text []byte) error {
	*l = loose(strings.Trim(string(text), `"`))
	return nil
}

// list is a list, bare or wrapped.
type list []paymentRow

// UnmarshalJSON takes either.
func (l *list) UnmarshalJSON(text []byte) error {
	var bare []paymentRow
	if err := json.Unmarshal(text, &bare); err == nil {
		*l = bare
		return nil
	}
	var wrapped struct {
		Data []paymentRow `json:"data"`
	}
	if err := json.Unmarshal(text, &wrapped); err != nil {
		return err
	}
	*l = wrapped.Data
	return nil
}
