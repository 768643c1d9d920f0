package consents_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/consent/consenttest"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/consents"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// migrated returns the URL of a database of this test with fluxmcp's tables.
func migrated(t testing.TB) string {
	t.Helper()
	return storetest.Template(t, "consents", func(url string) error {
		_, err := store.Migrate(context.Background(), url, store.MigrateLatest)
		return err
	})
}

func own(t testing.TB, url string) *store.Own {
	t.Helper()
	db, err := store.Open(store.Config{URL: url, AcquireTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db.Own()
}

func newVault(t testing.TB, keys ...string) *vault.Vault {
	t.Helper()
	if len(keys) == 0 {
		keys = []string{vault.Generate()}
	}
	v, err := vault.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// kept is the store in the database at url.
func kept(t testing.TB, url string) consenttest.Kept {
	t.Helper()
	c := consents.New(own(t, url), newVault(t))
	return consenttest.Kept{Tickets: c, States: c, Age: func(d time.Duration) { age(t, url, d) }}
}

// age lets time pass for all rows.
func age(t testing.TB, url string, d time.Duration) {
	t.Helper()
	by := fmt.Sprintf("interval '%d seconds'", int(d.Seconds()))
	storetest.Exec(t, url,
		"UPDATE fluxmcp.connect_tickets SET expires_at = expires_at - "+by+", busy_until = busy_until - "+by,
		"UPDATE fluxmcp.oauth_state_tokens SET expires_at = expires_at - "+by)
}

func TestPostgreSQLKeepsTheContract(t *testing.T) {
	url := migrated(t)
	consenttest.Contract(t, func(t *testing.T) consenttest.Kept { return kept(t, url) })
}

func TestNoAccountIsBoundWronglyInPostgreSQL(t *testing.T) {
	k := kept(t, migrated(t))
	consenttest.Property(t, seed(t), 1000, 4, func() consenttest.Kept { return k })
}

var seedFlag = flag.Uint64("consent.seed", 0, "seed of the property's cases; 0: a new one")

func seed(t *testing.T) uint64 {
	t.Helper()
	if *seedFlag != 0 {
		return *seedFlag
	}
	return rand.Uint64()
}
