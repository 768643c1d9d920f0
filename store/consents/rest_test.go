package consents_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/oauth/consent/consenttest"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/consents"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// texts runs sql, whose rows are one text each.
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

func one(t testing.TB, url, sql, want string) {
	t.Helper()
	if got := texts(t, url, sql); !slices.Equal(got, []string{want}) {
		t.Errorf("%s: got %q, want %q", sql, got, want)
	}
}

// rig is a flow over a database.
type rig struct {
	*consent.Flow
	t        *testing.T
	store    *consents.Consents
	provider *consenttest.Provider
	accounts *consenttest.Accounts
	seen     *seeing
}

// seeing keeps the last state that was added.
type seeing struct {
	consent.States
	last consent.State
}

func (s *seeing) AddState(ctx context.Context, added consent.State) error {
	s.last = added
	return s.States.AddState(ctx, added)
}

func newRig(t *testing.T, o *store.Own, v *vault.Vault) *rig {
	t.Helper()
	r := &rig{t: t, store: consents.New(o, v), provider: consenttest.NewProvider("figma", true), accounts: new(consenttest.Accounts)}
	r.seen = &seeing{States: r.store}
	r.Flow = consent.New(consent.Config{
		Tickets: r.store, States: r.seen, Accounts: r.accounts, Code: true,
		Client:      func(string) (consent.Client, bool) { return r.provider, true },
		RedirectURI: func(string) string { return "https://flux.example/figma" },
	})
	return r
}

var alice = oauth.Person{Issuer: "https://id.example", Subject: "alice", Email: "alice@example.com"}

func (r *rig) allow() (consent.Link, consent.Start) {
	r.t.Helper()
	l, err := r.Ask(r.t.Context(), consent.Request{Person: alice, Provider: "figma", Scopes: []string{"read"}})
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := r.Allow(r.t.Context(), l.Ticket, l.Code, consent.Browser{})
	if err != nil {
		r.t.Fatal(err)
	}
	return l, s
}

func (r *rig) callback(s consent.Start, account string) consent.Callback {
	code, state := r.provider.Consent(s.URL, account)
	return consent.Callback{
		Provider: "figma", Code: code, State: state, RedirectURI: "https://flux.example/figma", Browser: consent.Browser{Cookie: s.Cookie},
	}
}

// waiting connects one account and comes back with another.
func (r *rig) waiting() (consent.Link, consent.Start, consent.Done) {
	r.t.Helper()
	for _, account := range []string{"a1", "a2"} {
		l, s := r.allow()
		done, err := r.Return(r.t.Context(), r.callback(s, account))
		if err != nil {
			r.t.Fatal(err)
		}
		if account == "a2" {
			return l, s, done
		}
	}
	return consent.Link{}, consent.Start{}, consent.Done{}
}

func TestNoSecretIsReadableInTheDatabase(t *testing.T) {
	url := migrated(t)
	r := newRig(t, own(t, url), newVault(t))
	l, s, done := r.waiting()
	open, start := r.allow() // one with a verifier that is not used yet
	dump := strings.Join(texts(t, url, "SELECT t::text FROM fluxmcp.connect_tickets t UNION ALL SELECT s::text FROM fluxmcp.oauth_state_tokens s"), "\n")
	verifier := r.seen.last.Verifier.Reveal()
	for _, secret := range []string{
		l.Ticket, l.Code, strings.ReplaceAll(l.Code, "-", ""), s.State, s.Cookie, done.Pending, open.Ticket, start.State, verifier, "token-",
	} {
		if secret == "" || strings.Contains(dump, secret) || strings.Contains(dump, hex(secret)) {
			t.Errorf("%q is in\n%s", secret, dump)
		}
	}
	if !strings.Contains(dump, "alice") && !strings.Contains(dump, open.ID) {
		t.Errorf("the dump has not even what is public: %s", dump)
	}
}

// hex is text as PostgreSQL shows bytea.
func hex(text string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(text) {
		b.WriteByte(digits[text[i]>>4])
		b.WriteByte(digits[text[i]&15])
	}
	return b.String()
}

func TestWhatIsUsedIsWiped(t *testing.T) {
	url := migrated(t)
	r := newRig(t, own(t, url), newVault(t))
	const sealed = "SELECT count(code_verifier) || ' ' || count(pending_grant) FROM fluxmcp.oauth_state_tokens"
	_, s := r.allow()
	one(t, url, sealed, "1 0")
	if _, err := r.Return(t.Context(), r.callback(s, "a1")); err != nil {
		t.Fatal(err)
	}
	one(t, url, sealed, "0 0")
	l, s := r.allow()
	done, err := r.Return(t.Context(), r.callback(s, "a2"))
	if err != nil {
		t.Fatal(err)
	}
	one(t, url, sealed, "0 1")
	if _, err := r.Allow(t.Context(), l.Ticket, l.Code, consent.Browser{}); err != nil { // the decision is off
		t.Fatal(err)
	}
	one(t, url, sealed, "1 0")
	if _, err := r.Decide(t.Context(), done.Pending, true, consent.Browser{Cookie: s.Cookie}); code(err) != "state_used" {
		t.Errorf("decide: got %v, want it used", err)
	}
}

func code(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return ""
}

func TestSealedTextsAreBoundToTheirRow(t *testing.T) {
	for _, c := range []struct {
		name   string
		change string
	}{
		{"exchanged between rows", "UPDATE fluxmcp.oauth_state_tokens a SET code_verifier = b.code_verifier FROM fluxmcp.oauth_state_tokens b WHERE a.id <> b.id"},
		{"changed", "UPDATE fluxmcp.oauth_state_tokens SET code_verifier = set_byte(code_verifier, 20, get_byte(code_verifier, 20) # 1)"},
	} {
		url := migrated(t)
		r := newRig(t, own(t, url), newVault(t))
		_, s := r.allow()
		_, _ = r.allow()
		cb := r.callback(s, "a1")
		storetest.Exec(t, url, "CREATE TABLE public.before AS SELECT id, code_verifier FROM fluxmcp.oauth_state_tokens", c.change)
		if _, err := r.Return(t.Context(), cb); code(err) != "vault_unreadable" || r.provider.Exchanged != 0 {
			t.Errorf("%s: got %v and %d exchanges, want vault_unreadable and none", c.name, err, r.provider.Exchanged)
		}
		storetest.Exec(t, url, "UPDATE fluxmcp.oauth_state_tokens s SET code_verifier = b.code_verifier FROM public.before b WHERE b.id = s.id")
		if _, err := r.Return(t.Context(), cb); err != nil {
			t.Errorf("%s: put back, it is gone: %v", c.name, err)
		}
	}
}

func TestAVerifierIsNoGrant(t *testing.T) {
	url := migrated(t)
	r := newRig(t, own(t, url), newVault(t))
	_, s, done := r.waiting()
	_, _ = r.allow()
	// The row with the verifier takes the place of the one with the grant, which it claims to have.
	storetest.Exec(t, url,
		"CREATE TABLE public.held AS SELECT state_hash, cookie_hash FROM fluxmcp.oauth_state_tokens WHERE holding",
		"DELETE FROM fluxmcp.oauth_state_tokens WHERE holding",
		`UPDATE fluxmcp.oauth_state_tokens s SET holding = true, pending_grant = s.code_verifier, code_verifier = NULL,
			state_hash = h.state_hash, cookie_hash = h.cookie_hash FROM public.held h WHERE s.code_verifier IS NOT NULL`)
	if _, err := r.Decide(t.Context(), done.Pending, true, consent.Browser{Cookie: s.Cookie}); code(err) != "vault_unreadable" {
		t.Errorf("got %v, want vault_unreadable", err)
	}
}

func TestKeysAreReplacedWhilePeopleConnect(t *testing.T) {
	url := migrated(t)
	before, after := vault.Generate(), vault.Generate()
	o := own(t, url)
	old := newRig(t, o, newVault(t, before))
	_, s := old.allow()
	cb := old.callback(s, "a1")
	for _, c := range []struct {
		name string
		keys []string
		want string
	}{
		{"without the old key it cannot be finished, and is not used up", []string{after}, "vault_unreadable"},
		{"with the old key behind the new one it can", []string{after, before}, ""},
	} {
		r := newRig(t, o, newVault(t, c.keys...))
		r.provider = old.provider
		if _, err := r.Return(t.Context(), cb); code(err) != c.want {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestReturnsInManyProcessesAreOneExchange(t *testing.T) {
	url := migrated(t)
	v := newVault(t)
	first := newRig(t, own(t, url), v)
	flows := []*consent.Flow{first.Flow}
	for range 3 {
		r := newRig(t, own(t, url), v)
		flows = append(flows, consent.New(consent.Config{
			Tickets: r.store, States: r.store, Accounts: first.accounts, Code: true,
			Client:      func(string) (consent.Client, bool) { return first.provider, true },
			RedirectURI: func(string) string { return "https://flux.example/figma" },
		}))
	}
	_, s := first.allow()
	cb := first.callback(s, "a1")
	var group sync.WaitGroup
	var ok, used atomic.Int32
	start := make(chan struct{})
	for i := range 50 {
		group.Go(func() {
			<-start
			switch _, err := flows[i%len(flows)].Return(t.Context(), cb); {
			case err == nil:
				ok.Add(1)
			case code(err) == "state_used":
				used.Add(1)
			default:
				t.Errorf("got %v", err)
			}
		})
	}
	close(start)
	group.Wait()
	if ok.Load() != 1 || used.Load() != 49 || first.provider.Exchanged != 1 || len(first.accounts.Saves) != 1 {
		t.Errorf("%d succeeded, %d were used, %d exchanges, %d saved; want 1, 49, 1, 1", ok.Load(), used.Load(), first.provider.Exchanged, len(first.accounts.Saves))
	}
}

func TestADecisionSurvivesTheCleaningOfUsedStates(t *testing.T) {
	url := migrated(t)
	r := newRig(t, own(t, url), newVault(t))
	_, s, done := r.waiting()
	storetest.Exec(t, url, "DELETE FROM fluxmcp.oauth_state_tokens WHERE used_at IS NOT NULL OR expires_at < now()")
	if _, err := r.Decide(t.Context(), done.Pending, true, consent.Browser{Cookie: s.Cookie}); err != nil || len(r.accounts.Saves) != 2 {
		t.Errorf("got %v, %d saved; want 2", err, len(r.accounts.Saves))
	}
}

func TestAStateOutlivesTheRowOfItsTicket(t *testing.T) {
	url := migrated(t)
	r := newRig(t, own(t, url), newVault(t))
	_, s := r.allow()
	storetest.Exec(t, url, "DELETE FROM fluxmcp.connect_tickets")
	if _, err := r.Return(t.Context(), r.callback(s, "a1")); err != nil {
		t.Errorf("got %v", err)
	}
	l, s, done := r.waiting()
	storetest.Exec(t, url, "DELETE FROM fluxmcp.connect_tickets")
	if _, err := r.Decide(t.Context(), done.Pending, true, consent.Browser{Cookie: s.Cookie}); err != nil {
		t.Errorf("decide: got %v", err)
	}
	if _, err := r.Await(t.Context(), l.ID, alice); code(err) != "ticket_unknown" {
		t.Errorf("await: got %v, want ticket_unknown", err)
	}
}

func TestPeopleAreKeptOnceWithTheirLastAddress(t *testing.T) {
	url := migrated(t)
	c := newRig(t, own(t, url), newVault(t))
	for _, p := range []oauth.Person{
		{Issuer: "i", Subject: "s", Email: "old@example.com"}, {Issuer: "i", Subject: "s", Email: "new@example.com"}, {Issuer: "i", Subject: "s"},
		{Issuer: "j", Subject: "s"},
	} {
		if _, err := c.Ask(t.Context(), consent.Request{Person: p, Provider: "figma"}); err != nil {
			t.Fatal(err)
		}
	}
	got := texts(t, url, "SELECT issuer || ' ' || subject || ' ' || coalesce(email, '-') FROM fluxmcp.users ORDER BY 1")
	if want := []string{"i s new@example.com", "j s -"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	storetest.Exec(t, url, "DELETE FROM fluxmcp.users")
	one(t, url, "SELECT count(*)::text FROM fluxmcp.connect_tickets", "0")
}

func TestWithoutADatabase(t *testing.T) {
	db, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	r := newRig(t, db.Own(), newVault(t))
	if _, err := r.Ask(t.Context(), consent.Request{Person: alice, Provider: "figma"}); !errors.As(err, new(*store.NoDatabase)) {
		t.Errorf("got %v, want *store.NoDatabase", err)
	}
}
