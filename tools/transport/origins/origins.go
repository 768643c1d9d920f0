// Package origins decides which web pages may talk to an HTTP server, and what
// their browsers are told of it. It knows no protocol above HTTP.
package origins

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Allowed decides which web pages may talk to this server: those of its own
// origin, of loopback, and of a list. A request without an Origin is no page's.
type Allowed struct{ allowed []string } // scheme://host[:port], lower case

// New also lets the pages of list in, each written scheme://host[:port].
func New(list []string) Allowed {
	o := Allowed{}
	for _, origin := range list {
		o.allowed = append(o.allowed, strings.ToLower(strings.TrimSuffix(origin, "/")))
	}
	return o
}

// Refusal is why r must get 403, or "".
//
// Source: the security warning of
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
func (o Allowed) Refusal(r *http.Request) string {
	if arrivedOnLoopback(r) && !isLoopback(r.Host) && !o.allowsHost(r.Host) {
		return "this Host is not allowed on a loopback address"
	}
	for _, origin := range r.Header.Values("Origin") {
		if !o.allows(origin, r.Host) {
			return "this Origin is not allowed"
		}
	}
	return ""
}

func (o Allowed) allows(origin, host string) bool {
	if o.listed(origin) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return false // "null" among them
	}
	return strings.EqualFold(u.Host, host) || isLoopback(u.Host)
}

func (o Allowed) listed(origin string) bool {
	return slices.Contains(o.allowed, strings.ToLower(origin))
}

// allowsHost lets a proxy on the same machine pass the public name on.
func (o Allowed) allowsHost(host string) bool {
	return slices.ContainsFunc(o.allowed, func(origin string) bool {
		u, err := url.Parse(origin)
		return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
	})
}

// Share lets a page of a listed origin read the answer. No other is told
// anything, and nobody gets a wildcard.
func (o Allowed) Share(w http.ResponseWriter, r *http.Request) {
	if !slices.Contains(w.Header().Values("Vary"), "Origin") {
		w.Header().Add("Vary", "Origin")
	}
	if origin := r.Header.Get("Origin"); origin != "" && o.listed(origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", exposed)
	}
}

// exposed are the headers of an answer that a page's script may read: what it
// needs to sign in, to keep a session and to wait.
const exposed = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After, X-Request-Id"

// Preflight answers a listed origin's question before its first request, and
// reports whether it did.
func (o Allowed) Preflight(w http.ResponseWriter, r *http.Request, methods string) bool {
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" || !o.listed(r.Header.Get("Origin")) {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

func arrivedOnLoopback(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && isLoopback(addr.String())
}

// isLoopback takes a host with or without a port.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
