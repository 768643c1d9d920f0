package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/cache"
	"github.com/fluxstudio/fluxmcp/store/figmafiles"
	"github.com/fluxstudio/fluxmcp/store/vault"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

// figmaUse is how Figma is reached: as the person who asks, or with one token.
type figmaUse struct {
	base    string
	team    string
	client  func(context.Context) *http.Client
	account func(context.Context) (string, error)
	vault   *vault.Vault // nil: what is read stays in this process
	token   bool         // one token, FIGMA_ACCESS_TOKEN
}

// figmaUse is what set says of Figma; nil: it is not used. FIGMA_ACCESS_TOKEN
// counts only where there is one person, whose token it is.
func (a *app) figmaUse(set *settings, kind serving) (*figmaUse, error) {
	team := set.text("FIGMA_TEAM_ID")
	if team != "" && strings.Trim(team, "0123456789") != "" {
		return nil, &badSetting{"FIGMA_TEAM_ID", "is no number", "Take it from the address of the team's page, after /team/."}
	}
	if usesToken(set, kind) {
		return a.figmaByToken(set, set.text("FIGMA_ACCESS_TOKEN"), team)
	}
	if set.text("FIGMA_ACCESS_TOKEN") != "" {
		a.log.Warn("FIGMA_ACCESS_TOKEN is not used: everybody would act as its owner", "mend", "set FIGMA_CLIENT_ID and FIGMA_CLIENT_SECRET, so that people connect their own accounts")
	}
	if a.consent == nil {
		return nil, nil
	}
	d := a.consent.desk
	o, ok := d.offered["figma"]
	if !ok {
		return nil, nil
	}
	return &figmaUse{
		base: o.client.Provider().Bases["api"], team: team, client: d.httpClient("figma"), vault: a.consent.vault,
		account: func(ctx context.Context) (string, error) {
			id, err := d.source.Account(ctx, tokens.Key{Person: personOf(tools.PrincipalOf(ctx)), Provider: "figma"})
			return id, d.named(err)
		},
	}, nil
}

// usesToken reports whether FIGMA_ACCESS_TOKEN counts.
func usesToken(set *settings, kind serving) bool {
	return set.text("FIGMA_ACCESS_TOKEN") != "" && (kind.open || !kind.calls)
}

// leaveToToken takes Figma from what is offered where FIGMA_ACCESS_TOKEN is used:
// with both, nobody could tell as whom something is done.
func leaveToToken(set *settings, kind serving, offered map[string]offeredProvider) error {
	if _, both := offered["figma"]; !both || !usesToken(set, kind) {
		return nil
	}
	if set.origin["FIGMA_CLIENT_ID"] != "sandbox" {
		return &badSetting{"FIGMA_ACCESS_TOKEN", "is set beside FIGMA_CLIENT_ID, so that nobody could tell as whom things are done at Figma", "Leave one of them out."}
	}
	delete(offered, "figma")
	return nil
}

// figmaByToken reaches Figma with a token of the local user's.
func (a *app) figmaByToken(set *settings, token, team string) (*figmaUse, error) {
	base := strings.TrimSuffix(set.text("FIGMA_API_URL"), "/")
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost") {
		return nil, &badSetting{"FIGMA_API_URL", "is no https URL", "Write it as https://api.figma.com, or leave it out."}
	}
	client := &http.Client{Transport: api.PersonalToken(token, base, nil)}
	sum := sha256.Sum256([]byte(token))
	account := "token:" + hex.EncodeToString(sum[:16])
	use := &figmaUse{
		base: base, team: team, token: true, client: func(context.Context) *http.Client { return client },
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

// figmaCache bounds what is kept of parts of files, bytes.
const (
	figmaCache    = 32 << 20
	figmaMaxEntry = 8 << 20
)

func (a *app) figmaConfig(use figmaUse) figma.Config {
	client := api.New(api.Config{BaseURL: use.base, Client: use.client, Account: use.account, Token: use.token, Log: a.log})
	if use.token {
		a.figmaToken = client
	}
	source := files.Config{API: client, Account: use.account, Log: a.log}
	small := cache.Options{Name: "figma", Bytes: figmaCache, MaxEntry: figmaMaxEntry, Log: a.log}
	if use.vault == nil {
		source.Small = sealedCache{cache: cache.New(nil, small)}
	} else {
		source.Small = sealedCache{cache: cache.New(a.around.redis, small), vault: use.vault}
		source.Kept = keptFiles{files: figmafiles.New(a.db.Own(), use.vault, figmafiles.Options{Log: a.log}), app: a}
	}
	return figma.Config{API: client, Files: files.New(source), Account: use.account, Team: use.team}
}

// sealedCache lets a cache answer files.Cache. Without a vault it must be within
// this process.
type sealedCache struct {
	cache *cache.Cache
	vault *vault.Vault
}

func (c sealedCache) place(key string) vault.Place {
	return vault.Place{Table: "figma cache", Row: key, Column: "value"}
}

// Get finds what Put has kept.
func (c sealedCache) Get(ctx context.Context, key string) ([]byte, bool) {
	e, found := c.cache.Lookup(ctx, key)
	if !found || c.vault == nil {
		return e.Value, found
	}
	value, err := c.vault.Open(e.Value, c.place(key))
	return value, err == nil
}

// Put keeps value for ttl.
func (c sealedCache) Put(ctx context.Context, key string, value []byte, ttl time.Duration) {
	if c.vault != nil {
		value = c.vault.Seal(value, c.place(key))
	}
	e, _ := c.cache.Lookup(ctx, key)
	c.cache.Store(ctx, key, value, ttl, e)
}

// keptFiles lets the table of files answer files.Keeper.
type keptFiles struct {
	files *figmafiles.Files
	app   *app
}

func keyOfFile(ctx context.Context, account, file string) figmafiles.Key {
	return figmafiles.Key{Person: personOf(tools.PrincipalOf(ctx)), Account: account, File: file}
}

// Get finds a file of the person of ctx.
func (k keptFiles) Get(ctx context.Context, account, file string) (files.Kept, bool) {
	e, found, err := k.files.Get(ctx, keyOfFile(ctx, account, file))
	if err != nil {
		k.app.log.WarnContext(ctx, "kept files of figma cannot be read", "cause", cause(err))
	}
	return files.Kept{Stamp: e.Stamp, Content: e.Content, At: e.CachedAt}, found && err == nil
}

// Put keeps a file of the person of ctx.
func (k keptFiles) Put(ctx context.Context, account, file, name string, f files.Kept) {
	e := figmafiles.Entry{Stamp: f.Stamp, Content: f.Content, CachedAt: f.At}
	if err := k.files.Put(ctx, keyOfFile(ctx, account, file), e, name, files.Life); err != nil {
		k.app.log.WarnContext(ctx, "a file of figma cannot be kept", "cause", cause(err))
	}
}

// Drop forgets a file of the person of ctx.
func (k keptFiles) Drop(ctx context.Context, account, file string) {
	if err := k.files.Remove(ctx, keyOfFile(ctx, account, file)); err != nil {
		k.app.log.WarnContext(ctx, "a kept file of figma cannot be dropped", "cause", cause(err))
	}
}
