package consents_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// TestTheTicketIsLockedFirst holds a ticket's row and looks at what those who
// wait for it have locked meanwhile: were it a state, two could wait for each
// other.
func TestTheTicketIsLockedFirst(t *testing.T) {
	for _, c := range []struct {
		name string
		act  func(*rig, consent.State) error
	}{
		{"take", func(r *rig, s consent.State) error {
			_, err := r.store.TakeState(r.t.Context(), consent.Claim{Digest: s.Digest, Provider: s.Provider, RedirectURI: s.RedirectURI, Cookie: s.Cookie})
			return err
		}},
		{"add", func(r *rig, s consent.State) error { return r.store.AddState(r.t.Context(), next(s)) }},
		{"end", func(r *rig, s consent.State) error {
			return r.store.EndTicket(r.t.Context(), s.Ticket, consent.Ending{Outcome: consent.OutcomeDeclined}, true)
		}},
		{"hold", func(r *rig, s consent.State) error {
			h := next(s)
			h.Held = &consent.Held{Grant: oauth.Grant{Tokens: []oauth.Token{{Access: oauth.NewSecret("x")}}}}
			return r.store.HoldState(r.t.Context(), h)
		}},
	} {
		url := migrated(t)
		r := newRig(t, own(t, url), newVault(t))
		_, _ = r.allow()
		s := r.seen.last
		held, err := connect(t, url).Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := held.Exec(t.Context(), "SELECT FROM fluxmcp.connect_tickets FOR UPDATE"); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.act(r, s) }()
		awaitWaiter(t, url)
		if got := texts(t, url, "SELECT count(*)::text FROM (SELECT FROM fluxmcp.oauth_state_tokens FOR UPDATE SKIP LOCKED) free"); got[0] != "1" {
			t.Errorf("%s: waits for the ticket with its state locked", c.name)
		}
		if err := held.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// awaitWaiter returns once somebody waits for a lock.
func awaitWaiter(t *testing.T, url string) {
	t.Helper()
	conn := connect(t, url)
	for until := time.Now().Add(time.Minute); time.Now().Before(until); {
		var waits bool
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')").Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		if waits {
			return
		}
	}
	t.Fatal("nobody waits for the ticket")
}

// next is another state of the ticket of s.
func next(s consent.State) consent.State {
	sum := sha256.Sum256([]byte(s.ID))
	s.Digest = sum[:]
	s.ID = "11111111-1111-4111-8111-111111111111"
	return s
}
