package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/install"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

// ErrUnverified is a receiver of events that does not answer the challenge.
var ErrUnverified = errors.New("the receiver did not answer the challenge of url_verification")

// Events sends events to url from now on, once that has answered the challenge;
// to nowhere, with an empty one.
// Errors: hooks.ErrAway, ErrUnverified.
func (s *Slack) Events(ctx context.Context, url string) error {
	if url != "" {
		const challenge = "5bx-challenge-3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
		body := []byte(`{"token":"5bxdeprecatedtoken","challenge":"` + challenge + `","type":"url_verification"}`)
		r := s.cfg.Sender.Send(ctx, s.signed(url, body))
		if r.Err != nil {
			return fmt.Errorf("verify the receiver: %w", r.Err)
		}
		if r.Status != http.StatusOK || !strings.Contains(string(r.Body), challenge) {
			return ErrUnverified
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = url
	return nil
}

// signed proves a body as Slack does.
func (s *Slack) signed(url string, body []byte) hooks.Delivery {
	now := s.cfg.Now()
	h := http.Header{"Content-Type": {"application/json"}}
	h.Set("X-Slack-Request-Timestamp", strconv.FormatInt(now.Unix(), 10))
	h.Set("X-Slack-Signature", hooks.SignSlack(SigningSecret, now, body))
	return hooks.Delivery{URL: url, Header: h, Body: body}
}

// Emit sends an event of a workspace in the background.
func (s *Slack) Emit(team string, event map[string]any) {
	s.mu.Lock()
	url := s.events
	s.Serial++
	id := fmt.Sprintf("Ev0SBX%06d", s.Serial)
	s.mu.Unlock()
	if url == "" {
		return
	}
	body, err := json.Marshal(answer{
		"token": "5bxdeprecatedtoken", "team_id": team, "api_app_id": company.SlackApp, "event": event, "type": "event_callback", "event_id": id,
		"event_time": s.cfg.Now().Unix(), "is_ext_shared_channel": false,
		"authorizations": []answer{{"enterprise_id": nil, "team_id": team, "user_id": "", "is_bot": false, "is_enterprise_install": false}},
	})
	if err != nil {
		return // it is made of what JSON has
	}
	s.cfg.Sender.Later(s.signed(url, body), func(hooks.Result) {})
}

// Revoke ends the tokens that match, and tells the app which.
func (s *Slack) Revoke(match func(issuer.Holder, string) bool) int {
	ended := map[string]map[string][]string{} // team → oauth or bot → users
	n := s.Issuer().Revoke(func(h issuer.Holder, person string) bool {
		if !match(h, person) {
			return false
		}
		team, user, _ := strings.Cut(h.ID, "/")
		kind := map[string]string{install.User: "oauth", install.Bot: "bot"}[h.Kind]
		if kind == "bot" {
			user = talk.BotOf(team)
		}
		if ended[team] == nil {
			ended[team] = map[string][]string{"oauth": {}, "bot": {}}
		}
		if !slices.Contains(ended[team][kind], user) {
			ended[team][kind] = append(ended[team][kind], user)
		}
		return true
	})
	for team, tokens := range ended {
		s.Emit(team, answer{"type": "tokens_revoked", "tokens": tokens, "event_ts": fmt.Sprintf("%d.000000", s.cfg.Now().Unix())})
	}
	return n
}
