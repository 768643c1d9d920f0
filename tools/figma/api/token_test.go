package api_test

import (
	"net/http"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

func TestThePersonalTokenStaysAtHome(t *testing.T) {
	for _, c := range []struct {
		name, home, asked string
		want              bool
	}{
		{"the API", "https://api.figma.com", "https://api.figma.com/v1/me", true},
		{"the API in other letters", "https://api.figma.com", "https://API.figma.com/v1/me", true},
		{"the API with its port", "https://api.figma.com/", "https://api.figma.com:443/v1/me", true},
		{"a path of it", "http://127.0.0.1:8788/figma", "http://127.0.0.1:8788/figma/v1/me", true},
		{"another host", "https://api.figma.com", "https://figma.com/v1/me", false},
		{"a host that begins alike", "https://api.figma.com", "https://api.figma.com.evil.invalid/", false},
		{"a user that looks like it", "https://api.figma.com", "https://api.figma.com@evil.invalid/", false},
		{"another port", "http://127.0.0.1:8788", "http://127.0.0.1:8789/", false},
		{"without encryption", "https://api.figma.com", "http://api.figma.com/v1/me", false},
		{"a home that is none", "", "https://api.figma.com/v1/me", false},
	} {
		var sent string
		rt := api.PersonalToken("figd_1", c.home, roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = r.Header.Get("X-Figma-Token")
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		}))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.asked, nil)
		if err != nil {
			t.Fatalf("make request: %v", err)
		}
		if _, err := rt.RoundTrip(r); err != nil {
			t.Fatalf("got %v", err)
		}
		if (sent == "figd_1") != c.want || !c.want && sent != "" {
			t.Errorf("%s: got token %q, want it: %v", c.name, sent, c.want)
		}
		if r.Header.Get("X-Figma-Token") != "" {
			t.Errorf("%s: the caller's request was changed", c.name)
		}
	}
}
