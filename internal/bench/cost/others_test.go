//go:build unix

package cost_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/bench/cost"
	"payrecon/internal/sandbox"
)

// A world of 100 invoices, 6 of which lack a payment: 3 in the ERP, 3 in Precoro.
func hundred(s *sandbox.Sandbox) { sandbox.Scale(7, 100, 6)(s) }

func pagesOfTen(s sandbox.State, statuses ...int) int {
	rows := 0
	for _, i := range s.Invoices {
		for _, status := range statuses {
			if i.Status == status {
				rows++
			}
		}
	}
	return (rows + 9) / 10
}

func TestTheRecipeSendsWhatItSays(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Options{})
	hundred(s)
	pages := pagesOfTen(s.State(), 2, 4) + pagesOfTen(s.State(), 5)

	sent, err := cost.Other(t.Context(), cost.Recipe, hundred, time.Time{})

	require.NoError(t, err)
	require.Equal(t, pages+100+3, sent, "pages of ten, a GET an invoice, a POST a payment")
}

func TestTheConnectorSendsWhatItSays(t *testing.T) {
	t.Parallel()
	sent, err := cost.Other(t.Context(), cost.Connector, hundred, time.Time{})

	require.NoError(t, err)
	require.Equal(t, 1+100+3*3+2*3, sent, "a page, a GET an invoice, three requests for each payment created, two for each one copied")
}

func TestBothWaysLookAtChangesOnly(t *testing.T) {
	t.Parallel()
	paid := func(s *sandbox.Sandbox) {
		sandbox.Scale(7, 100, 0)(s)
		sandbox.Pay(7, 4)(s)
	}
	since := time.Now().Add(-time.Hour)

	sent, err := cost.Other(t.Context(), cost.Recipe, paid, since)
	require.NoError(t, err)
	require.Equal(t, 2+4+2, sent, "two lists, a GET an invoice, a POST a payment")

	sent, err = cost.Other(t.Context(), cost.Connector, paid, since)
	require.NoError(t, err)
	require.Equal(t, 1+4+3*2+2*2, sent)
}
