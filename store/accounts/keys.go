package accounts

import (
	"context"
	_ "embed" // the SQL text
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

//go:embed queries/reseal.sql
var resealSQL own.SQL

const (
	rotateBatch = 200
	rotatePause = 200 * time.Millisecond // while the rows that are left are locked

	keysSQL    own.SQL = `SELECT key_id, count(*)::bigint FROM fluxmcp.oauth_tokens GROUP BY key_id`
	leftSQL    own.SQL = `SELECT count(*)::bigint FROM fluxmcp.oauth_tokens WHERE key_id <> $1`
	canarySQL  own.SQL = `SELECT key_id, canary FROM fluxmcp.vault_keys`
	newbornSQL own.SQL = `INSERT INTO fluxmcp.vault_keys (key_id, canary) VALUES ($1, $2::bytea) ON CONFLICT (key_id) DO NOTHING`
	// oldSQL takes rows in the order of their ids, and not those that a refresh has locked.
	oldSQL own.SQL = `SELECT id::text, version, access_token, refresh_token FROM fluxmcp.oauth_tokens
		WHERE key_id <> $1 AND id > $2::uuid ORDER BY id LIMIT $3::bigint FOR UPDATE SKIP LOCKED`
)

const (
	firstUUID  = "00000000-0000-0000-0000-000000000000"
	canaryText = "fluxmcp"
)

// count is a row of one number, keyed one of two.
type (
	count struct{ N int64 }
	keyed struct{ Key, N int64 }
)

// KeysInUse tells how many tokens each key has sealed, by the key's id.
func (a *Accounts) KeysInUse(ctx context.Context) (map[int64]int, error) {
	rows, err := all[keyed](ctx, a.own, keysSQL)
	if err != nil {
		return nil, fmt.Errorf("count tokens by key: %w", err)
	}
	keys := map[int64]int{}
	for _, r := range rows {
		keys[r.Key] = int(r.N)
	}
	return keys, nil
}

// CheckKey proves that the vault's keys are those that this database was used
// with: every token is sealed with one of them, and each opens what was sealed
// under its id when it was first used. Keys that are new here are noted.
//
// Errors: *WrongKey.
func (a *Accounts) CheckKey(ctx context.Context) error {
	known := a.vault.KeyIDs()
	used, err := a.KeysInUse(ctx)
	if err != nil {
		return fmt.Errorf("check key: %w", err)
	}
	wrong := &WrongKey{Missing: map[int64]int{}}
	for id, n := range used {
		if !slices.Contains(known, id) {
			wrong.Missing[id] = n
		}
	}
	noted, err := a.canaries(ctx, wrong)
	if err != nil {
		return fmt.Errorf("check key: %w", err)
	}
	if len(wrong.Missing)+len(wrong.False) > 0 {
		return wrong
	}
	if !slices.Contains(noted, a.vault.KeyID()) {
		id := a.vault.KeyID()
		if _, err := a.own.Exec(ctx, newbornSQL, id, a.vault.Seal([]byte(canaryText), canaryPlace(id))); err != nil {
			return fmt.Errorf("note key: %w", err)
		}
	}
	return nil
}

// canaries returns the keys that are noted, and adds to wrong those of ours
// that do not open what is noted.
func (a *Accounts) canaries(ctx context.Context, wrong *WrongKey) (noted []int64, err error) {
	rows, err := all[struct {
		Key    int64
		Canary []byte
	}](ctx, a.own, canarySQL)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		noted = append(noted, r.Key)
		if !slices.Contains(a.vault.KeyIDs(), r.Key) {
			continue // a key of the past
		}
		if plain, err := a.vault.Open(r.Canary, canaryPlace(r.Key)); err != nil || string(plain) != canaryText {
			wrong.False = append(wrong.False, r.Key)
		}
	}
	return noted, nil
}

func canaryPlace(id int64) vault.Place {
	return vault.Place{Table: "vault_keys", Row: strconv.FormatInt(id, 10), Column: "canary", Version: 1}
}

// Rotate seals with the vault's first key what other keys have sealed, while
// everything goes on: in small batches, without waiting for rows that a refresh
// has locked, and never over a token that is newer. It goes on until nothing is
// left but what cannot be opened. progress, which may be nil, is called after
// each batch with how many it has sealed and how many are left. It returns how
// many it has sealed.
//
// Errors: *vault.Unreadable of one of those that cannot be opened.
func (a *Accounts) Rotate(ctx context.Context, progress func(done, left int)) (int, error) {
	r := &rotation{a: a, progress: progress, closed: map[string]error{}}
	for {
		left, err := r.pass(ctx)
		if err != nil {
			return r.done, fmt.Errorf("rotate keys: %w", err)
		}
		if left <= len(r.closed) {
			break
		}
		if !wait(ctx, rotatePause) {
			return r.done, ctx.Err()
		}
	}
	for _, err := range r.closed {
		return r.done, fmt.Errorf("%d tokens cannot be sealed anew: %w", len(r.closed), err)
	}
	return r.done, nil
}

// rotation is one call of Rotate.
type rotation struct {
	a        *Accounts
	progress func(done, left int)
	done     int
	closed   map[string]error // rows that cannot be opened
}

// pass goes through the rows once and returns how many are left.
func (r *rotation) pass(ctx context.Context) (left int, err error) {
	clear(r.closed)
	if left, err = r.left(ctx); err != nil {
		return 0, err
	}
	left += r.done // at the end of this pass, but for what others do meanwhile
	for after := firstUUID; after != ""; {
		if after, err = r.batch(ctx, after); err != nil {
			return 0, err
		}
		if r.progress != nil {
			r.progress(r.done, max(0, left-r.done))
		}
	}
	return r.left(ctx)
}

func (r *rotation) left(ctx context.Context) (int, error) {
	rows, err := all[count](ctx, r.a.own, leftSQL, r.a.vault.KeyID())
	if err != nil {
		return 0, err
	}
	return int(rows[0].N), nil
}

// oldRow is a row of oldSQL.
type oldRow struct {
	ID              string
	Version         int64
	Access, Refresh []byte
}

// batch seals the next rows and returns the id of the last one; empty: there was none.
func (r *rotation) batch(ctx context.Context, after string) (last string, err error) {
	var done int64
	err = r.a.own.Do(ctx, func(tx *store.OwnTx) error {
		rows, err := all[oldRow](ctx, tx, oldSQL, r.a.vault.KeyID(), after, rotateBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		last = rows[len(rows)-1].ID
		done, err = r.write(ctx, tx, rows)
		return err
	})
	if err != nil {
		return "", err
	}
	r.done += int(done)
	return last, nil
}

func (r *rotation) write(ctx context.Context, tx *store.OwnTx, rows []oldRow) (int64, error) {
	var ids []string
	var versions []int64
	var access, refresh [][]byte
	for _, row := range rows {
		sealed, err := r.reseal(row)
		if err != nil {
			r.closed[row.ID] = err
			continue
		}
		ids, versions = append(ids, row.ID), append(versions, row.Version)
		access, refresh = append(access, sealed.access), append(refresh, sealed.refresh)
	}
	return tx.Exec(ctx, resealSQL, ids, versions, access, refresh, r.a.vault.KeyID())
}

// reseal keeps the version: the token is the same.
func (r *rotation) reseal(row oldRow) (s sealed, err error) {
	if s.access, err = r.move(row.Access, place(row.ID, "access_token", row.Version)); err != nil || row.Refresh == nil {
		return s, err
	}
	s.refresh, err = r.move(row.Refresh, place(row.ID, "refresh_token", row.Version))
	return s, err
}

func (r *rotation) move(sealed []byte, p vault.Place) ([]byte, error) {
	plain, err := r.a.vault.Open(sealed, p)
	var closed *vault.Unreadable
	if errors.As(err, &closed) {
		r.a.options.OnUnreadable()
		return nil, closed
	}
	return r.a.vault.Seal(plain, p), nil
}
