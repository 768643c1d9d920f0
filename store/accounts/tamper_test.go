package accounts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// TestMovedTokensAreRefused has somebody who can write to the database give
// themselves another's token.
func TestMovedTokensAreRefused(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	unreadable := 0
	r := replica(t, url, accounts.Options{OnUnreadable: func() { unreadable++ }}, oldKey)
	const columns = "access_token, refresh_token, access_digest, key_id, version, token_type, scope, expires_at"
	const from = "FROM fluxmcp.oauth_tokens o JOIN fluxmcp.oauth_accounts a ON a.id = o.account_id AND a.provider_username = 'eve'"
	const mine = " WHERE t.account_id = (SELECT id FROM fluxmcp.oauth_accounts WHERE provider_username = 'ada')"
	for _, c := range []struct {
		name, sql string
		want      string
	}{
		{"another's access token", "UPDATE fluxmcp.oauth_tokens t SET access_token = o.access_token " + from + mine, "vault_unreadable"},
		{"another's refresh token", "UPDATE fluxmcp.oauth_tokens t SET refresh_token = o.refresh_token " + from + mine, "vault_unreadable"},
		{"all that another's row has, but its id", "UPDATE fluxmcp.oauth_tokens t SET (" + columns + ") = (SELECT o." + strings.ReplaceAll(columns, ", ", ", o.") + " " + from + ")" + mine, "vault_unreadable"},
		{"the refresh token as access token", "UPDATE fluxmcp.oauth_tokens t SET access_token = refresh_token" + mine, "vault_unreadable"},
		{"the access token as refresh token", "UPDATE fluxmcp.oauth_tokens t SET refresh_token = access_token" + mine, "vault_unreadable"},
		{"a version that is not the token's", "UPDATE fluxmcp.oauth_tokens t SET version = version + 1" + mine, "vault_unreadable"},
		{"a token of before, put back", "UPDATE fluxmcp.oauth_tokens t SET access_token = k.access_token, refresh_token = k.refresh_token FROM public.kept k" + mine + " AND k.id = t.id", "vault_unreadable"},
		{"a text of one's own", "UPDATE fluxmcp.oauth_tokens t SET access_token = 'access-mine'::bytea" + mine, "vault_unreadable"},
		{"no bytes", "UPDATE fluxmcp.oauth_tokens t SET access_token = ''" + mine, "vault_unreadable"},
		{"nothing is changed", "SELECT 1", "2"},
	} {
		r.reset()
		r.connect("ada", "1")
		r.exec("DROP TABLE IF EXISTS public.kept; CREATE TABLE public.kept AS SELECT * FROM fluxmcp.oauth_tokens")
		r.connect("ada", "2")
		r.connect("eve", "eve")
		unreadable = 0
		r.exec(c.sql)
		if got := r.state(key(person("ada"), "figma")); got != c.want || (got == "vault_unreadable") != (unreadable == 1) {
			t.Errorf("%s: got %s, told %d times; want %s", c.name, got, unreadable, c.want)
		}
		s, err := r.Load(t.Context(), key(person("ada"), "figma"))
		if err == nil {
			continue
		}
		var closed *vault.Unreadable
		if !errors.As(err, &closed) || fmt.Sprintf("%+v", s) != "{ID: AccountID: Version:0 Token:{Kind: Access:[redacted] Refresh:[redacted] Type: Expires:0001-01-01 00:00:00 +0000 UTC Scopes:[]} Attempted:0001-01-01 00:00:00 +0000 UTC}" {
			t.Errorf("%s: got %+v beside %v, want nothing", c.name, s, err)
		}
	}
}

// TestEveryMoveIsRefused swaps the seals of every two of twelve rows.
func TestEveryMoveIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 12
	r.bulk(n)
	r.exec("CREATE TABLE public.kept AS SELECT row_number() OVER (ORDER BY id) - 1 AS i, * FROM fluxmcp.oauth_tokens")
	refused := 0
	for step := 1; step < n; step++ {
		r.exec(fmt.Sprintf("UPDATE fluxmcp.oauth_tokens t SET access_token = k.access_token, refresh_token = k.refresh_token FROM public.kept k, public.kept m WHERE m.id = t.id AND k.i = (m.i + %d) %% %d", step, n))
		for i := range n {
			if got := r.state(key(person(fmt.Sprint("p", i)), "figma")); got == "vault_unreadable" {
				refused++
			} else {
				t.Errorf("row %d with the seal of row %d: got %s", i, (i+step)%n, got)
			}
		}
	}
	if refused != n*(n-1) {
		t.Errorf("%d refused, want %d", refused, n*(n-1))
	}
}
