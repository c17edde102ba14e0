package config_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/config"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := config.Secret("hunter2")
	inside := config.Precoro{Token: secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T %[1]v"} {
		for _, value := range []any{secret, &inside, inside, []config.Secret{secret}, map[string]config.Secret{"a": secret}} {
			printed := fmt.Sprintf(verb, value)
			require.NotContains(t, printed, "hunter2", verb)
			require.NotContains(t, printed, "68756e74657232", verb)
		}
	}
	require.Equal(t, "[secret]", secret.String())
	require.Equal(t, "[secret]", secret.GoString())
	encoded, err := json.Marshal([]any{secret, inside, &secret})
	require.NoError(t, err)
	require.NotContains(t, string(encoded), "hunter2")
	require.Equal(t, "hunter2", secret.Reveal())
}
