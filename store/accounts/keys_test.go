package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

const anotherKey = "a third key of the tests, with which nothing was sealed"

func TestCheckKey(t *testing.T) {
	t.Parallel()
	id := func(key string) int64 { return newVault(t, key).KeyID() }
	r := newRig(t)
	other := replica(t, r.url, accounts.Options{}, newKey)
	for _, c := range []struct {
		name   string
		before func() // beside the account that the old key has sealed
		keys   []string
		want   string // in the error; empty: none
		noted  string // keys that are noted afterwards
	}{
		{"the key that is in use", func() {}, []string{oldKey}, "", vault.KeyName(id(oldKey))},
		{"another key", func() {}, []string{newKey}, "1 tokens are sealed with key " + vault.KeyName(id(oldKey)) + ", which it does not have", ""},
		{"a new key before the one in use", func() {}, []string{newKey, oldKey}, "", vault.KeyName(id(newKey))},
		{"a new key behind the one in use", func() {}, []string{oldKey, newKey}, "", vault.KeyName(id(oldKey))},
		{"one of two that are in use", func() { other.connect("bob", "1") }, []string{newKey, anotherKey}, vault.KeyName(id(oldKey)), ""},
		{"both that are in use", func() { other.connect("bob", "1") }, []string{newKey, oldKey}, "", vault.KeyName(id(newKey))},
		{"any key where nothing is sealed", r.reset, []string{anotherKey}, "", vault.KeyName(id(anotherKey))},
		{"a canary that the key does not open", func() {
			if err := r.CheckKey(t.Context()); err != nil {
				t.Error(err)
			}
			r.exec("UPDATE fluxmcp.vault_keys SET canary = set_byte(canary, 20, 255 - get_byte(canary, 20))")
		}, []string{oldKey}, "key " + vault.KeyName(id(oldKey)) + " does not open", vault.KeyName(id(oldKey))},
		{"a canary of a key of the past", func() {
			if err := r.CheckKey(t.Context()); err != nil {
				t.Error(err)
			}
			r.exec("DELETE FROM fluxmcp.oauth_accounts")
		}, []string{newKey}, "", vault.KeyName(min(id(oldKey), id(newKey))) + " " + vault.KeyName(max(id(oldKey), id(newKey)))},
	} {
		r.reset()
		r.connect("ada", "1")
		c.before()
		checked := replica(t, r.url, accounts.Options{}, c.keys...)
		for range 2 { // the second time with what the first has noted
			err := checked.CheckKey(t.Context())
			var wrong *accounts.WrongKey
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s: got %v, want no error", c.name, err)
			case c.want != "" && (!errors.As(err, &wrong) || wrong.Code() != "vault_wrong_key" || wrong.Hint() == "" || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%s: got %v, want *WrongKey with %q", c.name, err, c.want)
			}
		}
		var noted []string
		for _, id := range r.texts("SELECT key_id::text FROM fluxmcp.vault_keys ORDER BY key_id") {
			var n int64
			if _, err := fmt.Sscan(id, &n); err != nil {
				t.Fatal(err)
			}
			noted = append(noted, vault.KeyName(n))
		}
		if got := strings.Join(noted, " "); got != c.noted {
			t.Errorf("%s: noted %q, want %q", c.name, got, c.noted)
		}
	}
}

func TestManyMayCheckANewKeyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := r.CheckKey(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r.want("noted", "SELECT key_id::text FROM fluxmcp.vault_keys", fmt.Sprint(r.vault.KeyID()))
}

func TestRotateSealsAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := map[string]tokens.Stored{}
	for _, name := range []string{"ada", "bob", "cleo"} {
		old[name] = r.connect(name, name)
	}
	seals := "SELECT encode(access_token, 'hex') || ' ' || encode(refresh_token, 'hex') FROM fluxmcp.oauth_tokens ORDER BY id"
	before := r.texts(seals)
	rolling := replica(t, r.url, accounts.Options{}, newKey, oldKey)
	var progress []string
	n, err := rolling.Rotate(t.Context(), func(done, left int) { progress = append(progress, fmt.Sprint(done, " ", left)) })
	if err != nil || n != 3 || progress[0] != "3 0" {
		t.Errorf("rotate: got %d, %v, progress %v; want 3, at once", n, err, progress)
	}
	if got, err := rolling.KeysInUse(t.Context()); err != nil || fmt.Sprint(got) != fmt.Sprint(map[int64]int{rolling.vault.KeyID(): 3}) {
		t.Errorf("keys in use: got %v, %v; want the new one for all", got, err)
	}
	after := replica(t, r.url, accounts.Options{}, newKey)
	for name, was := range old {
		if is := after.load(key(person(name), "figma")); is.Version != was.Version || stateOf(is, nil) != name || is.Token.Refresh != was.Token.Refresh {
			t.Errorf("%s: got %+v after %+v; want the same token in the same version", name, is, was)
		}
	}
	for i, seal := range r.texts(seals) {
		if seal == before[i] {
			t.Errorf("row %d: the seal is the one of before", i)
		}
	}
	if n, err := rolling.Rotate(t.Context(), nil); err != nil || n != 0 {
		t.Errorf("once more: got %d, %v; want nothing to do", n, err)
	}
}

func TestRotateDoesNotWaitForARow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"ada", "bob", "cleo"} {
		r.connect(name, name)
	}
	r.exec("BEGIN; SELECT FROM fluxmcp.oauth_tokens WHERE id = (SELECT min(id::text)::uuid FROM fluxmcp.oauth_tokens) FOR UPDATE")
	var first string
	n, err := replica(t, r.url, accounts.Options{}, newKey, oldKey).Rotate(t.Context(), func(done, left int) {
		if first == "" {
			first = fmt.Sprint(done, " ", left)
			r.exec("COMMIT")
		}
	})
	if first != "2 1" || n != 3 || err != nil {
		t.Errorf("done and left while a row is locked: %s, and at the end %d, %v; want 2 1, and then 3", first, n, err)
	}
}

func TestRotateSaysWhatItCannotOpen(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	first, second := replica(t, url, accounts.Options{}, oldKey), replica(t, url, accounts.Options{}, anotherKey)
	for i := range 5 {
		first.connect(fmt.Sprint("old", i), "1")
		second.connect(fmt.Sprint("lost", i), "1")
	}
	unreadable := 0
	r := replica(t, url, accounts.Options{OnUnreadable: func() { unreadable++ }}, newKey, oldKey)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // rather than trying the same rows forever
	defer cancel()
	n, err := r.Rotate(ctx, nil)
	var closed *vault.Unreadable
	if n != 5 || !errors.As(err, &closed) || closed.Key != second.vault.KeyID() || !strings.Contains(err.Error(), "5 tokens") || unreadable != 5 {
		t.Errorf("got %d, %v, told %d times; want 5 sealed, and 5 that need key %s", n, err, unreadable, vault.KeyName(second.vault.KeyID()))
	}
	if got := second.state(key(person("lost3"), "figma")); got != "1" {
		t.Errorf("what could not be opened: %s, want it left as it was", got)
	}
}

// bulk makes n accounts of p0, p1 … at figma, sealed by r's vault.
func (r *rig) bulk(n int) {
	r.t.Helper()
	var subjects, ids []string
	var access, refresh [][]byte
	for i := range n {
		id := fmt.Sprintf("6f1c1ae0-0000-4000-8000-%012d", i)
		subjects, ids = append(subjects, person(fmt.Sprint("p", i)).Subject), append(ids, id)
		place := vault.Place{Table: "oauth_tokens", Row: id, Column: "access_token", Version: 1}
		access = append(access, r.vault.Seal(fmt.Append(nil, "access-", i), place))
		place.Column = "refresh_token"
		refresh = append(refresh, r.vault.Seal(fmt.Append(nil, "refresh-", i), place))
	}
	const insert = `WITH row AS MATERIALIZED (SELECT gen_random_uuid() AS user_id, gen_random_uuid() AS account_id, * FROM unnest($2::text[], $3::uuid[], $4::bytea[], $5::bytea[]) AS r(subject, id, access, refresh)),
		users AS (INSERT INTO fluxmcp.users (id, issuer, subject) SELECT user_id, $1, subject FROM row),
		accounts AS (INSERT INTO fluxmcp.oauth_accounts (id, user_id, provider, main_kind, provider_user_id, provider_username) SELECT account_id, user_id, 'figma', 'user', subject, subject FROM row)
		INSERT INTO fluxmcp.oauth_tokens (id, account_id, kind, access_token, refresh_token, access_digest, key_id, version, expires_at)
		SELECT id, account_id, 'user', access, refresh, sha256(access), $6, 1, now() + interval '1 hour' FROM row`
	if _, err := r.conn().Exec(r.t.Context(), insert, person("").Issuer, subjects, ids, access, refresh, r.vault.KeyID()); err != nil {
		r.t.Fatal(err)
	}
	r.exec("ANALYZE fluxmcp.users, fluxmcp.oauth_accounts, fluxmcp.oauth_tokens")
}

// TestRotationOfTenThousandAccountsUnderLoad has readers who load without a
// pause, and one who refreshes, while keys are rotated.
func TestRotationOfTenThousandAccountsUnderLoad(t *testing.T) {
	t.Parallel()
	const n = 10_000
	r := replica(t, migrated(t), accounts.Options{}, oldKey)
	r.bulk(n)
	rotating, reading := replica(t, r.url, accounts.Options{}, newKey, oldKey), replica(t, r.url, accounts.Options{}, oldKey, newKey)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var reads, failed, renewals atomic.Int64
	for reader := range 3 {
		all.Go(func() {
			for i := reader; ctx.Err() == nil; i += 7 {
				s, err := reading.Load(t.Context(), key(person(fmt.Sprint("p", i%n)), "figma"))
				reads.Add(1)
				if got, want := stateOf(s, err), fmt.Sprint(i%n); got != want && !strings.HasPrefix(got, "renewed") {
					failed.Add(1)
					t.Errorf("read %d: got %s, want %s", i, got, want)
				}
			}
		})
	}
	all.Go(func() {
		p := &provider{}
		for i := n - 1; ctx.Err() == nil; i-- {
			id := fmt.Sprintf("6f1c1ae0-0000-4000-8000-%012d", i)
			if _, _, err := reading.Renew(t.Context(), id, always, p.renew); err != nil {
				t.Errorf("renew: %v", err)
			}
			renewals.Add(1)
		}
	})
	done, err := rotating.Rotate(t.Context(), nil)
	stop()
	all.Wait()
	if err != nil || failed.Load() > 0 || reads.Load() == 0 || renewals.Load() == 0 {
		t.Errorf("%d rotated, %v; %d of %d reads failed beside %d refreshes; want none", done, err, failed.Load(), reads.Load(), renewals.Load())
	}
	if _, err := rotating.Rotate(t.Context(), nil); err != nil { // what was refreshed by the process that seals with the old key
		t.Fatal(err)
	}
	if keys, err := rotating.KeysInUse(t.Context()); err != nil || keys[rotating.vault.KeyID()] != n || len(keys) != 1 {
		t.Errorf("keys in use: got %v, %v; want the new one for all %d", keys, err, n)
	}
	after := replica(t, r.url, accounts.Options{}, newKey)
	for i := 0; i < n; i += 97 {
		if got := after.state(key(person(fmt.Sprint("p", i)), "figma")); got != fmt.Sprint(i) && !strings.HasPrefix(got, "renewed") {
			t.Errorf("account %d without the old key: got %s", i, got)
		}
	}
	t.Logf("%d rotated, %d reads and %d refreshes meanwhile", done, reads.Load(), renewals.Load())
}
