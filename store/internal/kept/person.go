package kept

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

// Longest texts that are kept, bytes. Parts of keys stand in entries of an
// index, which PostgreSQL bounds.
const (
	maxPart = 512
	maxName = 256
)

// Storable reports whether PostgreSQL can keep s in an index.
func Storable(s string) bool {
	return len(s) <= maxPart && utf8.ValidString(s) && !strings.Contains(s, "\x00")
}

// Shown makes a name of somebody else's one that PostgreSQL can keep, of at
// most 256 bytes.
func Shown(name string) string {
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

// User is the id of p's row, which is made where there is none, and locked
// until the end of tx: those who write for one person come one after the other.
func User(ctx context.Context, tx *store.OwnTx, p oauth.Person) (id string, err error) {
	err = tx.Read(ctx, own.UserSQL, []any{p.Issuer, p.Subject, Shown(p.Email)}, func(rows pgx.Rows) error {
		id, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return "", fmt.Errorf("find the person: %w", err)
	}
	return id, nil
}
