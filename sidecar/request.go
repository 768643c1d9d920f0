package sidecar

import (
	"crypto/rand"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

// requestIDHeader is what proxies call it.
const requestIDHeader = "X-Request-Id"

// identified gives each request an id and an address, and each answer the
// headers that no answer should lack.
func (s *Server) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !plainID(id) {
			id = rand.Text()[:16]
		}
		h := w.Header()
		h.Set(requestIDHeader, id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-site")
		h.Set("Cache-Control", "no-store")
		if strings.HasPrefix(s.PublicURL, "https://") {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		ctx := tools.WithRequest(r.Context(), tools.Request{ID: id, Address: s.address(r).String()})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// plainID takes what proxies send, and nothing that could break a line of a log.
func plainID(id string) bool {
	return id != "" && len(id) <= 64 && strings.IndexFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.'
	}) < 0
}

// address is the client's: the last one in X-Forwarded-For that no trusted proxy
// added, where the request comes from a trusted proxy. A header that cannot be
// read counts as the proxy itself.
func (s *Server) address(r *http.Request) netip.Addr {
	addr := peerAddress(r)
	if !s.trusts(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return addr
		}
		if addr = next.Unmap().WithZone(""); !s.trusts(addr) {
			return addr
		}
	}
	return addr
}

func peerAddress(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

func (s *Server) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(s.Trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// network is what one household or attacker has: an IPv4 address, or the 64 bits
// of IPv6 that a subscriber is given.
func network(addr netip.Addr) string {
	if !addr.Is6() {
		return addr.String()
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return addr.String()
	}
	return p.String()
}

// shared lets the pages of allowed origins call m.
func (s *Server) shared(m methods, next http.Handler) http.Handler {
	allow := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.admitted(w, r) || s.Origins.Preflight(w, r, allow) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admitted refuses foreign pages, and lets listed ones read the answer.
func (s *Server) admitted(w http.ResponseWriter, r *http.Request) bool {
	if why := s.Origins.Refusal(r); why != "" {
		s.fail(w, r, &problem{http.StatusForbidden, "origin_not_allowed", why, "Ask the operator to add the page's origin to CORS_ORIGINS."})
		return false
	}
	s.Origins.Share(w, r)
	return true
}

// byMethod routes to the handler of the method.
func (s *Server) byMethod(m methods) http.Handler {
	allow := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve := m[r.Method]
		if serve == nil {
			serve = m[""]
		}
		if serve == nil {
			w.Header().Set("Allow", allow)
			s.fail(w, r, &problem{http.StatusMethodNotAllowed, "method_not_allowed", r.Method + " is not allowed here", "Use " + allow + "."})
			return
		}
		serve(w, r)
	})
}
