package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/vault"
	"github.com/fluxstudio/fluxmcp/tools"
)

// apiUse is how a provider's API is reached: as the person who asks, or with
// one token of a setting.
type apiUse struct {
	base    string // of the API, without a slash at the end
	client  func(context.Context) *http.Client
	account func(context.Context) (string, error)
	vault   *vault.Vault // nil: what is read stays in this process
	token   bool         // one token, of the setting in tokenSettings
}

// tokenSettings name the settings with one token for everything that is done at
// a provider, by provider.
func tokenSettings() map[string]string {
	return map[string]string{"figma": "FIGMA_ACCESS_TOKEN", "slack": "SLACK_BOT_TOKEN"}
}

// usesToken reports whether the token of a setting counts: only where there is
// one person, who has set it.
func usesToken(set *settings, kind serving, provider string) bool {
	return set.text(tokenSettings()[provider]) != "" && (kind.open || !kind.calls)
}

// warnOfToken says that the token of a setting does not count.
func (a *app) warnOfToken(set *settings, provider string) {
	name, n := tokenSettings()[provider], settingPrefix(provider)
	if set.text(name) != "" {
		a.log.Warn(name+" is not used: everybody would act as its owner", "mend", "set "+n+"CLIENT_ID and "+n+"CLIENT_SECRET, so that people connect their own accounts")
	}
}

// leaveToTokens takes the providers from what is offered whose token of a
// setting is used, and names those: with both, nobody could tell as whom
// something is done.
func leaveToTokens(set *settings, kind serving, offered map[string]offeredProvider) (byToken map[string]bool, err error) {
	byToken = map[string]bool{}
	for _, provider := range slices.Sorted(maps.Keys(tokenSettings())) {
		if !usesToken(set, kind, provider) {
			continue
		}
		byToken[provider] = true
		id := settingPrefix(provider) + "CLIENT_ID"
		if _, both := offered[provider]; both && set.origin[id] != "sandbox" {
			return nil, &badSetting{tokenSettings()[provider], "is set beside " + id + ", so that nobody could tell as whom things are done there", "Leave one of them out."}
		}
		delete(offered, provider)
	}
	return byToken, nil
}

// byAccounts reaches a provider as the person of each call; nil: it is not
// offered.
func (a *app) byAccounts(provider string) *apiUse {
	if a.consent == nil {
		return nil
	}
	d := a.consent.desk
	o, ok := d.offered[provider]
	if !ok {
		return nil
	}
	return &apiUse{
		base: o.client.Provider().Bases["api"], client: d.httpClient(provider), vault: a.consent.vault,
		account: func(ctx context.Context) (string, error) {
			id, err := d.source.Account(ctx, tokens.Key{Person: personOf(tools.PrincipalOf(ctx)), Provider: provider})
			return id, d.named(err)
		},
	}
}

// byToken reaches a provider with the token of a setting, which authorize adds
// to requests to the base that it is given. usual is the base without settings.
func (a *app) byToken(set *settings, provider, usual string, authorize func(base string) http.RoundTripper) (*apiUse, error) {
	name := settingPrefix(provider) + "API_URL"
	base := strings.TrimSuffix(set.text(name), "/")
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost") {
		return nil, &badSetting{name, "is no https URL", "Write it as " + usual + ", or leave it out."}
	}
	client := &http.Client{Transport: authorize(base)}
	sum := sha256.Sum256([]byte(set.text(tokenSettings()[provider])))
	account := "token:" + hex.EncodeToString(sum[:16])
	use := &apiUse{
		base: base, token: true, client: func(context.Context) *http.Client { return client },
		account: func(context.Context) (string, error) { return account, nil },
	}
	switch {
	case a.consent != nil:
		use.vault = a.consent.vault
	case a.private != nil:
		use.vault, err = openVault(set)
	}
	return use, err
}
