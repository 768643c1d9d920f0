package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/accounts"
)

func TestDisconnect(t *testing.T) {
	t.Parallel()
	var points []string
	url := migrated(t)
	r := replica(t, url, accounts.Options{}, oldKey)
	leaver := replica(t, url, accounts.Options{Point: func(name string) {
		points = append(points, name+" "+r.state(key(person("ada"), "slack")))
	}}, oldKey)
	n := consent(person("ada"), "slack", "ada-there", "1")
	n.Grant.Tokens = append(n.Grant.Tokens, token(oauth.KindBot, "bot"))
	saved := r.save(n)
	left, err := leaver.Disconnect(t.Context(), n.Person, "slack")
	if err != nil {
		t.Fatal(err)
	}
	if left.AccountID != saved.AccountID || left.Provider != "slack" || left.Name != "ada-there" || left.Person != n.Person ||
		time.Since(left.Since) > time.Minute || made(left.Tokens) != "1 bot" {
		t.Errorf("got %+v with tokens %q; want account %s, left now, with 1 and bot", left, made(left.Tokens), saved.AccountID)
	}
	if got, want := fmt.Sprint(points), "[disconnect.before_commit 1 disconnect.after_commit not_connected]"; got != want {
		t.Errorf("what others read: got %s, want %s", got, want)
	}
	var none *oauth.NotConnected
	if _, err := r.Disconnect(t.Context(), n.Person, "slack"); !errors.As(err, &none) || none.Provider != "slack" || !errors.Is(err, accounts.ErrNotConnected) {
		t.Errorf("once more: got %v, want *NotConnected and ErrNotConnected", err)
	}
	waiting, err := r.Disconnecting(t.Context(), 10)
	if left.Tokens = nil; err != nil || len(waiting) != 1 || fmt.Sprint(waiting[0]) != fmt.Sprint(left) {
		t.Errorf("who waits: got %v, %v; want %v", waiting, err, left)
	}
	provider, list, err := r.Leaving(t.Context(), left.AccountID)
	if err != nil || provider != "slack" || made(list) != "1 bot" || list[0].Refresh.Reveal() != "refresh-1" {
		t.Errorf("to revoke: got %s, %s, %v; want slack, 1 and bot", provider, made(list), err)
	}
	for range 2 {
		if err := r.Wipe(t.Context(), left.AccountID); err != nil {
			t.Fatal(err)
		}
	}
	r.want("rows left", "SELECT (SELECT count(*) FROM fluxmcp.oauth_accounts) || ' ' || (SELECT count(*) FROM fluxmcp.oauth_tokens)", "0 0")
	if _, _, err := r.Leaving(t.Context(), left.AccountID); !errors.Is(err, accounts.ErrNotConnected) {
		t.Errorf("tokens of an account that was wiped: %v, want ErrNotConnected", err)
	}
}

func TestActiveAccountsAreNeitherRevokedNorWiped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.connect("ada", "1")
	if provider, list, err := r.Leaving(t.Context(), s.AccountID); !errors.Is(err, accounts.ErrNotConnected) || list != nil {
		t.Errorf("tokens to revoke: got %s, %q, %v; want ErrNotConnected", provider, made(list), err)
	}
	if err := r.Wipe(t.Context(), s.AccountID); err != nil {
		t.Fatal(err)
	}
	if got := r.state(key(person("ada"), "figma")); got != "1" {
		t.Errorf("after a wipe: %s, want the token", got)
	}
}

// TestATeamsTokenIsRevokedWithItsLastAccount: a token of the app in a team is
// the same for everybody of the team, so revoking it ends all their accounts.
func TestATeamsTokenIsRevokedWithItsLastAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"ada", "bob"} {
		n := consent(person(name), "slack", name, name)
		n.Grant.Tokens = append(n.Grant.Tokens, token(oauth.KindBot, "team"))
		r.save(n)
		n = consent(person(name), "github", name, "team") // another system's token of the same text
		r.save(n)
	}
	for _, c := range []struct{ name, want string }{{"ada", "ada"}, {"bob", "bob team"}} {
		left, err := r.Disconnect(t.Context(), person(c.name), "slack")
		if err != nil {
			t.Fatal(err)
		}
		_, list, err := r.Leaving(t.Context(), left.AccountID)
		if got := made(list); err != nil || got != c.want || made(left.Tokens) != c.want {
			t.Errorf("%s leaves: got %q and %q, %v; want %q", c.name, made(left.Tokens), got, err, c.want)
		}
	}
}

func TestLeavingWaitsForARefresh(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.connect("ada", "1")
	var all sync.WaitGroup
	_, _, err := r.Renew(t.Context(), s.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) {
		left := r.disconnect(person("ada"))
		all.Go(func() {
			if _, list, err := r.Leaving(t.Context(), left.AccountID); err != nil || made(list) != "2" {
				t.Errorf("to revoke: got %q, %v; want 2, which the refresh under way gives", made(list), err)
			}
		})
		r.awaitLock(1)
		return token("", "2"), nil
	})
	all.Wait()
	if got := stateOf(tokens.Stored{}, err); got != "not_connected" {
		t.Errorf("who refreshed: got %s, want not_connected", got)
	}
}

func TestALostKeyKeepsNobodyConnected(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	replica(t, url, accounts.Options{}, oldKey).connect("ada", "1")
	unreadable := 0
	r := replica(t, url, accounts.Options{OnUnreadable: func() { unreadable++ }}, newKey)
	if got := r.state(key(person("ada"), "figma")); got != "vault_unreadable" || unreadable != 1 {
		t.Fatalf("load: got %s, and it was told %d times; want vault_unreadable, once", got, unreadable)
	}
	left := r.disconnect(person("ada"))
	if provider, list, err := r.Leaving(t.Context(), left.AccountID); err != nil || provider != "figma" || len(list)+len(left.Tokens) != 0 {
		t.Errorf("to revoke: got %s, %q, %v; want nothing of figma", provider, made(list), err)
	}
	if err := r.Wipe(t.Context(), left.AccountID); err != nil {
		t.Error(err)
	}
	r.connect("ada", "2")
}
