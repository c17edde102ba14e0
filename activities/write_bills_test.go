package activities_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
)

// billWrites are n payments upon n bills, ids from 8842 on.
func billWrites(t *testing.T, n int) activities.Packed[activities.BillWrite] {
	t.Helper()
	var writes activities.Packed[activities.BillWrite]
	for i := range n {
		ids := []string{strconv.Itoa(8842 + i)}
		writes = append(writes, activities.BillWrite{
			Snapshot: snapshotsOf(t, ids, 10)[0], Order: erp.Order{Key: "pr." + strconv.Itoa(5512+i), Amount: eur(t, "120.00"), Date: "2026-03-14"}, Read: fresh(),
		})
	}
	return writes
}

func kindsOf(outcomes []activities.BillOutcome) (kinds []activities.Kind) {
	for _, outcome := range outcomes {
		kinds = append(kinds, outcome.Kind)
	}
	return kinds
}

func TestPaymentsAreWrittenTogetherUponTheBillsAsTheyWereRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	writes := billWrites(t, 3)
	var sent []erp.Write
	b.erp.write = func(bill erp.Snapshot, order erp.Order) error {
		sent = append(sent, erp.Write{Bill: bill, Order: order})
		return nil
	}

	written, err := perform(b, b.acts.WriteBills, activities.WriteBillsRequest{Company: "acme", Writes: writes})

	require.NoError(t, err)
	require.Equal(t, activities.BillsWritten{Outcomes: make([]activities.BillOutcome, 3), Requests: 1, Cost: 100}, written)
	for i, w := range writes {
		require.Equal(t, erp.Write{Bill: w.Snapshot, Order: w.Order}, sent[i])
	}
}

// What becomes of each write is its own outcome, also where a single write would end the run.
func TestEachOfSeveralWritesHasItsOutcome(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	says := map[string]error{
		"8843": erp.Refused{Text: "closed period", Code: "1016"},
		"8844": erp.OutcomeUnknown{Cause: errors.New("not answered")},
		"8845": erp.NotSent{Cause: errors.New("being edited")},
		"8846": erp.Throttled{Limiter: "hour", Until: start.Add(time.Minute), After: time.Minute},
		"8847": erp.Unauthorized{Text: "session"},
		"8848": erp.NotFound{What: "bill"},
		"8849": erp.Stale{What: "bill"},
		"8850": erp.Unavailable{Cause: errors.New("odd")},
	}
	b.erp.write = func(bill erp.Snapshot, _ erp.Order) error { return says[bill.Bill.ID] }

	written, err := perform(b, b.acts.WriteBills, activities.WriteBillsRequest{Company: "acme", Writes: billWrites(t, 10)})

	require.NoError(t, err)
	require.Equal(t, []activities.Kind{
		"", activities.Refused, activities.Unknown, activities.NotSent, activities.NotSent, activities.Unauthorized, activities.Refused,
		activities.StaleRead, activities.Unknown, "",
	}, kindsOf(written.Outcomes))
	require.Equal(t, activities.BillOutcome{
		Kind:    activities.NotSent,
		Failure: activities.Failure{Side: activities.SideERP, Text: "ERP: throttled by hour until 2026-03-14T09:01:00Z", Wait: time.Minute + 2*time.Second, Limiter: "hour"},
	}, written.Outcomes[4], "requests are counted for all of them together")
	require.Equal(t, "ERP: unauthorized: session", written.Outcomes[5].Failure.Text)
	require.Equal(t, 1, written.Requests)
	require.Equal(t, 100, written.Cost)
}

// Target: one write of several that rests on what may no longer be so. Expected: it is not sent, the others are.
func TestStaleWriteOfSeveralIsNotSentAndTheOthersAre(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	writes := billWrites(t, 3)
	writes[1].Read.At = start.Add(-time.Hour)
	var sent []string
	b.erp.write = func(bill erp.Snapshot, _ erp.Order) error {
		sent = append(sent, bill.Bill.ID)
		if bill.Bill.ID == "8844" {
			return erp.Refused{Text: "closed period", Code: "1016"}
		}
		return nil
	}

	written, err := perform(b, b.acts.WriteBills, activities.WriteBillsRequest{Company: "acme", Writes: writes})

	require.NoError(t, err)
	require.Equal(t, []string{"8842", "8844"}, sent)
	require.Equal(t, []activities.Kind{"", activities.StaleRead, activities.Refused}, kindsOf(written.Outcomes))
	require.Equal(t, activities.Failure{Side: activities.SideERP, Text: "not sent: the read is older than 15m0s"}, written.Outcomes[1].Failure)
}

func TestWritesThatAreAllStaleSendNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	writes := billWrites(t, 2)
	writes[0].Read, writes[1].Read = activities.Read{}, activities.Read{At: start, RunID: "another"}

	written, err := perform(b, b.acts.WriteBills, activities.WriteBillsRequest{Company: "acme", Writes: writes})

	require.NoError(t, err)
	require.Equal(t, []activities.Kind{activities.StaleRead, activities.StaleRead}, kindsOf(written.Outcomes))
	require.Equal(t, 10*time.Minute, written.Outcomes[0].Failure.Wait)
	require.Zero(t, written.Requests)
	require.Zero(t, b.erp.writes)
	require.Empty(t, b.waits, "what sends nothing has no slot to keep")
}

func TestOutcomesThatAreNotOneEachAreUnknownForAll(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 3} {
		b := newBench(t)
		b.erp.write = func(erp.Snapshot, erp.Order) error { return nil }
		b.erp.outcomes = func([]error) []error { return make([]error, n) }

		written, err := perform(b, b.acts.WriteBills, activities.WriteBillsRequest{Company: "acme", Writes: billWrites(t, 2)})

		require.NoError(t, err)
		require.Equal(t, []activities.Kind{activities.Unknown, activities.Unknown}, kindsOf(written.Outcomes))
		require.Equal(t, "ERP: "+strconv.Itoa(n)+" outcomes for 2 writes", written.Outcomes[0].Failure.Text)
		require.Equal(t, 1, written.Requests)
	}
}

func TestOneWriteWithoutAnOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.erp.write = func(erp.Snapshot, erp.Order) error { return nil }
	b.erp.outcomes = func([]error) []error { return nil }

	_, err := perform(b, b.acts.WriteBill, writeRequest(t))

	_, kind, _ := failed(t, err)
	require.Equal(t, activities.Unknown, kind)
}

func TestSlotOfSeveralWritesIsThatOfTheRequestsSent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.erp.requests = 2
	b.erp.write = func(erp.Snapshot, erp.Order) error { return nil }

	written, err := perform(b, b.acts.WriteBills, activities.WriteBillsRequest{Company: "acme", Writes: billWrites(t, 5)})

	require.NoError(t, err)
	require.Equal(t, 2, written.Requests)
	require.Equal(t, []time.Duration{2 * interval}, b.waits)
}
