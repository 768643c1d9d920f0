package bearer_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
)

// BenchmarkVerify takes for uncached a token past its expiry but within the
// leeway, which is accepted and not kept.
func BenchmarkVerify(b *testing.B) {
	r := newRig(b, newSite(allKeys()), func(c *bearer.Config) { c.Leeway = time.Minute })
	tests := []struct {
		method jwt.SigningMethod
		key    any
		kid    string
		iss    any
	}{
		{jwt.SigningMethodHS256, []byte(secret), "", nil},
		{jwt.SigningMethodRS256, testKeys()["rsa"], "rsa", issuer},
		{jwt.SigningMethodES256, testKeys()["p256"], "p256", issuer},
		{jwt.SigningMethodEdDSA, testKeys()["ed"], "ed", issuer},
	}
	for _, tt := range tests {
		for name, left := range map[string]int64{"cached": 600, "uncached": -1} {
			b.Run(tt.method.Alg()+"/"+name, func(b *testing.B) {
				exp := time.Now().Unix() + left
				token := mint(tt.method, tt.key, tt.kid, claims(with{"iss": tt.iss, "exp": exp}))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := r.Verify(b.Context(), token); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
