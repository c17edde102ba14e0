package erply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
)

// Query says which purchase documents are asked for; what is set must all fit. The zero Query asks for every one.
type Query struct {
	IDs              []string // document ids, at most 100
	Attribute, Value string   // documents that carry exactly this attribute
	ChangedSince     time.Time
	Page             int // from 1 on; 0 is the first. Pages go by id, upwards
}

// Page is one page of an answer.
type Page struct {
	Documents []PurchaseDocument // those that fit the query
	Total     int                // how many Erply says there are on all pages, those included that do not fit
	Err       error              // one of the port's errors; then nothing else is known

	received []Text // ids of all that came, whether they fit or not
}

const getPurchaseDocuments = "getPurchaseDocuments"

// GetPurchaseDocuments asks for one page of each of up to MaxBulk queries in one bulk call, and returns Erply's time too.
// The error is that of the call as a whole. Rows are not asked for. What comes beside what was asked for is dropped: a
// filter that this edition of Erply does not know is ignored by it, and then everything comes.
func (c *Client) GetPurchaseDocuments(ctx context.Context, queries []Query) ([]Page, time.Time, error) {
	subs := make([]Sub, 0, len(queries))
	for _, q := range queries {
		fields, err := q.fields()
		if err != nil {
			return nil, time.Time{}, err
		}
		subs = append(subs, Sub{Name: getPurchaseDocuments, Fields: fields})
	}
	outcomes, at, err := c.Bulk(ctx, subs)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%s: %w", getPurchaseDocuments, err)
	}
	pages := make([]Page, 0, len(queries))
	for i, outcome := range outcomes {
		pages = append(pages, queries[i].page(outcome))
	}
	return pages, at, nil
}

// fields are the call's parameters. One id is asked for as `id`, which every edition knows; `ids` is newer.
func (q Query) fields() (map[string]string, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	fields := map[string]string{"recordsOnPage": strconv.Itoa(pageSize), "pageNo": strconv.Itoa(max(q.Page, 1))}
	if q.Page > 0 {
		fields["orderBy"], fields["orderByDir"] = "id", "asc" // a new document comes on the last page, and moves no other
	}
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
func (q Query) page(outcome Outcome) Page {
	if outcome.Err != nil {
		return Page{Err: outcome.Err}
	}
	var documents []PurchaseDocument
	if len(outcome.Records) > 0 && json.Unmarshal(outcome.Records, &documents) != nil {
		return Page{Err: erp.Unavailable{Cause: errors.New("the records cannot be read as purchase documents"), Unreadable: true}}
	}
	page := Page{Total: outcome.Total}
	for _, d := range documents {
		if !isID(string(d.ID)) {
			return Page{Err: erp.Unavailable{Cause: errors.New("a purchase document without an id"), Unreadable: true}}
		}
		page.received = append(page.received, d.ID)
		if q.fits(d) {
			page.Documents = append(page.Documents, d)
		}
	}
	if page.Total < 0 { // not said: a full page may have a next one
		page.Total = len(page.received)
		if page.Total >= pageSize {
			page.Total++
		}
	}
	return page
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
