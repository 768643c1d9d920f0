package api

import (
	"net/http"
	"net/url"
	"strings"
)

// BotToken sends requests over next (nil: http.DefaultTransport) with a token of
// a setting. It goes to the scheme, host and port of baseURL alone; requests
// elsewhere are sent as they are.
// Source: https://docs.slack.dev/authentication/tokens
func BotToken(token, baseURL string, next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return &bearer{token: token, home: origin(baseURL), next: next}
}

type bearer struct {
	token string
	home  string // empty: nowhere
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.home == "" || originOf(r.URL) != b.home {
		return b.next.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
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
