package api

import (
	"net/http"
	"net/url"
	"strings"
)

// PersonalToken sends requests over next (nil: http.DefaultTransport) with a
// personal access token or a plan access token. It goes to the scheme, host and
// port of baseURL alone; requests elsewhere are sent as they are.
// Source: https://developers.figma.com/docs/rest-api/authentication/
func PersonalToken(token, baseURL string, next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return &personal{token: token, home: origin(baseURL), next: next}
}

type personal struct {
	token string
	home  string // empty: nowhere
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (p *personal) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.home == "" || originOf(r.URL) != p.home {
		return p.next.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.Header.Set("X-Figma-Token", p.token)
	return p.next.RoundTrip(r)
}

// origin is that of an address, or empty where it has none.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return originOf(u)
}

// originOf is the scheme, host and port of u.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port)
}
