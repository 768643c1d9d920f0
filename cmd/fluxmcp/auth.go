package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os/user"
	"strings"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/fluxstudio/fluxmcp/tools"
)

// The kinds of authentication.
const (
	authNone = "none"
	authJWT  = "jwt"
)

// authKind is who may call over HTTP at address. It refuses to serve strangers
// without knowing who they are, and to know people without a key.
func authKind(set *settings, address string) (string, error) {
	keys := set.text("JWT_SECRET")+set.text("FLUXMCP_ISSUERS") != ""
	kind := set.text("FLUXMCP_AUTH")
	if kind == "" {
		kind = authNone
		if keys {
			kind = authJWT
		}
	}
	switch kind {
	case authJWT:
		if !keys {
			return "", &badSetting{"FLUXMCP_AUTH", "is jwt, but there is no key to verify tokens with", "Set JWT_SECRET (" + makeSecret + ") or FLUXMCP_ISSUERS."}
		}
	case authNone:
		if !loopback(address) {
			return "", &badSetting{"FLUXMCP_LISTEN", address + " can be reached from other machines, and without authentication anyone could call", "Set JWT_SECRET or FLUXMCP_ISSUERS, or listen on 127.0.0.1."}
		}
	default:
		return "", &badSetting{"FLUXMCP_AUTH", fmt.Sprintf("%q is no kind of authentication", kind), "Write jwt, or none on a loopback address."}
	}
	return kind, checkSecret(set)
}

// makeSecret is how to make a JWT_SECRET.
const makeSecret = "`openssl rand -base64 48` makes one"

// checkSecret refuses a secret that can be guessed, also where nothing uses it.
func checkSecret(set *settings) error {
	secret := set.text("JWT_SECRET")
	switch {
	case secret == "":
		return nil
	case len(secret) < 32:
		return &badSetting{"JWT_SECRET", "is shorter than 32 bytes", "Set 32 random bytes or more: " + makeSecret + "."}
	case strings.Count(secret, secret[:1]) == len(secret), placeholder(secret):
		return &badSetting{"JWT_SECRET", "is a placeholder", "Set 32 random bytes or more: " + makeSecret + "."}
	}
	return nil
}

// placeholder finds what examples have in the place of a secret.
func placeholder(secret string) bool {
	lower := strings.ToLower(secret)
	for _, part := range []string{"change-this", "change-me", "changeme", "change_me", "change-in-production", "your-secret", "your-super-secret", "your_jwt_secret", "replace-with"} {
		if strings.Contains(lower, part) {
			return true
		}
	}
	return false
}

// loopback tells whether only programs of this machine reach an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// checkListen wants HOST:PORT.
func checkListen(name, address string) error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return &badSetting{name, fmt.Sprintf("%q is not HOST:PORT", address), "Write it as 127.0.0.1:8787."}
	}
	return nil
}

// publicURL is how clients write this server, without a path or a slash at the
// end; empty where it is not set.
func publicURL(set *settings) (string, error) {
	text := strings.TrimSuffix(set.text("FLUXMCP_PUBLIC_URL"), "/")
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Path+u.RawQuery+u.Fragment != "" || u.User != nil {
		return "", &badSetting{"FLUXMCP_PUBLIC_URL", fmt.Sprintf("%q is not SCHEME://HOST[:PORT]", text), "Write it as https://mcp.example.com, without a path."}
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host), nil
}

// checkWebAddresses refuses lists of URLs that would never match anything.
func checkWebAddresses(set *settings) error {
	for _, name := range []string{"CORS_ORIGINS", "FLUXMCP_AUTHORIZATION_SERVERS"} {
		for _, item := range set.list(name) {
			u, err := url.Parse(item)
			if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
				return &badSetting{name, fmt.Sprintf("%q is no URL", item), "Write it as https://app.example.com."}
			}
		}
	}
	return nil
}

// issuers reads FLUXMCP_ISSUERS.
func issuers(set *settings) []bearer.Issuer {
	var list []bearer.Issuer
	for _, item := range set.list("FLUXMCP_ISSUERS") {
		issuer := bearer.Issuer{URL: item}
		if at := strings.Index(item, "=http"); at > 0 {
			issuer = bearer.Issuer{URL: item[:at], JWKS: item[at+1:]}
		}
		list = append(list, issuer)
	}
	return list
}

// audiences are the names that this server goes by in tokens: those of the
// setting, and its own URL as clients learn it from the metadata.
func audiences(set *settings, base string) []string {
	list := set.list("FLUXMCP_AUDIENCE")
	if base == "" {
		return list
	}
	list = append(list, base+"/mcp", base)
	if u, err := url.Parse(base); err == nil && loopback(u.Host) {
		port := u.Port()
		for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
			list = append(list, u.Scheme+"://"+host+":"+port+"/mcp", u.Scheme+"://"+host+":"+port)
		}
	}
	return list
}

// admins reads FLUXMCP_ADMINS. A subject alone is one of the only issuer there
// is: where there are several, anyone of them could give it to somebody else.
func admins(set *settings) ([]string, error) {
	sources := []string{}
	if set.text("JWT_SECRET") != "" {
		sources = append(sources, bearer.DefaultIssuer)
	}
	for _, i := range issuers(set) {
		sources = append(sources, i.URL)
	}
	var list []string
	for _, item := range set.list("FLUXMCP_ADMINS") {
		if !strings.Contains(item, "|") {
			if len(sources) != 1 {
				return nil, &badSetting{"FLUXMCP_ADMINS", fmt.Sprintf("%q does not say of which issuer", item), "Write it as issuer|subject; the issuer of HS256 tokens that name none is " + bearer.DefaultIssuer + "."}
			}
			item = sources[0] + "|" + item
		}
		list = append(list, item)
	}
	return list, nil
}

// newVerifier makes the verifier of bearer tokens of a server at base.
func newVerifier(ctx context.Context, set *settings, base string, log *slog.Logger) (*bearer.Verifier, error) {
	return bearer.New(ctx, bearer.Config{
		Audiences: audiences(set, base), Secret: []byte(set.text("JWT_SECRET")), Issuers: issuers(set), Log: log,
	})
}

// sessionKey signs what clients keep for the server; nil: a random one.
func sessionKey(set *settings) ([]byte, error) {
	secret := set.text("FLUXMCP_SESSION_KEY")
	if secret != "" && len(secret) < 32 {
		return nil, &badSetting{"FLUXMCP_SESSION_KEY", "is shorter than 32 bytes", "Set 32 random bytes or more: " + makeSecret + "."}
	}
	if secret == "" {
		secret = set.text("JWT_SECRET")
	}
	if secret == "" {
		return nil, nil
	}
	return hkdf.Key(sha256.New, []byte(secret), nil, "fluxmcp session ids v1", 32)
}

// trustedProxies reads FLUXMCP_TRUSTED_PROXIES.
func trustedProxies(set *settings) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, item := range set.list("FLUXMCP_TRUSTED_PROXIES") {
		if addr, err := netip.ParseAddr(item); err == nil {
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(item)
		if err != nil {
			return nil, &badSetting{"FLUXMCP_TRUSTED_PROXIES", fmt.Sprintf("%q is neither an address nor a network", item), "Write it as 10.0.0.5 or 10.0.0.0/8."}
		}
		list = append(list, p)
	}
	return list, nil
}

// localUser is who asks where nobody has to say: the account of the process.
func localUser() tools.Principal {
	p := tools.Principal{Issuer: tools.LocalIssuer, Subject: "user", Admin: true}
	if account, err := user.Current(); err == nil && account.Username != "" {
		p.Subject = account.Username
	}
	return p
}
