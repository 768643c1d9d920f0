package sidecar

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/fluxstudio/fluxmcp/tools"
)

// authenticated lets only known principals through, with theirs in the context.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := s.asking(w, r)
		if !ok || !s.withinLimit(w, r, p) {
			return
		}
		ctx, done := untilExpired(tools.WithPrincipal(r.Context(), p), r, p)
		defer done()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// untilExpired ends what a token opened when the token does: at once for a
// stream, and for a call, which may be a subscription, when it has had its time.
func untilExpired(ctx context.Context, r *http.Request, p tools.Principal) (context.Context, context.CancelFunc) {
	if p.Expires.IsZero() {
		return ctx, func() {}
	}
	grace := 30 * time.Second // as the verifier's
	if r.Method != http.MethodGet {
		grace += 2 * time.Minute
	}
	return context.WithDeadline(ctx, p.Expires.Add(grace))
}

// asking is who asks, or answers why that cannot be told.
func (s *Server) asking(w http.ResponseWriter, r *http.Request) (tools.Principal, bool) {
	switch {
	case s.Verifier == nil:
		return s.Local, true
	case r.Method == http.MethodOptions:
		return tools.Principal{}, true // a browser asks before it may send a token; nothing else answers it
	case !s.admitted(w, r): // also what is refused below must be readable to the pages that may call
		return tools.Principal{}, false
	default:
		return s.principal(w, r)
	}
}

// principal finds out who asks, or answers why that cannot be told.
func (s *Server) principal(w http.ResponseWriter, r *http.Request) (tools.Principal, bool) {
	key := network(s.address(r))
	if s.Guesses != nil {
		if ok, wait := s.Guesses.Peek(key); !ok {
			s.guessing(w, r, wait)
			return tools.Principal{}, false
		}
	}
	token, refused := tokenOf(r)
	if refused == nil {
		claims, err := s.Verifier.Verify(r.Context(), token)
		if err == nil {
			return s.named(claims), true
		}
		refused = refusal(err)
	}
	if wait, over := s.charged(key, refused); over {
		s.guessing(w, r, wait)
	} else {
		s.refused(w, r, refused)
	}
	return tools.Principal{}, false
}

// charged counts a request without a valid token, unless that is the server's own
// fault, and reports whether its address has had too many. Valid tokens from
// there are served: others may be behind the same address.
func (s *Server) charged(key string, t *refusedToken) (wait time.Duration, over bool) {
	if t.status >= http.StatusInternalServerError {
		return 0, false
	}
	if s.Guesses != nil {
		s.Guesses.Take(key)
	}
	if s.Addresses == nil {
		return 0, false
	}
	ok, wait := s.Addresses.Take(key)
	return wait, !ok
}

// guessing answers an address that has had too many, and tells the operator
// which, now and then.
func (s *Server) guessing(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	now := time.Now().Unix()
	if last := s.warned.Load(); now-last >= warnEvery && s.warned.CompareAndSwap(last, now) {
		s.log.WarnContext(r.Context(), "too many requests without a valid token", "address", s.address(r).String())
	}
	s.limited(w, r, "addresses", wait, "too many requests without a valid token from this address")
}

const warnEvery = 10 // seconds

// named is the principal of a verified token.
func (s *Server) named(c bearer.Claims) tools.Principal {
	p := tools.Principal{
		Issuer: c.Issuer, Subject: c.Subject, Email: c.Email, Roles: c.Roles,
		Scopes: c.Scopes, Scoped: c.Scoped && !s.AnyScope, Client: c.ClientID,
		Expires: c.Expires,
	}
	p.Admin = p.HasRole("admin")
	if len(s.Admins) > 0 {
		p.Admin = slices.Contains(s.Admins, p.ID())
	}
	return p
}

// refusedToken is why a request has no principal.
type refusedToken struct {
	status int
	code   string // of RFC 6750; empty where no token was sent
	reason string // for the metric
	text   string
	wait   time.Duration
}

// tokenOf takes the one bearer token of the Authorization header.
// Source: https://www.rfc-editor.org/rfc/rfc6750 section 2.1
func tokenOf(r *http.Request) (string, *refusedToken) {
	if strings.Contains(r.URL.RawQuery, "access_token") && r.URL.Query().Has("access_token") {
		return "", &refusedToken{http.StatusBadRequest, "invalid_request", "in_url", "a token belongs into the Authorization header, not into the URL", 0}
	}
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		return "", &refusedToken{http.StatusUnauthorized, "", "missing", "a bearer token is needed", 0}
	}
	scheme, token, _ := strings.Cut(sent[0], " ")
	token = strings.TrimSpace(token)
	switch {
	case len(sent) > 1:
		return "", &refusedToken{http.StatusBadRequest, "invalid_request", "repeated", "there is more than one Authorization header", 0}
	case !strings.EqualFold(scheme, "Bearer"):
		return "", &refusedToken{http.StatusUnauthorized, "", "scheme", "the Authorization header is no bearer token", 0}
	case token == "" || strings.ContainsAny(token, " ,\t"):
		return "", &refusedToken{http.StatusBadRequest, "invalid_request", "malformed", "the Authorization header holds no single token", 0}
	}
	return token, nil
}

// refusal words what the verifier found.
func refusal(err error) *refusedToken {
	var told *bearer.Rejected
	if !errors.As(err, &told) {
		return &refusedToken{http.StatusServiceUnavailable, "", "failed", "tokens cannot be verified now", 5 * time.Second}
	}
	var again interface{ RetryAfter() time.Duration }
	if errors.As(err, &again) && again.RetryAfter() > 0 {
		return &refusedToken{http.StatusServiceUnavailable, "", told.Reason, told.Error(), again.RetryAfter()}
	}
	return &refusedToken{http.StatusUnauthorized, "invalid_token", told.Reason, told.Error(), 0}
}

// refused answers a request without a principal.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, t *refusedToken) {
	if s.Events.Refused != nil {
		s.Events.Refused(r.Context(), t.reason)
	}
	s.log.InfoContext(r.Context(), "token refused", "reason", t.reason, "address", s.address(r).String())
	code, hint := "unauthorized", "Send a token of this server in the header Authorization: Bearer."
	if t.code != "" {
		code = t.code
	}
	switch {
	case t.status >= http.StatusInternalServerError:
		setRetryAfter(w, t.wait)
		code, hint = "keys_unavailable", "Try again after Retry-After seconds."
	case t.reason == "expired":
		hint = "Sign in again, or refresh the token."
	}
	if t.status < http.StatusInternalServerError {
		w.Header().Set("WWW-Authenticate", s.challenge(r, t.code, t.text, tools.ScopeRead+" "+tools.ScopeWrite))
	}
	s.fail(w, r, &problem{t.status, code, t.text, hint})
}

// withinLimit stops a flood of one principal. Streams are bounded elsewhere.
func (s *Server) withinLimit(w http.ResponseWriter, r *http.Request, p tools.Principal) bool {
	if s.Requests == nil || r.Method != http.MethodPost {
		return true
	}
	ok, wait := s.Requests.Take(p.Key())
	if !ok {
		s.limited(w, r, "requests", wait, "far more requests than the limit of calls allows")
	}
	return ok
}

func (s *Server) limited(w http.ResponseWriter, r *http.Request, bucket string, wait time.Duration, text string) {
	if s.Events.Limited != nil {
		s.Events.Limited(r.Context(), bucket)
	}
	setRetryAfter(w, wait)
	s.fail(w, r, &problem{http.StatusTooManyRequests, "rate_limited", text, "Wait Retry-After seconds, then send fewer requests."})
}
