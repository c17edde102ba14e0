package reconcile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
)

func TestKeyIsMadeOfTheOtherSidesIDAlone(t *testing.T) {
	t.Parallel()
	require.Equal(t, "pr.5512", reconcile.KeyInERP("5512"))
	require.Equal(t, "er.91", reconcile.KeyInPrecoro("91"))
	require.Equal(t, "er.8842.paid", reconcile.KeyInPrecoro("8842"+reconcile.DerivedSuffix))
}

func TestValidKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"pr.5512", "er.8842.paid", "er.account-move-9", "er.aZ09", strings.Repeat("x", 128)} {
		require.True(t, reconcile.ValidKey(key), key)
	}
	for _, key := range []string{"", "er.a b", "er.a/b", "er.a_b", "er.õ", "er.a,b", "er.1\n", "er.1\x00", "er.\xff", strings.Repeat("x", 129)} {
		require.False(t, reconcile.ValidKey(key), "%q", key)
	}
}
