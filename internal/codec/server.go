package codec

import (
	"net/http"
	"slices"

	"go.temporal.io/sdk/converter"
)

// maxBody bounds a request to the codec server: several times the largest message that Temporal takes, 4 MiB, in base64.
const maxBody = 16 << 20

// Handler is a codec server by Temporal's protocol: POST /decode and POST /encode, for the Web UI and the temporal CLI. It
// decrypts for whoever reaches it, so it must listen on loopback only; of web pages it answers those of these origins.
func (c *Codec) Handler(origins []string) http.Handler {
	protocol := converter.NewPayloadCodecHTTPHandler(c)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" { // every browser sends it along with a POST
			if !slices.Contains(origins, origin) {
				http.Error(w, "this origin may not use the codec server; payrecon codec-server --ui names those that may", http.StatusForbidden)
				return
			}
			w.Header().Set("Access-Control-Allow-Origin", origin)
		}
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type, X-Namespace")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		protocol.ServeHTTP(w, r)
	})
}
