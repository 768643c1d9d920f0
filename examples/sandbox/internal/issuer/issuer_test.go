package issuer_test

import (
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
)

func TestChallengesAreThePublishedOnes(t *testing.T) {
	for verifier, want := range map[string]string{
		"secretpassword": "ldMBaaWcQYtSATMV_IG8mf3wp7A6EW80arYoSW80ntU", // docs.slack.dev/authentication/using-pkce
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", // RFC 7636, appendix B
	} {
		if got := issuer.Challenge(verifier); got != want {
			t.Errorf("challenge of %s: %s, want %s", verifier, got, want)
		}
	}
}

func TestOnlyS256(t *testing.T) {
	const good = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, c := range []struct {
		name, challenge, method string
		bare, want              bool
	}{
		{"S256", good, "S256", false, true},
		{"no PKCE at all", "", "", false, true},
		{"plain", good, "plain", true, false},
		{"no method, where it must be said", good, "", false, false},
		{"no method, where it need not be said", good, "", true, true},
		{"a method without a challenge", "", "S256", true, false},
		{"a challenge that is too short", good[1:], "S256", true, false},
		{"a challenge in hex", "94d30169a59c418b52013315fc81bc99fdf0a7b03a116f346ab628496f349ed5", "S256", true, false},
	} {
		if err := issuer.CheckChallenge(c.challenge, c.method, c.bare); (err == nil) != c.want {
			t.Errorf("%s: %v, want it taken: %v", c.name, err, c.want)
		}
	}
}
