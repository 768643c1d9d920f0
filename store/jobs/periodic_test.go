package jobs

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store/storetest"
)

func TestRecurringJobsRunOnceInAPeriodOverAllProcesses(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	var mu sync.Mutex
	runs, enough := map[string]int{}, make(chan struct{})
	cfg := idle()
	cfg.RefreshEvery, cfg.CleanEvery = time.Second, time.Second
	cfg.OnRun = func(kind string, _ time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		if runs[kind]++; err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if runs[KindTend]+runs[KindClean] == 8 {
			close(enough)
		}
	}
	one, two := begin(t, url, cfg, fast()), begin(t, url, cfg, fast())
	await(t, "four periods", enough)
	end(t, one)
	end(t, two)
	const twice = `SELECT kind || ' ' || count(*) FROM fluxmcp.river_job GROUP BY kind, date_trunc('second', scheduled_at) HAVING count(*) > 1`
	if got := query(t, url, twice); len(got) > 0 {
		t.Errorf("queued more than once in one period: %v", got)
	}
	for _, kind := range []string{KindTend, KindClean} {
		finished := "SELECT count(*)::text FROM fluxmcp.river_job WHERE state = 'completed' AND attempt = 1 AND kind = '" + kind + "'"
		eventually(t, url, finished, fmt.Sprint(runs[kind]))
	}
	if leaders := query(t, url, "SELECT leader_id FROM fluxmcp.river_leader"); len(leaders) > 0 {
		t.Errorf("leaders after both were closed: %v, want none: the next process need not wait", leaders)
	}
}

func TestShortLivedProcessesDoTheirPartOnce(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	cfg, ran := idle(), make(chan string, 10)
	cfg.OnRun = func(kind string, _ time.Duration, _ error) { ran <- kind }
	j := begin(t, url, cfg, fast())
	if got := []string{await(t, "a job", ran), await(t, "a job", ran)}; got[0] == got[1] {
		t.Errorf("at the start ran %v, want each kind", got)
	}
	end(t, j)
	var said lines
	cfg.Log = said.logger(slog.LevelDebug)
	again := begin(t, url, cfg, fast())
	for deadline := time.Now().Add(limit); said.with("Inserted RunOnStart jobs") == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the second process has not become the leader:\n%s", said.text())
		}
	}
	end(t, again)
	if got := query(t, url, "SELECT count(*)::text FROM fluxmcp.river_job")[0]; got != "2" || len(ran) > 0 {
		t.Errorf("%s jobs after a second process of the same period, %d ran in it; want 2, none", got, len(ran))
	}
}

func TestSpread(t *testing.T) {
	const every = time.Minute
	now := time.Now()
	seen := map[time.Duration]bool{}
	for _, from := range []time.Time{now, now.Add(time.Hour), now.Add(-24 * time.Hour)} {
		for range 200 {
			after := from
			if from.Before(now) {
				after = time.Now() // what was slept through is left out
			}
			next := spread{every}.Next(from)
			begins := next.Truncate(every)
			late := next.Sub(begins)
			if gap := begins.Sub(after.Truncate(every)); gap != every && gap != 2*every || late < 7500*time.Millisecond || late >= 30*time.Second {
				t.Fatalf("after %v comes %v, %v into its period; want the next period, 7.5 s to 30 s into it", from, next, late)
			}
			seen[late] = true
		}
	}
	if len(seen) < 100 {
		t.Errorf("%d different moments of 600, want them spread", len(seen))
	}
}

func TestRetryAgain(t *testing.T) {
	for attempt, want := range map[int]time.Duration{0: 5 * time.Second, 1: 5 * time.Second, 2: 30 * time.Second, 3: 2 * time.Minute,
		4: 10 * time.Minute, 5: 30 * time.Minute, 6: time.Hour, 499: time.Hour} {
		for range 100 {
			if got := retryAgain(attempt); got < want*8/10 || got > want*12/10 {
				t.Fatalf("after attempt %d: %v, want %v ± 20 %%", attempt, got, want)
			}
		}
	}
	if got := []time.Duration{startAgain(1), startAgain(2), startAgain(5), startAgain(500)}; fmt.Sprint(got) != "[1s 2s 16s 16s]" {
		t.Errorf("starts wait %v, want 1 s, doubled to 16 s", got)
	}
}

// cleanFixture has of everything what must go and what must stay.
const cleanFixture = `INSERT INTO fluxmcp.users (id, issuer, subject) VALUES ('00000000-0000-0000-0000-000000000001', 'local', 'ada');
INSERT INTO fluxmcp.connect_tickets (user_id, ticket_hash, client, expires_at)
	SELECT '00000000-0000-0000-0000-000000000001', sha256(name::bytea), name, now() + live FROM (VALUES
	('open', interval '1 minute'), ('expired', interval '-1 second')) v(name, live);
INSERT INTO fluxmcp.oauth_state_tokens (user_id, provider, redirect_uri, cookie_hash, state_hash, client, expires_at, used_at)
	SELECT '00000000-0000-0000-0000-000000000001', 'figma', 'http://x', sha256(''), sha256(name::bytea), name, now() + live, used FROM (VALUES
	('open', interval '1 minute', NULL::timestamptz), ('used', interval '1 minute', now()), ('expired', interval '-1 second', NULL)) v(name, live, used);
INSERT INTO fluxmcp.figma_files_cache (user_id, file_key, account, stamp, content, size, cache_expires_at)
	VALUES ('00000000-0000-0000-0000-000000000001', 'fresh', 'a', '', '', 0, DEFAULT), ('00000000-0000-0000-0000-000000000001', 'stale', 'a', '', '', 0, now() - interval '1 second');
INSERT INTO fluxmcp.slack_channels_cache (user_id, account, part, content, size, cache_expires_at)
	VALUES ('00000000-0000-0000-0000-000000000001', 'a', 'fresh', '', 0, DEFAULT), ('00000000-0000-0000-0000-000000000001', 'a', 'stale', '', 0, now() - interval '1 second');
INSERT INTO fluxmcp.slack_posts (user_id, account, key_hash, digest, expires_at)
	SELECT '00000000-0000-0000-0000-000000000001', 'a', sha256(name::bytea), name, now() + live FROM (VALUES
	('fresh', interval '1 minute'), ('stale', interval '-1 second'), ('stale too', interval '-1 second')) v(name, live);
INSERT INTO fluxmcp.integration_webhooks (provider, endpoint, dedupe_key, event_type, payload, key_id, status, processed_at, received_at)
	SELECT 'figma', '', status || age, 'x', '', 1, status, CASE status WHEN 'processed' THEN now() END, now() - age * interval '1 hour'
	FROM unnest(ARRAY['pending', 'processed', 'failed', 'dead']) status, unnest(ARRAY[1, 3]) age`

func TestCleanDeletesWhatMayBeForgotten(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	storetest.Exec(t, url, cleanFixture, `INSERT INTO fluxmcp.slack_channels_cache (user_id, account, part, content, size, cache_expires_at)
		SELECT '00000000-0000-0000-0000-000000000001', 'a', i::text, '', 0, now() - interval '1 hour' FROM generate_series(1, 25000) i;
		INSERT INTO fluxmcp.slack_posts (user_id, account, key_hash, digest, expires_at)
		SELECT '00000000-0000-0000-0000-000000000001', 'a', sha256(i::text::bytea), i::text, now() - interval '1 hour' FROM generate_series(1, 35000) i`)
	cfg := idle()
	cfg.WebhookRetention = 2 * time.Hour
	if err := newJobs(ownOf(t, url), cfg, fast()).clean(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, sql, want string }{
		{"of tickets those that are open stay", "SELECT client FROM fluxmcp.connect_tickets", "open"},
		{"of states those that are open stay", "SELECT client FROM fluxmcp.oauth_state_tokens", "open"},
		{"of files those that are fresh stay", "SELECT file_key FROM fluxmcp.figma_files_cache", "fresh"},
		{"of channels too, also where more than one call is needed", "SELECT part FROM fluxmcp.slack_channels_cache", "fresh"},
		{"of posts too", "SELECT digest FROM fluxmcp.slack_posts", "fresh"},
		{"of webhooks what is young or not dealt with stays", "SELECT dedupe_key FROM fluxmcp.integration_webhooks ORDER BY 1", "dead1 failed1 failed3 pending1 pending3 processed1"},
		{"a file lives for a day, a list of channels for an hour", `SELECT (f.cache_expires_at - f.cached_at)::text || ' ' || (s.cache_expires_at - s.cached_at)::text
			FROM fluxmcp.figma_files_cache f, fluxmcp.slack_channels_cache s`, "1 day 01:00:00"},
	} {
		if got := strings.Join(query(t, url, c.sql), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCleanFunctionsCount(t *testing.T) {
	url := migrated(t)
	storetest.Exec(t, url, cleanFixture)
	for _, c := range []struct{ name, sql, want string }{
		{"states and tickets", "SELECT fluxmcp.cleanup_expired_oauth_states()::text", "3"},
		{"then none", "SELECT fluxmcp.cleanup_expired_oauth_states()::text", "0"},
		{"files, lists and posts", "SELECT figma_deleted || ' ' || slack_deleted FROM fluxmcp.cleanup_expired_cache()", "1 3"},
		{"then none", "SELECT figma_deleted || ' ' || slack_deleted FROM fluxmcp.cleanup_expired_cache()", "0 0"},
		{"webhooks", "SELECT fluxmcp.cleanup_old_webhooks('2 hours')::text", "2"},
		{"all that are dealt with", "SELECT fluxmcp.cleanup_old_webhooks('0')::text", "2"},
	} {
		if got := query(t, url, c.sql)[0]; got != c.want {
			t.Errorf("%s: %s gives %s, want %s", c.name, c.sql, got, c.want)
		}
	}
	for _, wrong := range []string{"NULL", "'-1 hour'"} {
		if err := storetest.TryExec(t, url, "SELECT fluxmcp.cleanup_old_webhooks("+wrong+")"); err == nil || !strings.Contains(err.Error(), "22023") {
			t.Errorf("retention %s: got %v, want a refusal", wrong, err)
		}
	}
	storetest.Exec(t, url, "INSERT INTO fluxmcp.integration_webhooks (provider, endpoint, dedupe_key, event_type, payload, key_id) VALUES ('figma', 'e', 'k', 'x', '', 1)")
	if err := storetest.TryExec(t, url, "INSERT INTO fluxmcp.integration_webhooks (provider, endpoint, dedupe_key, event_type, payload, key_id) VALUES ('figma', 'e', 'k', 'x', '', 1)"); err == nil {
		t.Error("the same event is stored twice, want a refusal")
	}
}

func TestCleanFunctionsAreOurs(t *testing.T) {
	url := migrated(t)
	const open = `SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.proname LIKE 'cleanup\_%' AND p.pronamespace = 'fluxmcp'::regnamespace
		AND (p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'] AND p.proacl IS NOT NULL AND NOT p.proacl::text ~ '[{,]=' AND obj_description(p.oid) IS NOT NULL) IS NOT TRUE`
	if got := query(t, url, open); len(got) > 0 {
		t.Errorf("%v: want a fixed search_path, no right of PUBLIC and a comment", got)
	}
}

// TestCleanSkipsWhatIsInUse: a consent that is being finished has locked its state.
func TestCleanSkipsWhatIsInUse(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	storetest.Exec(t, url, cleanFixture)
	o := ownOf(t, url)
	release, locked, over := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		over <- locking(o, "SELECT id FROM fluxmcp.oauth_state_tokens WHERE client = 'expired' FOR UPDATE", locked, release)
	}()
	await(t, "the lock", locked)
	if err := newJobs(ownOf(t, url), idle(), fast()).clean(t.Context(), nil); err != nil {
		t.Errorf("clean while a row is locked: %v", err)
	}
	if got := fmt.Sprint(query(t, url, "SELECT client FROM fluxmcp.oauth_state_tokens ORDER BY 1")); got != "[expired open]" {
		t.Errorf("states %s, want the locked one left for the next time", got)
	}
	close(release)
	if err := await(t, "the end of the transaction", over); err != nil {
		t.Fatal(err)
	}
}
