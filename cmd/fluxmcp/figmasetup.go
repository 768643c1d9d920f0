package main

import (
	"context"
	"net/http"
	"strings"
	"time"

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
	apiUse
	team string
}

// figmaUse is what set says of Figma; nil: it is not used. FIGMA_ACCESS_TOKEN
// counts only where there is one person, whose token it is.
func (a *app) figmaUse(set *settings, kind serving) (*figmaUse, error) {
	team := set.text("FIGMA_TEAM_ID")
	if team != "" && strings.Trim(team, "0123456789") != "" {
		return nil, &badSetting{"FIGMA_TEAM_ID", "is no number", "Take it from the address of the team's page, after /team/."}
	}
	if usesToken(set, kind, "figma") {
		return a.figmaByToken(set, set.text("FIGMA_ACCESS_TOKEN"), team)
	}
	a.warnOfToken(set, "figma")
	reach := a.byAccounts("figma")
	if reach == nil {
		return nil, nil
	}
	return &figmaUse{apiUse: *reach, team: team}, nil
}

// figmaByToken reaches Figma with a token of the local user's.
func (a *app) figmaByToken(set *settings, token, team string) (*figmaUse, error) {
	reach, err := a.byToken(set, "figma", "https://api.figma.com", func(base string) http.RoundTripper {
		return api.PersonalToken(token, base, nil)
	})
	if err != nil {
		return nil, err
	}
	return &figmaUse{apiUse: *reach, team: team}, nil
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
