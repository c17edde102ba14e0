package codec_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
)

const webUI = "http://127.0.0.1:8233"

// answer is what the codec server says to a request with these headers.
func answer(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8081"+path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	with(t, newKey, oldKey).Handler([]string{"http://localhost:8233", webUI}).ServeHTTP(recorder, request)
	return recorder
}

// asJSON is what the Web UI sends for one payload.
func asJSON(t *testing.T, p *common.Payload) string {
	t.Helper()
	body, err := protojson.Marshal(&common.Payloads{Payloads: []*common.Payload{p}})
	require.NoError(t, err)
	return string(body)
}

func TestCodecServerSpeaksTheProtocolOfTemporal(t *testing.T) {
	t.Parallel()
	c := with(t, newKey, oldKey)
	server := httptest.NewServer(c.Handler(nil))
	defer server.Close()
	remote := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{Endpoint: server.URL})
	before := encode(t, with(t, oldKey), payload("before"))

	decoded, err := remote.Decode([]*common.Payload{before, payload("plain")})
	require.NoError(t, err)
	requireSame(t, payload("before"), decoded[0])
	requireSame(t, payload("plain"), decoded[1])

	encoded, err := remote.Encode([]*common.Payload{payload("typed into the Web UI")})
	require.NoError(t, err)
	decoded, err = c.Decode(encoded)
	require.NoError(t, err)
	requireSame(t, payload("typed into the Web UI"), decoded[0])
}

func TestWebUIMayAskFromItsOrigin(t *testing.T) {
	t.Parallel()
	preflight := answer(t, "OPTIONS", "/decode", "", "Origin", webUI, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,x-namespace")
	require.Equal(t, http.StatusNoContent, preflight.Code)
	require.Equal(t, webUI, preflight.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "POST", preflight.Header().Get("Access-Control-Allow-Methods"))
	require.Equal(t, "Content-Type, X-Namespace", preflight.Header().Get("Access-Control-Allow-Headers"))
	require.Equal(t, "Origin", preflight.Header().Get("Vary"))

	body := asJSON(t, encode(t, with(t, newKey), payload("7351.42")))
	asked := answer(t, "POST", "/decode?preserveStorageRefs=true", body, "Origin", webUI, "Content-Type", "application/json", "X-Namespace", "default")
	require.Equal(t, http.StatusOK, asked.Code)
	require.Equal(t, webUI, asked.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, asked.Body.String(), "NzM1MS40Mg==")
}

// Target: the codec server. Injection: a web page of somebody else's asks, also one that is not served from anywhere.
// Expected: nothing is decrypted, and the browser is not told that the page may read the answer.
func TestNoOtherWebPageMayAsk(t *testing.T) {
	t.Parallel()
	body := asJSON(t, encode(t, with(t, newKey), payload("7351.42")))
	for _, origin := range []string{"https://evil.example", "null", "http://127.0.0.1:8081", "http://127.0.0.1:82330", "https://127.0.0.1:8233"} {
		for _, method := range []string{"POST", "OPTIONS"} {
			refused := answer(t, method, "/decode", body, "Origin", origin)

			require.Equal(t, http.StatusForbidden, refused.Code, origin)
			require.Empty(t, refused.Header().Get("Access-Control-Allow-Origin"))
			require.Contains(t, refused.Body.String(), "--ui")
		}
	}
}

func TestWhatTheCodecServerCannotReadIsRefused(t *testing.T) {
	t.Parallel()
	other := encode(t, with(t, "0th-0th-0th-0th-0th-0th-0th-0th-"), payload("7351.42"))
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		text               string
	}{
		"another key":  {"POST", "/decode", asJSON(t, other), 400, "which is not among the encryption_keys"},
		"no JSON":      {"POST", "/decode", "7351.42", 400, ""},
		"too much":     {"POST", "/decode", `{"payloads":[{"data":"` + strings.Repeat("A", 16<<20) + `"}]}`, 400, "too large"},
		"another path": {"POST", "/keys", "{}", 404, ""},
		"no POST":      {"GET", "/decode", "", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := answer(t, test.method, test.path, test.body)
			require.Equal(t, test.status, refused.Code)
			require.Contains(t, refused.Body.String(), test.text)
		})
	}
}
