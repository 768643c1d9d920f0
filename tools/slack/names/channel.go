package names

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// Channel finds a conversation by its id, a link to it or to a message in it,
// <#C…>, #name or name, or by the person of a direct message: @handle, U…, <@U…>
// or an email address.
func (n *Names) Channel(ctx context.Context, text string) (api.Channel, error) {
	return n.find(ctx, text, false)
}

// Target is Channel for who wants to post: what it says is no older than
// two seconds, and somebody without a direct message yet gives Channel{ID: "U…", Kind:
// Direct, User: "U…"}, where Slack opens one with the first message.
func (n *Names) Target(ctx context.Context, text string) (api.Channel, error) {
	return n.find(ctx, text, true)
}

func (n *Names) find(ctx context.Context, text string, post bool) (api.Channel, error) {
	w, err := n.who(ctx)
	if err != nil {
		return api.Channel{}, err
	}
	most := Life
	if post {
		most = sending
	}
	switch ref := parse(text); {
	case ref.channel != "":
		return n.channel(ctx, w, ref.channel, most)
	case ref.name == "" && ref == reference{}:
		return api.Channel{}, &Unknown{what: aChannel, text: text}
	case ref.name == "":
		u, err := n.person(ctx, w, ref)
		if err != nil {
			return api.Channel{}, err
		}
		return n.with(ctx, w, u, post)
	case post:
		return n.checked(ctx, w, ref.name)
	default:
		return n.named(ctx, w, ref.name)
	}
}

// checked is the channel of a name, as Slack says now: names move from one
// channel to another, and a message must not go where the name was an hour ago.
func (n *Names) checked(ctx context.Context, w who, name string) (api.Channel, error) {
	for again := false; ; again = true {
		ch, err := n.named(ctx, w, name)
		if err != nil {
			return ch, err
		}
		now, err := n.channel(ctx, w, ch.ID, sending)
		switch {
		case err == nil && now.Name == "": // the token may not ask about one
			return ch, nil
		case err == nil && strings.EqualFold(now.Name, name):
			return now, nil
		case err != nil && codeOf(err) != unknownChannel:
			return ch, err
		case again:
			return api.Channel{}, &Unknown{what: aChannel, text: name}
		}
		n.drop(w, n.book(w, mine))
		n.drop(w, n.book(w, public))
	}
}

// named is the channel of a name: among one's own, then among all as far as they
// were read, among one's own once more where those are old, and only then among
// all that there are.
// Errors: *Unknown; those of the requests, also where nothing may be listed.
func (n *Names) named(ctx context.Context, w who, name string) (api.Channel, error) {
	own, all := n.book(w, mine), n.book(w, public)
	aged := own.age(n.cfg.Now()) >= fresh || own.aged(n.cfg.Now())
	ch, ownSeen, err := n.scan(ctx, w, own, name)
	if err != nil || ch.ID != "" {
		return ch, err
	}
	if ch, _, err := n.pages(ctx, n.reader(w, all, 0), name); err != nil || ch.ID != "" {
		return ch, err
	}
	if aged {
		n.drop(w, own)
		own = n.book(w, mine)
		if ch, ownSeen, err = n.scan(ctx, w, own, name); err != nil || ch.ID != "" {
			return ch, err
		}
	}
	if all.aged(n.cfg.Now()) {
		n.drop(w, all)
		all = n.book(w, public)
	}
	ch, allSeen, err := n.scan(ctx, w, all, name)
	if err != nil || ch.ID != "" {
		return ch, err
	}
	return api.Channel{}, missed(name, own, ownSeen, all, allSeen)
}

// missed says that a name is in neither list, or why none may be read.
func missed(name string, own *book, ownSeen glance, all *book, allSeen glance) error {
	lacks, denied := own.missing()
	more, alsoDenied := all.missing()
	if denied != nil && alsoDenied != nil {
		return denied
	}
	e := &Unknown{what: aChannel, text: name}
	for _, s := range append(slices.Clone(lacks), more...) {
		if s != scopeOf(api.Direct) && s != scopeOf(api.Group) { // those have no names
			e.lack([]string{s})
		}
	}
	e.look(ownSeen)
	e.look(allSeen)
	e.looked = max(ownSeen.looked, allSeen.looked) // one's own public channels are in both
	return e
}

// glance is what came of looking for a name in a list.
type glance struct {
	looked int      // lines
	more   bool     // there are others, which were not read
	near   []string // names that are like it
}

// scan looks for a name in b: on the first page, then by a search, then as far
// as it may.
func (n *Names) scan(ctx context.Context, w who, b *book, name string) (api.Channel, glance, error) {
	r := n.reader(w, b, 1)
	defer r.close(ctx)
	ch, seen, err := n.pages(ctx, r, name)
	if err != nil || ch.ID != "" || !r.stopped {
		return ch, seen, err
	}
	if ch, ok := n.searched(ctx, w, b, name); ok {
		return ch, seen, nil
	}
	r.stopped, r.asks = false, channelPages
	ch, rest, err := n.pages(ctx, r, name)
	rest.near = append(seen.near, rest.near...)
	return ch, rest, err
}

// pages looks for a name on the pages that r may read.
func (n *Names) pages(ctx context.Context, r *reader, name string) (api.Channel, glance, error) {
	near := nearest{to: name}
	for {
		line, ok, err := r.next(ctx)
		if err != nil || !ok {
			return api.Channel{}, glance{r.seen, r.stopped, near.list()}, err
		}
		is := field(line, 2)
		if strings.EqualFold(is, name) {
			return channelOf(line), glance{}, nil
		}
		near.add(is)
	}
}

// field is one field of a line.
func field(line string, i int) string {
	for ; i > 0; i-- {
		_, line, _ = strings.Cut(line, ofFields)
	}
	line, _, _ = strings.Cut(line, ofFields)
	return line
}

// channelName is what a name looks like that can be searched in.
var channelName = regexp.MustCompile(`^[\p{L}\p{M}\p{N}_-]+$`)

// searched finds a channel where something was said by a search in it, which is
// one request where the list takes many.
func (n *Names) searched(ctx context.Context, w who, b *book, name string) (api.Channel, bool) {
	if b.part != public || !channelName.MatchString(name) {
		return api.Channel{}, false
	}
	for _, m := range n.search(ctx, b, "in:#"+strings.ToLower(name)) {
		if !strings.EqualFold(m.Channel.Name, name) {
			continue
		}
		ch, err := n.channel(ctx, w, m.Channel.ID, fresh)
		return ch, err == nil && strings.EqualFold(ch.Name, name)
	}
	return api.Channel{}, false
}

// search finds the newest message; nil: none, or the token may not search, which
// is remembered with b.
func (n *Names) search(ctx context.Context, b *book, query string) []api.Message {
	b.mu.Lock()
	not := b.noSearch
	b.mu.Unlock()
	if not {
		return nil
	}
	found, err := n.cfg.API.Search(ctx, api.SearchQuery{Query: query, Limit: 1})
	if code := codeOf(err); code == "slack_scope_missing" || code == "slack_user_token_needed" {
		b.mu.Lock()
		b.noSearch = true
		b.mu.Unlock()
	}
	return found.List
}

// with is the direct message with u.
func (n *Names) with(ctx context.Context, w who, u api.User, post bool) (api.Channel, error) {
	for again := false; ; again = true {
		b := n.book(w, mine)
		ch, err := n.direct(ctx, w, b, u.ID)
		scopes, denied := b.missing()
		switch {
		case err != nil || ch.ID != "":
			return ch, err
		case !again && b.whole() && b.age(n.cfg.Now()) >= fresh:
			n.drop(w, b)
			continue
		case post:
			return api.Channel{ID: u.ID, Kind: api.Direct, User: u.ID}, nil
		case denied != nil:
			return ch, denied
		case slices.Contains(scopes, scopeOf(api.Direct)):
			return ch, &Withheld{[]string{scopeOf(api.Direct)}}
		}
		return ch, &Unknown{what: aDirect, text: u.ID}
	}
}

// direct is the direct message with a user in b; zero: there is none.
func (n *Names) direct(ctx context.Context, w who, b *book, user string) (api.Channel, error) {
	r := n.reader(w, b, channelPages)
	defer r.close(ctx)
	for {
		line, ok, err := r.next(ctx)
		if err != nil || !ok {
			return api.Channel{}, err
		}
		if field(line, 3) == user && strings.HasPrefix(field(line, 1), letterOf(api.Direct)) {
			return channelOf(line), nil
		}
	}
}

// Direct is the id of the direct message with a person, as Slack says now.
// Errors: *Unknown where there is none; those of the requests.
func (n *Names) Direct(ctx context.Context, user string) (string, error) {
	ask, q := n.cfg.API.MyChannels, api.ChannelQuery{Kinds: []api.Kind{api.Direct}, Limit: pageSize}
	for range channelPages {
		page, err := ask(ctx, q)
		if detail(err, "slack_error") == "unknown_method" {
			ask = n.cfg.API.Channels
			continue
		}
		if err != nil {
			return "", err
		}
		for _, ch := range page.List {
			if ch.Kind == api.Direct && ch.User == user {
				return ch.ID, nil
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if q.Cursor != "" { // no *Unknown, which would say that there is none
		return "", errors.New("find direct message: there are too many to look through")
	}
	return "", &Unknown{what: aDirect, text: user}
}
