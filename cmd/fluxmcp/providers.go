package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// callbackPath is where a provider sends people back to.
func callbackPath(provider string) string { return "/api/integrations/" + provider + "/callback" }

// offeredProvider is a provider that people can connect accounts at.
type offeredProvider struct {
	client   *oauth.Client
	redirect string // of a page of the operator's own; empty: callbackPath
}

// loadRegistry reads the providers there are, and declares their settings.
func loadRegistry(set *settings) (*oauth.Registry, error) {
	var texts [][]byte
	for _, path := range set.list("FLUXMCP_PROVIDERS") {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, &badSetting{"FLUXMCP_PROVIDERS", "cannot be read: " + err.Error(), "Give paths of YAML files, separated by commas."}
		}
		texts = append(texts, text)
	}
	r, err := oauth.Load(texts...)
	if err != nil {
		return nil, fmt.Errorf("FLUXMCP_PROVIDERS: %w", namedFile(err, set.list("FLUXMCP_PROVIDERS")))
	}
	for _, p := range r.All() {
		n := settingPrefix(p.Name)
		set.declare(
			setting{n + "CLIENT_ID", "", false, "OAuth app of " + p.Title},
			setting{n + "CLIENT_SECRET", "", true, "its secret"},
			setting{n + "SCOPES", "", false, "optional scopes to ask for as well, as with Figma"},
			setting{n + "REDIRECT_URI", "", false, "its redirect URI, as with Figma"},
			setting{n + "AUTHORIZE_URL", "", false, "consent page, as with Figma"},
			setting{n + "TOKEN_URL", "", false, "where tokens are given, likewise"},
			setting{n + "API_URL", "", false, "API, likewise"},
		)
	}
	return r, nil
}

// namedFile puts a file's name in the place of its number.
func namedFile(err error, paths []string) error {
	var bad *oauth.BadProvider
	if errors.As(err, &bad) {
		for i, path := range paths {
			if bad.Source == fmt.Sprintf("provider file %d", i+1) {
				bad.Source = path
				break
			}
		}
	}
	return err
}

// offersAccounts reports whether some provider may be set up.
func (s *settings) offersAccounts() bool {
	if s.text("FLUXMCP_PROVIDERS") != "" {
		return true
	}
	for _, row := range accountSettings() {
		if (strings.HasSuffix(row.name, "_CLIENT_ID") || strings.HasSuffix(row.name, "_CLIENT_SECRET")) && s.text(row.name) != "" {
			return true
		}
	}
	return false
}

// settingPrefix is what the settings of a provider begin with.
func settingPrefix(provider string) string { return strings.ToUpper(provider) + "_" }

// offeredProviders are those whose client id is set, by name.
func offeredProviders(set *settings, r *oauth.Registry) (map[string]offeredProvider, error) {
	list := map[string]offeredProvider{}
	for _, p := range r.All() {
		o, err := offeredOne(set, p)
		if err != nil {
			return nil, err
		}
		if o.client != nil {
			list[p.Name] = o
		}
	}
	return list, nil
}

func offeredOne(set *settings, p oauth.Provider) (offeredProvider, error) {
	n := settingPrefix(p.Name)
	id, secret := set.text(n+"CLIENT_ID"), set.text(n+"CLIENT_SECRET")
	switch {
	case id == "" && secret == "":
		return offeredProvider{}, nil
	case id == "":
		return offeredProvider{}, &badSetting{n + "CLIENT_ID", "is not set, but " + n + "CLIENT_SECRET is", "Set both, as the app's page at " + p.Title + " shows them."}
	case secret == "":
		return offeredProvider{}, &badSetting{n + "CLIENT_SECRET", "is not set, but " + n + "CLIENT_ID is", "Set both, as the app's page at " + p.Title + " shows them."}
	}
	p, err := withBases(set, p)
	if err != nil {
		return offeredProvider{}, err
	}
	if p, err = p.WithScopes(set.list(n + "SCOPES")); err != nil {
		return offeredProvider{}, fmt.Errorf("%sSCOPES: %w", n, err)
	}
	if p.Name == "slack" {
		pkce, err := set.boolean("SLACK_PKCE")
		if err != nil {
			return offeredProvider{}, err
		}
		p = p.WithPKCE(pkce)
	}
	redirect := set.text(n + "REDIRECT_URI")
	if err := checkRedirect(n+"REDIRECT_URI", redirect); err != nil {
		return offeredProvider{}, err
	}
	client := oauth.NewClient(p, oauth.Credentials{ID: id, Secret: oauth.NewSecret(secret)}, nil)
	return offeredProvider{client: client, redirect: redirect}, nil
}

// withBases puts the URLs of set in place of p's own.
func withBases(set *settings, p oauth.Provider) (oauth.Provider, error) {
	for _, base := range []string{"api", "authorize", "token"} {
		name := settingPrefix(p.Name) + strings.ToUpper(base) + "_URL"
		value := strings.TrimSuffix(set.text(name), "/")
		if value == "" {
			continue
		}
		with, err := p.WithBase(base, value)
		if err != nil {
			return p, &badSetting{name, err.Error(), "Write it as https://host/path, or leave it out."}
		}
		p = with
	}
	return p, nil
}

func checkRedirect(name, redirect string) error {
	if redirect == "" {
		return nil
	}
	u, err := url.Parse(redirect)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Fragment != "" {
		return &badSetting{name, fmt.Sprintf("%q is no URL", redirect), "Write it as https://mcp.example.com/api/integrations/PROVIDER/callback, as it is registered with the app."}
	}
	return nil
}

// names of the providers that people can connect accounts at, sorted.
func names(list map[string]offeredProvider) []string {
	var all []string
	for name := range list {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
