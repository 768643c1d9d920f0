package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

const revokeRows = "SELECT count(*)::text FROM fluxmcp.river_job WHERE kind = 'revoke_account'"

func TestRevocationIsQueuedWithTheTransaction(t *testing.T) {
	url := storetest.OwnerDB(t)
	if err := migrate(url); err != nil {
		t.Fatal(err)
	}
	o := ownOf(t, url)
	j := New(o, Config{})
	mine := errors.New("mine")
	for _, c := range []struct {
		name, account string
		fail          error
		want          string
	}{
		{"a transaction that is rolled back queues nothing", "a", mine, "0"},
		{"one that is committed queues one job", "a", nil, "1"},
		{"a second for the same account adds none", "a", nil, "1"},
		{"one for another account does", "b", nil, "2"},
	} {
		err := o.Do(t.Context(), func(tx *store.OwnTx) error {
			return errors.Join(j.RevokeTx(t.Context(), tx, c.account), c.fail)
		})
		if !errors.Is(err, c.fail) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.fail)
		}
		if got := query(t, url, revokeRows)[0]; got != c.want {
			t.Errorf("%s: %s jobs, want %s", c.name, got, c.want)
		}
	}
	if got := query(t, url, "SELECT args::text FROM fluxmcp.river_job ORDER BY id"); strings.Join(got, " ") != `{"account_id": "a"} {"account_id": "b"}` {
		t.Errorf("a job holds %q, want the id of the account alone", got)
	}
}

func TestQueueingSaysWhatIsMissing(t *testing.T) {
	j := New(ownOf(t, storetest.DB(t)), Config{})
	var none *Missing
	if err := j.EnqueueRevoke(t.Context(), "a"); !errors.As(err, &none) || none.Code() != "migration_missing" || !strings.Contains(none.Hint(), "migrate up") {
		t.Errorf("without tables: got %v, want *Missing", err)
	}
	var nowhere *store.NoDatabase
	if err := New(ownOf(t, ""), Config{}).EnqueueRevoke(t.Context(), "a"); !errors.As(err, &nowhere) {
		t.Errorf("without a database: got %v, want *store.NoDatabase", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.EnqueueRevoke(gone, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("for who went away: got %v, want its context's error", err)
	}
}

func TestRevocationIsTriedUntilItSucceeds(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	cfg, tries, ends := idle(), make(chan string, 10), make(chan error, 10)
	var said lines
	cfg.Log = said.logger(slog.LevelWarn)
	cfg.Revoke = func(_ context.Context, id string) error {
		tries <- id
		switch len(tries) {
		case 1:
			return errRefused
		case 2:
			panic("xoxb-1 again")
		default:
			return nil
		}
	}
	cfg.OnRun = func(kind string, _ time.Duration, err error) {
		if kind == KindRevoke {
			ends <- err
		}
	}
	j := begin(t, url, cfg, fast())
	if err := j.EnqueueRevoke(t.Context(), "acc"); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{errRefused.Error(), "panic", "<nil>"} {
		if got := fmt.Sprint(await(t, "an attempt", ends)); !strings.HasPrefix(got, want) {
			t.Errorf("attempt %d ended with %s, want %s", i+1, got, want)
		}
	}
	eventually(t, url, "SELECT state::text || attempt FROM fluxmcp.river_job WHERE kind = 'revoke_account'", "completed3")
	kept := strings.Join(query(t, url, "SELECT to_jsonb(r)::text FROM fluxmcp.river_job r WHERE kind = 'revoke_account'"), "")
	if strings.Contains(kept, "xoxb") || !strings.Contains(kept, `"error": "internal"`) {
		t.Errorf("the row keeps %s, want codes of errors and no text", kept)
	}
	if got := said.with("background job failed"); got != 2 {
		t.Errorf("%d warnings, want one for each of 2 failures: %s", got, said.text())
	}
}

func TestRevocationIsAbandonedAfterItsTime(t *testing.T) {
	t.Parallel()
	hang := func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	refuse := func(context.Context, string) error { return errRefused }
	for _, c := range []struct {
		name          string
		revoke        func(context.Context, string) error
		abandonFails  int
		revokeFor     time.Duration
		wantAbandoned int
		wantState     string
	}{
		{"a provider that refuses", refuse, 0, time.Nanosecond, 1, "completed"},
		{"a provider that never answers", hang, 0, time.Nanosecond, 1, "completed"},
		{"one that cannot be deleted at once", refuse, 2, time.Nanosecond, 3, "completed"},
		{"not before its time", refuse, 0, time.Hour, 0, "available"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, p := migrated(t), fast()
			p.timeout, p.retry = time.Second, func(int) time.Duration { return 40 * time.Millisecond }
			cfg, abandoned, ends := idle(), make(chan string, 10), make(chan error, 1000)
			cfg.RevokeFor, cfg.Revoke = c.revokeFor, c.revoke
			cfg.Abandon = func(_ context.Context, id string) error {
				abandoned <- id
				if len(abandoned) <= c.abandonFails {
					return errRefused
				}
				return nil
			}
			cfg.OnRun = func(kind string, _ time.Duration, err error) {
				if kind == KindRevoke {
					ends <- err
				}
			}
			j := begin(t, url, cfg, p)
			if err := j.EnqueueRevoke(t.Context(), "acc"); err != nil {
				t.Fatal(err)
			}
			for range max(c.wantAbandoned, 3) {
				if err := await(t, "an attempt", ends); err == nil {
					break
				}
			}
			end(t, j)
			if got := query(t, url, "SELECT state::text FROM fluxmcp.river_job WHERE kind = 'revoke_account'")[0]; got != c.wantState || len(abandoned) != c.wantAbandoned {
				t.Errorf("abandoned %d times, job %s; want %d, %s", len(abandoned), got, c.wantAbandoned, c.wantState)
			}
			for close(abandoned); len(abandoned) > 0; {
				if id := <-abandoned; id != "acc" {
					t.Errorf("abandoned %q, want acc", id)
				}
			}
		})
	}
}

func TestDisconnectedAccountsWithoutAJobAreFound(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	left, busy := account(t, url, "disconnecting"), account(t, url, "disconnecting")
	account(t, url, "active")
	j := New(ownOf(t, url), Config{})
	if err := j.EnqueueRevoke(t.Context(), busy); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := j.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := query(t, url, "SELECT args->>'account_id' FROM fluxmcp.river_job ORDER BY id")
	if fmt.Sprint(got) != fmt.Sprint([]string{busy, left}) {
		t.Errorf("jobs for %v, want one for %s, which had one, and one for %s", got, busy, left)
	}
	storetest.Exec(t, url, "UPDATE fluxmcp.river_job SET state = 'discarded', finalized_at = now()")
	if err := j.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := query(t, url, revokeRows)[0]; got != "4" {
		t.Errorf("%s jobs after both had been given up, want 2 more", got)
	}
}
