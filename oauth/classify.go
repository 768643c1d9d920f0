package oauth

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxWait = 24 * time.Hour

// call is what kind of request an answer is to.
type call struct {
	op      string
	bearer  bool     // it carried the token, so that a 401 is about that; else it carried our credentials
	secrets []string // that it carried beside the client's, and that no error may show
}

// Codes of RFC 6749 sections 4.1.2.1 and 5.2 and of RFC 6750 section 3.1, which
// providers need not list.
func standardKind(reason string) Kind {
	switch reason {
	case "invalid_grant", "access_denied", "invalid_token", "insufficient_scope":
		return RefusedGrant
	case "invalid_client", "unauthorized_client":
		return BadClient
	case "server_error", "temporarily_unavailable":
		return Away
	case "slow_down":
		return Limited
	}
	return ""
}

// failure is the error that an answer tells; nil: none.
func (c *Client) failure(a answer, k call) *Error {
	f := c.provider.data.Errors
	reason, told := c.reason(a, k)
	failed := !a.good() || f.OK != "" && a.value(f.OK) != true || told && !k.bearer
	if !failed {
		return nil
	}
	e := &Error{Kind: c.kind(a, k, reason), Provider: c.provider.Name, Reason: reason, op: k.op}
	if e.Kind == Limited || e.Kind == Away {
		e.Wait = c.wait(a.header)
	}
	return e
}

// reasons are those that the data lists.
func (e entry) reasons() []string {
	f := e.Errors
	list := slices.Concat(f.Refused, f.Dead, f.Client, f.Limited, f.Away)
	if e.Revoke != nil {
		list = append(list, e.Revoke.Dead...)
	}
	return list
}

// plainCode is how a code looks that may be shown though nobody has listed it.
var plainCode = regexp.MustCompile(`^[a-z]+(_[a-z]+){0,7}$`)

// reason is the provider's own code where there is one that can be shown, else
// the status; told says whether the answer has any.
func (c *Client) reason(a answer, k call) (reason string, told bool) {
	f := c.provider.data.Errors
	code, _ := a.value(cmp.Or(f.Code, "error")).(string)
	status := fmt.Sprintf("http_%d", a.status)
	switch {
	case code == "":
		return status, false
	case slices.Contains(c.provider.data.reasons(), code):
		return code, true
	case len(code) <= 64 && plainCode.MatchString(code) && !c.secret(code, k):
		return code, true
	default:
		return status, true
	}
}

// secret reports whether a provider, or who plays one, sends back a secret.
func (c *Client) secret(code string, k call) bool {
	return slices.ContainsFunc(append(k.secrets, c.credentials.Secret.Reveal()), func(s string) bool {
		return s != "" && (strings.Contains(code, s) || strings.Contains(s, code))
	})
}

// kind sorts a failure. Where in doubt it is Malformed, never RefusedGrant: that
// would make a person consent again for nothing.
func (c *Client) kind(a answer, k call, reason string) Kind {
	f := c.provider.data.Errors
	switch {
	case a.status == http.StatusTooManyRequests, a.status == http.StatusForbidden && c.exhausted(a.header):
		return Limited
	case a.status >= 500, a.status == http.StatusRequestTimeout:
		return Away
	case a.fields != nil && slices.Contains(f.Refused, reason), k.bearer && slices.Contains(f.Dead, reason):
		return RefusedGrant
	case slices.Contains(f.Client, reason):
		return BadClient
	case slices.Contains(f.Limited, reason):
		return Limited
	case slices.Contains(f.Away, reason):
		return Away
	}
	return cmp.Or(standardKind(reason), statusKind(a, k), Malformed)
}

// statusKind sorts by the status alone. A page of a proxy or a firewall is no
// word of the provider, so that a 403 must be JSON.
func statusKind(a answer, k call) Kind {
	switch {
	case a.status == http.StatusUnauthorized && k.bearer, a.status == http.StatusForbidden && k.bearer && a.fields != nil:
		return RefusedGrant
	case a.status == http.StatusUnauthorized:
		return BadClient
	}
	return ""
}

func (c *Client) exhausted(h http.Header) bool {
	name := c.provider.data.Errors.Remaining
	return h.Get("Retry-After") != "" || name != "" && h.Get(name) == "0"
}

// wait is how long the provider asks us to.
func (c *Client) wait(h http.Header) time.Duration {
	after := h.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.ParseInt(after, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		wait = time.Until(at)
	} else if at, err := strconv.ParseInt(h.Get(c.provider.data.Errors.Reset), 10, 64); err == nil && c.provider.data.Errors.Reset != "" {
		wait = time.Until(time.Unix(at, 0))
	}
	return min(max(wait, 0), maxWait)
}
