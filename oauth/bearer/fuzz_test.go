package bearer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// FuzzVerify signs whatever header and payload come, with the secret or a key of
// the issuer, so that the checks behind the signature are reached too.
func FuzzVerify(f *testing.F) {
	good := string(must(json.Marshal(claims())))
	f.Add(`{"alg":"ES256","kid":"p256"}`, good, "", true)
	f.Add(`{"alg":"HS256"}`, `{"id":1,"aud":"`+audience+`","exp":1e11,"roles":"a b"}`, "", false)
	f.Add(`{"alg":"none"}`, good, "AA", false)
	f.Add(`{"alg":"HS256","kid":"p256"}`, good, "", false)
	r := newRig(f, newSite(allKeys()))
	f.Fuzz(func(t *testing.T, header, payload, signature string, byIssuer bool) {
		token := b64(header) + "." + b64(payload) + "." + signature
		switch {
		case signature != "":
		case byIssuer:
			token = seal(jwt.SigningMethodES256, testKeys()["p256"], header, payload)
		default:
			token = seal(jwt.SigningMethodHS256, []byte(secret), header, payload)
		}
		c, err := r.Verify(t.Context(), token)
		if err != nil {
			if reason(t, err) == "" || c.Subject != "" {
				t.Errorf("got %+v %v, want a reason and no claims", c, err)
			}
			return
		}
		// Accepted: so it is good JSON, of who the signer may speak for, and its
		// signature is not one that was made up.
		named := strings.TrimSuffix(c.Issuer, "/") == issuer
		if signature != "" || named != byIssuer || c.Subject == "" || c.Expires.IsZero() ||
			!json.Valid([]byte(header)) || !json.Valid([]byte(payload)) {
			t.Errorf("got %+v for %q %q %q, want it refused", c, header, payload, signature)
		}
	})
}
