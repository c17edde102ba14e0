package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"payrecon/activities"
	"payrecon/internal/reconcile"
	"payrecon/workflows"
)

// pageOf has the invoices with these ids.
func pageOf(total int, more bool, ids ...int64) activities.InvoicePage {
	page := activities.InvoicePage{Total: total, More: more}
	for _, id := range ids {
		page.Invoices = append(page.Invoices, reconcile.Invoice{ID: id, IDN: id})
	}
	return page
}

func TestRowsAreTakenOnceAndTheLaterAnswerCounts(t *testing.T) {
	t.Parallel()
	l := workflows.NewListing()
	later := pageOf(4, false, 2, 3)
	later.Invoices[0].Status = reconcile.StatusPaid

	next, err := l.Take(1, pageOf(4, true, 1, 2))
	require.NoError(t, err)
	require.Equal(t, 2, next)
	next, err = l.Take(2, later)
	require.NoError(t, err)
	require.Zero(t, next)

	require.Equal(t, []reconcile.Invoice{{ID: 1, IDN: 1}, {ID: 2, IDN: 2, Status: reconcile.StatusPaid}, {ID: 3, IDN: 3}}, l.Rows())
}

func TestRowsWithoutReadableIDAreAllKept(t *testing.T) {
	t.Parallel()
	l := workflows.NewListing()

	_, err := l.Take(1, pageOf(3, false, 0, 0, 5))

	require.NoError(t, err)
	require.Len(t, l.Rows(), 3)
}

func TestShrunkListingGoesBackAsFarAsRowsMoved(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, after int
		page, next    int
		more          bool
	}{
		"by one":              {1000, 999, 4, 3, true},
		"by a whole page":     {1000, 800, 4, 3, true},
		"by more than a page": {1000, 799, 4, 2, true},
		"by nearly all":       {1000, 1, 4, 1, true},
		"on the last page":    {1000, 999, 5, 4, false},
		"on the first page":   {1000, 900, 1, 2, true},
		"not at all":          {1000, 1000, 4, 5, true},
		"it grew":             {1000, 1001, 4, 5, true},
		"it grew at the end":  {1000, 1001, 5, 0, false},
		"total unknown now":   {1000, -1, 4, 5, true},
		"total unknown then":  {-1, 1000, 4, 5, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := workflows.NewListing()
			_, err := l.Take(1, pageOf(test.before, true, 1))
			require.NoError(t, err)

			next, err := l.Take(test.page, pageOf(test.after, test.more, 2))

			require.NoError(t, err)
			require.Equal(t, test.next, next)
		})
	}
}

// follow reads pages as a run does, up to a bound that no listing may need.
func follow(answer func(page, times int) activities.InvoicePage) error {
	const enough = 5000
	l := workflows.NewListing()
	times := 0
	for page := 1; page > 0; times++ {
		if times == enough {
			return errSurprise
		}
		var err error
		if page, err = l.Take(page, answer(page, times)); err != nil {
			return err
		}
	}
	return nil
}

// Target: a listing that does not end. Injection: pages that repeat, grow, or change their total for ever. Expected: an
// error that says so, after a bounded number of requests.
func TestListingWithoutEndIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(page, times int) activities.InvoicePage{
		"it repeats one page":         func(int, int) activities.InvoicePage { return pageOf(400, true, 1, 2) },
		"it repeats without total":    func(int, int) activities.InvoicePage { return pageOf(-1, true, 1, 2) },
		"it repeats a cycle":          func(page, _ int) activities.InvoicePage { return pageOf(400, true, int64(page%4+1)) },
		"it always has another":       func(page, _ int) activities.InvoicePage { return pageOf(-1, true, int64(page)) },
		"it has rows without id":      func(int, int) activities.InvoicePage { return pageOf(-1, true, 0) },
		"its total swings":            func(_, times int) activities.InvoicePage { return pageOf(400-times%2, true, 1, 2) },
		"its total swings at the end": func(page, times int) activities.InvoicePage { return pageOf(400-times%2, page < 2, 1, 2) },
		"its total swings, new rows":  func(_, times int) activities.InvoicePage { return pageOf(400-times%2, true, int64(times)) },
		"its total falls for ever":    func(_, times int) activities.InvoicePage { return pageOf(1_000_000-times, true, 1, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := follow(answer)

			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			require.Equal(t, workflows.UnreadableList, application.Type())
			require.True(t, application.NonRetryable())
			require.Contains(t, application.Message(), "the listing of invoices")
		})
	}
}

func TestLongListingIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	err := follow(func(page, _ int) activities.InvoicePage { return pageOf(999, page < 999, int64(page)) })
	require.NoError(t, err)
}

func TestUnreadableListEndsTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for range 500 {
		w.invoice(1, "10.00")
	}
	for range 200 * 7 {
		w.invoices = append(w.invoices, w.invoices[0])
	}

	_, err := w.attempt(t, apply())

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, workflows.UnreadableList, application.Type())
	require.Empty(t, w.writes())
}
