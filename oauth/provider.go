package oauth

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Scope is a permission that a provider gives, as its data has it.
type Scope struct {
	Name     string // as the provider has it; of another than the main token with its kind before it, as in bot:chat:write
	Kind     string // of the token that it is for: KindUser or KindBot
	About    string // what it allows, in a person's words, without a full stop
	Optional bool   // only asked for where a request names it
}

// Provider is one at which people have accounts. Values are not changed once
// made; copies may be used by several goroutines.
type Provider struct {
	Name            string // as in URLs, settings and tables: ^[a-z][a-z0-9_]{0,49}$
	Title           string // for people
	Scopes          []Scope
	PKCE            bool              // a challenge should go with each consent (RFC 7636, S256)
	OneTokenPerUser bool              // a new token kills the former one of the same person and app
	RefreshOnce     bool              // a refresh token is good once; false: an interrupted refresh can simply be done again
	ManageURL       string            // where a person removes the app by hand; may be empty
	Bases           map[string]string // api, authorize, token and refresh: whole URLs, that of the API without a slash at the end

	data  entry
	bases map[string]string // as given, before {api} is put in
}

// newProvider takes an entry that has been checked.
func newProvider(name string, e entry) Provider {
	p := Provider{
		Name: name, Title: e.Title, PKCE: e.PKCE, OneTokenPerUser: e.OneTokenPerUser, RefreshOnce: e.RefreshOnce,
		ManageURL: string(e.ManageURL), data: e,
	}
	if len(p.data.Tokens) == 0 {
		p.data.Tokens = []place{{Kind: KindUser}}
	}
	for _, s := range e.Scopes {
		kind, _ := p.scopeKind(s.Name)
		p.Scopes = append(p.Scopes, Scope{s.Name, kind, s.About, s.Optional})
	}
	p.setBases(map[string]string{
		"api": string(e.Bases.API), "authorize": string(e.Bases.Authorize), "token": string(e.Bases.Token), "refresh": string(e.Bases.Refresh),
	})
	return p
}

func (p *Provider) setBases(given map[string]string) {
	given["api"] = strings.TrimSuffix(given["api"], "/") // paths are appended to it
	p.bases, p.Bases = given, map[string]string{}
	for name, text := range given {
		p.Bases[name] = strings.Replace(text, "{api}", given["api"], 1)
	}
	if given["refresh"] == "" {
		p.Bases["refresh"] = p.Bases["token"]
	}
}

// WithBase is p with another URL for one of Bases, and for those of its data
// that are within it: a government cloud's, or a test's.
// Errors: *BadProvider where there is no such base, or url is neither https nor
// http of this machine.
func (p Provider) WithBase(name, url string) (Provider, error) {
	if _, ok := p.bases[name]; !ok {
		return p, &BadProvider{Provider: p.Name, Field: "bases." + name, Problem: "is not known", hint: "Use api, authorize, token or refresh."}
	}
	problem := checkURL(url)
	if name == "api" && problem == "" && strings.Contains(url, "?") {
		problem = "has a query"
	}
	if problem != "" {
		return p, &BadProvider{Provider: p.Name, Field: "bases." + name, Problem: problem, hint: hintURL}
	}
	given := maps.Clone(p.bases)
	given[name] = url
	p.setBases(given)
	return p, nil
}

// WithPKCE is p with or without PKCE.
func (p Provider) WithPKCE(on bool) Provider {
	p.PKCE = on
	return p
}

// WithScopes is p that asks for more scopes by default: those of names, which
// are optional ones.
// Errors: *BadProvider where p has no such scope.
func (p Provider) WithScopes(names []string) (Provider, error) {
	p.Scopes = slices.Clone(p.Scopes)
	for _, name := range names {
		at := slices.IndexFunc(p.Scopes, func(s Scope) bool { return s.Name == name })
		if at < 0 {
			return p, &BadProvider{Provider: p.Name, Field: "scopes", Problem: fmt.Sprintf("has no %q", name), hint: "Choose from " + strings.Join(p.optionalScopes(), ", ") + "."}
		}
		p.Scopes[at].Optional = false
	}
	return p, nil
}

func (p Provider) optionalScopes() []string {
	var names []string
	for _, s := range p.Scopes {
		if s.Optional {
			names = append(names, s.Name)
		}
	}
	return names
}

// DefaultScopes are the names of those that are not optional.
func (p Provider) DefaultScopes() []string {
	var names []string
	for _, s := range p.Scopes {
		if !s.Optional {
			names = append(names, s.Name)
		}
	}
	return names
}

// Describe says in a person's words what scope allows; of an unknown one it
// gives the name.
func (p Provider) Describe(scope string) string {
	for _, s := range p.Scopes {
		if s.Name == scope {
			return s.About
		}
	}
	return scope
}

// Revokes reports whether the provider can be told that a token is of no more
// use. Where it cannot, a person removes the app at ManageURL.
func (p Provider) Revokes() bool { return p.data.Revoke != nil }

// Shared reports whether other people's accounts may hold the very same token
// of this kind, as those of one Slack workspace do.
func (p Provider) Shared(kind string) bool { return p.place(kind).Shared }

// place of the tokens of a kind; of an unknown one it is the main one's.
func (p Provider) place(kind string) place {
	for _, at := range p.data.Tokens {
		if string(at.Kind) == kind {
			return at
		}
	}
	if len(p.data.Tokens) == 0 { // of a literal, not of data
		return place{Kind: KindUser}
	}
	return p.data.Tokens[0]
}

// scopeKind tells which token a scope is for, and what the provider calls it.
func (p Provider) scopeKind(name string) (kind, sent string) {
	for _, at := range p.data.Tokens {
		if rest, ok := strings.CutPrefix(name, string(at.Kind)+":"); ok && rest != "" && at.Kind != p.data.Tokens[0].Kind {
			return string(at.Kind), rest
		}
	}
	return string(p.place("").Kind), name
}

// granted names the scopes of an answer; providers put spaces or commas between.
func (p Provider) granted(kind, text string) []string {
	names := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	if kind != string(p.place("").Kind) {
		for i, n := range names {
			names[i] = kind + ":" + n
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// endpoint puts the bases and the client id into a URL of the data.
func (p Provider) endpoint(t template, clientID string) string {
	return strings.NewReplacer("{api}", p.Bases["api"], "{client_id}", url.PathEscape(clientID)).Replace(string(t))
}
