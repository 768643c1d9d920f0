package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/store/slackchannels"
	"github.com/fluxstudio/fluxmcp/store/slackposts"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	slacknames "github.com/fluxstudio/fluxmcp/tools/slack/names"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

// slackUse is how Slack is reached, and where messages may go.
type slackUse struct {
	apiUse
	bot        bool // the one token is that of an app
	policy     posting.Policy
	broadcasts bool
}

// slackUse is what set says of Slack; nil: it is not used. SLACK_BOT_TOKEN counts
// only where there is one person, whose token it is.
func (a *app) slackUse(set *settings, kind serving) (*slackUse, error) {
	policy, err := posting.ParsePolicy(set.text("SLACK_POST_CHANNELS"))
	if err != nil {
		return nil, err
	}
	broadcasts, err := set.boolean("SLACK_POST_BROADCASTS")
	if err != nil {
		return nil, err
	}
	use := &slackUse{policy: policy, broadcasts: broadcasts}
	if usesToken(set, kind, "slack") {
		token := set.text("SLACK_BOT_TOKEN")
		if !strings.HasPrefix(token, "xox") {
			return nil, &badSetting{"SLACK_BOT_TOKEN", "is no token of Slack's", "Take the one that begins with xoxb- from the app's page OAuth & Permissions."}
		}
		reach, err := a.byToken(set, "slack", "https://slack.com/api", func(base string) http.RoundTripper {
			return api.BotToken(token, base, nil)
		})
		if err != nil {
			return nil, err
		}
		use.apiUse, use.bot = *reach, !strings.Contains(token, "xoxp-")
		return use, nil
	}
	a.warnOfToken(set, "slack")
	reach := a.byAccounts("slack")
	if reach == nil {
		return nil, nil
	}
	use.apiUse = *reach
	return use, nil
}

func (a *app) slackConfig(use slackUse) slack.Config {
	client := api.New(api.Config{BaseURL: use.base, Client: use.client, Account: use.account, Token: use.token, Bot: use.bot, Log: a.log})
	if use.token {
		a.slackToken = client
	}
	who := func(ctx context.Context) string { return tools.PrincipalOf(ctx).Key() }
	found := slacknames.Config{API: client, Account: use.account, Person: who, Log: a.log}
	post := posting.Config{API: client, Account: use.account, Person: who, Log: a.log}
	if use.vault != nil {
		found.Kept = keptChannels{slackchannels.New(a.db.Own(), use.vault, slackchannels.Options{Log: a.log}), a, make(chan struct{}, mostPutting)}
		post.Claims = claims{slackposts.New(a.db.Own())}
	}
	named := slacknames.New(found)
	post.Direct = named.Direct
	return slack.Config{API: client, Names: named, Poster: posting.New(post), Account: use.account, Policy: use.policy, Bot: use.bot, Broadcasts: use.broadcasts}
}

// keptChannels lets the table of channels answer slacknames.Keeper.
type keptChannels struct {
	channels *slackchannels.Channels
	app      *app
	putting  chan struct{} // a place for each Put under way
}

func keyOfChannels(ctx context.Context, account, part string) slackchannels.Key {
	return slackchannels.Key{Person: personOf(tools.PrincipalOf(ctx)), Account: account, Part: part}
}

// While a database starts or is slow, no call waits for what is kept: asking
// Slack is as good.
const (
	gettingKept = 100 * time.Millisecond
	puttingKept = 20 * time.Second // beside the call
	mostPutting = 8                // at once; what is more is not kept
)

// Get finds what the person of ctx has read.
func (k keptChannels) Get(ctx context.Context, account, part string) ([]byte, time.Time, bool) {
	ctx, cancel := context.WithTimeout(ctx, gettingKept)
	defer cancel()
	content, at, found, err := k.channels.Get(ctx, keyOfChannels(ctx, account, part))
	if err != nil {
		k.app.log.WarnContext(ctx, "kept channels of slack cannot be read", "cause", cause(err))
	}
	return content, at, found && err == nil
}

// Put keeps what the person of ctx has read.
func (k keptChannels) Put(ctx context.Context, account, part string, content []byte) {
	select {
	case k.putting <- struct{}{}:
	default:
		return
	}
	go func() {
		defer func() { <-k.putting }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), puttingKept)
		defer cancel()
		if err := k.channels.Put(ctx, keyOfChannels(ctx, account, part), content); err != nil {
			k.app.log.WarnContext(ctx, "channels of slack cannot be kept", "cause", cause(err))
		}
	}()
}

// Drop forgets what the person of ctx has read with an account.
func (k keptChannels) Drop(ctx context.Context, account string) {
	if err := k.channels.Drop(ctx, personOf(tools.PrincipalOf(ctx)), account); err != nil {
		k.app.log.WarnContext(ctx, "kept channels of slack cannot be dropped", "cause", cause(err))
	}
}

// claims lets the table of posts answer posting.Claims, for the person of ctx.
type claims struct{ posts *slackposts.Posts }

func keyOfPost(ctx context.Context, k posting.Key) slackposts.Key {
	return slackposts.Key{Person: personOf(tools.PrincipalOf(ctx)), Account: k.Account, Key: k.Key}
}

// Claim is that of posting.Claims.
func (c claims) Claim(ctx context.Context, k posting.Key, digest string) (posting.Claim, error) {
	found, err := c.posts.Claim(ctx, keyOfPost(ctx, k), digest)
	return posting.Claim(found), err
}

// Mark is that of posting.Claims.
func (c claims) Mark(ctx context.Context, k posting.Key, attempted time.Time, m posting.Mark) (bool, error) {
	return c.posts.Mark(ctx, keyOfPost(ctx, k), attempted, slackposts.Mark(m))
}

// Release is that of posting.Claims.
func (c claims) Release(ctx context.Context, k posting.Key, attempted time.Time) error {
	_, err := c.posts.Release(ctx, keyOfPost(ctx, k), attempted)
	return err
}

// Retake is that of posting.Claims.
func (c claims) Retake(ctx context.Context, k posting.Key, attempted time.Time) (posting.Claim, error) {
	now, err := c.posts.Retake(ctx, keyOfPost(ctx, k), attempted)
	return posting.Claim(now), err
}
