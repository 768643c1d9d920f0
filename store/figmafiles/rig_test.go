package figmafiles_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store/figmafiles"
	"github.com/fluxstudio/fluxmcp/store/internal/owntest"
)

// rig is one process of fluxmcp on a database.
type rig struct {
	*figmafiles.Files
	owntest.Database
}

func newRig(t testing.TB, o figmafiles.Options) *rig {
	t.Helper()
	return replica(owntest.Migrated(t), o)
}

func replica(d owntest.Database, o figmafiles.Options, keys ...string) *rig {
	d.T.Helper()
	return &rig{figmafiles.New(owntest.Own(d.T, d.URL), owntest.Vault(d.T, keys...), o), d}
}

// key is that of a file as somebody reads it with their only account.
func key(name, file string) figmafiles.Key {
	return figmafiles.Key{Person: person(name), Account: "account of " + name, File: file}
}

func person(name string) oauth.Person { return owntest.Person(name) }

// put keeps content under k for an hour, with "stamp of" it.
func (r *rig) put(k figmafiles.Key, content string) {
	r.T.Helper()
	e := figmafiles.Entry{Stamp: "stamp of " + content, Content: []byte(content)}
	if err := r.Put(r.T.Context(), k, e, "A file", time.Hour); err != nil {
		r.T.Errorf("put %+v: %v", k, err)
	}
}

// content is what Get gives, in a word: "none" for a miss.
func (r *rig) content(k figmafiles.Key) string {
	r.T.Helper()
	e, there, err := r.Get(r.T.Context(), k)
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
