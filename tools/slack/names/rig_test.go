package names_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

// failure is an error of the client, by its code.
type failure struct {
	code    string
	details map[string]string
}

func (f *failure) Error() string              { return f.code }
func (f *failure) Code() string               { return f.code }
func (f *failure) Details() map[string]string { return f.details }

// slack is a workspace. Whoever asks is in the channels with Member. It is as
// strict as Slack about scopes and cursors.
type slack struct {
	mu       sync.Mutex
	channels []api.Channel
	users    []api.User
	scopes   []string // nil: all
	terse    bool     // names all scopes of a method as needed, and none as provided
	old      bool     // has no users.conversations
	bot      bool     // may not search
	mute     bool     // nobody has written anything
	page     int      // of lists; 0: as many as asked for
	asked    []string // calls, with what tells them apart
	fail     map[string]error
	hold     chan struct{} // not nil: users.info waits for it, or for its context
}

// count is how many calls of a method came in; of all with "".
func (s *slack) count(method string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.asked {
		if strings.HasPrefix(a, method) {
			n++
		}
	}
	return n
}

// set changes the workspace, and forgets the calls.
func (s *slack) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = nil
	change()
}

// enter notes a call. The caller holds mu.
func (s *slack) enter(method string, more ...any) error {
	s.asked = append(s.asked, strings.TrimSpace(method+" "+fmt.Sprint(more...)))
	return s.fail[method]
}

// lacks is the error where one of scopes is missing; nil: none is.
func (s *slack) lacks(scopes ...string) error {
	for _, scope := range scopes {
		if s.scopes != nil && !slices.Contains(s.scopes, scope) {
			details := map[string]string{"needed": scope, "provided": strings.Join(s.scopes, ",")}
			if s.terse {
				details = map[string]string{"needed": "channels:read,groups:read,mpim:read,im:read"}
			}
			return &failure{"slack_scope_missing", details}
		}
	}
	return nil
}

func (s *slack) list(method string, q api.ChannelQuery, is func(api.Channel) bool) (page api.Page[api.Channel], err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(method, q.Kinds, q.Cursor); err != nil {
		return page, err
	}
	var scopes []string
	for _, k := range q.Kinds {
		scopes = append(scopes, map[api.Kind]string{api.Public: "channels:read", api.Private: "groups:read", api.Direct: "im:read", api.Group: "mpim:read"}[k])
	}
	if err := s.lacks(scopes...); err != nil || len(q.Kinds) == 0 {
		return page, errors.Join(err, nil)
	}
	var list []api.Channel
	for _, c := range s.channels {
		if slices.Contains(q.Kinds, c.Kind) && (q.Archived || !c.Archived) && is(c) {
			list = append(list, c)
		}
	}
	return cut(list, q.Cursor, q.Limit, s.page)
}

func cut[T any](list []T, cursor string, limit, most int) (page api.Page[T], err error) {
	from := 0
	if cursor != "" {
		if _, err := fmt.Sscanf(cursor, "next:%d", &from); err != nil || from > len(list) {
			return page, &failure{"slack_refused", map[string]string{"slack_error": "invalid_cursor"}}
		}
	}
	if limit < 1 || limit > 999 {
		return page, &failure{"slack_refused", map[string]string{"slack_error": "invalid_limit"}}
	}
	if most > 0 {
		limit = min(limit, most)
	}
	to := min(from+limit, len(list))
	if to < len(list) {
		page.Next = fmt.Sprintf("next:%d", to)
	}
	page.List = slices.Clone(list[from:to])
	return page, nil
}

// Channels is that of the client.
func (s *slack) Channels(_ context.Context, q api.ChannelQuery) (api.Page[api.Channel], error) {
	return s.list("conversations.list", q, func(c api.Channel) bool { return c.Kind == api.Public || c.Member })
}

// MyChannels is that of the client.
func (s *slack) MyChannels(_ context.Context, q api.ChannelQuery) (api.Page[api.Channel], error) {
	if s.old {
		return api.Page[api.Channel]{}, &failure{"slack_refused", map[string]string{"slack_error": "unknown_method"}}
	}
	return s.list("users.conversations", q, func(c api.Channel) bool { return c.Member })
}

// Channel is that of the client.
func (s *slack) Channel(_ context.Context, id string) (api.Channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.enter("conversations.info", id), s.lacks("channels:read")); err != nil {
		return api.Channel{}, err
	}
	for _, c := range s.channels {
		if c.ID == id {
			return c, nil
		}
	}
	return api.Channel{}, &failure{code: "unknown_channel"}
}

// User is that of the client.
func (s *slack) User(ctx context.Context, id string) (api.User, error) {
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return api.User{}, ctx.Err()
		}
	}
	return s.user("users.info", id, "unknown_user", func(u api.User) bool { return u.ID == id })
}

// UserByEmail is that of the client.
func (s *slack) UserByEmail(_ context.Context, email string) (api.User, error) {
	return s.user("users.lookupByEmail", email, "unknown_user", func(u api.User) bool { return strings.EqualFold(u.Email, email) })
}

func (s *slack) user(method, text, otherwise string, is func(api.User) bool) (api.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.enter(method, text), s.lacks("users:read")); err != nil {
		return api.User{}, err
	}
	if i := slices.IndexFunc(s.users, is); i >= 0 {
		return s.users[i], nil
	}
	return api.User{}, &failure{code: otherwise}
}

// Users is that of the client.
func (s *slack) Users(_ context.Context, cursor string, limit int) (page api.Page[api.User], err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.enter("users.list", cursor), s.lacks("users:read")); err != nil {
		return page, err
	}
	return cut(s.users, cursor, limit, s.page)
}

// Search is that of the client: everybody has written in every channel. It takes
// display names for handles, as Slack does.
func (s *slack) Search(_ context.Context, q api.SearchQuery) (found api.Found, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter("search.messages", q.Query); err != nil {
		return found, err
	}
	if s.bot {
		return found, &failure{code: "slack_user_token_needed"}
	}
	if s.mute {
		return found, nil
	}
	if name, ok := strings.CutPrefix(q.Query, "in:#"); ok {
		for _, c := range s.channels {
			if c.Name == name {
				found.List = append(found.List, api.Message{User: "U0000000", Channel: api.Channel{ID: c.ID, Name: c.Name, Kind: c.Kind}})
			}
		}
	}
	if name, ok := strings.CutPrefix(q.Query, "from:@"); ok {
		for _, u := range s.users {
			if strings.EqualFold(u.Handle, name) || strings.EqualFold(u.Display, name) {
				found.List = append(found.List, api.Message{User: u.ID})
			}
		}
	}
	return found, nil
}

// studio is a small workspace.
func studio() *slack {
	return &slack{
		channels: []api.Channel{
			{ID: "C0GENERAL", Kind: api.Public, Name: "general", Member: true, Topic: "All of\nus", Members: 12},
			{ID: "C0TIDAL01", Kind: api.Public, Name: "tidal"},
			{ID: "C0SEASON1", Kind: api.Public, Name: "season-2025", Archived: true},
			{ID: "C0SECRET1", Kind: api.Private, Name: "leadership", Member: true},
			{ID: "C0OTHERS1", Kind: api.Private, Name: "others"},
			{ID: "D0SANA001", Kind: api.Direct, User: "U0SANA001", Member: true},
			{ID: "G0SEVERAL", Kind: api.Group, Name: "mpdm-caleb--sana--theo-1", Member: true},
			{ID: "C0UMLAUT1", Kind: api.Public, Name: "büro"},
		},
		users: []api.User{
			{ID: "U0CALEB01", Handle: "caleb.ochoa", Name: "Caleb Ochoa", Title: "Director", Email: "caleb@flux.example"},
			{ID: "U0SANA001", Handle: "sana.patel", Name: "Sana Patel", Display: "Sana", Email: "sana@flux.example", Zone: "Europe/Berlin"},
			{ID: "U0THEO001", Handle: "theo", Name: "Theo Norris", Display: "theo n"},
			{ID: "U0TWIN001", Handle: "twin1", Name: "Alex Twin"},
			{ID: "U0TWIN002", Handle: "twin2", Name: "alex twin"},
			{ID: "U0GONE001", Handle: "kim1", Name: "Kim Lee", Gone: true},
			{ID: "U0HERE001", Handle: "kim2", Name: "Kim Lee"},
			{ID: "U0MASK001", Handle: "mallory", Display: "caleb.ochoa"},
		},
	}
}

// clock is a time that tests move on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now.IsZero() {
		c.now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	}
	return c.now
}

func (c *clock) pass(d time.Duration) {
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.Add(d)
}

// codeOf is the code of an error; empty: there is none.
func codeOf(err error) string {
	var told interface{ Code() string }
	if errors.As(err, &told) {
		return told.Code()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func hintOf(err error) string {
	var told interface{ Hint() string }
	if errors.As(err, &told) {
		return told.Hint()
	}
	return ""
}

func of(s *slack) *names.Names { return names.New(names.Config{API: s}) }

func TestNothingIsAskedAtTheStart(t *testing.T) {
	s := studio()
	of(s)
	if n := s.count(""); n != 0 {
		t.Errorf("%d calls before anybody asked, want none", n)
	}
}
