package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// Keys of the tests' vaults.
const (
	oldKey = "the old key of the tests, 32 characters and more"
	newKey = "the new key of the tests, which comes afterwards"
)

// migrated returns the URL of a database of this test with fluxmcp's tables.
func migrated(t testing.TB) string {
	t.Helper()
	return storetest.Template(t, "accounts", migrate)
}

func migrate(url string) error {
	_, err := store.Migrate(context.Background(), url, store.MigrateLatest)
	return err
}

func newVault(t testing.TB, keys ...string) *vault.Vault {
	t.Helper()
	v, err := vault.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// rig is one process of fluxmcp on a database.
type rig struct {
	*accounts.Accounts
	t      testing.TB
	url    string
	vault  *vault.Vault
	mu     sync.Mutex // of direct
	direct *pgx.Conn
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return replica(t, migrated(t), accounts.Options{}, oldKey)
}

func replica(t testing.TB, url string, o accounts.Options, keys ...string) *rig {
	t.Helper()
	db, err := store.Open(store.Config{URL: url, AcquireTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	v := newVault(t, keys...)
	return &rig{Accounts: accounts.New(db.Own(), v, o), t: t, url: url, vault: v}
}

// person is somebody here, by a short name.
func person(name string) oauth.Person {
	return oauth.Person{Issuer: "https://id.example", Subject: "auth0|" + name, Email: name + "@example.com"}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// consent is what p gets from the account who at provider: one token, which
// says when it was made.
func consent(p oauth.Person, provider, who, made string) accounts.NewAccount {
	return accounts.NewAccount{
		Person: p, Provider: provider, Client: "Claude", Scopes: []string{"read"},
		Identity: oauth.Identity{ID: "id-" + who, Name: who, Email: who + "@there.example"},
		Grant:    oauth.Grant{Tokens: []oauth.Token{token(oauth.KindUser, made)}, Metadata: map[string]string{"team.id": "T1"}},
	}
}

// token is one that expires at noon.
func token(kind, made string) oauth.Token {
	return oauth.Token{Kind: kind, Access: oauth.NewSecret("access-" + made), Refresh: oauth.NewSecret("refresh-" + made), Expires: noon}
}

func key(p oauth.Person, provider string) tokens.Key {
	return tokens.Key{Person: p, Provider: provider}
}

func (r *rig) save(n accounts.NewAccount) accounts.Saved {
	r.t.Helper()
	saved, err := r.Save(r.t.Context(), n)
	if err != nil {
		r.t.Fatal(err)
	}
	return saved
}

// connect saves an account of a person called name, and loads its token.
func (r *rig) connect(name, made string) tokens.Stored {
	r.t.Helper()
	r.save(consent(person(name), "figma", name, made))
	return r.load(key(person(name), "figma"))
}

func (r *rig) load(k tokens.Key) tokens.Stored {
	r.t.Helper()
	s, err := r.Load(r.t.Context(), k)
	if err != nil {
		r.t.Fatalf("load %+v: %v", k, err)
	}
	return s
}

// state is what Load says of a token, in a word: its access token without
// "access-", or the code of the error and its reason.
func (r *rig) state(k tokens.Key) string {
	r.t.Helper()
	s, err := r.Load(r.t.Context(), k)
	return stateOf(s, err)
}

func stateOf(s tokens.Stored, err error) string {
	var told interface{ Code() string }
	var again *oauth.NeedsReconnect
	switch {
	case errors.As(err, &again):
		return again.Code() + " " + again.Reason
	case errors.As(err, &told):
		return told.Code()
	case err != nil:
		return err.Error()
	default:
		return strings.TrimPrefix(s.Token.Access.Reveal(), "access-")
	}
}

// made lists tokens by what says when they were made.
func made(list []oauth.Token) string {
	var names []string
	for _, t := range list {
		names = append(names, strings.TrimPrefix(t.Access.Reveal(), "access-"))
	}
	return strings.Join(names, " ")
}

// conn is a connection beside those of fluxmcp, made when first used.
func (r *rig) conn() *pgx.Conn {
	r.t.Helper()
	if r.direct == nil {
		conn, err := pgx.Connect(r.t.Context(), r.url)
		if err != nil {
			r.t.Fatal(err)
		}
		r.direct = conn
		r.t.Cleanup(func() { conn.Close(context.WithoutCancel(r.t.Context())) })
	}
	return r.direct
}

// texts runs sql, whose rows are one text each.
func (r *rig) texts(sql string) []string {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	rows, _ := r.conn().Query(r.t.Context(), sql) // CollectRows returns the error
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		r.t.Fatalf("%s: %v", sql, err)
	}
	return got
}

// exec runs statements.
func (r *rig) exec(sql string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.conn().Exec(r.t.Context(), sql); err != nil {
		r.t.Errorf("%s: %v", sql, err)
	}
}

// reset forgets everybody.
func (r *rig) reset() { r.exec("DELETE FROM fluxmcp.users; DELETE FROM fluxmcp.vault_keys") }

// want compares what sql gives, one text a row.
func (r *rig) want(name, sql string, want ...string) {
	r.t.Helper()
	if got := r.texts(sql); !slices.Equal(got, want) {
		r.t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

func always(tokens.Stored) bool { return true }

// provider answers refreshes, each with another token, and refuses a refresh
// token that it has seen.
type provider struct {
	mu    sync.Mutex
	seen  map[string]bool
	calls int
	err   error // what it answers instead
}

func (p *provider) renew(_ context.Context, s tokens.Stored) (oauth.Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	refresh := s.Token.Refresh.Reveal()
	switch {
	case p.err != nil:
		return oauth.Token{}, p.err
	case p.seen[refresh]:
		return oauth.Token{}, errUsed
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[refresh] = true
	t := token("", fmt.Sprint("renewed", p.calls))
	t.Expires = noon.Add(time.Hour)
	return t, nil
}

// expired is a due that a refresh ends.
func expired(s tokens.Stored) bool { return !s.Token.Expires.After(noon) }

var errUsed = errors.New("this refresh token was used before")

// failed is a failure of the provider.
func failed(kind oauth.Kind) error { return &oauth.Error{Kind: kind, Provider: "figma"} }
