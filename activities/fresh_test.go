package activities_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/activities"
	"payrecon/erp"
)

// Target: a write that rests on what may no longer be so. Injection: another run's read, an old read, a task that lay in
// the queue. Expected: StaleRead, and nothing sent to either side.
func TestStaleWriteIsNotSent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		read       activities.Read
		self       activities.Self
		waited     time.Duration // in the queue
		text       string
		sentAnyway bool
		settle     time.Duration // before what another run has begun is known
	}{
		"read by another run":        {activities.Read{At: start, RunID: "before-the-reset"}, activities.Self{RunID: runID}, 0, "not sent: the read was made by another run", false, 10 * time.Minute},
		"reset, and read again":      {activities.Read{At: start, RunID: runID}, activities.Self{RunID: "before-the-reset"}, 0, "not sent: the run was reset", false, 10 * time.Minute},
		"read before it has settled": {activities.Read{At: start, RunID: runID}, activities.Self{RunID: runID, Since: start.Add(time.Millisecond)}, 0, "not sent: the read was made before what the run had begun has settled", false, 0},
		"read when it had settled":   {activities.Read{At: start, RunID: runID}, activities.Self{RunID: runID, Since: start}, 0, "", true, 0},
		"asked by an older build":    {activities.Read{At: start, RunID: runID}, activities.Self{}, 0, "", true, 0},
		"read by nobody":             {activities.Read{}, activities.Self{RunID: runID}, 0, "not sent: the read was made by another run", false, 10 * time.Minute},
		"read a little too long ago": {activities.Read{At: start.Add(-15*time.Minute - time.Second), RunID: runID}, activities.Self{RunID: runID}, 0, "not sent: the read is older than 15m0s", false, 0},
		"held up":                    {activities.Read{At: start, RunID: runID}, activities.Self{RunID: runID}, 21 * time.Second, "not sent: the write was held up for more than 20s", false, 0},
		"read just in time":          {activities.Read{At: start.Add(-15 * time.Minute), RunID: runID}, activities.Self{RunID: runID}, 0, "", true, 0},
		"held up for a moment":       {activities.Read{At: start, RunID: runID}, activities.Self{RunID: runID}, 20 * time.Second, "", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.info.StartedTime = start.Add(test.waited)
			b.info.ScheduledTime = start
			if test.waited == 0 {
				b.info.ScheduledTime = b.info.StartedTime
			}
			b.precoro = always(http.StatusOK, `{"id":5512,"idn":77,"sumPaid":"120.00"}`)
			b.erp.write = func(erp.Snapshot, erp.Order) error { return nil }
			post, write := postRequest(t), writeRequest(t)
			post.Read, write.Read = test.read, test.read
			post.Self, write.Self = test.self, test.self

			_, postErr := perform(b, b.acts.PostPayment, post)
			_, writeErr := perform(b, b.acts.WriteBill, write)

			if test.sentAnyway {
				require.NoError(t, postErr)
				require.NoError(t, writeErr)
				return
			}
			for side, err := range map[string]error{activities.SidePrecoro: postErr, activities.SideERP: writeErr} {
				application, kind, failure := failed(t, err)
				require.Equal(t, activities.StaleRead, kind)
				require.True(t, application.NonRetryable())
				want := activities.Failure{Side: side, Text: test.text, Wait: test.settle}
				if test.self.RunID != runID {
					want.RunID = runID // so that the workflow knows
				}
				require.Equal(t, want, failure)
			}
			require.Empty(t, b.sent)
			require.Zero(t, b.erp.writes)
			require.Empty(t, b.waits, "what sends nothing has no slot to keep")
		})
	}
}
