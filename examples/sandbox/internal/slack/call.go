package slack

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/install"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
)

// maxBody bounds the arguments of a call, bytes.
const maxBody = 4 << 20

// method is one call of the Web API.
type method struct {
	name   string
	scopes []string // any one of them will do; nil: none is needed
	human  bool     // only with a person's token
	answer func(*call) answer
}

// methods is the table of what is served.
// Source: the Scopes of https://docs.slack.dev/reference/methods
func methods() []method {
	history := []string{"channels:history", "groups:history", "im:history", "mpim:history"}
	read := []string{"channels:read", "groups:read", "im:read", "mpim:read"}
	write := []string{"chat:write"}
	return []method{
		{"auth.test", nil, false, (*call).authTest},
		{"auth.revoke", nil, false, (*call).authRevoke},
		{"team.info", []string{"team:read"}, false, (*call).teamInfo},
		{"conversations.list", read, false, (*call).listChannels},
		{"conversations.info", read, false, (*call).channelInfo},
		{"conversations.members", read, false, (*call).channelMembers},
		{"users.conversations", read, false, (*call).myChannels},
		{"conversations.join", []string{"channels:join", "channels:write"}, false, (*call).join},
		{"conversations.open", []string{"im:write", "mpim:write"}, false, (*call).open},
		{"conversations.history", history, false, (*call).history},
		{"conversations.replies", history, false, (*call).replies},
		{"users.list", []string{"users:read"}, false, (*call).listUsers},
		{"users.info", []string{"users:read"}, false, (*call).userInfo},
		{"bots.info", []string{"users:read"}, false, (*call).botInfo},
		{"users.lookupByEmail", []string{"users:read.email"}, false, (*call).userByEmail},
		{"chat.postMessage", write, false, (*call).postMessage},
		{"chat.update", write, false, (*call).updateMessage},
		{"chat.delete", write, false, (*call).deleteMessage},
		{"chat.getPermalink", nil, false, (*call).permalink},
		{"search.messages", []string{"search:read"}, true, (*call).search},
		{"search.all", []string{"search:read"}, true, (*call).searchAll},
		{"reactions.add", []string{"reactions:write"}, false, (*call).addReaction},
		{"files.info", []string{"files:read"}, false, (*call).fileInfo},
		{"files.getUploadURLExternal", []string{"files:write"}, false, (*call).uploadURL},
		{"files.completeUploadExternal", []string{"files:write"}, false, (*call).completeUpload},
	}
}

// Routes adds all that is served to mux, below the stand-in's own prefix.
func (s *Slack) Routes(mux *http.ServeMux) {
	g := s.cfg.Gate
	for _, m := range []string{"GET", "POST"} {
		mux.Handle(m+" /oauth/v2/authorize", g.Handle(m+" /oauth/v2/authorize", nil, s.Desk()))
		mux.Handle(m+" /api/oauth.v2.access", g.Handle("oauth.v2.access", grantType, http.HandlerFunc(s.Access)))
	}
	mux.Handle("POST /_upload/{id}", g.Handle("upload", nil, http.HandlerFunc(s.takeUpload)))
	for _, m := range methods() {
		mux.Handle("/api/"+m.name, g.Handle(m.name, nil, s.guard(m)))
	}
	mux.HandleFunc("/api/{method}", func(w http.ResponseWriter, r *http.Request) {
		write(w, http.StatusOK, answer{"ok": false, "error": "unknown_method", "req_method": r.PathValue("method")})
	})
}

// grantType tells exchanges and refreshes apart.
func grantType(r *http.Request) []string {
	if r.FormValue("grant_type") == "refresh_token" {
		return []string{"refresh"}
	}
	return []string{"exchange"}
}

// call is one request that may be answered.
type call struct {
	*Slack
	r      *http.Request
	args   map[string]string
	token  issuer.Token
	studio company.Studio
	me     string // user id that it acts as
}

// guard lets only those in who hold a token with a scope of the method.
func (s *Slack) guard(m method) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		c := &call{Slack: s, r: r}
		if code := c.read(); code != "" {
			write(w, http.StatusOK, no(code))
			return
		}
		if code := c.identify(); code != "" {
			write(w, http.StatusOK, no(code))
			return
		}
		w.Header().Set("X-OAuth-Scopes", strings.Join(c.token.Scopes, ","))
		w.Header().Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
		switch {
		case m.human && c.token.Holder.Kind != install.User:
			write(w, http.StatusOK, no("not_allowed_token_type"))
		case m.scopes != nil && !c.has(m.scopes...):
			write(w, http.StatusOK, c.lacks(m.scopes[0]))
		default:
			write(w, http.StatusOK, m.answer(c))
		}
	})
}

// read takes the arguments from a form or from JSON.
func (c *call) read() string {
	c.args = map[string]string{}
	if !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/json") {
		err := c.r.ParseMultipartForm(maxBody)
		if err != nil && !errors.Is(err, http.ErrNotMultipart) {
			return "invalid_form_data"
		}
		for name, values := range c.r.Form {
			c.args[name] = values[0]
		}
		return ""
	}
	var body map[string]json.RawMessage
	if json.NewDecoder(c.r.Body).Decode(&body) != nil {
		return "invalid_json"
	}
	for name, raw := range body {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		c.args[name] = text
	}
	delete(c.args, "token") // with JSON it is in the header alone
	return ""
}

// identify finds out whose token it is: in the header, or in the form.
func (c *call) identify() string {
	value := c.r.PostFormValue("token")
	if scheme, v, _ := strings.Cut(c.r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		value = v
	}
	if value == "" {
		return "not_authed"
	}
	t, err := c.Issuer().Find(value)
	switch {
	case errors.Is(err, issuer.RevokedToken):
		return "token_revoked"
	case errors.Is(err, issuer.ExpiredToken):
		return "token_expired"
	case err != nil:
		return "invalid_auth"
	}
	c.token = t
	c.studio, _ = install.StudioOf(t)
	c.me = c.studio.BotUser
	if t.Holder.Kind == install.User {
		c.me = strings.Split(t.Holder.ID, "/")[1] // T…/U…
	}
	return ""
}

func (c *call) has(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.token.Scopes, s) })
}

// lacks says which scope is missing.
func (c *call) lacks(needed string) answer {
	return answer{"ok": false, "error": "missing_scope", "needed": needed, "provided": strings.Join(c.token.Scopes, ",")}
}

// number reads an argument between 1 and most.
func (c *call) number(name string, otherwise, most int) int {
	n, err := strconv.Atoi(c.args[name])
	if err != nil || n < 1 {
		n = otherwise
	}
	return min(n, most)
}

// limit reads the argument of that name, which must be a number where it is there.
func (c *call) limit(otherwise, most int) (n int, ok bool) {
	if text := c.args["limit"]; text != "" && text != "0" {
		if n, err := strconv.Atoi(text); err != nil || n < 0 {
			return 0, false
		}
	}
	return c.number("limit", otherwise, most), true
}

// flag reads an argument that is true or 1.
func (c *call) flag(name string) bool { return c.args[name] == "true" || c.args[name] == "1" }

// cut is the part of a list that cursor and limit ask for, or what is wrong with
// these.
func cut[T any](c *call, list []T, otherwise, most int) (part []T, next, code string) {
	limit, ok := c.limit(otherwise, most)
	if !ok {
		return nil, "", "invalid_limit"
	}
	from := 0
	if text := c.args["cursor"]; text != "" {
		if from, ok = cursorAt(text, "next:"); !ok {
			return nil, "", "invalid_cursor"
		}
	}
	from = min(from, len(list))
	to := min(from+limit, len(list))
	if to < len(list) {
		next = cursorOf("next:", to)
	}
	return list[from:to], next, ""
}

// cursorOf writes a place in a list down, and cursorAt reads it.
func cursorOf(kind string, at int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s%d", kind, at))
}

func cursorAt(text, kind string) (at int, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	number, found := strings.CutPrefix(string(raw), kind)
	if at, bad := strconv.Atoi(number); err == nil && found && bad == nil && at >= 0 {
		return at, true
	}
	return 0, false
}

func yes(more answer) answer {
	a := answer{"ok": true}
	maps.Copy(a, more)
	return a
}

func withCursor(next string, more answer) answer {
	more["response_metadata"] = answer{"next_cursor": next}
	return yes(more)
}

// authTest says whose token it is.
func (c *call) authTest() answer {
	a := answer{"url": "https://" + c.studio.SlackHost + ".slack.com/", "team": c.studio.Name, "team_id": c.studio.SlackTeam, "user_id": c.me, "is_enterprise_install": false}
	c.mu.Lock()
	u := c.UserOf(c.me)
	c.mu.Unlock()
	a["user"] = u.Name
	if c.token.Holder.Kind == install.Bot {
		a["bot_id"] = c.studio.BotID
	}
	if !c.token.Expires.IsZero() {
		a["expires_in"] = int64(c.token.Expires.Sub(c.cfg.Now()).Seconds())
	}
	return yes(a)
}

// authRevoke ends a token that expires alone, and one that does not with all
// that its holder allowed.
func (c *call) authRevoke() answer {
	if c.flag("test") {
		return yes(answer{"revoked": false})
	}
	if c.token.Expires.IsZero() {
		c.Revoke(func(h issuer.Holder, _ string) bool { return h == c.token.Holder })
	} else {
		c.Issuer().RevokeToken(c.token.Access)
	}
	return yes(answer{"revoked": true})
}

func (c *call) teamInfo() answer {
	return yes(answer{"team": answer{"id": c.studio.SlackTeam, "name": c.studio.Name, "domain": c.studio.SlackHost, "email_domain": c.studio.Domain}})
}
