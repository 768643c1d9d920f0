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
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
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
type Files struct {
	own     *store.Own
	vault   *vault.Vault
	options Options
}

// New returns the files that o keeps and v seals.
func New(o *store.Own, v *vault.Vault, options Options) *Files {
	if options.MaxBytes < 1 {
		options.MaxBytes = DefaultMaxBytes
	}
	if options.PerPerson < 1 {
		options.PerPerson = DefaultPerPerson
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Files{own: o, vault: v, options: options}
}

// Longest texts that are kept, bytes. Parts of keys stand in entries of an
// index, which PostgreSQL bounds.
const (
	maxPart = 512
	maxName = 256
)

// keeps reports whether a row can have this key and stamp.
func (k Key) keeps(stamp string) bool {
	for _, s := range []string{k.Person.Issuer, k.Person.Subject, k.Account, k.File} {
		if s == "" || !storable(s) {
			return false
		}
	}
	return storable(stamp)
}

// storable reports whether PostgreSQL can keep s in an index.
func storable(s string) bool {
	return len(s) <= maxPart && utf8.ValidString(s) && !strings.Contains(s, "\x00")
}

// shown makes a name of somebody else's one that PostgreSQL can keep.
func shown(name string) string {
	name = strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", "\uFFFD")
	if len(name) <= maxName {
		return name
	}
	cut := maxName - len("…")
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + "…"
}

// place binds a content to whose it is, and to its stamp. It is not bound to
// the row's id, which says none of that: a row that is given to another person
// cannot be opened, nor an old content under the stamp of a new one.
func (k Key) place(stamp string) vault.Place {
	var row strings.Builder
	for _, part := range []string{k.Person.Issuer, k.Person.Subject, k.Account, k.File, stamp} {
		row.WriteString(strconv.Quote(part))
	}
	return vault.Place{Table: "figma_files_cache", Row: row.String(), Column: "content", Version: 1}
}

// Get gives the file of k that was put last, unless it has expired or was
// dropped. One that cannot be opened, because its key is gone, it was changed
// outside fluxmcp, or it is larger than is kept, is deleted and a miss.
func (f *Files) Get(ctx context.Context, k Key) (Entry, bool, error) {
	if !k.keeps("") {
		return Entry{}, false, nil
	}
	row, there, err := f.find(ctx, k)
	if err != nil || !there {
		return Entry{}, false, err
	}
	content, err := f.vault.Open(row.Content, k.place(row.Stamp))
	if err != nil {
		return Entry{}, false, f.discard(ctx, row, err)
	}
	return Entry{Stamp: row.Stamp, Content: content, CachedAt: row.CachedAt}, true, nil
}

// discard deletes a row that cannot be opened, unless another one has been put
// in its place since.
func (f *Files) discard(ctx context.Context, r found, cause error) error {
	f.options.Log.WarnContext(ctx, "a cached file cannot be opened and is fetched again", slog.String("cause", cause.Error()))
	if _, err := f.own.Exec(ctx, discardSQL, r.ID, r.CachedAt); err != nil {
		return fmt.Errorf("delete a cached file that cannot be opened: %w", err)
	}
	return nil
}

// Put keeps e for ttl, over what was there under k. name is what people call
// the file; it is kept in the clear, for who runs fluxmcp. Where the person then
// has more files than Options.PerPerson, those that were not used for the
// longest time go, to the minute. Where the content is larger than
// Options.MaxBytes, ttl is not positive, or a part of the key is empty, longer
// than 512 bytes or no text, it does nothing.
func (f *Files) Put(ctx context.Context, k Key, e Entry, name string, ttl time.Duration) error {
	if !k.keeps(e.Stamp) || len(e.Content) > f.options.MaxBytes || ttl <= 0 {
		return nil
	}
	sealed := f.vault.Seal(e.Content, k.place(e.Stamp))
	err := f.own.Do(ctx, func(tx *store.OwnTx) error {
		user, err := userOf(ctx, tx, k.Person)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, putSQL, inBytes, user, k.Account, k.File, e.Stamp, shown(name), sealed, len(e.Content), ttl); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, pruneSQL, user, f.options.PerPerson)
		return err
	})
	if err != nil {
		return fmt.Errorf("cache a file: %w", err)
	}
	return nil
}

// Drop forgets a file of everybody, and tells how many had it. After an error
// some of them may still have it.
func (f *Files) Drop(ctx context.Context, file string) (int, error) {
	if !storable(file) {
		return 0, nil
	}
	dropped := 0
	for {
		n, err := f.own.Exec(ctx, dropSQL, file, dropBatch)
		dropped += int(n)
		if err != nil {
			return dropped, fmt.Errorf("drop a cached file: %w", err)
		}
		if n < dropBatch {
			return dropped, nil
		}
	}
}

// Forget forgets all files of a person.
func (f *Files) Forget(ctx context.Context, p oauth.Person) error {
	if _, err := f.own.Exec(ctx, forgetSQL, p.Issuer, p.Subject); err != nil {
		return fmt.Errorf("forget a person's cached files: %w", err)
	}
	return nil
}
