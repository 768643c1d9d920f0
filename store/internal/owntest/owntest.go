// Package owntest gives tests of the packages that keep fluxmcp's own tables a
// database that has them, connections to it, and people. It knows no table but
// that of people.
package owntest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// Keys of vaults.
const (
	OldKey = "the old key of the tests, 32 characters and more"
	NewKey = "the new key of the tests, which comes afterwards"
)

// Person is somebody here, by a short name.
func Person(name string) oauth.Person {
	return oauth.Person{Issuer: "https://id.example", Subject: "auth0|" + name, Email: name + "@example.com"}
}

// Vault is a vault with these keys, or else with OldKey.
func Vault(t testing.TB, keys ...string) *vault.Vault {
	t.Helper()
	if len(keys) == 0 {
		keys = []string{OldKey}
	}
	v, err := vault.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Own is what one process of fluxmcp has of the database at url, closed with
// the test. An empty url: there is no database.
func Own(t testing.TB, url string) *store.Own {
	t.Helper()
	db, err := store.Open(store.Config{URL: url, AcquireTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db.Own()
}

// Database is a database of one test, which looks into it past fluxmcp.
type Database struct {
	T   testing.TB
	URL string
}

// Migrated returns a database with fluxmcp's tables.
func Migrated(t testing.TB) Database {
	t.Helper()
	return Database{t, storetest.Template(t, "owntest", func(url string) error {
		_, err := store.Migrate(context.Background(), url, store.MigrateLatest)
		return err
	})}
}

// Exec runs statements.
func (d Database) Exec(sql string) {
	d.T.Helper()
	storetest.Exec(d.T, d.URL, sql)
}

// Texts runs sql, whose rows are one text each.
func (d Database) Texts(sql string) []string {
	d.T.Helper()
	conn, err := pgx.Connect(d.T.Context(), d.URL)
	if err != nil {
		d.T.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(d.T.Context()))
	rows, _ := conn.Query(d.T.Context(), sql) // CollectRows returns the error
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.T.Fatalf("%s: %v", sql, err)
	}
	return got
}

// Want compares what sql gives, one text a row.
func (d Database) Want(name, sql string, want ...string) {
	d.T.Helper()
	if got := d.Texts(sql); !slices.Equal(got, want) {
		d.T.Errorf("%s: got %q, want %q", name, got, want)
	}
}
