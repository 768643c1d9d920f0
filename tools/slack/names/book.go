package names

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// part is one list of a workspace.
type part string

const (
	mine   part = "mine"   // conversations of all kinds that whoever asks is in
	public part = "public" // channels
	people part = "people"
)

// holds is how many lines a list keeps.
func (p part) holds() int {
	if p == people {
		return 20_000
	}
	return 100_000
}

// book is a list as far as it was read.
type book struct {
	part  part
	loose bool          // begins in the middle, and is not kept
	turn  chan struct{} // taken by who reads the next page
	bytes atomic.Int64

	mu       sync.Mutex
	pages    []leaf
	lines    int
	next     string     // cursor of the page after the last
	done     bool       // there is none
	at       time.Time  // when the first page was read; zero: it was not
	kinds    []api.Kind // of mine: those that the token may list
	listed   bool       // mine is read from conversations.list, since Slack has no other
	lacks    []string   // scopes
	denied   error      // why nothing may be listed
	noSearch bool       // the token may not search
	loaded   bool       // what others have kept of it was looked for
}

// leaf is one page. Its lines never change.
type leaf struct {
	Cursor string // that asks for it
	Lines  string
}

func newBook(p part, loose bool) *book {
	b := &book{part: p, turn: make(chan struct{}, 1), loose: loose, loaded: loose}
	if p == mine {
		b.kinds = []api.Kind{api.Public, api.Private, api.Direct, api.Group}
	}
	return b
}

// book is the list of who asks.
func (n *Names) book(w who, p part) *book {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := w.key + string(p)
	if b, ok := n.books.GetIfPresent(key); ok && b.age(n.cfg.Now()) < Life {
		return b
	}
	b := newBook(p, false)
	n.books.Set(key, b)
	return b
}

// drop makes the next call read a list anew, if b is still the one that is kept.
func (n *Names) drop(w who, b *book) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := w.key + string(b.part)
	if kept, ok := n.books.GetIfPresent(key); ok && kept == b {
		fresh := newBook(b.part, false)
		fresh.loaded = true // what others have kept is as old, or older
		n.books.Set(key, fresh)
	}
}

// weigh tells the cache how large b has become.
func (n *Names) weigh(w who, b *book) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if kept, ok := n.books.GetIfPresent(w.key + string(b.part)); ok && kept == b {
		n.books.Set(w.key+string(b.part), b)
	}
}

// age is how long ago the first page was read; zero: it was not.
func (b *book) age(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at.IsZero() {
		return 0
	}
	return now.Sub(b.at)
}

// leaf is page i, if it is there; over: none will follow.
func (b *book) leaf(i int) (l leaf, ok, over bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i < len(b.pages) {
		return b.pages[i], true, false
	}
	return leaf{}, false, b.done || b.full()
}

// full tells that more would be too much. The caller holds mu.
func (b *book) full() bool { return !b.loose && b.lines >= b.part.holds() }

// whole tells that all of the list is there.
func (b *book) whole() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.done
}

// aged tells that a list that lacks a name may be too old to say so: a short one
// is soon read again.
func (b *book) aged(now time.Time) bool {
	b.mu.Lock()
	pages := len(b.pages)
	b.mu.Unlock()
	age := b.age(now)
	return b.whole() && (age >= recent || pages <= few && age >= soon)
}

// few is how many pages are soon read again.
const few = 3

// find is the index of the page that a cursor asks for.
func (b *book) find(cursor string) (int, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.pages, func(l leaf) bool { return l.Cursor == cursor })
	if i < 0 && cursor == b.next && !b.done && !b.full() {
		i = len(b.pages)
	}
	return i, i >= 0
}

// from is the list of b from a cursor on, and the page there.
func (b *book) from(cursor string) (*book, int) {
	if i, ok := b.find(cursor); ok {
		return b, i
	}
	loose := newBook(b.part, true)
	b.mu.Lock()
	defer b.mu.Unlock()
	loose.next, loose.kinds, loose.listed = cursor, b.kinds, b.listed
	return loose, 0
}

// add appends a page.
func (b *book) add(lines []string, next string, now time.Time) {
	text := strings.Join(lines, ofLines)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at.IsZero() {
		b.at = now
	}
	b.pages = append(b.pages, leaf{b.next, text})
	b.lines += len(lines)
	b.next, b.done = next, next == ""
	b.bytes.Add(int64(len(text) + len(next) + 64))
}

// end closes a list that may not be read.
func (b *book) end(denied error, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at.IsZero() {
		b.at = now
	}
	b.done, b.denied = true, denied
}

// grow reads the page after those that the caller has seen, unless another
// caller does so meanwhile.
// Errors: those of the request, and of ctx.
func (n *Names) grow(ctx context.Context, w who, b *book, seen int) error {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.turn }()
	if !b.loaded { // only who has the turn reads or sets it
		b.loaded = true
		n.load(ctx, w, b)
	}
	if _, ok, over := b.leaf(seen); ok || over {
		return nil
	}
	err := n.read(ctx, b)
	if err != nil {
		n.forget(ctx, w, err)
		return err
	}
	n.weigh(w, b)
	return nil
}

// read asks Slack for the next page of b.
func (n *Names) read(ctx context.Context, b *book) error {
	if b.part == people {
		page, err := n.cfg.API.Users(ctx, b.next, pageSize)
		if err == nil {
			b.add(linesOf(page.List, userLine), page.Next, n.cfg.Now())
		}
		return err
	}
	for {
		ask, q := n.question(b)
		page, err := ask(ctx, q)
		switch {
		case err == nil:
			b.add(linesOf(page.List, channelLine), page.Next, n.cfg.Now())
			return nil
		case codeOf(err) == "slack_scope_missing":
			if !b.narrow(err) {
				b.end(err, n.cfg.Now())
				return nil
			}
		case b.part == mine && !b.listed && detail(err, "slack_error") == "unknown_method":
			b.without()
		default:
			return err
		}
	}
}

// question is how Slack is asked for the next page of b.
func (n *Names) question(b *book) (func(context.Context, api.ChannelQuery) (api.Page[api.Channel], error), api.ChannelQuery) {
	q := api.ChannelQuery{Kinds: []api.Kind{api.Public}, Archived: true, Limit: pageSize, Cursor: b.next}
	if b.part == public {
		return n.cfg.API.Channels, q
	}
	q.Kinds = b.kinds
	if b.listed {
		return n.cfg.API.Channels, q
	}
	return n.cfg.API.MyChannels, q
}

// without says that Slack has no list of one's own conversations. Those that are
// not public are in the other list for their members alone.
func (b *book) without() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listed = true
	b.kinds = slices.DeleteFunc(slices.Clone(b.kinds), func(k api.Kind) bool { return k == api.Public })
}

// narrow leaves out the kinds whose scope the token lacks; false: no other is
// left. Slack names the scopes that would do, or all those of the method.
func (b *book) narrow(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	needed, provided := detail(err, "needed"), detail(err, "provided")
	has := func(list string, k api.Kind) bool {
		return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool { return strings.TrimSpace(s) == scopeOf(k) })
	}
	left := slices.DeleteFunc(slices.Clone(b.kinds), func(k api.Kind) bool { return !has(provided, k) })
	if provided == "" || len(left) == len(b.kinds) {
		left = slices.DeleteFunc(slices.Clone(b.kinds), func(k api.Kind) bool { return has(needed, k) })
	}
	if len(left) == len(b.kinds) && len(left) > 1 && left[0] == api.Public {
		left = left[:1]
	}
	lost := b.kinds
	if b.part == public {
		lost, left = []api.Kind{api.Public}, nil
	}
	for _, k := range lost {
		if !slices.Contains(left, k) {
			b.lacks = append(b.lacks, scopeOf(k))
		}
	}
	again := len(left) > 0 && len(left) < len(b.kinds)
	b.kinds = left
	return again
}

// missing are the scopes whose lack leaves something out.
func (b *book) missing() ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lacks, b.denied
}

func linesOf[T any](list []T, line func(T) string) []string {
	lines := make([]string, len(list))
	for i, v := range list {
		lines[i] = line(v)
	}
	return lines
}
