package figmafiles_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/figmafiles"
	"github.com/fluxstudio/fluxmcp/store/internal/owntest"
)

// TestMovedContentsAreMisses has somebody who can write to the database give
// themselves another's file.
func TestMovedContentsAreMisses(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := newRig(t, figmafiles.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	const mine = " WHERE file_key = 'F1' AND account = 'account of ada'"
	const ada = "(SELECT id FROM fluxmcp.users WHERE subject = 'auth0|ada')"
	for _, c := range []struct{ name, sql, want string }{
		{"another's content", "UPDATE fluxmcp.figma_files_cache SET content = (SELECT content FROM fluxmcp.figma_files_cache WHERE account = 'account of eve')" + mine, "none"},
		{"another's content with its stamp", "UPDATE fluxmcp.figma_files_cache SET (content, stamp) = (SELECT content, stamp FROM fluxmcp.figma_files_cache WHERE account = 'account of eve')" + mine, "none"},
		{"another's row", "DELETE FROM fluxmcp.figma_files_cache" + mine + "; UPDATE fluxmcp.figma_files_cache SET user_id = " + ada + ", account = 'account of ada' WHERE account = 'account of eve'", "none"},
		{"another file of mine", "UPDATE fluxmcp.figma_files_cache SET content = (SELECT content FROM fluxmcp.figma_files_cache WHERE file_key = 'F2')" + mine, "none"},
		{"another file of mine with its stamp", "UPDATE fluxmcp.figma_files_cache SET (content, stamp) = (SELECT content, stamp FROM fluxmcp.figma_files_cache WHERE file_key = 'F2')" + mine, "none"},
		{"an old content under a new stamp", "UPDATE fluxmcp.figma_files_cache SET stamp = 'stamp of tomorrow'" + mine, "none"},
		{"a text of one's own", "UPDATE fluxmcp.figma_files_cache SET content = 'mine'" + mine, "none"},
		{"no bytes", "UPDATE fluxmcp.figma_files_cache SET content = ''" + mine, "none"},
		{"bytes at its end", "UPDATE fluxmcp.figma_files_cache SET content = content || sha256('')" + mine, "none"},
		{"nothing is changed", "SELECT 1", "ada's"},
	} {
		r.Exec("DELETE FROM fluxmcp.users")
		r.put(key("ada", "F1"), "ada's")
		r.put(key("ada", "F2"), "ada's other")
		r.put(key("eve", "F1"), "eve's")
		r.Exec(c.sql)
		log.Reset()
		if got := r.content(key("ada", "F1")); got != c.want || (got == "none") != (strings.Count(log.String(), "level=WARN") == 1) {
			t.Errorf("%s: got %s and the log %q, want %s", c.name, got, log.String(), c.want)
		}
		want := map[string]string{"none": "0", "ada's": "1"}[c.want]
		r.Want(c.name+": rows left", "SELECT count(*)::text FROM fluxmcp.figma_files_cache"+mine, want)
	}
}

func TestWithoutItsKeyAFileIsAMiss(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	k := key("ada", "F1")
	r.put(k, "old")
	if got := replica(r.Database, figmafiles.Options{}, owntest.NewKey, owntest.OldKey).content(k); got != "old" {
		t.Errorf("with the old key behind the new one: got %s, want old", got)
	}
	rotated := replica(r.Database, figmafiles.Options{}, owntest.NewKey)
	if got := rotated.content(k); got != "none" {
		t.Errorf("without the old key: got %s, want none", got)
	}
	r.Want("afterwards", files)
	rotated.put(k, "new")
	if got := rotated.content(k); got != "new" {
		t.Errorf("put with the new key: got %s, want new", got)
	}
}

// TestANewerRowIsNotDiscarded: another process puts the file again while this
// one finds that it cannot open what was there.
func TestANewerRowIsNotDiscarded(t *testing.T) {
	t.Parallel()
	d := owntest.Migrated(t)
	k := key("ada", "F1")
	replica(d, figmafiles.Options{}).put(k, "old")
	other := replica(d, figmafiles.Options{}, owntest.NewKey)
	meanwhile := slog.New(handler(func() { other.put(k, "new") }))
	if got := replica(d, figmafiles.Options{Log: meanwhile}, owntest.NewKey).content(k); got != "none" {
		t.Errorf("what was there: got %s, want none", got)
	}
	if got := other.content(k); got != "new" {
		t.Errorf("afterwards: got %s, want new", got)
	}
}

// handler is called for each record.
type handler func()

func (h handler) Enabled(context.Context, slog.Level) bool  { return true }
func (h handler) Handle(context.Context, slog.Record) error { h(); return nil }
func (h handler) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h handler) WithGroup(string) slog.Handler             { return h }
