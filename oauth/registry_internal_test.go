package oauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// replaced is text with one part of it exchanged, which must be there.
func replaced(t *testing.T, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not in the text", old)
	}
	return strings.Replace(text, old, with, 1)
}

// wrong is a text that is refused, the field that is named, and what the error says.
type wrong struct {
	name, text, field string
	says              []string
}

// more is the least provider with a line more.
func more(line string) string { return plain + "    " + line + "\n" }

// change is the least provider with a part exchanged.
func change(t *testing.T, old, with string) string { return replaced(t, plain, old, with) }

func TestLoadSaysWhatIsWrong(t *testing.T) {
	refused(t, []wrong{
		{"text that is no YAML", "providers: [", "", []string{"provider file 1"}},
		{"no providers", "providers: {}", "providers", []string{"missing or empty"}},
		{"an unknown member of the file", "provider: {}", "", []string{"provider"}},
		{"an unknown member of a provider", more("colour: red"), "", []string{"acme", "colour"}},
		{"the same member twice", more("title: Again"), "", []string{"title"}},
		{"a name in capitals", change(t, "  acme:", "  Acme:"), "name", []string{"Acme"}},
		{"no title", change(t, "title: Acme", "title: ''"), "title", []string{"missing"}},
		{"a base without https", change(t, "https://api.acme", "http://api.acme"), "bases.api", []string{"not https"}},
		{"a base with a password", change(t, "https://api.acme", "https://u:p@api.acme"), "bases.api", []string{"password"}},
		{"a base that only looks like this machine", change(t, "https://api.acme.example", "http://127.0.0.1.example"), "bases.api", []string{"not https"}},
		{"an API with a query", change(t, "https://api.acme.example", "https://api.acme.example/?v=1"), "bases.api", []string{"query"}},
		{"no authorize", change(t, `authorize: "https://acme.example/oauth", `, ""), "bases.authorize", []string{"missing"}},
		{"an unknown placeholder", change(t, "{api}/token", "{host}/token"), "bases.token", []string{"host"}},
		{"{api} in the middle", change(t, "{api}/token", "https://x.example/{api}"), "bases.token", []string{"beginning"}},
		{"{api} that lengthens the host", change(t, "{api}/token", "{api}.evil.example/token"), "bases.token", []string{"/"}},
		{"unknown client_auth", change(t, "basic", "digest"), "client_auth", []string{"digest"}},
		{"PKCE that is no boolean", change(t, "pkce: true", "pkce: s256"), "", []string{"acme"}},
		{"unknown body_format", more("body_format: xml"), "body_format", []string{"xml"}},
		{"unknown separator", more(`scope_separator: ";"`), "scope_separator", []string{";"}},
		{"a lifetime without a unit", more(`lifetime: "3600"`), "lifetime", []string{"3600"}},
		{"a negative lifetime", more("lifetime: -1h"), "lifetime", []string{"-1h"}},
	})
}

func TestLoadSaysWhatIsWrongInRequestsAndAnswers(t *testing.T) {
	refused(t, []wrong{
		{"authorize_params that replace the state", more("authorize_params: {state: x}"), "authorize_params", []string{"state"}},
		{"api_headers that replace the token", more("api_headers: {authorization: x}"), "api_headers", []string{"authorization"}},
		{"a header of two lines", more(`api_headers: {A: "x\r\nB: y"}`), "api_headers", []string{"no header"}},
		{"an unknown kind of token", more("tokens: [{kind: admin}]"), "tokens[0].kind", []string{"admin"}},
		{"a kind of token twice", more("tokens: [{kind: bot}, {kind: bot}]"), "tokens[1].kind", []string{"twice"}},
		{"a path with brackets", more("tokens: [{kind: user, at: 'a[0]'}]"), "tokens[0].at", []string{"a[0]"}},
		{"metadata that is no path", more("metadata: ['a b']"), "metadata", []string{"a b"}},
		{"a reason with a space", more("errors: {refused: ['bad token']}"), "errors.refused", []string{"bad token"}},
		{"a reason of two kinds", more("errors: {refused: [x], away: [x]}"), "errors.away", []string{"twice"}},
		{"identity without an id", change(t, `["{id}"]`, "[]"), "identity.id", []string{"missing"}},
		{"identity of constant text", change(t, `["{id}"]`, `["me"]`), "identity.id", []string{"placeholder"}},
		{"identity of metadata that is not kept", change(t, `["{id}"]`, `["{grant:team.id}"]`), "identity.id", []string{"metadata"}},
		{"identity of a call that is not made", change(t, `url: "{api}/me", `, ""), "identity.id", []string{"identity.url"}},
		{"identity by DELETE", change(t, `{url: "{api}/me"`, `{method: DELETE, url: "{api}/me"`), "identity.method", []string{"DELETE"}},
		{"revocation with unknown authentication", more(`revoke: {url: "{api}/revoke", auth: digest}`), "revoke.auth", []string{"digest"}},
		{"revocation elsewhere in clear", more(`revoke: {url: "http://x.example/revoke", auth: none}`), "revoke.url", []string{"not https"}},
		{"revocation with two bodies", more(`revoke: {url: "{api}/r", auth: none, form: {a: b}, json: {a: b}}`), "revoke.json", []string{"form"}},
		{"revocation of an unknown text", more(`revoke: {url: "{api}/r", auth: none, form: {a: "{password}"}}`), "revoke body", []string{"password"}},
		{"a scope with a space", change(t, "scopes: []", "scopes: [{name: a b, about: x}]"), "scopes", []string{"a b"}},
		{"a scope twice", change(t, "scopes: []", "scopes: [{name: a, about: x}, {name: a, about: y}]"), "scopes", []string{"twice"}},
		{"a scope that nobody explains", change(t, "scopes: []", "scopes: [{name: a, about: ''}]"), "scopes", []string{"about"}},
		{"nothing at all", "", "providers", []string{"missing or empty"}},
		{"a second document", plain + "---\n" + plain, "", []string{"second document"}},
		{"a provider without anything", "providers:\n  acme:\n", "", []string{"acme: is empty"}},
		{"a provider twice", plain + "  acme: {title: Again}\n", "", []string{"acme", "[9:3]"}},
		{"a text of more than 1 MiB", strings.Repeat("#", 1<<20+1), "", []string{"1 MiB"}},
	})
}

func refused(t *testing.T, list []wrong) {
	t.Helper()
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load([]byte(c.text))
			var bad *BadProvider
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *BadProvider", err)
			}
			if bad.Field != c.field {
				t.Errorf("field is %q, want %q (%v)", bad.Field, c.field, err)
			}
			for _, part := range append(c.says, "provider file 1: ") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error is %q, want %q in it", err, part)
				}
			}
			if bad.Code() != "bad_setting" || !strings.HasSuffix(bad.Hint(), ".") {
				t.Errorf("code is %q and hint %q", bad.Code(), bad.Hint())
			}
		})
	}
}

func TestLoad(t *testing.T) {
	r, err := Load([]byte(plain), []byte(replaced(t, plain, "title: Acme", "title: Acme Two")), []byte(replaced(t, plain, "  acme:", "  slack:")))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range r.All() {
		names = append(names, p.Name+" "+p.Title)
	}
	if want := []string{"acme Acme Two", "figma Figma", "github GitHub", "slack Acme"}; !slices.Equal(names, want) {
		t.Errorf("providers are %q, want %q: by name, the last text of a name", names, want)
	}
	if _, ok := r.Get("nobody"); ok {
		t.Error("got a provider that there is not")
	}
}

func TestEmbeddedProviders(t *testing.T) {
	r, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ name, facts string }{
		{"figma", "pkce=true one=true once=false revokes=false api=https://api.figma.com authorize=https://www.figma.com/oauth token=https://api.figma.com/v1/oauth/token refresh=https://api.figma.com/v1/oauth/refresh"},
		{"github", "pkce=true one=false once=true revokes=true api=https://api.github.com authorize=https://github.com/login/oauth/authorize token=https://github.com/login/oauth/access_token refresh=https://github.com/login/oauth/access_token"},
		{"slack", "pkce=false one=false once=true revokes=true api=https://slack.com/api authorize=https://slack.com/oauth/v2/authorize token=https://slack.com/api/oauth.v2.access refresh=https://slack.com/api/oauth.v2.access"},
	} {
		p, _ := r.Get(want.name)
		b := p.Bases
		got := fmt.Sprintf("pkce=%t one=%t once=%t revokes=%t api=%s authorize=%s token=%s refresh=%s", p.PKCE, p.OneTokenPerUser, p.RefreshOnce, p.Revokes(), b["api"], b["authorize"], b["token"], b["refresh"])
		if got != want.facts {
			t.Errorf("%s:\n got %s\nwant %s", want.name, got, want.facts)
		}
		for _, s := range p.DefaultScopes() {
			if about := p.Describe(s); about == s || strings.HasSuffix(about, ".") {
				t.Errorf("%s: %s is described as %q, want words without a full stop", p.Name, s, about)
			}
		}
	}
}

// A public Figma app that asks for these is refused as a whole, and a Slack bot's
// token is shared by a whole workspace.
func TestDefaultScopesAreThoseThatAnyAppAndPersonCanHave(t *testing.T) {
	r, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, without := range map[string][]string{
		"figma": {"folders:read", "projects:read", "file_variables:read", "webhooks:write"}, "slack": {"bot:chat:write", "im:history"}, "github": {"workflow"},
	} {
		p, _ := r.Get(name)
		for _, s := range without {
			if slices.Contains(p.DefaultScopes(), s) {
				t.Errorf("%s asks for %s by default", name, s)
			}
			if p.Describe(s) == s {
				t.Errorf("%s cannot explain %s", name, s)
			}
		}
	}
	p, _ := r.Get("figma")
	if got := p.Describe("x:unknown"); got != "x:unknown" {
		t.Errorf("an unknown scope is described as %q, want its name", got)
	}
}

func TestWithScopes(t *testing.T) {
	r, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get("figma")
	more, err := p.WithScopes([]string{"folders:read", "projects:read"})
	if err != nil || !slices.Contains(more.DefaultScopes(), "projects:read") || len(more.DefaultScopes()) != len(p.DefaultScopes())+2 {
		t.Errorf("got %v, %v, want the default scopes and two more", more.DefaultScopes(), err)
	}
	if slices.Contains(p.DefaultScopes(), "projects:read") {
		t.Error("the provider that it was made of asks for more as well")
	}
	var bad *BadProvider
	if _, err := p.WithScopes([]string{"folder:read"}); !errors.As(err, &bad) || !strings.Contains(bad.Hint(), "folders:read") {
		t.Errorf("got %v, want one that names the scopes there are", err)
	}
}

func TestWithBase(t *testing.T) {
	r, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get("figma")
	moved, err := p.WithBase("api", "https://api.figma-gov.com/")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := moved.Bases["refresh"], "https://api.figma-gov.com/v1/oauth/refresh"; got != want {
		t.Errorf("refresh is %s, want %s: it is within the API", got, want)
	}
	if got, want := p.Bases["api"], "https://api.figma.com"; got != want {
		t.Errorf("the provider that was moved is at %s, want it unchanged at %s", got, want)
	}
	again, err := p.WithBase("token", "https://token.example")
	if got, want := again.Bases["refresh"], "https://api.figma.com/v1/oauth/refresh"; err != nil || got != want {
		t.Errorf("moved otherwise, it refreshes at %s, %v; want %s", got, err, want)
	}
	for _, c := range []struct{ name, base, url string }{
		{"a base that there is not", "upload", "https://x.example"},
		{"http elsewhere", "api", "http://10.0.0.1"},
		{"a file", "api", "file:///etc/passwd"},
		{"no URL", "token", "x.example/token"},
		{"a password", "token", "https://u:p@x.example"},
		{"an API with a query", "api", "https://x.example?a=b"},
		{"a placeholder", "token", "{api}/token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var bad *BadProvider
			if got, err := p.WithBase(c.base, c.url); !errors.As(err, &bad) || bad.Provider != "figma" {
				t.Errorf("got %v with %s at %s, want a *BadProvider of figma", err, c.base, got.Bases[c.base])
			}
		})
	}
}
