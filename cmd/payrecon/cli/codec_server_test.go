package cli_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"payrecon/cmd/payrecon/cli"
	"payrecon/internal/codec"
	"payrecon/internal/config"
)

const (
	newKey = "n3w-n3w-n3w-n3w-n3w-n3w-n3w-n3w-" // 32 bytes
	oldKey = "0ld-0ld-0ld-0ld-0ld-0ld-0ld-0ld-"
)

// encrypted is a configuration with keys, as a machine has it that only starts runs.
func encrypted(keys ...string) string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = `"` + base64.StdEncoding.EncodeToString([]byte(key)) + `"`
	}
	return "encryption_keys = [" + strings.Join(list, ", ") + "]\n" + names
}

func TestEveryCommandThatAsksTemporalHasTheKeys(t *testing.T) {
	t.Parallel()
	path := configuration(t, encrypted(newKey, oldKey))
	for _, args := range [][]string{{"run"}, {"plan"}, {"run", "--attach", "x"}, {"run", "--task-queue", "q"}} {
		var stdout, stderr buffer
		var given []config.Secret
		p := program(nil, &stdout, &stderr)
		p.Dial = func(_ context.Context, keys []config.Secret) (cli.Temporal, error) {
			given = keys
			return &temporal{result: agreed()}, nil
		}

		require.Zero(t, p.Run(t.Context(), append(args, "--config", path)), stderr.String())
		require.Equal(t, []config.Secret{newKey, oldKey}, given, args)

		require.Zero(t, p.Run(t.Context(), append(args, "--config", configuration(t, names))))
		require.Nil(t, given, args)
	}
}

func TestWithoutTheKeysThatAreConfiguredNothingIsAsked(t *testing.T) {
	t.Parallel()
	path := configuration(t, "encryption_keys = [\"${file:none}\"]\n"+names)
	for _, args := range [][]string{{"run"}, {"plan"}, {"run", "--attach", "x"}, {"codec-server"}} {
		s := &temporal{}
		got := payrecon(t, s, append(args, "--config", path)...)
		require.Equal(t, 1, got.code)
		require.Contains(t, got.stderr, "encryption_keys: file ")
		require.Empty(t, s.waited)
	}
}

func TestCodecServerDecryptsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	keys := []config.Secret{oldKey}
	old, err := codec.New(keys)
	require.NoError(t, err)
	plain := &common.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte("7351.42")}
	stored, err := old.Encode([]*common.Payload{plain})
	require.NoError(t, err)
	path := configuration(t, encrypted(newKey, oldKey))
	var stdout, stderr buffer
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int)
	p := program(nil, &stdout, &stderr)
	go func() {
		done <- p.Run(ctx, []string{"codec-server", "--listen", "127.0.0.1:0", "--config", path, "--ui", "http://Localhost:8233/"})
	}()
	require.Eventually(t, func() bool { return strings.Contains(stderr.String(), "Ctrl-C") }, testTimeout, pollEvery)
	require.Regexp(t, `^Codec server: http://127\.0\.0\.1:\d+\nFor:          http://localhost:8233\nKeys:         da9a5bd2770f7a57 dfafef40685f9054 \(the first encrypts\)\n`, stderr.String())
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(stderr.String())

	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	remote := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{
		Endpoint: address, Client: http.Client{Transport: transport, Timeout: testTimeout},
		ModifyRequest: func(r *http.Request) error {
			r.Header.Set("Origin", "http://localhost:8233")
			return nil
		},
	})
	decoded, err := remote.Decode(stored)
	require.NoError(t, err)
	require.Equal(t, "7351.42", string(decoded[0].GetData()))

	stop()
	require.Zero(t, <-done, stderr.String())
	require.Empty(t, stdout.String())
}

func TestCodecServerWithoutKeysSaysSo(t *testing.T) {
	t.Parallel()
	path := configuration(t, names)
	got := payrecon(t, nil, "codec-server", "--listen", "127.0.0.1:0", "--config", path)
	require.Equal(t, console{code: 1, stderr: "payrecon: " + path + " has no encryption_keys: there is nothing to decrypt\n"}, got)
}
