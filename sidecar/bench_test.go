package sidecar

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
)

// BenchmarkDoor is what stands before a message of MCP: with a token and
// without, around a handler that does nothing. The difference is what a token
// costs each call; a whole call is BenchmarkHTTPCall of cmd/fluxmcp.
func BenchmarkDoor(b *testing.B) {
	secret := []byte("a secret of this benchmark, 32 bytes.")
	now := time.Now()
	token, err := bearer.Sign(secret, bearer.Claims{Subject: "alice", Expires: now.Add(time.Hour)}, []string{"fluxmcp"}, now)
	if err != nil {
		b.Fatal(err)
	}
	v, err := bearer.New(b.Context(), bearer.Config{Secret: secret, Audiences: []string{"fluxmcp"}})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	nothing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for name, o := range map[string]Options{"none": {MCP: nothing}, "HS256": {MCP: nothing, Verifier: v}} {
		b.Run(name, func(b *testing.B) {
			h := New(o).Handler()
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
				r.Header.Set("Authorization", "Bearer "+token)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusNoContent {
					b.Fatalf("got %d %s", w.Code, w.Body)
				}
			}
		})
	}
}
