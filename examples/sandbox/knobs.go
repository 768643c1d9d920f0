package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/gate"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/slack"
)

// Failure makes requests fail.
//
// What names them: an endpoint, as GET /v1/me, POST /v1/oauth/token, oauth.v2.access,
// chat.postMessage or POST /login/oauth/access_token; exchange or refresh for the
// two kinds of token requests; tier 1 to tier 3 for Figma's, file KEY for those
// about a file of Figma's, and tier 1 file KEY for both; empty for any.
type Failure = gate.Failure

// Request is one line of the log of requests, which has no secrets.
type Request = gate.Request

// Latency makes each request to a provider take d longer.
func (s *Sandbox) Latency(provider string, d time.Duration) { s.of(provider).gate.Latency(d) }

// Fail makes the next n requests of a name (see Failure) fail with a status:
// 429 with Retry-After and what else the provider sends with it, 500, or 0, which
// cuts the connection.
func (s *Sandbox) Fail(provider, what string, n, status int) {
	s.FailWith(provider, Failure{What: what, Times: n, Status: status})
}

// FailWith makes requests fail.
func (s *Sandbox) FailWith(provider string, f Failure) { s.of(provider).gate.Fail(f) }

// Limit answers 429 to more than most requests of a name within span; most < 1
// lifts it.
func (s *Sandbox) Limit(provider, what string, most int, span time.Duration) {
	s.of(provider).gate.Limit(what, most, span)
}

// Count is how many requests of a name (see Failure) came in.
func (s *Sandbox) Count(provider, what string) int { return s.of(provider).gate.Count(what) }

// Counts are those of all names.
func (s *Sandbox) Counts(provider string) map[string]int { return s.of(provider).gate.Counts() }

// Requests is the log of a provider, the last 2,000 at most.
func (s *Sandbox) Requests(provider string) []Request { return s.of(provider).gate.Requests() }

// Reset forgets counts and log, and takes latency, limits and failures back. It
// leaves accounts and files as they are.
func (s *Sandbox) Reset() {
	for _, p := range s.providers {
		p.gate.Reset()
	}
}

// Advance moves the sandbox's clock on. (Codes and tokens expire by it; latency
// and limits of waiting do not.)
func (s *Sandbox) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// Revoke ends all that a person allowed at a provider, as on the provider's own
// page, and returns how many access tokens that were. Slack tells the app.
func (s *Sandbox) Revoke(provider, person string) int {
	return s.of(provider).revoke(func(h issuer.Holder, who string) bool { return who == person && !byHand(h) })
}

// RevokeAll ends what everybody allowed at a provider.
func (s *Sandbox) RevokeAll(provider string) int {
	return s.of(provider).revoke(func(h issuer.Holder, who string) bool { return who != "" && !byHand(h) })
}

// byHand are tokens that no app asked for.
func byHand(h issuer.Holder) bool { return h.Kind == "personal" }

// Expire ends the life of all access tokens of a provider that have one;
// refresh tokens live on.
func (s *Sandbox) Expire(provider string) int { return s.of(provider).issuer.Expire() }

// Rotation makes tokens that expire, with refresh tokens that are good once:
// Slack's token rotation, or GitHub's expiring tokens of GitHub Apps. It does
// not change those that are there.
func (s *Sandbox) Rotation(provider string, on bool) {
	switch provider {
	case Slack:
		s.slack.Rotation(on)
	case GitHub:
		s.github.Expiring(on)
	default:
		panic(fmt.Sprintf("sandbox: %s has no rotation", provider))
	}
}

// Grace is how long a refresh token that was used still works at Slack or
// GitHub; at first it is not at all.
func (s *Sandbox) Grace(provider string, d time.Duration) {
	switch provider {
	case Slack:
		s.slack.Grace(d)
	case GitHub:
		s.github.Grace(d)
	default:
		panic(fmt.Sprintf("sandbox: refresh tokens of %s are good any number of times", provider))
	}
}

// SlackPKCE opts Slack's app in to PKCE, which makes it a public client.
func (s *Sandbox) SlackPKCE(on bool) { s.slack.PKCE(on) }

// FigmaPublic makes Figma's app a public one, whose consent is refused with
// scopes of projects and folders.
func (s *Sandbox) FigmaPublic(on bool) { s.figma.Public(on) }

// CallBack says whether people who do not allow are sent back to the app with
// error=access_denied. At first Figma does not.
func (s *Sandbox) CallBack(provider string, on bool) { s.of(provider).desk.CallBack(on) }

// Withhold names scopes that people do not allow though they are asked for.
func (s *Sandbox) Withhold(provider string, scopes ...string) { s.of(provider).desk.Withhold(scopes) }

// Alive is how many access tokens of a provider work, those made by hand too.
func (s *Sandbox) Alive(provider string) int { return s.of(provider).issuer.Alive() }

// FigmaFiles are the keys of Figma's files by the keys of projects, as tidal.
func (s *Sandbox) FigmaFiles() map[string]string {
	files := map[string]string{}
	for _, p := range company.Projects() {
		files[p.Key] = p.FigmaFile
	}
	return files
}

// AddFigmaFile puts a file there, or in the place of one: text is an answer of
// GET /v1/files/:key. It belongs to Flux Studio.
// Errors: text that is none such.
func (s *Sandbox) AddFigmaFile(key string, text []byte) error { return s.figma.Add(key, text) }

// EditFigma changes a file as somebody who works in it, and tells its webhooks;
// named also makes a version with a name. false: there is no such file.
func (s *Sandbox) EditFigma(key string, named bool) bool { return s.figma.Edit(key, named) }

// DeleteFigma removes a file, and tells its webhooks. false: there is no such file.
func (s *Sandbox) DeleteFigma(key string) bool { return s.figma.Delete(key, "caleb.ochoa") }

// FigmaTooLarge makes a file one of which Figma sends parts alone: nodes, ids, or
// a depth of 1 or 2. For all of it the answer is 400. false: there is no such file.
func (s *Sandbox) FigmaTooLarge(key string, on bool) bool { return s.figma.TooLarge(key, on) }

// FigmaUnrendered makes pictures of nodes fail, in the way of Figma: null with
// status 200. It forgets those of before. false: there is no such file.
func (s *Sandbox) FigmaUnrendered(key string, ids ...string) bool {
	return s.figma.Unrendered(key, ids)
}

// FigmaPlan says what a 429 tells of a file: its plan, such as starter or
// enterprise, and the kind of seat there, low or high. At first they are pro and
// high. false: there is no such file.
func (s *Sandbox) FigmaPlan(key, plan, seat string) bool { return s.figma.Plan(key, plan, seat) }

// RedeliverFigma sends again what webhooks did not take, which Figma does after
// 5 minutes, 30 minutes and 3 hours; it returns how many.
func (s *Sandbox) RedeliverFigma() int { return s.figma.Redeliver() }

// SlackCrowd adds channels, users and messages to the workspace of Flux Studio.
// The messages are those that the history of the channel crowd has, spread over
// the last day: several authors, alerts of a bot, reactions, files, links; threads
// come on top. The same numbers make the same crowd.
func (s *Sandbox) SlackCrowd(channels, users, messages int) { s.slack.Crowd(channels, users, messages) }

// SlackHistoryLimit gives at most n messages a call of conversations.history and
// .replies, as for apps that are sold outside Slack's Marketplace, which have 15;
// 0 lifts it.
func (s *Sandbox) SlackHistoryLimit(n int) { s.slack.HistoryLimit(n) }

// Post is a message that Slack's chat.postMessage took, as it was asked to.
type Post = slack.Post

// SlackPosts are all that chat.postMessage took, by time, those too whose answer
// was lost, and whatever became of them.
func (s *Sandbox) SlackPosts() []Post { return s.slack.Posts() }

// SlackEvents sends Slack's events to url from now on; with an empty one, to
// nowhere.
// Errors: a url that is not on this machine, or does not answer the challenge.
func (s *Sandbox) SlackEvents(ctx context.Context, url string) error { return s.slack.Events(ctx, url) }

// EmitSlack sends an event of a workspace (T…) in the background.
func (s *Sandbox) EmitSlack(team string, event map[string]any) { s.slack.Emit(team, event) }

// EmitGitHub sends an event to the hooks of a repository in the background;
// false: there is no such repository.
func (s *Sandbox) EmitGitHub(owner, repo, event string, payload map[string]any) bool {
	return s.github.Emit(owner, repo, event, payload)
}

// Wait waits until no webhook is under way.
func (s *Sandbox) Wait() { s.sender.Wait() }
