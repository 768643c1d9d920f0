package bearer_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
)

func bad(t *testing.T, err error) bool {
	t.Helper()
	var e *bearer.BadConfig
	if !errors.As(err, &e) {
		return false
	}
	if e.Code() != "bad_setting" || !strings.HasSuffix(e.Hint(), ".") || strings.Contains(e.Error()+e.Hint(), secret[:8]) {
		t.Errorf("got code %q, message %q, hint %q, want bad_setting, a sentence and no secret", e.Code(), e.Error(), e.Hint())
	}
	return true
}

func TestConfigsThatAreRefused(t *testing.T) {
	issuers := func(all ...bearer.Issuer) func(*bearer.Config) {
		return func(c *bearer.Config) { c.Issuers = all }
	}
	tests := []struct {
		name   string
		change func(*bearer.Config)
	}{
		{"no audience", func(c *bearer.Config) { c.Audiences = nil }},
		{"an empty audience", func(c *bearer.Config) { c.Audiences = []string{audience, ""} }},
		{"a secret of 31 bytes", func(c *bearer.Config) { c.Secret = []byte(secret[:31]) }},
		{"neither secret nor issuer", func(c *bearer.Config) { c.Secret, c.Issuers = nil, nil }},
		{"a leeway over a minute", func(c *bearer.Config) { c.Leeway = time.Minute + 1 }},
		{"a leeway below zero", func(c *bearer.Config) { c.Leeway = -1 }},
		{"an issuer over http", issuers(bearer.Issuer{URL: "http://login.example.com"})},
		{"an issuer without a host", issuers(bearer.Issuer{URL: "https:///tenant"})},
		{"an issuer that is a name", issuers(bearer.Issuer{URL: "fluxstudio"})},
		{"an issuer with a query", issuers(bearer.Issuer{URL: issuer + "?a=b"})},
		{"an issuer with a user", issuers(bearer.Issuer{URL: "https://u:p@login.example.com"})},
		{"an issuer with a bar", issuers(bearer.Issuer{URL: issuer + "|x"})},
		{"an issuer twice", issuers(bearer.Issuer{URL: issuer}, bearer.Issuer{URL: issuer + "/"})},
		{"keys over http", issuers(bearer.Issuer{URL: issuer, JWKS: "http://login.example.com/k"})},
		{"keys in a file", issuers(bearer.Issuer{URL: issuer, JWKS: "file:///etc/keys"})},
		{"a default issuer that is an issuer", func(c *bearer.Config) { c.DefaultIssuer = issuer + "/" }},
		{"a default issuer with a bar", func(c *bearer.Config) { c.DefaultIssuer = "flux|studio" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := config(newSite(allKeys()))
			tt.change(&c)
			v, err := bearer.New(t.Context(), c)
			if !bad(t, err) {
				t.Errorf("got %v, want a *BadConfig", err)
			}
			if v != nil {
				v.Close()
			}
		})
	}
}

func TestSignAndVerify(t *testing.T) {
	r := newRig(t, newSite(allKeys()))
	now := time.Now()
	full := bearer.Claims{
		Issuer: "https://dev.example.com", Subject: "u-1", Email: "ada@example.com", ClientID: "cli", ID: "j-1",
		Roles: []string{"team lead", "admin"}, Scopes: []string{"read", "write"}, Scoped: true,
		Expires: time.Unix(now.Unix()+60, 0),
	}
	token := must(bearer.Sign([]byte(secret), full, []string{audience, "other"}, now))
	if got, err := r.verify(t, token); err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("got  %+v %v\nwant %+v", got, err, full)
	}
	token = must(bearer.Sign([]byte(secret), bearer.Claims{Subject: "u-1", Scopes: []string{"unused"}}, []string{audience}, now))
	got, err := r.verify(t, token)
	if err != nil || got.ID == "" || got.Scoped || got.Issuer != bearer.DefaultIssuer || got.Expires.Unix() != now.Unix()+900 {
		t.Errorf("got %+v %v, want a random ID, no scopes, the default issuer and 15 minutes", got, err)
	}
}

func TestSignRefuses(t *testing.T) {
	now := time.Now()
	good, aud := bearer.Claims{Subject: "u-1"}, []string{audience}
	tests := []struct {
		name   string
		secret string
		claims bearer.Claims
		aud    []string
	}{
		{"a secret of 31 bytes", secret[:31], good, aud},
		{"no secret", "", good, aud},
		{"no audience", secret, good, nil},
		{"no subject", secret, bearer.Claims{}, aud},
		{"a subject with a line break", secret, bearer.Claims{Subject: "u\n"}, aud},
		{"an issuer with a bar", secret, bearer.Claims{Subject: "u", Issuer: "a|b"}, aud},
		{"an empty role", secret, bearer.Claims{Subject: "u", Roles: []string{""}}, aud},
		{"a scope that is two", secret, bearer.Claims{Subject: "u", Scopes: []string{"read write"}, Scoped: true}, aud},
		{"an expiry that is past", secret, bearer.Claims{Subject: "u", Expires: now}, aud},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if token, err := bearer.Sign([]byte(tt.secret), tt.claims, tt.aud, now); !bad(t, err) || token != "" {
				t.Errorf("got %q %v, want a *BadConfig", token, err)
			}
		})
	}
}
