package bearer

import (
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"
)

const (
	minSecret     = 32 // bytes; RFC 7518 section 3.2: as long as the hash
	defaultLeeway = 30 * time.Second
	maxLeeway     = 60 * time.Second
)

// BadConfig says that a Config, or what is to be signed, cannot be used. It
// never shows a secret.
type BadConfig struct{ message, hint string }

// Error says what is wrong.
func (e *BadConfig) Error() string { return e.message }

// Code is bad_setting.
func (e *BadConfig) Code() string { return "bad_setting" }

// Hint says what to set.
func (e *BadConfig) Hint() string { return e.hint }

// checked returns c with its defaults, or what is wrong with it.
func (c Config) checked() (Config, error) {
	if c.Leeway == 0 {
		c.Leeway = defaultLeeway
	}
	if c.DefaultIssuer == "" {
		c.DefaultIssuer = DefaultIssuer
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, check := range []func(Config) error{checkAudiences, checkSecret, checkLeeway, checkIssuers, checkDefaultIssuer} {
		if err := check(c); err != nil {
			return Config{}, err
		}
	}
	return c, nil
}

func checkAudiences(c Config) error {
	for _, a := range c.Audiences {
		if a == "" {
			return &BadConfig{"an audience is empty", "Name this server's public URL as the audience."}
		}
	}
	if len(c.Audiences) == 0 {
		return &BadConfig{"no audience is set, so tokens for any other server would count here",
			"Name this server's public URL as the audience."}
	}
	return nil
}

func checkSecret(c Config) error {
	if len(c.Secret) == 0 && len(c.Issuers) == 0 {
		return &BadConfig{"neither a secret nor an issuer is set, so no token could be verified",
			"Set a secret of at least 32 random bytes, or the URL of an issuer."}
	}
	if len(c.Secret) > 0 {
		return checkLength(c.Secret)
	}
	return nil
}

func checkLength(secret []byte) error {
	if len(secret) < minSecret {
		return &BadConfig{"the secret of HS256 tokens is shorter than 32 bytes",
			"Set a secret of at least 32 random bytes, for example with `openssl rand -hex 32`."}
	}
	return nil
}

func checkLeeway(c Config) error {
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		return &BadConfig{"the leeway between clocks is not within 0 to 60 s", "Set a leeway of at most 60s."}
	}
	return nil
}

func checkIssuers(c Config) error {
	seen := map[string]bool{}
	for _, i := range c.Issuers {
		u, ok := webURL(i.URL, true)
		if !ok || u.RawQuery != "" || strings.Contains(i.URL, "|") || strings.Contains(i.URL, "?") {
			return &BadConfig{"an issuer is not an https URL without user, query and fragment",
				"Set the issuer exactly as its tokens have it in iss, such as https://login.example.com."}
		}
		if _, ok := webURL(i.JWKS, true); i.JWKS != "" && !ok {
			return &BadConfig{"an issuer's JWKS is not an https URL without user and fragment",
				"Set the JWKS URL with https, or leave it out to have it discovered."}
		}
		if seen[canonical(i.URL)] {
			return &BadConfig{"an issuer is set twice", "Set each issuer once."}
		}
		seen[canonical(i.URL)] = true
	}
	return nil
}

// checkDefaultIssuer keeps HS256 tokens from passing for those of an issuer.
func checkDefaultIssuer(c Config) error {
	for _, i := range c.Issuers {
		if canonical(i.URL) == canonical(c.DefaultIssuer) {
			return &BadConfig{"the default issuer is also an issuer whose keys are fetched",
				"Set another name as the default issuer of HS256 tokens."}
		}
	}
	if !wellFormedIssuer(c.DefaultIssuer) {
		return &BadConfig{"the default issuer is over 255 bytes or has a control character or |",
			"Set a short plain name as the default issuer."}
	}
	return nil
}

// webURL parses an absolute https URL without user and fragment; or http, where
// that is allowed and the host is this machine.
func webURL(text string, loopbackHTTP bool) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, false
	}
	plain := u.Scheme == "http" && loopbackHTTP && isLoopback(u.Hostname())
	return u, u.Scheme == "https" || plain
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
