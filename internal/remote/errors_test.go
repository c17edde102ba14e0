package remote_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/remote"
)

func TestErrorsSayWhatIsKnown(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 3, 14, 12, 0, 0, 0, time.FixedZone("Tallinn", 2*60*60))
	for want, err := range map[string]error{
		"unauthorized: bad token":                                  remote.Unauthorized{Text: "bad token"},
		"forbidden: no right":                                      remote.Forbidden{Text: "no right"},
		"invoice 7 not found":                                      remote.NotFound{What: "invoice 7"},
		"refused (422): too much":                                  remote.Refused{Text: "too much", Code: "422"},
		"refused (422): sum: too much":                             remote.Refused{Field: "sum", Text: "too much", Code: "422"},
		"throttled":                                                remote.Throttled{},
		"throttled by per_day until 2026-03-14T10:00:00Z":          remote.Throttled{Limiter: "per_day", Until: until},
		"unavailable: unexpected EOF":                              remote.Unavailable{Cause: io.ErrUnexpectedEOF},
		"not sent: unexpected EOF":                                 remote.NotSent{Cause: io.ErrUnexpectedEOF},
		"outcome unknown: unexpected EOF":                          remote.OutcomeUnknown{Cause: io.ErrUnexpectedEOF},
		"payment 5 of document 8842 has changed since it was read": remote.Stale{What: "payment 5 of document 8842"},
	} {
		require.EqualError(t, err, want)
	}
}

func TestAsFindsAnErrorBelowOthers(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("reading invoice 7: %w", remote.Unavailable{Cause: io.ErrUnexpectedEOF})
	found, ok := remote.As[remote.Unavailable](err)
	require.True(t, ok)
	require.Equal(t, io.ErrUnexpectedEOF, found.Cause)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, ok = remote.As[remote.NotSent](err)
	require.False(t, ok)
	_, ok = remote.As[remote.NotSent](errors.New("another"))
	require.False(t, ok)
}
