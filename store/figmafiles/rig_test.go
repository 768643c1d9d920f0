package figmafiles_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/figmafiles"
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
	return storetest.Template(t, "figmafiles", func(url string) error {
		_, err := store.Migrate(context.Background(), url, store.MigrateLatest)
		return err
	})
}

// rig is one process of fluxmcp on a database.
type rig struct {
	*figmafiles.Files
	t   testing.TB
	url string
}

func newRig(t testing.TB, o figmafiles.Options) *rig {
	t.Helper()
	return replica(t, migrated(t), o, oldKey)
}

func replica(t testing.TB, url string, o figmafiles.Options, keys ...string) *rig {
	t.Helper()
	db, err := store.Open(store.Config{URL: url, AcquireTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	v, err := vault.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{figmafiles.New(db.Own(), v, o), t, url}
}

// key is that of a file as somebody reads it with their only account.
func key(name, file string) figmafiles.Key {
	return figmafiles.Key{Person: person(name), Account: "account of " + name, File: file}
}

func person(name string) oauth.Person {
	return oauth.Person{Issuer: "https://id.example", Subject: "auth0|" + name, Email: name + "@example.com"}
}

// put keeps content under k for an hour, with "stamp of" it.
func (r *rig) put(k figmafiles.Key, content string) {
	r.t.Helper()
	e := figmafiles.Entry{Stamp: "stamp of " + content, Content: []byte(content)}
	if err := r.Put(r.t.Context(), k, e, "A file", time.Hour); err != nil {
		r.t.Errorf("put %+v: %v", k, err)
	}
}

// content is what Get gives, in a word: "none" for a miss.
func (r *rig) content(k figmafiles.Key) string {
	r.t.Helper()
	e, there, err := r.Get(r.t.Context(), k)
	switch {
	case err != nil:
		return err.Error()
	case !there && fmt.Sprint(e) != fmt.Sprint(figmafiles.Entry{}):
		return fmt.Sprintf("a miss with %+v", e)
	case !there:
		return "none"
	case e.Stamp != "stamp of "+string(e.Content):
		return fmt.Sprintf("%q under %q", e.Content, e.Stamp)
	}
	return string(e.Content)
}

// texts runs sql, whose rows are one text each.
func (r *rig) texts(sql string) []string {
	r.t.Helper()
	return texts(r.t, r.url, sql)
}

func texts(t testing.TB, url, sql string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, _ := conn.Query(t.Context(), sql) // CollectRows returns the error
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

// want compares what sql gives, one text a row.
func (r *rig) want(name, sql string, want ...string) {
	r.t.Helper()
	if got := r.texts(sql); !slices.Equal(got, want) {
		r.t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

func (r *rig) exec(sql string) {
	r.t.Helper()
	storetest.Exec(r.t, r.url, sql)
}

// files lists what is there, as whose:file, in order.
const files = `SELECT replace(u.subject, 'auth0|', '') || ':' || f.file_key FROM fluxmcp.figma_files_cache f
	JOIN fluxmcp.users u ON u.id = f.user_id ORDER BY 1`

// unused is the SQL that makes a file one that was last used so many minutes ago.
func unused(file string, minutes int) string {
	return fmt.Sprintf("UPDATE fluxmcp.figma_files_cache SET used_at = now() - interval '%d minutes' WHERE file_key = '%s'", minutes, file)
}

// noise is bytes that cannot be compressed.
func noise(size int) []byte {
	b := bytes.Repeat([]byte{0}, size)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}
