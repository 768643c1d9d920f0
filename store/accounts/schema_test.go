package accounts_test

import (
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/migrations"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

func TestSchemaRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.connect("ada", "1")
	const account = "INSERT INTO fluxmcp.oauth_accounts (user_id, provider, main_kind, provider_user_id, provider_username, status) SELECT id, "
	for _, c := range []struct{ name, sql, state string }{
		{"a second account of a person at a provider", account + "'figma', 'user', '2', 'x', 'active' FROM fluxmcp.users", "23505"},
		{"a provider's name with capitals", account + "'Slack', 'user', '2', 'x', 'active' FROM fluxmcp.users", "23514"},
		{"a provider's name of 51 letters", account + "'" + strings.Repeat("a", 51) + "', 'user', '2', 'x', 'active' FROM fluxmcp.users", "23514"},
		{"a status of another name", account + "'slack', 'user', '2', 'x', 'lost' FROM fluxmcp.users", "23514"},
		{"disconnecting since never", account + "'slack', 'user', '2', 'x', 'disconnecting' FROM fluxmcp.users", "23514"},
		{"an account of nobody", "INSERT INTO fluxmcp.oauth_accounts (user_id, provider, main_kind, provider_user_id, provider_username) VALUES (gen_random_uuid(), 'slack', 'user', '1', 'x')", "23503"},
		{"an attempt that began never", "UPDATE fluxmcp.oauth_tokens SET refresh_attempt = gen_random_uuid()", "23514"},
		{"a second token of a kind", "INSERT INTO fluxmcp.oauth_tokens (account_id, kind, access_token, access_digest, key_id, version) SELECT account_id, kind, access_token, access_digest, key_id, version FROM fluxmcp.oauth_tokens", "23505"},
		{"a version before the first", "UPDATE fluxmcp.oauth_tokens SET version = 0", "23514"},
		{"nothing wrong", account + "'" + strings.Repeat("a", 50) + "', 'user', '2', 'x', 'active' FROM fluxmcp.users", ""},
	} {
		err := storetest.TryExec(t, r.url, c.sql)
		if (c.state == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), "SQLSTATE "+c.state) {
			t.Errorf("%s: got %v, want SQLSTATE %s", c.name, err, c.state)
		}
	}
	r.exec("DELETE FROM fluxmcp.users")
	r.want("accounts and tokens of a person who was deleted", "SELECT (SELECT count(*) FROM fluxmcp.oauth_accounts) || ' ' || (SELECT count(*) FROM fluxmcp.oauth_tokens)", "0 0")
}

func TestMigrationGoesBothWays(t *testing.T) {
	t.Parallel()
	url := storetest.OwnerDB(t)
	const version = 3
	for _, target := range []int{version, version - 1, version} {
		if _, err := store.Migrate(t.Context(), url, target); err != nil {
			t.Fatalf("to %d: %v", target, err)
		}
	}
	all, err := migrations.All()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		storetest.Exec(t, url, all[version-1].Down)
	}
	for _, table := range []string{"oauth_accounts", "oauth_tokens", "vault_keys"} {
		if err := storetest.TryExec(t, url, "SELECT FROM fluxmcp."+table); err == nil {
			t.Errorf("%s is there after the way down, want it gone", table)
		}
	}
}
