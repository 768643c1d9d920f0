package accounts_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

func migratedServer(t testing.TB) *storetest.Instance {
	t.Helper()
	server := storetest.Server(t)
	if err := migrate(server.URL()); err != nil {
		t.Fatal(err)
	}
	return server
}

func TestATokenIsNotLostWhenTheDatabaseRestarts(t *testing.T) {
	t.Parallel()
	server := migratedServer(t)
	for _, c := range []struct {
		name     string
		retries  int // that meet no server
		restarts func()
	}{
		{"before the token is written", 0, func() { server.Stop(); server.Start() }},
		{"and stays away for a while", 1, server.Stop},
	} {
		tries := 0
		r := replica(t, server.URL(), accounts.Options{Point: func(name string) {
			if name != "refresh.before_retry" {
				return
			}
			if tries++; tries == c.retries+1 && c.retries > 0 {
				server.Start()
			}
		}}, oldKey)
		r.SetPauses(0, 0, 0)
		s := r.connect("ada", "1")
		got, renewed, err := r.Renew(t.Context(), s.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) {
			c.restarts()
			return token("", "2"), nil
		})
		if stored := r.state(key(person("ada"), "figma")); err != nil || !renewed || stored != "2" || stateOf(got, nil) != "2" {
			t.Errorf("%s: got %s, %v, %v, and stored is %s; want 2, stored", c.name, stateOf(got, nil), renewed, err, stored)
		}
		if tries != c.retries+1 {
			t.Errorf("%s: %d further attempts, want %d", c.name, tries, c.retries+1)
		}
	}
	unsaved(t, server)
}

// unsaved is what happens when the database does not come back.
func unsaved(t *testing.T, server *storetest.Instance) {
	r := replica(t, server.URL(), accounts.Options{}, oldKey)
	r.SetPauses(0, 0, 0)
	s := r.connect("ada", "1")
	got, renewed, err := r.Renew(t.Context(), s.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) {
		server.Stop()
		return token("", "2"), nil
	})
	var told interface{ Code() string }
	if renewed || !errors.As(err, &told) || told.Code() != "database_unavailable" || stateOf(got, nil) != "2" || strings.Contains(err.Error(), "access") {
		t.Errorf("database that is gone: got %s, %v, %v; want the token 2 beside database_unavailable", stateOf(got, nil), renewed, err)
	}
	server.Start()
	if s := r.load(key(person("ada"), "figma")); s.Attempted.IsZero() || time.Since(s.Attempted) > time.Minute {
		t.Errorf("afterwards %+v, want the trace of an attempt a moment ago", s)
	}
}

// TestALateTokenRevivesTheAccount: a process that was refused because this one
// has used the refresh token up gives the account up before this one's token is stored.
func TestALateTokenRevivesTheAccount(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	other := replica(t, url, accounts.Options{}, oldKey)
	for _, c := range []struct {
		name, reason, want string
		late               func(r *rig)
	}{
		{"given up for a refusal", "refused", "2", nil},
		{"not where somebody else has it", accounts.ReasonElsewhere, "needs_reconnect connected_elsewhere", nil},
		{"where another process was given a token, that one counts", "", "other", func(r *rig) {
			r.exec("UPDATE fluxmcp.oauth_tokens SET refresh_attempt = NULL, refresh_started_at = NULL")
			if _, _, err := r.Renew(t.Context(), r.texts("SELECT id::text FROM fluxmcp.oauth_tokens")[0], always, func(context.Context, tokens.Stored) (oauth.Token, error) {
				return token("", "other"), nil
			}); err != nil {
				t.Error(err)
			}
		}},
	} {
		other.reset()
		s := other.connect("ada", "1")
		tries := 0
		r := replica(t, url, accounts.Options{Point: func(name string) {
			switch name {
			case "refresh.after_provider":
				other.texts("SELECT pg_terminate_backend(pid, 10000)::text FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'")
			case "refresh.before_retry":
				if tries++; c.late != nil {
					c.late(other)
				} else {
					other.expire(s, c.reason)
				}
			}
		}}, oldKey)
		r.SetPauses(0, 0, 0)
		got, _, err := r.Renew(t.Context(), s.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) { return token("", "2"), nil })
		if state := stateOf(got, err); state != c.want || tries != 1 {
			t.Errorf("%s: got %s after %d further attempts, want %s after 1", c.name, state, tries, c.want)
		}
		if stored := other.state(key(person("ada"), "figma")); stored != c.want {
			t.Errorf("%s: stored is %s, want %s", c.name, stored, c.want)
		}
	}
}

func TestACommitInDoubtIsStoredOnce(t *testing.T) {
	t.Parallel()
	address := migrated(t)
	direct := replica(t, address, accounts.Options{}, oldKey)
	for _, c := range []struct {
		name    string
		forward bool
	}{
		{"the COMMIT arrived, its answer did not", true},
		{"the COMMIT did not arrive", false},
	} {
		direct.reset()
		s := direct.connect("ada", "1")
		w := storetest.NewWire(t, address)
		w.Forward = c.forward
		r := replica(t, w.URL, accounts.Options{}, oldKey)
		r.SetPauses(0, 0, 0)
		got, renewed, err := r.Renew(t.Context(), s.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) {
			w.Cut.Store(true)
			return token("", "2"), nil
		})
		if w.Cut.Load() {
			t.Errorf("%s: no COMMIT passed the wire, want the one of the refresh cut", c.name)
		}
		if stored := direct.load(key(person("ada"), "figma")); err != nil || !renewed || stateOf(stored, nil) != "2" || stored.Version != 2 || got.Version != 2 {
			t.Errorf("%s: got version %d, %v, %v, and stored is %s in version %d; want 2, once", c.name, got.Version, renewed, err, stateOf(stored, nil), stored.Version)
		}
	}
}
