package oauth

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What an entry must be beyond its shape. Patterns that can be written so are
// in providers.schema.json too.
const (
	namePattern   = `^[a-z][a-z0-9_]{0,49}$`
	pathPattern   = `^(\.|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)$`
	linkPattern   = `^(https://|http://(localhost|127\.|\[::1\]))`
	basePattern   = `^(\{api\}|https://|http://(localhost|127\.|\[::1\]))`
	reasonPattern = `^[A-Za-z0-9_.-]{1,64}$`

	hintURL   = "Write it as https://host/path, or as http://127.0.0.1:PORT for a server of this machine."
	hintShape = "Compare the file with what `fluxmcp config --providers` prints."
)

// Texts that may be one of a few.
func (clientAuth) oneOf() []string { return []string{"basic", "form"} }
func (bodyFormat) oneOf() []string { return []string{"form", "json"} }
func (separator) oneOf() []string  { return []string{" ", ","} }
func (tokenKind) oneOf() []string  { return []string{KindUser, KindBot} }
func (revokeAuth) oneOf() []string { return []string{"token", "basic", "none"} }
func (method) oneOf() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodDelete}
}

// checker notes the first thing that is wrong.
type checker struct{ bad *BadProvider }

func (c *checker) must(ok bool, field, problem, hint string) {
	if !ok && c.bad == nil {
		c.bad = &BadProvider{Field: field, Problem: problem, hint: hint}
	}
}

// oneOf takes an empty text for a default, where optional.
func (c *checker) oneOf(field, value string, of []string, optional bool) {
	ok := slices.Contains(of, value) || optional && value == ""
	c.must(ok, field, fmt.Sprintf("is %q", value), fmt.Sprintf("Use one of %q.", of))
}

func (c *checker) path(field string, p path) {
	c.must(p == "" || matches(pathPattern, string(p)), field, fmt.Sprintf("%q is no path", p), "Join the names of members by dots, as in team.id; a single dot is the answer itself.")
}

func (c *checker) url(field, text string) {
	problem := checkURL(text)
	c.must(problem == "", field, problem, hintURL)
}

func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }

// check finds what is wrong in an entry; nil: nothing.
func check(name string, e entry) *BadProvider {
	c := &checker{}
	c.must(matches(namePattern, name), "name", fmt.Sprintf("%q is no name of a provider", name), "Use a lower-case letter, then lower-case letters, digits and _, 50 in all.")
	c.must(e.Title != "", "title", "is missing", "Give the provider's name as people know it.")
	if e.ManageURL != "" {
		c.url("manage_url", string(e.ManageURL))
	}
	c.bases(e.Bases)
	c.oneOf("client_auth", string(e.ClientAuth), e.ClientAuth.oneOf(), false)
	c.oneOf("body_format", string(e.BodyFormat), e.BodyFormat.oneOf(), true)
	c.oneOf("scope_separator", string(e.ScopeSeparator), e.ScopeSeparator.oneOf(), true)
	life, err := e.lifetime()
	c.must(err == nil && life >= 0, "lifetime", fmt.Sprintf("is %q", e.Lifetime), "Write it as 12h or 30m.")
	c.tokens(e.Tokens)
	c.params(e)
	for _, p := range e.Metadata {
		c.path("metadata", p)
	}
	c.errors(e.Errors)
	c.identity(e)
	if e.Revoke != nil {
		c.revoke(*e.Revoke)
	}
	c.scopes(e.Scopes)
	return c.bad
}

func (c *checker) bases(b bases) {
	c.url("bases.api", string(b.API))
	c.must(!strings.Contains(string(b.API), "?"), "bases.api", "has a query", hintURL)
	for _, base := range []struct {
		field    string
		url      template
		optional bool
	}{{"bases.authorize", b.Authorize, false}, {"bases.token", b.Token, false}, {"bases.refresh", b.Refresh, true}} {
		if base.url != "" || !base.optional {
			c.endpoint(base.field, base.url, "api")
		}
	}
}

// endpoint checks a URL that may begin with {api} and hold further placeholders.
func (c *checker) endpoint(field string, t template, known ...string) {
	c.placeholders(field, t, known...)
	text := string(t)
	if rest, ok := strings.CutPrefix(text, "{api}"); ok {
		c.must(strings.HasPrefix(rest, "/"), field, "has {api} without a / behind it", hintURL)
		text = "https://api.invalid" + rest
	}
	c.must(!strings.Contains(text, "{api}"), field, "has {api} elsewhere than at its beginning", hintURL)
	c.url(field, strings.ReplaceAll(text, "{client_id}", "id"))
}

// params checks what goes into requests as it is.
func (c *checker) params(e entry) {
	for name := range e.AuthorizeParams {
		ours := []string{"client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method"}
		c.must(!slices.Contains(ours, name), "authorize_params", name+" is not for the data to set", "Leave it out.")
	}
	for name, value := range e.APIHeaders {
		ok := matches(`^[A-Za-z0-9-]+$`, name) && matches(`^[ -~]*$`, value) && !strings.EqualFold(name, "Authorization")
		c.must(ok, "api_headers", fmt.Sprintf("%q is no header for the data to set", name), "Use printable ASCII, and leave Authorization out.")
	}
}

func (c *checker) tokens(list []place) {
	seen := map[tokenKind]bool{}
	for i, t := range list {
		field := fmt.Sprintf("tokens[%d].", i)
		c.oneOf(field+"kind", string(t.Kind), t.Kind.oneOf(), false)
		c.must(!seen[t.Kind], field+"kind", fmt.Sprintf("%q is there twice", t.Kind), "Give each kind of token one place.")
		seen[t.Kind] = true
		c.path(field+"at", t.At)
		c.path(field+"refreshed_at", t.RefreshedAt)
	}
}

func (c *checker) errors(f faults) {
	c.path("errors.ok", f.OK)
	c.path("errors.code", f.Code)
	seen := map[string]bool{}
	for _, list := range []struct {
		field   string
		reasons []string
	}{{"refused", f.Refused}, {"dead", f.Dead}, {"client", f.Client}, {"limited", f.Limited}, {"away", f.Away}} {
		field := "errors." + list.field
		c.reasons(field, list.reasons)
		for _, reason := range list.reasons {
			c.must(!seen[reason], field, fmt.Sprintf("%q is there twice", reason), "Put each reason into one list.")
			seen[reason] = true
		}
	}
}

func (c *checker) reasons(field string, list []string) {
	for _, reason := range list {
		c.must(matches(reasonPattern, reason), field, fmt.Sprintf("%q is no reason", reason), "Use the provider's code, or http_ and a status, such as http_400.")
	}
}

func (c *checker) identity(e entry) {
	id := e.Identity
	c.oneOf("identity.method", string(id.Method), id.Method.oneOf()[:2], true)
	c.must(len(id.ID) > 0, "identity.id", "is missing", "Say where the account's stable id is, as in [\"{id}\"].")
	if id.URL != "" {
		c.endpoint("identity.url", id.URL, "api")
	}
	for _, list := range []struct {
		field     string
		templates []template
	}{{"identity.id", id.ID}, {"identity.name", id.Name}, {"identity.email", id.Email}} {
		for _, t := range list.templates {
			c.identityPart(list.field, t, e)
		}
	}
}

// identityPart checks that each placeholder can have a value.
func (c *checker) identityPart(field string, t template, e entry) {
	c.must(len(placeholders(t)) > 0, field, fmt.Sprintf("%q has no placeholder", t), "Write it as \"{id}\", or as \"{grant:team.id}\".")
	for _, name := range placeholders(t) {
		kept, granted := strings.CutPrefix(name, "grant:")
		c.must(!granted || slices.Contains(e.Metadata, path(kept)), field, "{"+name+"} is not in metadata", "Add "+kept+" to metadata.")
		c.must(granted || e.Identity.URL != "", field, "{"+name+"} needs identity.url", "Give identity.url, or use {grant:path}.")
		c.path(field, path(kept))
	}
}

func (c *checker) revoke(r revokeCall) {
	c.oneOf("revoke.method", string(r.Method), r.Method.oneOf(), true)
	c.oneOf("revoke.auth", string(r.Auth), r.Auth.oneOf(), false)
	c.endpoint("revoke.url", r.URL, "api", "client_id")
	c.must(len(r.Form) == 0 || len(r.JSON) == 0, "revoke.json", "is there beside form", "Keep one of the two.")
	for _, body := range []map[string]template{r.Form, r.JSON} {
		for _, t := range body {
			c.placeholders("revoke body", t, "access_token", "refresh_token", "client_id", "client_secret")
		}
	}
	c.reasons("revoke.dead", r.Dead)
}

func (c *checker) scopes(list []scope) {
	seen := map[string]bool{}
	for _, s := range list {
		c.must(s.Name != "" && !strings.ContainsAny(s.Name, " ,\"\\"), "scopes", fmt.Sprintf("%q is no scope", s.Name), "Write one scope a line, as the provider has it.")
		c.must(!seen[s.Name], "scopes", fmt.Sprintf("%q is there twice", s.Name), "Keep one of the two.")
		c.must(s.About != "", "scopes", fmt.Sprintf("%q has no about", s.Name), "Say in about what it allows, in words that people understand.")
		seen[s.Name] = true
	}
}

func (c *checker) placeholders(field string, t template, known ...string) {
	for _, name := range placeholders(t) {
		c.must(slices.Contains(known, name), field, "{"+name+"} is not known", fmt.Sprintf("Use only %q in braces.", known))
	}
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// placeholders are the names in braces.
func placeholders(t template) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(string(t), -1) {
		names = append(names, m[1])
	}
	return names
}

func (e entry) lifetime() (time.Duration, error) {
	if e.Lifetime == "" {
		return 0, nil
	}
	return time.ParseDuration(string(e.Lifetime))
}

// checkURL says what is wrong with a URL that secrets are sent to.
func checkURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "is missing"
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "is no URL"
	case u.User != nil || u.Fragment != "":
		return "has a user, a password or a fragment"
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return "is not https"
	}
	return ""
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
