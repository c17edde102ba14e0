package erply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"payrecon/erp"
)

const (
	// pageSize is the largest page that every edition of the documentation allows; unasked it is 20.
	pageSize = 100

	// maxIDs is how many ids one query may name. No limit is documented; the answer fits one page.
	maxIDs = 100

	// maxPages ends a listing that does not end by itself: a million documents.
	maxPages = 10_000
)

// Query says which purchase documents are asked for; what is set must all fit. The zero Query asks for every one.
type Query struct {
	IDs              []string // document ids, at most 100
	Attribute, Value string   // documents that carry exactly this attribute
	ChangedSince     time.Time
}

// Page is one page of an answer.
type Page struct {
	Documents []PurchaseDocument // those that fit the query
	Total     int                // how many Erply says there are on all pages, those included that do not fit
	Time      time.Time          // Erply's clock when the page was made

	received []Text // ids of all that came, whether they fit or not
}

const getPurchaseDocuments = "getPurchaseDocuments"

// GetPurchaseDocuments asks for one page; the first is 1. Rows are not asked for. What comes beside what was asked for
// is dropped: a filter that this edition of Erply does not know is ignored by it, and then everything comes.
func (c *Client) GetPurchaseDocuments(ctx context.Context, q Query, page int) (Page, error) {
	fields, err := q.fields(page)
	if err != nil {
		return Page{}, err
	}
	form := url.Values{"request": {getPurchaseDocuments}}
	for name, value := range fields {
		form.Set(name, value)
	}
	got, err := c.call(ctx, form, false)
	if err != nil {
		return Page{}, fmt.Errorf("%s: %w", getPurchaseDocuments, err)
	}
	return q.page(got.Records, got.Status.total(), got.at)
}

// PurchaseDocuments yields every document that fits, page after page, one request each, and none twice. It is Unavailable
// where the pages do not add up to what Erply says there is: a document went away meanwhile and others moved up, or
// pages repeat themselves.
func (c *Client) PurchaseDocuments(ctx context.Context, q Query) iter.Seq2[PurchaseDocument, error] {
	return func(yield func(PurchaseDocument, error) bool) {
		seen := make(map[Text]bool)
		for number := 1; ; number++ {
			page, err := c.GetPurchaseDocuments(ctx, q, number)
			if err != nil {
				yield(PurchaseDocument{}, err)
				return
			}
			for _, d := range page.Documents {
				if !seen[d.ID] && !yield(d, nil) {
					return
				}
			}
			before := len(seen)
			for _, id := range page.received {
				seen[id] = true
			}
			if len(seen) >= page.Total {
				return
			}
			if len(seen) == before || number == maxPages {
				yield(PurchaseDocument{}, erp.Unavailable{Cause: fmt.Errorf(
					"page %d brings nothing new after %d of %d purchase documents", number, len(seen), page.Total)})
				return
			}
		}
	}
}

// fields are the call's parameters. One id is asked for as `id`, which every edition knows; `ids` is newer.
func (q Query) fields(page int) (map[string]string, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	fields := map[string]string{"recordsOnPage": strconv.Itoa(pageSize), "pageNo": strconv.Itoa(max(page, 1))}
	switch len(q.IDs) {
	case 0:
	case 1:
		fields["id"] = q.IDs[0]
	default:
		fields["ids"] = strings.Join(q.IDs, ",")
	}
	if q.Attribute != "" {
		fields["searchAttributeName"] = q.Attribute // numbered, as on other calls, it is refused or ignored here
		fields["searchAttributeValue"] = q.Value
	}
	if !q.ChangedSince.IsZero() {
		fields["changedSince"] = strconv.FormatInt(q.ChangedSince.Unix(), 10)
	}
	return fields, nil
}

func (q Query) check() error {
	if len(q.IDs) > maxIDs {
		return refuse("ids", "%d of them; accepted are at most %d", len(q.IDs), maxIDs)
	}
	for _, id := range q.IDs {
		if !isID(id) {
			return refuse("ids", "%.40q is not the id of a document; accepted are whole numbers from 1 on", id)
		}
	}
	if q.Attribute == "" && q.Value == "" {
		return nil
	}
	if !attributeName.MatchString(q.Attribute) {
		return refuse("searchAttributeName", "%.40q; accepted are 1 to 100 of A-Z, a-z, 0-9, dash and underscore", q.Attribute)
	}
	if n := utf8.RuneCountInString(q.Value); n < 1 || n > maxAttributeValue {
		return refuse("searchAttributeValue", "is %d characters long; accepted are 1 to %d", n, maxAttributeValue)
	}
	return nil
}

// page reads the records of one page.
func (q Query) page(records json.RawMessage, total int, at time.Time) (Page, error) {
	var documents []PurchaseDocument
	if len(records) > 0 && json.Unmarshal(records, &documents) != nil {
		return Page{}, erp.Unavailable{Cause: errors.New("the records cannot be read as purchase documents"), Unreadable: true}
	}
	page := Page{Total: total, Time: at}
	for _, d := range documents {
		if !isID(string(d.ID)) {
			return Page{}, erp.Unavailable{Cause: errors.New("a purchase document without an id"), Unreadable: true}
		}
		page.received = append(page.received, d.ID)
		if q.fits(d) {
			page.Documents = append(page.Documents, d)
		}
	}
	if total < 0 { // not said: a full page may have a next one
		page.Total = len(page.received)
		if page.Total >= pageSize {
			page.Total++
		}
	}
	return page, nil
}

// fits checks the answer against the question, as far as the documents show.
func (q Query) fits(d PurchaseDocument) bool {
	return (len(q.IDs) == 0 || slices.Contains(q.IDs, string(d.ID))) &&
		(q.Attribute == "" || d.attribute(q.Attribute) == q.Value)
}

// enough tells whether one page answers the whole question. A page that is not all there is does so only if it has what
// was asked for, or two documents for one attribute, which are one too many already. It does not if the search is not
// exact, or ignored.
func (q Query) enough(p Page) error {
	wanted := 2
	if len(q.IDs) > 0 {
		wanted = len(q.IDs)
	}
	if p.Total <= len(p.received) || len(p.Documents) >= wanted {
		return nil
	}
	return erp.Refused{
		Field: getPurchaseDocuments, Code: "not exact",
		Text: fmt.Sprintf("%d documents were found, and of the first %d only %d fit", p.Total, len(p.received), len(p.Documents)),
	}
}

// String says what is asked for, in errors.
func (q Query) String() string {
	switch {
	case len(q.IDs) > 0:
		return fmt.Sprintf("%d purchase documents by id, the first %s", len(q.IDs), q.IDs[0])
	case q.Attribute != "":
		return fmt.Sprintf("purchase documents with %s %.40q", q.Attribute, q.Value)
	}
	return "purchase documents"
}

// bulkPurchaseDocuments asks for the first page of each query in one bulk call, and returns the page or the error of
// each, and Erply's time.
func (c *Client) bulkPurchaseDocuments(ctx context.Context, queries []Query) ([]Page, []error, time.Time, error) {
	subs := make([]Sub, 0, len(queries))
	for _, q := range queries {
		fields, err := q.fields(1)
		if err != nil {
			return nil, nil, time.Time{}, err
		}
		subs = append(subs, Sub{Name: getPurchaseDocuments, Fields: fields})
	}
	outcomes, at, err := c.Bulk(ctx, subs)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	pages, errs := make([]Page, len(queries)), make([]error, len(queries))
	for i, outcome := range outcomes {
		if errs[i] = outcome.Err; errs[i] == nil {
			pages[i], errs[i] = queries[i].page(outcome.Records, outcome.Total, at)
		}
	}
	return pages, errs, at, nil
}
