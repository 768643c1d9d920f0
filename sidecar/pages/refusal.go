package pages

import (
	"crypto/rand"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/tools"
)

// refusal is what somebody is told of an error: by a page in words of words, by
// the REST API with Message and Hint.
type refusal struct {
	Code    string `json:"c"`
	Message string `json:"-"`
	Hint    string `json:"-"`
	Wait    int    `json:"w,omitempty"` // seconds after which the same may succeed
	Ref     string `json:"r,omitempty"` // under which the cause is logged
}

// actionable is an error that whoever meets it can do something about.
type actionable interface {
	error
	Code() string
	Hint() string
}

// problem is an error of a request itself.
type problem struct{ code, message, hint string }

// Error says what is wrong.
func (e *problem) Error() string { return e.message }

// Code is the stable name of the failure.
func (e *problem) Code() string { return e.code }

// Hint says what to do.
func (e *problem) Hint() string { return e.hint }

func unknown() error {
	return &problem{"unknown_provider", "this provider is not known here", "Choose one that GET /api/integrations lists."}
}

// failure is what to tell of err.
func (p *Pages) failure(r *http.Request, provider Provider, err error) outcome {
	f := refusal{Code: "internal", Message: "the server failed", Hint: "Try again once; then give the reference to the operator."}
	cause := err.Error()
	var told actionable
	if errors.As(err, &told) {
		f = refusal{Code: codeOf(told), Message: told.Error(), Hint: told.Hint()}
		var shown interface{ LogCause() string }
		if cause = ""; errors.As(err, &shown) {
			cause = shown.LogCause()
		}
	} else {
		f.Ref = rand.Text()[:8]
	}
	var again interface{ RetryAfter() time.Duration }
	if errors.As(err, &again) {
		f.Wait = int(math.Ceil(again.RetryAfter().Seconds()))
	}
	status := statusOf(f)
	log := p.Log.InfoContext
	if status >= http.StatusInternalServerError {
		log = p.Log.WarnContext
	}
	log(r.Context(), "page refused", "code", f.Code, "status", status, "provider", provider.Name, "ref", f.Ref, "cause", cause)
	p.Refused(r.Context(), f.Code)
	return outcome{Kind: refused, Provider: provider.Name, Refusal: f}
}

// codeOf tells the operator's own mistake apart from the provider's failures.
func codeOf(told actionable) string {
	const misconfigured = "provider_misconfigured"
	var r *consent.Refused
	var cause interface{ Code() string }
	if errors.As(told, &r) && r.Err != nil && errors.As(r.Err, &cause) && cause.Code() == misconfigured {
		return misconfigured
	}
	return told.Code()
}

// failureOf is f as REST answers have it.
func (f refusal) failureOf() tools.Failure {
	return tools.Failure{Code: f.Code, Message: f.Message, Hint: f.Hint, RetryAfter: f.Wait, Ref: f.Ref}
}

func (f refusal) retryAfter(w http.ResponseWriter) {
	if f.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.Wait))
	}
}

// statusOf is the HTTP status that says what a code says.
func statusOf(f refusal) int {
	switch consent.Reason(f.Code) {
	case consent.TicketUnknown, consent.StateUnknown, consent.ProviderUnconfigured, "not_found", "unknown_provider", "not_connected", "result_gone":
		return http.StatusNotFound
	case consent.TicketExpired, consent.TicketUsed, consent.TicketBurned, consent.StateExpired:
		return http.StatusGone
	case consent.StateUsed, consent.TicketBusy, otherAccount:
		return http.StatusConflict
	case consent.TicketForeign, consent.StateForeign, "form_foreign", "form_stale", "form_cookie":
		return http.StatusForbidden
	case consent.SignInNeeded:
		return http.StatusUnauthorized
	case consent.CodeWrong:
		return http.StatusUnprocessableEntity
	case consent.ProviderFailed, consent.IdentityFailed:
		return http.StatusBadGateway
	case "form_type", "unsupported_media_type":
		return http.StatusUnsupportedMediaType
	case "form_size", "body_too_large":
		return http.StatusRequestEntityTooLarge
	case "internal", "provider_misconfigured", "own_tables_failed":
		return http.StatusInternalServerError
	case "migration_missing", "own_tables_denied":
		return http.StatusServiceUnavailable
	}
	if f.Wait > 0 || strings.HasSuffix(f.Code, "_unavailable") {
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// refuse shows err.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, b browser, provider Provider, err error) {
	p.showRefusal(w, r, b, provider, p.failure(r, provider, err).Refusal)
}

// showRefusal shows what is wrong, and one way on.
func (p *Pages) showRefusal(w http.ResponseWriter, r *http.Request, b browser, provider Provider, f refusal) {
	heading, text, next := words(f.Code)
	begin, within := provider.Title, provider.Title
	if begin == "" {
		begin, within = "The provider", "the provider"
	}
	fill := strings.NewReplacer("{P}", begin, "{p}", within, "{who}", p.shown(b)).Replace
	m := message{Tone: toneBad, Provider: provider, Heading: fill(heading), Text: []string{fill(text)}, Next: fill(next), Code: f.Code, Ref: f.Ref}
	f.retryAfter(w)
	switch f.Code {
	case string(consent.ConsentDenied):
		m.Tone, m.Code = tonePlain, ""
	case string(consent.SignInNeeded):
		m.Tone, m.Code = toneAsk, ""
		w.Header().Set("WWW-Authenticate", "Bearer") // a 401 must name a way; pages have none of HTTP's own
	}
	p.tell(w, r, b, statusOf(f), m.and(p.waysOn(r, b, f)))
}

// waysOn are the buttons below a refusal.
func (p *Pages) waysOn(r *http.Request, b browser, f refusal) []action {
	switch {
	case strings.HasPrefix(f.Code, "form_"):
		return []action{{Label: "Open the page again", URL: b.base + pageOf(r), Kind: "primary"}}
	case f.Code == string(consent.TicketForeign) && !b.local:
		return []action{{Label: "Sign out", URL: accountsPath + "/sign-out", Kind: "primary", Form: true, Fields: []field{{"back", pageOf(r)}}}}
	case f.Code == string(consent.SignInNeeded) && p.SignIn != nil:
		return []action{{Label: "Sign in", URL: p.SignIn(pageOf(r)), Kind: "primary"}}
	default:
		return toAccounts(b)
	}
}

// pageOf is the path of the page that has the form which was posted to r; of
// another request it is its own.
func pageOf(r *http.Request) string {
	path := r.URL.EscapedPath()
	if ticket := r.PathValue("ticket"); ticket != "" {
		return "/connect/" + ticket
	}
	if r.Method == http.MethodPost && !strings.HasSuffix(path, "/disconnect") {
		return accountsPath
	}
	return path
}

// NotFound answers a path that nothing is at.
func (p *Pages) NotFound(w http.ResponseWriter, r *http.Request) {
	err := &problem{"not_found", "there is nothing at this path", "Post MCP messages to /mcp."}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		p.failREST(w, r, Provider{}, err)
		return
	}
	p.refuse(w, r, p.browser(r), Provider{}, err)
}
