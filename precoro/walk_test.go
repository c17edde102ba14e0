package precoro_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/precoro"
)

// book is a server whose pages are listed by number; it notes what happens in order.
type book struct {
	pages  func(number int) string
	events []string
}

func (b *book) client(t *testing.T) *precoro.Client {
	t.Helper()
	client, err := precoro.New(precoro.Options{
		Email: email, Token: token,
		Transport: server(func(r *http.Request) (*http.Response, error) {
			number, err := strconv.Atoi(r.URL.Query().Get("page"))
			require.NoError(t, err)
			b.events = append(b.events, fmt.Sprintf("request %d", number))
			return answer(http.StatusOK, b.pages(number)), nil
		}),
		Pause: func(context.Context) error {
			b.events = append(b.events, "pause")
			return nil
		},
	})
	require.NoError(t, err)
	return client
}

// numbered is a page of rows with these ids.
func numbered(total int, more bool, ids ...int) string {
	rows := make([]string, len(ids))
	for i, id := range ids {
		rows[i] = row(fmt.Sprintf(`"id":%d`, id))
	}
	return fmt.Sprintf(`{"data":[%s],"meta":{"pagination":{"total":%d,"has_next_page":%t}}}`, strings.Join(rows, ","), total, more)
}

func fixed(pages ...string) func(int) string {
	return func(number int) string { return pages[number-1] }
}

// consume walks to the end.
func (b *book) consume(t *testing.T) ([]int64, error) {
	t.Helper()
	var ids []int64
	for page, err := range b.client(t).Invoices(t.Context(), precoro.InvoiceFilter{}) {
		if err != nil {
			return ids, err
		}
		b.events = append(b.events, fmt.Sprintf("page %d", page.Page))
		for _, invoice := range page.Invoices {
			ids = append(ids, invoice.ID)
		}
	}
	return ids, nil
}

func TestPageIsConsumedBeforeTheNextIsAskedFor(t *testing.T) {
	t.Parallel()
	b := &book{pages: fixed(numbered(3, true, 1), numbered(3, true, 2), numbered(3, false, 3))}
	ids, err := b.consume(t)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, ids)
	require.Equal(t, []string{
		"request 1", "page 1", "pause", "request 2", "page 2", "pause", "request 3", "page 3",
	}, b.events)
}

func TestLeavingTheLoopSendsNothingMore(t *testing.T) {
	t.Parallel()
	b := &book{pages: fixed(numbered(2, true, 1))}
	for _, err := range b.client(t).Invoices(t.Context(), precoro.InvoiceFilter{}) {
		require.NoError(t, err)
		break
	}
	require.Equal(t, []string{"request 1"}, b.events)
}

func TestRowThatMovedToTheNextPageIsGivenOnce(t *testing.T) {
	t.Parallel()
	b := &book{pages: fixed(numbered(3, true, 1, 2), numbered(4, false, 2, 3))}
	ids, err := b.consume(t)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, ids)
}

func TestRowsWithoutAnIDAreAllGiven(t *testing.T) {
	t.Parallel()
	b := &book{pages: fixed(numbered(4, true, 0, 0), numbered(4, false, 0, 0))}
	ids, err := b.consume(t)
	require.NoError(t, err)
	require.Equal(t, []int64{0, 0, 0, 0}, ids)
}

func TestEmptyListing(t *testing.T) {
	t.Parallel()
	b := &book{pages: fixed(numbered(0, false))}
	ids, err := b.consume(t)
	require.NoError(t, err)
	require.Empty(t, ids)
	require.Equal(t, []string{"request 1", "page 1"}, b.events)
}

func TestListingsThatCannotBeTrustedEndWithAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pages    func(int) string
		requests int
		want     string
	}{
		"repeats itself":   {func(int) string { return numbered(9, true, 1, 2) }, 2, "page 2 repeats rows"},
		"goes in a circle": {func(number int) string { return numbered(9, true, number%2+1) }, 3, "page 3 repeats rows"},
		"shrinks":          {fixed(numbered(4, true, 1, 2), numbered(3, false, 4)), 2, "shrank from 4 to 3 rows"},
		"does not end":     {func(number int) string { return numbered(1, true, number) }, 1000, "more than 1000 pages"},
		"breaks":           {fixed(numbered(4, true, 1, 2), `<html>`), 2, "list invoices, page 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &book{pages: test.pages}
			_, err := b.consume(t)
			requireA[precoro.Unavailable](t, err)
			require.ErrorContains(t, err, test.want)
			requests := 0
			for _, event := range b.events {
				if strings.HasPrefix(event, "request") {
					requests++
				}
			}
			require.Equal(t, test.requests, requests)
		})
	}
}

func TestPaymentsAreWalkedInTheSameWay(t *testing.T) {
	t.Parallel()
	second := strings.Replace(paymentRow, "5512", "5513", 1)
	b := &book{pages: func(number int) string {
		if number == 1 {
			return `{"data":[` + paymentRow + `],"meta":{"pagination":{"has_next_page":true}}}`
		}
		return page(paymentRow, second)
	}}
	var ids []int64
	for page, err := range b.client(t).Payments(t.Context(), precoro.PaymentFilter{}) {
		require.NoError(t, err)
		for _, payment := range page.Payments {
			ids = append(ids, payment.ID)
		}
	}
	require.Equal(t, []int64{5512, 5513}, ids)
}

func TestPauseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	client, err := precoro.New(precoro.Options{Email: email, Token: token, Transport: always(http.StatusOK, numbered(9, true, 1))})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for page, err := range client.Invoices(ctx, precoro.InvoiceFilter{}) {
		if page.Page == 1 {
			require.NoError(t, err)
			cancel()
			continue
		}
		require.ErrorIs(t, err, context.Canceled)
		requireA[precoro.Unavailable](t, err)
	}
	require.ErrorIs(t, ctx.Err(), context.Canceled)
}

func TestPauseIsOneSecondUnlessGiven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, err := precoro.New(precoro.Options{Email: email, Token: token, Transport: server(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("page") == "1" {
				return answer(http.StatusOK, numbered(2, true, 1)), nil
			}
			return answer(http.StatusOK, numbered(2, false, 2)), nil
		})})
		require.NoError(t, err)
		start := time.Now()
		for _, err := range client.Invoices(t.Context(), precoro.InvoiceFilter{}) {
			require.NoError(t, err)
		}
		require.Equal(t, time.Second, time.Since(start))
	})
}
