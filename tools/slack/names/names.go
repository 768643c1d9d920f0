// Package names finds out which channel or person a caller means: by id, link,
// mention, #name, @handle, name or email address. It reads no more of a
// workspace's lists than it needs, keeps what it has read for an hour, and goes
// on from there the next time. It knows neither tools nor messages.
//
// What one person has read with one account is never used for another.
package names

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// Life is how long anything that was read may be used.
const Life = time.Hour

// How old what was read may be before it is read again.
const (
	sending  = 2 * time.Second  // of what a message is about to be sent to
	fresh    = time.Minute      // of one's own channels that lack a name
	soon     = 10 * time.Second // of lists of few pages that lack a name
	recent   = 10 * time.Minute // of other lists that lack a name; and how long an id counts as unknown
	patience = 5 * time.Second  // after it a call reads no further page
)

// How many pages of a list a call asks for, each of pageSize.
// Source: limit in https://docs.slack.dev/reference/methods/conversations.list
// and https://docs.slack.dev/reference/methods/users.list, which is below 1000.
const (
	pageSize     = 999
	channelPages = 40
	peoplePages  = 10
)

// How much is kept in this process, bytes.
const (
	bookBytes = 32 << 20
	cardBytes = 8 << 20
)

// Conversations are the calls of Slack about channels that Names makes.
type Conversations interface {
	Channels(ctx context.Context, q api.ChannelQuery) (api.Page[api.Channel], error)
	MyChannels(ctx context.Context, q api.ChannelQuery) (api.Page[api.Channel], error)
	Channel(ctx context.Context, id string) (api.Channel, error)
}

// Directory are the calls of Slack about people that Names makes.
type Directory interface {
	User(ctx context.Context, id string) (api.User, error)
	UserByEmail(ctx context.Context, email string) (api.User, error)
	Users(ctx context.Context, cursor string, limit int) (api.Page[api.User], error)
	Search(ctx context.Context, q api.SearchQuery) (api.Found, error)
}

// API are the calls of Slack that Names makes, as the person of ctx. Errors are
// told apart by their Code.
type API interface {
	Conversations
	Directory
}

// Keeper keeps what was read beyond this process, for the person of ctx and for
// Life at most. What it cannot keep is forgotten.
type Keeper interface {
	Get(ctx context.Context, account, part string) (content []byte, at time.Time, ok bool)
	Put(ctx context.Context, account, part string, content []byte)
	Drop(ctx context.Context, account string)
}

// Config is what Names needs. Only API is required.
type Config struct {
	API API

	// Account names the account of Slack that the person of ctx asks with. It
	// fails where none is connected. nil: there is one account.
	Account func(ctx context.Context) (string, error)
	// Person names who asks in ctx. nil: there is one person.
	Person func(ctx context.Context) string

	Kept Keeper // nil: what was read is kept in this process alone
	Log  *slog.Logger
	Now  func() time.Time
}

// Names is safe for concurrent use.
//
// Errors of its methods: *Unknown, *Ambiguous, those of Config.API and
// Config.Account, and of the caller's context.
type Names struct {
	cfg      Config
	mu       sync.Mutex // of books
	books    *otter.Cache[string, *book]
	people   *otter.Cache[string, card[api.User]]
	channels *otter.Cache[string, card[api.Channel]]
}

// New makes a Names. It asks nothing of Slack.
func New(cfg Config) *Names {
	if cfg.Account == nil {
		cfg.Account = func(context.Context) (string, error) { return "", nil }
	}
	if cfg.Person == nil {
		cfg.Person = func(context.Context) string { return "" }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	now := func(f func()) { f() } // evict before Set returns: no goroutine outlives the value
	return &Names{
		cfg: cfg,
		books: otter.Must(&otter.Options[string, *book]{
			MaximumWeight: bookBytes, Executor: now,
			Weigher: func(key string, b *book) uint32 { return uint32(len(key) + int(b.bytes.Load())) },
		}),
		people: otter.Must(&otter.Options[string, card[api.User]]{
			MaximumWeight: cardBytes, Executor: now,
			Weigher: func(key string, c card[api.User]) uint32 { return uint32(len(key) + 256 + len(userLine(c.value))) },
		}),
		channels: otter.Must(&otter.Options[string, card[api.Channel]]{
			MaximumWeight: cardBytes, Executor: now,
			Weigher: func(key string, c card[api.Channel]) uint32 {
				return uint32(len(key) + 192 + len(channelLine(c.value)))
			},
		}),
	}
}

// who asks, with which account.
type who struct{ account, key string }

// who names who asks in ctx; nothing that is kept is shared between two keys.
// Errors: those of Config.Account.
func (n *Names) who(ctx context.Context) (who, error) {
	account, err := n.cfg.Account(ctx)
	if err != nil {
		return who{}, err
	}
	return who{account, n.cfg.Person(ctx) + "\x00" + account + "\x00"}, nil
}

// forget drops the lists of an account whose token Slack refuses.
func (n *Names) forget(ctx context.Context, w who, err error) {
	if codeOf(err) != "slack_token_refused" {
		return
	}
	n.mu.Lock()
	for _, p := range [...]part{mine, public, people} {
		n.books.Invalidate(w.key + string(p))
	}
	n.mu.Unlock()
	if n.cfg.Kept != nil {
		n.cfg.Kept.Drop(ctx, w.account)
	}
}
