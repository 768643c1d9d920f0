package accounts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/accounts"
)

func TestWhatIsSavedComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	n := consent(person("ada"), "slack", "ada-there", "1")
	n.Grant.Tokens[0].Type, n.Grant.Tokens[0].Scopes = "bearer", []string{"chat:write", "users:read"}
	n.Grant.Tokens = append(n.Grant.Tokens, oauth.Token{Kind: oauth.KindBot, Access: oauth.NewSecret("access-bot"), Scopes: []string{"users:read"}})
	saved := r.save(n)
	user := r.load(key(n.Person, "slack"))
	if got, want := user.Token, n.Grant.Tokens[0]; got.Access != want.Access || got.Refresh != want.Refresh || got.Kind != want.Kind ||
		got.Type != want.Type || !got.Expires.Equal(want.Expires) || !slices.Equal(got.Scopes, want.Scopes) {
		t.Errorf("main token: got %+v, want %+v", got, want)
	}
	if user.AccountID != saved.AccountID || user.ID == "" || user.Version != 1 || !user.Attempted.IsZero() {
		t.Errorf("stored: got %+v, want version 1 of account %s, not attempted", user, saved.AccountID)
	}
	bot := r.load(tokens.Key{Person: n.Person, Provider: "slack", Kind: oauth.KindBot})
	if got := bot.Token; got.Access.Reveal() != "access-bot" || !got.Refresh.IsZero() || !got.Expires.IsZero() || bot.ID == user.ID {
		t.Errorf("bot token: got %+v; want access-bot, which never expires, in a row of its own", got)
	}
	list, err := r.List(t.Context(), n.Person)
	if err != nil || len(list) != 1 {
		t.Fatalf("list: got %v, %v; want one account", list, err)
	}
	got := list[0]
	if age := time.Since(got.ConnectedAt); age < 0 || age > time.Minute || !got.UpdatedAt.Equal(got.ConnectedAt) || !got.Expires.Equal(noon) {
		t.Errorf("times: got %+v; want connected now, expires at noon", got)
	}
	got.ConnectedAt, got.UpdatedAt, got.Expires = time.Time{}, time.Time{}, time.Time{}
	want := accounts.Account{ID: saved.AccountID, Provider: "slack", Status: accounts.Active, Person: n.Person, UserID: "id-ada-there", Name: "ada-there",
		Email: "ada-there@there.example", Metadata: map[string]string{"team.id": "T1"}, Scopes: []string{"chat:write", "users:read"}, Client: "Claude"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("account: got  %+v\nwant %+v", got, want)
	}
}

func TestNothingReadableIsInTheDatabase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.connect("ada", "1")
	for _, table := range []string{"users", "oauth_accounts", "oauth_tokens", "vault_keys"} {
		for _, row := range r.texts("SELECT x::text FROM fluxmcp." + table + " x") {
			for _, secret := range []string{"access-1", "refresh-1", fmt.Sprintf("%x", "access-1"), fmt.Sprintf("%x", "refresh-1")} {
				if strings.Contains(row, secret) {
					t.Errorf("a row of %s holds %q: %s", table, secret, row)
				}
			}
		}
	}
}

func TestSavingAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	two := func(n accounts.NewAccount, bot string) accounts.NewAccount {
		n.Grant.Tokens = append(n.Grant.Tokens, token(oauth.KindBot, bot))
		return n
	}
	replacing := func(n accounts.NewAccount) accounts.NewAccount { n.Replace = true; return n }
	ada := person("ada")
	for _, c := range []struct {
		name          string
		before, again accounts.NewAccount
		err           string // of *OtherAccount: Was, Is
		replaced      string // tokens to revoke
		main, bot     string // afterwards
		sameRow       bool
	}{
		{"the same account gets new tokens in its rows", two(consent(ada, "slack", "a", "1"), "bot1"), two(consent(ada, "slack", "a", "2"), "bot2"), "", "", "2", "bot2", true},
		{"a kind that is not granted again is removed", two(consent(ada, "slack", "a", "1"), "bot1"), consent(ada, "slack", "a", "2"), "", "", "2", "needs_reconnect token_missing", true},
		{"a kind that is granted now is added", consent(ada, "slack", "a", "1"), two(consent(ada, "slack", "a", "2"), "bot2"), "", "", "2", "bot2", true},
		{"another account is asked about first", two(consent(ada, "slack", "a", "1"), "bot1"), consent(ada, "slack", "b", "2"), "a b", "", "1", "bot1", true},
		{"another account replaces it where that was said", two(consent(ada, "slack", "a", "1"), "bot1"), replacing(consent(ada, "slack", "b", "2")), "", "1 bot1", "2", "needs_reconnect token_missing", false},
		{"a token of the team that the new account has too is not revoked", two(consent(ada, "slack", "a", "1"), "bot1"), replacing(two(consent(ada, "slack", "b", "2"), "bot1")), "", "1", "2", "bot1", false},
	} {
		r.reset()
		r.save(c.before)
		was := r.load(key(ada, "slack"))
		saved, err := r.Save(t.Context(), c.again)
		var other *accounts.OtherAccount
		got := ""
		if errors.As(err, &other) {
			got = other.Was + " " + other.Is
		}
		if got != c.err || (err != nil) != (c.err != "") {
			t.Errorf("%s: got %v, want *OtherAccount %q", c.name, err, c.err)
		}
		if got := made(saved.Replaced); got != c.replaced {
			t.Errorf("%s: to revoke: got %q, want %q", c.name, got, c.replaced)
		}
		is := r.load(key(ada, "slack"))
		bot := r.state(tokens.Key{Person: ada, Provider: "slack", Kind: oauth.KindBot})
		if got := stateOf(is, nil); got != c.main || bot != c.bot {
			t.Errorf("%s: main and bot token: got %s and %s, want %s and %s", c.name, got, bot, c.main, c.bot)
		}
		if same := is.ID == was.ID && is.AccountID == was.AccountID; same != c.sameRow || same && c.err == "" && is.Version != was.Version+1 {
			t.Errorf("%s: got %+v after %+v; want the same rows: %v", c.name, is, was, c.sameRow)
		}
	}
}

func TestSavingRevivesAnAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.connect("ada", "1")
	if err := r.Expire(t.Context(), s.ID, s.Version, "refused"); err != nil {
		t.Fatal(err)
	}
	if got := r.state(key(person("ada"), "figma")); got != "needs_reconnect refused" {
		t.Fatalf("before: %s, want needs_reconnect refused", got)
	}
	if got := r.connect("ada", "2"); got.AccountID != s.AccountID {
		t.Errorf("account %s, want the one before, %s", got.AccountID, s.AccountID)
	}
	r.want("status and reason", "SELECT status || coalesce(status_reason, ' no reason') FROM fluxmcp.oauth_accounts", "active no reason")
}

func TestAnAccountThatIsBeingDisconnectedIsNotReused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct{ name, who, replaced string }{
		{"the same account gets a new row, and its old tokens are not revoked, as that could end the new ones", "ada", ""},
		{"another one is not asked about, and the old tokens are", "eve", "1"},
	} {
		r.reset()
		r.connect("ada", "1")
		left, err := r.Disconnect(t.Context(), person("ada"), "figma")
		if err != nil {
			t.Fatal(err)
		}
		saved := r.save(consent(person("ada"), "figma", c.who, "2"))
		if got := made(saved.Replaced); got != c.replaced || saved.AccountID == left.AccountID {
			t.Errorf("%s: to revoke %q, account %s; want %q, and not the account %s", c.name, got, saved.AccountID, c.replaced, left.AccountID)
		}
		if _, _, err := r.Leaving(t.Context(), left.AccountID); !errors.Is(err, accounts.ErrNotConnected) {
			t.Errorf("%s: who revokes the old one: %v, want ErrNotConnected", c.name, err)
		}
		if err := r.Wipe(t.Context(), left.AccountID); err != nil {
			t.Errorf("%s: who wipes the old one: %v, want nothing to do", c.name, err)
		}
		if got := r.state(key(person("ada"), "figma")); got != "2" {
			t.Errorf("%s: token %s, want 2", c.name, got)
		}
	}
}

func TestOneTokenPerUser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		name      string
		one       bool
		who       string // that bob connects
		ada, cleo string // states afterwards; cleo has another account
	}{
		{"the account of the other person becomes one to connect again", true, "shared", "needs_reconnect connected_elsewhere", "cleo"},
		{"where the provider allows several tokens, both stay", false, "shared", "ada", "cleo"},
		{"an account of somebody else's own is left alone", true, "bob", "ada", "cleo"},
	} {
		r.reset()
		for _, n := range []accounts.NewAccount{consent(person("ada"), "figma", "shared", "ada"), consent(person("cleo"), "figma", "cleo", "cleo"),
			consent(person("cleo"), "github", "shared", "hub")} {
			n.OneTokenPerUser = c.one
			r.save(n)
		}
		n := consent(person("bob"), "figma", c.who, "bob")
		n.OneTokenPerUser = c.one
		r.save(n)
		for k, want := range map[tokens.Key]string{key(person("ada"), "figma"): c.ada, key(person("bob"), "figma"): "bob",
			key(person("cleo"), "figma"): c.cleo, key(person("cleo"), "github"): "hub"} {
			if got := r.state(k); got != want {
				t.Errorf("%s: %s at %s: got %s, want %s", c.name, k.Person.Label(), k.Provider, got, want)
			}
		}
	}
}

func TestStrangeTextsAreStored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	n := consent(person("ada"), "figma", "x", "1")
	long := strings.Repeat("ä", 5000)
	n.Identity.Name, n.Identity.Email, n.Client = "a\x00b\xff", long, long
	n.Grant.Metadata = map[string]string{"a\x00": "b\x00\xff", "long": long}
	n.Grant.Tokens[0].Access = oauth.NewSecret("access-\x00\xff'\"")
	n.Grant.Tokens[0].Scopes = []string{"s\x00", `"{,}\`}
	n.Scopes = nil
	r.save(n)
	if got := r.state(key(n.Person, "figma")); got != "\x00\xff'\"" {
		t.Errorf("token: got %q, want it as it came", got)
	}
	list, err := r.List(t.Context(), n.Person)
	if err != nil {
		t.Fatal(err)
	}
	got := list[0]
	if got.Name != "a\uFFFDb\uFFFD" || len(got.Email) > 256 || len(got.Client) > 256 || got.Metadata["a\uFFFD"] != "b\uFFFD\uFFFD" ||
		!slices.Equal(got.Scopes, []string{"s\uFFFD", `"{,}\`}) || !strings.HasSuffix(got.Email, "ä…") {
		t.Errorf("got %+v, want texts that are cut, and without what PostgreSQL cannot store", got)
	}
	r.save(accounts.NewAccount{Person: person("bob"), Provider: "figma", Identity: oauth.Identity{ID: "7"},
		Grant: oauth.Grant{Tokens: []oauth.Token{{Kind: "user", Access: oauth.NewSecret("a")}}}})
	if list, err = r.List(t.Context(), person("bob")); err != nil || list[0].Name != "7" || list[0].Scopes == nil || list[0].Metadata == nil {
		t.Errorf("bare account: got %+v, %v; want the id as name, no scopes, no metadata", list, err)
	}
}

func TestGrantsThatAreNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		name  string
		spoil func(*accounts.NewAccount)
	}{
		{"no token", func(n *accounts.NewAccount) { n.Grant.Tokens = nil }},
		{"an empty token", func(n *accounts.NewAccount) { n.Grant.Tokens[0].Access = oauth.Secret{} }},
		{"a token of no kind", func(n *accounts.NewAccount) { n.Grant.Tokens[0].Kind = "" }},
		{"two of one kind", func(n *accounts.NewAccount) { n.Grant.Tokens = append(n.Grant.Tokens, n.Grant.Tokens[0]) }},
		{"nobody", func(n *accounts.NewAccount) { n.Identity.ID = "" }},
		{"an id that would be changed", func(n *accounts.NewAccount) { n.Identity.ID = "a\x00" }},
		{"an id that would be cut", func(n *accounts.NewAccount) { n.Identity.ID = strings.Repeat("a", 513) }},
		{"a provider of no such name", func(n *accounts.NewAccount) { n.Provider = "Fig-Ma" }},
		{"a person without a subject", func(n *accounts.NewAccount) { n.Person.Subject = "" }},
	} {
		n := consent(person("ada"), "figma", "ada", "secret-token")
		c.spoil(&n)
		if _, err := r.Save(t.Context(), n); err == nil || strings.Contains(err.Error(), "secret-token") || strings.Contains(err.Error(), "there.example") {
			t.Errorf("%s: got %v, want an error that shows neither token nor person", c.name, err)
		}
	}
	r.want("accounts and people", "SELECT (SELECT count(*) FROM fluxmcp.oauth_accounts) || ' ' || (SELECT count(*) FROM fluxmcp.users)", "0 0")
}

func TestSaveIsAllOrNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before := r.connect("ada", "1")
	r.exec("ALTER TABLE fluxmcp.oauth_tokens ADD CHECK (kind <> 'bot')")
	n := consent(person("ada"), "figma", "eve", "2")
	n.Replace, n.Grant.Tokens = true, append(n.Grant.Tokens, token(oauth.KindBot, "secret-bot"))
	_, err := r.Save(t.Context(), n)
	if err == nil || strings.Contains(err.Error(), "Failing row") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error without the row", err)
	}
	if after := r.load(key(person("ada"), "figma")); fmt.Sprintf("%+v", after) != fmt.Sprintf("%+v", before) || stateOf(after, nil) != "1" {
		t.Errorf("after a save that failed: %+v, want what was there, %+v", after, before)
	}
}

// TestSavingSurvivesADeadlock has somebody else lock the same rows the other way round.
func TestSavingSurvivesADeadlock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.connect("ada", "1").AccountID, r.connect("bob", "1").AccountID
	watch := replica(t, r.url, accounts.Options{}, oldKey)
	// A machine that is busy must not let the statement's own time run out first.
	r.exec(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 100', current_database()); END $$`)
	saver := replica(t, r.url, accounts.Options{}, oldKey)
	lock := func(id string) { r.exec("SELECT FROM fluxmcp.oauth_accounts WHERE id = '" + id + "' FOR UPDATE") }
	r.exec("BEGIN; SET LOCAL deadlock_timeout = '1min'") // the other one is to be the victim
	lock(bob)
	var all sync.WaitGroup
	all.Go(func() {
		n := consent(person("ada"), "figma", "bob", "2")
		n.Replace, n.OneTokenPerUser = true, true
		if _, err := saver.Save(t.Context(), n); err != nil {
			t.Errorf("save: %v, want a second attempt", err)
		}
	})
	watch.awaitLock(1)
	lock(ada)
	r.exec("COMMIT")
	all.Wait()
	if a, b := r.state(key(person("ada"), "figma")), r.state(key(person("bob"), "figma")); a != "2" || b != "needs_reconnect connected_elsewhere" {
		t.Errorf("afterwards %s and %s, want 2 and needs_reconnect connected_elsewhere", a, b)
	}
}

// TestManySavesAtOnce has people swap accounts, so that each ends others'.
func TestManySavesAtOnce(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	replicas := []*rig{replica(t, url, accounts.Options{}, oldKey), replica(t, url, accounts.Options{}, oldKey)}
	var all sync.WaitGroup
	const people, rounds = 6, 4
	for i := range people * rounds {
		n := consent(person(fmt.Sprint("p", i%people)), "figma", fmt.Sprint("a", i/people%3), fmt.Sprint(i))
		n.OneTokenPerUser, n.Replace = true, true
		all.Go(func() {
			if _, err := replicas[i%2].Save(t.Context(), n); err != nil {
				t.Errorf("save %d: %v", i, err)
			}
		})
	}
	all.Wait()
	r := replicas[0]
	r.want("accounts, and active ones of one account at the provider at most", `SELECT count(*) || ' ' || (SELECT max(n) FROM (SELECT count(*) AS n
		FROM fluxmcp.oauth_accounts WHERE status = 'active' GROUP BY provider_user_id) x) FROM fluxmcp.oauth_accounts`, fmt.Sprint(people, " ", 1))
	list, err := r.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if _, err := r.Load(t.Context(), key(a.Person, "figma")); (err == nil) != (a.Status == accounts.Active) {
			t.Errorf("%s, %s: %v, want a token where it is active", a.Person.Subject, a.Status, err)
		}
	}
}
