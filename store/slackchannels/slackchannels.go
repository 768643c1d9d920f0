// Package slackchannels keeps lists of Slack channels and people for an hour in
// the table fluxmcp.slack_channels_cache: bytes of its caller's making, sealed,
// apart for each person and each Slack account that they were read with. It
// knows neither what the bytes mean nor how to read a list.
//
// `keys rotate` does not seal these rows anew. One that was sealed with a key
// which is not there any more is a miss, and is read again.
package slackchannels

import (
	"context"
	_ "embed" // the SQL texts
	"log/slog"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/kept"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// Life is how long a list is kept after it was put.
const Life = time.Hour

// Bounds where Options give none.
const (
	DefaultMaxBytes  = 4 << 20
	DefaultPerPerson = 50
)

// Options of Channels. The zero value is ready to use.
type Options struct {
	MaxBytes  int          // larger contents are not kept, bytes before they are sealed; below 1: DefaultMaxBytes
	PerPerson int          // parts kept for a person at most, those of all their accounts together; below 1: DefaultPerPerson
	Log       *slog.Logger // for rows that cannot be opened; nil: no log
}

// Key says whose list it is. Different keys never share a row.
type Key struct {
	Person  oauth.Person
	Account string // Slack account that the list is read with; one that is connected anew is another one
	Part    string // which list, by the caller's name for it
}

// Channels keeps lists. It is safe for concurrent use, by any number of processes.
//
// Errors of all methods: those of store.Own. Whoever only wants to go faster
// can take each as a miss.
type Channels struct{ shelf *kept.Shelf }

// New returns the lists that o keeps and v seals.
func New(o *store.Own, v *vault.Vault, options Options) *Channels {
	shelf := kept.Shelf{Table: table(), Own: o, Vault: v, MaxBytes: options.MaxBytes, PerPerson: options.PerPerson, Log: options.Log}
	return &Channels{kept.New(shelf, DefaultMaxBytes, DefaultPerPerson)}
}

// Get gives the content of k that was put last, and when, by the database's
// clock, unless it has expired or was dropped. One that cannot be opened,
// because its key is gone, it was changed outside fluxmcp, or it is larger than
// is kept, is deleted and a miss.
func (c *Channels) Get(ctx context.Context, k Key) (content []byte, at time.Time, there bool, err error) {
	e, there, err := c.shelf.Get(ctx, kept.Key(k))
	return e.Content, e.CachedAt, there, err
}

// Put keeps content for Life, over what was there under k. Where the person
// then has more parts than Options.PerPerson, the oldest go. Where the content
// is larger than Options.MaxBytes, or a part of the key is empty, longer than
// 512 bytes or no text, it does nothing.
func (c *Channels) Put(ctx context.Context, k Key, content []byte) error {
	return c.shelf.Put(ctx, kept.Key(k), kept.Entry{Content: content}, Life)
}

// Drop forgets all that a person has read with an account.
func (c *Channels) Drop(ctx context.Context, p oauth.Person, account string) error {
	if !kept.Storable(account) {
		return nil // it has none
	}
	_, err := c.shelf.Delete(ctx, dropSQL, p.Issuer, p.Subject, account)
	return err
}

// Forget forgets all that a person has read, with whichever account.
func (c *Channels) Forget(ctx context.Context, p oauth.Person) error {
	_, err := c.shelf.Delete(ctx, dropSQL, p.Issuer, p.Subject, nil)
	return err
}

var (
	//go:embed queries/get.sql
	getSQL own.SQL
	//go:embed queries/put.sql
	putSQL own.SQL
	//go:embed queries/prune.sql
	pruneSQL own.SQL
	//go:embed queries/drop.sql
	dropSQL own.SQL
)

// discardSQL leaves a row that has been written anew.
const discardSQL own.SQL = `DELETE FROM fluxmcp.slack_channels_cache WHERE id = $1::uuid AND cached_at = $2::timestamptz`

func table() kept.Table {
	return kept.Table{Name: "slack_channels_cache", What: "a cached list of Slack", Get: getSQL, Put: putSQL, Prune: pruneSQL, Discard: discardSQL}
}
