package names

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// How much is asked for at once where names are only to be shown.
const (
	unknownIDs = 50
	parallel   = 8
	showing    = 2 * time.Second
)

// card is what is known of an id.
type card[T any] struct {
	value T
	at    time.Time
	whole bool // it is all that Slack says
	none  bool // there is no such id, for recent
}

// known is the card of an id, unless it is too old.
func known[T any](n *Names, cache *otter.Cache[string, card[T]], key string, most time.Duration) (card[T], bool) {
	c, ok := cache.GetIfPresent(key)
	if ok && c.none {
		most = min(most, recent)
	}
	return c, ok && n.cfg.Now().Sub(c.at) < most
}

// profile is a user by id.
// Errors: *Unknown; those of the request.
func (n *Names) profile(ctx context.Context, w who, id string) (api.User, error) {
	c, ok := known(n, n.people, w.key+id, Life)
	switch {
	case ok && c.none:
		return api.User{}, &Unknown{what: aUser, text: id}
	case ok && c.whole:
		return c.value, nil
	}
	u, err := n.cfg.API.User(ctx, id)
	if err == nil {
		n.people.Set(w.key+id, card[api.User]{value: u, at: n.cfg.Now(), whole: true})
		return u, nil
	}
	n.forget(ctx, w, err)
	if codeOf(err) == unknownUser {
		n.people.Set(w.key+id, card[api.User]{at: n.cfg.Now(), none: true})
		return u, &Unknown{what: aUser, text: id}
	}
	return u, err
}

// channel is a conversation by id, as Slack said no longer ago than most. One
// that the token may not ask about has an id and a kind alone.
// Errors: those of the request.
func (n *Names) channel(ctx context.Context, w who, id string, most time.Duration) (api.Channel, error) {
	if c, ok := known(n, n.channels, w.key+id, most); ok && !c.none {
		return c.value, nil
	}
	ch, err := n.cfg.API.Channel(ctx, id)
	switch {
	case err == nil:
		n.channels.Set(w.key+id, card[api.Channel]{value: ch, at: n.cfg.Now(), whole: true})
	case codeOf(err) == "slack_scope_missing":
		return api.Channel{ID: id, Kind: kindOfID(id)}, nil
	default:
		n.forget(ctx, w, err)
		if codeOf(err) == unknownChannel {
			n.channels.Set(w.key+id, card[api.Channel]{at: n.cfg.Now(), none: true})
		}
	}
	return ch, err
}

// kindOfID is the kind that an id is most likely of.
func kindOfID(id string) api.Kind {
	switch id[0] {
	case 'D':
		return api.Direct
	case 'G':
		return api.Private
	default:
		return api.Public
	}
}

// Note remembers profiles that came along with something else, such as messages.
func (n *Names) Note(ctx context.Context, users ...api.User) {
	w, err := n.who(ctx)
	if err != nil {
		return
	}
	for _, u := range users {
		if _, ok := known(n, n.people, w.key+u.ID, Life); u.ID != "" && !ok {
			n.people.Set(w.key+u.ID, card[api.User]{value: u, at: n.cfg.Now()})
		}
	}
}

// People are the profiles of users by id, for showing. At most 50 that are not
// known are asked for, within two seconds; the rest is missing.
func (n *Names) People(ctx context.Context, ids []string) map[string]api.User {
	return gather(ctx, n, shelf[api.User]{
		cache: n.people, parts: []part{people}, read: userOf, id: func(u api.User) string { return u.ID },
		ask: n.profile, valid: userID.MatchString,
	}, ids)
}

// ChannelNames are the names of channels by id, without #, likewise. A
// conversation without a name is missing.
func (n *Names) ChannelNames(ctx context.Context, ids []string) map[string]string {
	found := gather(ctx, n, shelf[api.Channel]{
		cache: n.channels, parts: []part{mine, public}, read: channelOf, id: func(c api.Channel) string { return c.ID },
		ask:   func(ctx context.Context, w who, id string) (api.Channel, error) { return n.channel(ctx, w, id, Life) },
		valid: func(id string) bool { return channelID.MatchString(id) && id[0] != 'D' },
	}, ids)
	names := map[string]string{}
	for id, c := range found {
		if c.Name != "" {
			names[id] = c.Name
		}
	}
	return names
}

// shelf is where things of one kind are found.
type shelf[T any] struct {
	cache *otter.Cache[string, card[T]]
	parts []part // lists that have them
	read  func(line string) T
	id    func(T) string
	ask   func(ctx context.Context, w who, id string) (T, error)
	valid func(id string) bool
}

// gather finds what it can of ids soon.
func gather[T any](ctx context.Context, n *Names, s shelf[T], ids []string) map[string]T {
	found := map[string]T{}
	w, err := n.who(ctx)
	if err != nil {
		return found
	}
	unknown := map[string]bool{}
	for _, id := range ids {
		switch c, ok := known(n, s.cache, w.key+id, Life); {
		case ok && !c.none:
			found[id] = c.value
		case !ok && s.valid(id):
			unknown[id] = true
		}
	}
	if len(unknown) == 0 {
		return found
	}
	for _, p := range s.parts {
		s.listed(n.book(w, p), unknown, found)
	}
	left := make([]string, 0, len(unknown))
	for _, id := range ids {
		if unknown[id] {
			delete(unknown, id)
			left = append(left, id)
		}
	}
	s.fetch(ctx, n, w, left[:min(len(left), unknownIDs)], found)
	return found
}

// listed moves those from unknown to found that a list has as far as it was read.
func (s shelf[T]) listed(b *book, unknown map[string]bool, found map[string]T) {
	for i := 0; len(unknown) > 0; i++ {
		l, ok, _ := b.leaf(i)
		if !ok {
			return
		}
		for line := range strings.SplitSeq(l.Lines, ofLines) {
			if id, _, _ := strings.Cut(line, ofFields); unknown[id] {
				delete(unknown, id)
				found[id] = s.read(line)
			}
		}
	}
}

// fetch asks for ids, some at once, until one answer says that the others would
// be no better.
func (s shelf[T]) fetch(ctx context.Context, n *Names, w who, ids []string, found map[string]T) {
	muted := w.key // no id is empty
	if _, ok := known(n, s.cache, muted, fresh); ok || len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, showing)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan string, len(ids))
	for _, id := range ids {
		next <- id
	}
	close(next)
	for range min(parallel, len(ids)) {
		all.Go(func() {
			for id := range next {
				v, err := s.ask(ctx, w, id)
				mu.Lock()
				if err == nil {
					found[id] = v
				} else if vain(ctx, err) {
					s.cache.Set(muted, card[T]{at: n.cfg.Now(), none: true})
					cancel()
				}
				mu.Unlock()
				if ctx.Err() != nil {
					return
				}
			}
		})
	}
	all.Wait()
}

// vain tells that asking for another id would fail as well.
func vain(ctx context.Context, err error) bool {
	hopeless := []string{"slack_scope_missing", "slack_token_refused", "slack_rate_limited", "slack_unavailable"}
	return ctx.Err() == nil && !errors.As(err, new(*Unknown)) && slices.Contains(hopeless, codeOf(err))
}
