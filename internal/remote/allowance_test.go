package remote_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/remote"
)

func TestAllowanceIsNotExceeded(t *testing.T) {
	t.Parallel()
	arrived := 0
	c := client(t, transport(func(*http.Request) (*http.Response, error) {
		if arrived++; arrived == 2 {
			return nil, io.EOF
		}
		return answer(http.StatusOK, strings.NewReader("{}")), nil
	}))
	ctx, allowance := remote.WithAllowance(t.Context(), 2)
	ctx, meter := remote.WithMeter(ctx)

	for range 2 {
		_, _ = c.Do(ctx, remote.Request{Method: http.MethodGet}) // the second gets no answer, and counts
	}
	_, err := c.Do(ctx, remote.Request{Method: http.MethodGet})

	requireA[remote.NotSent](t, err)
	require.ErrorIs(t, err, remote.ErrAllowance)
	require.Equal(t, 2, arrived)
	require.Equal(t, 2, allowance.Sent())
	require.Equal(t, 1, allowance.Answered())
	require.Equal(t, 2, meter.Requests(), "what was not sent is not counted")
	_, err = c.Do(t.Context(), remote.Request{Method: http.MethodGet})
	require.NoError(t, err, "other contexts have no bound")
}
