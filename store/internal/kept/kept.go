// Package kept is what the tables that keep copies of providers' answers have in
// common: contents of the caller's making, sealed, each in a row of a person, an
// account and a part. It knows neither the tables, whose statements it is given,
// nor what the contents mean.
//
// A row that cannot be opened is a miss, so these rows are not sealed anew when
// keys are replaced.
package kept

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// inBytes lets a content travel as it is. Without it, pgx and PostgreSQL write
// it in hexadecimal, which takes twice as long and several times the memory;
// it costs a round trip.
const inBytes = pgx.QueryExecModeDescribeExec

// Table is a table of fluxmcp's, with the statements that read and write it.
type Table struct {
	Name string // without its schema
	What string // one of its rows, for errors and logs, such as "a cached file"

	// Get reads a row that has not expired. $1 issuer, $2 subject, $3 account,
	// $4 part, $5 most bytes of sealed content. Row: id, stamp, content (null
	// where it is larger) and when it was put.
	Get own.SQL
	// Put writes a row over what was there. $1 user, $2 account, $3 part,
	// $4 sealed content, $5 its size before, $6 life, and then whatever Shelf.Put is given.
	Put own.SQL
	// Prune deletes what a person has too much of. $1 user, $2 how many may
	// stay.
	Prune own.SQL
	// Discard deletes a row that has not been written anew. $1 id, $2 when it was put.
	Discard own.SQL
}

// Shelf keeps the rows of one table. New makes it usable. It is safe for
// concurrent use, by any number of processes. Errors: those of store.Own.
type Shelf struct {
	Table     Table
	Own       *store.Own
	Vault     *vault.Vault
	MaxBytes  int          // larger contents are not kept, bytes before they are sealed
	PerPerson int          // rows of a person that Table.Prune leaves
	Log       *slog.Logger // for rows that cannot be opened; New makes it one that drops all where it is nil
}

// New returns s with these bounds where it has none.
func New(s Shelf, maxBytes, perPerson int) *Shelf {
	if s.MaxBytes < 1 {
		s.MaxBytes = maxBytes
	}
	if s.PerPerson < 1 {
		s.PerPerson = perPerson
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return &s
}

// Key says whose row it is. Different keys never share one.
type Key struct {
	Person        oauth.Person
	Account, Part string
}

// Keeps reports whether a row can have this key and stamp.
func (k Key) Keeps(stamp string) bool {
	for _, s := range []string{k.Person.Issuer, k.Person.Subject, k.Account, k.Part} {
		if s == "" || !Storable(s) {
			return false
		}
	}
	return Storable(stamp)
}

// place binds a content to whose it is, and to its stamp, where the table has
// one. It is not bound to the row's id, which says none of that: a row that is
// given to another person cannot be opened, nor an old content under the stamp
// of a new one.
func (s *Shelf) place(k Key, stamp string) vault.Place {
	var row strings.Builder
	for _, part := range []string{k.Person.Issuer, k.Person.Subject, k.Account, k.Part, stamp} {
		row.WriteString(strconv.Quote(part))
	}
	return vault.Place{Table: s.Table.Name, Row: row.String(), Column: "content", Version: 1}
}

// Entry is a content as it is kept.
type Entry struct {
	Stamp    string
	Content  []byte
	CachedAt time.Time // when it was put, by the database's clock
}

// row is a row of Table.Get; Content is sealed, and nil where it is too large.
type row struct {
	ID string
	Entry
}

// Get gives what was put last under k, unless it has expired. What cannot be
// opened, because its key is gone, it was changed outside fluxmcp, or it is
// larger than is kept, is deleted and a miss.
func (s *Shelf) Get(ctx context.Context, k Key) (Entry, bool, error) {
	if !k.Keeps("") {
		return Entry{}, false, nil
	}
	r, there, err := s.find(ctx, k)
	if err != nil || !there {
		return Entry{}, false, err
	}
	content, err := s.Vault.Open(r.Content, s.place(k, r.Stamp))
	if err != nil {
		return Entry{}, false, s.discard(ctx, r, err)
	}
	return Entry{Stamp: r.Stamp, Content: content, CachedAt: r.CachedAt}, true, nil
}

// find reads the row of k.
func (s *Shelf) find(ctx context.Context, k Key) (r row, there bool, err error) {
	args := []any{inBytes, k.Person.Issuer, k.Person.Subject, k.Account, k.Part, s.MaxBytes + vault.Overhead}
	err = s.Own.Do(ctx, func(tx *store.OwnTx) error {
		return tx.Read(ctx, s.Table.Get, args, func(rows pgx.Rows) error {
			there = rows.Next()
			if !there {
				return rows.Err()
			}
			return rows.Scan(&r.ID, &r.Stamp, &r.Content, &r.CachedAt)
		})
	})
	if err != nil {
		return row{}, false, fmt.Errorf("read %s: %w", s.Table.What, err)
	}
	return r, there, nil
}

// discard deletes a row that cannot be opened, unless another one has been put
// in its place since.
func (s *Shelf) discard(ctx context.Context, r row, cause error) error {
	s.Log.WarnContext(ctx, "what was cached cannot be opened and is fetched again",
		slog.String("what", s.Table.What), slog.String("cause", cause.Error()))
	if _, err := s.Own.Exec(ctx, s.Table.Discard, r.ID, r.CachedAt); err != nil {
		return fmt.Errorf("delete %s that cannot be opened: %w", s.Table.What, err)
	}
	return nil
}

// Put keeps e under k for ttl, over what was there; more are the parameters of
// Table.Put from the seventh on. Where the content is larger than MaxBytes, ttl
// is not positive, or k cannot be kept, it does nothing.
func (s *Shelf) Put(ctx context.Context, k Key, e Entry, ttl time.Duration, more ...any) error {
	if !k.Keeps(e.Stamp) || len(e.Content) > s.MaxBytes || ttl <= 0 {
		return nil
	}
	sealed := s.Vault.Seal(e.Content, s.place(k, e.Stamp))
	err := s.Own.Do(ctx, func(tx *store.OwnTx) error {
		user, err := User(ctx, tx, k.Person)
		if err != nil {
			return err
		}
		args := append([]any{inBytes, user, k.Account, k.Part, sealed, len(e.Content), ttl}, more...)
		if _, err := tx.Exec(ctx, s.Table.Put, args...); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, s.Table.Prune, user, s.PerPerson)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep %s: %w", s.Table.What, err)
	}
	return nil
}

// Delete runs sql, which deletes rows of the table, and tells how many.
func (s *Shelf) Delete(ctx context.Context, sql own.SQL, args ...any) (int, error) {
	n, err := s.Own.Exec(ctx, sql, args...)
	if err != nil {
		return int(n), fmt.Errorf("delete %s: %w", s.Table.What, err)
	}
	return int(n), nil
}
