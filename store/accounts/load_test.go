package accounts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/accounts"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := person("ada")
	r.save(consent(ada, "figma", "ada", "1"))
	r.save(consent(ada, "github", "ada", "hub"))
	bob := r.connect("bob", "bob")
	r.expire(bob, "refused")
	r.connect("cleo", "cleo")
	r.disconnect(person("cleo"))
	elsewhere := ada
	elsewhere.Issuer = "https://other.example"
	otherAddress := ada
	otherAddress.Email = "new@example.com"
	for _, c := range []struct {
		name string
		k    tokens.Key
		want string
	}{
		{"the main token", key(ada, "figma"), "1"},
		{"the token of a kind", tokens.Key{Person: ada, Provider: "figma", Kind: oauth.KindUser}, "1"},
		{"the address of the person does not matter", key(otherAddress, "figma"), "1"},
		{"another provider", key(ada, "github"), "hub"},
		{"a kind that was not granted", tokens.Key{Person: ada, Provider: "figma", Kind: oauth.KindBot}, "needs_reconnect token_missing"},
		{"a provider that is not connected", key(ada, "slack"), "not_connected"},
		{"the same subject of another issuer", key(elsewhere, "figma"), "not_connected"},
		{"somebody who was never here", key(person("eve"), "figma"), "not_connected"},
		{"nobody", tokens.Key{Provider: "figma"}, "not_connected"},
		{"an account that must be connected again", key(person("bob"), "figma"), "needs_reconnect refused"},
		{"an account that is being disconnected", key(person("cleo"), "figma"), "not_connected"},
	} {
		if got := r.state(c.k); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		name   string
		before func(s tokens.Stored) // what happened since s was read
		want   string
	}{
		{"the account must be connected again", func(tokens.Stored) {}, "needs_reconnect refused"},
		{"the first reason stays", func(s tokens.Stored) { r.expire(s, "interrupted") }, "needs_reconnect interrupted"},
		{"a token that was renewed meanwhile counts", func(s tokens.Stored) {
			if _, _, err := r.Renew(t.Context(), s.ID, always, (&provider{}).renew); err != nil {
				t.Error(err)
			}
		}, "renewed1"},
		{"a new consent counts", func(tokens.Stored) { r.connect("ada", "2") }, "2"},
		{"who disconnects is not asked to connect again", func(tokens.Stored) { r.disconnect(person("ada")) }, "not_connected"},
		{"an account that is gone stays so", func(tokens.Stored) { r.reset() }, "not_connected"},
	} {
		r.reset()
		s := r.connect("ada", "1")
		c.before(s)
		r.expire(s, "refused")
		if got := r.state(key(person("ada"), "figma")); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	s := r.connect("bob", "1")
	r.expire(s, strings.Repeat("long\x00", 100))
	r.want("a strange reason is cut", "SELECT (length(status_reason) <= 128)::text FROM fluxmcp.oauth_accounts", "true")
}

func TestUsedIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ids := []string{r.connect("ada", "1").AccountID, r.connect("bob", "1").AccountID, r.connect("cleo", "1").AccountID}
	r.want("never used", "SELECT coalesce(last_used_at::text, 'never') FROM fluxmcp.oauth_accounts", "never", "never", "never")
	r.used(ids[0], ids[1])
	r.exec("UPDATE fluxmcp.oauth_accounts SET last_used_at = last_used_at - interval '50 seconds' WHERE id = '" + ids[0] + "'")
	r.exec("UPDATE fluxmcp.oauth_accounts SET last_used_at = last_used_at - interval '70 seconds' WHERE id = '" + ids[1] + "'")
	r.used(ids[0], ids[1], ids[1], "6f1c1ae0-0000-4000-8000-000000000001")
	r.want("used 50 s ago: not written; 70 s ago: written; not named: not written",
		"SELECT coalesce((last_used_at < now() - interval '30 seconds')::text, 'never') FROM fluxmcp.oauth_accounts a JOIN fluxmcp.users u ON u.id = user_id ORDER BY subject",
		"true", "false", "never")
	r.used()
}

// TestNotingUseDoesNotWait: it is on the way of every call, and two who note
// the same accounts must not wait for each other.
func TestNotingUseDoesNotWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.connect("ada", "1").AccountID, r.connect("bob", "1").AccountID
	r.exec("BEGIN; SELECT FROM fluxmcp.oauth_accounts WHERE id = '" + ada + "' FOR NO KEY UPDATE")
	r.used(ada, bob)
	r.exec("COMMIT")
	r.want("who is written, and who is left out", "SELECT (last_used_at IS NOT NULL)::text FROM fluxmcp.oauth_accounts ORDER BY provider_username", "false", "true")
}

func TestDue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	at := func(name string, minutes int, spoil func(*oauth.Token)) tokens.Stored {
		n := consent(person(name), "figma", name, name)
		n.Grant.Tokens[0].Expires = noon.Add(time.Duration(minutes) * time.Minute)
		spoil(&n.Grant.Tokens[0])
		r.save(n)
		return r.load(key(n.Person, "figma"))
	}
	nothing := func(*oauth.Token) {}
	at("third", 3, nothing)
	at("first", 1, nothing)
	at("second", 2, nothing)
	at("later", 60, nothing)
	at("forever", 0, func(t *oauth.Token) { t.Expires = time.Time{} })
	at("once", 1, func(t *oauth.Token) { t.Refresh = oauth.Secret{} })
	r.expire(at("dead", 1, nothing), "refused")
	at("left", 1, nothing)
	r.disconnect(person("left"))
	for _, c := range []struct {
		name   string
		before time.Time
		limit  int
		want   string
	}{
		{"those that expire, the soonest first", noon.Add(10 * time.Minute), 10, "first second third"},
		{"at most so many", noon.Add(10 * time.Minute), 2, "first second"},
		{"the time itself is not before it", noon.Add(2 * time.Minute), 10, "first"},
		{"none", noon, 10, ""},
	} {
		keys, err := r.Due(t.Context(), c.before, c.limit)
		var names []string
		for _, k := range keys {
			names = append(names, strings.TrimPrefix(k.Person.Subject, "auth0|"))
			if want := (tokens.Key{Person: person(names[len(names)-1]), Provider: "figma", Kind: oauth.KindUser}); k != want {
				t.Errorf("%s: key %+v, want %+v", c.name, k, want)
			}
		}
		if got := strings.Join(names, " "); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if list, err := r.List(t.Context(), person("ada")); err != nil || list == nil || len(list) != 0 {
		t.Errorf("nobody's accounts: got %#v, %v; want an empty list", list, err)
	}
	r.save(consent(person("bob"), "slack", "bob", "1"))
	r.save(consent(person("ada"), "slack", "ada", "1"))
	r.save(consent(person("ada"), "github", "ada", "1"))
	r.expire(r.connect("ada", "1"), "refused")
	r.connect("bob", "1")
	r.disconnect(person("bob"))
	names := func(list []accounts.Account, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, a := range list {
			names = append(names, strings.Join([]string{a.Provider, strings.TrimPrefix(a.Person.Subject, "auth0|"), a.Status + a.Reason}, " "))
		}
		return strings.Join(names, ", ")
	}
	if got, want := names(r.List(t.Context(), person("ada"))), "figma ada needs_reconnectrefused, github ada active, slack ada active"; got != want {
		t.Errorf("one person's: got %s, want %s", got, want)
	}
	if got, want := names(r.All(t.Context())), "figma ada needs_reconnectrefused, figma bob disconnecting, github ada active, slack ada active, slack bob active"; got != want {
		t.Errorf("everybody's: got %s, want %s", got, want)
	}
	counts, err := r.Counts(t.Context())
	if got, want := fmt.Sprint(counts), "[{figma disconnecting 1} {figma needs_reconnect 1} {github active 1} {slack active 2}]"; err != nil || got != want {
		t.Errorf("counts: got %s, %v; want %s", got, err, want)
	}
}
