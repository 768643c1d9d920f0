// Package figmafiles keeps Figma files for a while in the table
// fluxmcp.figma_files_cache: bytes of its caller's making, sealed, apart for
// each person and each Figma account that they were read with. It knows neither
// what the bytes mean, nor how to get a file, nor whether the person may still
// see it: who calls it finds that out before using what it gives.
//
// `keys rotate` does not seal these rows anew. One that was sealed with a key
// which is not there any more is a miss, and is fetched again.
package figmafiles

import (
	"context"
	"log/slog"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/kept"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// Bounds where Options give none.
const (
	DefaultMaxBytes  = 16 << 20
	DefaultPerPerson = 100
)

// Options of Files. The zero value is ready to use.
type Options struct {
	MaxBytes  int          // larger contents are not kept, bytes before they are sealed; below 1: DefaultMaxBytes
	PerPerson int          // files kept for a person at most, those of all their accounts together; below 1: DefaultPerPerson
	Log       *slog.Logger // for rows that cannot be opened; nil: no log
}

// Key says whose file it is. Different keys never share a row.
type Key struct {
	Person  oauth.Person
	Account string // Figma account that the content is read with
	File    string // Figma's key of the file
}

func (k Key) kept() kept.Key { return kept.Key{Person: k.Person, Account: k.Account, Part: k.File} }

// Entry is a file as it is kept.
type Entry struct {
	Stamp    string    // version and time of the content, for the caller to compare
	Content  []byte    // as the caller gave it
	CachedAt time.Time // when it was put, by the database's clock; Put does not read it
}

// Files keeps files. It is safe for concurrent use, by any number of processes.
//
// Errors of all methods: those of store.Own. Whoever only wants to go faster
// can take each as a miss.
type Files struct{ shelf *kept.Shelf }

// New returns the files that o keeps and v seals.
func New(o *store.Own, v *vault.Vault, options Options) *Files {
	shelf := kept.Shelf{Table: table(), Own: o, Vault: v, MaxBytes: options.MaxBytes, PerPerson: options.PerPerson, Log: options.Log}
	return &Files{kept.New(shelf, DefaultMaxBytes, DefaultPerPerson)}
}

// Get gives the file of k that was put last, unless it has expired or was
// dropped. One that cannot be opened, because its key is gone, it was changed
// outside fluxmcp, or it is larger than is kept, is deleted and a miss.
func (f *Files) Get(ctx context.Context, k Key) (Entry, bool, error) {
	e, there, err := f.shelf.Get(ctx, k.kept())
	return Entry(e), there, err
}

// Put keeps e for ttl, over what was there under k. name is what people call
// the file; it is kept in the clear, for who runs fluxmcp. Where the person then
// has more files than Options.PerPerson, those that were not used for the
// longest time go, to the minute. Where the content is larger than
// Options.MaxBytes, ttl is not positive, or a part of the key is empty, longer
// than 512 bytes or no text, it does nothing.
func (f *Files) Put(ctx context.Context, k Key, e Entry, name string, ttl time.Duration) error {
	return f.shelf.Put(ctx, k.kept(), kept.Entry(e), ttl, e.Stamp, kept.Shown(name))
}
